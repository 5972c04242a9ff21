/* SPDX-License-Identifier: MIT */
/* See temp_folder.h.  A failed assertion leaves a test in its middle, so what was made is remembered here. */
#define _GNU_SOURCE /* nftw */
#include "tests/unit/temp_folder.h"

#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

struct made {
	SLIST_ENTRY(made) next;
	pid_t by;
	char path[TEMP_FOLDER_BYTES];
};

static SLIST_HEAD(, made) all = SLIST_HEAD_INITIALIZER(all);
static bool at_exit;

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	return remove(path);
}

static int remove_all_in(const char *folder)
{
	return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void remove_the_rest(void)
{
	while (!SLIST_EMPTY(&all)) {
		struct made *made = SLIST_FIRST(&all);

		SLIST_REMOVE_HEAD(&all, next);
		/* A test's child that exits leaves its parent's folders alone. */
		if (made->by == getpid())
			remove_all_in(made->path);
		free(made);
	}
}

static void forget(const char *folder)
{
	struct made *made;

	SLIST_FOREACH(made, &all, next)
		if (strcmp(made->path, folder) == 0)
			break;
	if (!made)
		return;
	SLIST_REMOVE(&all, made, made, next);
	free(made);
}

int temp_folder_make(char folder[TEMP_FOLDER_BYTES])
{
	const char *parent = getenv("TMPDIR");
	struct made *made;

	if (!parent || !*parent || snprintf(folder, TEMP_FOLDER_BYTES, "%s/storsync.XXXXXX", parent) >= TEMP_FOLDER_BYTES)
		strcpy(folder, "/tmp/storsync.XXXXXX");
	if (!at_exit && atexit(remove_the_rest))
		return -1;
	at_exit = true;
	made = malloc(sizeof(*made));
	if (!made)
		return -1;
	if (!mkdtemp(folder)) {
		free(made);
		return -1;
	}
	made->by = getpid();
	strcpy(made->path, folder);
	SLIST_INSERT_HEAD(&all, made, next);
	return 0;
}

int temp_folder_remove(const char *folder)
{
	forget(folder);
	return remove_all_in(folder);
}
