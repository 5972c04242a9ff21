/* SPDX-License-Identifier: MIT */
/* The gate of a machine whose core-to-core latency is not what it was when the run began. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bench/run/state_gate.h"

static void expect(json_t *summary, uint64_t reference_ns, const char *gate, const char *codes)
{
	state_gate(summary, reference_ns);
	assert_string_equal(json_string_value(json_object_get(summary, "gate")), gate);
	assert_string_equal(json_string_value(json_object_get(summary, "gate_codes")), codes);
	json_decref(summary);
}

static json_t *row(const char *codes, int before_ns, int after_ns)
{
	return json_pack("{s:s, s:s, s:i, s:i}", "gate", codes[0] ? "warn" : "pass", "gate_codes", codes, "core_to_core_before_ns", before_ns,
			 "core_to_core_after_ns", after_ns);
}

static void test_the_same_state_passes(void **state)
{
	expect(row("", 100, 100), 100, "pass", "");
	expect(row("", 150, 100), 100, "pass", "");
	expect(row("", 100, 67), 100, "pass", "");
	expect(row("section", 100, 100), 100, "warn", "section");
}

static void test_another_state_is_gated(void **state)
{
	expect(row("", 151, 100), 100, "warn", "core-to-core-moved");
	expect(row("", 100, 66), 100, "warn", "core-to-core-moved");
	expect(row("", 20, 20), 130, "warn", "core-to-core-moved");
	expect(row("section gaps", 130, 130), 20, "warn", "section gaps core-to-core-moved");
}

static void test_what_is_not_known_is_no_reason(void **state)
{
	expect(row("", 20, 20), 0, "pass", "");
	expect(json_pack("{s:s, s:s}", "gate", "pass", "gate_codes", ""), 100, "pass", "");
	expect(json_pack("{s:s, s:s, s:i}", "gate", "pass", "gate_codes", "", "core_to_core_after_ns", 20), 100, "warn", "core-to-core-moved");
	state_gate(NULL, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_same_state_passes),
		cmocka_unit_test(test_another_state_is_gated),
		cmocka_unit_test(test_what_is_not_known_is_no_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
