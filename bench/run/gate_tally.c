/* SPDX-License-Identifier: MIT */
/* Counting gates; see gate_tally.h. */
#include "bench/run/gate_tally.h"

#include <stdbool.h>
#include <string.h>

static void count(struct gate_tally *tally, const char *name, size_t length)
{
	size_t i = 0;

	if (!length || length >= GATE_TALLY_CODE_BYTES)
		return;
	while (i < tally->codes && (strncmp(tally->code[i].name, name, length) || tally->code[i].name[length]))
		i++;
	if (i == GATE_TALLY_CODES)
		return;
	if (i == tally->codes) {
		memcpy(tally->code[i].name, name, length);
		tally->codes++;
	}
	tally->code[i].rows++;
}

void gate_tally_add(struct gate_tally *tally, const json_t *summary)
{
	const char *gate = json_string_value(json_object_get(summary, "gate"));
	const char *codes = json_string_value(json_object_get(summary, "gate_codes"));

	if (!gate)
		return;
	tally->rows++;
	tally->warned += strcmp(gate, "pass") != 0;
	while (codes && *codes) {
		size_t length = strcspn(codes, " ");

		count(tally, codes, length);
		codes += length + (codes[length] == ' ');
	}
}

void gate_tally_print(const struct gate_tally *tally, FILE *out)
{
	bool printed[GATE_TALLY_CODES] = { false };

	if (!tally->warned)
		return;
	fprintf(out, "Gates: %zu of %zu rows are to be trusted less:", tally->warned, tally->rows);
	for (size_t n = 0; n < tally->codes; n++) {
		size_t most = tally->codes;

		for (size_t i = 0; i < tally->codes; i++) {
			if (!printed[i] && (most == tally->codes || tally->code[i].rows > tally->code[most].rows))
				most = i;
		}
		printed[most] = true;
		fprintf(out, "%s %s %zu", n ? "," : "", tally->code[most].name, tally->code[most].rows);
	}
	fputs(" (gate_codes in summary.csv)\n", out);
}
