/* SPDX-License-Identifier: MIT */
/* What is a valid option of Google Benchmark; see gbench_flags.h. */
#include "bench/gbench/gbench_flags.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/gbench/gbench.h"

enum flag_kind {
	FLAG_TEXT,
	FLAG_BOOL,
	FLAG_SECONDS,
	FLAG_REPETITIONS,
	FLAG_VERBOSITY,
	FLAG_FORMAT,
	FLAG_COLOR,
	FLAG_TIME_UNIT,
	FLAG_PAIRS,
};

enum flag_use {
	LIBRARY,
	SHIM,
	BOTH,
};

struct flag {
	const char *name;
	const char *default_argument;
	enum flag_kind kind;
	enum flag_use use;
	size_t at; /* of its member in struct gbench_flags, unless use is LIBRARY */
};

#define FLAG(name, value, kind) { "--" name, "--" name "=" value, kind, LIBRARY, 0 }
#define NOTED(name, value, kind, use, member) \
	{ "--" name, "--" name "=" value, kind, use, offsetof(struct gbench_flags, member) }

static const struct flag known[] = {
	NOTED("benchmark_list_tests", "false", FLAG_BOOL, BOTH, list_tests),
	FLAG("benchmark_filter", "all", FLAG_TEXT),
	FLAG("benchmark_min_time", "0.5", FLAG_SECONDS),
	FLAG("benchmark_min_warmup_time", "0", FLAG_SECONDS),
	FLAG("benchmark_repetitions", "1", FLAG_REPETITIONS),
	FLAG("benchmark_enable_random_interleaving", "false", FLAG_BOOL),
	NOTED("benchmark_report_aggregates_only", "false", FLAG_BOOL, SHIM, report_aggregates_only),
	NOTED("benchmark_display_aggregates_only", "false", FLAG_BOOL, SHIM, display_aggregates_only),
	NOTED("benchmark_format", "console", FLAG_FORMAT, BOTH, format),
	NOTED("benchmark_out", "", FLAG_TEXT, SHIM, out),
	NOTED("benchmark_out_format", "json", FLAG_FORMAT, SHIM, out_format),
	FLAG("benchmark_color", "auto", FLAG_COLOR),
	FLAG("benchmark_counters_tabular", "false", FLAG_BOOL),
	FLAG("benchmark_perf_counters", "", FLAG_TEXT),
	FLAG("benchmark_context", "", FLAG_PAIRS),
	FLAG("benchmark_time_unit", "ns", FLAG_TIME_UNIT),
	FLAG("v", "0", FLAG_VERBOSITY),
};

#define KNOWN (sizeof(known) / sizeof(known[0]))

static const char help[] =
	"  --benchmark_list_tests[=true|false]\n"
	"  --benchmark_filter=REGEX             those whose name matches; -REGEX: the others\n"
	"  --benchmark_min_time=SECONDS         least time of a repetition\n"
	"  --benchmark_min_warmup_time=SECONDS\n"
	"  --benchmark_repetitions=N\n"
	"  --benchmark_enable_random_interleaving[=true|false]\n"
	"  --benchmark_report_aggregates_only[=true|false]\n"
	"  --benchmark_display_aggregates_only[=true|false]\n"
	"  --benchmark_format=console|json|csv  of standard output\n"
	"  --benchmark_out=FILE                 a second report\n"
	"  --benchmark_out_format=json|console|csv\n"
	"  --benchmark_color=auto|true|false\n"
	"  --benchmark_counters_tabular[=true|false]\n"
	"  --benchmark_perf_counters=NAME,...   needs a library built with libpfm\n"
	"  --benchmark_context=KEY=VALUE,...    noted in the reports\n"
	"  --benchmark_time_unit=ns|us|ms|s\n"
	"  --v=LEVEL                            verbosity of the library\n";

/* Answers true, false or, when it is no truth value, -1. */
static int truth(const char *value)
{
	static const char *const words[][2] = {
		{ "false", "true" }, { "no", "yes" }, { "off", "on" }, { "0", "1" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		for (int answer = 0; answer < 2; answer++) {
			if (strcmp(value, words[i][answer]) == 0)
				return answer;
		}
	}
	return -1;
}

static bool is_one_of(const char *value, const char *const *words)
{
	for (; *words; words++) {
		if (strcmp(value, *words) == 0)
			return true;
	}
	return false;
}

static bool is_seconds(const char *value)
{
	char *end;
	double seconds = strtod(value, &end);

	return end != value && !*end && isfinite(seconds) && seconds >= 0;
}

static bool is_whole_from(const char *value, long least)
{
	char *end;
	long number = strtol(value, &end, 10);

	/* the bound keeps N times a hundred benchmarks within reason, and below what the library's 32 bits hold */
	return end != value && !*end && number >= least && number <= 1000000;
}

static bool is_pairs(const char *value)
{
	while (*value) {
		size_t length = strcspn(value, ",");
		size_t key = strcspn(value, "=");

		if (key == 0 || key >= length || memchr(value + key + 1, '=', length - key - 1))
			return false;
		value += length;
		if (*value && !*++value)
			return false;
	}
	return true;
}

/* NULL when the value is valid, else what would be. */
static const char *objection(enum flag_kind kind, const char *value)
{
	static const char *const formats[] = { "console", "json", "csv", NULL };
	static const char *const units[] = { "ns", "us", "ms", "s", NULL };

	switch (kind) {
	case FLAG_TEXT:
		return NULL;
	case FLAG_BOOL:
		return truth(value) >= 0 ? NULL : "true or false";
	case FLAG_SECONDS:
		return is_seconds(value) ? NULL : "a number of seconds without a unit, such as 0.5";
	case FLAG_REPETITIONS:
		return is_whole_from(value, 1) ? NULL : "a whole number from 1 to 1000000";
	case FLAG_VERBOSITY:
		return is_whole_from(value, 0) ? NULL : "a whole number";
	case FLAG_FORMAT:
		return is_one_of(value, formats) ? NULL : "console, json or csv";
	case FLAG_COLOR:
		return strcmp(value, "auto") == 0 || truth(value) >= 0 ? NULL : "auto, true or false";
	case FLAG_TIME_UNIT:
		return is_one_of(value, units) ? NULL : "ns, us, ms or s";
	case FLAG_PAIRS:
		return is_pairs(value) ? NULL : "KEY=VALUE, or several with commas between";
	}
	return "nothing";
}

static const struct flag *find(const char *argument, size_t length)
{
	for (size_t i = 0; i < KNOWN; i++) {
		if (strlen(known[i].name) == length && strncmp(known[i].name, argument, length) == 0)
			return &known[i];
	}
	return NULL;
}

static int report_unknown(const char *argument, char *error, size_t error_bytes)
{
	int at = snprintf(error, error_bytes, "unknown option '%s'; those of the benchmark library are", argument);

	for (size_t i = 0; i < KNOWN && at >= 0 && (size_t)at < error_bytes; i++)
		at += snprintf(error + at, error_bytes - (size_t)at, "%s %s", i ? "," : "", known[i].name);
	return -EINVAL;
}

static void note(const struct flag *flag, const char *value, struct gbench_flags *flags)
{
	void *member = (char *)flags + flag->at;

	if (flag->kind == FLAG_BOOL)
		*(bool *)member = truth(value) == 1;
	else
		*(const char **)member = value;
}

int gbench_flags_note(const char *argument, struct gbench_flags *flags, bool *forwarded, char *error,
		      size_t error_bytes)
{
	size_t length = strcspn(argument, "=");
	const struct flag *flag = find(argument, length);
	const char *value = argument[length] ? argument + length + 1 : "true";
	const char *wanted;

	if (!flag)
		return report_unknown(argument, error, error_bytes);
	if (!argument[length] && flag->kind != FLAG_BOOL) {
		snprintf(error, error_bytes, "option '%s' needs a value: %s=VALUE", argument, argument);
		return -EINVAL;
	}
	wanted = objection(flag->kind, value);
	if (wanted) {
		snprintf(error, error_bytes, "option '%s': '%s' is not %s", flag->name, value, wanted);
		return -EINVAL;
	}
	*forwarded = flag->use != SHIM;
	if (flag->use != LIBRARY)
		note(flag, value, flags);
	return 0;
}

const char *gbench_flags_default(size_t index)
{
	return index < KNOWN ? known[index].default_argument : NULL;
}

bool gbench_is_option(const char *argument)
{
	return strncmp(argument, "--benchmark_", strlen("--benchmark_")) == 0 ||
	       strncmp(argument, "--v=", strlen("--v=")) == 0;
}

const char *gbench_help(void)
{
	return help;
}
