/* SPDX-License-Identifier: MIT */
/*
 * The columns of the published files: their order is a promise to every
 * script that reads them, so it is spelt out here a second time.
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bench/instruments/metric.h"
#include "bench/files/schema.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct csv_schema *const schemas[] = {
	&schema_summary, &schema_latency, &schema_histogram, &schema_cpus,
	&schema_windows, &schema_events, &schema_verifier, &schema_env,
};

static const char *const before_metrics[] = {
	"schema_version", "run_id", "cell_id", "invocation", "block",
	"order_index", "seed", "status", "status_reason", "started_utc",
	"host_id", "build_id", "backend", "delivery", "duplex",
	"interrupt_mode", "workload", "arrival", "cpus", "irq_routing",
	"vectors", "queue_depth", "section_ns", "think_ns", "irq_rate_hz",
	"placement", "sched_policy", "duration_s", "warmup_s", "steady",
	"clock", "tsc_hz", "stamp_cost_ns", "section_actual_p50_ns", "ios",
	"sync_calls", "interrupts", "missed", "lost", "out_of_range",
	"offered_iops", "iops", "sync_per_s", "irq_per_s",
};

static const char *const summary_metrics[] = {
	"isr_latency", "isr_masked", "isr_delivery", "isr_acquire",
	"isr_service", "device_model", "sync_wait", "sync_hold", "response",
	"service", "bystander_high", "bystander_low",
};

static const char *const after_metrics[] = {
	"jain", "full_concurrency", "gap_count", "gap_lost_frac",
	"cpu_lost_frac", "steal_frac", "nivcsw", "nvcsw", "migrations",
	"wait_bound_ns", "bound_held", "violations", "gate", "gate_codes",
};

static const char *const appended[] = {
	"completion", "channels", "io_bytes", "service_time", "data_mode",
	"trace", "trace_speed", "oversubscribed", "preempted_held", "deferred",
	"spurious", "unordered_reads", "stamp_drift_ppm", "backend_reason",
};

static const char *const appended_later[] = {
	"acquisitions", "handoffs", "held_max_ns", "isr_blocked_max_ns",
	"isr_bound_ns", "isr_bound_held", "starvation", "isr_starvation",
	"bystander_late", "bystander_missed", "preempt_rate_hz", "preempt_ns",
	"preemptions", "preempted_ns", "arrivals", "landed_in_section",
};

static const char *const appended_with_the_witness[] = {
	"arrival_rate_hz", "unstarted", "inject_ns", "inject_actual_ps", "warmup_max_s",
	"core_to_core_before_ns", "core_to_core_after_ns", "witness_gap_count",
	"witness_gap_frac", "witness_threshold_ns",
};

static const char *const appended_with_drivers[] = { "miniport" };
static const char *const appended_with_the_devices[] = {
	"device", "transport", "queues", "coalesce_count", "coalesce_ns",
};

static const char *const appended_with_faults[] = {
	"faults", "timeout_ms", "faults_injected", "timeouts", "bus_resets", "completed_with_error",
};

static const char *const clean_statistics[] = {
	"hit_n", "clean_p50_ns", "clean_p99_ns", "clean_p99_9_ns", "clean_max_ns",
};

static const char *const statistics[] = {
	"n", "min_ns", "mean_ns", "p50_ns", "p90_ns", "p99_ns", "p99_9_ns",
	"p99_99_ns", "max_ns",
};

static size_t expect_names(const struct csv_schema *schema, size_t at,
			   const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++, at++) {
		assert_true(at < schema->count);
		assert_string_equal(schema->columns[at].name, names[i]);
	}
	return at;
}

static size_t expect_statistics(const struct csv_schema *schema, size_t at, const char *metric, const char *const *names,
				size_t count)
{
	for (size_t i = 0; i < count; i++, at++) {
		char name[64];

		snprintf(name, sizeof(name), "%s_%s", metric, names[i]);
		assert_true(at < schema->count);
		assert_string_equal(schema->columns[at].name, name);
		assert_int_equal(schema->columns[at].type, CSV_INTEGER);
	}
	return at;
}

static size_t expect_metric(const struct csv_schema *schema, size_t at, const char *metric)
{
	return expect_statistics(schema, at, metric, statistics, COUNT_OF(statistics));
}

static size_t expect_clean(const struct csv_schema *schema, size_t at, const char *metric)
{
	return expect_statistics(schema, at, metric, clean_statistics, COUNT_OF(clean_statistics));
}

static void summary_keeps_its_order(void **state)
{
	const struct csv_schema *s = &schema_summary;
	size_t at = 0;

	at = expect_names(s, at, before_metrics, COUNT_OF(before_metrics));
	for (size_t i = 0; i < COUNT_OF(summary_metrics); i++)
		at = expect_metric(s, at, summary_metrics[i]);
	at = expect_names(s, at, after_metrics, COUNT_OF(after_metrics));
	/* From here on: appended, and only ever added to. */
	at = expect_names(s, at, appended, COUNT_OF(appended));
	at = expect_metric(s, at, "sync_release");
	at = expect_names(s, at, appended_later, COUNT_OF(appended_later));
	at = expect_names(s, at, appended_with_the_witness, COUNT_OF(appended_with_the_witness));
#define EXPECT_CLEAN(id, name, what) at = expect_clean(s, at, #name);
	METRICS_OF_SUMMARY(EXPECT_CLEAN)
	at = expect_clean(s, at, "sync_release");
	/* From here on: without another version. */
	assert_int_equal(at, s->older);
	at = expect_names(s, at, appended_with_drivers, COUNT_OF(appended_with_drivers));
	at = expect_names(s, at, appended_with_the_devices, COUNT_OF(appended_with_the_devices));
	assert_string_equal(s->columns[at++].name, "verified");
	at = expect_names(s, at, appended_with_faults, COUNT_OF(appended_with_faults));
	assert_string_equal(s->columns[at++].name, "perf_opts");
	assert_int_equal(at, s->count);
}

static void the_other_files_keep_theirs(void **state)
{
	static const char *const latency[] = {
		"run_id", "cell_id", "invocation", "metric", "percentile",
		"value_ns", "n", "samples",
	};
	static const char *const histogram[] = {
		"run_id", "cell_id", "invocation", "cpu", "metric", "lo_ns",
		"hi_ns", "count", "hit",
	};
	static const char *const windows[] = {
		"run_id", "cell_id", "invocation", "window", "t_start_ms", "ios",
		"isr_latency_p50_ns", "isr_latency_p99_ns", "isr_latency_max_ns",
		"gap_lost_frac",
	};
	static const char *const events[] = {
		"run_id", "cell_id", "invocation", "rank", "metric", "t_ns",
		"stamp0_ns", "stamp1_ns", "stamp2_ns", "stamp3_ns", "cpu",
		"holder_cpu", "waiters", "cause", "gap_cpu", "gap_start_ns",
		"gap_end_ns", "holder_since_ns", "holder_enter_ns",
		"holder_leave_ns", "dpc_start_ns", "dpc_end_ns",
	};
	static const char *const verifier[] = {
		"run_id", "cell_id", "invocation", "finding", "rule", "place",
		"callback", "call", "cpu", "irql", "count", "undecided", "t_ns",
	};
	static const char *const env[] = {
		"run_id", "check", "scope", "phase", "value", "expected",
		"verdict", "remedy", "host_id",
	};
	static const char *const cpus[] = {
		"run_id", "cell_id", "invocation", "cpu", "os_cpu", "core",
		"numa", "ops", "cpu_time_ns", "wall_ns", "nivcsw",
	};

	assert_int_equal(expect_names(&schema_latency, 0, latency,
				      COUNT_OF(latency)), schema_latency.count);
	assert_int_equal(expect_names(&schema_histogram, 0, histogram,
				      COUNT_OF(histogram)), schema_histogram.count);
	assert_int_equal(expect_names(&schema_cpus, 0, cpus, COUNT_OF(cpus)),
			 schema_cpus.count);
	assert_int_equal(expect_names(&schema_windows, 0, windows, COUNT_OF(windows)), schema_windows.count);
	assert_int_equal(expect_names(&schema_events, 0, events, COUNT_OF(events)), schema_events.count);
	assert_string_equal(schema_events.columns[schema_events.older - 1].name, "cause");
	assert_int_equal(expect_names(&schema_verifier, 0, verifier, COUNT_OF(verifier)), schema_verifier.count);
	assert_int_equal(expect_names(&schema_env, 0, env, COUNT_OF(env)), schema_env.count);
}

static void names_are_unique(void **state)
{
	for (size_t f = 0; f < COUNT_OF(schemas); f++) {
		const struct csv_schema *s = schemas[f];

		for (size_t i = 0; i < s->count; i++)
			assert_int_equal(csv_column_index(s, s->columns[i].name), i);
		assert_true(csv_column_index(s, "no_such_column") == CSV_NO_COLUMN);
	}
}

static const char *unit_of(const char *name)
{
	static const struct {
		const char *suffix;
		const char *unit;
	} units[] = {
		{ "_ns", "ns" }, { "_per_s", "1/s" }, { "iops", "1/s" },
		{ "_s", "s" }, { "_ms", "ms" }, { "_hz", "Hz" }, { "_bytes", "byte" },
		{ "_ppm", "ppm" }, { "_ps", "ps" },
	};
	size_t length = strlen(name);

	for (size_t i = 0; i < COUNT_OF(units); i++) {
		size_t suffix = strlen(units[i].suffix);

		if (length >= suffix &&
		    strcmp(name + length - suffix, units[i].suffix) == 0)
			return units[i].unit;
	}
	return "";
}

static void columns_are_described_in_full(void **state)
{
	for (size_t f = 0; f < COUNT_OF(schemas); f++) {
		for (size_t i = 0; i < schemas[f]->count; i++) {
			const struct csv_column *c = &schemas[f]->columns[i];

			assert_string_equal(c->unit, unit_of(c->name));
			assert_true(strlen(c->description) > 5);
			assert_null(strchr(c->description, '\n'));
			for (const char *p = c->name; *p; p++)
				assert_true(islower(*p) || isdigit(*p) || *p == '_');
			if (strcmp(c->unit, "ns") == 0)
				assert_int_equal(c->type, CSV_INTEGER);
		}
	}
	assert_string_equal(schema_summary.name, "summary.csv");
	assert_string_equal(schema_latency.name, "latency.csv");
	assert_string_equal(schema_histogram.name, "histogram.csv");
	assert_string_equal(schema_cpus.name, "cpus.csv");
	assert_string_equal(schema_windows.name, "windows.csv");
	assert_string_equal(schema_events.name, "events.csv");
	assert_string_equal(schema_verifier.name, "verifier.csv");
	assert_string_equal(schema_env.name, "env.csv");
}

static void types_are_those_of_the_values(void **state)
{
	static const struct {
		const char *name;
		enum csv_type type;
	} expected[] = {
		{ "schema_version", CSV_INTEGER }, { "run_id", CSV_STRING },
		{ "started_utc", CSV_DATETIME }, { "steady", CSV_BOOLEAN },
		{ "iops", CSV_NUMBER }, { "jain", CSV_NUMBER },
		{ "bound_held", CSV_BOOLEAN }, { "oversubscribed", CSV_BOOLEAN },
		{ "trace_speed", CSV_STRING }, { "stamp_drift_ppm", CSV_NUMBER },
		{ "deferred", CSV_INTEGER }, { "gap_lost_frac", CSV_NUMBER },
	};

	for (size_t i = 0; i < COUNT_OF(expected); i++) {
		size_t at = csv_column_index(&schema_summary, expected[i].name);

		assert_true(at != CSV_NO_COLUMN);
		assert_int_equal(schema_summary.columns[at].type, expected[i].type);
	}
}

static void metrics_are_named(void **state)
{
	for (size_t i = 0; i < COUNT_OF(summary_metrics); i++)
		assert_string_equal(metric_name((enum metric)i), summary_metrics[i]);
	assert_int_equal(METRIC_ISR_LATENCY, 0);
	assert_string_equal(metric_name(METRIC_DEVICE_MODEL), "device_model");
	assert_string_equal(metric_name(METRIC_BYSTANDER_LOW), "bystander_low");
	assert_string_equal(metric_name(METRIC_SYNC_RELEASE), "sync_release");
	assert_string_equal(metric_name(METRIC_SECTION), "section");
	assert_int_equal(METRIC_COUNT, 14);
	assert_null(metric_name(METRIC_COUNT));
	assert_null(metric_name((enum metric)-1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(summary_keeps_its_order),
		cmocka_unit_test(the_other_files_keep_theirs),
		cmocka_unit_test(names_are_unique),
		cmocka_unit_test(columns_are_described_in_full),
		cmocka_unit_test(types_are_those_of_the_values),
		cmocka_unit_test(metrics_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
