/* SPDX-License-Identifier: MIT */
/* The benchmarks of `storsync micro`: which there are, and what came of each. */
#ifndef STORSYNC_BENCH_MICRO_MICRO_LIST_H
#define STORSYNC_BENCH_MICRO_MICRO_LIST_H

#include <stddef.h>

#include "bench/micro/micro_cases.h"
#include "bench/micro/micro_report.h"

struct micro_list {
	struct micro_case *cases;
	struct micro_series *series; /* of the case with the same index */
	size_t count;
};

/*
 * Adds every operation of the back ends that `names` lists, separated by commas, as
 * sync_backend_is_meant() takes them (NULL: "all"), every peer by itself, and the
 * instruments; they keep `bench`.  Returns 0; -EINVAL with one line for the user in `error`; or
 * -ENOMEM.
 */
int micro_list_init(struct micro_list *list, const char *names, const struct micro_bench *bench, char *error,
		    size_t error_bytes);
void micro_list_fini(struct micro_list *list);

/* Registers all with the benchmark library, which keeps pointers into the list.  Returns 0 or -errno. */
int micro_list_register(struct micro_list *list);

/* Index of the benchmark that was registered under this name. */
size_t micro_list_index(const struct micro_list *list, const char *name);

#endif
