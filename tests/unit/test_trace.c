/* SPDX-License-Identifier: MIT */
/*
 * Traces: every format gives the commands that it says, and everything else is refused with its place.
 *
 * Inputs are built here, byte by byte from the formats' sources, so that a reader cannot agree with itself only. The
 * truncation and fuzz tests run over one small trace of each format; they are worth most under ASan and UBSan.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hba_sim/traces/trace.h"
#include "tests/unit/temp_folder.h"

#define INPUT_BYTES_MAX 8192
#define FUZZ_ROUNDS 4000

static char folder[TEMP_FOLDER_BYTES];
static char input_path[80];
static char error[512];

struct input {
	uint8_t bytes[INPUT_BYTES_MAX];
	size_t size;
};

/* ---- building inputs ---- */

static void put_le(struct input *input, uint64_t value, size_t bytes)
{
	for (; bytes; bytes--, value >>= 8)
		input->bytes[input->size++] = (uint8_t)value;
}

static void put_v1(struct input *input, uint32_t length, uint16_t opcode, uint64_t block, uint64_t arrival_us)
{
	put_le(input, 0x80000034, 4); /* serial number */
	put_le(input, length, 4);
	put_le(input, 1, 4);
	put_le(input, opcode, 2);
	put_le(input, 0x0100, 2);
	put_le(input, block, 8);
	put_le(input, arrival_us, 8);
}

static void put_v2(struct input *input, uint32_t length, uint16_t opcode, uint64_t block, uint64_t arrival_us,
		   uint64_t response_us)
{
	put_le(input, opcode, 2);
	put_le(input, 0x0200, 2);
	put_le(input, 0x80000034, 4);
	put_le(input, length, 4);
	put_le(input, 1, 4);
	put_le(input, block, 8);
	put_le(input, arrival_us, 8);
	put_le(input, response_us, 8);
}

static void put_text(struct input *input, const char *text)
{
	size_t length = strlen(text);

	assert_true(input->size + length <= sizeof(input->bytes));
	memcpy(input->bytes + input->size, text, length);
	input->size += length;
}

static const char fio_v2_text[] =
	"fio version 2 iolog\n"
	"/dev/sda add\n"
	"/dev/sdb add\n"
	"/dev/sda open\n"
	"/dev/sda wait 500 0\n"
	"/dev/sda read 4096 8192\n"
	"/dev/sdb open\n"
	"/dev/sdb write 1024 512\n"
	"/dev/sda wait 30 0\n"
	"/dev/sda wait 70 0\n"
	"/dev/sda sync 100 0\n"
	"/dev/sda trim 1048576 65536\n"
	"/dev/sdb datasync 0 0\n"
	"/dev/sda close\n"
	"/dev/sda open\n"
	"/dev/sda write 2199023255552 512\n";

static const char fio_v3_text[] =
	"fio version 3 iolog\n"
	"36 job.0.0 add\n"
	"43 job.0.1 add\n"
	"1412 job.0.1 open\n"
	"1424 job.0.1 read 0 4096\n"
	"1449 job.0.0 open\n"
	"1450 job.0.0 write 20480 33553920\n"
	"1450 job.0.0 write 20480 33554432\n"
	"1479 job.0.1 close\n"
	"1480 job.0.0 trim 0 512\n";

static const char msr_text[] =
	"128166372003061629,hm,1,Read,383496192,32768,413\n"
	"128166372016382155,hm,1,Write,310983680,512,0\n"
	"128166372016382155,hm,0,Read,0,4096,1\n"
	"128166372026382245,src,1,Write,2199023255552,4096,9\n";

static void build_v1(struct input *input)
{
	put_v1(input, 4096, 0x28, 1000, 5633898368802);
	put_v1(input, 512, 0x2a, 7, 5633898368802);
	put_v1(input, 36, 0x12, UINT64_MAX, 5633898368900); /* INQUIRY: block means nothing */
	put_v1(input, 0, 0x28, 2000, 5633898368901);
	put_v1(input, 131072, 0x08, 0x1fffff, 5633898368902);
	put_v1(input, 24, 0x42, 5, 5633898368903);
}

static void build_v2(struct input *input)
{
	put_v2(input, 65536, 0x8a, 1ull << 40, 100, 25);
	put_v2(input, 0, 0x35, 0, 150, 0);
	put_v2(input, 65535 * 512, 0x2a, UINT32_MAX, 175, 3);
}

static void build_fio_v2(struct input *input)
{
	put_text(input, fio_v2_text);
}

static void build_fio_v3(struct input *input)
{
	put_text(input, fio_v3_text);
}

static void build_msr(struct input *input)
{
	put_text(input, msr_text);
}

static const struct sample {
	const char *format;
	void (*build)(struct input *input);
	size_t record_bytes; /* 0: a text format */
	size_t count;
} samples[] = {
	{ "vscsi-v1", build_v1, 32, 6 },
	{ "vscsi-v2", build_v2, 40, 3 },
	{ "fio-iolog-v2", build_fio_v2, 0, 6 },
	{ "fio-iolog-v3", build_fio_v3, 0, 4 },
	{ "msr", build_msr, 0, 4 },
};

#define SAMPLES (sizeof(samples) / sizeof(samples[0]))

/* ---- loading and checking ---- */

static void save(const void *bytes, size_t size)
{
	FILE *file;

	/* A new file each time: truncating one that has data makes some file systems write to the disk on close. */
	unlink(input_path);
	file = fopen(input_path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static int load(const void *bytes, size_t size, struct trace *trace)
{
	save(bytes, size);
	memset(error, 'x', sizeof(error));
	return trace_load(input_path, trace, error, sizeof(error));
}

/* What holds for any refusal: nothing to free, one line that names the file and, from its content, the record. */
static void check_refusal(const struct trace *trace)
{
	static const struct trace none;
	char prefix[sizeof(input_path) + 16];

	assert_memory_equal(trace, &none, sizeof(none));
	assert_non_null(memchr(error, '\0', sizeof(error)));
	snprintf(prefix, sizeof(prefix), "%s: record ", input_path);
	assert_int_equal(strncmp(error, prefix, strlen(prefix)), 0);
	assert_null(strchr(error, '\n'));
}

/* What holds for any trace that is accepted, whatever was in the file. */
static void check_trace(const struct trace *trace)
{
	uint64_t max_lba = 0;
	uint64_t before_ns = 0;
	uint32_t max_bytes = 0;
	size_t i;

	assert_true(trace->count > 0);
	assert_int_equal(trace->records[0].arrival_ns, 0);
	for (i = 0; i < trace->count; i++) {
		const struct trace_record *record = &trace->records[i];

		assert_true(record->arrival_ns >= before_ns);
		before_ns = record->arrival_ns;
		assert_true(record->lun < trace->luns);
		if (!(record->has_extent && record->opcode == TRACE_UNMAP) && record->bytes > max_bytes)
			max_bytes = record->bytes;
		if (!record->has_extent)
			continue;
		assert_int_equal(record->bytes % 512, 0);
		assert_true(record->lba + record->bytes / 512 <= UINT64_MAX / 512);
		if (record->lba + (record->bytes ? record->bytes / 512 - 1 : 0) > max_lba)
			max_lba = record->lba + (record->bytes ? record->bytes / 512 - 1 : 0);
	}
	assert_int_equal(trace->span_ns, before_ns);
	assert_int_equal(trace->max_lba, max_lba);
	assert_int_equal(trace->max_bytes, max_bytes);
}

static void load_good(const struct input *input, struct trace *trace)
{
	int result = load(input->bytes, input->size, trace);

	if (result)
		fail_msg("refused: %s", error);
	assert_string_equal(error, "");
	check_trace(trace);
}

/* PLACE is "record N (line M)"; MESSAGE is any part of what follows. */
static void expect_refused(const struct input *input, const char *place, const char *message)
{
	struct trace trace;
	char expected[120];
	int result = load(input->bytes, input->size, &trace);

	if (result != -EINVAL)
		fail_msg("%s, %s: result %d", place, message, result);
	check_refusal(&trace);
	snprintf(expected, sizeof(expected), "%s: %s: ", input_path, place);
	if (strncmp(error, expected, strlen(expected)) || !strstr(error + strlen(expected), message))
		fail_msg("expected %s...%s, got %s", expected, message, error);
}

static void expect_record(const struct trace *trace, size_t index, struct trace_record expected)
{
	const struct trace_record *record;

	assert_true(index < trace->count);
	record = &trace->records[index];
	assert_int_equal(record->arrival_ns, expected.arrival_ns);
	assert_int_equal(record->lba, expected.lba);
	assert_int_equal(record->bytes, expected.bytes);
	assert_int_equal(record->opcode, expected.opcode);
	assert_int_equal(record->lun, expected.lun);
	assert_int_equal(record->has_extent, expected.has_extent);
	assert_int_equal(record->service_ns, expected.service_ns);
}

static void expect_same_records(const struct trace *a, const struct trace *b, size_t count)
{
	size_t i;

	assert_true(count <= a->count && count <= b->count);
	for (i = 0; i < count; i++)
		expect_record(a, i, b->records[i]);
}

/* ---- what each format says ---- */

static void vscsi_v1_gives_its_commands(void **state)
{
	struct input input = { .size = 0 };
	struct trace trace;

	build_v1(&input);
	load_good(&input, &trace);
	assert_string_equal(trace.format, "vscsi-v1");
	assert_int_equal(trace.count, 6);
	assert_int_equal(trace.luns, 1);
	assert_int_equal(trace.max_lba, 0x1fffff + 255);
	assert_int_equal(trace.max_bytes, 131072);
	assert_int_equal(trace.span_ns, 101000);
	expect_record(&trace, 0, (struct trace_record){ 0, 1000, 4096, 0x28, 0, true, 0 });
	expect_record(&trace, 1, (struct trace_record){ 0, 7, 512, 0x2a, 0, true, 0 });
	expect_record(&trace, 2, (struct trace_record){ 98000, UINT64_MAX, 36, 0x12, 0, false, 0 });
	expect_record(&trace, 3, (struct trace_record){ 99000, 2000, 0, 0x28, 0, true, 0 });
	expect_record(&trace, 4, (struct trace_record){ 100000, 0x1fffff, 131072, 0x08, 0, true, 0 });
	expect_record(&trace, 5, (struct trace_record){ 101000, 5, 24, 0x42, 0, false, 0 });
	trace_free(&trace);
}

static void vscsi_v2_gives_its_commands(void **state)
{
	struct input input = { .size = 0 };
	struct trace trace;

	build_v2(&input);
	load_good(&input, &trace);
	assert_string_equal(trace.format, "vscsi-v2");
	assert_int_equal(trace.count, 3);
	assert_int_equal(trace.max_lba, (1ull << 40) + 127);
	expect_record(&trace, 0, (struct trace_record){ 0, 1ull << 40, 65536, 0x8a, 0, true, 25000 });
	expect_record(&trace, 1, (struct trace_record){ 50000, 0, 0, 0x35, 0, false, 0 });
	expect_record(&trace, 2, (struct trace_record){ 75000, UINT32_MAX, 65535 * 512, 0x2a, 0, true, 3000 });
	trace_free(&trace);
}

static void fio_v2_gives_its_commands(void **state)
{
	struct input input = { .size = 0 };
	struct trace trace;

	build_fio_v2(&input);
	load_good(&input, &trace);
	assert_string_equal(trace.format, "fio-iolog-v2");
	assert_int_equal(trace.count, 6);
	assert_int_equal(trace.luns, 2);
	assert_int_equal(trace.max_lba, 1ull << 32);
	assert_int_equal(trace.max_bytes, 8192);
	expect_record(&trace, 0, (struct trace_record){ 0, 8, 8192, 0x28, 0, true, 0 });
	expect_record(&trace, 1, (struct trace_record){ 0, 2, 512, 0x2a, 1, true, 0 });
	expect_record(&trace, 2, (struct trace_record){ 100000, 0, 0, 0x35, 0, false, 0 });
	expect_record(&trace, 3, (struct trace_record){ 100000, 2048, 65536, 0x42, 0, true, 0 });
	expect_record(&trace, 4, (struct trace_record){ 100000, 0, 0, 0x35, 1, false, 0 });
	expect_record(&trace, 5, (struct trace_record){ 100000, 1ull << 32, 512, 0x8a, 0, true, 0 });
	trace_free(&trace);
}

static void fio_v3_gives_its_commands(void **state)
{
	struct input input = { .size = 0 };
	struct trace trace;

	build_fio_v3(&input);
	load_good(&input, &trace);
	assert_string_equal(trace.format, "fio-iolog-v3");
	assert_int_equal(trace.count, 4);
	assert_int_equal(trace.luns, 2);
	expect_record(&trace, 0, (struct trace_record){ 0, 0, 4096, 0x28, 1, true, 0 });
	expect_record(&trace, 1, (struct trace_record){ 26000, 40, 65535 * 512, 0x2a, 0, true, 0 });
	expect_record(&trace, 2, (struct trace_record){ 26000, 40, 65536 * 512, 0x8a, 0, true, 0 });
	expect_record(&trace, 3, (struct trace_record){ 56000, 0, 512, 0x42, 0, true, 0 });
	trace_free(&trace);
}

static void msr_gives_its_commands(void **state)
{
	struct input input = { .size = 0 };
	struct trace trace;

	build_msr(&input);
	load_good(&input, &trace);
	assert_string_equal(trace.format, "msr");
	assert_int_equal(trace.count, 4);
	assert_int_equal(trace.luns, 3);
	assert_int_equal(trace.max_bytes, 32768);
	expect_record(&trace, 0, (struct trace_record){ 0, 749016, 32768, 0x28, 0, true, 41300 });
	expect_record(&trace, 1, (struct trace_record){ 1332052600, 607390, 512, 0x2a, 0, true, 0 });
	expect_record(&trace, 2, (struct trace_record){ 1332052600, 0, 4096, 0x28, 1, true, 100 });
	expect_record(&trace, 3, (struct trace_record){ 2332061600, 1ull << 32, 4096, 0x8a, 2, true, 900 });
	trace_free(&trace);
}

static void crlf_gives_the_same_as_lf(void **state)
{
	size_t i, j;

	for (i = 0; i < SAMPLES; i++) {
		struct input lf = { .size = 0 };
		struct input crlf = { .size = 0 };
		struct trace a, b;

		if (samples[i].record_bytes)
			continue;
		samples[i].build(&lf);
		for (j = 0; j < lf.size; j++) {
			if (lf.bytes[j] == '\n')
				crlf.bytes[crlf.size++] = '\r';
			crlf.bytes[crlf.size++] = lf.bytes[j];
		}
		load_good(&lf, &a);
		load_good(&crlf, &b);
		assert_string_equal(a.format, b.format);
		assert_int_equal(a.count, b.count);
		expect_same_records(&a, &b, a.count);
		trace_free(&a);
		trace_free(&b);
	}
}

/* The whole name counts, and the host together with the disk's number. */
static void luns_with_similar_names_are_distinct(void **state)
{
	static const uint8_t luns[] = { 0, 1, 2, 3, 0, 2 };
	struct input input = { .size = 0 };
	struct trace trace;
	size_t i;

	put_text(&input, "1,hm,1,Read,0,512,1\n1,h,1,Read,0,512,1\n1,hm1,1,Read,0,512,1\n1,hm,11,Read,0,512,1\n"
			 "1,hm,1,Write,0,512,1\n1,hm1,1,Read,0,512,1\n");
	load_good(&input, &trace);
	assert_int_equal(trace.luns, 4);
	for (i = 0; i < sizeof(luns); i++)
		assert_int_equal(trace.records[i].lun, luns[i]);
	trace_free(&trace);
}

/* Serial numbers are arbitrary: one whose bytes read as a version 2 head must not mislead. */
static void vscsi_v1_is_not_taken_for_v2(void **state)
{
	size_t records;

	for (records = 1; records <= 5; records++) {
		struct input input = { .size = 0 };
		struct trace trace;
		size_t i;

		for (i = 0; i < records; i++) {
			put_v1(&input, 512, 0x28, i, i);
			memcpy(input.bytes + i * 32, "\x28\x00\x00\x02", 4);
		}
		load_good(&input, &trace);
		assert_string_equal(trace.format, "vscsi-v1");
		assert_int_equal(trace.count, records);
		trace_free(&trace);
	}
}

static void a_trace_longer_than_the_first_allocation_is_whole(void **state)
{
	size_t count = 5000;
	uint8_t *bytes = malloc(count * 32);
	struct trace trace;
	size_t i;

	assert_non_null(bytes);
	for (i = 0; i < count; i++) {
		struct input one = { .size = 0 };

		put_v1(&one, 512, 0x28, i * 3, 1000 + i);
		memcpy(bytes + i * 32, one.bytes, 32);
	}
	assert_int_equal(load(bytes, count * 32, &trace), 0);
	free(bytes);
	check_trace(&trace);
	assert_int_equal(trace.count, count);
	for (i = 0; i < count; i++)
		expect_record(&trace, i, (struct trace_record){ i * 1000, i * 3, 512, 0x28, 0, true, 0 });
	trace_free(&trace);
}

/* ---- what is refused ---- */

static void files_that_are_none_are_refused(void **state)
{
	char path[80];
	struct trace trace;

	snprintf(path, sizeof(path), "%s/missing", folder);
	assert_int_equal(trace_load(path, &trace, error, sizeof(error)), -ENOENT);
	assert_non_null(strstr(error, path));
	assert_null(trace.records);

	assert_int_equal(trace_load(folder, &trace, error, sizeof(error)), -EISDIR);
	assert_non_null(strstr(error, "directory"));

	snprintf(path, sizeof(path), "%s/fifo", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(trace_load(path, &trace, error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "not a regular file"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(trace_load("no\nsuch\x1b[31mfile", &trace, error, sizeof(error)), -ENOENT);
	assert_non_null(strstr(error, "no?such?[31mfile: cannot open"));
}

static void errors_fit_any_buffer(void **state)
{
	char small[16];
	struct trace trace;

	memset(small, 'x', sizeof(small));
	assert_int_equal(trace_load("/nowhere/at/all", &trace, small, 8), -ENOENT);
	assert_string_equal(small, "/nowher");
	assert_int_equal(small[8], 'x');
	assert_int_equal(trace_load("/nowhere/at/all", &trace, NULL, 0), -ENOENT);
}

static void foreign_files_are_refused(void **state)
{
	static const char *const texts[] = {
		"hello\n", "\n", "\x7f" "ELF\x02\x01\x01", "fio versio", "{\"a\": 1}\n",
		"Timestamp,Hostname,DiskNumber,Type,Offset,Size,ResponseTime\n",
		"1,2,3,4,5,6\n", "1,2,3,4,5,6,7,8\n", ",hm,1,Read,0,512,1\n", "1.5,hm,1,Read,0,512,1\n",
		"\xef\xbb\xbf" "fio version 3 iolog\n0 a add\n",
	};
	struct input input = { .size = 0 };
	size_t i;

	expect_refused(&input, "record 1 (byte 0)", "empty");
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		input.size = 0;
		put_text(&input, texts[i]);
		expect_refused(&input, "record 1 (byte 0)", "no known format");
	}
	input.size = 4096;
	memset(input.bytes, 0, input.size);
	expect_refused(&input, "record 1 (byte 0)", "no known format");
	memset(input.bytes, 0xff, input.size);
	expect_refused(&input, "record 1 (byte 0)", "no known format");
	input.size = 0;
	put_v1(&input, 512, 0x28, 0, 0);
	put_v2(&input, 512, 0x28, 0, 0, 0);
	expect_refused(&input, "record 1 (byte 0)", "no known format");
	input.size = 0;
	put_v1(&input, 512, 0x2800, 0, 0);
	expect_refused(&input, "record 1 (byte 0)", "no known format");
}

static void vscsi_refuses_what_it_should(void **state)
{
	static const struct {
		uint32_t length;
		uint16_t opcode;
		uint64_t block;
		uint64_t arrival_us;
		const char *message;
	} cases[] = {
		{ 512, 0x28, 0, 999, "timestamp 999 is earlier than the 1000" },
		{ 513, 0x28, 0, 1000, "length 513 is not a multiple" },
		{ 512, 0x128, 0, 1000, "operation code 0x0128" },
		{ 512, 0x2a, 1ull << 32, 1000, "LBA 4294967296 does not fit" },
		{ 65536 * 512, 0x28, 0, 1000, "bytes do not fit" },
		{ 512, 0x08, 0x200000, 1000, "LBA 2097152 does not fit" },
		{ 0, 0x0a, 0, 1000, "bytes do not fit" },
		{ 257 * 512, 0x0a, 0, 1000, "bytes do not fit" },
		{ 512, 0x88, UINT64_MAX, 1000, "end past 2^64" },
		{ 1024, 0x8a, (1ull << 55) - 2, 1000, "end past 2^64" },
		{ 512, 0x28, 0, UINT64_MAX, "time since the first record" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct input input = { .size = 0 };

		put_v1(&input, 512, 0x28, 0, 1000);
		put_v1(&input, 512, 0x28, 0, 1000);
		put_v1(&input, cases[i].length, cases[i].opcode, cases[i].block, cases[i].arrival_us);
		expect_refused(&input, "record 3 (byte 64)", cases[i].message);
	}
}

static void vscsi_refuses_a_version_that_changes(void **state)
{
	struct input input = { .size = 0 };

	build_v1(&input);
	input.bytes[4 * 32 + 15] = 2;
	expect_refused(&input, "record 5 (byte 128)", "version flag 0x0200");

	input.size = 0;
	build_v2(&input);
	input.bytes[2 * 40 + 3] = 1;
	expect_refused(&input, "record 3 (byte 80)", "version flag 0x0100");

	input.size = 0;
	put_v2(&input, 512, 0x28, 0, 0, UINT64_MAX / 1000 + 1);
	expect_refused(&input, "record 1 (byte 0)", "response time");
}

struct refused_line {
	const char *line;
	const char *message;
};

/* LINE after BEFORE, which has RECORDS records in LINES lines; a good line follows, so that the place is not the end. */
static void expect_lines_refused(const char *before, size_t records, size_t lines, const char *after,
				 const struct refused_line *cases, size_t count)
{
	char place[40];
	size_t i;

	snprintf(place, sizeof(place), "record %zu (line %zu)", records + 1, lines + 1);
	for (i = 0; i < count; i++) {
		struct input input = { .size = 0 };

		put_text(&input, before);
		put_text(&input, cases[i].line);
		put_text(&input, after);
		expect_refused(&input, place, cases[i].message);
	}
}

static void fio_v3_refuses_what_it_should(void **state)
{
	static const struct refused_line cases[] = {
		{ "49 a read 0 512\n", "timestamp 49 is earlier than the 50" },
		{ "49 b add\n", "timestamp 49 is earlier than the 50" },
		{ "60 a wait 100 0\n", "wait in a version 3 log" },
		{ "60 a read 0 0\n", "length 0" },
		{ "60 a read 0 100\n", "length 100 is not a multiple" },
		{ "60 a trim 0 0\n", "length 0" },
		{ "60 a write 100 512\n", "offset 100 is not a multiple" },
		{ "60 a write 0 4294967296\n", "length 4294967296 is above" },
		{ "60 a write 18446744073709551104 512\n", "end past 2^64" },
		{ "60 a write 18446744073709551616 512\n", "offset 18446744073709551616 is above" },
		{ "60 a write 99999999999999999999 512\n", "is above" },
		{ "18446744073709551615 a read 0 512\n", "time since the first record" },
		{ "x a read 0 512\n", "timestamp 'x' is not a decimal number" },
		{ "-60 a read 0 512\n", "timestamp '-60' is not a decimal number" },
		{ "60 a read 0x200 512\n", "offset '0x200' is not a decimal number" },
		{ "60 a read 0 4k\n", "length '4k' is not a decimal number" },
		{ "60 a sync 0 x\n", "length 'x' is not a decimal number" },
		{ "60 a frob 0 512\n", "action 'frob'" },
		{ "60 a READ 0 512\n", "action 'READ'" },
		{ "60 a read\n", "read with 2 fields; 4" },
		{ "60 a sync\n", "sync with 2 fields; 4" },
		{ "60 a add 0 512\n", "add with 4 fields; 2" },
		{ "60 a read 0\n", "3 fields" },
		{ "60 a read 0 512 1\n", "5 fields" },
		{ "60 a b c read 0 512\n", "6 fields" },
		{ "60\n", "0 fields" },
		{ "\n", "0 fields" },
		{ "60 b read 0 512\n", "file 'b' is not open" },
		{ "60 c read 0 512\n", "file 'c' is not open" },
		{ "60 shut read 0 512\n", "file 'shut' is not open" },
		{ "60 shut close\n", "file 'shut' is not open" },
		{ "60 c open\n", "file 'c' is not in the log yet" },
		{ "60 c close\n", "file 'c' is not in the log yet" },
		{ "60 b close\n", "file 'b' is not open" },
		{ "fio version 3 iolog\n", "a second header" },
		{ "fio version 2 iolog\n", "a second header" },
		{ "60 a\x01 read 0 512\n", "byte 0x01 at column 5" },
		{ "60 a\rb read 0 512\n", "byte 0x0d at column 5" },
		{ "60 a read 0 512\r\r\n", "byte 0x0d at column 16" },
	};
	static const char before[] = "fio version 3 iolog\n1 a add\n1 b add\n1 shut add\n1 a open\n1 shut open\n"
				     "1 shut close\n50 a read 0 512\n";

	expect_lines_refused(before, 1, 8, "60 a read 0 512\n", cases, sizeof(cases) / sizeof(cases[0]));
}

static void fio_v2_refuses_what_it_should(void **state)
{
	static const struct refused_line cases[] = {
		{ "a wait 18446744073709551615 0\n", "the waits up to this one" },
		{ "a wait x 0\n", "offset 'x' is not a decimal number" },
		{ "a wait\n", "wait with 2 fields" },
		{ "60 a read 0 512\n", "5 fields" },
		{ "a read 512\n", "3 fields" },
	};
	static const char before[] = "fio version 2 iolog\na add\na open\na wait 2 0\na read 0 512\n";
	static const struct refused_line headers[] = {
		{ "fio version 1 iolog\n", "header 'fio version 1 iolog'" },
		{ "fio version 4 iolog\n", "header 'fio version 4 iolog'" },
		{ "fio version 3 iolog \n", "header 'fio version 3 iolog '" },
		{ "fio version 33 iolog\n", "header 'fio version 33 iolog'" },
	};

	expect_lines_refused(before, 1, 5, "a read 0 512\n", cases, sizeof(cases) / sizeof(cases[0]));
	expect_lines_refused("", 0, 0, "a add\n", headers, sizeof(headers) / sizeof(headers[0]));
}

static void msr_refuses_what_it_should(void **state)
{
	static const struct refused_line cases[] = {
		{ "99,hm,1,Read,0,512,1\n", "timestamp 99 is earlier than the 100" },
		{ "100,hm,1,Read,0,0,1\n", "length 0" },
		{ "100,hm,1,Read,0,513,1\n", "length 513 is not a multiple" },
		{ "100,hm,1,Read,1,512,1\n", "offset 1 is not a multiple" },
		{ "100,hm,1,Read,0,4294967296,1\n", "is above 2^32 - 1" },
		{ "100,hm,1,Read,18446744073709551104,512,1\n", "end past 2^64" },
		{ "100,hm,1,read,0,512,1\n", "type 'read'; Read or Write" },
		{ "100,hm,1,Readx,0,512,1\n", "type 'Readx'" },
		{ "100,hm,1,,0,512,1\n", "type ''" },
		{ "100,,1,Read,0,512,1\n", "no host name" },
		{ "100,hm,x,Read,0,512,1\n", "disk number 'x'" },
		{ "100,hm,,Read,0,512,1\n", "disk number ''" },
		{ "100,hm,1,Read,,512,1\n", "offset ''" },
		{ "100,hm,1,Read,0, 512,1\n", "size ' 512'" },
		{ "100,hm,1,Read,0,512,\n", "response time ''" },
		{ "100,hm,1,Read,0,512,-1\n", "response time '-1'" },
		{ "100,hm,1,Read,0,512,184467440737095517\n", "response time 184467440737095517 is too long" },
		{ "100,hm,1,Read,0,512\n", "6 fields; 7" },
		{ "100,hm,1,Read,0,512,1,\n", "8 fields; 7" },
		{ "\n", "1 fields; 7" },
		{ "18446744073709551615,hm,1,Read,0,512,1\n", "time since the first record" },
	};

	expect_lines_refused("100,hm,0,Read,0,512,1\n", 1, 1, "100,hm,0,Read,0,512,1\n", cases,
			     sizeof(cases) / sizeof(cases[0]));
}

static void lines_are_limited_and_have_no_nul(void **state)
{
	struct input input = { .size = 0 };
	struct trace trace;
	size_t header = strlen("fio version 3 iolog\n");
	size_t name = TRACE_LINE_BYTES_MAX - strlen("1  add");

	build_msr(&input);
	input.bytes[60] = '\0';
	expect_refused(&input, "record 2 (line 2)", "byte 0x00 at column 12");

	/* A file name that makes its line as long as a line may be, then one byte longer. */
	input.size = 0;
	put_text(&input, "fio version 3 iolog\n1 ");
	memset(input.bytes + input.size, 'f', name);
	input.size += name;
	put_text(&input, " add\n2 g add\n2 g open\n2 g read 0 512\n");
	load_good(&input, &trace);
	trace_free(&trace);
	memmove(input.bytes + header + 3, input.bytes + header + 2, input.size - header - 2);
	input.size++;
	expect_refused(&input, "record 1 (line 2)", "longer than 4095 bytes");
}

static void more_luns_than_a_byte_names_are_refused(void **state)
{
	struct input input = { .size = 0 };
	struct trace trace;
	char line[40];
	unsigned int i;

	for (i = 0; i < 256; i++) {
		snprintf(line, sizeof(line), "1,h,%u,Read,0,512,1\n", i);
		put_text(&input, line);
	}
	load_good(&input, &trace);
	assert_int_equal(trace.luns, 256);
	assert_int_equal(trace.records[255].lun, 255);
	trace_free(&trace);
	put_text(&input, "1,g,0,Read,0,512,1\n");
	expect_refused(&input, "record 257 (line 257)", "more than 256");

	input.size = 0;
	put_text(&input, "fio version 2 iolog\n");
	for (i = 0; i < 257; i++) {
		snprintf(line, sizeof(line), "f%u add\n", i);
		put_text(&input, line);
	}
	expect_refused(&input, "record 1 (line 258)", "more than 256");
}

static void a_trace_without_commands_is_refused(void **state)
{
	struct input input = { .size = 0 };

	put_text(&input, "fio version 3 iolog\n");
	expect_refused(&input, "record 1 (line 1)", "without a command");
	put_text(&input, "1 a add\n2 a open\n3 a close\n");
	expect_refused(&input, "record 1 (line 4)", "without a command");
}

/* ---- any prefix, any damage ---- */

/* How many commands the first CUT bytes hold, when they end where a record ends; else 0. */
static size_t commands_before(const struct sample *sample, const struct input *input, size_t cut)
{
	static const char *const actions[] = { " read ", " write ", " trim ", " sync ", " datasync ", "Read", "Write" };
	char text[INPUT_BYTES_MAX];
	size_t count = 0;
	size_t i;
	char *line;

	if (sample->record_bytes)
		return cut % sample->record_bytes ? 0 : cut / sample->record_bytes;
	if (!cut || input->bytes[cut - 1] != '\n')
		return 0;
	memcpy(text, input->bytes, cut);
	text[cut] = '\0';
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
			if (strstr(line, actions[i]))
				count++;
	return count;
}

static void every_truncation_is_refused_or_a_prefix(void **state)
{
	size_t i, cut;

	for (i = 0; i < SAMPLES; i++) {
		struct input input = { .size = 0 };
		struct trace whole, part;

		samples[i].build(&input);
		load_good(&input, &whole);
		assert_string_equal(whole.format, samples[i].format);
		assert_int_equal(whole.count, samples[i].count);
		for (cut = 0; cut <= input.size; cut++) {
			size_t commands = commands_before(&samples[i], &input, cut);
			int result = load(input.bytes, cut, &part);

			if (!commands) {
				assert_int_equal(result, -EINVAL);
				check_refusal(&part);
				continue;
			}
			if (result)
				fail_msg("%s cut to %zu bytes: %s", samples[i].format, cut, error);
			check_trace(&part);
			assert_string_equal(part.format, samples[i].format);
			assert_int_equal(part.count, commands);
			expect_same_records(&part, &whole, commands);
			trace_free(&part);
		}
		trace_free(&whole);
	}
}

static uint64_t fuzz_state;

static uint64_t fuzz_next(void)
{
	fuzz_state ^= fuzz_state << 13;
	fuzz_state ^= fuzz_state >> 7;
	fuzz_state ^= fuzz_state << 17;
	return fuzz_state;
}

/* One kind of damage: a byte, a digit or separator, a span that is gone, or a span that is there twice. */
static void damage(struct input *input)
{
	static const char telling[] = "0123456789, \t\r\n-x\0\xff";
	size_t at = fuzz_next() % input->size;
	size_t span = fuzz_next() % 48 % (input->size - at) + 1;

	switch (fuzz_next() % 5) {
	case 0:
		input->bytes[at] = (uint8_t)fuzz_next();
		break;
	case 1:
		input->bytes[at] ^= (uint8_t)(1u << fuzz_next() % 8);
		break;
	case 2:
		input->bytes[at] = (uint8_t)telling[fuzz_next() % (sizeof(telling) - 1)];
		break;
	case 3:
		if (span == input->size)
			break;
		memmove(input->bytes + at, input->bytes + at + span, input->size - at - span);
		input->size -= span;
		break;
	case 4:
		memmove(input->bytes + at + span, input->bytes + at, input->size - at);
		input->size += span;
		break;
	}
}

static void damaged_traces_are_refused_or_sound(void **state)
{
	size_t i, round;

	fuzz_state = 0x9e3779b97f4a7c15;
	for (i = 0; i < SAMPLES; i++) {
		size_t accepted = 0;

		for (round = 0; round < FUZZ_ROUNDS; round++) {
			struct input input = { .size = 0 };
			struct trace trace;
			size_t wounds = fuzz_next() % 3 + 1;

			samples[i].build(&input);
			while (wounds--)
				damage(&input);
			if (load(input.bytes, input.size, &trace)) {
				check_refusal(&trace);
				continue;
			}
			check_trace(&trace);
			trace_free(&trace);
			accepted++;
		}
		/* Damage that is always, or never, refused would not test both outcomes. */
		assert_true(accepted > FUZZ_ROUNDS / 200);
		assert_true(accepted < FUZZ_ROUNDS);
	}
}

static int make_folder(void **state)
{
	if (temp_folder_make(folder))
		return -1;
	snprintf(input_path, sizeof(input_path), "%s/trace", folder);
	return 0;
}

static int remove_folder(void **state)
{
	return temp_folder_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vscsi_v1_gives_its_commands),
		cmocka_unit_test(vscsi_v2_gives_its_commands),
		cmocka_unit_test(fio_v2_gives_its_commands),
		cmocka_unit_test(fio_v3_gives_its_commands),
		cmocka_unit_test(msr_gives_its_commands),
		cmocka_unit_test(crlf_gives_the_same_as_lf),
		cmocka_unit_test(luns_with_similar_names_are_distinct),
		cmocka_unit_test(vscsi_v1_is_not_taken_for_v2),
		cmocka_unit_test(a_trace_longer_than_the_first_allocation_is_whole),
		cmocka_unit_test(files_that_are_none_are_refused),
		cmocka_unit_test(errors_fit_any_buffer),
		cmocka_unit_test(foreign_files_are_refused),
		cmocka_unit_test(vscsi_refuses_what_it_should),
		cmocka_unit_test(vscsi_refuses_a_version_that_changes),
		cmocka_unit_test(fio_v3_refuses_what_it_should),
		cmocka_unit_test(fio_v2_refuses_what_it_should),
		cmocka_unit_test(msr_refuses_what_it_should),
		cmocka_unit_test(lines_are_limited_and_have_no_nul),
		cmocka_unit_test(more_luns_than_a_byte_names_are_refused),
		cmocka_unit_test(a_trace_without_commands_is_refused),
		cmocka_unit_test(every_truncation_is_refused_or_a_prefix),
		cmocka_unit_test(damaged_traces_are_refused_or_sound),
	};

	return cmocka_run_group_tests_name("trace", tests, make_folder, remove_folder);
}
