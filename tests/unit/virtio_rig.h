/* SPDX-License-Identifier: MIT */
/*
 * A virtio device at its registers and rings, for the tests of what is common to
 * all kinds: a machine, a LUN, a driver's side of its request queues, and handlers on its line and its messages.
 */
#ifndef STORSYNC_TESTS_UNIT_VIRTIO_RIG_H
#define STORSYNC_TESTS_UNIT_VIRTIO_RIG_H

#include <errno.h>

#include "tests/unit/fake_source.h"
#include "tests/unit/virtq_driver.h"

#include "hba_sim/devices/virtio_device.h"
#include "hba_sim/devices/virtio_pci.h"

#define RIG_PHYS_BYTES (8u << 20)
#define RIG_SLOTS 256
#define RIG_SLOT_BYTES 256
#define RIG_REQUEST_BYTES 51
#define RIG_RESPONSE_BYTES 108
#define RIG_INTERRUPTS_MAX 64
#define RIG_QUEUES 8
#define RIG_FIRST 2 /* request queue of a SCSI host */

/* Modern registers, by their offsets in the memory bar. */
enum { M_DEVICE_FEATURE_SELECT = 0x00, M_DEVICE_FEATURE = 0x04, M_DRIVER_FEATURE_SELECT = 0x08, M_DRIVER_FEATURE = 0x0c,
       M_CONFIG_VECTOR = 0x10, M_NUM_QUEUES = 0x12, M_STATUS = 0x14, M_GENERATION = 0x15, M_SELECT = 0x16, M_SIZE = 0x18,
       M_VECTOR = 0x1a, M_ENABLE = 0x1c, M_NOTIFY_OFF = 0x1e, M_DESC = 0x20, M_DRIVER = 0x28, M_DEVICE = 0x30,
       M_ISR = 0x100, M_CONFIG = 0x200, M_NOTIFY = 0x300 };
/* Legacy ones, in the ports. */
enum { L_FEATURES = 0x00, L_DRIVER_FEATURES = 0x04, L_PFN = 0x08, L_SIZE = 0x0c, L_SELECT = 0x0e, L_NOTIFY = 0x10, L_STATUS = 0x12,
       L_ISR = 0x13, L_CONFIG = 0x14, L_CONFIG_VECTOR = 0x14, L_VECTOR = 0x16, L_CONFIG_BEHIND_VECTORS = 0x18 };

struct virtio_rig {
	struct sim_machine machine;
	struct scsi_target *target;
	struct lun *lun;
	struct virtio_device device;
	struct vq_driver queue[RIG_QUEUES];
	unsigned char *buffer;
	bool modern;

	/* What came, in order. */
	unsigned interrupts;
	uint64_t asserted[RIG_INTERRUPTS_MAX];
	unsigned on_cpu[RIG_INTERRUPTS_MAX];
	int message[RIG_INTERRUPTS_MAX]; /* -1: the line */
	unsigned used; /* entries that handlers have found */
	int answer;    /* of the handlers, when it is not 0 */
};

static struct virtio_rig rig;
extern const struct device_model device_model_virtio_scsi;
extern const struct device_model device_model_virtio_blk;

static inline void *rig_port(uint32_t offset)
{
	return sim_ioport_address(&rig.machine.ioports, VIRTIO_IO_BASE + offset);
}

static inline void *rig_memory(uint32_t offset)
{
	return sim_ioport_address(&rig.machine.ioports, VIRTIO_MEMORY_BASE + offset);
}

static inline void *rig_table(uint32_t offset)
{
	return sim_ioport_address(&rig.machine.ioports, VIRTIO_MSIX_BASE + offset);
}

static inline uint32_t rig_in(void *address, unsigned bytes)
{
	return sim_ioport_read(sim_cpu_self(), address, bytes);
}

static inline void rig_out(void *address, unsigned bytes, uint32_t value)
{
	sim_ioport_write(sim_cpu_self(), address, bytes, value);
}

static inline uint64_t rig_errors(void)
{
	return virtio_device_protocol_errors(&rig.device.pci);
}

static inline unsigned rig_drain(void)
{
	uint32_t id, bytes;
	unsigned n = 0;

	for (unsigned q = 0; q < RIG_QUEUES; q++) {
		while (rig.queue[q].base && vq_used(&rig.queue[q], &id, &bytes))
			n++;
	}
	return n;
}

static inline void rig_note(struct sim_cpu *cpu, const struct irq_event *event, int message)
{
	unsigned at = rig.interrupts++ % RIG_INTERRUPTS_MAX;

	rig.asserted[at] = event->asserted;
	rig.on_cpu[at] = cpu->index;
	rig.message[at] = message;
}

static inline int rig_line(void *context, struct sim_cpu *cpu, struct irq_event *event)
{
	rig_note(cpu, event, -1);
	if (!rig_in(rig.modern ? rig_memory(M_ISR) : rig_port(L_ISR), 1))
		return 0;
	rig.used += rig_drain();
	return 1;
}

static inline int rig_message(void *context, struct sim_cpu *cpu, struct irq_event *event)
{
	int answer = rig.answer;

	rig_note(cpu, event, (int)((struct irq_line *)context - rig.device.pci.message));
	if (answer) {
		rig.answer = 0;
		return answer;
	}
	rig.used += rig_drain();
	return 1;
}

/* Legacy: selects, says where, and which message if there are some. */
static inline void rig_start_legacy(unsigned queues, const uint16_t *vector)
{
	rig_out(rig_port(L_STATUS), 1, 0);
	rig_out(rig_port(L_STATUS), 1, 3);
	for (unsigned q = 0; q < queues; q++) {
		rig_out(rig_port(L_SELECT), 2, RIG_FIRST + q);
		rig_out(rig_port(L_PFN), 4, vq_pfn(&rig.queue[q]));
		if (vector)
			rig_out(rig_port(L_VECTOR), 2, vector[q]);
	}
	rig_out(rig_port(L_STATUS), 1, 7);
}

static inline void rig_out64(uint32_t offset, uint64_t value)
{
	rig_out(rig_memory(offset), 4, (uint32_t)value);
	rig_out(rig_memory(offset + 4), 4, (uint32_t)(value >> 32));
}

static inline void rig_accept(uint64_t features)
{
	for (unsigned half = 0; half < 2; half++) {
		rig_out(rig_memory(M_DRIVER_FEATURE_SELECT), 4, half);
		rig_out(rig_memory(M_DRIVER_FEATURE), 4, (uint32_t)(features >> 32 * half));
	}
	rig_out(rig_memory(M_STATUS), 1, 1 | 2 | 8);
}

static inline void rig_enable(unsigned q)
{
	struct vq_driver *queue = &rig.queue[q];
	uint64_t base = sim_phys_of(&rig.machine.phys, queue->base);

	rig_out(rig_memory(M_SELECT), 2, RIG_FIRST + q);
	rig_out64(M_DESC, base);
	rig_out64(M_DRIVER, base + vq_available_offset(queue->size));
	rig_out64(M_DEVICE, base + vq_used_offset(queue->size));
	rig_out(rig_memory(M_ENABLE), 2, 1);
}

static inline void rig_start_modern(unsigned queues, uint64_t features, const uint16_t *vector)
{
	rig_out(rig_memory(M_STATUS), 1, 0);
	rig_out(rig_memory(M_STATUS), 1, 3);
	rig_accept(features);
	for (unsigned q = 0; q < queues; q++) {
		rig_out(rig_memory(M_SELECT), 2, RIG_FIRST + q);
		if (vector)
			rig_out(rig_memory(M_VECTOR), 2, vector[q]);
		rig_enable(q);
	}
	rig_out(rig_memory(M_STATUS), 1, 15);
	rig.modern = true;
}

static inline int rig_power_up(unsigned cpus, const struct device_model *model, struct device_params params)
{
	struct sim_machine_config config = { .cpus = cpus, .yields = true, .phys_bytes = RIG_PHYS_BYTES, .scale = fake_scale() };
	struct lun_config lun = { .blocks = 64, .block_bytes = 512, .mode = LUN_DATA_COPY };
	unsigned queues = params.queues ? params.queues : 1;

	memset(&rig, 0, sizeof(rig));
	if (sim_machine_init(&rig.machine, &config) || scsi_target_create(&rig.target) || lun_create(&rig.lun, &lun) ||
	    scsi_target_attach(rig.target, 0, rig.lun))
		return -1;
	params.target = rig.target;
	if (model->init(&rig.device.pci, &rig.machine, &params, 6))
		return -1;
	rig.device.pci.line.handler = rig_line;
	for (unsigned m = 0; m < rig.device.pci.messages; m++) {
		rig.device.pci.message[m].handler = rig_message;
		rig.device.pci.message[m].handler_context = &rig.device.pci.message[m];
	}
	sim_device_use_messages(&rig.device.pci, params.messages > 0);
	sim_cpu_enter(&rig.machine, 0);
	for (unsigned q = 0; q < queues; q++)
		vq_init(&rig.queue[q], &rig.machine.phys, DEVICE_QUEUE_SIZE);
	rig.buffer = sim_phys_alloc(&rig.machine.phys, RIG_SLOTS * RIG_SLOT_BYTES, RIG_SLOT_BYTES);
	return 0;
}

/* As whoever sets up the machine leaves it: every message may come. */
static inline int rig_set_up(unsigned cpus, const struct device_model *model, struct device_params params)
{
	int err = rig_power_up(cpus, model, params);

	for (unsigned m = 0; !err && m < rig.device.pci.messages; m++)
		rig_out(rig_table(16 * m + 12), 4, 0);
	return err;
}

static inline int rig_tear_down(void **state)
{
	sim_cpu_exit(sim_cpu_self());
	virtio_device_fini(&rig.device.pci);
	scsi_target_destroy(rig.target);
	lun_destroy(rig.lun);
	sim_machine_fini(&rig.machine);
	return 0;
}

static inline unsigned char *rig_response(unsigned slot)
{
	return rig.buffer + RIG_SLOT_BYTES * slot + 64;
}

/* TEST UNIT READY to LUN 0 in descriptors 2 * slot and the next; not yet rung. */
static inline void rig_post(unsigned q, unsigned slot)
{
	unsigned char *request = rig.buffer + RIG_SLOT_BYTES * slot;
	uint64_t address = sim_phys_of(&rig.machine.phys, request);

	memset(request, 0, RIG_REQUEST_BYTES);
	request[0] = 1;
	request[2] = 0x40;
	memset(rig_response(slot), 0xee, RIG_RESPONSE_BYTES);
	vq_describe(&rig.queue[q], 2 * slot, address, RIG_REQUEST_BYTES, VQ_F_NEXT, (uint16_t)(2 * slot + 1));
	vq_describe(&rig.queue[q], 2 * slot + 1, address + 64, RIG_RESPONSE_BYTES, VQ_F_WRITE, 0);
	vq_offer(&rig.queue[q], (uint16_t)(2 * slot));
}

static inline void rig_ring(unsigned q)
{
	if (rig.modern)
		rig_out(rig_memory(M_NOTIFY + 4 * (RIG_FIRST + q)), 2, RIG_FIRST + q);
	else
		rig_out(rig_port(L_NOTIFY), 2, RIG_FIRST + q);
}

static inline void rig_post_and_ring(unsigned q, unsigned slot)
{
	rig_post(q, slot);
	rig_ring(q);
}

static inline void rig_look(unsigned cpu)
{
	sim_cpu_look(sim_cpu_enter(&rig.machine, cpu));
	sim_cpu_enter(&rig.machine, 0);
}

#endif
