/* SPDX-License-Identifier: MIT */
/* See location.h. */
#define _GNU_SOURCE
#include "bench/history/location.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

char *history_location(const char *named)
{
	const char *data = variable("XDG_DATA_HOME");
	const char *home = variable("HOME");
	char *path = NULL;
	int printed = -1;

	if (!named)
		named = variable("STORSYNC_HISTORY");
	if (named)
		return strdup(named);
	if (data && data[0] == '/')
		printed = asprintf(&path, "%s/storsync/history.sqlite", data);
	else if (home)
		printed = asprintf(&path, "%s/.local/share/storsync/history.sqlite", home);
	return printed < 0 ? NULL : path;
}

int history_location_prepare(const char *named, const char *path)
{
	char *folder;
	int status = 0;

	if (named || variable("STORSYNC_HISTORY"))
		return 0;
	folder = strdup(path);
	if (!folder)
		return -ENOMEM;
	for (char *slash = strchr(folder + 1, '/'); slash && !status; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(folder, 0700) && errno != EEXIST)
			status = -errno;
		*slash = '/';
	}
	free(folder);
	return status;
}
