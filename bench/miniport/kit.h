/* SPDX-License-Identifier: MIT */
/* Where the driver kit is at run time: the headers that a miniport is compiled against, beside this program. */
#ifndef STORSYNC_BENCH_MINIPORT_KIT_H
#define STORSYNC_BENCH_MINIPORT_KIT_H

#include <stddef.h>

#define KIT_PATH_BYTES 512

struct kit {
	char root[KIT_PATH_BYTES];   /* what hba_sim/ddk/... is below */
	char ddk[KIT_PATH_BYTES];    /* storport.h and its like */
	char prefix[KIT_PATH_BYTES]; /* what every source sees first */
};

/* 0, or -ENOENT with a line in `error` that says where it was looked for. */
int kit_find(struct kit *kit, char *error, size_t error_bytes);

#endif
