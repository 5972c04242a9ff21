/* SPDX-License-Identifier: MIT */
/*
 * The HBA: a virtio SCSI host behind the legacy PCI port-I/O interface, INTx.
 *
 * It has no thread.  A doorbell takes what is available, draws how long each
 * request will be in the device and files it with the CPU that its completion
 * interrupts.  That CPU, once a request is due and it looks, has the device
 * execute and publish it.  The line is level-triggered: reading the ISR status
 * register clears it.
 *
 * Source: OASIS "Virtual I/O Device (VIRTIO) Version 1.2", 4.1.4.8 and 5.6.
 */
#ifndef STORSYNC_HBA_SIM_DEVICES_VIRTIO_SCSI_H
#define STORSYNC_HBA_SIM_DEVICES_VIRTIO_SCSI_H

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

#include "hba_sim/devices/device.h"
#include "hba_sim/devices/due_heap.h"
#include "hba_sim/devices/model_lock.h"
#include "hba_sim/devices/scsi_target.h"
#include "hba_sim/devices/service_time.h"
#include "hba_sim/devices/virtqueue.h"
#include "hba_sim/machine/machine.h"

/* Descriptors of the request queue; a request takes three, or four when it moves data both ways. */
#define VIRTIO_SCSI_QUEUE_SIZE 1024
/* One bit a CPU in the status register's model. */
#define VIRTIO_SCSI_CPUS_MAX 64
#define VIRTIO_SCSI_IO_BASE 0xc000u
#define VIRTIO_SCSI_IO_BYTES 0x40u

/* Which CPU a completion interrupts, seen from the one that rang the doorbell. */
enum irq_routing {
	IRQ_ROUTING_SAME,
	IRQ_ROUTING_OTHER,  /* the next CPU */
	IRQ_ROUTING_SPREAD, /* every CPU in turn */
};

struct virtio_scsi_config_params {
	struct scsi_target *target;
	struct service_time service;
	enum irq_routing routing;
	uint64_t seed;
};

/* What concerns one CPU as the target of interrupts. */
struct virtio_scsi_cpu {
	_Alignas(SYNC_LINE_BYTES) struct due_heap pending; /* under kick_lock */
	_Atomic(bool) asserted; /* the line is up towards this CPU; raised by that CPU only, taken down by a reset too */
	uint64_t asserted_at;
	uint64_t interrupts; /* times the line was raised towards it */
	uint64_t completions;
};

struct virtio_scsi {
	struct sim_device pci;
	struct sim_machine *machine;
	struct virtio_scsi_config_params params;
	struct virtio_scsi_cpu *cpu;

	/* Doorbells: what is taken, and the schedules. */
	_Alignas(SYNC_LINE_BYTES) struct model_lock kick_lock;
	unsigned spread_next;
	uint64_t rng;

	/* Execution: the target, the used rings.  `resets` and the queues are written under both locks. */
	_Alignas(SYNC_LINE_BYTES) struct model_lock execute_lock;
	struct virtqueue queue[VIRTIO_SCSI_QUEUES];
	uint64_t resets;
	uint16_t queue_select;
	uint32_t guest_features;
	_Atomic(uint8_t) status;

	/*
	 * ISR status register: a bit for each CPU that had completions published since
	 * it was read; the CPU that found it empty is the one the line is up towards.
	 */
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint64_t) isr;
	/* Times the driver handed over something that virtio forbids. */
	_Atomic(uint64_t) protocol_errors;
};

/* Connects the device to the machine: ports and interrupt line.  0, -ERANGE (too many CPUs) or -errno. */
int virtio_scsi_init(struct virtio_scsi *device, struct sim_machine *machine, const struct virtio_scsi_config_params *params,
		     uint8_t dirql);
void virtio_scsi_fini(struct virtio_scsi *device);

/* Whether a request is in the device and not yet due to be finished. */
bool virtio_scsi_busy(struct virtio_scsi *device);

/* CPUs towards which the line is up: interrupts asserted and not serviced, once nobody serves any more. */
unsigned virtio_scsi_lines_up(const struct virtio_scsi *device);

/* Times the line was raised, over all CPUs. */
uint64_t virtio_scsi_interrupts(const struct virtio_scsi *device);

/* The state of queues and registers, for a watchdog. */
void virtio_scsi_dump(const struct virtio_scsi *device, FILE *out);

#endif
