/* SPDX-License-Identifier: MIT */
/* Words for a verdict and for why there is none; see compare.h. */
#include <stdio.h>

#include "bench/compare/compare.h"
#include "bench/stats/rank_test.h"

const char *compare_verdict_name(enum compare_verdict verdict)
{
	static const char *const names[] = {
		[COMPARE_BETTER] = "better", [COMPARE_WORSE] = "worse", [COMPARE_EQUIVALENT] = "equivalent", [COMPARE_UNDECIDED] = "undecided",
		[COMPARE_DIFFERENT] = "different", [COMPARE_NOT_COMPARABLE] = "not comparable",
	};

	return names[verdict];
}

const char *compare_p_method(const struct comparison *c)
{
	return c->is_asymptotic ? "asymptotic" : "exact";
}

void compare_why(const struct comparison *c, char *text, size_t bytes)
{
	char machine[COMPARE_MACHINE_BYTES];

	compare_machine_text(&c->machine, machine, sizeof(machine));
	if (c->why)
		snprintf(text, bytes, "%s", c->why);
	else if (c->verdict == COMPARE_UNDECIDED && c->doubt == COMPARE_DOUBT_MACHINE)
		snprintf(text, bytes, "the machine differed: %s", machine);
	else if (c->verdict == COMPARE_UNDECIDED && c->doubt == COMPARE_DOUBT_WIDE_FLOOR)
		snprintf(text, bytes, "the noise floor of %.1f%% is wider than %g%%", 100 * c->noise_floor, 100 * c->margin);
	else if (c->verdict == COMPARE_UNDECIDED && c->doubt == COMPARE_DOUBT_WITHIN_FLOOR)
		snprintf(text, bytes, "there is a difference, but within the noise floor of %.1f%%", 100 * c->noise_floor);
	else
		snprintf(text, bytes, "%s", "");
}

bool compare_is_out_of_reach(const struct comparison *c)
{
	size_t most = c->test == COMPARE_TEST_PAIRED ? c->pairs : c->n_base > c->n_cand ? c->n_base : c->n_cand;

	return c->more && most <= RANK_SAMPLES_MAX && most + c->more > RANK_SAMPLES_MAX;
}
