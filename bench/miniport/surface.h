/* SPDX-License-Identifier: MIT */
/* What a built miniport is held against: this program's own functions. */
#ifndef STORSYNC_BENCH_MINIPORT_SURFACE_H
#define STORSYNC_BENCH_MINIPORT_SURFACE_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/miniport/elf_file.h"

#define MINIPORT_ENTRY "DriverEntry"

/* The document that says what there is. */
#define MINIPORT_DOCUMENT "docs/your-driver.md"

/* Whether the symbol is something that the file wants of others, and what it does without is an error. */
bool surface_is_wanted(const struct elf_file *file, const Elf64_Sym *symbol);

/* Whether this program, or the C library, has it. */
bool surface_has(const char *name);

/* Whether it is a miniport that this program can load: 0, or -EINVAL with what is wrong, without the file's name. */
int surface_check(const struct elf_file *file, char *error, size_t error_bytes);

#endif
