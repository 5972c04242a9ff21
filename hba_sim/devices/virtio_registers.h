/* SPDX-License-Identifier: MIT */
/*
 * Registers that the legacy and the modern interface have in common, and the two interfaces as register ranges.
 *
 * Source: OASIS "Virtual I/O Device (VIRTIO) Version 1.2", 4.1.4.
 */
#ifndef STORSYNC_HBA_SIM_DEVICES_VIRTIO_REGISTERS_H
#define STORSYNC_HBA_SIM_DEVICES_VIRTIO_REGISTERS_H

#include <string.h>

#include "hba_sim/devices/virtio_device.h"
#include "hba_sim/devices/virtio_faults.h"
#include "hba_sim/machine/ioport.h"

extern const struct sim_ioport_ops virtio_legacy_ops;
extern const struct sim_ioport_ops virtio_modern_ops;

static inline uint8_t status_of(const struct virtio_device *device)
{
	/* relaxed: one register, which orders nothing */
	return atomic_load_explicit(&device->status, memory_order_relaxed);
}

static inline void set_status(struct virtio_device *device, uint8_t status)
{
	/* relaxed: see status_of */
	atomic_store_explicit(&device->status, status, memory_order_relaxed);
}

static inline uint32_t read_device_config(const struct virtio_device *device, uint32_t offset, unsigned bytes)
{
	uint32_t value = 0;

	if (offset <= device->config_bytes && bytes <= device->config_bytes - offset)
		memcpy(&value, device->config + offset, bytes);
	return value;
}

static inline bool queue_is_selected(const struct virtio_device *device)
{
	return device->queue_select < device->queues;
}

static inline uint16_t existing_vector(const struct virtio_device *device, uint32_t vector)
{
	return vector < device->pci.messages && device->pci.uses_messages ? (uint16_t)vector : VIRTIO_NO_VECTOR;
}

static inline void set_queue_vector(struct virtio_device *device, uint32_t vector)
{
	if (queue_is_selected(device))
		virtio_device_set_vector(device, device->queue_select, existing_vector(device, vector));
}

static inline uint32_t queue_vector(const struct virtio_device *device)
{
	return queue_is_selected(device) ? device->setup[device->queue_select].vector : VIRTIO_NO_VECTOR;
}

#endif
