/* SPDX-License-Identifier: MIT */
/* Whole JSON files; see json_file.h. */
#include "bench/files/json_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ASIDE ".part"

bool json_file_is_aside(const char *name)
{
	size_t length = strlen(name);

	return name[0] == '.' && length > sizeof(ASIDE) && strcmp(name + length - strlen(ASIDE), ASIDE) == 0;
}

int json_file_write_all(int file, const char *text, size_t bytes)
{
	while (bytes) {
		ssize_t written = write(file, text, bytes);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		text += written;
		bytes -= (size_t)written;
	}
	return 0;
}

static int write_json(int file, const json_t *json, size_t flags)
{
	char *text = json_dumps(json, flags);
	int err = text ? json_file_write_all(file, text, strlen(text)) : -ENOMEM;

	if (!err)
		err = json_file_write_all(file, "\n", 1);
	free(text);
	return err;
}

int json_file_replace_at(int directory, const char *name, const json_t *json, size_t flags)
{
	char aside[256];
	int file;
	int err;

	if (!json)
		return -ENOMEM;
	if ((size_t)snprintf(aside, sizeof(aside), ".%s" ASIDE, name) >= sizeof(aside))
		return -ENAMETOOLONG;
	file = openat(directory, aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (file < 0)
		return -errno;
	err = write_json(file, json, flags);
	if (!err && fdatasync(file))
		err = -errno;
	if (close(file) && !err)
		err = -errno;
	if (!err && renameat(directory, aside, directory, name))
		err = -errno;
	if (!err && fsync(directory))
		err = -errno;
	if (err)
		unlinkat(directory, aside, 0);
	return err;
}

int json_file_replace(const char *directory, const char *name, const json_t *json)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = json_file_replace_at(fd, name, json, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
	close(fd);
	return err;
}
