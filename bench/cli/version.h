/* SPDX-License-Identifier: MIT */
/* The version that `storsync --version` and the build_id column give: git describe of what was built. */
#ifndef STORSYNC_BENCH_CLI_VERSION_H
#define STORSYNC_BENCH_CLI_VERSION_H

extern const char storsync_version[];

#endif
