/* SPDX-License-Identifier: MIT */
/*
 * The dimensions of a matrix: what cells may differ in.
 *
 * One table says what each is called, what it means, what it is when nobody
 * says, and which fields of a cell one of its values sets.  Options, matrix
 * files, filters and plans all go by it, so that a text means the same wherever
 * it is written.  A new dimension is a row here, its two functions, and its
 * fields in struct cell_spec.
 */
#ifndef STORSYNC_BENCH_MATRIX_DIMENSION_H
#define STORSYNC_BENCH_MATRIX_DIMENSION_H

#include <stddef.h>

#include "bench/cell/spec.h"

/* In the order in which cells are listed: the last one varies fastest. */
enum dimension_id {
	DIMENSION_BACKENDS,
	DIMENSION_CPUS,
	DIMENSION_ROUTING,
	DIMENSION_DELIVERY,
	DIMENSION_SECTION,
	DIMENSION_COMPLETION,
	DIMENSION_DUPLEX,
	DIMENSION_CHANNELS,
	DIMENSION_QUEUE_DEPTH,
	DIMENSION_SERVICE_TIME,
	DIMENSION_THINK,
	DIMENSION_IO_SIZE,
	DIMENSION_ARRIVAL,
	DIMENSION_INJECT,
	DIMENSION_BYSTANDER,
	DIMENSION_PREEMPT,
	DIMENSION_MINIPORT,
	DIMENSION_DEVICE,
	DIMENSION_TRANSPORT,
	DIMENSION_QUEUES,
	DIMENSION_VECTORS,
	DIMENSION_MESSAGES,
	DIMENSION_COALESCE_COUNT,
	DIMENSION_COALESCE_TIME,
	DIMENSION_PERF_OPTS,
	DIMENSIONS,
};

/* Room for any dimension's value in its shared form. */
#define DIMENSION_TEXT_BYTES 512

struct dimension {
	const char *name;     /* in files, filters and, behind two dashes, on the command line */
	int option;           /* short option, 0: none */
	const char *argument; /* what --help calls its value */
	const char *help;
	bool is_load;         /* of the load, not of what is compared */
	bool has_ranges;      /* whole numbers: "1-4" is four values */
	const char *standard; /* the list when nobody gives one */
	/* Sets the fields that one value means; 0, or -EINVAL and a line that says what is wrong and what would be right. */
	int (*set)(struct cell_spec *spec, const char *text, char *error, size_t error_bytes);
	/* The value that those fields hold, in the one form that all texts of that meaning share. */
	void (*format)(const struct cell_spec *spec, char text[DIMENSION_TEXT_BYTES]);
};

extern const struct dimension dimensions[DIMENSIONS];

/* By its name; NULL when there is none. */
const struct dimension *dimension_find(const char *name);

#endif
