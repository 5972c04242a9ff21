/* SPDX-License-Identifier: MIT */
/*
 * #include as Windows means it: names whatever their case, with backslashes.
 *
 * What a source and its headers include is looked for as Windows would; where the compiler would not find it under the
 * name that is written, a header of that very name that includes the right one is made in a folder to be searched.
 */
#ifndef STORSYNC_BENCH_MINIPORT_INCLUDES_H
#define STORSYNC_BENCH_MINIPORT_INCLUDES_H

#include <stddef.h>

/*
 * Follows the includes of `source`.  `searched` are the folders of -I and, last, the driver kit's; `forwards` exists and
 * is empty.  What is nowhere is left for the compiler to complain of.  0 or -errno.
 */
int includes_forward(const char *source, const char *const *searched, size_t folders, const char *forwards);

/* The file that Windows would open: the path with '/' for '\\', and the case that there is.  0 or -ENOENT. */
int includes_find(const char *folder, const char *name, char *path, size_t path_bytes);

#endif
