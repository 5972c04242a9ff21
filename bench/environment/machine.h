/* SPDX-License-Identifier: MIT */
/*
 * Which machine this is, for a run's manifest: what a reader of the figures asks first, and nobody can find out later.  No
 * judgement; those are environment.h's.
 */
#ifndef STORSYNC_BENCH_ENVIRONMENT_MACHINE_H
#define STORSYNC_BENCH_ENVIRONMENT_MACHINE_H

#include <jansson.h>

#include "bench/environment/environment.h"

/*
 * An object with these members, null where the machine does not say: cpu_model, kernel, distribution, hypervisor ("none" on
 * bare metal) and compiler, which are texts; cpus_usable, cores_usable (those that the CPUs of `usable` are on) and memory_bytes, which
 * are whole numbers.  NULL: out of memory.
 */
json_t *environment_machine(const struct environment *environment, hwloc_const_bitmap_t usable);

#endif
