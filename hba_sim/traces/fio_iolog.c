/* SPDX-License-Identifier: MIT */
/*
 * fio I/O logs, versions 2 and 3: what `fio --write_iolog` writes, and the form in which fio's users exchange workloads.
 *
 * Source: fio(1), "Trace file format v2" and "v3". A header line, then one action a line:
 *   version 2: FILE add|open|close            FILE read|write|trim|sync|datasync|wait OFFSET LENGTH
 *   version 3: TIMESTAMP before the same, in us since the start of the run; no wait.
 * A file must be added and opened before it is used. Each file is a LUN. Version 2 has no clock but its waits: all between two
 * waits arrives at once. A wait is read as documented, OFFSET microseconds after the wait before; fio's own replay
 * (3.33) takes it for milliseconds since the start of the job, and the documented loss of waits below 100 us is a limit
 * of its sleeping, so neither is imitated.
 */
#include "hba_sim/traces/trace.h"

#include <string.h>

#define FIO_FIELDS_MAX 5

static const char fio_header[] = "fio version ";

enum fio_kind {
	FIO_ADD,
	FIO_OPEN,
	FIO_CLOSE,
	FIO_WAIT,
	FIO_READ,
	FIO_WRITE,
	FIO_TRIM,
	FIO_SYNC,
};

static const struct fio_action {
	const char *name;
	enum fio_kind kind;
	size_t fields; /* after the timestamp */
} fio_actions[] = {
	{ "add", FIO_ADD, 2 },
	{ "open", FIO_OPEN, 2 },
	{ "close", FIO_CLOSE, 2 },
	{ "wait", FIO_WAIT, 4 },
	{ "read", FIO_READ, 4 },
	{ "write", FIO_WRITE, 4 },
	{ "trim", FIO_TRIM, 4 },
	{ "sync", FIO_SYNC, 4 },
	{ "datasync", FIO_SYNC, 4 },
};

struct fio_state {
	unsigned int version;
	bool open[TRACE_LUNS_MAX];
};

static int shown(struct trace_text text)
{
	return text.length > 64 ? 64 : (int)text.length;
}

static bool begins_header(struct trace_text line)
{
	size_t length = strlen(fio_header);

	return line.length >= length && !memcmp(line.text, fio_header, length);
}

static bool text_is(struct trace_text text, const char *expected)
{
	return text.length == strlen(expected) && !memcmp(text.text, expected, text.length);
}

static bool detect_fio_iolog(const struct trace_input *in)
{
	return begins_header(trace_first_line(in));
}

/* Split at blanks. Returns how many fields there are, of which the first FIO_FIELDS_MAX are stored. */
static size_t split_line(struct trace_text line, struct trace_text fields[FIO_FIELDS_MAX])
{
	size_t count = 0;
	size_t i = 0;

	for (;;) {
		size_t start;

		while (i < line.length && (line.text[i] == ' ' || line.text[i] == '\t'))
			i++;
		if (i == line.length)
			return count;
		start = i;
		while (i < line.length && line.text[i] != ' ' && line.text[i] != '\t')
			i++;
		if (count < FIO_FIELDS_MAX)
			fields[count] = (struct trace_text){ .text = line.text + start, .length = i - start };
		count++;
	}
}

static const struct fio_action *find_action(struct trace_text name)
{
	size_t i;

	for (i = 0; i < sizeof(fio_actions) / sizeof(fio_actions[0]); i++)
		if (text_is(name, fio_actions[i].name))
			return &fio_actions[i];
	return NULL;
}

static int parse_file_action(struct trace_input *in, struct fio_state *state, enum fio_kind kind, struct trace_text file)
{
	int lun = trace_find_lun(in, file, 0);

	if (kind == FIO_ADD) {
		if (lun < 0)
			lun = trace_add_lun(in, file, 0);
		return lun < 0 ? lun : 0;
	}
	if (lun < 0)
		return trace_fail(in, "file '%.*s' is not in the log yet; an add line must come first", shown(file), file.text);
	if (kind == FIO_CLOSE && !state->open[lun])
		return trace_fail(in, "file '%.*s' is not open; an open line must come first", shown(file), file.text);
	state->open[lun] = kind == FIO_OPEN;
	return 0;
}

static int parse_wait(struct trace_input *in, const struct fio_state *state, uint64_t wait_us)
{
	uint64_t ticks;

	if (state->version != 2)
		return trace_fail(in, "wait in a version 3 log, where timestamps tell the time; remove it");
	if (__builtin_add_overflow(in->ticks, wait_us, &ticks))
		return trace_fail(in, "the waits up to this one come to more than 2^64 us");
	return trace_set_time(in, ticks);
}

static int parse_io(struct trace_input *in, const struct fio_state *state, enum fio_kind kind,
		    const struct trace_text fields[4])
{
	struct trace_record record = { 0 };
	uint64_t offset, length;
	int lun, result;

	result = trace_number(in, "offset", fields[2], &offset);
	if (!result)
		result = trace_number(in, "length", fields[3], &length);
	if (result)
		return result;
	if (kind == FIO_WAIT)
		return parse_wait(in, state, offset);

	lun = trace_find_lun(in, fields[0], 0);
	if (lun < 0 || !state->open[lun])
		return trace_fail(in, "file '%.*s' is not open; add and open lines must come first", shown(fields[0]),
				  fields[0].text);
	record.lun = (uint8_t)lun;
	/* fio logs a sync with whatever offset and length its I/O unit had last; fsync() is for the whole file. */
	if (kind == FIO_SYNC) {
		record.opcode = TRACE_SYNCHRONIZE_CACHE_10;
		return trace_append(in, &record);
	}
	result = trace_set_extent(in, &record, offset, length);
	if (result)
		return result;
	record.opcode = kind == FIO_TRIM ? TRACE_UNMAP : trace_transfer_opcode(&record, kind == FIO_WRITE);
	return trace_append(in, &record);
}

static int parse_line(struct trace_input *in, struct fio_state *state, struct trace_text line)
{
	struct trace_text fields[FIO_FIELDS_MAX];
	const struct trace_text *rest = fields;
	size_t count = split_line(line, fields);
	const struct fio_action *action;
	uint64_t timestamp;
	int result;

	if (begins_header(line))
		return trace_fail(in, "a second header; fio appends to a log that exists: give each job a new one");
	if (state->version == 3 && count) {
		result = trace_number(in, "timestamp", fields[0], &timestamp);
		if (!result)
			result = trace_set_time(in, timestamp);
		if (result)
			return result;
		rest++;
		count--;
	}
	if (count != 2 && count != 4)
		return trace_fail(in, "%zu fields%s; FILE ACTION or FILE ACTION OFFSET LENGTH, no blanks in FILE", count,
				  state->version == 3 ? " after the timestamp" : "");
	action = find_action(rest[1]);
	if (!action)
		return trace_fail(in, "action '%.*s'; add, open, close, read, write, trim, sync, datasync%s", shown(rest[1]),
				  rest[1].text, state->version == 2 ? " or wait" : "");
	if (count != action->fields)
		return trace_fail(in, "%s with %zu fields; %zu", action->name, count, action->fields);
	if (action->fields == 2)
		return parse_file_action(in, state, action->kind, rest[0]);
	return parse_io(in, state, action->kind, rest);
}

static int parse_header(struct trace_input *in, struct fio_state *state)
{
	struct trace_text line;
	int result = trace_next_line(in, &line);

	if (result < 0)
		return result;
	if (text_is(line, "fio version 2 iolog")) {
		state->version = 2;
		in->trace->format = "fio-iolog-v2";
	} else if (text_is(line, "fio version 3 iolog")) {
		state->version = 3;
		in->trace->format = "fio-iolog-v3";
	} else {
		return trace_fail(in, "header '%.*s'; 'fio version 2 iolog' or 'fio version 3 iolog'", shown(line), line.text);
	}
	return 0;
}

static int parse_fio_iolog(struct trace_input *in)
{
	struct fio_state state = { 0 };
	struct trace_text line;
	int result;

	in->place = "line";
	in->tick_ns = 1000;
	result = parse_header(in, &state);
	if (result)
		return result;
	while ((result = trace_next_line(in, &line)) > 0) {
		result = parse_line(in, &state, line);
		if (result)
			break;
	}
	return result;
}

const struct trace_format trace_format_fio_iolog = {
	.name = "fio iolog (version 2 or 3)",
	.detect = detect_fio_iolog,
	.parse = parse_fio_iolog,
};
