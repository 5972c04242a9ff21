/* SPDX-License-Identifier: MIT */
/*
 * Device models as plug-ins: what a model's author fills in, and the list of them, out of devices.def.
 *
 * A model is a storage adapter's hardware: a PCI function (device.h) with
 * registers, a way to be given requests and a way to interrupt.  All of them take
 * the same parameters, and say why when one of these is not for them.
 */
#ifndef STORSYNC_HBA_SIM_DEVICES_DEVICES_H
#define STORSYNC_HBA_SIM_DEVICES_DEVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "hba_sim/devices/device.h"
#include "hba_sim/devices/service_time.h"
#include "hba_sim/machine/machine.h"

struct faults;
struct scsi_target;

#define DEVICE_CPUS_MAX 64
#define DEVICE_QUEUES_MAX 8
#define DEVICE_MESSAGES_MAX 16
/* Requests that a queue takes at most, were each a single descriptor. */
#define DEVICE_QUEUE_SIZE 1024

/* Which CPU a completion interrupts, seen from the one that rang the doorbell; for a message, seen from its number. */
enum irq_routing {
	IRQ_ROUTING_SAME,
	IRQ_ROUTING_OTHER,  /* the next CPU */
	IRQ_ROUTING_SPREAD, /* every CPU in turn; not for messages */
};

/* The register interface, of a device that has more than one. */
enum device_transport {
	DEVICE_LEGACY,
	DEVICE_MODERN,
	DEVICE_TRANSITIONAL, /* both; the driver chooses */
};

/* All zero but the target: what is measured unless somebody says otherwise. */
struct device_params {
	struct scsi_target *target; /* its LUNs; a model of a single disk has number 0 */
	struct service_time service;
	enum irq_routing routing;
	uint64_t seed;
	struct faults *faults;   /* NULL: none */
	enum device_transport transport;
	unsigned queues;         /* of requests, 1 to DEVICE_QUEUES_MAX; 0: 1 */
	unsigned messages;       /* MSI-X entries offered; 0: there is the line only */
	bool event_index;        /* offered: doorbells and interrupts by index (virtio's EVENT_IDX) */
	bool indirect;           /* offered: descriptors in tables */
	unsigned coalesce_count; /* an interrupt when so many completions wait; 1: for each; 0: however many */
	uint64_t coalesce_ticks; /* or when the first of them has waited so long; 0: at once, whatever the count */
};

struct device_model {
	const char *name;     /* on the command line and in CSV files */
	const char *summary;
	const char *source;   /* the specification */
	const char *miniport; /* the built-in one that drives it: miniports.h; NULL: none */
	size_t bytes;         /* of its state, whose first member is the struct sim_device; aligned to SYNC_LINE_BYTES */
	bool single_lun;

	/*
	 * Connects it to a machine none of whose CPUs run yet: register ranges, line,
	 * messages at `dirql`.  0, -ERANGE (too many CPUs), -EINVAL (parameters that
	 * device_refusal would have refused), -EEXIST, -ENOSPC or -ENOMEM; after a
	 * failure there is nothing to finish.
	 */
	int (*init)(struct sim_device *device, struct sim_machine *machine, const struct device_params *params, uint8_t dirql);
	void (*fini)(struct sim_device *device);

	/* Whether a request is in the device and not yet due, or a completion waits for its interrupt. */
	bool (*busy)(struct sim_device *device);
	/* Interrupts asserted and not serviced, once nobody serves any more. */
	unsigned (*lines_up)(const struct sim_device *device);
	/* Times that an interrupt was asserted. */
	uint64_t (*interrupts)(const struct sim_device *device);
	/* Times that the driver handed over something that is forbidden. */
	uint64_t (*protocol_errors)(const struct sim_device *device);
	/* How long a request that comes from here on is in the device; for checks. */
	void (*serve_in)(struct sim_device *device, uint64_t ticks);
	/* Its state, for a watchdog. */
	void (*dump)(const struct sim_device *device, FILE *out);
};

/* All of them, in the order of devices.def. */
extern const struct device_model *const device_models[];
extern const size_t device_model_count;

/* By its name, NULL when there is none. */
const struct device_model *device_model_find(const char *name);

/* "legacy", "modern", "transitional", and back: 0 or -EINVAL. */
const char *device_transport_name(enum device_transport transport);
int device_transport_find(const char *name, enum device_transport *transport);

/* What is wrong with the combination, whatever the model; NULL: nothing.  The text completes "skipped: ...". */
const char *device_refusal(const struct device_params *params);

#endif
