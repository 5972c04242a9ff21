/* SPDX-License-Identifier: MIT */
/*
 * C as 64-bit Windows means it (LLP64), for a compiler to which `long` has 64 bits: in preprocessed text `long` becomes
 * `int`, and constants lose the suffix L, but for what comes from the system's headers, which mean the system's `long`.
 *
 * `long long` and `long double` stay. A macro could do neither: it does not know what stands next to it. Line and, but for
 * what gets longer, column numbers stay as they are.
 *
 * Source: ISO C11, 6.4.2 (identifiers), 6.4.4 (constants), 6.4.8 (preprocessing numbers); GNU cpp, "Preprocessor Output".
 */
#ifndef STORSYNC_BENCH_MINIPORT_LLP64_H
#define STORSYNC_BENCH_MINIPORT_LLP64_H

#include <stddef.h>
#include <stdio.h>

/* Writes the text so changed; whether that worked is for ferror() to tell. */
void llp64_rewrite(const char *text, size_t bytes, FILE *out);

#endif
