/* SPDX-License-Identifier: MIT */
/*
 * The scanner finds what libcsv finds, whatever the buffer's size and wherever a row, a quote or a field lies in it; and what is
 * damaged is refused by both.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/files/csv_rows.h"
#include "bench/files/csv_scan.h"
#include "bench/files/csv_scan_state.h"
#include "tests/unit/temp_folder.h"

#define TEXT_BYTES 20000
#define COLUMNS_MAX 90

static char directory[TEMP_FOLDER_BYTES], path[96];
static uint64_t state = 88172645463325252u;
/* Outside of quotes libcsv takes them for line ends, so damage must not bring them there. */
static bool carriage_returns;

static uint32_t below(uint32_t limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 20) % limit;
}

static int make_directory(void **unused)
{
	if (temp_folder_make(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/file.csv", directory);
	return 0;
}

static int remove_directory(void **unused)
{
	return temp_folder_remove(directory);
}

static void put(const char *text, size_t bytes)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, bytes, file), bytes);
	assert_int_equal(fclose(file), 0);
}

static size_t put_field(char *to, bool quotes)
{
	static const char bare[] = "abc019.- !\xc3\xa4";
	static const char any[] = "a,\"\n! \r";
	size_t bytes = below(5) ? below(9) : below(150);
	char *at = to;

	if (!quotes || below(4)) {
		for (size_t i = 0; i < bytes; i++)
			*at++ = bare[below(sizeof(bare) - 1)];
		return (size_t)(at - to);
	}
	*at++ = '"';
	for (size_t i = 0; i < bytes; i++) {
		*at = any[below(sizeof(any) - (carriage_returns ? 1 : 2))];
		if (*at++ == '"')
			*at++ = '"';
	}
	*at++ = '"';
	return (size_t)(at - to);
}

static size_t make_text(char *text, size_t *columns)
{
	size_t rows = 1 + below(12);
	char *at = text;

	*columns = 2 + below(below(3) ? 8 : COLUMNS_MAX - 2);
	for (size_t c = 0; c < *columns; c++)
		at += sprintf(at, "%sc%zu", c ? "," : "", c);
	*at++ = '\n';
	for (size_t r = 0; r < rows && at - text < TEXT_BYTES - 500 * 20; r++) {
		bool quotes = !below(3);

		for (size_t c = 0; c < *columns && at - text < TEXT_BYTES - 1000; c++) {
			if (c)
				*at++ = ',';
			at += put_field(at, quotes);
		}
		*at++ = '\n';
	}
	return (size_t)(at - text);
}

static void damage(char *text, size_t *bytes)
{
	static const char any[] = "\"\n,\0ax";
	size_t at = below((uint32_t)*bytes);

	switch (below(3)) {
	case 0:
		text[at] = any[below(sizeof(any) - 1)];
		break;
	case 1:
		*bytes = at;
		break;
	case 2:
		memmove(text + at, text + at + 1, *bytes - at - 1);
		(*bytes)--;
		break;
	}
}

static size_t choose(size_t *wanted, size_t columns)
{
	size_t count = 0;
	uint32_t sparse = 1 + below(6);

	for (size_t c = 0; c < columns; c++) {
		if (!below(sparse))
			wanted[count++] = c;
	}
	return count;
}

/* Both side by side; returns how it ended, which is the same for both. */
static int compare(size_t buffer_bytes)
{
	char error[300], other_error[300];
	struct csv_scan scan;
	struct csv_rows rows;
	size_t wanted[TEXT_BYTES];
	size_t count;
	int got, expected;

	assert_int_equal(csv_rows_open(&rows, path, error, sizeof(error)), 0);
	expected = csv_rows_next(&rows, other_error, sizeof(other_error));
	got = csv_scan_open(&scan, path, buffer_bytes, error, sizeof(error));
	assert_int_equal(got, expected == 1 ? 0 : expected);
	if (got) {
		csv_rows_close(&rows);
		return got;
	}
	assert_int_equal(scan.fields, rows.fields);
	for (size_t c = 0; c < scan.fields; c++) {
		assert_int_equal(scan.field[c].bytes, strlen(rows.field[c]));
		assert_memory_equal(scan.field[c].text, rows.field[c], scan.field[c].bytes);
	}
	count = choose(wanted, scan.fields);
	assert_int_equal(csv_scan_want(&scan, wanted, count), 0);
	if (below(2))
		scan.state->find_separators = csv_separators_any;
	do {
		expected = csv_rows_next(&rows, other_error, sizeof(other_error));
		got = csv_scan_next(&scan, error, sizeof(error));
		if (got != expected)
			fail_msg("%d (%s), libcsv %d (%s)", got, got < 0 ? error : "", expected, expected < 0 ? other_error : "");
		for (size_t i = 0; got == 1 && i < count; i++) {
			assert_int_equal(scan.line, rows.line);
			assert_int_equal(scan.field[i].bytes, strlen(rows.field[wanted[i]]));
			if (scan.field[i].bytes)
				assert_memory_equal(scan.field[i].text, rows.field[wanted[i]], scan.field[i].bytes);
			if (scan.plain && i && wanted[i] == wanted[i - 1] + 1)
				assert_ptr_equal(scan.field[i].text, scan.field[i - 1].text + scan.field[i - 1].bytes + 1);
		}
	} while (got == 1);
	/* An error stays. */
	if (got < 0)
		assert_int_equal(csv_scan_next(&scan, error, sizeof(error)), got);
	csv_scan_close(&scan);
	csv_rows_close(&rows);
	return got;
}

static void libcsv_finds_the_same(void **unused)
{
	static const size_t buffers[] = { 1, 2, 3, 63, 64, 65, 127, 200, 1000, 4096, 0 };
	static char text[2 * TEXT_BYTES];

	carriage_returns = true;
	for (int i = 0; i < 3000; i++) {
		size_t columns;

		put(text, make_text(text, &columns));
		assert_int_equal(compare(buffers[below(sizeof(buffers) / sizeof(buffers[0]))]), 0);
	}
}

static void libcsv_refuses_the_same(void **unused)
{
	static const size_t buffers[] = { 1, 7, 64, 100, 0 };
	static char text[2 * TEXT_BYTES];
	int refused = 0;

	carriage_returns = false;
	for (int i = 0; i < 3000; i++) {
		size_t columns;
		size_t bytes = make_text(text, &columns);

		damage(text, &bytes);
		put(text, bytes);
		refused += compare(buffers[below(sizeof(buffers) / sizeof(buffers[0]))]) < 0;
	}
	assert_true(refused > 500 && refused < 3000);
}

/* The rows of one part after the other are those of the whole. */
static void parts_make_the_whole(void **unused)
{
	static char text[2 * TEXT_BYTES];
	size_t guesses = 0, right = 0;

	for (int i = 0; i < 2000; i++) {
		size_t columns, bytes = make_text(text, &columns);
		uint64_t begin, step = 1 + below((uint32_t)bytes);
		size_t last = columns - 1;
		struct csv_scan whole, part;
		char error[300];
		int got = 1;

		put(text, bytes);
		assert_int_equal(csv_scan_open(&whole, path, 1 + below(300), error, sizeof(error)), 0);
		assert_int_equal(csv_scan_want(&whole, &last, 1), 0);
		assert_int_equal(csv_scan_open_part(&part, &whole), 0);
		assert_int_equal(csv_scan_file_bytes(&whole), bytes);
		for (begin = csv_scan_offset(&whole); got == 1 && begin < bytes; begin += step) {
			size_t before = whole.line, first = 0;

			assert_int_equal(csv_scan_aim(&part, begin, begin + step, error, sizeof(error)), 0);
			guesses++;
			if (csv_scan_offset(&part) != csv_scan_offset(&whole))
				break;
			right++;
			while (csv_scan_offset(&whole) < begin + step && (got = csv_scan_next(&whole, error, sizeof(error))) == 1) {
				first = first ? first : whole.line;
				assert_int_equal(csv_scan_next(&part, error, sizeof(error)), 1);
				assert_int_equal(part.line, whole.line - first + 1);
				assert_int_equal(part.field[0].bytes, whole.field[0].bytes);
				assert_memory_equal(part.field[0].text, whole.field[0].text, part.field[0].bytes);
				assert_int_equal(csv_scan_offset(&part), csv_scan_offset(&whole));
			}
			assert_true(whole.line >= before);
			assert_int_equal(csv_scan_next(&part, error, sizeof(error)), 0);
		}
		csv_scan_close(&part);
		csv_scan_close(&whole);
	}
	assert_true(right > 2000 && right < guesses);
}

static void expect_error(const char *text, size_t bytes, const char *message)
{
	static const size_t first = 0;
	char error[300], expected[400];
	struct csv_scan scan;
	int got;

	put(text, bytes);
	for (size_t buffer = 1; buffer < 200; buffer += 9) {
		got = csv_scan_open(&scan, path, buffer, error, sizeof(error));
		if (!got) {
			assert_int_equal(csv_scan_want(&scan, &first, 1), 0);
			while ((got = csv_scan_next(&scan, error, sizeof(error))) == 1)
				continue;
			csv_scan_close(&scan);
		}
		assert_int_equal(got, -EBADMSG);
		snprintf(expected, sizeof(expected), "%s:%s", path, message);
		assert_string_equal(error, expected);
	}
}

#define EXPECT_ERROR(text, message) expect_error(text, sizeof(text) - 1, message)

static void damage_is_named(void **unused)
{
	EXPECT_ERROR("", " empty, a header was expected");
	EXPECT_ERROR("a,b", "1: the last line is torn, no newline ends it");
	EXPECT_ERROR("a,b\n1,2\n3,4", "3: the last line is torn, no newline ends it");
	EXPECT_ERROR("a,b\n1\n2,3\n", "2: 1 field, the header has 2");
	EXPECT_ERROR("a,b\n1,2,3\n", "2: 3 fields, the header has 2");
	EXPECT_ERROR("a,b\n\"1\n2\",3\n4\n", "4: 1 field, the header has 2");
	EXPECT_ERROR("a,b\n1,\"2\n", "2: the last row is torn: a quoted field has no end, or no newline ends it");
	EXPECT_ERROR("a,b\n\n1,2\n", "2: an empty line");
	EXPECT_ERROR("\na,b\n", "1: an empty line");
	EXPECT_ERROR("a,b,a\n", "1: column \"a\" occurs twice");
	EXPECT_ERROR("a,b\n1,\0\n", "2: a NUL byte");
	EXPECT_ERROR("a,b\n\"\",\"\0\"\n", "2: a NUL byte");
	EXPECT_ERROR("a,b\n1,x\"y\n", "2: a quote in a field that does not begin with one");
	EXPECT_ERROR("a,b\n1,\"x\"y\n", "2: a quote in the middle of a quoted field; it should be doubled");
	EXPECT_ERROR("a,b\n1,2\r\n", "2: a carriage return; lines end with a line feed alone");
	EXPECT_ERROR("a,b\r\n1,2\r\n", "1: a carriage return; lines end with a line feed alone");
}

static void long_rows_have_a_limit(void **unused)
{
	static const size_t both[] = { 0, 1 };
	const size_t bytes = 3u << 20;
	char *text = malloc(bytes);
	char error[300];
	struct csv_scan scan;

	assert_non_null(text);
	memset(text, 'x', bytes);
	memcpy(text, "a,b\n1,", 6);
	memcpy(text + bytes - 5, "\n3,4\n", 5);
	put(text, bytes);
	assert_int_equal(csv_scan_open(&scan, path, 64, error, sizeof(error)), 0);
	assert_int_equal(csv_scan_want(&scan, both, 2), 0);
	assert_int_equal(csv_scan_next(&scan, error, sizeof(error)), 1);
	assert_int_equal(scan.field[1].bytes, bytes - 11);
	assert_int_equal(csv_scan_next(&scan, error, sizeof(error)), 1);
	assert_memory_equal(scan.field[0].text, "3,4\n", 4);
	csv_scan_close(&scan);
	free(text);
	/* All holes, which are NULs, but for the row's begin: found before the limit is. */
	put("a,b\n", 4);
	assert_int_equal(truncate(path, CSV_SCAN_ROW_BYTES_MAX + 1000), 0);
	assert_int_equal(csv_scan_open(&scan, path, 0, error, sizeof(error)), 0);
	assert_int_equal(csv_scan_next(&scan, error, sizeof(error)), -EBADMSG);
	csv_scan_close(&scan);
}

static void too_long_a_row_is_refused(void **unused)
{
	static char block[1 << 20];
	FILE *file = fopen(path, "w");
	char error[300];
	struct csv_scan scan;

	assert_non_null(file);
	memset(block, 'x', sizeof(block));
	fputs("a,b\n1,2\n", file);
	for (int i = 0; i < 66; i++)
		assert_int_equal(fwrite(block, sizeof(block), 1, file), 1);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(csv_scan_open(&scan, path, 0, error, sizeof(error)), 0);
	assert_int_equal(csv_scan_next(&scan, error, sizeof(error)), 1);
	assert_int_equal(csv_scan_next(&scan, error, sizeof(error)), -EBADMSG);
	assert_non_null(strstr(error, ":3: a row of more than 64 MiB"));
	csv_scan_close(&scan);
}

static void only_regular_files_are_opened(void **unused)
{
	char fifo[120], error[300];
	struct csv_scan scan;

	snprintf(fifo, sizeof(fifo), "%s/fifo", directory);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(csv_scan_open(&scan, fifo, 0, error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "fifo: not a regular file"));
	assert_int_equal(csv_scan_open(&scan, directory, 0, error, sizeof(error)), -EINVAL);
	assert_int_equal(csv_scan_open(&scan, "/dev/zero", 0, error, sizeof(error)), -EINVAL);
	unlink(fifo);
	assert_int_equal(csv_scan_open(&scan, fifo, 0, error, sizeof(error)), -ENOENT);
	csv_scan_close(&scan);
}

/* Columns are only ever appended, so any number of the newer ones may be there. */
static void an_older_header_is_a_schemas_too(void **unused)
{
	static const struct csv_column columns[] = { { .name = "a" }, { .name = "bc" }, { .name = "d" }, { .name = "e" } };
	static const struct csv_schema schema = { .name = "x", .columns = columns, .count = 4, .older = 2 };
	static const char *const others[] = { "a\n", "a,b\n", "a,bc,d,f\n", "bc,a\n", "a,bc,d,e,f\n" };
	char error[300];
	struct csv_scan scan;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		put(others[i], strlen(others[i]));
		assert_int_equal(csv_scan_open_schema(&scan, path, &schema, error, sizeof(error)), -EBADMSG);
	}
	put("a,bc\n7,8\n", 9);
	assert_int_equal(csv_scan_open_schema(&scan, path, &schema, error, sizeof(error)), 0);
	assert_int_equal(scan.fields, 2);
	assert_int_equal(csv_scan_next(&scan, error, sizeof(error)), 1);
	assert_true(csv_field_is(&scan.field[1], "8"));
	csv_scan_close(&scan);
	put("a,bc,d,e\n7,8,,9\n", 17);
	assert_int_equal(csv_scan_open_schema(&scan, path, &schema, error, sizeof(error)), 0);
	assert_int_equal(scan.fields, 4);
	assert_int_equal(csv_scan_next(&scan, error, sizeof(error)), 1);
	assert_true(csv_field_is(&scan.field[3], "9"));
	csv_scan_close(&scan);
}

static void a_schema_is_the_whole_header(void **unused)
{
	static const struct csv_column columns[] = { { .name = "a" }, { .name = "bc" } };
	static const struct csv_schema schema = { .name = "x", .columns = columns, .count = 2 };
	static const char *const others[] = { "a,b\n", "a\n", "a,bcd\n", "bc,a\n", "a,bc,d\n" };
	char error[300];
	struct csv_scan scan;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		put(others[i], strlen(others[i]));
		assert_int_equal(csv_scan_open_schema(&scan, path, &schema, error, sizeof(error)), -EBADMSG);
		assert_non_null(strstr(error, ":1: not the columns of this version: "));
		assert_null(scan.state);
	}
	put("a,bc\n7,\"x,y\"\n", 14);
	assert_int_equal(csv_scan_open_schema(&scan, path, &schema, error, sizeof(error)), 0);
	assert_int_equal(csv_scan_next(&scan, error, sizeof(error)), 1);
	assert_int_equal(scan.line, 2);
	assert_true(csv_field_is(&scan.field[0], "7"));
	assert_true(csv_field_is(&scan.field[1], "x,y"));
	assert_true(csv_scan_progress(&scan) == 1);
	csv_scan_close(&scan);
}

static void fields_are_compared_and_counted(void **unused)
{
	static const struct {
		const char *text;
		bool is_number;
		uint64_t value;
	} cases[] = {
		{ "0", true, 0 }, { "18446744073709551615", true, UINT64_MAX }, { "007", true, 7 }, { "", false, 0 }, { "-1", false, 0 },
		{ "18446744073709551616", false, 0 }, { "1.0", false, 0 }, { " 1", false, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct csv_field field = { .text = cases[i].text, .bytes = strlen(cases[i].text) };
		uint64_t value = 0;

		assert_int_equal(csv_field_u64(&field, &value), cases[i].is_number);
		assert_true(value == cases[i].value);
	}
	assert_true(csv_field_is(&(struct csv_field){ .text = "abc", .bytes = 2 }, "ab"));
	assert_false(csv_field_is(&(struct csv_field){ .text = "abc", .bytes = 3 }, "ab"));
	assert_false(csv_field_is(&(struct csv_field){ .text = "abc", .bytes = 2 }, "abc"));
	assert_true(csv_field_is(&(struct csv_field){ .text = "abc", .bytes = 0 }, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libcsv_finds_the_same),
		cmocka_unit_test(libcsv_refuses_the_same),
		cmocka_unit_test(parts_make_the_whole),
		cmocka_unit_test(damage_is_named),
		cmocka_unit_test(long_rows_have_a_limit),
		cmocka_unit_test(too_long_a_row_is_refused),
		cmocka_unit_test(only_regular_files_are_opened),
		cmocka_unit_test(a_schema_is_the_whole_header),
		cmocka_unit_test(an_older_header_is_a_schemas_too),
		cmocka_unit_test(fields_are_compared_and_counted),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
