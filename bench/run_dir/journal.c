/* SPDX-License-Identifier: MIT */
/* Reading a run's journal; see journal.h. */
#include "bench/run_dir/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

struct reading {
	struct run_journal *journal;
	size_t capacity;
	size_t line;
	char path[600];
	char *error;
	size_t error_bytes;
};

static int refuse(const struct reading *reading, int err, const char *what)
{
	if (reading->line)
		snprintf(reading->error, reading->error_bytes, "%s:%zu: %s", reading->path, reading->line, what);
	else
		snprintf(reading->error, reading->error_bytes, "%s: %s", reading->path, what);
	return err;
}

static bool get_count(const json_t *event, const char *name, uint64_t least, uint64_t *count)
{
	const json_t *value = json_object_get(event, name);

	if (!json_is_integer(value) || json_integer_value(value) < 0 || (uint64_t)json_integer_value(value) < least)
		return false;
	*count = (uint64_t)json_integer_value(value);
	return true;
}

static bool get_text(const json_t *event, const char *name, char *text, size_t bytes)
{
	const json_t *value = json_object_get(event, name);

	if (!json_is_string(value) || !json_string_length(value) || json_string_length(value) >= bytes)
		return false;
	strcpy(text, json_string_value(value));
	return true;
}

/* Cut at a character, not inside one. */
static void get_shortened(const json_t *event, const char *name, char *text, size_t bytes)
{
	const char *value = json_string_value(json_object_get(event, name));
	size_t length = value ? strlen(value) : 0;

	if (length >= bytes) {
		length = bytes - 1;
		while (length && ((unsigned char)value[length] & 0xc0) == 0x80)
			length--;
	}
	snprintf(text, bytes, "%.*s", (int)length, value ? value : "");
}

static int add_invocation(struct reading *reading, const json_t *event)
{
	struct run_journal *journal = reading->journal;
	struct run_journal_entry entry = { 0 };

	if (!get_count(event, "order", 1, &entry.order) || !get_count(event, "block", 1, &entry.block) ||
	    !get_count(event, "wall_ns", 0, &entry.wall_ns) || !get_count(event, "window_ns", 0, &entry.window_ns))
		return refuse(reading, -EINVAL, "an invocation without order, block, wall_ns or window_ns as whole numbers");
	if (!get_text(event, "cell", entry.cell, sizeof(entry.cell)) || !get_text(event, "status", entry.status, sizeof(entry.status)))
		return refuse(reading, -EINVAL, "an invocation without cell or status");
	get_shortened(event, "reason", entry.reason, sizeof(entry.reason));
	if (journal->count == reading->capacity) {
		size_t capacity = reading->capacity ? 2 * reading->capacity : 64;
		struct run_journal_entry *grown = realloc(journal->entry, capacity * sizeof(*grown));

		if (!grown)
			return refuse(reading, -ENOMEM, "out of memory");
		journal->entry = grown;
		reading->capacity = capacity;
	}
	journal->entry[journal->count++] = entry;
	journal->complete = false;
	return 0;
}

static int add_line(struct reading *reading, const char *line, size_t bytes)
{
	json_error_t parse_error;
	json_t *event = json_loadb(line, bytes, JSON_REJECT_DUPLICATES, &parse_error);
	const char *name = json_string_value(json_object_get(event, "event"));
	int err = 0;

	if (!event)
		return refuse(reading, -EINVAL, parse_error.text);
	if (!name) {
		err = refuse(reading, -EINVAL, "no \"event\"");
	} else if (strcmp(name, "invocation") == 0) {
		err = add_invocation(reading, event);
	} else if (strcmp(name, "complete") == 0) {
		reading->journal->complete = true;
		get_shortened(event, "stopped", reading->journal->stopped, sizeof(reading->journal->stopped));
	}
	json_decref(event);
	return err;
}

static int by_invocation(const void *first, const void *second)
{
	const struct run_journal_entry *a = *(const struct run_journal_entry *const *)first;
	const struct run_journal_entry *b = *(const struct run_journal_entry *const *)second;

	if (a->block != b->block)
		return a->block < b->block ? -1 : 1;
	return strcmp(a->cell, b->cell);
}

static int check_twice(struct reading *reading)
{
	const struct run_journal *journal = reading->journal;
	const struct run_journal_entry **sorted = malloc((journal->count + 1) * sizeof(*sorted));
	char what[100];
	int err = 0;

	reading->line = 0;
	if (!sorted)
		return refuse(reading, -ENOMEM, "out of memory");
	for (size_t i = 0; i < journal->count; i++)
		sorted[i] = &journal->entry[i];
	qsort(sorted, journal->count, sizeof(*sorted), by_invocation);
	for (size_t i = 1; i < journal->count && !err; i++) {
		if (by_invocation(&sorted[i - 1], &sorted[i]))
			continue;
		snprintf(what, sizeof(what), "cell %s is there twice in block %ju", sorted[i]->cell, (uintmax_t)sorted[i]->block);
		err = refuse(reading, -EINVAL, what);
	}
	free(sorted);
	return err;
}

static int read_lines(struct reading *reading, FILE *file)
{
	struct run_journal *journal = reading->journal;
	char *line = NULL;
	size_t capacity = 0;
	ssize_t bytes;
	int err = 0;

	errno = 0;
	while (!err && !journal->torn && (bytes = getline(&line, &capacity, file)) > 0) {
		reading->line++;
		if (line[bytes - 1] != '\n') {
			journal->torn = true;
		} else {
			err = add_line(reading, line, (size_t)bytes);
			journal->sound_bytes += bytes;
		}
		errno = 0;
	}
	if (!err && ferror(file))
		err = refuse(reading, -EIO, strerror(errno ? errno : EIO));
	free(line);
	return err;
}

int run_journal_load(const char *directory, struct run_journal *journal, char *error, size_t error_bytes)
{
	struct reading reading = { .journal = journal, .error = error, .error_bytes = error_bytes };
	FILE *file;
	int err;

	memset(journal, 0, sizeof(*journal));
	snprintf(reading.path, sizeof(reading.path), "%s/" RUN_JOURNAL_FILE, directory);
	file = fopen(reading.path, "re");
	if (!file) {
		err = -errno;
		return refuse(&reading, err, strerror(-err));
	}
	err = read_lines(&reading, file);
	fclose(file);
	if (!err)
		err = check_twice(&reading);
	if (err)
		run_journal_fini(journal);
	return err;
}

static int compare_orders(const void *a, const void *b)
{
	const struct run_journal_entry *x = a, *y = b;

	return (x->order > y->order) - (x->order < y->order);
}

void run_journal_sort(struct run_journal *journal)
{
	if (journal->count)
		qsort(journal->entry, journal->count, sizeof(*journal->entry), compare_orders);
}

void run_journal_fini(struct run_journal *journal)
{
	free(journal->entry);
	memset(journal, 0, sizeof(*journal));
}

bool run_journal_busy(const char *directory)
{
	char path[600];
	bool busy;
	int fd;

	snprintf(path, sizeof(path), "%s/" RUN_LOCK_FILE, directory);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	busy = flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
	close(fd);
	return busy;
}
