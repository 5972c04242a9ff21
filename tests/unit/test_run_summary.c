/* SPDX-License-Identifier: MIT */
/*
 * summary.csv read by any number of threads, in parts of any size, is what one thread reads from its first row to its last; and what is
 * said of a bad one is the same.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/files/schema.h"
#include "bench/run_data/building.h"
#include "bench/run_data/pieces.h"
#include "bench/run_data/run_summary.h"
#include "bench/run_data/texts.h"
#include "tests/unit/run_fixture.h"
#include "tests/unit/temp_folder.h"

#define RUN_ID "20240501T120000Z-0000002A"

enum { CELLS = 60, INVOCATIONS = 6, ROWS = CELLS * INVOCATIONS };

/* What a row of the file made below says; NULL: what the others say. */
struct odd {
	int row;
	const char *column, *value;
};

static char directory[TEMP_FOLDER_BYTES];

static int make_directory(void **state)
{
	if (temp_folder_make(directory) || temp_folder_remove(directory))
		return -1;
	fixture_make(directory, &(struct fixture){ 0 });
	fixture_edit(directory, "run.json", "\"invocations\": 3", "\"invocations\": 180");
	return 0;
}

static int remove_directory(void **state)
{
	return temp_folder_remove(directory);
}

static void put_value(FILE *out, const char *name, int block, int cell)
{
	if (strcmp(name, "run_id") == 0)
		fputs(RUN_ID, out);
	else if (strcmp(name, "cell_id") == 0)
		fprintf(out, "%016d", cell);
	else if (strcmp(name, "invocation") == 0 || strcmp(name, "block") == 0)
		fprintf(out, "%d", block);
	else if (strcmp(name, "section_ns") == 0)
		fprintf(out, "%d", cell * 7 % CELLS);
	else if (strcmp(name, "status") == 0)
		fputs("ok", out);
	else if (strcmp(name, "gate_codes") == 0)
		fputs(cell % 3 ? "gaps" : cell % 2 ? "" : "gaps migrated", out);
	else if (strcmp(name, "iops") == 0)
		fprintf(out, "%d.25", 10 * cell + block);
}

static void put_row(FILE *out, int row, const struct odd *odd, size_t odds)
{
	int block = row / CELLS + 1;
	int cell = (row * 37 + block) % CELLS;

	for (size_t column = 0; column < schema_summary.count; column++) {
		const char *name = schema_summary.columns[column].name;
		const char *value = NULL;

		for (size_t i = 0; i < odds; i++)
			value = odd[i].row == row && strcmp(odd[i].column, name) == 0 ? odd[i].value : value;
		fputs(column ? "," : "2", out);
		if (value)
			fputs(value, out);
		else
			put_value(out, name, block, cell);
	}
	fputc('\n', out);
}

static void put_file(const struct odd *odd, size_t odds)
{
	char *text;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	for (size_t column = 0; column < schema_summary.count; column++)
		fprintf(out, "%s%s", column ? "," : "", schema_summary.columns[column].name);
	fputc('\n', out);
	for (int row = 0; row < ROWS; row++)
		put_row(out, row, odd, odds);
	fclose(out);
	fixture_put(directory, "summary.csv", text);
	free(text);
}

static void say_data(FILE *out, const struct run_data *data)
{
	for (size_t c = 0; c < data->cells; c++) {
		fprintf(out, "%s", data->cell[c].cell_id);
		for (unsigned k = 0; k < RUN_KEY_COUNT; k++)
			fprintf(out, ",%s", data->cell[c].key[k]);
		fputc('\n', out);
	}
	for (size_t r = 0; r < data->rows; r++) {
		const struct run_row *row = &data->row[r];

		fprintf(out, "%u %u %llu %s '%s' '%s'", row->cell, row->invocation, (unsigned long long)row->block, row->status, row->reason,
			row->gate_codes);
		for (size_t f = 0; f < data->figures; f++)
			fprintf(out, " %a", run_data_value(data, r, f));
		fputc('\n', out);
	}
}

/* All that was read, or what was said: to be freed. */
static char *read_by(uint64_t part_bytes, size_t workers)
{
	const struct figure *wanted[] = { figure_find("iops"), figure_find("isr_latency_p50") };
	struct run_data data = { .figures = 2, .figure = wanted, .path = directory };
	char error[RUN_DATA_ERROR_BYTES] = "";
	struct run_folder folder;
	struct building b;
	size_t bytes;
	char *text;
	FILE *out = open_memstream(&text, &bytes);
	int err;

	if (run_folder_open(&folder, directory, error))
		fail_msg("%s", error);
	folder.expected = ROWS;
	assert_int_equal(building_init(&b, &data, "A", error), 0);
	err = run_summary_read_by(&b, &folder, part_bytes, workers);
	if (err)
		fprintf(out, "%d %s", err, error);
	else
		say_data(out, &data);
	fclose(out);
	building_fini(&b);
	run_folder_fini(&folder);
	texts_free(data.texts);
	free(data.cell);
	free(data.row);
	free(data.value);
	return text;
}

/* Returns what one thread reads; to be freed. */
static char *expect_same(void)
{
	static const uint64_t parts[] = { 1, 50, 333, 800, 5000, 40000, 1000000 };
	char *serial = read_by(UINT64_MAX, 1);

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		for (size_t workers = 1; workers <= PIECES_WORKERS_MAX; workers += workers < 3 ? 1 : 5) {
			char *text = read_by(parts[i], workers);

			if (strcmp(text, serial))
				fail_msg("%zu workers, parts of %llu:\n%.300s\nnot\n%.300s", workers, (unsigned long long)parts[i], text, serial);
			free(text);
		}
	}
	return serial;
}

static void expect_message(const struct odd *odd, size_t odds, const char *message)
{
	char *text;

	put_file(odd, odds);
	text = expect_same();
	if (!strstr(text, message))
		fail_msg("'%.200s' has no '%s'", text, message);
	free(text);
}

static size_t lines_of(const char *text)
{
	size_t lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

static void parts_make_no_difference(void **state)
{
	char *text;

	put_file(NULL, 0);
	text = expect_same();
	assert_int_equal(lines_of(text), CELLS + ROWS);
	assert_non_null(strstr(text, "gaps migrated"));
	free(text);
}

/* Line ends within quotes may be where a part begins. */
static void quotes_make_no_difference(void **state)
{
	static const struct odd odd[] = {
		{ 10, "status_reason", "\"a\nb\nc\"" }, { 11, "status_reason", "\"2,3\n2," RUN_ID ",\n\n\"" }, { 50, "service_time", "\"5us\"" },
		{ 200, "service_time", "\"a,\nb\"" }, { 359, "status_reason", "\"\n\n\"" },
	};
	char *text;

	put_file(odd, sizeof(odd) / sizeof(odd[0]));
	text = expect_same();
	/* Texts with line ends in them, and two cells more. */
	assert_int_equal(lines_of(text), CELLS + 2 + ROWS + 2 + 3 + 1 + 2);
	free(text);
}

/* A row that is whole rows within quotes: whoever begins within reads rows that are all right, and not there. */
static void rows_within_quotes_are_none(void **state)
{
	struct odd odd = { 100, "status_reason", NULL };
	char *inner, *quoted, *text;
	size_t bytes;
	FILE *out = open_memstream(&inner, &bytes);

	for (int i = 0; i < 40; i++)
		put_row(out, i, NULL, 0);
	fclose(out);
	assert_true(asprintf(&quoted, "\"\n%s\"", inner) > 0);
	odd.value = quoted;
	put_file(&odd, 1);
	text = expect_same();
	assert_int_equal(lines_of(text), CELLS + ROWS + 41);
	free(inner);
	free(quoted);
	free(text);
}

/*
 * Two rows with quoted texts: from within the first text to within the second, all that is out of quotes is in them, and the other way
 * round, makes one row that is all right. Who begins there is done with it behind the part's end, and who comes next begins right again:
 * nothing but where the parts begin and end tells.
 */
static void a_part_begins_where_the_one_before_ended(void **state)
{
	struct odd odd[] = { { 0, "status_reason", NULL }, { 1, "status_reason", NULL } };
	char *row, *rest, *first, *second, *file, *serial, *text;
	size_t bytes, begin, quote_end;
	FILE *out = open_memstream(&row, &bytes);

	put_row(out, 3, NULL, 0);
	fclose(out);
	rest = strstr(row, ",ok,") + strlen(",ok,");
	assert_true(asprintf(&first, "\"%03000d\n%.*s\"", 0, (int)(rest - row), row) > 0);
	assert_true(asprintf(&second, "\"%s\"", rest) > 0);
	odd[0].value = first;
	odd[1].value = second;
	put_file(odd, 2);
	file = fixture_get(directory, "summary.csv");
	begin = (size_t)(strchr(file, '\n') - file) + 1;
	quote_end = (size_t)(strstr(file, first) - file) + strlen(first);
	serial = read_by(UINT64_MAX, 1);
	assert_int_equal(lines_of(serial), CELLS + ROWS + 2);
	/* The second part begins within the first text, the third one in the rest of its row. */
	text = read_by((quote_end - begin) / 2 + 40, 2);
	assert_string_equal(text, serial);
	free(text);
	free(serial);
	free(file);
	free(second);
	free(first);
	free(row);
}

/* Whichever thread comes upon it, and though there are more of them. */
static void the_first_error_is_told(void **state)
{
	static const struct odd odd[] = {
		{ 20, "status_reason", "\"a\nb\"" }, { 150, "iops", "x" }, { 151, "iops", "y" }, { 300, "status", "fine" },
		{ 340, "iops", "1,2" },
	};

	expect_message(odd, 5, "summary.csv:153: column 'iops' is 'x', not a number");
	expect_message(odd + 3, 2, "summary.csv:302: column 'status' is 'fine'");
	expect_message(odd + 4, 1, "summary.csv:342: ");
}

static void rows_that_are_there_twice_are_told(void **state)
{
	static const struct odd odd[] = { { 130, "invocation", "6" }, { 20, "status_reason", "\"a\nb\"" } };

	expect_message(odd, 2, "is there twice, in line ");
}

/* Where ids differ in one cell, the file's first is the cell's. */
static void the_first_id_is_the_cells(void **state)
{
	static const struct odd odd[] = { { 0, "cell_id", "first" }, { 359, "cell_id", "last" } };
	char *text;

	put_file(odd, 2);
	text = expect_same();
	assert_non_null(strstr(text, "first,"));
	assert_null(strstr(text, "last,"));
	free(text);
}

static void a_torn_end_is_seen(void **state)
{
	char *text, *said;

	put_file(NULL, 0);
	text = fixture_get(directory, "summary.csv");
	text[strlen(text) - 1] = '\0';
	fixture_put(directory, "summary.csv", text);
	said = expect_same();
	assert_non_null(strstr(said, "summary.csv:361: the last line is torn"));
	free(said);
	*strchr(text, '\n') = '\0';
	strcat(text, "\n");
	fixture_put(directory, "summary.csv", text);
	said = expect_same();
	assert_non_null(strstr(said, "summary.csv has no rows"));
	free(said);
	free(text);
}

struct counted {
	_Atomic int times[1000];
	_Atomic int all;
	size_t stop_at;
};

static bool count_piece(void *context, size_t worker, size_t piece)
{
	struct counted *counted = context;

	assert_true(worker < PIECES_WORKERS_MAX);
	atomic_fetch_add_explicit(&counted->times[piece], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&counted->all, 1, memory_order_relaxed);
	return piece != counted->stop_at;
}

static void every_piece_is_done_once(void **state)
{
	for (size_t workers = 1; workers <= 20; workers += 3) {
		struct counted counted = { .stop_at = SIZE_MAX };

		pieces_run(1000, workers, count_piece, &counted);
		for (size_t i = 0; i < 1000; i++)
			assert_int_equal(counted.times[i], 1);
	}
	for (size_t i = 0; i < 5; i++) {
		struct counted counted = { .stop_at = 100 };

		pieces_run(1000, 1, count_piece, &counted);
		assert_int_equal(counted.all, 101);
	}
	assert_in_range(pieces_workers(), 1, PIECES_WORKERS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_make_no_difference),
		cmocka_unit_test(quotes_make_no_difference),
		cmocka_unit_test(rows_within_quotes_are_none),
		cmocka_unit_test(a_part_begins_where_the_one_before_ended),
		cmocka_unit_test(the_first_error_is_told),
		cmocka_unit_test(rows_that_are_there_twice_are_told),
		cmocka_unit_test(the_first_id_is_the_cells),
		cmocka_unit_test(a_torn_end_is_seen),
		cmocka_unit_test(every_piece_is_done_once),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
