/* SPDX-License-Identifier: MIT */
/* Gate codes and environment checks in plain words, for readers who have not read the manual. */
#ifndef STORSYNC_BENCH_REPORT_TRUST_WORDS_H
#define STORSYNC_BENCH_REPORT_TRUST_WORDS_H

#include <stddef.h>

struct trust_gate {
	const char *code;
	const char *words;   /* what was the case */
	const char *so_what; /* which figures are to be believed less */
};

extern const struct trust_gate trust_gates[];
extern const size_t trust_gate_count;

/* NULL: a code of a later version. */
const struct trust_gate *trust_gate_find(const char *code);

/* What is wrong when an environment check is bad; NULL: a check of a later version. */
const char *trust_check_words(const char *check);

/* Which figures a bad check limits; NULL likewise. */
const char *trust_check_limits(const char *check);

#endif
