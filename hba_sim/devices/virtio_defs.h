/* SPDX-License-Identifier: MIT */
/*
 * Layouts and numbers of virtio, as the device sees them.
 *
 * Source: OASIS "Virtual I/O Device (VIRTIO) Version 1.2": 2.7 (split
 * virtqueues), 4.1.4.8 (legacy interface over PCI port I/O), 5.6 (SCSI host).
 * All fields are little-endian; so is every host this runs on.
 */
#ifndef STORSYNC_HBA_SIM_DEVICES_VIRTIO_DEFS_H
#define STORSYNC_HBA_SIM_DEVICES_VIRTIO_DEFS_H

#include <stdint.h>

/* Registers of the legacy PCI interface, offsets into the device's I/O BAR. */
enum virtio_pci_register {
	VIRTIO_PCI_HOST_FEATURES = 0x00,
	VIRTIO_PCI_GUEST_FEATURES = 0x04,
	VIRTIO_PCI_QUEUE_PFN = 0x08,
	VIRTIO_PCI_QUEUE_SIZE = 0x0c,
	VIRTIO_PCI_QUEUE_SELECT = 0x0e,
	VIRTIO_PCI_QUEUE_NOTIFY = 0x10,
	VIRTIO_PCI_STATUS = 0x12,
	VIRTIO_PCI_ISR = 0x13,
	VIRTIO_PCI_CONFIG = 0x14, /* device-specific, when MSI-X is off */
};

enum virtio_status {
	VIRTIO_STATUS_ACKNOWLEDGE = 1,
	VIRTIO_STATUS_DRIVER = 2,
	VIRTIO_STATUS_DRIVER_OK = 4,
	VIRTIO_STATUS_NEEDS_RESET = 64,
	VIRTIO_STATUS_FAILED = 128,
};

#define VIRTIO_ISR_QUEUE 1u

struct virtq_desc {
	uint64_t address;
	uint32_t bytes;
	uint16_t flags;
	uint16_t next;
};

enum virtq_desc_flag {
	VIRTQ_DESC_NEXT = 1,
	VIRTQ_DESC_WRITE = 2, /* the device writes it */
	VIRTQ_DESC_INDIRECT = 4,
};

#define VIRTQ_AVAIL_NO_INTERRUPT 1u
#define VIRTQ_LEGACY_ALIGN 4096u
#define VIRTQ_LEGACY_PAGE_SHIFT 12

struct virtq_avail {
	uint16_t flags;
	uint16_t idx;
	uint16_t ring[];
};

struct virtq_used_element {
	uint32_t id;
	uint32_t bytes;
};

struct virtq_used {
	uint16_t flags;
	uint16_t idx;
	struct virtq_used_element ring[];
};

/* Queues of a SCSI host. */
enum virtio_scsi_queue {
	VIRTIO_SCSI_QUEUE_CONTROL,
	VIRTIO_SCSI_QUEUE_EVENT,
	VIRTIO_SCSI_QUEUE_REQUEST,
	VIRTIO_SCSI_QUEUES,
};

#define VIRTIO_SCSI_CDB_BYTES 32
#define VIRTIO_SCSI_SENSE_BYTES 96

struct virtio_scsi_request {
	uint8_t lun[8];
	uint64_t tag;
	uint8_t task_attribute;
	uint8_t priority;
	uint8_t crn;
	uint8_t cdb[VIRTIO_SCSI_CDB_BYTES];
} __attribute__((packed));

struct virtio_scsi_response {
	uint32_t sense_bytes;
	uint32_t residual;
	uint16_t status_qualifier;
	uint8_t status;
	uint8_t response;
	uint8_t sense[VIRTIO_SCSI_SENSE_BYTES];
} __attribute__((packed));

enum virtio_scsi_response_code {
	VIRTIO_SCSI_S_OK = 0,
	VIRTIO_SCSI_S_BAD_TARGET = 3,
	VIRTIO_SCSI_S_FAILURE = 9,
};

struct virtio_scsi_control_request {
	uint32_t type;
	uint32_t subtype;
	uint8_t lun[8];
	uint64_t tag;
} __attribute__((packed));

#define VIRTIO_SCSI_S_FUNCTION_COMPLETE 0u
#define VIRTIO_SCSI_S_FUNCTION_REJECTED 11u

struct virtio_scsi_config {
	uint32_t num_queues;
	uint32_t seg_max;
	uint32_t max_sectors;
	uint32_t cmd_per_lun;
	uint32_t event_info_size;
	uint32_t sense_size;
	uint32_t cdb_size;
	uint16_t max_channel;
	uint16_t max_target;
	uint32_t max_lun;
} __attribute__((packed));

#endif
