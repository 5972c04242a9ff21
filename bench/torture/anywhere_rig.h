/* SPDX-License-Identifier: MIT */
/*
 * What `anywhere` runs on: one CPU with the HBA, the project's miniport, the
 * port driver and two bystanders, whose interrupts come when the check says so
 * and at no other time.
 */
#ifndef STORSYNC_BENCH_TORTURE_ANYWHERE_RIG_H
#define STORSYNC_BENCH_TORTURE_ANYWHERE_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/torture/torture.h"
#include "hba_sim/devices/pulse.h"
#include "hba_sim/devices/devices.h"
#include "hba_sim/devices/scsi_target.h"
#include "hba_sim/port/port.h"

#define ANYWHERE_LOW_DIRQL 4
#define ANYWHERE_DIRQL 6
#define ANYWHERE_HIGH_DIRQL 9

/* Two reads, and a flush that the miniport completes before it starts it. */
#define ANYWHERE_REQUESTS 3
#define ANYWHERE_READS 2
#define ANYWHERE_BYSTANDERS 2

struct anywhere_bystander {
	struct pulse_source pulse;
	uint64_t scheduled; /* in this attempt */
	_Atomic(uint64_t) served;
};

/* What is interrupted. */
struct anywhere_subject {
	const char *device;   /* the model's name */
	enum device_transport transport;
	bool event_index;     /* and indirect descriptors */
	const char *argument; /* the miniport's */
};

struct anywhere_rig {
	struct torture_run *run;
	struct sim_machine machine;
	struct sim_cpu *cpu;
	struct lun *lun;
	struct scsi_target *target;
	const struct device_model *model;
	struct sim_device *hba;
	struct adapter adapter;
	struct anywhere_bystander bystander[ANYWHERE_BYSTANDERS]; /* below the HBA, above it */
	struct port_request *request[ANYWHERE_REQUESTS];
	unsigned submissions[ANYWHERE_REQUESTS]; /* in this attempt */
	_Atomic(unsigned) completions[ANYWHERE_REQUESTS];
};

/* Sets it up; the calling thread becomes the CPU.  What cannot be set up ends the check. */
void anywhere_rig_init(struct anywhere_rig *rig, struct torture_run *run, const struct anywhere_subject *subject);
void anywhere_rig_fini(struct anywhere_rig *rig);

/* Before an attempt: fresh requests and counters. */
void anywhere_rig_renew(struct anywhere_rig *rig);

void anywhere_rig_submit(struct anywhere_rig *rig, unsigned i);

/* How many ticks a read that is submitted from here on is in the device. */
void anywhere_rig_serve_in(struct anywhere_rig *rig, uint64_t ticks);

void anywhere_rig_pulse(struct anywhere_rig *rig, unsigned bystander, uint64_t due);

/* Whether all requests and pulses of the attempt have been dealt with. */
bool anywhere_rig_is_done(struct anywhere_rig *rig);

/*
 * After an attempt: what of requests, data, CPU, controller, port and device is
 * not as it was before; NULL when all is.
 */
const char *anywhere_rig_deviation(struct anywhere_rig *rig);

#endif
