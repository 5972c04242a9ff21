/* SPDX-License-Identifier: MIT */
/* Counting causes; see causes.h. */
#define _GNU_SOURCE
#include "bench/explain/causes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/files/csv_rows.h"
#include "bench/files/schema.h"

enum explain_cause causes_find(const char *text)
{
	static const struct {
		const char *begin;
		enum explain_cause cause;
	} causes[] = {
		{ "gap on CPU ", CAUSE_GAP },
		{ "masked by its own section", CAUSE_OWN_SECTION },
		{ "masked", CAUSE_MASKED },
		{ "lock held by CPU ", CAUSE_HELD },
		{ "device late", CAUSE_DEVICE },
		{ "delivery", CAUSE_DELIVERY },
		{ "undecided", CAUSE_UNDECIDED },
	};

	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		if (strncmp(text, causes[i].begin, strlen(causes[i].begin)) == 0)
			return causes[i].cause;
	}
	return CAUSE_COUNT;
}

/* The only cell of that id; `cells` when there is none, or more. */
static size_t cell_of(const struct run_data *data, const char *cell_id)
{
	size_t found = data->cells;

	for (size_t i = 0; i < data->cells; i++) {
		if (strcmp(data->cell[i].cell_id, cell_id) != 0)
			continue;
		if (found != data->cells)
			return data->cells;
		found = i;
	}
	return found;
}

static bool is_ok(const struct run_data *data, size_t cell, uint32_t invocation)
{
	size_t first;
	size_t end = run_data_rows_of(data, cell, &first);

	for (size_t i = first; i < end; i++) {
		if (data->row[i].invocation == invocation)
			return strcmp(data->row[i].status, "ok") == 0;
	}
	return false;
}

static int count_rows(struct causes *causes, const struct run_data *data, struct csv_rows *csv, char *error)
{
	size_t id = csv_column_index(&schema_events, "cell_id");
	size_t invocation = csv_column_index(&schema_events, "invocation");
	size_t metric = csv_column_index(&schema_events, "metric");
	size_t cause = csv_column_index(&schema_events, "cause");
	char last[64] = "";
	size_t cell = data->cells;
	int got = csv_rows_next(csv, error, RUN_DATA_ERROR_BYTES);

	if (got == 1 && !csv_rows_are_header_of_any_age(csv, &schema_events)) {
		snprintf(error, RUN_DATA_ERROR_BYTES, "%s/events.csv: not the columns of events.csv of this version", data->path);
		return -EINVAL;
	}
	while (got == 1 && (got = csv_rows_next(csv, error, RUN_DATA_ERROR_BYTES)) == 1) {
		enum explain_cause found = causes_find(csv->field[cause]);
		unsigned event = strcmp(csv->field[metric], "sync_wait") == 0 ? EVENT_CALL : EVENT_ISR;

		/* Rows of an invocation follow each other. */
		if (strcmp(last, csv->field[id]) != 0) {
			snprintf(last, sizeof(last), "%s", csv->field[id]);
			cell = cell_of(data, last);
		}
		if (found != CAUSE_COUNT && cell != data->cells &&
		    is_ok(data, cell, (uint32_t)strtoul(csv->field[invocation], NULL, 10)))
			causes->events[cell][event][found]++;
	}
	return got < 0 ? got == -EBADMSG ? -EINVAL : got : 0;
}

int causes_read(struct causes *causes, const struct run_data *data, char *error)
{
	struct csv_rows csv;
	struct stat about;
	char *path = NULL;
	int status;

	causes->events = calloc(data->cells + 1, sizeof(*causes->events));
	if (!causes->events || asprintf(&path, "%s/events.csv", data->path) < 0) {
		free(causes->events);
		snprintf(error, RUN_DATA_ERROR_BYTES, "%s: out of memory", data->path);
		return -ENOMEM;
	}
	/* A summary.csv by itself has none beside it. */
	if (stat(data->path, &about) || !S_ISDIR(about.st_mode)) {
		free(path);
		return 0;
	}
	status = csv_rows_open(&csv, path, error, RUN_DATA_ERROR_BYTES);
	if (!status) {
		status = count_rows(causes, data, &csv, error);
		csv_rows_close(&csv);
	} else if (status == -ENOENT) {
		status = 0;
	}
	free(path);
	if (status)
		causes_fini(causes);
	return status;
}

void causes_fini(struct causes *causes)
{
	free(causes->events);
	causes->events = NULL;
}
