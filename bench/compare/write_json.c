/* SPDX-License-Identifier: MIT */
/* Comparisons as JSON: what was compared, then one object each, written one after the other. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "bench/cli/version.h"
#include "bench/compare/command.h"

/* JSON has no infinities: null, as for what is not available. */
static json_t *number(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *text(const char *value)
{
	return value && *value ? json_string(value) : json_null();
}

static json_t *count(size_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *keys_of(const struct comparison *c)
{
	json_t *keys = json_object();

	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		if (c->key[k] && c->key[k][0])
			json_object_set_new(keys, run_key_name((enum run_key)k), json_string(c->key[k]));
	}
	return keys;
}

static json_t *machine_of(const struct machine_difference *difference)
{
	char words[COMPARE_MACHINE_BYTES];

	compare_machine_text(difference, words, sizeof(words));
	if (!difference->witness)
		return json_null();
	return json_pack("{s:s, s:s, s:s, s:b, s:o, s:[f,f,f], s:[f,f,f]}", "text", words, "witness", difference->witness,
			 "unit", difference->unit, "overall", difference->overall, "p", number(difference->p),
			 "base", difference->base_lo, difference->base_median, difference->base_hi,
			 "cand", difference->cand_lo, difference->cand_median, difference->cand_hi);
}

static json_t *comparison_to_json(const struct comparison *c)
{
	json_t *object = json_object();
	char why[COMPARE_MACHINE_BYTES + 40];

	compare_why(c, why, sizeof(why));
	json_object_set_new(object, "metric", text(c->figure->name));
	json_object_set_new(object, "unit", json_string(c->figure->unit));
	json_object_set_new(object, "better", json_string(figure_better_name(c->figure->better)));
	json_object_set_new(object, "baseline", text(c->baseline));
	json_object_set_new(object, "candidate", text(c->candidate));
	json_object_set_new(object, "keys", keys_of(c));
	json_object_set_new(object, "n_base", count(c->n_base));
	json_object_set_new(object, "n_cand", count(c->n_cand));
	json_object_set_new(object, "base_median", number(c->base_median));
	json_object_set_new(object, "cand_median", number(c->cand_median));
	json_object_set_new(object, "ratio", number(c->ratio));
	json_object_set_new(object, "ci_lo", number(c->ci_lo));
	json_object_set_new(object, "ci_hi", number(c->ci_hi));
	json_object_set_new(object, "p_value", number(c->p_value));
	json_object_set_new(object, "p_adj", number(c->p_adj));
	json_object_set_new(object, "noise_floor", c->why ? json_null() : number(c->noise_floor));
	json_object_set_new(object, "verdict", text(compare_verdict_name(c->verdict)));
	json_object_set_new(object, "test", c->why ? json_null() : text(c->test == COMPARE_TEST_PAIRED ? "paired" : "unpaired"));
	json_object_set_new(object, "test_why", c->why ? json_null() : text(c->test_why));
	json_object_set_new(object, "pairs", c->why ? json_null() : count(c->pairs));
	json_object_set_new(object, "confidence", number(c->confidence));
	json_object_set_new(object, "more", c->more ? count(c->more) : json_null());
	json_object_set_new(object, "gated", count(c->gated));
	json_object_set_new(object, "not_ok_base", count(c->not_ok_base));
	json_object_set_new(object, "not_ok_cand", count(c->not_ok_cand));
	json_object_set_new(object, "why", text(why));
	json_object_set_new(object, "margin", c->why ? json_null() : number(c->margin));
	json_object_set_new(object, "p_method", c->why ? json_null() : text(compare_p_method(c)));
	json_object_set_new(object, "machine_differs", machine_of(&c->machine));
	json_object_set_new(object, "machine_witnessed", json_boolean(c->machine_witnessed));
	return object;
}

static json_t *runs_of(const struct compare_result *result)
{
	json_t *runs = json_array();

	for (size_t i = 0; i < result->command->runs; i++)
		json_array_append_new(runs, json_pack("{s:s, s:o}", "path", result->command->path[i], "run_id", text(result->run[i].run_id)));
	return runs;
}

static json_t *rows_of(const struct compare_census *census)
{
	json_t *gates = json_object();

	for (size_t i = 0; i < census->gates; i++) {
		char code[64];

		snprintf(code, sizeof(code), "%.*s", (int)strcspn(census->gate[i].code, " "), census->gate[i].code);
		json_object_set_new(gates, code, count(census->gate[i].rows));
	}
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "rows", count(census->rows), "ok", count(census->ok), "not_ok",
			 count(census->not_ok), "skipped", count(census->skipped), "gated", count(census->gated), "gates", gates);
}

static json_t *verdicts_of(const struct compare_result *result)
{
	json_t *verdicts = json_object();

	for (unsigned v = 0; v <= COMPARE_NOT_COMPARABLE; v++)
		json_object_set_new(verdicts, compare_verdict_name((enum compare_verdict)v), count(result->verdicts[v]));
	return verdicts;
}

static json_t *heading_of(const struct compare_result *result)
{
	const struct compare_options *options = &result->command->options;
	json_t *warnings = json_array();

	for (size_t i = 0; i < sizeof(result->all->warning) / sizeof(result->all->warning[0]); i++) {
		if (result->all->warning[i][0])
			json_array_append_new(warnings, json_string(result->all->warning[i]));
	}
	return json_pack("{s:s, s:o, s:s, s:s, s:f, s:f, s:f, s:b, s:b, s:o, s:o, s:o, s:o}", "version", storsync_version,
			 "runs", runs_of(result),
			 "column", run_key_name(options->column), "baseline", result->all->comparison[0].baseline, "alpha", options->alpha,
			 "least_floor", options->floor,
			 "equivalent_within", options->equivalent_within, "gated_used", !options->drop_gated,
			 "machine_ignored", options->ignore_machine,
			 "holm_tests", count(result->all->tests),
			 "invocations", rows_of(&result->census), "verdicts", verdicts_of(result), "warnings", warnings);
}

static int write_one(json_t *object, FILE *out)
{
	int error = object ? json_dumpf(object, out, JSON_COMPACT | JSON_PRESERVE_ORDER) : -1;

	json_decref(object);
	return !object ? -ENOMEM : error ? -EIO : 0;
}

int compare_write_json(const struct compare_result *result, FILE *out)
{
	int error;

	fputs("{\"storsync_compare\": ", out);
	error = write_one(heading_of(result), out);
	fputs(",\n\"comparisons\": [", out);
	for (size_t i = 0; i < result->all->count && !error; i++) {
		fputs(i ? ",\n" : "\n", out);
		error = write_one(comparison_to_json(&result->all->comparison[result->order[i]]), out);
	}
	fputs("\n]}\n", out);
	return error;
}
