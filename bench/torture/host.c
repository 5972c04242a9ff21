/* SPDX-License-Identifier: MIT */
/* What all checks of a process share: topology, usable cores and a calibrated clock. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/instruments/clock.h"
#include "bench/torture/torture.h"

/* Good for about 25 ppm: ticks are only patience and times in messages here, and every check is a process that waits for it. */
#define CALIBRATION_NS UINT64_C(5000000)

static int calibrate(struct torture_host *host)
{
	struct clock_calibration calibration;
	struct clock_window window;
	int result;

	result = clock_window_open(&clock_system_reader, &window);
	if (!result)
		result = clock_window_close(&clock_system_reader, &window, CALIBRATION_NS);
	if (!result)
		result = clock_calibrate_begin(&window, &calibration);
	if (!result)
		host->scale = calibration.scale;
	return result;
}

/* The widest placement that the checks will use decides whether the counters agree. */
static int choose_clock(struct torture_host *host, unsigned cpus, char *error, size_t error_bytes)
{
	struct placement *placement = malloc(sizeof(*placement));
	struct clock_setup setup;
	int result;

	if (!placement)
		return -ENOMEM;
	result = placement_choose(host->topology, host->affinity, 1, false, placement, error, error_bytes);
	if (result)
		goto out;
	host->usable_cores = placement->usable_cores;
	if (cpus > host->usable_cores)
		cpus = host->usable_cores;
	result = placement_choose(host->topology, host->affinity, cpus, false, placement, error, error_bytes);
	if (!result)
		result = clock_set_up(host->topology, placement, &setup);
out:
	free(placement);
	return result;
}

int torture_host_init(struct torture_host *host, unsigned cpus, char *error, size_t error_bytes)
{
	int result;

	*host = (struct torture_host){ 0 };
	error[0] = '\0';
	result = placement_load_topology(&host->topology);
	if (result)
		goto out;
	result = placement_load_affinity(host->topology, &host->affinity);
	if (result)
		goto destroy_topology;
	result = choose_clock(host, cpus, error, error_bytes);
	if (!result)
		result = calibrate(host);
	if (!result)
		return 0;
	hwloc_bitmap_free(host->affinity);
destroy_topology:
	hwloc_topology_destroy(host->topology);
out:
	if (!error[0])
		snprintf(error, error_bytes, "the machine's CPUs or clock: %s", strerror(-result));
	return result;
}

void torture_host_fini(struct torture_host *host)
{
	hwloc_bitmap_free(host->affinity);
	hwloc_topology_destroy(host->topology);
}
