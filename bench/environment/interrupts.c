/* SPDX-License-Identifier: MIT */
/* Parsing of /proc/interrupts; see interrupts.h. */
#include "bench/environment/interrupts.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *line_end(const char *line)
{
	return line + strcspn(line, "\n");
}

static const char *next_line(const char *line)
{
	const char *end = line_end(line);

	return *end ? end + 1 : end;
}

/* A number that white space or the line's end follows; advances *text past it. */
static bool parse_count(const char **text, uint64_t *count)
{
	const char *start = *text + strspn(*text, " \t");
	char *end;

	if (!isdigit((unsigned char)*start))
		return false;
	errno = 0;
	*count = strtoull(start, &end, 10);
	if (errno || (*end && !isspace((unsigned char)*end)))
		return false;
	*text = end;
	return true;
}

/* Which column of the header is the CPU's; below 0 when none is, or the line is no header. */
static int column_of(const char *header, int os_cpu)
{
	const char *end = line_end(header);

	for (int column = 0;; column++) {
		char *after;

		header += strspn(header, " \t");
		if (header >= end || strncmp(header, "CPU", 3) || !isdigit((unsigned char)header[3]))
			return -1;
		if (strtol(header + 3, &after, 10) == os_cpu)
			return column;
		header = after;
	}
}

struct row {
	const char *label;
	size_t label_bytes;
	uint64_t count;
	bool is_device;
	bool is_timer;
};

/* Sums that belong to no CPU: one number, whatever the columns. */
static bool belongs_to_no_cpu(const struct row *row)
{
	return row->label_bytes == 3 && (!strncmp(row->label, "ERR", 3) || !strncmp(row->label, "MIS", 3));
}

static bool parse_label(const char *line, struct row *row)
{
	const char *colon = line + strcspn(line, ":\n");

	row->label = line + strspn(line, " \t");
	if (*colon != ':' || row->label >= colon)
		return false;
	row->label_bytes = (size_t)(colon - row->label);
	row->is_device = true;
	for (size_t i = 0; i < row->label_bytes; i++)
		row->is_device = row->is_device && isdigit((unsigned char)row->label[i]);
	return true;
}

static bool parse_row(const char *line, int column, struct row *row)
{
	const char *end = line_end(line);
	const char *arm;
	const char *text;

	if (!parse_label(line, row))
		return false;
	row->count = 0;
	if (belongs_to_no_cpu(row))
		return true;
	text = row->label + row->label_bytes + 1;
	for (int i = 0; i <= column; i++) {
		if (!parse_count(&text, &row->count) || text > end)
			return false;
	}
	arm = strstr(text, "arch_timer");
	row->is_timer = (row->label_bytes == 3 && !strncmp(row->label, "LOC", 3)) || (arm && arm < end);
	return true;
}

bool interrupts_of_cpu(const char *text, int os_cpu, struct interrupt_counts *counts)
{
	int column = column_of(text, os_cpu);

	memset(counts, 0, sizeof(*counts));
	if (column < 0)
		return false;
	for (const char *line = next_line(text); *line; line = next_line(line)) {
		struct row row = { 0 };

		if (!parse_row(line, column, &row))
			return false;
		if (row.is_timer) {
			counts->timer += row.count;
			counts->has_timer = true;
		} else if (row.is_device) {
			counts->devices += row.count;
		} else {
			counts->others += row.count;
		}
	}
	return true;
}

bool interrupts_growth(const struct interrupt_counts *before, const struct interrupt_counts *after,
		       struct interrupt_counts *grown)
{
	if (after->devices < before->devices || after->timer < before->timer || after->others < before->others)
		return false;
	grown->devices = after->devices - before->devices;
	grown->timer = after->timer - before->timer;
	grown->others = after->others - before->others;
	grown->has_timer = before->has_timer && after->has_timer;
	return true;
}

static bool has_fired(const char *counts, const char *end)
{
	uint64_t count;

	while (parse_count(&counts, &count) && counts <= end) {
		if (count)
			return true;
	}
	return false;
}

bool interrupts_next_line(const char **text, unsigned *irq)
{
	while (**text) {
		const char *line = *text;
		struct row row = { 0 };

		*text = next_line(line);
		if (!parse_label(line, &row) || !row.is_device)
			continue;
		*irq = (unsigned)strtoul(row.label, NULL, 10);
		if (has_fired(row.label + row.label_bytes + 1, line_end(line)))
			return true;
	}
	return false;
}
