/* SPDX-License-Identifier: MIT */
/* Whole files; see output_file.h.  link() is what refuses to replace, and leaves no moment for another to come between. */
#define _GNU_SOURCE
#include "bench/compare/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void forget(struct output_file *output)
{
	free(output->path);
	free(output->aside);
	*output = (struct output_file){ 0 };
}

int output_file_open(struct output_file *output, const char *path)
{
	const char *slash = strrchr(path, '/');
	int folder = slash ? (int)(slash + 1 - path) : 0;
	int fd;

	*output = (struct output_file){ .path = strdup(path) };
	if (!output->path || asprintf(&output->aside, "%.*s.%s.part", folder, path, path + folder) < 0) {
		output->aside = NULL;
		forget(output);
		return -ENOMEM;
	}
	fd = access(path, F_OK) == 0 ? -1 : open(output->aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	output->file = fd < 0 ? NULL : fdopen(fd, "w");
	if (!output->file) {
		int error = fd < 0 && access(path, F_OK) == 0 ? -EEXIST : -errno;

		forget(output);
		return error;
	}
	return 0;
}

int output_file_close(struct output_file *output, int error)
{
	if (!error && (fflush(output->file) || fsync(fileno(output->file))))
		error = -errno;
	if (!error && ferror(output->file))
		error = -EIO;
	if (fclose(output->file) && !error)
		error = -errno;
	if (!error && link(output->aside, output->path))
		error = -errno;
	unlink(output->aside);
	forget(output);
	return error;
}
