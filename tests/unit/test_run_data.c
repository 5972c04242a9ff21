/* SPDX-License-Identifier: MIT */
/* Figures, keys, and a run's folder or a Google Benchmark file read back; what cannot be trusted is refused with its place. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/files/schema.h"
#include "bench/run_data/outline.h"
#include "bench/run_data/run_data.h"
#include "tests/unit/run_fixture.h"
#include "tests/unit/temp_folder.h"

#define RUN_ID "20240501T120000Z-0000002A"

static char directory[80], base[TEMP_FOLDER_BYTES];

static int make_base(void **state)
{
	if (temp_folder_make(base))
		return -1;
	snprintf(directory, sizeof(directory), "%s/run", base);
	return 0;
}

static int remove_base(void **state)
{
	return temp_folder_remove(base);
}

static int remove_run(void **state)
{
	temp_folder_remove(directory);
	return 0;
}

static void make(void)
{
	fixture_make(directory, &(struct fixture){ 0 });
}

static const char *path_of(const char *file)
{
	static char path[200];

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	return path;
}

static void load_from(struct run_data *data, const char *path)
{
	const struct figure *const figures_wanted[] = { figure_find("isr_latency_p50"), figure_find("iops"), figure_find("isr_latency_p99"),
							figure_find("handoffs_per_acquisition"), figure_find("real_time") };
	char error[RUN_DATA_ERROR_BYTES];

	if (run_data_load(data, path, "A", figures_wanted, 5, error))
		fail_msg("%s", error);
}

static void load(struct run_data *data)
{
	load_from(data, directory);
}

/* One line that begins with the path of `file`, and has `message` in it. */
static void expect_refused_from(const char *path, const char *file, int expected, const char *message)
{
	const struct figure *const figures_wanted[] = { figure_find("iops"), figure_find("isr_latency_p50"),
							figure_find("handoffs_per_acquisition"), figure_find("real_time") };
	char error[RUN_DATA_ERROR_BYTES] = "";
	struct run_data data;
	int got = run_data_load(&data, path, "A", figures_wanted, 4, error);

	if (!got)
		run_data_fini(&data);
	if (got != expected || !strstr(error, message) || strncmp(error, file, strlen(file)) || strchr(error, '\n'))
		fail_msg("%d '%s', not %d '%s ... %s'", got, error, expected, file, message);
	assert_null(data.row);
	assert_null(data.path);
}

static void expect_refused(const char *file, int expected, const char *message)
{
	char path[200];

	snprintf(path, sizeof(path), "%s%s%s", directory, *file ? "/" : "", file);
	expect_refused_from(directory, path, expected, message);
}

static void test_figures_are_columns(void **state)
{
	for (size_t i = 0; i < figure_count; i++) {
		assert_ptr_equal(figure_find(figures[i].name), &figures[i]);
		/* Google Benchmark's are the last four. */
		if (i + 4 < figure_count)
			assert_true(csv_column_index(&schema_summary, figures[i].column) != CSV_NO_COLUMN);
	}
	assert_ptr_equal(figure_find("isr_latency_p50_ns"), figure_find("isr_latency_p50"));
	assert_null(figure_find("isr_latency"));
}

static void test_keys_are_columns(void **state)
{
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		assert_int_equal(run_key_find(run_key_name((enum run_key)k)), k);
		if (k != RUN_KEY_BENCHMARK && k != RUN_KEY_RUN)
			assert_true(csv_column_index(&schema_summary, run_key_name((enum run_key)k)) != CSV_NO_COLUMN);
	}
	assert_int_equal(run_key_find("nothing"), RUN_KEY_COUNT);
}

static void test_values_have_an_order(void **state)
{
	assert_true(run_key_compare(RUN_KEY_CPUS, "9", "10") < 0);
	assert_true(run_key_compare(RUN_KEY_BACKEND, "spinlock", "mcs") < 0);
	assert_true(run_key_compare(RUN_KEY_BACKEND, "spinlock", "aaa") < 0);
	assert_int_equal(run_key_compare(RUN_KEY_DELIVERY, "poll", "poll"), 0);
	assert_true(run_key_compare(RUN_KEY_DELIVERY, "", "poll") < 0);
}

static void test_a_run_is_read(void **state)
{
	static const char *const backends[] = { "spinlock", "ticket", "mcs" };
	struct run_data data;
	size_t first;

	make();
	load(&data);
	assert_int_equal(data.kind, RUN_DATA_STORSYNC);
	assert_string_equal(data.run_id, RUN_ID);
	assert_string_equal(data.path, directory);
	assert_int_equal(data.cells, 3);
	assert_int_equal(data.rows, 7);
	assert_int_equal(data.figures, 5);
	for (size_t c = 0; c < 3; c++) {
		assert_string_equal(data.cell[c].key[RUN_KEY_BACKEND], backends[c]);
		assert_string_equal(data.cell[c].key[RUN_KEY_RUN], "A");
		assert_string_equal(data.cell[c].key[RUN_KEY_HOST_ID], "here");
		assert_string_equal(data.cell[c].key[RUN_KEY_BENCHMARK], "");
		assert_string_equal(data.cell[c].key[RUN_KEY_CPUS], "2");
		assert_int_equal(run_data_rows_of(&data, c, &first), c == 2 ? 7 : 3 * (c + 1));
		assert_int_equal(first, 3 * c);
	}
	assert_string_equal(data.cell[0].cell_id, FIXTURE_FIRST);
	for (size_t r = 0; r < 6; r++) {
		assert_int_equal(data.row[r].block, r % 3 + 1);
		assert_int_equal(data.row[r].invocation, r % 3 + 1);
		assert_string_equal(data.row[r].status, "ok");
		assert_string_equal(data.row[r].gate_codes, "");
		assert_true(run_data_value(&data, r, 0) == 104);
		assert_true(run_data_value(&data, r, 1) == 12345.5);
		assert_true(isnan(run_data_value(&data, r, 2)));
		assert_true(isnan(run_data_value(&data, r, 3)));
		assert_true(isnan(run_data_value(&data, r, 4)));
	}
	assert_string_equal(data.row[6].status, "skipped");
	assert_int_equal(data.row[6].block, 0);
	assert_true(run_data_differs(&data, RUN_KEY_BACKEND));
	assert_false(run_data_differs(&data, RUN_KEY_HOST_ID));
	run_data_fini(&data);
	/* The same by the file's name. */
	load_from(&data, path_of("summary.csv"));
	assert_int_equal(data.rows, 7);
	run_data_fini(&data);
}

/* Position of a column's field in a line. */
static char *field_of(char *line, const char *column)
{
	for (size_t at = csv_column_index(&schema_summary, column); at; at--)
		line = strchr(line, ',') + 1;
	return line;
}

/* Sets a column of line `number`, counted from 1, of summary.csv. */
static void set(size_t number, const char *column, const char *value)
{
	char *text = fixture_get(directory, "summary.csv");
	char *line = text;
	char *field, *edited;

	while (--number)
		line = strchr(line, '\n') + 1;
	field = field_of(line, column);
	assert_true(asprintf(&edited, "%.*s%s%s", (int)(field - text), text, value, field + strcspn(field, ",\n")) > 0);
	fixture_put(directory, "summary.csv", edited);
	free(edited);
	free(text);
}

static void test_values(void **state)
{
	struct run_data data;

	make();
	/* Lines 3, 5, 7 are the first cell's. */
	set(3, "handoffs", "3");
	set(3, "acquisitions", "4");
	set(5, "handoffs", "3");
	set(5, "acquisitions", "0");
	set(5, "iops", "");
	/* What stands behind a comma in quotes cannot be set any more. */
	set(7, "gate_codes", "gaps migrated");
	set(7, "status_reason", "\"a \"\"reason\"\", and more\"");
	set(7, "status", "violated");
	load(&data);
	assert_true(run_data_value(&data, 0, 3) == 0.75);
	assert_true(isnan(run_data_value(&data, 1, 3)));
	assert_true(isnan(run_data_value(&data, 1, 1)));
	assert_true(run_data_value(&data, 1, 0) == 104);
	assert_string_equal(data.row[2].status, "violated");
	assert_string_equal(data.row[2].reason, "a \"reason\", and more");
	assert_string_equal(data.row[2].gate_codes, "gaps migrated");
	assert_int_equal(data.row[2].cell, 0);
	for (size_t f = 0; f < 5; f++)
		assert_true(isnan(run_data_value(&data, 2, f)));
	run_data_fini(&data);
}

/* Whatever is different in a key column is another cell, whatever cell_id says; quotes make no difference. */
static void test_keys_tell_cells_apart(void **state)
{
	struct run_data data;

	make();
	set(3, "host_id", "there");
	set(5, "service_time", "\"5us\"");
	set(7, "service_time", "5us");
	set(4, "data_mode", "c");
	set(4, "service_time", "\"a,b\"");
	set(6, "service_time", "a");
	set(6, "data_mode", "\"b,c\"");
	set(8, "service_time", "\"a\nb\"");
	load(&data);
	assert_int_equal(data.cells, 6);
	/* By service time first, then by back end. */
	assert_string_equal(data.cell[0].key[RUN_KEY_HOST_ID], "there");
	assert_string_equal(data.cell[0].key[RUN_KEY_SERVICE_TIME], "");
	assert_string_equal(data.cell[1].key[RUN_KEY_BACKEND], "mcs");
	assert_string_equal(data.cell[2].key[RUN_KEY_SERVICE_TIME], "5us");
	assert_string_equal(data.cell[3].key[RUN_KEY_DATA_MODE], "b,c");
	assert_string_equal(data.cell[4].key[RUN_KEY_SERVICE_TIME], "a\nb");
	assert_string_equal(data.cell[5].key[RUN_KEY_SERVICE_TIME], "a,b");
	assert_int_equal(data.row[2].cell, 2);
	assert_int_equal(data.row[3].cell, 2);
	assert_true(run_data_differs(&data, RUN_KEY_HOST_ID));
	run_data_fini(&data);
}

/* Windows are measured: to three digits they are one, and with a trace whatever they are. */
static void test_windows_that_differ_by_little_are_one(void **state)
{
	struct run_data data;
	size_t cells;

	make();
	for (size_t line = 3; line <= 8; line++)
		set(line, "duration_s", "0.2");
	load(&data);
	cells = data.cells;
	run_data_fini(&data);
	set(3, "duration_s", "0.199999999");
	set(6, "duration_s", "0.200000013");
	load(&data);
	assert_int_equal(data.cells, cells);
	assert_string_equal(data.cell[data.row[data.rows - 1].cell].key[RUN_KEY_DURATION_S], "0.2");
	run_data_fini(&data);
	for (size_t line = 3; line <= 8; line++)
		set(line, "duration_s", line % 2 ? "1200" : "1200.4");
	load(&data);
	assert_int_equal(data.cells, cells);
	assert_string_equal(data.cell[data.row[data.rows - 1].cell].key[RUN_KEY_DURATION_S], "1200");
	run_data_fini(&data);
	for (size_t line = 3; line <= 8; line++) {
		set(line, "duration_s", line % 2 ? "1" : "3");
		set(line, "trace", "src1_0");
	}
	load(&data);
	assert_int_equal(data.cells, cells);
	assert_string_equal(data.cell[data.row[data.rows - 1].cell].key[RUN_KEY_DURATION_S], "");
	run_data_fini(&data);
}

/* A process that broke off has not told what its clock was, and is of the same cell all the same. */
static void test_what_broke_off_stays_with_its_cell(void **state)
{
	struct run_data data;

	make();
	for (size_t line = 3; line <= 8; line++) {
		set(line, "duration_s", line % 2 ? "0.1" : "0.2");
		set(line, "clock", "tsc");
		set(line, "placement", "compact");
	}
	set(5, "duration_s", "");
	set(5, "clock", "");
	set(5, "placement", "");
	set(5, "status", "hung");
	/* Which of two cells cannot be told. */
	set(4, "duration_s", "");
	set(4, "clock", "");
	set(4, "status", "crashed");
	set(6, "duration_s", "0.3");
	load(&data);
	assert_int_equal(data.cells, 5);
	assert_string_equal(data.cell[1].key[RUN_KEY_DURATION_S], "");
	assert_string_equal(data.cell[1].key[RUN_KEY_BACKEND], "ticket");
	assert_string_equal(data.cell[2].key[RUN_KEY_DURATION_S], "0.1");
	assert_string_equal(data.row[1].status, "crashed");
	assert_int_equal(data.row[1].cell, 1);
	assert_string_equal(data.row[2].status, "ok");
	assert_string_equal(data.row[3].status, "hung");
	assert_int_equal(data.row[3].cell, 2);
	run_data_fini(&data);
}

static void swap_lines(size_t a, size_t b)
{
	char *text = fixture_get(directory, "summary.csv");
	char *line[20], *edited = NULL;
	size_t lines = 0, bytes;
	FILE *out = open_memstream(&edited, &bytes);

	for (char *at = strtok(text, "\n"); at; at = strtok(NULL, "\n"))
		line[lines++] = at;
	for (size_t i = 0; i < lines; i++)
		fprintf(out, "%s\n", line[i == a - 1 ? b - 1 : i == b - 1 ? a - 1 : i]);
	fclose(out);
	fixture_put(directory, "summary.csv", edited);
	free(edited);
	free(text);
}

static void test_any_order_is_sorted(void **state)
{
	struct run_data data;

	make();
	for (size_t line = 3; line <= 8; line++) {
		char value[12];

		snprintf(value, sizeof(value), "%zu", line);
		set(line, "iops", value);
	}
	swap_lines(3, 8);
	swap_lines(2, 5);
	swap_lines(4, 7);
	load(&data);
	for (size_t r = 0; r < 6; r++) {
		assert_int_equal(data.row[r].cell, r / 3);
		assert_int_equal(data.row[r].block, r % 3 + 1);
		assert_true(run_data_value(&data, r, 1) == (double)(3 + r / 3 + 2 * (r % 3)));
	}
	run_data_fini(&data);
}

static void test_many_cells_and_rows(void **state)
{
	enum { CELLS = 700, INVOCATIONS = 5 };
	char *text, *header;
	struct run_data data;
	size_t bytes, end;
	FILE *out = open_memstream(&text, &bytes);

	make();
	unlink(path_of("journal.jsonl"));
	header = fixture_get(directory, "summary.csv");
	end = strcspn(header, "\n");
	fprintf(out, "%.*s\n", (int)end, header);
	for (int i = 1; i <= INVOCATIONS; i++) {
		for (int c = 0; c < CELLS; c++) {
			int cell = (c * 37 + i) % CELLS;

			for (size_t column = 0; column < schema_summary.count; column++) {
				const char *name = schema_summary.columns[column].name;

				fputs(column ? "," : "2", out);
				if (strcmp(name, "run_id") == 0)
					fputs(RUN_ID, out);
				else if (strcmp(name, "cell_id") == 0)
					fprintf(out, "%016d", cell);
				else if (strcmp(name, "invocation") == 0 || strcmp(name, "block") == 0)
					fprintf(out, "%d", i);
				else if (strcmp(name, "section_ns") == 0)
					fprintf(out, "%d", cell);
				else if (strcmp(name, "status") == 0)
					fputs("ok", out);
				else if (strcmp(name, "iops") == 0)
					fprintf(out, "%d.25", 10 * cell + i);
			}
			fputc('\n', out);
		}
	}
	fclose(out);
	fixture_put(directory, "summary.csv", text);
	fixture_edit(directory, "run.json", "\"invocations\": 3", "\"invocations\": 1750");
	load(&data);
	assert_int_equal(data.cells, CELLS);
	assert_int_equal(data.rows, CELLS * INVOCATIONS);
	for (size_t r = 0; r < data.rows; r++) {
		assert_int_equal(data.row[r].cell, r / INVOCATIONS);
		assert_int_equal(data.row[r].invocation, r % INVOCATIONS + 1);
		assert_int_equal(atoi(data.cell[data.row[r].cell].key[RUN_KEY_SECTION_NS]), r / INVOCATIONS);
		assert_true(run_data_value(&data, r, 1) == (double)(10 * (r / INVOCATIONS) + r % INVOCATIONS + 1) + 0.25);
	}
	run_data_fini(&data);
	free(header);
	free(text);
}

static void test_what_is_no_run_is_refused(void **state)
{
	char other[200];

	expect_refused("", -ENOENT, "No such file or directory; name a run's folder, its summary.csv, or a Google Benchmark JSON file");
	assert_int_equal(mkdir(directory, 0777), 0);
	expect_refused("", -EINVAL, "no run.json there, so it is not a run's folder");
	snprintf(other, sizeof(other), "%s/run/summary.csv", base);
	fixture_put(directory, "summary.csv", "a\n");
	expect_refused_from(other, directory, -EINVAL, "no run.json there");
	fixture_put(directory, "text", "hello\n");
	expect_refused_from(path_of("text"), path_of("text"), -EINVAL, "neither a run's summary.csv nor JSON; name a run's folder");
	assert_int_equal(mkfifo(path_of("run.json"), 0600), 0);
	expect_refused("run.json", -EINVAL, "not a regular file");
	expect_refused_from(path_of("run.json"), directory, -EINVAL, "neither a folder nor a regular file");
	expect_refused_from("/dev/zero", "/dev/zero", -EINVAL, "neither a folder nor a regular file");
	unlink(path_of("run.json"));
	fixture_put(directory, "run.json", "{\n\"spec\":{\n}}\n}");
	expect_refused("run.json:4", -EINVAL, "");
	expect_refused_from(path_of("run.json"), directory, -EINVAL, "");
	fixture_put(directory, "run.json", "{}");
	expect_refused("run.json", -EINVAL, "not a run's manifest: \"format\" is not");
}

static void test_special_files_do_not_hang(void **state)
{
	make();
	unlink(path_of("journal.jsonl"));
	assert_int_equal(mkfifo(path_of("journal.jsonl"), 0600), 0);
	expect_refused("journal.jsonl", -EINVAL, "not a regular file");
	unlink(path_of("journal.jsonl"));
	assert_int_equal(mkfifo(path_of("run.lock"), 0600), 0);
	expect_refused("run.lock", -EINVAL, "not a regular file");
	unlink(path_of("run.lock"));
	unlink(path_of("summary.csv"));
	expect_refused("", -EINVAL, "no summary.csv there");
	assert_int_equal(mkfifo(path_of("summary.csv"), 0600), 0);
	expect_refused("summary.csv", -EINVAL, "not a regular file");
}

static void test_unfinished_runs_are_refused(void **state)
{
	int lock;

	fixture_make(directory, &(struct fixture){ .until_block = 2 });
	expect_refused("", -ENODATA, "the run was interrupted after 4 of 6 invocations; finish it with `storsync run -o ");
	lock = open(path_of("run.lock"), O_RDWR | O_CREAT, 0600);
	assert_true(lock >= 0);
	assert_int_equal(flock(lock, LOCK_EX), 0);
	expect_refused("", -ENODATA, "the run still goes on, 4 of 6 invocations are done; wait for its end");
	close(lock);
	unlink(path_of("journal.jsonl"));
	expect_refused("summary.csv", -ENODATA, "4 of 6 invocations, and no journal.jsonl beside it");
	fixture_edit(directory, "run.json", "\"matrix\":", "\"expected\": 6, \"parts\": [], \"matrix\":");
	fixture_put(directory, "journal.jsonl", "{\"event\":\"start\"}\n");
	expect_refused("", -ENODATA, "merged from shards that are not all there or not complete, 0 of 6 invocations");
}

/* Where run.json and summary.csv alone were kept; or fewer invocations were enough. */
static void test_complete_runs_are_read(void **state)
{
	struct run_data data;
	char *journal;

	make();
	journal = fixture_get(directory, "journal.jsonl");
	unlink(path_of("journal.jsonl"));
	load(&data);
	assert_int_equal(data.rows, 7);
	run_data_fini(&data);
	fixture_put(directory, "journal.jsonl", journal);
	fixture_edit(directory, "journal.jsonl", "\"complete\"}", "\"complete\",\"stopped\":\"known well enough\"}");
	fixture_edit(directory, "run.json", "\"invocations\": 3", "\"invocations\": 30");
	load(&data);
	assert_int_equal(data.rows, 7);
	run_data_fini(&data);
	fixture_put(directory, "journal.jsonl", journal);
	expect_refused("summary.csv", -EINVAL, "6 invocations, but the run has 60: cut off or changed since; `storsync validate");
	/* A process came back to it and found nothing to do. */
	fixture_edit(directory, "run.json", "\"invocations\": 30", "\"invocations\": 3");
	fixture_edit(directory, "journal.jsonl", "\"complete\"}\n", "\"complete\"}\n{\"event\":\"start\"}\n");
	load(&data);
	run_data_fini(&data);
	free(journal);
	/* As many as it took, of which nobody knows but that they are not fewer than planned. */
	unlink(path_of("journal.jsonl"));
	fixture_edit(directory, "run.json", "\"matrix\":", "\"until_ci\": {}, \"matrix\":");
	fixture_edit(directory, "run.json", "\"invocations\": 3", "\"invocations\": 2");
	load(&data);
	run_data_fini(&data);
	fixture_edit(directory, "run.json", "\"invocations\": 2", "\"invocations\": 4");
	expect_refused("summary.csv", -ENODATA, "6 of at least 8 invocations, and no journal.jsonl");
}

static void test_headers_are_checked(void **state)
{
	make();
	fixture_edit(directory, "summary.csv", ",iops,", ",iops2,");
	expect_refused("summary.csv:1", -EINVAL, "column 'iops' is missing");
	fixture_edit(directory, "summary.csv", ",iops2,", ",iops,iops2,");
	expect_refused("summary.csv:1", -EINVAL, "column 'iops2' is unknown");
	fixture_edit(directory, "summary.csv", ",iops,iops2,sync_per_s,", ",sync_per_s,iops,");
	expect_refused("summary.csv:1", -EINVAL, "column 42 is 'sync_per_s', not 'iops'");
	fixture_put(directory, "summary.csv", "");
	expect_refused("summary.csv", -EINVAL, "empty, a header was expected");
}

static void test_versions_and_runs_are_checked(void **state)
{
	struct run_data data;

	make();
	set(4, "schema_version", "3");
	expect_refused("summary.csv:4", -EINVAL, "the row is of schema version '3', this build reads version 2");
	set(4, "schema_version", "2");
	set(4, "run_id", "other");
	expect_refused("summary.csv:4", -EINVAL, "run_id is 'other', of another run than run.json's, '" RUN_ID "'");
	fixture_edit(directory, "run.json", "\"matrix\":", "\"expected\": 6, \"parts\": [{\"run_id\": \"other\"}], \"matrix\":");
	load(&data);
	run_data_fini(&data);
	fixture_edit(directory, "run.json", "\"schema_version\": 2", "\"schema_version\": 1");
	expect_refused("run.json", -EINVAL, "the run is of schema version 1, this build reads version 2");
}

static const struct {
	const char *column, *value, *message;
} wrong[] = {
	{ "iops", "nan", "column 'iops' is 'nan', not a number" },
	{ "iops", "inf", "column 'iops' is 'inf', not a number" },
	{ "iops", "-1.5", "column 'iops' is '-1.5', and cannot be less than 0" },
	{ "iops", "1e999", "column 'iops' is '1e999', too large a number" },
	{ "iops", "12 ", "column 'iops' is '12 ', not a number" },
	{ "isr_latency_p50_ns", "fast", "column 'isr_latency_p50_ns' is 'fast', not a number" },
	{ "isr_latency_p50_ns", "1.5", "column 'isr_latency_p50_ns' is '1.5', not a whole number" },
	{ "isr_latency_p50_ns", "-5", "column 'isr_latency_p50_ns' is '-5', and cannot be less than 0" },
	{ "acquisitions", "x", "column 'acquisitions' is 'x', not a number" },
	{ "block", "x", "column 'block' is 'x', not a whole number" },
	{ "block", "99999999999999999999", "column 'block' is '99999999999999999999', too large" },
	{ "invocation", "4294967296", "column 'invocation' is '4294967296', too large" },
	{ "invocation", "", "column 'invocation' is '', not a number from 1 on" },
	{ "invocation", "0", "column 'invocation' is '0', not a number from 1 on" },
	{ "status", "fine", "column 'status' is 'fine', which is none of ok, violated, failed, hung, crashed and skipped" },
	{ "status", "", "column 'status' is '', which is none of" },
	{ "status", "skipped", "of a cell that was skipped" },
	{ "cell_id", "", "column 'cell_id' is empty" },
	{ "cpus", "two", "column 'cpus' is 'two', not a whole number" },
	{ "irq_rate_hz", "nan", "column 'irq_rate_hz' is 'nan', not a number" },
	{ "oversubscribed", "yes", "column 'oversubscribed' is 'yes', neither 0 nor 1" },
	{ "backend", "\xff", "not UTF-8" },
	{ "iops", "1,2", "fields, the header has" },
	{ "iops", "1\"2", "a quote in a field that does not begin with one" },
	{ "iops", "1\r", "a carriage return" },
};

static void test_fields_are_checked(void **state)
{
	make();
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char *text = fixture_get(directory, "summary.csv");

		set(6, wrong[i].column, wrong[i].value);
		expect_refused("summary.csv:6: ", -EINVAL, wrong[i].message);
		fixture_put(directory, "summary.csv", text);
		free(text);
	}
}

static void test_torn_and_doubled_rows_are_refused(void **state)
{
	char *text, *cut;

	make();
	text = fixture_get(directory, "summary.csv");
	assert_true(asprintf(&cut, "%.*s", (int)strlen(text) - 1, text) > 0);
	fixture_put(directory, "summary.csv", cut);
	expect_refused("summary.csv:8", -EINVAL, "the last line is torn, no newline ends it");
	free(cut);
	/* Cut at a line's end. */
	assert_true(asprintf(&cut, "%.*s", (int)(strstr(text, FIXTURE_SECOND ",3,") - strlen("2," RUN_ID ",") - text), text) > 0);
	fixture_put(directory, "summary.csv", cut);
	expect_refused("summary.csv", -EINVAL, "5 invocations, but the run has 6: cut off or changed since");
	free(cut);
	assert_true(asprintf(&cut, "%.*s\n", (int)strcspn(text, "\n"), text) > 0);
	fixture_put(directory, "summary.csv", cut);
	expect_refused("", -ENODATA, "summary.csv has no rows");
	free(cut);
	fixture_put(directory, "summary.csv", text);
	set(7, "invocation", "1");
	expect_refused("summary.csv:7", -EINVAL, "invocation 1 of cell " FIXTURE_FIRST " is there twice, in line 3 too");
	swap_lines(3, 7);
	expect_refused("summary.csv:7", -EINVAL, "is there twice, in line 3 too");
	free(text);
}

#define GB_HEAD "{\"context\":{\"host_name\":\"box\",\"executable\":\"./x\"},\n\"benchmarks\":[\n"
#define GB(name, type, repetition, more) \
	"{\"name\":\"" name "\",\"run_name\":\"" name "\",\"run_type\":\"" type "\",\"repetition_index\":" #repetition "," more "}"
#define GB_TIME(ns) "\"real_time\":" #ns ",\"cpu_time\":2,\"time_unit\":\"ns\""

static void test_google_benchmark_is_read(void **state)
{
	struct run_data data;

	assert_int_equal(mkdir(directory, 0777), 0);
	fixture_put(directory, "gb.json", " " GB_HEAD
		    GB("B/8", "iteration", 1, "\"real_time\":2.5,\"time_unit\":\"us\",\"handoffs\":6.0,\"acquisitions\":4") ",\n"
		    GB("B/8", "iteration", 0, "\"real_time\":1.5e0,\"time_unit\":\"ms\",\"iops\":7") ",\n"
		    GB("B/8", "aggregate", 0, "\"real_time\":99") ",\n"
		    GB("A", "iteration", 0, "\"real_time\":3,\"time_unit\":\"s\"") ",\n"
		    GB("A", "iteration", 1, "\"error_occurred\":true,\"error_message\":\"broken\",\"real_time\":0,\"time_unit\":\"ns\"") "]}\n");
	load_from(&data, path_of("gb.json"));
	assert_int_equal(data.kind, RUN_DATA_GOOGLE_BENCHMARK);
	assert_string_equal(data.run_id, "");
	assert_int_equal(data.cells, 2);
	assert_int_equal(data.rows, 4);
	assert_string_equal(data.cell[0].key[RUN_KEY_BENCHMARK], "A");
	assert_string_equal(data.cell[1].key[RUN_KEY_BENCHMARK], "B/8");
	assert_string_equal(data.cell[1].key[RUN_KEY_HOST_ID], "box");
	assert_string_equal(data.cell[1].key[RUN_KEY_RUN], "A");
	assert_string_equal(data.cell[1].key[RUN_KEY_BACKEND], "");
	assert_true(run_data_value(&data, 0, 4) == 3e9);
	assert_string_equal(data.row[1].status, "failed");
	assert_string_equal(data.row[1].reason, "broken");
	assert_true(isnan(run_data_value(&data, 1, 4)));
	assert_int_equal(data.row[2].invocation, 1);
	assert_int_equal(data.row[2].block, 0);
	assert_true(run_data_value(&data, 2, 4) == 1.5e6);
	assert_true(run_data_value(&data, 2, 1) == 7);
	assert_true(run_data_value(&data, 3, 4) == 2500);
	assert_true(run_data_value(&data, 3, 3) == 1.5);
	assert_true(isnan(run_data_value(&data, 3, 1)));
	run_data_fini(&data);
}

#define OWN(backend, cpus, more) \
	"backend:" backend "/cpus:" cpus "/routing:same/duplex:full/completion:isr/channels:0/depth:8/section_ns:0/think_ns:0/service:5us/" \
	"io_bytes:4096/data:stamp/workload:closed" more "/iterations:1/manual_time"
#define OWN_HEAD "{\"context\":{\"host_name\":\"box\",\"executable\":\"storsync\"},\"benchmarks\":["

/* Every process counted from 0; names become keys if all can. */
static void test_a_runs_own_benchmarks(void **state)
{
	struct run_data data;

	assert_int_equal(mkdir(directory, 0777), 0);
	fixture_put(directory, "benchmark.json", OWN_HEAD
		    GB(OWN("ticket", "2", ""), "iteration", 0, GB_TIME(1)) "," GB(OWN("spinlock", "2", ""), "iteration", 0, GB_TIME(3)) ","
		    GB(OWN("ticket", "2", ""), "iteration", 0, GB_TIME(2)) ","
		    GB(OWN("ticket", "2", "/inject_ns:20"), "iteration", 0, GB_TIME(4)) "]}");
	load_from(&data, path_of("benchmark.json"));
	assert_int_equal(data.cells, 3);
	assert_string_equal(data.cell[0].key[RUN_KEY_BACKEND], "spinlock");
	assert_string_equal(data.cell[1].key[RUN_KEY_BACKEND], "ticket");
	assert_string_equal(data.cell[1].key[RUN_KEY_CHANNELS], "2");
	assert_string_equal(data.cell[1].key[RUN_KEY_IRQ_ROUTING], "same");
	assert_string_equal(data.cell[1].key[RUN_KEY_WORKLOAD], "closed-loop");
	assert_string_equal(data.cell[1].key[RUN_KEY_BENCHMARK], "");
	assert_string_equal(data.cell[1].key[RUN_KEY_INJECT_NS], "");
	assert_string_equal(data.cell[2].key[RUN_KEY_INJECT_NS], "20");
	assert_int_equal(data.row[1].invocation, 1);
	assert_int_equal(data.row[2].invocation, 2);
	assert_true(run_data_value(&data, 1, 4) == 1);
	assert_true(run_data_value(&data, 2, 4) == 2);
	run_data_fini(&data);
	/* One that cannot. */
	fixture_put(directory, "benchmark.json", OWN_HEAD
		    GB(OWN("ticket", "2", ""), "iteration", 0, GB_TIME(1)) "," GB(OWN("ticket", "2", "/new:1"), "iteration", 0, GB_TIME(1)) "]}");
	load_from(&data, path_of("benchmark.json"));
	assert_string_equal(data.cell[0].key[RUN_KEY_BACKEND], "");
	assert_string_equal(data.cell[0].key[RUN_KEY_BENCHMARK], OWN("ticket", "2", ""));
	run_data_fini(&data);
}

static void expect_bad_json(const char *text, int expected, const char *message)
{
	fixture_put(directory, "gb.json", text);
	expect_refused_from(path_of("gb.json"), path_of("gb.json"), expected, message);
}

static void test_bad_google_benchmark_is_refused(void **state)
{
	assert_int_equal(mkdir(directory, 0777), 0);
	expect_bad_json(GB_HEAD GB("A", "iteration", 0, "\"real_time\":NaN") "]}", -EINVAL, "gb.json:3: ");
	expect_bad_json(GB_HEAD, -EINVAL, "gb.json:");
	expect_bad_json(GB_HEAD "]}", -ENODATA, "has no benchmarks");
	expect_bad_json("{}", -EINVAL, "no \"benchmarks\" in it");
	expect_bad_json("{\"format\":\"storsync-run\"}", -EINVAL, "a run's manifest; name the folder");
	expect_bad_json(GB_HEAD GB("A", "aggregate", 0, GB_TIME(1)) "]}", -ENODATA, "has aggregates alone");
	expect_bad_json(GB_HEAD "{\"name\":\"A\"}]}", -EINVAL, "benchmarks[0] has no \"run_type\"");
	expect_bad_json(GB_HEAD "7]}", -EINVAL, "benchmarks[0] is no object");
	expect_bad_json(GB_HEAD "{\"run_type\":\"iteration\"}]}", -EINVAL, "benchmarks[0] has no \"run_name\"");
	expect_bad_json(GB_HEAD GB("A", "iteration", -1, GB_TIME(1)) "]}", -EINVAL, "\"repetition_index\" is not a whole number");
	expect_bad_json(GB_HEAD GB("A", "iteration", 0, GB_TIME(-1)) "]}", -EINVAL, "\"real_time\" is not a number from 0 on");
	expect_bad_json(GB_HEAD GB("A", "iteration", 0, GB_TIME("1")) "]}", -EINVAL, "\"real_time\" is not a number from 0 on");
	expect_bad_json(GB_HEAD GB("A", "iteration", 0, "\"real_time\":1") "]}", -EINVAL, "\"time_unit\" is missing, not ns, us, ms or s");
	expect_bad_json(GB_HEAD GB("A", "iteration", 0, "\"real_time\":1,\"time_unit\":\"h\"") "]}", -EINVAL, "\"time_unit\" is h, not ns");
}

static void expect_outline(const char *text, const char *expected)
{
	char copy[200];

	strcpy(copy, text);
	copy[outline_cut(copy, strlen(copy), "spec")] = '\0';
	assert_string_equal(copy, expected);
}

static void test_outlines(void **state)
{
	expect_outline("{\"spec\" : {\"a\":{},\n\"b\":\"}\\\"\"},\"c\":1}", "{\"spec\":{\n},\"c\":1}");
	expect_outline("{\"spec\":\"{\"}", "{\"spec\":\"{\"}");
	expect_outline("[\"spec\",{\"spec\":1}]", "[\"spec\",{\"spec\":1}]");
	expect_outline("{\"x\":\"\\\"spec\\\":{}\",\"spec2\":{\"a\":1}}", "{\"x\":\"\\\"spec\\\":{}\",\"spec2\":{\"a\":1}}");
	expect_outline("{\"spec\":{\"a\":", "{\"spec\":{");
	expect_outline("{\"spec", "{\"spec");
	expect_outline("{\"spec\\", "{\"spec\\");
}

#define TEST(name) cmocka_unit_test_teardown(name, remove_run)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_figures_are_columns),
		cmocka_unit_test(test_keys_are_columns),
		cmocka_unit_test(test_values_have_an_order),
		TEST(test_a_run_is_read),
		TEST(test_values),
		TEST(test_keys_tell_cells_apart),
		TEST(test_windows_that_differ_by_little_are_one),
		TEST(test_what_broke_off_stays_with_its_cell),
		TEST(test_any_order_is_sorted),
		TEST(test_many_cells_and_rows),
		TEST(test_what_is_no_run_is_refused),
		TEST(test_special_files_do_not_hang),
		TEST(test_unfinished_runs_are_refused),
		TEST(test_complete_runs_are_read),
		TEST(test_headers_are_checked),
		TEST(test_versions_and_runs_are_checked),
		TEST(test_fields_are_checked),
		TEST(test_torn_and_doubled_rows_are_refused),
		TEST(test_google_benchmark_is_read),
		TEST(test_a_runs_own_benchmarks),
		TEST(test_bad_google_benchmark_is_refused),
		cmocka_unit_test(test_outlines),
	};

	return cmocka_run_group_tests(tests, make_base, remove_base);
}
