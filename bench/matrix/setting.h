/* SPDX-License-Identifier: MIT */
/* The settings of a matrix: what all of its cells share.  One table, for options and for files. */
#ifndef STORSYNC_BENCH_MATRIX_SETTING_H
#define STORSYNC_BENCH_MATRIX_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/cell/fault_list.h"

enum setting_id {
	SETTING_DURATION,
	SETTING_WARMUP,
	SETTING_WARMUP_MAX,
	SETTING_INVOCATIONS,
	SETTING_SEED,
	SETTING_OVERSUBSCRIBE,
	SETTING_VERIFY,
	SETTING_HISTOGRAM_DIGITS,
	SETTING_FAULTS,
	SETTING_TIMEOUT_MS,
	SETTING_DATA,
	SETTING_TRACE,
	SETTING_TRACE_SPEED,
	SETTING_NEEDS_TRACE,
	SETTING_MINIPORT_ARGUMENT,
	SETTINGS,
};

struct matrix_settings {
	uint64_t duration_ns;
	uint64_t warmup_ns;
	uint64_t warmup_max_ns; /* 0: as the warm-up */
	uint64_t invocations;
	uint64_t seed;          /* valid with seed_given */
	bool seed_given;
	bool oversubscribe;
	bool verify;
	uint64_t histogram_digits;
	char faults[FAULT_LIST_BYTES]; /* "": none */
	uint64_t timeout_ms;    /* with faults; 0: nothing is ever overdue */
	bool copy_data;
	char trace[512];        /* "": none */
	double trace_speed;     /* INFINITY: as fast as it goes */
	char miniport_argument[128]; /* "": none */
	bool needs_trace;       /* it makes no sense without one */
};

struct setting {
	const char *name;     /* in files and, with `help`, behind two dashes on the command line */
	int option;           /* short option, 0: none */
	const char *argument; /* NULL: none on the command line, where to give it is to say true */
	const char *help;     /* NULL: in files only */
	bool is_load;
	/* 0, or -EINVAL and a line that says what is wrong and what would be right. */
	int (*set)(struct matrix_settings *settings, const char *text, char *error, size_t error_bytes);
};

extern const struct setting settings_table[SETTINGS];

/* When nobody says. */
void matrix_settings_init(struct matrix_settings *settings);

#endif
