/* SPDX-License-Identifier: MIT */
/* A miniport of a file, in the process that measures it. */
#ifndef STORSYNC_BENCH_MINIPORT_LOADED_H
#define STORSYNC_BENCH_MINIPORT_LOADED_H

#include <stddef.h>
#include <stdint.h>

#include "hba_sim/port/port.h"

/* On the command line, in the place of a file. */
#define MINIPORT_BUILT_IN "built-in"

/* Begins the line on standard error that says where a miniport has crashed. */
#define MINIPORT_CRASHED "storsync: the miniport crashed "

/*
 * Whether `path` is a miniport that this program can load, without loading it: 0 and its absolute path without links in
 * `absolute`; or -EINVAL and a line in `error` that names the file.
 */
int miniport_examine(const char *path, char *absolute, size_t absolute_bytes, char *error, size_t error_bytes);

/* What rows call it: its file's name without folder and ".so". */
void miniport_name(const char *path, char *name, size_t name_bytes);

/*
 * Loads it for the rest of the process's life, and from here on a crash says on standard error in which of its functions
 * it was.  0 and its entry; or -EINVAL and a line in `error`.
 */
int miniport_load(const char *path, port_driver_entry **entry, char *error, size_t error_bytes);

#endif
