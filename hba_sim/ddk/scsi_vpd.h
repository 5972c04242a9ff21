/* SPDX-License-Identifier: MIT */
/*
 * Vital product data: the INQUIRY pages by which a disk names itself and
 * states its limits.
 *
 * Source: T10's SPC-4 and SBC-3; names from Microsoft's public DDI reference.
 */
#ifndef STORSYNC_HBA_SIM_DDK_SCSI_VPD_H
#define STORSYNC_HBA_SIM_DDK_SCSI_VPD_H

#include "hba_sim/ddk/wintypes.h"

#define VPD_MAX_BUFFER_SIZE 0xff

/* Page codes */
#define VPD_SUPPORTED_PAGES 0x00
#define VPD_SERIAL_NUMBER 0x80
#define VPD_DEVICE_IDENTIFIERS 0x83
#define VPD_MEDIA_SERIAL_NUMBER 0x84
#define VPD_SOFTWARE_INTERFACE_IDENTIFIERS 0x84
#define VPD_NETWORK_MANAGEMENT_ADDRESSES 0x85
#define VPD_EXTENDED_INQUIRY_DATA 0x86
#define VPD_MODE_PAGE_POLICY 0x87
#define VPD_SCSI_PORTS 0x88
#define VPD_ATA_INFORMATION 0x89
#define VPD_THIRD_PARTY_COPY 0x8F
#define VPD_BLOCK_LIMITS 0xB0
#define VPD_BLOCK_DEVICE_CHARACTERISTICS 0xB1
#define VPD_LOGICAL_BLOCK_PROVISIONING 0xB2

typedef enum _VPD_CODE_SET {
	VpdCodeSetReserved = 0,
	VpdCodeSetBinary = 1,
	VpdCodeSetAscii = 2,
	VpdCodeSetUTF8 = 3
} VPD_CODE_SET, *PVPD_CODE_SET;

typedef enum _VPD_ASSOCIATION {
	VpdAssocDevice = 0,
	VpdAssocPort = 1,
	VpdAssocTarget = 2,
	VpdAssocReserved1 = 3
} VPD_ASSOCIATION, *PVPD_ASSOCIATION;

typedef enum _VPD_IDENTIFIER_TYPE {
	VpdIdentifierTypeVendorSpecific = 0,
	VpdIdentifierTypeVendorId = 1,
	VpdIdentifierTypeEUI64 = 2,
	VpdIdentifierTypeFCPHName = 3,
	VpdIdentifierTypePortRelative = 4,
	VpdIdentifierTypeTargetPortGroup = 5,
	VpdIdentifierTypeLogicalUnitGroup = 6,
	VpdIdentifierTypeMD5LogicalUnitId = 7,
	VpdIdentifierTypeSCSINameString = 8
} VPD_IDENTIFIER_TYPE, *PVPD_IDENTIFIER_TYPE;

#pragma pack(push, 1)

typedef struct _VPD_SUPPORTED_PAGES_PAGE {
	UCHAR DeviceType : 5;
	UCHAR DeviceTypeQualifier : 3;
	UCHAR PageCode;
	UCHAR Reserved;
	UCHAR PageLength;
	UCHAR SupportedPageList[];
} VPD_SUPPORTED_PAGES_PAGE, *PVPD_SUPPORTED_PAGES_PAGE;

typedef struct _VPD_SERIAL_NUMBER_PAGE {
	UCHAR DeviceType : 5;
	UCHAR DeviceTypeQualifier : 3;
	UCHAR PageCode;
	UCHAR Reserved;
	UCHAR PageLength;
	UCHAR SerialNumber[];
} VPD_SERIAL_NUMBER_PAGE, *PVPD_SERIAL_NUMBER_PAGE;

typedef struct _VPD_IDENTIFICATION_DESCRIPTOR {
	UCHAR CodeSet : 4;
	UCHAR Reserved : 4;
	UCHAR IdentifierType : 4;
	UCHAR Association : 2;
	UCHAR Reserved2 : 2;
	UCHAR Reserved3;
	UCHAR IdentifierLength;
	UCHAR Identifier[];
} VPD_IDENTIFICATION_DESCRIPTOR, *PVPD_IDENTIFICATION_DESCRIPTOR;

/* VPD_IDENTIFICATION_DESCRIPTORs, each as long as it says, follow. */
typedef struct _VPD_IDENTIFICATION_PAGE {
	UCHAR DeviceType : 5;
	UCHAR DeviceTypeQualifier : 3;
	UCHAR PageCode;
	UCHAR Reserved;
	UCHAR PageLength;
	UCHAR Descriptors[];
} VPD_IDENTIFICATION_PAGE, *PVPD_IDENTIFICATION_PAGE;

typedef struct _VPD_BLOCK_LIMITS_PAGE {
	UCHAR DeviceType : 5;
	UCHAR DeviceTypeQualifier : 3;
	UCHAR PageCode;
	UCHAR PageLength[2];
	union {
		struct {
			UCHAR Reserved0;
			UCHAR MaximumCompareAndWriteLength;
			UCHAR OptimalTransferLengthGranularity[2];
			UCHAR MaximumTransferLength[4];
			UCHAR OptimalTransferLength[4];
			UCHAR MaxPrefetchXDReadXDWriteTransferLength[4];
			UCHAR MaximumUnmapLBACount[4];
			UCHAR MaximumUnmapBlockDescriptorCount[4];
			UCHAR OptimalUnmapGranularity[4];
			union {
				struct {
					UCHAR UnmapGranularityAlignmentByte3 : 7;
					UCHAR UGAValid : 1;
					UCHAR UnmapGranularityAlignmentByte2;
					UCHAR UnmapGranularityAlignmentByte1;
					UCHAR UnmapGranularityAlignmentByte0;
				};
				UCHAR UnmapGranularityAlignment[4];
			};
			UCHAR Reserved1[28];
		};
		UCHAR Descriptors[60];
	};
} VPD_BLOCK_LIMITS_PAGE, *PVPD_BLOCK_LIMITS_PAGE;

typedef struct _VPD_BLOCK_DEVICE_CHARACTERISTICS_PAGE {
	UCHAR DeviceType : 5;
	UCHAR DeviceTypeQualifier : 3;
	UCHAR PageCode;
	UCHAR Reserved0;
	UCHAR PageLength;
	UCHAR MediumRotationRateMsb;
	UCHAR MediumRotationRateLsb;
	UCHAR MediumProductType;
	UCHAR NominalFormFactor : 4;
	UCHAR Reserved2 : 4;
	UCHAR Reserved3[56];
} VPD_BLOCK_DEVICE_CHARACTERISTICS_PAGE,
	*PVPD_BLOCK_DEVICE_CHARACTERISTICS_PAGE;

typedef struct _VPD_LOGICAL_BLOCK_PROVISIONING_PAGE {
	UCHAR DeviceType : 5;
	UCHAR DeviceTypeQualifier : 3;
	UCHAR PageCode;
	UCHAR PageLength[2];
	UCHAR ThresholdExponent;
	UCHAR DP : 1;
	UCHAR ANC_SUP : 1;
	UCHAR LBPRZ : 1;
	UCHAR Reserved0 : 2;
	UCHAR LBPWS10 : 1;
	UCHAR LBPWS : 1;
	UCHAR LBPU : 1;
	UCHAR ProvisioningType : 3;
	UCHAR Reserved1 : 5;
	UCHAR Reserved2;
	UCHAR ProvisioningGroupDescr[];
} VPD_LOGICAL_BLOCK_PROVISIONING_PAGE, *PVPD_LOGICAL_BLOCK_PROVISIONING_PAGE;

#pragma pack(pop)

#define PROVISIONING_TYPE_UNKNOWN 0x0
#define PROVISIONING_TYPE_RESOURCE 0x1
#define PROVISIONING_TYPE_THIN 0x2

C_ASSERT(sizeof(VPD_SUPPORTED_PAGES_PAGE) == 4);
C_ASSERT(sizeof(VPD_SERIAL_NUMBER_PAGE) == 4);
C_ASSERT(sizeof(VPD_IDENTIFICATION_DESCRIPTOR) == 4);
C_ASSERT(sizeof(VPD_IDENTIFICATION_PAGE) == 4);
C_ASSERT(sizeof(VPD_BLOCK_LIMITS_PAGE) == 64);
C_ASSERT(offsetof(VPD_BLOCK_LIMITS_PAGE, MaximumUnmapLBACount) == 20);
C_ASSERT(sizeof(VPD_BLOCK_DEVICE_CHARACTERISTICS_PAGE) == 64);
C_ASSERT(sizeof(VPD_LOGICAL_BLOCK_PROVISIONING_PAGE) == 8);

#endif /* STORSYNC_HBA_SIM_DDK_SCSI_VPD_H */
