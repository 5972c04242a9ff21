/* SPDX-License-Identifier: MIT */
/* What `storsync run` notes of the machine, before and after. */
#ifndef STORSYNC_BENCH_RUN_RUN_ENVIRONMENT_H
#define STORSYNC_BENCH_RUN_RUN_ENVIRONMENT_H

#include <jansson.h>

#include "bench/matrix/matrix.h"
#include "bench/run/rows.h"

/* Rows of env.csv for the CPUs of the matrix's largest cell; phase is "before" or "after".  0 or -errno. */
int run_environment_add(json_t *rows, const struct matrix *matrix, const struct run_identity *identity, const char *phase);

/*
 * Core-to-core latency as a cell probes it, in ns: an object with a member for
 * each number of CPUs that cells have, such as {"2": 150}.  Without those that
 * cannot be probed.
 */
json_t *run_environment_core_to_core(const struct matrix *matrix);

/* Which machine this is, as environment_machine() has it, with the CPUs that this process may use; null if they are not known. */
json_t *run_environment_machine(void);

#endif
