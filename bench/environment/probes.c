/* SPDX-License-Identifier: MIT */
/*
 * The probes of this machine.  All CPUs spin at the same time: a hypervisor
 * with fewer cores than it sells shows its gaps only then, and so will a run.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "bench/environment/environment.h"
#include "hba_sim/machine/delivery.h"

#if STAMP_HAS_COUNTER
#include <cpuid.h>
#endif

/* Enough exchanges for a median, few enough to fit between two ticks of the kernel. */
#define CORE_TO_CORE_ROUNDS 2000

#define HYPERVISOR_LEAF 0x40000000u

struct spinners {
	hwloc_topology_t topology;
	uint64_t ns;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned arrived;
	unsigned wanted; /* 0: nobody spins */
	int error;
};

struct spinner {
	struct spinners *all;
	const struct placement_cpu *cpu;
	struct environment_spin *result;
	pthread_t thread;
};

static bool system_cpuid(void *context, uint32_t leaf, uint32_t registers[4])
{
#if STAMP_HAS_COUNTER
	/* A hypervisor's leaves are beyond the processor's own largest one. */
	if (leaf == HYPERVISOR_LEAF) {
		__cpuid(leaf, registers[0], registers[1], registers[2], registers[3]);
		return true;
	}
	return __get_cpuid(leaf, &registers[0], &registers[1], &registers[2], &registers[3]);
#else
	return false;
#endif
}

/* Waits until all are pinned; true when all could be. */
static bool spinner_gate(struct spinners *all, int pin_error)
{
	bool go;

	pthread_mutex_lock(&all->lock);
	if (pin_error)
		all->error = pin_error;
	all->arrived++;
	pthread_cond_broadcast(&all->changed);
	while (all->arrived < all->wanted)
		pthread_cond_wait(&all->changed, &all->lock);
	go = all->wanted && !all->error;
	pthread_mutex_unlock(&all->lock);
	return go;
}

static uint64_t monotonic_ns(void *context)
{
	return stamp_clock_gettime();
}

/* On a clock that needs no calibration; the window for the stamps' is open meanwhile. */
static void spin(uint64_t ns, struct environment_spin *result)
{
	struct clock_calibration calibration;
	struct clock_window window;
	struct stamp_scale scale;
	int error = clock_window_open(&clock_system_reader, &window);

	stamp_scale_set(&scale, 1, 1);
	gap_probe_run_on(monotonic_ns, NULL, &scale, ns, GAP_THRESHOLD_NS, &result->gap);
	if (!error)
		error = clock_window_close(&clock_system_reader, &window, 0);
	if (!error)
		error = clock_calibrate_begin(&window, &calibration);
	result->stamp_cost_ns = error ? 0 : clock_stamp_cost_ns(&calibration.scale);
}

static void *spinner_thread(void *argument)
{
	struct spinner *self = argument;
	struct spinners *all = self->all;

	if (spinner_gate(all, placement_pin_self(all->topology, self->cpu)))
		spin(all->ns, self->result);
	return NULL;
}

static void call_off(struct spinners *all, int error)
{
	pthread_mutex_lock(&all->lock);
	all->error = error;
	all->wanted = 0;
	pthread_cond_broadcast(&all->changed);
	pthread_mutex_unlock(&all->lock);
}

static int system_spin(void *context, hwloc_topology_t topology, const struct placement *placement, uint64_t ns,
		       struct environment_spin *result)
{
	struct spinners all = { .topology = topology, .ns = ns, .wanted = placement->count, .lock = PTHREAD_MUTEX_INITIALIZER,
				.changed = PTHREAD_COND_INITIALIZER };
	struct spinner *spinner = calloc(placement->count, sizeof(*spinner));
	unsigned started;

	if (!spinner)
		return -ENOMEM;
	for (started = 0; started < placement->count; started++) {
		int error;

		spinner[started] = (struct spinner){ .all = &all, .cpu = &placement->cpu[started], .result = &result[started] };
		error = pthread_create(&spinner[started].thread, NULL, spinner_thread, &spinner[started]);
		if (error) {
			call_off(&all, -error);
			break;
		}
	}
	while (started)
		pthread_join(spinner[--started].thread, NULL);
	free(spinner);
	return all.error;
}

static int system_skew(void *context, hwloc_topology_t topology, const struct placement_cpu *a, const struct placement_cpu *b,
		       struct clock_skew *skew)
{
	return clock_skew_measure(topology, a, b, CLOCK_SKEW_ROUNDS, skew);
}

static int system_core_to_core(void *context, hwloc_topology_t topology, const struct placement_cpu *a,
			       const struct placement_cpu *b, uint64_t *ns)
{
	return core_to_core_probe(topology, a, b, CORE_TO_CORE_ROUNDS, ns);
}

static const char *system_delivery_unavailable(void *context, enum sync_delivery delivery)
{
	return sim_delivery_unavailable(delivery);
}

const struct environment_probes environment_system_probes = {
	.cpuid = system_cpuid,
	.spin = system_spin,
	.skew = system_skew,
	.core_to_core = system_core_to_core,
	.delivery_unavailable = system_delivery_unavailable,
};
