/* SPDX-License-Identifier: MIT */
/* Temporary folders; see scratch.h. */
#define _GNU_SOURCE
#include "bench/miniport/scratch.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int scratch_make(char *path, size_t path_bytes)
{
	const char *folder = getenv("TMPDIR");

	if ((size_t)snprintf(path, path_bytes, "%s/storsync-XXXXXX", folder && *folder ? folder : "/tmp") >= path_bytes)
		return -ENAMETOOLONG;
	return mkdtemp(path) ? 0 : -errno;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *place)
{
	return remove(path);
}

void scratch_remove(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
