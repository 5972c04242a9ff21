/* SPDX-License-Identifier: MIT */
/* A folder for what is only needed meanwhile. */
#ifndef STORSYNC_BENCH_MINIPORT_SCRATCH_H
#define STORSYNC_BENCH_MINIPORT_SCRATCH_H

#include <stddef.h>

/* Makes one in $TMPDIR, or /tmp.  0 or -errno. */
int scratch_make(char *path, size_t path_bytes);

/* With all that is in it. */
void scratch_remove(const char *path);

#endif
