/* SPDX-License-Identifier: MIT */
/*
 * MSR Cambridge traces: a week of block I/O of 13 servers, below their caches, with response times.
 *
 * Source: the README of the traces (SNIA IOTTA) and Narayanan et al., "Write Off-Loading", FAST '08. CSV without a header:
 * Timestamp,Hostname,DiskNumber,Type,Offset,Size,ResponseTime; Type is Read or Write, offset and size are in bytes, and
 * both times are in units of Windows' FILETIME, 100 ns.
 */
#include "hba_sim/traces/trace.h"

#include <string.h>

enum msr_field {
	MSR_TIMESTAMP,
	MSR_HOSTNAME,
	MSR_DISK_NUMBER,
	MSR_TYPE,
	MSR_OFFSET,
	MSR_SIZE,
	MSR_RESPONSE_TIME,
	MSR_FIELDS,
};

/* Split at commas. Returns how many fields there are, of which the first MSR_FIELDS are stored. */
static size_t split_line(struct trace_text line, struct trace_text fields[MSR_FIELDS])
{
	size_t count = 0;
	size_t start = 0;
	size_t i;

	for (i = 0; i <= line.length; i++) {
		if (i < line.length && line.text[i] != ',')
			continue;
		if (count < MSR_FIELDS)
			fields[count] = (struct trace_text){ .text = line.text + start, .length = i - start };
		count++;
		start = i + 1;
	}
	return count;
}

static bool text_is(struct trace_text text, const char *expected)
{
	return text.length == strlen(expected) && !memcmp(text.text, expected, text.length);
}

/* Other CSV begins otherwise: seven fields, the first of digits only. */
static bool detect_msr(const struct trace_input *in)
{
	struct trace_text fields[MSR_FIELDS];
	size_t i;

	if (split_line(trace_first_line(in), fields) != MSR_FIELDS || !fields[MSR_TIMESTAMP].length)
		return false;
	for (i = 0; i < fields[MSR_TIMESTAMP].length; i++)
		if (fields[MSR_TIMESTAMP].text[i] < '0' || fields[MSR_TIMESTAMP].text[i] > '9')
			return false;
	return true;
}

static int find_disk(struct trace_input *in, const struct trace_text *fields, struct trace_record *record)
{
	uint64_t number;
	int lun, result;

	if (!fields[MSR_HOSTNAME].length)
		return trace_fail(in, "no host name in the second field");
	result = trace_number(in, "disk number", fields[MSR_DISK_NUMBER], &number);
	if (result)
		return result;
	lun = trace_find_lun(in, fields[MSR_HOSTNAME], number);
	if (lun < 0)
		lun = trace_add_lun(in, fields[MSR_HOSTNAME], number);
	if (lun < 0)
		return lun;
	record->lun = (uint8_t)lun;
	return 0;
}

static int parse_times(struct trace_input *in, const struct trace_text *fields, struct trace_record *record)
{
	uint64_t timestamp, response;
	int result;

	result = trace_number(in, "timestamp", fields[MSR_TIMESTAMP], &timestamp);
	if (!result)
		result = trace_set_time(in, timestamp);
	if (!result)
		result = trace_number(in, "response time", fields[MSR_RESPONSE_TIME], &response);
	if (!result)
		result = trace_ticks_to_ns(in, "response time", response, &record->service_ns);
	return result;
}

static int parse_line(struct trace_input *in, struct trace_text line)
{
	struct trace_text fields[MSR_FIELDS];
	struct trace_record record = { 0 };
	uint64_t offset, size;
	size_t count = split_line(line, fields);
	bool write;
	int result;

	if (count != MSR_FIELDS)
		return trace_fail(in, "%zu fields; 7: Timestamp,Hostname,DiskNumber,Type,Offset,Size,ResponseTime", count);
	write = text_is(fields[MSR_TYPE], "Write");
	if (!write && !text_is(fields[MSR_TYPE], "Read"))
		return trace_fail(in, "type '%.*s'; Read or Write",
				  fields[MSR_TYPE].length > 32 ? 32 : (int)fields[MSR_TYPE].length, fields[MSR_TYPE].text);
	result = parse_times(in, fields, &record);
	if (!result)
		result = find_disk(in, fields, &record);
	if (!result)
		result = trace_number(in, "offset", fields[MSR_OFFSET], &offset);
	if (!result)
		result = trace_number(in, "size", fields[MSR_SIZE], &size);
	if (!result)
		result = trace_set_extent(in, &record, offset, size);
	if (result)
		return result;
	record.opcode = trace_transfer_opcode(&record, write);
	return trace_append(in, &record);
}

static int parse_msr(struct trace_input *in)
{
	struct trace_text line;
	int result;

	in->trace->format = "msr";
	in->place = "line";
	in->tick_ns = 100;
	while ((result = trace_next_line(in, &line)) > 0) {
		result = parse_line(in, line);
		if (result)
			break;
	}
	return result;
}

const struct trace_format trace_format_msr = {
	.name = "MSR Cambridge CSV",
	.detect = detect_msr,
	.parse = parse_msr,
};
