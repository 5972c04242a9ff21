/* SPDX-License-Identifier: MIT */
/*
 * What all virtio devices share: doorbells, the schedule, execution, interrupts.
 *
 * It has no thread.  A doorbell takes what is available, draws how long each
 * request will be in the device and files it with the vector that its completion
 * raises.  The CPU that this targets, once a request is due and it looks, has the
 * device execute and publish it.  Without MSI-X the vector is the line towards a CPU:
 * level-triggered, and reading the ISR status register clears it.  With it, it is
 * the message that the driver gave the queue.
 *
 * A kind of device adds what its requests mean (struct virtio_kind); the
 * registers are virtio_legacy.c's and virtio_modern.c's, configuration space and the message table virtio_pci.c's.
 *
 * Source: OASIS "Virtual I/O Device (VIRTIO) Version 1.2", 2.7, 4.1.5.
 */
#ifndef STORSYNC_HBA_SIM_DEVICES_VIRTIO_DEVICE_H
#define STORSYNC_HBA_SIM_DEVICES_VIRTIO_DEVICE_H

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

#include "hba_sim/devices/devices.h"
#include "hba_sim/devices/due_heap.h"
#include "hba_sim/devices/faults.h"
#include "hba_sim/devices/model_lock.h"
#include "hba_sim/devices/scsi_target.h"
#include "hba_sim/devices/virtqueue.h"

/* Those of requests, and two of others. */
#define VIRTIO_QUEUES_MAX (DEVICE_QUEUES_MAX + 2)
#define VIRTIO_CONFIG_BYTES_MAX 64

struct virtio_device;

struct virtio_kind {
	const char *name;
	uint16_t type;       /* virtio's device ID */
	uint16_t legacy_id;  /* PCI's device ID of the legacy and transitional ones */
	uint16_t requests;   /* index of the first request queue */
	uint16_t other_size; /* of the queues before that */
	uint32_t ignored;    /* a bit for each queue whose doorbell means nothing */
	uint64_t features;   /* its own */
	/*
	 * Executes a chain of queue `queue` and fills in its response; *written_bytes is what
	 * the device wrote into it.  0, or -EINVAL when it is no request as virtio
	 * has it; it is then not published.  Under execute_lock.
	 */
	int (*execute)(struct virtio_device *device, unsigned queue, struct virtqueue_chain *chain, uint32_t *written_bytes);
	/* Answers a request with that fault instead.  0, or -EINVAL: it is no request, or there is no such answer. */
	int (*refuse)(struct virtqueue_chain *chain, enum fault_kind kind, uint32_t *written_bytes);
};

/* What faults have made of a device, until it is reset. */
enum virtio_condition {
	VIRTIO_WORKS,
	VIRTIO_HANGS,       /* requests come in and none is answered */
	VIRTIO_NEEDS_RESET, /* likewise, and it says so */
	VIRTIO_GONE,        /* no reset brings it back */
};

/* An interrupt towards a CPU: the line, or a message. */
struct virtio_vector {
	_Alignas(SYNC_LINE_BYTES) struct due_heap pending; /* under kick_lock */
	_Atomic(bool) asserted; /* the line: raised by its CPU only, taken down by a reset too; a message: under kick_lock */
	uint64_t asserted_at;
	uint64_t interrupts;  /* times that it was raised */
	uint64_t completions;
	uint64_t waiting_since; /* when the first one fell due */
	unsigned waiting;     /* completions that are published and whose interrupt is held back by coalescing */
	bool is_message;
	bool entry_masked;    /* a message: in the table, */
	bool masked;          /* or with all others, by the capability */
	bool held;            /* and has something to say meanwhile: the pending bit */
	struct sim_cpu *target;
	_Atomic(bool) comes_twice; /* faults: it does, once it is acknowledged, */
	_Atomic(bool) phantom;     /* it is up without a completion, */
	_Atomic(bool) again_is_of_queue;
	_Atomic(uint64_t) again_at; /* or will be at this stamp; 0: no; see virtio_faults.h */
	struct virtio_device *device;
	struct irq_line *line;
};

/* What the driver writes before it enables a queue. */
struct virtio_queue_setup {
	uint64_t desc;
	uint64_t avail;
	uint64_t used;
	uint16_t size;   /* that it has when nobody asks for less */
	uint16_t vector; /* a message, or VIRTIO_NO_VECTOR */
};

struct virtio_device {
	struct sim_device pci;
	struct sim_machine *machine;
	struct device_params params;
	const struct virtio_kind *kind;
	struct virtio_vector *cpu;     /* the line towards each CPU */
	struct virtio_vector *message;
	struct faults *faults; /* NULL: it has none */
	unsigned queues;
	uint32_t ignored; /* the kind's */
	bool coalesces;
	bool function_masked;  /* all messages are; under kick_lock */
	uint8_t window;        /* where the capability is that gives access by configuration space; 0: there is none */

	/* Doorbells: what is taken, and the schedules. */
	_Alignas(SYNC_LINE_BYTES) struct model_lock kick_lock;
	unsigned spread_next;
	uint64_t rng;

	/* Execution: the target, the used rings.  `resets` and the queues are written under both locks. */
	_Alignas(SYNC_LINE_BYTES) struct model_lock execute_lock;
	struct virtqueue queue[VIRTIO_QUEUES_MAX];
	uint64_t resets;

	/* Registers; setting up is one CPU's business, and hurts nobody but its driver when it is not. */
	struct virtio_queue_setup setup[VIRTIO_QUEUES_MAX];
	uint16_t queue_select;
	uint16_t config_vector;
	uint32_t device_feature_select;
	uint32_t driver_feature_select;
	uint64_t driver_features;
	_Atomic(uint8_t) config_generation;
	bool unknown_features; /* the driver asked for some beyond bit 63 */
	_Atomic(uint8_t) status;
	unsigned char config[VIRTIO_CONFIG_BYTES_MAX]; /* the kind's own */
	unsigned config_bytes;

	/*
	 * ISR status register: a bit for each CPU that had completions published since
	 * it was read; the CPU that found it empty is the one the line is up towards.
	 */
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint64_t) isr;
	/* Times the driver handed over something that virtio forbids. */
	_Atomic(uint64_t) protocol_errors;
	/* Faults. */
	_Atomic(enum virtio_condition) condition;
	_Atomic(bool) config_changed;
	_Atomic(uint64_t) storm_until; /* stamp */
};

/* As struct device_model's: `config` is what the kind's configuration space holds. */
int virtio_device_init(struct virtio_device *device, struct sim_machine *machine, const struct device_params *params,
		       uint8_t dirql, const struct virtio_kind *kind, const void *config, size_t config_bytes);

/* Members of struct device_model, */
void virtio_device_fini(struct sim_device *device);
bool virtio_device_busy(struct sim_device *device);
unsigned virtio_device_lines_up(const struct sim_device *device);
uint64_t virtio_device_interrupts(const struct sim_device *device);
uint64_t virtio_device_protocol_errors(const struct sim_device *device);
void virtio_device_serve_in(struct sim_device *device, uint64_t ticks);
void virtio_device_dump(const struct sim_device *device, FILE *out);

/* which every kind has so. */
#define VIRTIO_DEVICE_MEMBERS                                    \
	.bytes = sizeof(struct virtio_device),                   \
	.fini = virtio_device_fini,                              \
	.busy = virtio_device_busy,                              \
	.lines_up = virtio_device_lines_up,                      \
	.interrupts = virtio_device_interrupts,                  \
	.protocol_errors = virtio_device_protocol_errors,        \
	.serve_in = virtio_device_serve_in,                      \
	.dump = virtio_device_dump

/* For the registers, all at IRQL_HIGH but the reading ones. */

/* Features that it offers by the modern interface. */
uint64_t virtio_device_features(const struct virtio_device *device);

/* The driver accepted these. */
void virtio_device_negotiate(struct virtio_device *device, uint64_t features);

void virtio_device_protocol_error(struct virtio_device *device);
void virtio_device_reset(struct virtio_device *device);
void virtio_device_doorbell(struct virtio_device *device, struct sim_cpu *cpu, uint16_t index);

/* The legacy layout, at a page frame number; 0 takes the queue down. */
void virtio_device_set_pfn(struct virtio_device *device, uint16_t index, uint32_t pfn);

/* Enables a queue as its setup says. */
void virtio_device_enable_queue(struct virtio_device *device, uint16_t index);

/* The message of a queue from here on; one that does not exist is none. */
void virtio_device_set_vector(struct virtio_device *device, uint16_t index, uint16_t vector);

/* Masks or opens an entry of the message table. */
void virtio_device_mask(struct virtio_device *device, unsigned message, bool masked);

/* Masks all of them, or leaves each to its entry. */
void virtio_device_mask_function(struct virtio_device *device, bool masked);

/* Whether it waits for its mask to open. */
bool virtio_device_is_held(const struct virtio_device *device, unsigned message);

/* The ISR status register: read to clear, and with it the line. */
uint8_t virtio_device_read_isr(struct virtio_device *device);

static inline struct virtio_device *virtio_device_of(struct sim_device *pci)
{
	return (struct virtio_device *)pci;
}

#endif
