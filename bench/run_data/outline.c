/* SPDX-License-Identifier: MIT */
/* JSON with objects cut out; see outline.h. */
#include "bench/run_data/outline.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Behind the string that begins at `at`. */
static const char *skip_string(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++)
		at += *at == '\\';
	return at < end ? at + 1 : end;
}

static const char *skip_space(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'))
		at++;
	return at;
}

/* Behind the object that begins at `at`; NULL: it does not end. `to` gets its line ends. */
static const char *skip_object(const char *at, const char *end, char **to)
{
	size_t depth = 0;

	while (at < end) {
		if (*at == '"') {
			at = skip_string(at, end);
			continue;
		}
		if (*at == '\n')
			*(*to)++ = '\n';
		depth += *at == '{';
		depth -= *at == '}';
		at++;
		if (!depth)
			return at;
	}
	return NULL;
}

size_t outline_cut(char *text, size_t bytes, const char *name)
{
	const char *at = text, *end = text + bytes;
	size_t name_bytes = strlen(name);
	char *to = text;

	while (at < end) {
		const char *from = at, *value, *behind;

		if (*at != '"') {
			*to++ = *at++;
			continue;
		}
		at = skip_string(at, end);
		memmove(to, from, (size_t)(at - from));
		to += at - from;
		if ((size_t)(at - from) != name_bytes + 2 || memcmp(from + 1, name, name_bytes))
			continue;
		value = skip_space(at, end);
		if (value == end || *value != ':')
			continue;
		value = skip_space(value + 1, end);
		if (value == end || *value != '{')
			continue;
		/* What is written is less than what is skipped. */
		*to++ = ':';
		*to++ = '{';
		behind = skip_object(value, end, &to);
		if (!behind)
			break;
		*to++ = '}';
		at = behind;
	}
	return (size_t)(to - text);
}

static int read_all(int file, size_t bytes, char *text)
{
	size_t used = 0;

	while (used < bytes) {
		ssize_t got = read(file, text + used, bytes - used);

		if (got < 0 && errno != EINTR)
			return -errno;
		if (got == 0)
			return -EIO;
		used += got > 0 ? (size_t)got : 0;
	}
	return 0;
}

static int read_file(const char *path, char **text, size_t *bytes)
{
	/* A FIFO without a writer would block. */
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat info;
	int err = 0;

	if (file < 0 || fstat(file, &info)) {
		err = -errno;
	} else if (!S_ISREG(info.st_mode)) {
		err = -EINVAL;
	} else {
		*bytes = (size_t)info.st_size;
		*text = malloc(*bytes + 1);
		err = *text ? read_all(file, *bytes, *text) : -ENOMEM;
	}
	if (file >= 0)
		close(file);
	return err;
}

int outline_load(const char *path, const char *name, json_t **json, char *error, size_t error_bytes)
{
	json_error_t where;
	char *text = NULL;
	size_t bytes = 0;
	int err = read_file(path, &text, &bytes);

	if (err) {
		snprintf(error, error_bytes, "%s: %s", path, err == -EINVAL ? "not a regular file" : strerror(-err));
	} else {
		*json = json_loadb(text, outline_cut(text, bytes, name), JSON_REJECT_DUPLICATES, &where);
		if (!*json) {
			snprintf(error, error_bytes, "%s:%d: %s", path, where.line, where.text);
			err = -EINVAL;
		}
	}
	free(text);
	return err;
}
