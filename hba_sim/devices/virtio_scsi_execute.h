/* SPDX-License-Identifier: MIT */
/* What the virtio SCSI host does with one descriptor chain. */
#ifndef STORSYNC_HBA_SIM_DEVICES_VIRTIO_SCSI_EXECUTE_H
#define STORSYNC_HBA_SIM_DEVICES_VIRTIO_SCSI_EXECUTE_H

#include <stdint.h>

#include "hba_sim/devices/due_heap.h"
#include "hba_sim/devices/scsi_target.h"
#include "hba_sim/devices/virtqueue.h"

/*
 * Executes the chain at entry->head of `queue` and fills in its response.
 * *written_bytes is what the device wrote into it.  0, or -EINVAL when the chain
 * is not a request as virtio has it; it is then not to be published.
 */
int virtio_scsi_execute(struct scsi_target *target, const struct virtqueue *queue, const struct sim_phys *phys,
			const struct due_entry *entry, uint32_t *written_bytes);

#endif
