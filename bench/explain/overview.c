/* SPDX-License-Identifier: MIT */
/* A run at a glance; see overview.h. */
#include "bench/explain/overview.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/explain/stages.h"
#include "bench/explain/verdict.h"

/* What is kept of an explanation. */
struct told {
	struct explain_difference latency;
	enum compare_verdict compared; /* in its group */
	enum compare_verdict in_run;   /* as one of `in_run_tests` of the whole run; 0: not compared */
	size_t in_run_tests;
	struct explain_difference part; /* the largest one that is named; `by` is NaN when there is none */
	enum explain_part which;
	struct explain_difference iops;
	double share;
	struct explain_sentence reason; /* its rule is NULL when there is none */
	char name[2 * EXPLAIN_NAME_BYTES];
	char base[EXPLAIN_NAME_BYTES];
};

int overview_explain(struct explanation *explanation, const struct run_data *data, const struct causes *causes,
		     const struct pair *pair, bool in_run)
{
	int status = verdict_of_pair(&explanation->compared, data, pair->cell, pair->base, pair->column);

	explanation->in_run = (struct comparison){ .figure = NULL };
	explanation->in_run_tests = 0;
	if (!status && in_run)
		status = verdict_among(&explanation->in_run, &explanation->in_run_tests, data, NULL, pair->cell, pair->base,
				       pair->column);
	if (status)
		return status;

	explain_side_read(&explanation->cell, data, pair->cell);
	explain_side_read(&explanation->base, data, pair->base);
	memcpy(explanation->cell.events, causes->events[pair->cell], sizeof(explanation->cell.events));
	memcpy(explanation->base.events, causes->events[pair->base], sizeof(explanation->base.events));
	explanation->column = pair->column;
	explain_compose(explanation);
	return 0;
}

static bool is_measured(const struct run_data *data, size_t cell)
{
	size_t first;
	size_t end = run_data_rows_of(data, cell, &first);

	for (size_t i = first; i < end; i++) {
		if (strcmp(data->row[i].status, "ok") == 0)
			return true;
	}
	return false;
}

void overview_keys(char *text, size_t bytes, const struct run_data *data, size_t cell, enum run_key column, enum run_key besides)
{
	size_t at = 0;

	text[0] = '\0';
	for (unsigned k = 0; k < RUN_KEY_COUNT && at < bytes; k++) {
		const char *value = data->cell[cell].key[k];
		bool differs = false;

		for (size_t i = 0; i < data->cells && !differs && k != column && k != besides; i++)
			differs = strcmp(data->cell[i].key[k], value) != 0 && is_measured(data, i);
		if (differs)
			at += (size_t)snprintf(text + at, bytes - at, "%s%s %s", at ? ", " : "", run_key_name((enum run_key)k),
					       *value ? value : "off");
	}
}

static void keep(struct told *told, const struct explanation *explanation)
{
	const struct explain_sentence *reason = NULL;

	*told = (struct told){ .latency = explanation->latency, .part.by = NAN };
	for (unsigned i = 0; i <= PART_ACQUIRE; i++) {
		if (((explanation->longer | explanation->shorter) & PART_BIT(i)) &&
		    !(fabs(told->part.by) >= fabs(explanation->part[i].by))) {
			told->part = explanation->part[i];
			told->which = i;
			told->share = explanation->part[i].by / stages_whole(explanation, PART_MASKED);
		}
	}
	if (!isnan(told->part.by))
		reason = explain_first_reason(explanation, PART_BIT(told->which));
	explain_compare(&told->iops, &explanation->cell, &explanation->base, EXPLAIN_IOPS);
	if (reason)
		told->reason = *reason;
	if (explanation->column == RUN_KEY_BACKEND)
		snprintf(told->name, sizeof(told->name), "%s", explanation->cell_name);
	else
		snprintf(told->name, sizeof(told->name), "%s, %s", explanation->cell.key[RUN_KEY_BACKEND],
			 explanation->cell_name);
	snprintf(told->base, sizeof(told->base), "%s", explanation->base_name);
}

static const char *verdict_of(const struct told *told)
{
	if (told->compared == COMPARE_EQUIVALENT)
		return "equivalent";
	return !explain_is_shown(&told->latency) || told->compared == COMPARE_UNDECIDED ? "not decided" :
	       told->latency.by > 0							? "slower" :
											  "faster";
}

/* compare's word on a group: so many comparisons are made at once, which its test and its adjustment take into account. */
static int decide(const struct overview *overview, struct verdict_run *run, const struct pair *pair, struct told *told,
		  size_t count)
{
	bool *kept = calloc(overview->data->cells + 1, sizeof(*kept));
	int status = kept ? 0 : -ENOMEM;

	for (size_t i = 0; kept && i < count; i++)
		kept[pair[i].cell] = kept[pair[i].base] = true;
	for (size_t i = 0; !status && i < count; i++) {
		struct comparison compared;
		size_t tests;

		status = verdict_among(&compared, &tests, overview->data, kept, pair[i].cell, pair[i].base, pair[i].column);
		told[i].compared = compared.verdict;
		told[i].latency.p = compared.figure ? compared.p_adj : NAN;
		if (!status)
			status = verdict_in_run(run, &compared, overview->data, pair[i].cell, pair[i].base, pair[i].column);
		told[i].in_run = compared.verdict;
		told[i].in_run_tests = compared.figure ? run->all.tests : 0;
	}
	free(kept);
	return status;
}

static void print_cell(const struct printer *printer, const char *cell_id, const struct told *told)
{
	char text[2 * PRINT_SENTENCE_BYTES], values[320], part[PRINT_SENTENCE_BYTES], reason[PRINT_SENTENCE_BYTES];
	size_t at;

	print_figure(values, sizeof(values), &told->latency);
	at = (size_t)snprintf(text, sizeof(text), "%s (%.8s) is %s than %s (isr_latency_mean_ns %s, p = %.*f).", told->name,
			      cell_id, verdict_of(told), told->base, values, told->latency.p < 0.01 ? 4 : 2, told->latency.p);
	if (told->in_run_tests && told->in_run != told->compared)
		at += (size_t)snprintf(text + at, sizeof(text) - at, " That is within this group; as one of %zu of the whole run `storsync "
				       "compare` says %s.", told->in_run_tests, compare_verdict_name(told->in_run));
	if (!isnan(told->part.by)) {
		print_figure(part, sizeof(part), &told->part);
		at += (size_t)snprintf(text + at, sizeof(text) - at, " %.0f%% of that is %s (%s).", 100 * told->share,
				       explain_measure_name(told->part.measure), part);
	}
	if (told->reason.rule)
		snprintf(text + at, sizeof(text) - at, " %s", print_sentence(reason, &told->reason));
	else
		snprintf(text + at, sizeof(text) - at, " The data does not say why.");
	print_item(printer, text);
}

/* Of those whose verdict is `verdict`, the one that is furthest off and not told yet; `count` when there is none. */
static size_t next_of(const struct told *told, const bool *done, size_t count, const char *verdict)
{
	size_t next = count;

	for (size_t i = 0; i < count; i++) {
		if (!done[i] && strcmp(verdict_of(&told[i]), verdict) == 0 &&
		    (next == count || fabs(told[i].latency.by) > fabs(told[next].latency.by)))
			next = i;
	}
	return next;
}

static void print_extremes(const struct printer *printer, const struct told *told, size_t count, bool one_base)
{
	size_t slower = 0, faster = 0, equivalent = 0, low = 0, high = 0, most = 0, fewest = 0;
	char text[4096], latency[160] = "", iops[160] = "";

	for (size_t i = 0; i < count; i++) {
		slower += strcmp(verdict_of(&told[i]), "slower") == 0;
		faster += strcmp(verdict_of(&told[i]), "faster") == 0;
		equivalent += strcmp(verdict_of(&told[i]), "equivalent") == 0;
		low = told[i].latency.cell.median < told[low].latency.cell.median ? i : low;
		high = told[i].latency.cell.median > told[high].latency.cell.median ? i : high;
		most = told[i].iops.cell.median > told[most].iops.cell.median ? i : most;
		fewest = told[i].iops.cell.median < told[fewest].iops.cell.median ? i : fewest;
	}
	if (one_base) {
		snprintf(latency, sizeof(latency), "%s %.0f, ", told[0].base, told[0].latency.base.median);
		snprintf(iops, sizeof(iops), "%s %.0f, ", told[0].base, told[0].iops.base.median);
	}
	snprintf(text, sizeof(text),
		 "isr_latency_mean_ns: %slowest %s %.0f, highest %s %.0f; shown to be slower %zu, faster %zu, equivalent within the noise "
		 "floor %zu, not decided %zu. "
		 "iops: %smost %s %.0f, fewest %s %.0f.",
		 latency, told[low].name, told[low].latency.cell.median, told[high].name, told[high].latency.cell.median, slower,
		 faster, equivalent, count - slower - faster - equivalent, iops, told[most].name,
		 told[most].iops.cell.median, told[fewest].name, told[fewest].iops.cell.median);
	print_paragraph(printer, text);
}

static json_t *group_json(const struct overview *overview, const struct pair *pair, const struct told *told, size_t count)
{
	json_t *cells = json_array();
	char keys[512];

	overview_keys(keys, sizeof(keys), overview->data, pair->cell, pair->column, RUN_KEY_BACKEND);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(
			cells, json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "cell_id", overview->data->cell[pair[i].cell].cell_id,
					 "baseline", overview->data->cell[pair[i].base].cell_id, "name", told[i].name, "verdict",
					 verdict_of(&told[i]), "isr_latency", print_figure_json(&told[i].latency), "reason",
					 told[i].reason.rule ? print_sentence_json(&told[i].reason) : json_null(), "in_run",
					 told[i].in_run_tests ? json_string(compare_verdict_name(told[i].in_run)) : json_null()));
	return json_pack("{s:s, s:s, s:o}", "group", keys, "differ_in", run_key_name(pair->column), "cells", cells);
}

/* Prints some of a group; returns how many with a verdict were left out. */
static size_t print_group(const struct printer *printer, const struct overview *overview, const struct pair *pair,
			  const struct told *told, size_t count, size_t most)
{
	bool *done = calloc(count + 1, sizeof(*done));
	char keys[512];
	size_t left = 0;

	overview_keys(keys, sizeof(keys), overview->data, pair->cell, pair->column, RUN_KEY_BACKEND);
	print_heading(printer, *keys ? keys : "All cells");
	if (count > 1)
		print_extremes(printer, told, count, pair->column == RUN_KEY_BACKEND);
	for (unsigned faster = 0; done && faster < 2; faster++) {
		size_t i, told_now = 0;

		while ((i = next_of(told, done, count, faster ? "faster" : "slower")) < count) {
			done[i] = true;
			if (told_now++ < (faster ? 1 : most))
				print_cell(printer, overview->data->cell[pair[i].cell].cell_id, &told[i]);
			else
				left++;
		}
	}
	free(done);
	return left;
}

/* Whether two pairs' baselines differ in nothing, or in the back end where that is not what is compared. */
static bool is_same_group(const struct overview *overview, size_t a, size_t b)
{
	const struct pair *x = &overview->pair[a], *y = &overview->pair[b];
	const struct run_cell *cell = overview->data->cell;

	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		if (k != RUN_KEY_BACKEND && strcmp(cell[x->base].key[k], cell[y->base].key[k]) != 0)
			return false;
	}
	return x->column == y->column && (x->column != RUN_KEY_BACKEND || x->base == y->base);
}

static size_t groups_of(const struct overview *overview)
{
	size_t groups = 0;

	for (size_t i = 0; i < overview->pairs; i++)
		groups += !i || !is_same_group(overview, i - 1, i);
	return groups;
}

static void print_begin(const struct printer *printer, const struct overview *overview)
{
	char text[1024];

	snprintf(text, sizeof(text), "Run %s: who differs in the mean ISR latency, adjusted over each group, and the first reason. "
		 PRINT_LEGEND,
		 overview->data->run_id);
	print_paragraph(printer, text);
}

static void print_end(const struct printer *printer, const struct overview *overview, size_t left)
{
	char text[PATH_MAX + 256];

	fputc('\n', printer->out);
	if (left) {
		snprintf(text, sizeof(text), "%zu more that differ are left out.", left);
		print_paragraph(printer, text);
	}
	if (overview->alone) {
		snprintf(text, sizeof(text), "%zu cell%s no measured baseline to be compared with.", overview->alone,
			 overview->alone == 1 ? " has" : "s have");
		print_paragraph(printer, text);
	}
	snprintf(text, sizeof(text),
		 "More: `storsync explain %s CELL` with an id from above, `--filter KEY=VALUES` to choose, `--format json` for "
		 "all.",
		 overview->argument);
	print_paragraph(printer, text);
}

int overview_print(const struct printer *printer, const struct overview *overview)
{
	struct explanation *explanation = malloc(sizeof(*explanation));
	struct told *told = calloc(overview->pairs + 1, sizeof(*told));
	json_t *groups = json_array();
	size_t most = OVERVIEW_TOLD / (groups_of(overview) + 1) + 1;
	struct verdict_run run = { .made = false };
	size_t left = 0, end;
	int status = explanation && told && groups ? 0 : -ENOMEM;

	if (!status && printer->format != PRINT_JSON)
		print_begin(printer, overview);
	for (size_t i = 0; !status && i < overview->pairs; i = end) {
		for (end = i; !status && end < overview->pairs && is_same_group(overview, i, end); end++) {
			status = overview_explain(explanation, overview->data, overview->causes, &overview->pair[end], false);
			if (!status)
				keep(&told[end], explanation);
		}
		if (!status)
			status = decide(overview, &run, &overview->pair[i], &told[i], end - i);
		if (status)
			break;
		if (printer->format == PRINT_JSON)
			json_array_append_new(groups, group_json(overview, &overview->pair[i], &told[i], end - i));
		else
			left += print_group(printer, overview, &overview->pair[i], &told[i], end - i, most);
	}
	if (!status && printer->format == PRINT_JSON) {
		json_t *all = json_pack("{s:s, s:O, s:I}", "run", overview->data->run_id, "groups", groups, "without_baseline",
					(json_int_t)overview->alone);

		status = all ? 0 : -ENOMEM;
		json_dumpf(all, printer->out, JSON_INDENT(2)); /* the stream knows whether it could be written */
		fputc('\n', printer->out);
		json_decref(all);
	} else if (!status) {
		print_end(printer, overview, left);
	}
	verdict_run_fini(&run);
	json_decref(groups);
	free(told);
	free(explanation);
	return status;
}
