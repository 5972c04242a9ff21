/* SPDX-License-Identifier: MIT */
/*
 * SCSI mode parameters: the headers and block descriptor of MODE SENSE and
 * MODE SELECT, and the pages a disk's driver reads or fabricates.
 *
 * Source: T10's SPC-4 and SBC-3; names from Microsoft's public DDI reference.
 */
#ifndef STORSYNC_HBA_SIM_DDK_SCSI_MODE_H
#define STORSYNC_HBA_SIM_DDK_SCSI_MODE_H

#include "hba_sim/ddk/wintypes.h"

/* Page codes */
#define MODE_PAGE_VENDOR_SPECIFIC 0x00
#define MODE_PAGE_ERROR_RECOVERY 0x01
#define MODE_PAGE_DISCONNECT 0x02
#define MODE_PAGE_FORMAT_DEVICE 0x03
#define MODE_PAGE_RIGID_GEOMETRY 0x04
#define MODE_PAGE_VERIFY_ERROR 0x07
#define MODE_PAGE_CACHING 0x08
#define MODE_PAGE_CONTROL 0x0A
#define MODE_PAGE_PROTOCOL_SPECIFIC_LUN 0x18
#define MODE_PAGE_PROTOCOL_SPECIFIC_PORT 0x19
#define MODE_PAGE_POWER_CONDITION 0x1A
#define MODE_PAGE_FAULT_REPORTING 0x1C
#define MODE_SENSE_RETURN_ALL 0x3F

/* Which values, in bits 6 and 7 of the byte that holds the page code */
#define MODE_SENSE_CURRENT_VALUES 0x00
#define MODE_SENSE_CHANGEABLE_VALUES 0x40
#define MODE_SENSE_DEFAULT_VAULES 0x80
#define MODE_SENSE_SAVED_VALUES 0xC0

/* DeviceSpecificParameter of a disk */
#define MODE_DSP_FUA_SUPPORTED 0x10
#define MODE_DSP_WRITE_PROTECT 0x80

#pragma pack(push, 1)

typedef struct _MODE_PARAMETER_HEADER {
	UCHAR ModeDataLength;
	UCHAR MediumType;
	UCHAR DeviceSpecificParameter;
	UCHAR BlockDescriptorLength;
} MODE_PARAMETER_HEADER, *PMODE_PARAMETER_HEADER;

typedef struct _MODE_PARAMETER_HEADER10 {
	UCHAR ModeDataLength[2];
	UCHAR MediumType;
	UCHAR DeviceSpecificParameter;
	UCHAR Reserved[2];
	UCHAR BlockDescriptorLength[2];
} MODE_PARAMETER_HEADER10, *PMODE_PARAMETER_HEADER10;

typedef struct _MODE_PARAMETER_BLOCK {
	UCHAR DensityCode;
	UCHAR NumberOfBlocks[3];
	UCHAR Reserved;
	UCHAR BlockLength[3];
} MODE_PARAMETER_BLOCK, *PMODE_PARAMETER_BLOCK;

typedef struct _MODE_CACHING_PAGE {
	UCHAR PageCode : 6;
	UCHAR Reserved : 1;
	UCHAR PageSavable : 1;
	UCHAR PageLength;
	UCHAR ReadDisableCache : 1;
	UCHAR MultiplicationFactor : 1;
	UCHAR WriteCacheEnable : 1;
	UCHAR Reserved2 : 5;
	UCHAR WriteRetensionPriority : 4;
	UCHAR ReadRetensionPriority : 4;
	UCHAR DisablePrefetchTransfer[2];
	UCHAR MinimumPrefetch[2];
	UCHAR MaximumPrefetch[2];
	UCHAR MaximumPrefetchCeiling[2];
} MODE_CACHING_PAGE, *PMODE_CACHING_PAGE;

typedef struct _MODE_INFO_EXCEPTIONS {
	UCHAR PageCode : 6;
	UCHAR Reserved1 : 1;
	UCHAR PSBit : 1;
	UCHAR PageLength;
	union {
		UCHAR Flags;
		struct {
			UCHAR LogErr : 1;
			UCHAR Reserved2 : 1;
			UCHAR Test : 1;
			UCHAR Dexcpt : 1;
			UCHAR Reserved3 : 3;
			UCHAR Perf : 1;
		};
	};
	UCHAR ReportMethod : 4;
	UCHAR Reserved4 : 4;
	UCHAR IntervalTimer[4];
	UCHAR ReportCount[4];
} MODE_INFO_EXCEPTIONS, *PMODE_INFO_EXCEPTIONS;

#pragma pack(pop)

C_ASSERT(sizeof(MODE_PARAMETER_HEADER) == 4);
C_ASSERT(sizeof(MODE_PARAMETER_HEADER10) == 8);
C_ASSERT(sizeof(MODE_PARAMETER_BLOCK) == 8);
C_ASSERT(sizeof(MODE_CACHING_PAGE) == 12);
C_ASSERT(sizeof(MODE_INFO_EXCEPTIONS) == 12);

#endif /* STORSYNC_HBA_SIM_DDK_SCSI_MODE_H */
