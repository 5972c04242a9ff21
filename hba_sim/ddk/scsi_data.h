/* SPDX-License-Identifier: MIT */
/*
 * Data that the basic SCSI commands return: INQUIRY, READ CAPACITY, REPORT
 * LUNS, and the parameter list of UNMAP. Numbers on the wire are big-endian,
 * whatever the type of the field that holds them.
 *
 * Source: T10's SPC-4 and SBC-3; names from Microsoft's public DDI reference.
 */
#ifndef STORSYNC_HBA_SIM_DDK_SCSI_DATA_H
#define STORSYNC_HBA_SIM_DDK_SCSI_DATA_H

#include "hba_sim/ddk/wintypes.h"

/* Bytes of INQUIRYDATA that every device returns. */
#define INQUIRYDATABUFFERSIZE 36

#pragma pack(push, 1)

typedef struct _INQUIRYDATA {
	UCHAR DeviceType : 5;
	UCHAR DeviceTypeQualifier : 3;
	UCHAR DeviceTypeModifier : 7;
	UCHAR RemovableMedia : 1;
	union {
		UCHAR Versions;
		struct {
			UCHAR ANSIVersion : 3;
			UCHAR ECMAVersion : 3;
			UCHAR ISOVersion : 2;
		};
	};
	UCHAR ResponseDataFormat : 4;
	UCHAR HiSupport : 1;
	UCHAR NormACA : 1;
	UCHAR TerminateTask : 1;
	UCHAR AERC : 1;
	UCHAR AdditionalLength;
	union {
		UCHAR Reserved;
		struct {
			UCHAR PROTECT : 1;
			UCHAR Reserved_1 : 2;
			UCHAR ThirdPartyCoppy : 1;
			UCHAR TPGS : 2;
			UCHAR ACC : 1;
			UCHAR SCCS : 1;
		};
	};
	UCHAR Addr16 : 1;
	UCHAR Addr32 : 1;
	UCHAR AckReqQ : 1;
	UCHAR MediumChanger : 1;
	UCHAR MultiPort : 1;
	UCHAR ReservedBit2 : 1;
	UCHAR EnclosureServices : 1;
	UCHAR ReservedBit3 : 1;
	UCHAR SoftReset : 1;
	UCHAR CommandQueue : 1;
	UCHAR TransferDisable : 1;
	UCHAR LinkedCommands : 1;
	UCHAR Synchronous : 1;
	UCHAR Wide16Bit : 1;
	UCHAR Wide32Bit : 1;
	UCHAR RelativeAddressing : 1;
	UCHAR VendorId[8];
	UCHAR ProductId[16];
	UCHAR ProductRevisionLevel[4];
	UCHAR VendorSpecific[20];
	UCHAR Reserved3[2];
	USHORT VersionDescriptors[8];
	UCHAR Reserved4[30];
} INQUIRYDATA, *PINQUIRYDATA;

typedef struct _READ_CAPACITY_DATA {
	ULONG LogicalBlockAddress;
	ULONG BytesPerBlock;
} READ_CAPACITY_DATA, *PREAD_CAPACITY_DATA;

typedef struct _READ_CAPACITY_DATA_EX {
	LARGE_INTEGER LogicalBlockAddress;
	ULONG BytesPerBlock;
} READ_CAPACITY_DATA_EX, *PREAD_CAPACITY_DATA_EX;

typedef struct _READ_CAPACITY16_DATA {
	LARGE_INTEGER LogicalBlockAddress;
	ULONG BytesPerBlock;
	UCHAR ProtectionEnable : 1;
	UCHAR ProtectionType : 3;
	UCHAR RcBasisMask : 2;
	UCHAR Reserved : 2;
	UCHAR LogicalPerPhysicalExponent : 4;
	UCHAR ProtectionInfoExponent : 4;
	UCHAR LowestAlignedBlock_MSB : 6;
	UCHAR LBPRZ : 1;
	UCHAR LBPME : 1;
	UCHAR LowestAlignedBlock_LSB;
	UCHAR Reserved3[16];
} READ_CAPACITY16_DATA, *PREAD_CAPACITY16_DATA;

typedef struct _LUN_LIST {
	UCHAR LunListLength[4];
	UCHAR Reserved[4];
	UCHAR Lun[][8];
} LUN_LIST, *PLUN_LIST;

typedef struct _UNMAP_BLOCK_DESCRIPTOR {
	UCHAR StartingLba[8];
	UCHAR LbaCount[4];
	UCHAR Reserved[4];
} UNMAP_BLOCK_DESCRIPTOR, *PUNMAP_BLOCK_DESCRIPTOR;

typedef struct _UNMAP_LIST_HEADER {
	UCHAR DataLength[2];
	UCHAR BlockDescrDataLength[2];
	UCHAR Reserved[4];
	UNMAP_BLOCK_DESCRIPTOR Descriptors[];
} UNMAP_LIST_HEADER, *PUNMAP_LIST_HEADER;

/* Values by their bytes, Byte0 the least significant. */
typedef union _TWO_BYTE {
	struct {
		UCHAR Byte0;
		UCHAR Byte1;
	};
	USHORT AsUShort;
} TWO_BYTE, *PTWO_BYTE;

typedef union _FOUR_BYTE {
	struct {
		UCHAR Byte0;
		UCHAR Byte1;
		UCHAR Byte2;
		UCHAR Byte3;
	};
	ULONG AsULong;
} FOUR_BYTE, *PFOUR_BYTE;

typedef union _EIGHT_BYTE {
	struct {
		UCHAR Byte0;
		UCHAR Byte1;
		UCHAR Byte2;
		UCHAR Byte3;
		UCHAR Byte4;
		UCHAR Byte5;
		UCHAR Byte6;
		UCHAR Byte7;
	};
	ULONGLONG AsULongLong;
} EIGHT_BYTE, *PEIGHT_BYTE;

#pragma pack(pop)

/* Reverse the bytes of a 2-, 4- or 8-byte value into another of its size. */
#define REVERSE_BYTES_SHORT(destination, source) \
	storsync_reverse_bytes((PUCHAR)(destination), (PUCHAR)(source), 2)
#define REVERSE_BYTES(destination, source) \
	storsync_reverse_bytes((PUCHAR)(destination), (PUCHAR)(source), 4)
#define REVERSE_LONG(value) REVERSE_BYTES((value), (value))
#define REVERSE_BYTES_QUAD(destination, source) \
	storsync_reverse_bytes((PUCHAR)(destination), (PUCHAR)(source), 8)

/* `destination` may be `source`: the bytes are swapped in pairs. */
FORCEINLINE VOID storsync_reverse_bytes(PUCHAR destination,
					PUCHAR source, ULONG bytes)
{
	for (ULONG i = 0; i < bytes / 2; i++) {
		UCHAR low = source[i];
		UCHAR high = source[bytes - 1 - i];

		destination[i] = high;
		destination[bytes - 1 - i] = low;
	}
}

C_ASSERT(sizeof(INQUIRYDATA) == 104);
C_ASSERT(offsetof(INQUIRYDATA, VendorId) == 8);
C_ASSERT(offsetof(INQUIRYDATA, VendorSpecific) == INQUIRYDATABUFFERSIZE);
C_ASSERT(sizeof(READ_CAPACITY_DATA) == 8);
C_ASSERT(sizeof(READ_CAPACITY_DATA_EX) == 12);
C_ASSERT(sizeof(READ_CAPACITY16_DATA) == 32);
C_ASSERT(sizeof(LUN_LIST) == 8);
C_ASSERT(sizeof(UNMAP_BLOCK_DESCRIPTOR) == 16);
C_ASSERT(sizeof(UNMAP_LIST_HEADER) == 8);
C_ASSERT(sizeof(TWO_BYTE) == 2 && sizeof(FOUR_BYTE) == 4);
C_ASSERT(sizeof(EIGHT_BYTE) == 8);

#endif /* STORSYNC_HBA_SIM_DDK_SCSI_DATA_H */
