/* SPDX-License-Identifier: MIT */
/* Gates; see gates.h. */
#include "bench/cell/gates.h"

#include <errno.h>
#include <string.h>

static bool section(const struct gates_input *input)
{
	return input->section_off;
}

static bool clock_is_doubtful(const struct gates_input *input)
{
	return input->clock_doubtful;
}

static bool oversubscribed(const struct gates_input *input)
{
	return input->oversubscribed;
}

static bool verified(const struct gates_input *input)
{
	return input->verified;
}

static bool bystander(const struct gates_input *input)
{
	return input->bystander_missed;
}

bool gates_core_to_core_differs(double a_ns, double b_ns)
{
	/* No comparison with NAN is true. */
	if (!(a_ns > 0 && b_ns > 0))
		return false;
	return a_ns > GATE_CORE_TO_CORE_RATIO * b_ns || b_ns > GATE_CORE_TO_CORE_RATIO * a_ns;
}

static bool core_to_core(const struct gates_input *input)
{
	return gates_core_to_core_differs(input->core_to_core_before_ns, input->core_to_core_after_ns);
}

static bool gaps(const struct gates_input *input)
{
	return input->witness_gap_frac > GATE_GAPS_FRAC || input->probe_gap_frac > GATE_GAPS_FRAC;
}

static bool cpu_lost(const struct gates_input *input)
{
	return input->cpu_lost_frac > GATE_CPU_LOST_FRAC;
}

static bool migrated(const struct gates_input *input)
{
	return input->migrations > 0;
}

static bool concurrency(const struct gates_input *input)
{
	return input->full_concurrency < GATE_CONCURRENCY;
}

static const struct gate {
	const char *code;
	bool (*closed)(const struct gates_input *input);
} gates[] = {
	{ "section", section },
	{ "clock", clock_is_doubtful },
	{ "oversubscribed", oversubscribed },
	{ "bystander", bystander },
	{ "core-to-core", core_to_core },
	{ "gaps", gaps },
	{ "cpu-lost", cpu_lost },
	{ "migrated", migrated },
	{ "concurrency", concurrency },
	{ "verified", verified },
};

static bool has(const char *codes, const char *code)
{
	size_t length = strlen(code);

	while (*codes) {
		size_t next = strcspn(codes, " ");

		if (next == length && !memcmp(codes, code, length))
			return true;
		codes += next;
		codes += strspn(codes, " ");
	}
	return false;
}

int gates_append(char *codes, size_t bytes, const char *code)
{
	size_t used = strlen(codes);
	size_t length = strlen(code);
	size_t space = used > 0;

	if (has(codes, code))
		return 0;
	if (used + space + length >= bytes)
		return -ENOSPC;
	if (space)
		codes[used] = ' ';
	memcpy(codes + used + space, code, length + 1);
	return 0;
}

void gates_judge(const struct gates_input *input, char codes[GATE_CODES_BYTES])
{
	codes[0] = '\0';
	/* Always room: a unit test closes all gates at once. */
	for (size_t i = 0; i < sizeof(gates) / sizeof(gates[0]); i++) {
		if (gates[i].closed(input))
			gates_append(codes, GATE_CODES_BYTES, gates[i].code);
	}
}
