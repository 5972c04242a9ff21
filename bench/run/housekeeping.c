/* SPDX-License-Identifier: MIT */
/* Keeping away from the measured CPUs; see housekeeping.h. */
#define _GNU_SOURCE
#include "bench/run/housekeeping.h"

#include <sched.h>

#include "bench/instruments/placement.h"

static cpu_set_t before;
static bool withdrawn;

/* One hardware thread of every usable core, in the order in which cells take them. */
static bool place_all(struct placement *placement)
{
	hwloc_topology_t topology;
	hwloc_bitmap_t affinity;
	char error[256];
	bool placed = false;

	*placement = (struct placement){ 0 };
	if (placement_load_topology(&topology))
		return false;
	if (placement_load_affinity(topology, &affinity) == 0) {
		/* The first only tells how many there are. */
		placed = placement_choose(topology, affinity, 1, false, placement, error, sizeof(error)) == 0 &&
			 placement_choose(topology, affinity, placement->usable_cores, false, placement, error, sizeof(error)) == 0;
		hwloc_bitmap_free(affinity);
	}
	hwloc_topology_destroy(topology);
	return placed;
}

bool housekeeping_withdraw(unsigned cores)
{
	struct placement placement;
	cpu_set_t rest;

	if (!place_all(&placement) || cores >= placement.count || sched_getaffinity(0, sizeof(before), &before))
		return false;
	CPU_ZERO(&rest);
	for (unsigned c = cores; c < placement.count; c++)
		CPU_SET((size_t)placement.cpu[c].os_cpu, &rest);
	withdrawn = sched_setaffinity(0, sizeof(rest), &rest) == 0;
	return withdrawn;
}

void housekeeping_return(void)
{
	if (withdrawn)
		sched_setaffinity(0, sizeof(before), &before);
	withdrawn = false;
}
