/* SPDX-License-Identifier: MIT */
/* `storsync history list`; see views.h. */
#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <string.h>

#include "bench/history/views.h"

static double share(const struct history_run *run)
{
	return run->invocations ? (double)run->gated / (double)run->invocations : 0;
}

static int widest(int width, const char *text)
{
	return (int)strlen(text) > width ? (int)strlen(text) : width;
}

static void print_text(FILE *out, const char *path, const struct history_run *run, size_t count)
{
	int id = (int)strlen("run"), host = (int)strlen("host"), build = (int)strlen("build"), matrix = (int)strlen("matrix");

	for (size_t i = 0; i < count; i++) {
		id = widest(id, run[i].run_id);
		host = widest(host, run[i].host);
		build = widest(build, run[i].build);
		matrix = widest(matrix, run[i].matrix);
	}
	fprintf(out, "%-20s  %-*s  %-*s  %-*s  %-*s  %5s  %11s  %6s  %s\n", "date (UTC)", id, "run", host, "host", build, "build", matrix,
		"matrix", "cells", "invocations", "not ok", "gated");
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%-20s  %-*s  %-*s  %-*s  %-*s  %5zu  %11zu  %6zu  %zu (%.3g%%)\n", run[i].created_utc, id, run[i].run_id, host,
			run[i].host, build, run[i].build, matrix, run[i].matrix, run[i].cells, run[i].invocations, run[i].not_ok,
			run[i].gated, 100 * share(&run[i]));
	fprintf(out, "\n%zu run%s in %s\n", count, count == 1 ? "" : "s", path);
}

static void print_csv(FILE *out, const struct history_run *run, size_t count)
{
	fputs("run_id,created_utc,host_id,build_id,matrix,cells,invocations,not_ok,gated,gated_share,skipped\n", out);
	for (size_t i = 0; i < count; i++) {
		history_print_field(out, "", run[i].run_id);
		history_print_field(out, ",", run[i].created_utc);
		history_print_field(out, ",", run[i].host);
		history_print_field(out, ",", run[i].build);
		history_print_field(out, ",", run[i].matrix);
		fprintf(out, ",%zu,%zu,%zu,%zu,%.6g,%zu\n", run[i].cells, run[i].invocations, run[i].not_ok, run[i].gated, share(&run[i]),
			run[i].skipped);
	}
}

static json_t *run_to_json(const struct history_run *run)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:f, s:I}", "run_id", run->run_id, "created_utc", run->created_utc,
			 "host_id", run->host, "build_id", run->build, "matrix", run->matrix, "cells", (json_int_t)run->cells,
			 "invocations", (json_int_t)run->invocations, "not_ok", (json_int_t)run->not_ok, "gated",
			 (json_int_t)run->gated, "gated_share", share(run), "skipped", (json_int_t)run->skipped);
}

static int print_json(FILE *out, const char *path, const struct history_run *run, size_t count)
{
	json_t *runs = json_array();
	json_t *all;
	int status;

	for (size_t i = 0; i < count; i++)
		json_array_append_new(runs, run_to_json(&run[i]));
	status = json_array_size(runs) == count ? 0 : -EINVAL;
	all = json_pack("{s:s, s:o}", "database", path, "runs", runs);
	if (!status && json_dumpf(all, out, JSON_INDENT(1)))
		status = -EINVAL;
	fputc('\n', out);
	json_decref(all);
	return status;
}

int history_list_print(FILE *out, const char *path, const struct history_run *run, size_t count, enum history_format format)
{
	if (format == HISTORY_JSON)
		return print_json(out, path, run, count);
	if (format == HISTORY_CSV)
		print_csv(out, run, count);
	else
		print_text(out, path, run, count);
	return 0;
}
