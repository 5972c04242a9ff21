/* SPDX-License-Identifier: MIT */
/* `storsync history show` as JSON, with each invocation; see views.h. */
#include <errno.h>
#include <jansson.h>
#include <math.h>

#include "bench/history/views.h"

static json_t *number(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

/* NULL when it is not what store.c says. */
static json_t *invocations_to_json(const struct history_point *point)
{
	json_t *stored = json_loads(point->invocations ? point->invocations : "", 0, NULL);

	if (json_is_array(stored) && json_array_size(stored) == point->count)
		return stored;
	json_decref(stored);
	return NULL;
}

static json_t *values_to_json(const struct history_point *point)
{
	json_t *all = json_array();

	for (size_t i = 0; i < point->count; i++)
		json_array_append_new(all, number(point->value[i]));
	return all;
}

static json_t *change_to_json(const struct history_change *change)
{
	if (!change)
		return json_null();
	return json_pack("{s:s, s:o, s:o, s:o, s:f}", "kind", change->is_ratio ? "ratio" : "difference", "by", number(change->shift), "low",
			 number(change->low), "high", number(change->high), "p", change->p_value);
}

static json_t *point_to_json(const struct history_series *series, size_t at)
{
	const struct history_point *point = &series->point[at];

	/* The arguments that are NULL make all of it NULL. */
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "run_id", point->run->run_id,
			 "created_utc", point->run->created_utc, "build_id", point->run->build, "n", (json_int_t)point->values, "not_ok",
			 (json_int_t)point->not_ok, "gated", (json_int_t)point->gated, "median", number(point->median), "min",
			 number(point->min), "max", number(point->max), "median_lo", number(point->low), "median_hi", number(point->high),
			 "to_previous", number(history_to_previous(series, at)), "to_first", number(history_to_first(series, at)),
			 "change", change_to_json(history_change_at(series, at)), "invocations", invocations_to_json(point), "values", values_to_json(point));
}

/* One line, whatever is in it: of all runs at once, the tree would take many times the memory of the text. */
static int put(FILE *out, json_t *json)
{
	int status = json && !json_dumpf(json, out, JSON_COMPACT | JSON_ENCODE_ANY) ? 0 : -EINVAL;

	json_decref(json);
	return status;
}

static int put_series(FILE *out, const struct history_series *series)
{
	json_t *keys = json_object();
	int status;

	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		if (!run_key_is_origin((enum run_key)k))
			json_object_set_new(keys, run_key_name((enum run_key)k), json_string(series->cell->key[k]));
	}
	fputs("{\"host_id\":", out);
	status = put(out, json_string(series->host));
	fprintf(out, ",\"searched\":%s,\"keys\":", series->judged ? "true" : "false");
	status = put(out, keys) || status ? -EINVAL : 0;
	fputs(",\"runs\":[", out);
	for (size_t i = 0; i < series->points && !status; i++) {
		fputs(i ? ",\n" : "\n", out);
		status = put(out, point_to_json(series, i));
	}
	fputs("]}", out);
	return status;
}

int history_show_json(FILE *out, const struct history_view *view)
{
	int status = 0;

	/* None of these texts has anything to be escaped. */
	fprintf(out, "{\"figure\":\"%s\",\"unit\":\"%s\",\"better\":\"%s\",\"alpha\":%g,\"least_runs\":%d,\n", view->figure->name,
		view->figure->unit, figure_better_name(view->figure->better), HISTORY_ALPHA, HISTORY_LEAST_RUNS);
	fputs("\"invocation_columns\":[\"block\",\"invocation\",\"status\",\"gate_codes\"],\"series\":[", out);
	for (size_t i = 0; i < view->series && !status; i++) {
		fputs(i ? ",\n" : "\n", out);
		status = put_series(out, &view->serie[i]);
	}
	fputs("]}\n", out);
	return status;
}
