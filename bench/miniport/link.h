/* SPDX-License-Identifier: MIT */
/* Objects into a miniport, and what it calls that storsync does not have. */
#ifndef STORSYNC_BENCH_MINIPORT_LINK_H
#define STORSYNC_BENCH_MINIPORT_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/miniport/sources.h"

struct link {
	const char *compiler;
	const struct path_list *objects;
	const char *output; /* made aside and renamed */
	const char *scratch;
	bool verbose;
};

/* 0, or -errno; why, is then on standard error, a line for each function that is missing. */
int link_miniport(const struct link *link);

/* 0 if the file is a miniport, of any version; else -errno and why it is not. */
int link_is_miniport(const char *path, char *error, size_t error_bytes);

#endif
