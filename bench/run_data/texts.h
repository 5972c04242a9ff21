/* SPDX-License-Identifier: MIT */
/* Each text once, so that texts are equal when their addresses are. */
#ifndef STORSYNC_BENCH_RUN_DATA_TEXTS_H
#define STORSYNC_BENCH_RUN_DATA_TEXTS_H

#include <stddef.h>
#include <stdint.h>

struct run_data_texts;

struct run_data_texts *texts_new(void);
void texts_free(struct run_data_texts *texts);

/* The text, ended by a NUL, for as long as `texts` lives; NULL: out of memory. */
const char *texts_keep(struct run_data_texts *texts, const char *text, size_t bytes);

/* A number beside each text, 0 at first, for whoever sorts them. */
uint32_t *texts_mark(const char *kept);

/* A hash (Fowler, Noll and Vo's idea, eight bytes a step) of bytes; `seed` is that of what goes before, or 0. */
uint64_t texts_hash(uint64_t seed, const void *bytes, size_t count);

#endif
