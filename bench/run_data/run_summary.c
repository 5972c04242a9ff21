/* SPDX-License-Identifier: MIT */
/*
 * Reading summary.csv; see run_summary.h. The file is cut into parts, which threads read each for itself. Where the cuts lie must be
 * guessed, as a line's end within quotes ends no row; whether the guesses were right is seen once the parts before were read. If one
 * was not, or anything at all is wrong with the file, one thread reads it once more from the first row on, and what that
 * one finds is what counts: so what is said of a bad file is the first thing that is bad about it, with its line.
 */
#include "bench/run_data/run_summary.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/run_data/pieces.h"
#include "bench/run_data/summary.h"

/* Large against a row, small against what a thread reads in a moment. */
#define PART_BYTES (4u << 20)

/* What became of a part. */
struct part {
	uint64_t begin, end; /* where its first row began, and where the one behind its last does */
	size_t reader;
	size_t first, rows; /* of that reader's */
	bool is_read;
};

struct parting {
	struct summary *s;
	struct summary_reader *reader;
	struct part *part;
	size_t parts;
	uint64_t first, bytes; /* where the parts begin, and how large they are */
};

static int open_reader(struct summary_reader *reader, struct summary *s)
{
	reader->summary = s;
	reader->rows.figures = s->b->data->figures;
	return csv_scan_open_part(&reader->scan, &s->scan);
}

static void close_reader(struct summary_reader *reader)
{
	csv_scan_close(&reader->scan);
	building_rows_fini(&reader->rows);
	signatures_row_fini(&reader->row);
}

/* 0, or what csv_scan_next() and summary_read_row() say, with one line in reader->error. */
static int read_rows(struct summary_reader *reader)
{
	int got;

	while ((got = csv_scan_next(&reader->scan, reader->error, sizeof(reader->error))) == 1) {
		int err;

		if (reader->rows.rows == BUILDING_ROWS_MAX)
			return summary_refuse(reader->summary, reader->scan.line, reader->error, "more than %" PRIu32 " rows", BUILDING_ROWS_MAX);
		err = summary_read_row(reader);
		if (err)
			return err;
	}
	return got;
}

static bool read_part(void *context, size_t worker, size_t piece)
{
	struct parting *p = context;
	struct summary_reader *reader = &p->reader[worker];
	struct part *part = &p->part[piece];
	uint64_t begin = p->first + piece * p->bytes;
	uint64_t end = piece + 1 < p->parts ? begin + p->bytes : UINT64_MAX;

	if (csv_scan_aim(&reader->scan, begin, end, reader->error, sizeof(reader->error)))
		return false;
	part->begin = csv_scan_offset(&reader->scan);
	part->reader = worker;
	part->first = reader->rows.rows;
	if (read_rows(reader))
		return false;
	part->rows = reader->rows.rows - part->first;
	part->end = csv_scan_offset(&reader->scan);
	part->is_read = true;
	return true;
}

/* Whether all is well, and rows have begun where the parts did. */
static bool is_sound(const struct parting *p)
{
	uint64_t at = p->first;
	uint64_t rows = 0;

	for (size_t i = 0; i < p->parts; i++) {
		if (!p->part[i].is_read || p->part[i].begin != at)
			return false;
		at = p->part[i].end;
		rows += p->part[i].rows;
	}
	return rows && rows <= BUILDING_ROWS_MAX && !p->s->ambiguous;
}

/* Lines are not kept: they are looked for again when one is to be told. */
static int refuse_twice(struct summary *s, const struct building_twice *twice)
{
	const char *cell_id = s->b->data->cell[twice->cell].cell_id;
	char error[RUN_DATA_ERROR_BYTES];
	struct csv_scan scan;
	size_t first = 0, second = 0;

	if (csv_scan_open(&scan, s->path, 0, error, sizeof(error)))
		return building_fails(s->b, -EINVAL, "invocation %" PRIu32 " of cell %s is there twice", twice->invocation, cell_id);
	for (size_t i = 0; i <= twice->second && csv_scan_next(&scan, error, sizeof(error)) == 1; i++) {
		first = i == twice->first ? scan.line : first;
		second = scan.line;
	}
	csv_scan_close(&scan);
	return summary_refuse(s, second, s->b->error, "invocation %" PRIu32 " of cell %s is there twice, in line %zu too", twice->invocation,
			      cell_id, first);
}

static int finish(struct summary *s, const struct building_slice *slice, size_t slices, uint64_t invocations)
{
	struct building_twice twice;
	int err = building_finish(s->b, slice, slices, &twice);

	if (err)
		return err == -EEXIST ? refuse_twice(s, &twice) : building_fails(s->b, -ENOMEM, "out of memory");
	return run_folder_check_count(s->folder, invocations, s->b->error);
}

static int finish_parts(const struct parting *p, size_t workers)
{
	struct building_slice *slice = calloc(p->parts, sizeof(*slice));
	uint64_t invocations = 0;
	int err;

	if (!slice)
		return building_fails(p->s->b, -ENOMEM, "out of memory");
	for (size_t i = 0; i < p->parts; i++) {
		const struct part *part = &p->part[i];
		const struct building_rows *rows = &p->reader[part->reader].rows;

		slice[i] = (struct building_slice){
			.row = rows->row + part->first, .value = rows->value + part->first * rows->figures, .rows = part->rows,
		};
	}
	for (size_t i = 0; i < workers; i++)
		invocations += p->reader[i].invocations;
	err = finish(p->s, slice, p->parts, invocations);
	free(slice);
	return err;
}

/* -EAGAIN: something is not as it should be, which who reads row by row will find. */
static int read_in_parts(struct summary *s, uint64_t part_bytes, size_t workers)
{
	uint64_t first = csv_scan_offset(&s->scan), bytes = csv_scan_file_bytes(&s->scan);
	size_t parts = bytes > first ? (size_t)((bytes - first - 1) / part_bytes) + 1 : 0;
	struct parting p = { .s = s, .parts = parts, .first = first, .bytes = part_bytes };
	size_t opened = 0;
	int err = -EAGAIN;

	workers = workers < parts ? workers : parts;
	if (workers < 2)
		return -EAGAIN;
	p.reader = calloc(workers, sizeof(*p.reader));
	p.part = calloc(parts, sizeof(*p.part));
	while (p.reader && p.part && opened < workers && open_reader(&p.reader[opened], s) == 0)
		opened++;
	if (opened) {
		pieces_run(parts, opened, read_part, &p);
		if (is_sound(&p))
			err = finish_parts(&p, opened);
	}
	for (size_t i = 0; i < opened; i++)
		close_reader(&p.reader[i]);
	free(p.reader);
	free(p.part);
	return err;
}

/* The whole file as one part. */
static int read_serially(struct summary *s)
{
	struct summary_reader *reader = calloc(1, sizeof(*reader));
	int err;

	if (!reader)
		return building_fails(s->b, -ENOMEM, "out of memory");
	reader->summary = s;
	reader->rows.figures = s->b->data->figures;
	reader->scan = s->scan;
	err = read_rows(reader);
	s->scan = reader->scan;
	reader->scan.state = NULL;
	if (err)
		memcpy(s->b->error, reader->error, sizeof(reader->error));
	else if (!reader->rows.rows)
		err = building_fails(s->b, -ENODATA, "summary.csv has no rows, so there is nothing to be used");
	else
		err = finish(s, &(struct building_slice){ reader->rows.row, reader->rows.value, reader->rows.rows }, 1, reader->invocations);
	close_reader(reader);
	free(reader);
	return err;
}

static int read_file(struct summary *s, uint64_t part_bytes, size_t workers)
{
	int err = summary_find_columns(s, s->b->error);

	if (err)
		return err;
	if (summary_begin(s))
		return building_fails(s->b, -ENOMEM, "out of memory");
	err = read_in_parts(s, part_bytes, workers);
	if (err != -EAGAIN)
		return err;
	signatures_clear(&s->signatures);
	if (building_restart(s->b) || summary_begin(s))
		return building_fails(s->b, -ENOMEM, "out of memory");
	return read_serially(s);
}

int run_summary_read_by(struct building *b, const struct run_folder *folder, uint64_t part_bytes, size_t workers)
{
	struct summary s = { .b = b, .folder = folder, .lock = PTHREAD_MUTEX_INITIALIZER };
	int err;

	snprintf(s.path, sizeof(s.path), "%s/summary.csv", folder->directory);
	err = csv_scan_open(&s.scan, s.path, 0, b->error, RUN_DATA_ERROR_BYTES);
	if (err == -ENOENT)
		err = building_fails(b, -EINVAL, "no summary.csv there, though the run is complete");
	else if (!err)
		err = read_file(&s, part_bytes, workers);
	csv_scan_close(&s.scan);
	signatures_clear(&s.signatures);
	summary_forget_columns(&s);
	return err == -EBADMSG ? -EINVAL : err;
}

int run_summary_read(struct building *b, const struct run_folder *folder)
{
	return run_summary_read_by(b, folder, PART_BYTES, pieces_workers());
}
