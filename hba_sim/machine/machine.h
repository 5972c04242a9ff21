/* SPDX-License-Identifier: MIT */
/*
 * The simulated machine: CPUs, interrupt lines, physical memory and I/O ports.
 *
 * One thread becomes each CPU (sim_cpu_enter); where it is pinned is the
 * harness's business.
 */
#ifndef STORSYNC_HBA_SIM_MACHINE_MACHINE_H
#define STORSYNC_HBA_SIM_MACHINE_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "hba_sim/machine/cpu.h"
#include "hba_sim/machine/ioport.h"
#include "hba_sim/machine/phys.h"

struct sim_machine {
	unsigned cpus;
	struct sim_cpu *cpu; /* array of `cpus` */
	unsigned lines;
	struct irq_line *line[SIM_LINES_MAX]; /* by level, highest first */
	struct stamp_scale scale;             /* ticks to ns */
	enum sync_delivery delivery;
	bool has_raiser;         /* a thread of the harness calls sim_raise_due() all the time */
	uint64_t overdue_ticks;  /* see delivery.c */
	/* Each thread of a CPU but the callers' own, when it starts and before it ends; may be NULL.  0 or -errno. */
	int (*context_online)(void *argument, struct sim_cpu *cpu);
	void (*context_offline)(void *argument, struct sim_cpu *cpu);
	void *context_argument;
	unsigned *node; /* NUMA node of each CPU */
	unsigned nodes;
	struct gap_witness gap_witness;
	struct sim_phys phys;
	struct sim_ioport_map ioports;
};

struct sim_machine_config {
	unsigned cpus;
	bool yields;             /* more simulated CPUs than cores: spinning gives the core away */
	size_t phys_bytes;       /* size of the physical address space */
	struct stamp_scale scale;
	enum sync_delivery delivery; /* 0: SYNC_POLL */
	bool has_raiser;
	const unsigned *node;    /* NUMA node of each CPU, 0 to `nodes` - 1; NULL: all on one */
	unsigned nodes;
	uint64_t gap_threshold_ns; /* between two stamps of a CPU, longer is a gap; 0: no witness */
};

/* 0, -EINVAL, -ENOMEM. */
int sim_machine_init(struct sim_machine *machine, const struct sim_machine_config *config);
void sim_machine_fini(struct sim_machine *machine);

/* What a back end that guards the line is to be set up with on this machine. */
struct sync_config sim_machine_sync_config(const struct sim_machine *machine, struct irq_line *line);

/* The calling thread is CPU `index` from here on, at IRQL_PASSIVE, until sim_cpu_exit. */
struct sim_cpu *sim_cpu_enter(struct sim_machine *machine, unsigned index);
void sim_cpu_exit(struct sim_cpu *cpu);

/* A line for each CPU: IRQL, what is due, pins, DPCs.  For a watchdog; it reads without stopping anyone. */
void sim_machine_dump(const struct sim_machine *machine, FILE *out);

#endif
