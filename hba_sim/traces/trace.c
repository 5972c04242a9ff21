/* SPDX-License-Identifier: MIT */
/*
 * Loading a trace: the table of formats, and what all of them share (the file, refusals, time, extents, LUNs, lines, numbers).
 *
 * Traces come from elsewhere, so nothing in one is trusted: every check that does not depend on a format is made here, once.
 */
#include "hba_sim/traces/trace.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The formats, in the order in which they are tried. */
#define TRACE_FORMATS(format) \
	format(trace_format_fio_iolog) \
	format(trace_format_msr) \
	format(trace_format_vscsi)

#define DECLARE_FORMAT(name) extern const struct trace_format name;
#define POINT_TO_FORMAT(name) &name,

TRACE_FORMATS(DECLARE_FORMAT)

static const struct trace_format *const trace_formats[] = { TRACE_FORMATS(POINT_TO_FORMAT) };

#define TRACE_FORMATS_COUNT (sizeof(trace_formats) / sizeof(trace_formats[0]))

/* Extents end below 2^64 bytes, so that a byte address never overflows. */
#define TRACE_BLOCKS_MAX (UINT64_MAX / TRACE_BLOCK_BYTES)

static void __attribute__((format(printf, 3, 0)))
put_error(struct trace_input *in, const char *prefix, const char *format, va_list arguments)
{
	size_t used, i;
	int length;

	if (!in->error_bytes)
		return;
	length = snprintf(in->error, in->error_bytes, "%s: %s", in->path, prefix);
	used = length < 0 ? 0 : (size_t)length;
	if (used < in->error_bytes)
		vsnprintf(in->error + used, in->error_bytes - used, format, arguments);
	/* Names and fields are quoted from outside: neither may end the line or reach a terminal as a command. */
	for (i = 0; in->error[i]; i++)
		if (iscntrl((unsigned char)in->error[i]))
			in->error[i] = '?';
}

static int __attribute__((format(printf, 3, 4)))
fail_file(struct trace_input *in, int result, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	put_error(in, "", format, arguments);
	va_end(arguments);
	return result;
}

int trace_fail(struct trace_input *in, const char *format, ...)
{
	char prefix[80];
	va_list arguments;

	snprintf(prefix, sizeof(prefix), "record %zu (%s %llu): ", in->trace->count + 1, in->place,
		 (unsigned long long)in->position);
	va_start(arguments, format);
	put_error(in, prefix, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

int trace_set_time(struct trace_input *in, uint64_t ticks)
{
	if (ticks < in->ticks)
		return trace_fail(in, "timestamp %llu is earlier than the %llu before it; sort the trace by time",
				  (unsigned long long)ticks, (unsigned long long)in->ticks);
	in->ticks = ticks;
	return 0;
}

int trace_ticks_to_ns(struct trace_input *in, const char *what, uint64_t ticks, uint64_t *ns)
{
	if (ticks > UINT64_MAX / in->tick_ns)
		return trace_fail(in, "%s %llu is too long; at most %llu, or 2^64 ns", what, (unsigned long long)ticks,
				  (unsigned long long)(UINT64_MAX / in->tick_ns));
	*ns = ticks * in->tick_ns;
	return 0;
}

static int check_extent(struct trace_input *in, const struct trace_record *record)
{
	uint64_t blocks = record->bytes / TRACE_BLOCK_BYTES;

	if (record->bytes % TRACE_BLOCK_BYTES)
		return trace_fail(in, "length %lu is not a multiple of 512 bytes", (unsigned long)record->bytes);
	if (record->lba > TRACE_BLOCKS_MAX - blocks)
		return trace_fail(in, "%llu blocks from LBA %llu end past 2^64 bytes; the last LBA is %llu",
				  (unsigned long long)blocks, (unsigned long long)record->lba,
				  (unsigned long long)TRACE_BLOCKS_MAX - 1);
	return 0;
}

static void note_sizes(struct trace *trace, const struct trace_record *record)
{
	uint32_t blocks = record->bytes / TRACE_BLOCK_BYTES;
	uint64_t last_lba;

	if (record->bytes > trace->max_bytes && !(record->has_extent && record->opcode == TRACE_UNMAP))
		trace->max_bytes = record->bytes;
	if (!record->has_extent)
		return;
	last_lba = blocks ? record->lba + blocks - 1 : record->lba;
	if (last_lba > trace->max_lba)
		trace->max_lba = last_lba;
}

static int reserve_record(struct trace_input *in)
{
	struct trace *trace = in->trace;
	size_t capacity = in->capacity ? in->capacity * 2 : 1024;
	struct trace_record *records;

	if (trace->count < in->capacity)
		return 0;
	records = reallocarray(trace->records, capacity, sizeof(*records));
	if (!records)
		return fail_file(in, -ENOMEM, "no memory for %zu records; split the trace", capacity);
	trace->records = records;
	in->capacity = capacity;
	return 0;
}

int trace_append(struct trace_input *in, struct trace_record *record)
{
	struct trace *trace = in->trace;
	int result;

	if (!trace->count)
		in->first_ticks = in->ticks;
	result = trace_ticks_to_ns(in, "time since the first record", in->ticks - in->first_ticks, &record->arrival_ns);
	if (!result && record->has_extent)
		result = check_extent(in, record);
	if (!result)
		result = reserve_record(in);
	if (result)
		return result;

	note_sizes(trace, record);
	trace->span_ns = record->arrival_ns;
	trace->records[trace->count++] = *record;
	return 0;
}

int trace_find_lun(const struct trace_input *in, struct trace_text name, uint64_t number)
{
	uint32_t i;

	for (i = 0; i < in->trace->luns; i++) {
		const struct trace_lun *lun = &in->luns[i];

		if (lun->number == number && lun->name.length == name.length &&
		    !memcmp(lun->name.text, name.text, name.length))
			return (int)i;
	}
	return -ENOENT;
}

int trace_add_lun(struct trace_input *in, struct trace_text name, uint64_t number)
{
	if (in->trace->luns == TRACE_LUNS_MAX)
		return trace_fail(in, "more than %u files or disks; one trace is replayed to at most that many LUNs",
				  TRACE_LUNS_MAX);
	in->luns[in->trace->luns].name = name;
	in->luns[in->trace->luns].number = number;
	return (int)in->trace->luns++;
}

static struct trace_text without_cr(const char *text, size_t length)
{
	if (length && text[length - 1] == '\r')
		length--;
	return (struct trace_text){ .text = text, .length = length };
}

int trace_next_line(struct trace_input *in, struct trace_text *line)
{
	const char *text = (const char *)in->data + in->offset;
	size_t left = in->size - in->offset;
	size_t window = left < TRACE_LINE_BYTES_MAX + 2 ? left : TRACE_LINE_BYTES_MAX + 2;
	const char *end;
	size_t i;

	if (!left)
		return 0;
	in->position++;
	end = memchr(text, '\n', window);
	*line = without_cr(text, end ? (size_t)(end - text) : window);
	if (line->length > TRACE_LINE_BYTES_MAX)
		return trace_fail(in, "the line is longer than %u bytes", TRACE_LINE_BYTES_MAX);
	if (!end)
		return trace_fail(in, "the line does not end: the file is cut off, or lacks its last newline");
	for (i = 0; i < line->length; i++)
		if (iscntrl((unsigned char)line->text[i]) && line->text[i] != '\t')
			return trace_fail(in, "byte 0x%02x at column %zu; a trace in text has printable characters only",
					  (unsigned int)(unsigned char)line->text[i], i + 1);
	in->offset += (size_t)(end - text) + 1;
	return 1;
}

struct trace_text trace_first_line(const struct trace_input *in)
{
	size_t window = in->size < TRACE_LINE_BYTES_MAX ? in->size : TRACE_LINE_BYTES_MAX;
	const char *text = (const char *)in->data;
	const char *end = memchr(text, '\n', window);

	return without_cr(text, end ? (size_t)(end - text) : window);
}

int trace_number(struct trace_input *in, const char *what, struct trace_text field, uint64_t *value)
{
	int shown = field.length > 32 ? 32 : (int)field.length;
	size_t i;

	*value = 0;
	for (i = 0; i < field.length; i++) {
		if (field.text[i] < '0' || field.text[i] > '9')
			break;
		if (__builtin_mul_overflow(*value, 10, value) ||
		    __builtin_add_overflow(*value, (uint64_t)(field.text[i] - '0'), value))
			return trace_fail(in, "%s %.*s is above 2^64 - 1", what, shown, field.text);
	}
	if (!field.length || i < field.length)
		return trace_fail(in, "%s '%.*s' is not a decimal number", what, shown, field.text);
	return 0;
}

int trace_set_extent(struct trace_input *in, struct trace_record *record, uint64_t offset_bytes, uint64_t length_bytes)
{
	if (!length_bytes)
		return trace_fail(in, "length 0; at least one block of 512 bytes");
	if (length_bytes > UINT32_MAX)
		return trace_fail(in, "length %llu is above 2^32 - 1 bytes", (unsigned long long)length_bytes);
	if (offset_bytes % TRACE_BLOCK_BYTES)
		return trace_fail(in, "offset %llu is not a multiple of 512 bytes", (unsigned long long)offset_bytes);
	record->lba = offset_bytes / TRACE_BLOCK_BYTES;
	record->bytes = (uint32_t)length_bytes;
	record->has_extent = true;
	return 0;
}

uint8_t trace_transfer_opcode(const struct trace_record *record, bool write)
{
	bool fits = record->lba <= UINT32_MAX && record->bytes / TRACE_BLOCK_BYTES <= UINT16_MAX;

	if (fits)
		return write ? TRACE_WRITE_10 : TRACE_READ_10;
	return write ? TRACE_WRITE_16 : TRACE_READ_16;
}

static int parse_data(struct trace_input *in)
{
	size_t i;
	int result;

	for (i = 0; i < TRACE_FORMATS_COUNT; i++) {
		if (!trace_formats[i]->detect(in))
			continue;
		result = trace_formats[i]->parse(in);
		if (!result && !in->trace->count)
			result = trace_fail(in, "the trace ends without a command; one at least");
		return result;
	}
	return trace_fail(in, "no known format; %s, %s or %s", trace_format_fio_iolog.name, trace_format_msr.name,
			  trace_format_vscsi.name);
}

static int read_all(struct trace_input *in, int fd, uint8_t *data)
{
	size_t done = 0;
	ssize_t got;

	while (done < in->size) {
		got = read(fd, data + done, in->size - done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail_file(in, -errno, "cannot read: %s", strerror(errno));
		if (!got)
			return fail_file(in, -EINVAL, "the file shrank while it was read; load it when it is complete");
		done += (size_t)got;
	}
	return 0;
}

static int load_open_file(struct trace_input *in, int fd)
{
	struct stat status;
	uint8_t *data;
	int result;

	if (fstat(fd, &status))
		return fail_file(in, -errno, "cannot stat: %s", strerror(errno));
	if (S_ISDIR(status.st_mode))
		return fail_file(in, -EISDIR, "is a directory; a trace is a file");
	if (!S_ISREG(status.st_mode))
		return fail_file(in, -EINVAL, "is not a regular file; save the trace to one first");
	if (!status.st_size)
		return trace_fail(in, "the file is empty; a trace has at least one command");
	in->size = (size_t)status.st_size;
	data = malloc(in->size);
	if (!data)
		return fail_file(in, -ENOMEM, "no memory for %zu bytes; split the trace", in->size);
	in->data = data;
	result = read_all(in, fd, data);
	if (!result)
		result = parse_data(in);
	free(data);
	return result;
}

int trace_load(const char *path, struct trace *trace, char *error, size_t error_bytes)
{
	struct trace_input in = {
		.path = path,
		.place = "byte",
		.trace = trace,
		.error = error,
		.error_bytes = error_bytes,
	};
	int fd, result;

	memset(trace, 0, sizeof(*trace));
	if (error_bytes)
		error[0] = '\0';
	/* O_NONBLOCK: opening a FIFO must not wait for its writer, only to be refused. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return fail_file(&in, -errno, "cannot open: %s", strerror(errno));
	result = load_open_file(&in, fd);
	close(fd);
	if (result)
		trace_free(trace);
	return result;
}

void trace_free(struct trace *trace)
{
	free(trace->records);
	memset(trace, 0, sizeof(*trace));
}
