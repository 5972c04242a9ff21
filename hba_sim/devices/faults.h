/* SPDX-License-Identifier: MIT */
/*
 * Faults of a device and of its host: which there are to be, when one happens, and how many did.
 *
 * A kind of fault has a rule: with some chance at each of its occasions, so many times a
 * second, or once at some time.  The n-th occasion of a kind has the same outcome whenever the seed is the
 * same, whatever the other kinds do: it is drawn from the seed, the kind and n alone.  Times count
 * from the first occasion of any kind, and what is due by time happens at the first occasion after it.
 *
 * What a fault does is the device model's (virtio_faults.c); what one of the host's does is done by whoever plays the host.
 */
#ifndef STORSYNC_HBA_SIM_DEVICES_FAULTS_H
#define STORSYNC_HBA_SIM_DEVICES_FAULTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "hba_sim/machine/stamp.h"

/* X(suffix, name, the occasion, what it does). */
#define FAULT_KINDS_OF_INTERRUPTS(X) \
	X(LOST, lost, "an interrupt", "it is not raised: its completions are in the ring and nobody is told") \
	X(DUPLICATE, duplicate, "an interrupt", "it comes a second time after the first is acknowledged") \
	X(STORM, storm, "an interrupt", "it comes again and again for TIME, however often it is acknowledged")
#define FAULT_KINDS_OF_REQUESTS(X) \
	X(SPURIOUS, spurious, "a request comes in", "an interrupt with nothing to do, and none of its status bits set") \
	X(SLOW, slow, "a request comes in", "it stays in the device for TIME longer") \
	X(HANG, hang, "a request comes in", "the device answers no request until it is reset") \
	X(RESET, reset, "a request comes in", "the device loses all that it had, and says that it needs a reset") \
	X(REMOVE, remove, "a request comes in", "the device is gone: registers read all ones, nothing completes") \
	X(ERROR, error, "a request is executed", "it fails: CHECK CONDITION, medium error; virtio-blk: IOERR") \
	X(BUSY, busy, "a request is executed", "it is refused: BUSY") \
	X(FULL, full, "a request is executed", "it is refused: TASK SET FULL") \
	X(DROP, drop, "a request is executed", "its completion never comes, as of a device that is broken")
#define FAULT_KINDS_OF_HOST(X) \
	X(STOP, stop, "an I/O is submitted", "the host stops the adapter, and restarts it TIME later") \
	X(BUS_RESET, bus-reset, "an I/O is submitted", "the host resets the bus, whatever is in flight") \
	X(SURPRISE, surprise, "a request comes in", "the device is gone, and the host finds that out and tells the driver")
/* New ones behind the others, as a kind's number is part of its draws. */
#define FAULT_KINDS(X) FAULT_KINDS_OF_INTERRUPTS(X) FAULT_KINDS_OF_REQUESTS(X) FAULT_KINDS_OF_HOST(X)

enum fault_kind {
#define FAULT_ENUMERATOR(id, name, occasion, effect) FAULT_##id,
	FAULT_KINDS(FAULT_ENUMERATOR)
#undef FAULT_ENUMERATOR
	FAULT_KIND_COUNT
};

/* When; all of it 0: never.  One of the first three at most. */
struct fault_rule {
	double chance;    /* at each occasion, above 0 and up to 1 */
	double rate_hz;   /* times a second, at exponentially distributed intervals */
	bool once;        /* at `at_ns` */
	uint64_t at_ns;
	uint64_t time_ns; /* what takes time: how long */
};

struct fault_plan {
	struct fault_rule rule[FAULT_KIND_COUNT];
};

/* One kind in a run. */
struct fault_state {
	_Atomic(uint64_t) occasions;
	_Atomic(uint64_t) injected;
	_Atomic(uint64_t) next; /* rate or once: stamp from which it is due; 0: not yet known, UINT64_MAX: never again */
};

struct faults {
	struct fault_plan plan;
	struct stamp_scale scale;
	uint64_t seed;
	_Atomic(uint64_t) begin; /* stamp of the first occasion, 0 before it */
	struct fault_state kind[FAULT_KIND_COUNT];
};

/* "lost", and back; FAULT_KIND_COUNT when there is none. */
const char *fault_kind_name(enum fault_kind kind);
enum fault_kind fault_kind_find(const char *name);

/* On what occasion it is drawn, and what it does, in words. */
const char *fault_kind_occasion(enum fault_kind kind);
const char *fault_kind_effect(enum fault_kind kind);

/* Whether it lasts for a time, and how long when nobody says. */
bool fault_kind_takes_time(enum fault_kind kind);
uint64_t fault_kind_standard_time_ns(enum fault_kind kind);

bool fault_plan_has(const struct fault_plan *plan, enum fault_kind kind);
bool fault_plan_is_empty(const struct fault_plan *plan);

void faults_init(struct faults *faults, const struct fault_plan *plan, const struct stamp_scale *scale, uint64_t seed);

/* An occasion of the kind, at the stamp `now`: whether the fault happens.  It is counted.  By any CPU, at any IRQL. */
bool faults_strike(struct faults *faults, enum fault_kind kind, uint64_t now);

/* How long that kind lasts, in ticks. */
uint64_t faults_ticks(const struct faults *faults, enum fault_kind kind);

/* How often it has happened. */
uint64_t faults_injected(const struct faults *faults, enum fault_kind kind);
uint64_t faults_injected_total(const struct faults *faults);

#endif
