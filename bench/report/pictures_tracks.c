/* SPDX-License-Identifier: MIT */
/* ISR latencies in the order of time; see pictures_tracks.h. */
#include "bench/report/pictures_tracks.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/files/csv_rows.h"
#include "bench/files/schema.h"

static const enum report_figure figure[TRACK_FIGURES] = { REPORT_ISR_P50, REPORT_ISR_P99 };

static int add_value(struct track *track, size_t at, size_t f, double value)
{
	struct place *place;

	if (at >= track->places) {
		place = realloc(track->place, (at + 1) * sizeof(*place));
		if (!place)
			return -ENOMEM;
		memset(place + track->places, 0, (at + 1 - track->places) * sizeof(*place));
		track->place = place;
		track->places = at + 1;
	}
	place = &track->place[at];
	if (place->n[f] == place->room[f]) {
		size_t room = 2 * place->room[f] + 8;
		double *more = realloc(place->value[f], room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		place->value[f] = more;
		place->room[f] = room;
	}
	place->value[f][place->n[f]++] = value;
	return 0;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double track_median(const struct track *track, size_t at, size_t f)
{
	const struct place *place = at < track->places ? &track->place[at] : NULL;
	size_t n = place ? place->n[f] : 0;

	if (!n)
		return NAN;
	qsort(place->value[f], n, sizeof(double), by_size);
	return n % 2 ? place->value[f][n / 2] : (place->value[f][n / 2 - 1] + place->value[f][n / 2]) / 2;
}

void tracks_clear(struct tracks *tracks)
{
	for (size_t i = 0; i < tracks->count; i++) {
		for (size_t p = 0; p < tracks->track[i].places; p++) {
			for (size_t f = 0; f < TRACK_FIGURES; f++)
				free(tracks->track[i].place[p].value[f]);
		}
		free(tracks->track[i].place);
		tracks->track[i].place = NULL;
		tracks->track[i].places = 0;
	}
}

static struct track *track_of(const struct view *view, const struct tracks *tracks, const char *cell_id)
{
	for (size_t i = 0; i < tracks->count; i++) {
		if (strcmp(view->data->run.cell[tracks->track[i].cell].cell_id, cell_id) == 0)
			return &tracks->track[i];
	}
	return NULL;
}

static bool ended_well(const struct run_data *run, uint32_t cell, uint64_t invocation)
{
	size_t first, last = run_data_rows_of(run, cell, &first);

	for (size_t row = first; row < last; row++) {
		if (run->row[row].invocation == invocation && strcmp(run->row[row].status, "ok") == 0)
			return true;
	}
	return false;
}

static const char *field(const struct csv_rows *rows, const char *column)
{
	return rows->field[csv_column_index(&schema_windows, column)];
}

/* A row of windows.csv, into the place `together` windows share. */
static int add_window(const struct view *view, struct tracks *tracks, const struct csv_rows *rows, size_t together, size_t *longest)
{
	static const char *const column[TRACK_FIGURES] = { "isr_latency_p50_ns", "isr_latency_p99_ns" };
	struct track *track = track_of(view, tracks, field(rows, "cell_id"));
	size_t window = strtoull(field(rows, "window"), NULL, 10);

	if (!track || !ended_well(&view->data->run, track->cell, strtoull(field(rows, "invocation"), NULL, 10)))
		return 0;
	*longest = window + 1 > *longest ? window + 1 : *longest;
	for (size_t f = 0; f < TRACK_FIGURES && together; f++) {
		const char *text = field(rows, column[f]);
		int status = *text ? add_value(track, window / together, f, strtod(text, NULL)) : 0;

		if (status)
			return status;
	}
	return 0;
}

int tracks_read_windows(const struct view *view, struct tracks *tracks, size_t together, size_t *longest, struct drawing *d)
{
	char path[4096], line[256] = "windows.csv: the name is too long";
	struct csv_rows rows;
	int got = -ENAMETOOLONG;

	*longest = 0;
	if ((size_t)snprintf(path, sizeof(path), "%s/windows.csv", view->data->path) < sizeof(path))
		got = csv_rows_open(&rows, path, line, sizeof(line));
	if (got)
		return drawing_fail(d, got, line);
	got = csv_rows_next(&rows, line, sizeof(line));
	if (got == 1 && !csv_rows_are_header(&rows, &schema_windows)) {
		snprintf(line, sizeof(line), "windows.csv:1: not the header of this version");
		got = -EBADMSG;
	}
	while (got == 1 && (got = csv_rows_next(&rows, line, sizeof(line))) == 1) {
		int status = add_window(view, tracks, &rows, together, longest);

		got = status ? status : 1;
	}
	csv_rows_close(&rows);
	return got ? drawing_fail(d, got, line) : 0;
}

/* By block: which invocation of the cell it was, in the order in which the run went. */
int tracks_take_invocations(const struct view *view, struct tracks *tracks)
{
	const struct run_data *run = &view->data->run;

	for (size_t i = 0; i < tracks->count; i++) {
		size_t first, last = run_data_rows_of(run, tracks->track[i].cell, &first);

		for (size_t row = first; row < last; row++) {
			uint64_t at = run->row[row].block ? run->row[row].block : run->row[row].invocation;

			for (size_t f = 0; f < TRACK_FIGURES && at && at < 100000; f++) {
				double value = run_data_value(run, row, figure[f]);

				if (!isnan(value) && add_value(&tracks->track[i], at - 1, f, value))
					return -ENOMEM;
			}
		}
	}
	return 0;
}

int tracks_init(const struct view *view, struct tracks *tracks)
{
	const struct view_group *group = &view->group[view->main];

	*tracks = (struct tracks){ .count = group->cells, .track = calloc(group->cells, sizeof(*tracks->track)) };
	for (size_t i = 0; tracks->track && i < group->cells; i++)
		tracks->track[i] = (struct track){ .backend = view_backend(view, group->cell[i]), .cell = group->cell[i] };
	return tracks->track ? 0 : -ENOMEM;
}
