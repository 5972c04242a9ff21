/* SPDX-License-Identifier: MIT */
/* The table of settings; see setting.h. */
#include "bench/matrix/setting.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/cell/spec.h"
#include "bench/cli/quantity.h"

#define INVOCATIONS_MAX 50
#define DURATION_LEAST_NS 1000000

static int set_duration(struct matrix_settings *settings, const char *text, char *error, size_t error_bytes)
{
	if (quantity_duration(text, &settings->duration_ns, error, error_bytes))
		return -EINVAL;
	if (settings->duration_ns >= DURATION_LEAST_NS)
		return 0;
	snprintf(error, error_bytes, "%s is too short to measure anything; use 1ms or more", text);
	return -EINVAL;
}

static int set_warmup(struct matrix_settings *settings, const char *text, char *error, size_t error_bytes)
{
	return quantity_duration(text, &settings->warmup_ns, error, error_bytes);
}

static int set_warmup_max(struct matrix_settings *settings, const char *text, char *error, size_t error_bytes)
{
	return quantity_duration(text, &settings->warmup_max_ns, error, error_bytes);
}

static int set_invocations(struct matrix_settings *settings, const char *text, char *error, size_t error_bytes)
{
	if (quantity_count(text, &settings->invocations, error, error_bytes))
		return -EINVAL;
	if (settings->invocations >= 1 && settings->invocations <= INVOCATIONS_MAX)
		return 0;
	snprintf(error, error_bytes, "%s is out of range; use 1 to %d", text, INVOCATIONS_MAX);
	return -EINVAL;
}

/* Up to the largest that JSON's integers hold everywhere it is written. */
static int set_seed(struct matrix_settings *settings, const char *text, char *error, size_t error_bytes)
{
	if (quantity_count(text, &settings->seed, error, error_bytes))
		return -EINVAL;
	settings->seed_given = true;
	if (settings->seed <= INT64_MAX)
		return 0;
	snprintf(error, error_bytes, "%s is out of range; use 0 to 9223372036854775807", text);
	return -EINVAL;
}

static int set_boolean(bool *value, const char *text, char *error, size_t error_bytes)
{
	*value = strcmp(text, "true") == 0;
	if (*value || strcmp(text, "false") == 0)
		return 0;
	snprintf(error, error_bytes, "'%.40s' is neither true nor false", text);
	return -EINVAL;
}

static int set_oversubscribe(struct matrix_settings *settings, const char *text, char *error, size_t error_bytes)
{
	return set_boolean(&settings->oversubscribe, text, error, error_bytes);
}

static int set_verify(struct matrix_settings *settings, const char *text, char *error, size_t error_bytes)
{
	return set_boolean(&settings->verify, text, error, error_bytes);
}

static int set_histogram_digits(struct matrix_settings *settings, const char *text, char *error, size_t error_bytes)
{
	if (quantity_count(text, &settings->histogram_digits, error, error_bytes))
		return -EINVAL;
	if (settings->histogram_digits == 2 || settings->histogram_digits == 3)
		return 0;
	snprintf(error, error_bytes, "%s is neither 2 nor 3", text);
	return -EINVAL;
}

/* The cell keeps it as text: in the form that all of its meaning share. */
static int set_faults(struct matrix_settings *settings, const char *text, char *error, size_t error_bytes)
{
	struct fault_plan plan;

	if (fault_list_parse(text, &plan, error, error_bytes))
		return -EINVAL;
	fault_list_format(&plan, settings->faults);
	return 0;
}

static int set_timeout_ms(struct matrix_settings *settings, const char *text, char *error, size_t error_bytes)
{
	if (quantity_count(text, &settings->timeout_ms, error, error_bytes))
		return -EINVAL;
	if (settings->timeout_ms <= CELL_TIMEOUT_MS_MAX)
		return 0;
	snprintf(error, error_bytes, "%s is out of range; use 1 to %d, or 0 for none", text, CELL_TIMEOUT_MS_MAX);
	return -EINVAL;
}

static int set_data(struct matrix_settings *settings, const char *text, char *error, size_t error_bytes)
{
	settings->copy_data = strcmp(text, "copy") == 0;
	if (settings->copy_data || strcmp(text, "stamp") == 0)
		return 0;
	snprintf(error, error_bytes, "'%.40s' is neither stamp nor copy", text);
	return -EINVAL;
}

static int set_trace(struct matrix_settings *settings, const char *text, char *error, size_t error_bytes)
{
	if (!text[0] || strlen(text) >= sizeof(settings->trace)) {
		snprintf(error, error_bytes, "the path is %s; name a file by less than %zu bytes", text[0] ? "too long" : "empty",
			 sizeof(settings->trace));
		return -EINVAL;
	}
	strcpy(settings->trace, text);
	return 0;
}

static int set_trace_speed(struct matrix_settings *settings, const char *text, char *error, size_t error_bytes)
{
	return quantity_speed(text, &settings->trace_speed, error, error_bytes);
}

static int set_needs_trace(struct matrix_settings *settings, const char *text, char *error, size_t error_bytes)
{
	return set_boolean(&settings->needs_trace, text, error, error_bytes);
}

static int set_miniport_argument(struct matrix_settings *settings, const char *text, char *error, size_t error_bytes)
{
	if (!text[0] || strlen(text) >= sizeof(settings->miniport_argument)) {
		snprintf(error, error_bytes, "the string is %s; use one of less than %zu bytes", text[0] ? "too long" : "empty",
			 sizeof(settings->miniport_argument));
		return -EINVAL;
	}
	strcpy(settings->miniport_argument, text);
	return 0;
}

const struct setting settings_table[SETTINGS] = {
	[SETTING_DURATION] = { "duration", 'd', "TIME", "of the measured window (default: 200ms; a trace runs to its end)", false,
			       set_duration },
	[SETTING_WARMUP] = { "warmup", 0, "TIME", "before it, at least (default: 10ms)", false, set_warmup },
	[SETTING_WARMUP_MAX] = { "warmup-max", 0, "TIME",
				 "until the load is steady, and for so long at most (default: ten times --warmup; as much as it: a fixed length)",
				 false, set_warmup_max },
	[SETTING_INVOCATIONS] = { "invocations", 'n', "N", "fresh processes a cell, in randomized blocks (default: 7)", false,
				  set_invocations },
	[SETTING_SEED] = { "seed", 0, "N", "of every random choice (default: random, and printed)", false, set_seed },
	[SETTING_OVERSUBSCRIBE] = { "oversubscribe", 0, NULL,
				    "allow more simulated CPUs than usable cores: spinning yields, and every row says so", false,
				    set_oversubscribe },
	[SETTING_VERIFY] = { "verify", 0, NULL,
			     "hold the miniport to the rules of docs/verifier.md; figures are no measurements then, and every row says so", false,
			     set_verify },
	[SETTING_HISTOGRAM_DIGITS] = { "histogram-digits", 0, "2|3",
				       "significant digits of histogram.csv's buckets (default: 2); percentiles always come from 3", false,
				       set_histogram_digits },
	[SETTING_FAULTS] = { "faults", 0, "LIST",
			     "of the device, from the seed: KIND=CHANCE, KIND=RATE/s or KIND@TIME, such as lost=1e-3,hang@20ms; see docs/faults.md",
			     true, set_faults },
	[SETTING_TIMEOUT_MS] = { "timeout-ms", 0, "N",
				 "with faults: reset the bus when a request is out for longer (default: 20; 0: never)", true, set_timeout_ms },
	[SETTING_DATA] = { "data", 0, "stamp|copy",
			   "move only each block's stamp (the default), or all of its data; both are checked", true, set_data },
	[SETTING_TRACE] = { "trace", 0, "FILE", "replay a trace instead: VSCSI 1 and 2, fio iolog 2 and 3, MSR Cambridge CSV", true,
			    set_trace },
	[SETTING_TRACE_SPEED] = { "trace-speed", 0, "X|max",
				  "keep the arrival pattern, X times as fast; max (the default): as fast as it goes", true,
				  set_trace_speed },
	[SETTING_MINIPORT_ARGUMENT] = { "miniport-arg", 0, "STRING", "the argument string of the miniports that are files", false,
					set_miniport_argument },
	[SETTING_NEEDS_TRACE] = { "needs-trace", 0, NULL, NULL, true, set_needs_trace },
};

void matrix_settings_init(struct matrix_settings *settings)
{
	*settings = (struct matrix_settings){
		.duration_ns = 200000000,
		.warmup_ns = 10000000,
		.invocations = 7,
		.histogram_digits = 2,
		.timeout_ms = 20,
		.trace_speed = INFINITY,
	};
}
