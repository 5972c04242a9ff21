/* SPDX-License-Identifier: MIT */
/*
 * Which files a miniport is made of: files and folders as the user names them.
 *
 * Of a folder, what its build file lists: SOURCES and INCLUDES of a file `sources` (Windows driver kits up to 7), or
 * ClCompile items and AdditionalIncludeDirectories of a .vcxproj when there is just one; else every *.c in it. Conditions
 * and macros of build files are not understood: what has $( in it is left out, and what is in either branch of an !IF counts.
 *
 * Source: Microsoft's public documentation of the Build utility and of MSBuild project files.
 */
#ifndef STORSYNC_BENCH_MINIPORT_SOURCES_H
#define STORSYNC_BENCH_MINIPORT_SOURCES_H

#include <stddef.h>

struct path_list {
	char **path;
	size_t count;
};

struct sources {
	struct path_list files;
	struct path_list folders; /* to search headers in, beside each file's own */
};

/* 0, or -errno with a line in `error`. */
int sources_add(struct sources *sources, const char *path, char *error, size_t error_bytes);
void sources_fini(struct sources *sources);

/* Appends a copy, unless it is there already; 0 or -ENOMEM. */
int path_list_add(struct path_list *list, const char *path);

#endif
