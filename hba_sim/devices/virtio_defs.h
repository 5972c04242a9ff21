/* SPDX-License-Identifier: MIT */
/*
 * Layouts and numbers of virtio, as the device sees them.
 *
 * Source: OASIS "Virtual I/O Device (VIRTIO) Version 1.2": 2.7 (split
 * virtqueues), 4.1.4 (PCI capabilities), 4.1.4.8 (legacy interface over PCI
 * port I/O), 5.2 (block device), 5.6 (SCSI host), 6 (feature bits).
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
	VIRTIO_PCI_CONFIG_VECTOR = 0x14, /* when it is on, these two come before it */
	VIRTIO_PCI_QUEUE_VECTOR = 0x16,
	VIRTIO_PCI_CONFIG_MSIX = 0x18,
};

/* A vector register's value when there is none: 4.1.5.1.2. */
#define VIRTIO_NO_VECTOR 0xffffu

/* The common configuration structure: 4.1.4.3. */
enum virtio_common_register {
	VIRTIO_COMMON_DEVICE_FEATURE_SELECT = 0x00,
	VIRTIO_COMMON_DEVICE_FEATURE = 0x04,
	VIRTIO_COMMON_DRIVER_FEATURE_SELECT = 0x08,
	VIRTIO_COMMON_DRIVER_FEATURE = 0x0c,
	VIRTIO_COMMON_CONFIG_VECTOR = 0x10,
	VIRTIO_COMMON_NUM_QUEUES = 0x12,
	VIRTIO_COMMON_STATUS = 0x14,
	VIRTIO_COMMON_GENERATION = 0x15,
	VIRTIO_COMMON_QUEUE_SELECT = 0x16,
	VIRTIO_COMMON_QUEUE_SIZE = 0x18,
	VIRTIO_COMMON_QUEUE_VECTOR = 0x1a,
	VIRTIO_COMMON_QUEUE_ENABLE = 0x1c,
	VIRTIO_COMMON_QUEUE_NOTIFY_OFF = 0x1e,
	VIRTIO_COMMON_QUEUE_DESC = 0x20, /* each of these three as two halves */
	VIRTIO_COMMON_QUEUE_DRIVER = 0x28,
	VIRTIO_COMMON_QUEUE_DEVICE = 0x30,
	VIRTIO_COMMON_BYTES = 0x38,
};

/* Of the vendor-specific capabilities: 4.1.4. */
enum virtio_pci_capability {
	VIRTIO_CAP_COMMON = 1,
	VIRTIO_CAP_NOTIFY = 2,
	VIRTIO_CAP_ISR = 3,
	VIRTIO_CAP_DEVICE = 4,
	VIRTIO_CAP_PCI = 5,
};

enum virtio_status {
	VIRTIO_STATUS_ACKNOWLEDGE = 1,
	VIRTIO_STATUS_DRIVER = 2,
	VIRTIO_STATUS_DRIVER_OK = 4,
	VIRTIO_STATUS_FEATURES_OK = 8,
	VIRTIO_STATUS_NEEDS_RESET = 64,
	VIRTIO_STATUS_FAILED = 128,
};

#define VIRTIO_ISR_QUEUE 1u
#define VIRTIO_ISR_CONFIG 2u

/* Features of any device: 6. */
#define VIRTIO_F_INDIRECT (UINT64_C(1) << 28)
#define VIRTIO_F_EVENT_INDEX (UINT64_C(1) << 29)
#define VIRTIO_F_VERSION_1 (UINT64_C(1) << 32)

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
#define VIRTQ_USED_NO_NOTIFY 1u
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

/* Queues of a SCSI host; there may be more for requests, behind the first. */
enum virtio_scsi_queue {
	VIRTIO_SCSI_QUEUE_CONTROL,
	VIRTIO_SCSI_QUEUE_EVENT,
	VIRTIO_SCSI_QUEUE_REQUEST,
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

/* Block device: 5.2. */
#define VIRTIO_BLK_F_SEG_MAX (UINT64_C(1) << 2)
#define VIRTIO_BLK_F_BLK_SIZE (UINT64_C(1) << 6)
#define VIRTIO_BLK_F_FLUSH (UINT64_C(1) << 9)
#define VIRTIO_BLK_F_MQ (UINT64_C(1) << 12)

enum virtio_blk_type {
	VIRTIO_BLK_T_IN = 0,
	VIRTIO_BLK_T_OUT = 1,
	VIRTIO_BLK_T_FLUSH = 4,
	VIRTIO_BLK_T_GET_ID = 8,
};

enum virtio_blk_status {
	VIRTIO_BLK_S_OK = 0,
	VIRTIO_BLK_S_IOERR = 1,
	VIRTIO_BLK_S_UNSUPP = 2,
};

#define VIRTIO_BLK_SECTOR_BYTES 512u
#define VIRTIO_BLK_ID_BYTES 20u

/* What comes first in a request; data and a status byte follow. */
struct virtio_blk_header {
	uint32_t type;
	uint32_t reserved;
	uint64_t sector;
} __attribute__((packed));

struct virtio_blk_config {
	uint64_t capacity; /* sectors */
	uint32_t size_max;
	uint32_t seg_max;
	uint16_t cylinders;
	uint8_t heads;
	uint8_t sectors;
	uint32_t blk_size;
	uint8_t topology[8];
	uint8_t writeback;
	uint8_t unused;
	uint16_t num_queues;
} __attribute__((packed));

#endif
