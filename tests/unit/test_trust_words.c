/* SPDX-License-Identifier: MIT */
/* Whatever a run can have against itself is explained in its report. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/cell/gates.h"
#include "bench/environment/check.h"
#include "bench/report/trust_words.h"

static void every_check_has_words(void **state)
{
	for (size_t i = 0; i < environment_check_count; i++) {
		if (!trust_check_words(environment_checks[i].name) || !trust_check_limits(environment_checks[i].name))
			fail_msg("the check %s has no words", environment_checks[i].name);
	}
	assert_null(trust_check_words("of-tomorrow"));
	assert_null(trust_check_limits("of-tomorrow"));
}

static void every_gate_has_words(void **state)
{
	/* All that a row can have, but core-to-core-moved, which the run adds. */
	const struct gates_input bad = {
		.section_off = true, .clock_doubtful = true, .oversubscribed = true, .bystander_missed = true, .core_to_core_before_ns = 10,
		.core_to_core_after_ns = 100, .verified = true, .witness_gap_frac = 1, .probe_gap_frac = 1, .cpu_lost_frac = 1, .full_concurrency = 0,
		.migrations = 1,
	};
	char codes[GATE_CODES_BYTES];
	size_t found = 0;

	gates_judge(&bad, codes);
	for (char *code = strtok(codes, " "); code; code = strtok(NULL, " "), found++) {
		if (!trust_gate_find(code))
			fail_msg("the gate %s has no words", code);
	}
	assert_int_equal(found, trust_gate_count - 1);
	assert_non_null(trust_gate_find("core-to-core-moved"));
	assert_null(trust_gate_find("of-tomorrow"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_check_has_words),
		cmocka_unit_test(every_gate_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
