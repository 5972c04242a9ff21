/* SPDX-License-Identifier: MIT */
/* The page's frame: head, title, what is in it, and what matters most; see page.h. */
#include "bench/report/page.h"

#include <errno.h>
#include <string.h>

#include "bench/cli/version.h"
#include "bench/report/html.h"

static bool is_skipped(const struct run_data *run, size_t cell)
{
	size_t first;
	size_t end = run_data_rows_of(run, cell, &first);

	while (first < end && strcmp(run->row[first].status, "skipped") == 0)
		first++;
	return first == end;
}

/* Where a row comes from is the last that cells are sorted by, so that those of one id are neighbours. */
static void count_cells(const struct run_data *run, struct page_rows *rows)
{
	bool counted = false;

	for (size_t i = 0; i < run->cells; i++) {
		if (!i || run->cell[i].cell_id != run->cell[i - 1].cell_id) {
			rows->cells++;
			counted = false;
		}
		if (!counted && !is_skipped(run, i)) {
			rows->measured_cells++;
			counted = true;
		}
	}
}

struct page_rows page_count_rows(const struct run_data *run)
{
	struct page_rows rows = { 0 };

	count_cells(run, &rows);
	for (size_t i = 0; i < run->rows; i++) {
		if (strcmp(run->row[i].status, "skipped") == 0)
			continue;
		rows.invocations++;
		rows.ok += strcmp(run->row[i].status, "ok") == 0;
		rows.gated += *run->row[i].gate_codes != '\0';
	}
	return rows;
}

bool page_cell_has(const struct run_data *run, size_t cell, enum run_key key)
{
	return *run->cell[cell].key[key] || !is_skipped(run, cell);
}

bool page_key_differs(const struct run_data *run, enum run_key key)
{
	const char *seen = NULL;

	for (size_t i = 0; i < run->cells; i++) {
		const char *value = run->cell[i].key[key];

		if (seen && strcmp(seen, value) != 0 && page_cell_has(run, i, key))
			return true;
		if (!seen && page_cell_has(run, i, key))
			seen = value;
	}
	return false;
}

static const char *matrix_name(const struct page *page)
{
	const char *name = json_string_value(json_object_get(json_object_get(page->data->manifest, "matrix"), "name"));

	return name && *name ? name : "not named";
}

static void put_title(const struct page *page)
{
	if (page->title)
		html(page->out, "%s", page->title);
	else
		html(page->out, "Matrix %s on %s", matrix_name(page),
		     json_string_value(json_object_get(page->data->manifest, "host_id")));
}

static void put_head(const struct page *page)
{
	FILE *out = page->out;

	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      /* Whatever a file's text may try: nothing is ever fetched and nothing is run. */
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src "
	      "data:\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n", out);
	html(out, "<meta name=\"generator\" content=\"storsync %s\">\n<title>", storsync_version);
	put_title(page);
	html(out, " – %s – storsync</title>\n<style>\n", json_string_value(json_object_get(page->data->manifest, "run_id")));
	fputs(report_style, out);
	fputs("</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the content</a>\n", out);
}

static void put_tile(FILE *out, const char *words, size_t count, const char *more)
{
	html(out, "<div><dt>%s</dt><dd><data value=\"%zu\">%zu</data>%s</dd></div>\n", words, count, count, more);
}

static void put_header(const struct page *page)
{
	const json_t *manifest = page->data->manifest;
	struct page_rows rows = page_count_rows(&page->data->run);
	const char *created = json_string_value(json_object_get(manifest, "created_utc"));
	FILE *out = page->out;
	char of[48];

	fputs("<header>\n<p class=\"kicker\">storsync report</p>\n<h1>", out);
	put_title(page);
	html(out, "</h1>\n<p class=\"byline\">Matrix <b>%s</b>, begun <time datetime=\"%s\">%s</time>, host <b>%s</b>, build "
	     "<b>%s</b></p>\n",
	     matrix_name(page), created, created, json_string_value(json_object_get(manifest, "host_id")),
	     json_string_value(json_object_get(manifest, "build_id")));
	fputs("<dl class=\"tiles\">\n", out);
	put_tile(out, "cells measured", rows.measured_cells, "");
	put_tile(out, "invocations", rows.invocations, "");
	snprintf(of, sizeof(of), " of %zu", rows.invocations);
	put_tile(out, "to be trusted less", rows.gated, of);
	put_tile(out, "ended badly", rows.invocations - rows.ok, of);
	put_tile(out, "cells skipped", rows.cells - rows.measured_cells, "");
	fputs("</dl>\n</header>\n", out);
}

static void put_contents(const struct page *page)
{
	fputs("<nav aria-label=\"Contents\">\n<ol>\n"
	      "<li><a href=\"#run\">What this run was</a></li>\n"
	      "<li><a href=\"#trust\">How far to trust it</a></li>\n"
	      "<li><a href=\"#verdicts\">Verdicts</a></li>\n"
	      "<li><a href=\"#pictures\">Pictures</a></li>\n"
	      "<li><a href=\"#sources\">Where the numbers come from</a></li>\n"
	      "</ol>\n</nav>\n", page->out);
}

/* Those that the page reads. */
static const char *const env_columns[] = { "check", "scope", "phase", "value", "expected", "verdict", "remedy" };

static int load_files(struct page *page, char *error)
{
	char path[4096];
	char what[RUN_DATA_ERROR_BYTES];
	int status;

	snprintf(path, sizeof(path), "%s/env.csv", page->data->path);
	status = csv_table_load(path, &page->env, what, sizeof(what));
	if (status == -ENOENT)
		snprintf(error, RUN_DATA_ERROR_BYTES, "%.300s: not there; `storsync validate` says what else is missing", path);
	else if (status)
		snprintf(error, RUN_DATA_ERROR_BYTES, "%s", what);
	if (status)
		return status == -ENOENT ? -EINVAL : status;
	for (size_t i = 0; i < sizeof(env_columns) / sizeof(env_columns[0]); i++) {
		if (csv_table_column(&page->env, env_columns[i]) == CSV_NO_COLUMN) {
			snprintf(error, RUN_DATA_ERROR_BYTES, "%.300s:1: no column '%s', as env.csv of this version has", path,
				 env_columns[i]);
			csv_table_fini(&page->env);
			return -EINVAL;
		}
	}
	status = run_journal_load(page->data->path, &page->journal, what, sizeof(what));
	if (!status || status == -ENOENT)
		return 0;
	snprintf(error, RUN_DATA_ERROR_BYTES, "%s", what);
	csv_table_fini(&page->env);
	return status;
}

int page_write(FILE *out, const struct report_data *data, const struct picture *picture, size_t pictures, const char *title,
	       char *error)
{
	struct page page = { .out = out, .data = data, .picture = picture, .pictures = pictures, .title = title };
	int status = load_files(&page, error);

	if (status)
		return status;
	put_head(&page);
	put_header(&page);
	put_contents(&page);
	fputs("<main id=\"main\">\n", out);
	page_run(&page);
	page_trust(&page);
	page_verdicts(&page);
	page_pictures(&page);
	page_sources(&page);
	html(out, "</main>\n<footer>\n<p>Made by storsync %s from run %s. Nothing in this page is fetched from anywhere and "
	     "no script is in it.</p>\n"
	     "</footer>\n</body>\n</html>\n", storsync_version, data->run.run_id);
	csv_table_fini(&page.env);
	run_journal_fini(&page.journal);
	return 0;
}
