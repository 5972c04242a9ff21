/* SPDX-License-Identifier: MIT */
/*
 * The SCSI numbers that the target, the device models and the tests share.
 * Sources: SAM-5 (status), SPC-4 (primary commands, sense data, vital product
 * data), SBC-3 (block commands).
 */
#ifndef STORSYNC_HBA_SIM_DEVICES_SCSI_DEFS_H
#define STORSYNC_HBA_SIM_DEVICES_SCSI_DEFS_H

enum scsi_opcode {
	SCSI_OP_TEST_UNIT_READY = 0x00,
	SCSI_OP_REQUEST_SENSE = 0x03,
	SCSI_OP_READ_6 = 0x08,
	SCSI_OP_WRITE_6 = 0x0a,
	SCSI_OP_INQUIRY = 0x12,
	SCSI_OP_READ_CAPACITY_10 = 0x25,
	SCSI_OP_READ_10 = 0x28,
	SCSI_OP_WRITE_10 = 0x2a,
	SCSI_OP_SYNCHRONIZE_CACHE_10 = 0x35,
	SCSI_OP_READ_16 = 0x88,
	SCSI_OP_WRITE_16 = 0x8a,
	SCSI_OP_SYNCHRONIZE_CACHE_16 = 0x91,
	SCSI_OP_SERVICE_ACTION_IN_16 = 0x9e,
	SCSI_OP_REPORT_LUNS = 0xa0,
	SCSI_OP_READ_12 = 0xa8,
	SCSI_OP_WRITE_12 = 0xaa,
};

/* SERVICE ACTION IN(16), byte 1 bits 4 to 0. */
#define SCSI_SA_READ_CAPACITY_16 0x10

enum scsi_status {
	SCSI_STATUS_GOOD = 0x00,
	SCSI_STATUS_CHECK_CONDITION = 0x02,
	SCSI_STATUS_BUSY = 0x08,
	SCSI_STATUS_TASK_SET_FULL = 0x28,
};

enum scsi_sense_key {
	SCSI_KEY_NO_SENSE = 0x0,
	SCSI_KEY_MEDIUM_ERROR = 0x3,
	SCSI_KEY_ILLEGAL_REQUEST = 0x5,
	SCSI_KEY_DATA_PROTECT = 0x7,
};

/* Additional sense code in the high byte, its qualifier in the low one. */
enum scsi_additional_sense {
	SCSI_ASC_NONE = 0x0000,
	SCSI_ASC_UNRECOVERED_READ_ERROR = 0x1100,
	SCSI_ASC_INVALID_OPCODE = 0x2000,
	SCSI_ASC_LBA_OUT_OF_RANGE = 0x2100,
	SCSI_ASC_INVALID_FIELD_IN_CDB = 0x2400,
	SCSI_ASC_LUN_NOT_SUPPORTED = 0x2500,
	SCSI_ASC_SPACE_ALLOCATION_FAILED = 0x2707,
};

/* Fixed-format sense data, SPC-4 4.5.3: current error, 18 bytes in all. */
#define SCSI_SENSE_FIXED_CURRENT 0x70
#define SCSI_SENSE_FIXED_BYTES 18u

/* Vital product data pages. */
enum scsi_vpd_page {
	SCSI_VPD_SUPPORTED_PAGES = 0x00,
	SCSI_VPD_UNIT_SERIAL_NUMBER = 0x80,
	SCSI_VPD_DEVICE_IDENTIFICATION = 0x83,
	SCSI_VPD_BLOCK_LIMITS = 0xb0,
};

/* INQUIRY byte 0: qualifier 011b and type 1Fh, no unit can be there. */
#define SCSI_PERIPHERAL_NONE 0x7f
#define SCSI_VERSION_SPC4 0x06

#endif
