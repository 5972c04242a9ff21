/* SPDX-License-Identifier: MIT */
/* The history: what is taken in, once and whole; which files are left alone; series by time, and where they change. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/history/history_cell.h"
#include "bench/history/history_figures.h"
#include "bench/history/import.h"
#include "bench/history/series.h"
#include "bench/history/store.h"
#include "bench/stats/hodges_lehmann.h"
#include "tests/unit/run_fixture.h"
#include "tests/unit/temp_folder.h"

struct place {
	char folder[TEMP_FOLDER_BYTES], db[128], run[128];
	char error[HISTORY_ERROR_BYTES];
};

static int setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	if (temp_folder_make(place->folder))
		return -1;
	snprintf(place->db, sizeof(place->db), "%s/h.sqlite", place->folder);
	snprintf(place->run, sizeof(place->run), "%s/run", place->folder);
	fixture_make(place->run, &(struct fixture){ .host_id = "alpha", .build_id = "v1", .run_id = "run-a",
						     .created_utc = "2024-05-01T12:00:00Z", .invocations = 3 });
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;
	int err = temp_folder_remove(place->folder);

	free(place);
	return err;
}

static void load(struct place *place, struct history_run_files *run)
{
	if (history_run_load(run, place->run, place->error))
		fail_msg("%s", place->error);
}

static void open_history(struct place *place, struct history *history, enum history_use use)
{
	if (history_open(history, place->db, use, 0, place->error))
		fail_msg("%s", place->error);
}

static enum history_outcome import(struct place *place, struct history *history, const struct history_run_files *run)
{
	enum history_outcome outcome;

	if (history_import(history, run, &outcome, place->error))
		fail_msg("%s", place->error);
	return outcome;
}

/* The fixture's run, and the history to take it into. */
static void begin(struct place *place, struct history_run_files *run, struct history *history)
{
	load(place, run);
	open_history(place, history, HISTORY_ADD);
}

static void end(struct history_run_files *run, struct history *history)
{
	history_close(history);
	history_run_fini(run);
}

static void add(struct place *place)
{
	struct history_run_files run;
	struct history history;

	begin(place, &run, &history);
	assert_int_equal(import(place, &history, &run), HISTORY_ADDED);
	end(&run, &history);
}

static int64_t number_in(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement;
	int64_t number;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return number;
}

/* By SQLite itself, as another program would. */
static void change(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

struct content {
	char *bytes;
	size_t count;
};

static struct content content_of(const char *path)
{
	struct content content = { 0 };
	FILE *file = fopen(path, "r");
	int byte;
	FILE *copy = open_memstream(&content.bytes, &content.count);

	assert_non_null(file);
	while ((byte = fgetc(file)) != EOF)
		fputc(byte, copy);
	fclose(copy);
	fclose(file);
	return content;
}

static void assert_content(const char *path, struct content before)
{
	struct content after = content_of(path);

	assert_int_equal(after.count, before.count);
	assert_memory_equal(after.bytes, before.bytes, before.count);
	free(after.bytes);
	free(before.bytes);
}

static size_t files_in(const char *folder)
{
	DIR *directory = opendir(folder);
	size_t count = 0;

	while (readdir(directory))
		count++;
	closedir(directory);
	return count - 2;
}

/* --- taking in --- */

static void test_a_run_is_there_once(void **state)
{
	struct place *place = *state;
	struct history_run_files run;
	struct history history;
	struct content before;

	add(place);
	before = content_of(place->db);
	begin(place, &run, &history);
	assert_int_equal(import(place, &history, &run), HISTORY_WAS_THERE);
	assert_int_equal(number_in(history.db, "SELECT count(*) FROM runs"), 1);
	/* Two cells of three, since one is refused; of the figures, two have values. */
	assert_int_equal(number_in(history.db, "SELECT count(*) FROM samples"), 2);
	assert_int_equal(number_in(history.db, "SELECT count(*) FROM figures"), 4);
	assert_int_equal(number_in(history.db, "SELECT cells * 100 + invocations * 10 + skipped FROM runs"), 261);
	end(&run, &history);
	assert_content(place->db, before);
	assert_int_equal(files_in(place->folder), 2);
}

static void test_another_content_is_refused(void **state)
{
	struct place *place = *state;
	struct history_run_files run;
	struct history history;
	enum history_outcome outcome;
	struct content before;

	add(place);
	before = content_of(place->db);
	fixture_edit(place->run, "summary.csv", "12345.5", "12345.6");
	begin(place, &run, &history);
	assert_int_equal(history_import(&history, &run, &outcome, place->error), -EEXIST);
	assert_non_null(strstr(place->error, "another summary.csv"));
	end(&run, &history);
	assert_content(place->db, before);
}

static void test_all_or_nothing(void **state)
{
	struct place *place = *state;
	struct history_run_files run;
	struct history history;
	enum history_outcome outcome;

	add(place);
	begin(place, &run, &history);
	strcpy(run.manifest.run_id, "run-b");
	/* The last of the figures cannot be stored. */
	assert_int_equal(sqlite3_exec(history.db,
				      "CREATE TEMP TRIGGER full BEFORE INSERT ON main.figures WHEN (SELECT count(*) FROM figures) = 7 "
				      "BEGIN SELECT RAISE(ABORT, 'injected'); END",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	assert_true(history_import(&history, &run, &outcome, place->error) < 0);
	assert_non_null(strstr(place->error, "injected"));
	assert_int_equal(number_in(history.db, "SELECT count(*) FROM runs"), 1);
	assert_int_equal(number_in(history.db, "SELECT count(*) FROM samples"), 2);
	assert_int_equal(number_in(history.db, "SELECT count(*) FROM figures"), 4);
	/* And it goes on being of use. */
	assert_int_equal(sqlite3_exec(history.db, "DROP TRIGGER full", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(import(place, &history, &run), HISTORY_ADDED);
	assert_int_equal(number_in(history.db, "SELECT count(*) FROM figures"), 8);
	end(&run, &history);
}

static void test_a_writer_is_waited_for(void **state)
{
	struct place *place = *state;
	struct history_run_files run;
	struct history history;
	enum history_outcome outcome;
	sqlite3 *other;

	add(place);
	begin(place, &run, &history);
	strcpy(run.manifest.run_id, "run-b");
	assert_int_equal(sqlite3_open(place->db, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(history_import(&history, &run, &outcome, place->error), -EBUSY);
	assert_non_null(strstr(place->error, "another process is writing"));
	assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(other);
	assert_int_equal(import(place, &history, &run), HISTORY_ADDED);
	end(&run, &history);
}

static void set_part(struct history_run_files *run, const char *run_id, const char *part)
{
	strcpy(run->manifest.run_id, run_id);
	json_object_set_new(run->manifest.json, "parts", json_pack("[{s:s}]", "run_id", part));
}

static void test_merged_runs_count_once(void **state)
{
	struct place *place = *state;
	struct history_run_files merged, part;
	struct history history;
	enum history_outcome outcome;

	load(place, &merged);
	load(place, &part);
	set_part(&merged, "run-a-merged", "run-a");
	open_history(place, &history, HISTORY_ADD);
	assert_int_equal(import(place, &history, &merged), HISTORY_ADDED);
	assert_int_equal(import(place, &history, &part), HISTORY_WAS_PART);
	set_part(&merged, "run-b-merged", "run-b");
	strcpy(part.manifest.run_id, "run-b");
	assert_int_equal(import(place, &history, &part), HISTORY_ADDED);
	assert_int_equal(history_import(&history, &merged, &outcome, place->error), -EEXIST);
	assert_non_null(strstr(place->error, "merged from run-b"));
	assert_int_equal(number_in(history.db, "SELECT count(*) FROM runs"), 2);
	history_close(&history);
	history_run_fini(&merged);
	history_run_fini(&part);
}

static void test_folders_that_are_no_runs(void **state)
{
	struct place *place = *state;
	struct history_run_files run;

	assert_int_equal(history_run_load(&run, "/nowhere", place->error), -ENOENT);
	assert_int_equal(history_run_load(&run, place->folder, place->error), -EINVAL);
	fixture_put(place->folder, "file", "{}");
	snprintf(place->db, sizeof(place->db), "%s/file", place->folder);
	assert_int_equal(history_run_load(&run, place->db, place->error), -EINVAL);
	fixture_edit(place->run, "run.json", "2024-05-01T12:00:00Z", "yesterday");
	assert_true(history_run_load(&run, place->run, place->error) < 0);
	fixture_edit(place->run, "run.json", "yesterday", "2024-05-01T12:00:00Z");
	fixture_edit(place->run, "run.json", "\"v1\"", "\"v2\"");
	assert_int_equal(history_run_load(&run, place->run, place->error), -EINVAL);
	assert_non_null(strstr(place->error, "build 'v1'"));
}

/* --- files that are left alone --- */

static void refuse_file(struct place *place, int status, const char *says)
{
	static const enum history_use uses[] = { HISTORY_READ, HISTORY_ADD };
	size_t files = files_in(place->folder);

	for (size_t i = 0; i < 2; i++) {
		struct content before = content_of(place->db);
		struct history history;

		place->error[0] = '\0';
		assert_int_equal(history_open(&history, place->db, uses[i], 0, place->error), status);
		if (!strstr(place->error, says) || strchr(place->error, '\n') || strncmp(place->error, place->db, strlen(place->db)) != 0)
			fail_msg("'%s' does not say '%s' in a line", place->error, says);
		assert_content(place->db, before);
		assert_int_equal(files_in(place->folder), files);
	}
}

static void overwrite(const char *path, off_t at, size_t bytes, unsigned char with)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	for (size_t i = 0; i < bytes; i++)
		assert_int_equal(pwrite(fd, &with, 1, at + (off_t)i), 1);
	close(fd);
}

static void test_foreign_files(void **state)
{
	struct place *place = *state;

	fixture_put(place->folder, "h.sqlite", "a letter to a friend, of more than one hundred bytes, so that it could be a header: "
					       "dear friend, this is not a database");
	refuse_file(place, -EINVAL, "no SQLite database");
	fixture_put(place->folder, "h.sqlite", "SQLite");
	refuse_file(place, -EINVAL, "no SQLite database");
	unlink(place->db);
	change(place->db, "CREATE TABLE runs(a); INSERT INTO runs VALUES(1)");
	refuse_file(place, -EINVAL, "another program's");
	change(place->db, "PRAGMA application_id = 252006675");
	refuse_file(place, -EINVAL, "252006675");
	change(place->db, "PRAGMA journal_mode = WAL");
	refuse_file(place, -EINVAL, "another program's");
}

static void test_other_versions(void **state)
{
	struct place *place = *state;

	add(place);
	change(place->db, "PRAGMA user_version = 2");
	refuse_file(place, -EINVAL, "version 2");
	change(place->db, "PRAGMA user_version = 0");
	refuse_file(place, -EINVAL, "version 0");
}

static void test_damaged_files(void **state)
{
	struct place *place = *state;
	struct stat stat_of;

	add(place);
	change(place->db, "CREATE TRIGGER sly AFTER INSERT ON runs BEGIN DELETE FROM runs; END");
	refuse_file(place, -EINVAL, "not those of one");
	change(place->db, "DROP TRIGGER sly; DROP INDEX runs_by_time");
	refuse_file(place, -EINVAL, "not those of one");
	unlink(place->db);
	add(place);
	change(place->db, "PRAGMA journal_mode = WAL");
	refuse_file(place, -EINVAL, "write-ahead");
	unlink(place->db);
	add(place);
	assert_int_equal(stat(place->db, &stat_of), 0);
	overwrite(place->db, stat_of.st_size - 4096, 4096, 0xff);
	refuse_file(place, -EINVAL, "damaged");
	unlink(place->db);
	add(place);
	assert_int_equal(truncate(place->db, 4096 + 100), 0);
	refuse_file(place, -EINVAL, "damaged");
}

static void test_values_that_are_not_as_many(void **state)
{
	struct place *place = *state;
	struct history_wanted wanted = { .figure = figure_find("isr_latency_p50") };
	struct history_view view;
	struct history history;

	add(place);
	change(place->db, "UPDATE figures SET packed = x'00'");
	open_history(place, &history, HISTORY_READ);
	assert_int_equal(history_series_load(&history, &wanted, &view, place->error), -EINVAL);
	assert_non_null(strstr(place->error, "not as many values"));
	history_close(&history);
	change(place->db, "UPDATE samples SET count = -1");
	open_history(place, &history, HISTORY_READ);
	assert_int_equal(history_series_load(&history, &wanted, &view, place->error), -EINVAL);
	assert_non_null(strstr(place->error, "no number of invocations"));
	history_close(&history);
}

static void test_empty_and_missing_files(void **state)
{
	struct place *place = *state;
	struct history history;

	assert_int_equal(history_open(&history, place->db, HISTORY_READ, 0, place->error), -ENOENT);
	assert_non_null(strstr(place->error, "storsync history add"));
	assert_int_equal(access(place->db, F_OK), -1);
	fixture_put(place->folder, "h.sqlite", "");
	assert_int_equal(history_open(&history, place->db, HISTORY_READ, 0, place->error), -ENOENT);
	add(place);
	open_history(place, &history, HISTORY_READ);
	assert_int_equal(number_in(history.db, "SELECT count(*) FROM runs"), 1);
	assert_int_equal(number_in(history.db, "PRAGMA application_id"), HISTORY_APPLICATION_ID);
	/* Not even by mistake. */
	assert_int_equal(sqlite3_exec(history.db, "DELETE FROM figures", NULL, NULL, NULL), SQLITE_READONLY);
	history_close(&history);
	assert_int_equal(history_open(&history, place->folder, HISTORY_ADD, 0, place->error), -EINVAL);
}

/* --- cells --- */

static struct run_cell a_cell(void)
{
	struct run_cell cell = { .cell_id = "" };

	for (unsigned k = 0; k < RUN_KEY_COUNT; k++)
		cell.key[k] = "";
	cell.key[RUN_KEY_BACKEND] = "mcs";
	cell.key[RUN_KEY_CPUS] = "2";
	cell.key[RUN_KEY_HOST_ID] = "alpha";
	return cell;
}

static void test_cells_by_their_keys(void **state)
{
	struct run_cell cell = a_cell(), parsed;
	char *text = history_cell_text(&cell);
	json_t *json;

	assert_string_equal(text, "{\"cpus\":\"2\",\"backend\":\"mcs\"}");
	assert_int_equal(history_cell_parse(text, &parsed, &json), 0);
	assert_string_equal(parsed.key[RUN_KEY_CPUS], "2");
	assert_string_equal(parsed.key[RUN_KEY_TRACE], "");
	assert_string_equal(parsed.key[RUN_KEY_HOST_ID], "");
	json_decref(json);
	free(text);
	/* As run_data has it, and there it is rounded. */
	cell.key[RUN_KEY_DURATION_S] = "1200";
	text = history_cell_text(&cell);
	assert_string_equal(text, "{\"cpus\":\"2\",\"duration_s\":\"1200\",\"backend\":\"mcs\"}");
	free(text);
	assert_int_equal(history_cell_parse("{\"colour\":\"blue\"}", &parsed, &json), -EINVAL);
	assert_int_equal(history_cell_parse("{\"host_id\":\"a\"}", &parsed, &json), -EINVAL);
	assert_int_equal(history_cell_parse("{\"cpus\":2}", &parsed, &json), -EINVAL);
	assert_int_equal(history_cell_parse("[]", &parsed, &json), -EINVAL);
	assert_int_equal(history_cell_parse("{", &parsed, &json), -EINVAL);
}

static void test_figures_that_are_kept(void **state)
{
	assert_ptr_equal(history_figure_find("iops"), figure_find("iops"));
	assert_ptr_equal(history_figure_find("isr_latency_p50_ns"), figure_find("isr_latency_p50"));
	assert_null(history_figure_find("isr_latency_max"));
	assert_null(history_figure_find("nothing"));
	for (size_t i = 0; i < HISTORY_FIGURES; i++) {
		assert_true(history_figure(i)->tested);
		assert_non_null(strstr(history_figure_names(), history_figure(i)->name));
	}
}

/* --- series --- */

/* The run of the fixture, again and again: `run` minutes later, on a host, with p50 of isr_latency at `level` and two values near it. */
static void put_run(struct place *place, struct history *history, struct history_run_files *run, unsigned number, const char *host,
		    double level)
{
	for (size_t i = 0; i < run->data.rows; i++)
		run->data.value[i * run->data.figures] = strcmp(run->data.row[i].status, "ok") ? NAN : level + (double)(i % 3) - 1;
	for (size_t i = 0; i < run->data.cells; i++)
		run->data.cell[i].key[RUN_KEY_HOST_ID] = host;
	snprintf(run->manifest.run_id, sizeof(run->manifest.run_id), "run-%s-%02u", host, number);
	snprintf(run->manifest.created_utc, sizeof(run->manifest.created_utc), "2024-05-01T12:%02u:00Z", number);
	assert_int_equal(import(place, history, run), HISTORY_ADDED);
}

static struct history_view view_of(struct place *place, const char *host)
{
	struct history_wanted wanted = { .figure = figure_find("isr_latency_p50"), .host = host, .invocations = true };
	struct history_view view;
	struct history history;

	open_history(place, &history, HISTORY_READ);
	if (history_series_load(&history, &wanted, &view, place->error))
		fail_msg("%s", place->error);
	history_close(&history);
	return view;
}

static void test_series_are_by_host_cell_and_time(void **state)
{
	struct place *place = *state;
	struct history_run_files run;
	struct history history;
	struct history_view view;
	struct key_filter filter;
	struct history_wanted wanted = { .figure = figure_find("isr_latency_p50"), .filter = &filter, .filters = 1 };

	begin(place, &run, &history);
	put_run(place, &history, &run, 5, "beta", 300);
	put_run(place, &history, &run, 9, "alpha", 200);
	put_run(place, &history, &run, 2, "alpha", 100);
	end(&run, &history);
	view = view_of(place, NULL);
	assert_int_equal(view.runs, 3);
	assert_int_equal(view.series, 4);
	assert_string_equal(view.serie[0].host, "alpha");
	assert_string_equal(view.serie[0].cell->key[RUN_KEY_BACKEND], "spinlock");
	assert_string_equal(view.serie[1].cell->key[RUN_KEY_BACKEND], "ticket");
	assert_string_equal(view.serie[2].host, "beta");
	assert_int_equal(view.serie[0].points, 2);
	assert_true(view.serie[0].point[0].median == 100 && view.serie[0].point[1].median == 200);
	assert_true(view.serie[0].point[0].min == 99 && view.serie[0].point[0].max == 101 && isnan(view.serie[0].point[0].low));
	assert_int_equal(view.serie[0].point[0].values, 3);
	assert_string_equal(view.serie[0].point[0].invocations, "[[1,1,\"ok\",\"\"],[2,2,\"ok\",\"\"],[3,3,\"ok\",\"\"]]");
	assert_int_equal(view.serie[0].judged, 0);
	assert_true(view.differs[RUN_KEY_HOST_ID] && view.differs[RUN_KEY_BACKEND] && !view.differs[RUN_KEY_CPUS]);
	history_series_fini(&view);
	view = view_of(place, "beta");
	assert_int_equal(view.series, 2);
	history_series_fini(&view);
	assert_int_equal(key_filter_parse(&filter, "backend=mcs", place->error, sizeof(place->error)), 0);
	open_history(place, &history, HISTORY_READ);
	assert_int_equal(history_series_load(&history, &wanted, &view, place->error), -ENODATA);
	key_filter_fini(&filter);
	assert_int_equal(key_filter_parse(&filter, "backend=ticket", place->error, sizeof(place->error)), 0);
	assert_int_equal(history_series_load(&history, &wanted, &view, place->error), 0);
	assert_int_equal(view.series, 2);
	history_series_fini(&view);
	key_filter_fini(&filter);
	history_close(&history);
}

static void test_a_step_is_found(void **state)
{
	struct place *place = *state;
	struct history_run_files run;
	struct history history;
	struct history_view view;

	begin(place, &run, &history);
	for (unsigned i = 0; i < 10; i++) {
		put_run(place, &history, &run, i, "alpha", (i < 5 ? 100 : 120) + i % 2);
		/* One fewer: too few, however clear. */
		if (i < 9)
			put_run(place, &history, &run, i, "beta", (i < 5 ? 100 : 120) + i % 2);
		/* No step. */
		put_run(place, &history, &run, i, "gamma", 100 + i * 7 % 5);
	}
	end(&run, &history);
	view = view_of(place, NULL);
	assert_int_equal(view.series, 6);
	assert_int_equal(view.serie[0].judged, 10);
	assert_int_equal(view.serie[0].changes, 1);
	assert_int_equal(view.serie[0].change[0].point, 5);
	assert_true(view.serie[0].change[0].is_ratio);
	assert_true(fabs(view.serie[0].change[0].shift - 1.2) < 0.02);
	assert_true(view.serie[0].change[0].low > 1.17 && view.serie[0].change[0].high < 1.23);
	assert_true(view.serie[0].change[0].p_value <= HISTORY_ALPHA);
	assert_int_equal(view.serie[2].judged, 0);
	assert_int_equal(view.serie[2].changes, 0);
	assert_int_equal(view.serie[4].judged, 10);
	assert_int_equal(view.serie[4].changes, 0);
	history_series_fini(&view);
}

/* All runs of the two levels count, also where they are too many for an exact interval. */
static void test_a_long_level_counts_as_a_whole(void **state)
{
	enum { RUNS = 200, STEP = 120 };
	static struct history_point point[RUNS];
	struct history_series series = { .points = RUNS, .point = point };
	double level[RUNS];
	struct shift_estimate whole;
	uint64_t random = 99;

	for (unsigned i = 0; i < RUNS; i++) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		point[i].median = (i < STEP ? 100 : 130) + (double)(random >> 40) / (1 << 22);
		level[i] = log(point[i].median);
	}
	assert_int_equal(history_find_changes(&series), 0);
	assert_int_equal(series.changes, 1);
	assert_int_equal(series.change[0].point, STEP);
	assert_int_equal(hodges_lehmann(level, STEP, level + STEP, RUNS - STEP, 0.95, &whole), 0);
	assert_true(series.change[0].shift == exp(whole.shift));
	assert_true(series.change[0].low == exp(whole.lo) && series.change[0].high == exp(whole.hi));
	free(series.change);
}

/* 300 series of one level, as a machine with neighbours gives them: chance alone marks some, and few. */
static void test_series_without_a_change_stay_silent(void **state)
{
	unsigned marked = 0;

	srand48(7);
	for (unsigned i = 0; i < 300; i++) {
		struct history_point point[30];
		struct history_series series = { .points = 10 + i % 21, .point = point };

		for (size_t p = 0; p < series.points; p++)
			point[p] = (struct history_point){ .median = 1000 * (1 + 0.1 * drand48()) * (drand48() < 0.1 ? 3 : 1) };
		assert_int_equal(history_find_changes(&series), 0);
		assert_int_equal(series.judged, series.points);
		marked += series.changes > 0;
		free(series.change);
	}
	assert_in_range(marked, 0, 6);
}

static void test_nothing_is_a_ratio_of_zero(void **state)
{
	struct place *place = *state;
	struct history_run_files run;
	struct history history;
	struct history_view view;

	begin(place, &run, &history);
	for (unsigned i = 0; i < 12; i++)
		put_run(place, &history, &run, i, "alpha", i < 6 ? 0 : 40);
	end(&run, &history);
	view = view_of(place, NULL);
	assert_int_equal(view.serie[0].changes, 1);
	assert_int_equal(view.serie[0].change[0].point, 6);
	assert_false(view.serie[0].change[0].is_ratio);
	assert_true(view.serie[0].change[0].shift == 40);
	history_series_fini(&view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_run_is_there_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_another_content_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_all_or_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_writer_is_waited_for, setup, teardown),
		cmocka_unit_test_setup_teardown(test_merged_runs_count_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_folders_that_are_no_runs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_foreign_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_versions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_values_that_are_not_as_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_empty_and_missing_files, setup, teardown),
		cmocka_unit_test(test_cells_by_their_keys),
		cmocka_unit_test(test_figures_that_are_kept),
		cmocka_unit_test_setup_teardown(test_series_are_by_host_cell_and_time, setup, teardown),
		cmocka_unit_test(test_a_long_level_counts_as_a_whole),
		cmocka_unit_test_setup_teardown(test_a_step_is_found, setup, teardown),
		cmocka_unit_test(test_series_without_a_change_stay_silent),
		cmocka_unit_test_setup_teardown(test_nothing_is_a_ratio_of_zero, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
