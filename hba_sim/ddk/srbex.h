/* SPDX-License-Identifier: MIT */
/*
 * The extended request block of Windows 8 and later: a header, an address,
 * and any number of typed blocks found through an array of offsets. A driver
 * asks for it with SRB_TYPE_FLAG_STORAGE_REQUEST_BLOCK; its first four bytes
 * are those of SCSI_REQUEST_BLOCK, and Function tells the two apart.
 *
 * Source: Microsoft's public DDI reference, STORAGE_REQUEST_BLOCK (srb.h).
 */
#ifndef STORSYNC_HBA_SIM_DDK_SRBEX_H
#define STORSYNC_HBA_SIM_DDK_SRBEX_H

#include "hba_sim/ddk/srb.h"

#define SRB_ALIGN DECLSPEC_ALIGN(8)
#define STOR_ADDRESS_ALIGN DECLSPEC_ALIGN(8)
/* For drivers' structures; in those below it is the pointer's alignment. */
#define POINTER_ALIGN DECLSPEC_ALIGN(8)

#define SRB_SIGNATURE 0x53524258
#define STORAGE_REQUEST_BLOCK_VERSION_1 0x1

#define SRB_TYPE_SCSI_REQUEST_BLOCK 0
#define SRB_TYPE_STORAGE_REQUEST_BLOCK 1
#define SRB_TYPE_FLAG_SCSI_REQUEST_BLOCK (1 << SRB_TYPE_SCSI_REQUEST_BLOCK)
#define SRB_TYPE_FLAG_STORAGE_REQUEST_BLOCK \
	(1 << SRB_TYPE_STORAGE_REQUEST_BLOCK)

#define STORAGE_ADDRESS_TYPE_BTL8 0
#define ADDRESS_TYPE_FLAG_BTL8 (1 << STORAGE_ADDRESS_TYPE_BTL8)

#define STOR_ADDRESS_TYPE_UNKNOWN 0x0
#define STOR_ADDRESS_TYPE_BTL8 0x1
#define STOR_ADDRESS_TYPE_MAX 0xffff
#define STOR_ADDR_BTL8_ADDRESS_LENGTH 4

typedef struct STOR_ADDRESS_ALIGN _STOR_ADDRESS {
	USHORT Type;
	USHORT Port;
	ULONG AddressLength;
	UCHAR AddressData[ANYSIZE_ARRAY];
} STOR_ADDRESS, *PSTOR_ADDRESS;

typedef struct STOR_ADDRESS_ALIGN _STOR_ADDR_BTL8 {
	USHORT Type;
	USHORT Port;
	ULONG AddressLength;
	UCHAR Path;
	UCHAR Target;
	UCHAR Lun;
	UCHAR Reserved;
} STOR_ADDR_BTL8, *PSTOR_ADDR_BTL8;

typedef enum _SRBEXDATATYPE {
	SrbExDataTypeUnknown = 0,
	SrbExDataTypeBidirectional,
	SrbExDataTypeScsiCdb16 = 0x40,
	SrbExDataTypeScsiCdb32,
	SrbExDataTypeScsiCdbVar,
	SrbExDataTypeWmi = 0x60,
	SrbExDataTypePower,
	SrbExDataTypePnP,
	SrbExDataTypeIoInfo = 0x80,
	SrbExDataTypeMSReservedStart = 0xf0000000,
	SrbExDataTypeReserved = 0xffffffff
} SRBEXDATATYPE, *PSRBEXDATATYPE;

/* What every typed block begins with; Length counts what follows it. */
typedef struct SRB_ALIGN _SRBEX_DATA {
	SRBEXDATATYPE Type;
	ULONG Length;
	UCHAR Data[ANYSIZE_ARRAY];
} SRBEX_DATA, *PSRBEX_DATA;

typedef struct SRB_ALIGN _SRBEX_DATA_BIDIRECTIONAL {
	SRBEXDATATYPE Type;
	ULONG Length;
	ULONG DataInTransferLength;
	ULONG Reserved1;
	PVOID DataInBuffer;
} SRBEX_DATA_BIDIRECTIONAL, *PSRBEX_DATA_BIDIRECTIONAL;

typedef struct SRB_ALIGN _SRBEX_DATA_SCSI_CDB16 {
	SRBEXDATATYPE Type;
	ULONG Length;
	UCHAR ScsiStatus;
	UCHAR SenseInfoBufferLength;
	UCHAR CdbLength;
	UCHAR Reserved;
	ULONG Reserved1;
	PVOID SenseInfoBuffer;
	UCHAR Cdb[16];
} SRBEX_DATA_SCSI_CDB16, *PSRBEX_DATA_SCSI_CDB16;

typedef struct SRB_ALIGN _SRBEX_DATA_SCSI_CDB32 {
	SRBEXDATATYPE Type;
	ULONG Length;
	UCHAR ScsiStatus;
	UCHAR SenseInfoBufferLength;
	UCHAR CdbLength;
	UCHAR Reserved;
	ULONG Reserved1;
	PVOID SenseInfoBuffer;
	UCHAR Cdb[32];
} SRBEX_DATA_SCSI_CDB32, *PSRBEX_DATA_SCSI_CDB32;

typedef struct SRB_ALIGN _SRBEX_DATA_SCSI_CDB_VAR {
	SRBEXDATATYPE Type;
	ULONG Length;
	UCHAR ScsiStatus;
	UCHAR SenseInfoBufferLength;
	UCHAR Reserved[2];
	ULONG CdbLength;
	ULONG Reserved1[2];
	PVOID SenseInfoBuffer;
	UCHAR Cdb[ANYSIZE_ARRAY];
} SRBEX_DATA_SCSI_CDB_VAR, *PSRBEX_DATA_SCSI_CDB_VAR;

typedef struct SRB_ALIGN _SRBEX_DATA_WMI {
	SRBEXDATATYPE Type;
	ULONG Length;
	UCHAR WMISubFunction;
	UCHAR WMIFlags;
	UCHAR Reserved[2];
	ULONG Reserved1;
	PVOID DataPath;
} SRBEX_DATA_WMI, *PSRBEX_DATA_WMI;

typedef struct SRB_ALIGN _SRBEX_DATA_POWER {
	SRBEXDATATYPE Type;
	ULONG Length;
	UCHAR SrbPowerFlags;
	UCHAR Reserved[3];
	STOR_DEVICE_POWER_STATE DevicePowerState;
	STOR_POWER_ACTION PowerAction;
} SRBEX_DATA_POWER, *PSRBEX_DATA_POWER;

typedef struct SRB_ALIGN _SRBEX_DATA_PNP {
	SRBEXDATATYPE Type;
	ULONG Length;
	UCHAR PnPSubFunction;
	UCHAR Reserved[3];
	STOR_PNP_ACTION PnPAction;
	ULONG SrbPnPFlags;
	ULONG Reserved1;
} SRBEX_DATA_PNP, *PSRBEX_DATA_PNP;

typedef struct SRB_ALIGN _SRBEX_DATA_IO_INFO {
	SRBEXDATATYPE Type;
	ULONG Length;
	ULONG Flags;
	ULONG Key;
	ULONG RWLength;
	BOOLEAN IsWriteRequest;
	UCHAR CachePriority;
	UCHAR Reserved[2];
	ULONG Reserved1[2];
} SRBEX_DATA_IO_INFO, *PSRBEX_DATA_IO_INFO;

/* Length of each block: all but Type, Length and trailing padding. */
#define SRBEX_DATA_BIDIRECTIONAL_LENGTH 16
#define SRBEX_DATA_SCSI_CDB16_LENGTH 32
#define SRBEX_DATA_SCSI_CDB32_LENGTH 48
#define SRBEX_DATA_WMI_LENGTH 16
#define SRBEX_DATA_POWER_LENGTH 12
#define SRBEX_DATA_PNP_LENGTH 16
#define SRBEX_DATA_IO_INFO_LENGTH 24

typedef struct SRB_ALIGN _STORAGE_REQUEST_BLOCK {
	USHORT Length;
	UCHAR Function;
	UCHAR SrbStatus;
	ULONG ReservedUlong1;
	ULONG Signature;
	ULONG Version;
	ULONG SrbLength;
	ULONG SrbFunction;
	ULONG SrbFlags;
	ULONG ReservedUlong2;
	ULONG RequestTag;
	USHORT RequestPriority;
	USHORT RequestAttribute;
	ULONG TimeOutValue;
	union {
		ULONG SystemStatus;
		ULONG RequestTagHigh4Bytes;
	};
	ULONG ZeroGuard1;
	ULONG AddressOffset;
	ULONG NumSrbExData;
	ULONG DataTransferLength;
	PVOID DataBuffer;
	PVOID ZeroGuard2;
	PVOID OriginalRequest;
	PVOID ClassContext;
	PVOID PortContext;
	PVOID MiniportContext;
	struct _STORAGE_REQUEST_BLOCK *NextSrb;
	ULONG SrbExDataOffset[ANYSIZE_ARRAY];
} STORAGE_REQUEST_BLOCK, *PSTORAGE_REQUEST_BLOCK;

/* The four bytes both forms of request block have in common. */
typedef struct _STORAGE_REQUEST_BLOCK_HEADER {
	USHORT Length;
	UCHAR Function;
	UCHAR SrbStatus;
} STORAGE_REQUEST_BLOCK_HEADER, *PSTORAGE_REQUEST_BLOCK_HEADER;

C_ASSERT(sizeof(STOR_ADDRESS) == 16 && sizeof(STOR_ADDR_BTL8) == 16);
C_ASSERT(offsetof(STOR_ADDR_BTL8, Path) == offsetof(STOR_ADDRESS, AddressData));
C_ASSERT(sizeof(SRBEXDATATYPE) == 4);
C_ASSERT(sizeof(SRBEX_DATA) == 16 && offsetof(SRBEX_DATA, Data) == 8);
C_ASSERT(sizeof(SRBEX_DATA_BIDIRECTIONAL) ==
	 8 + SRBEX_DATA_BIDIRECTIONAL_LENGTH);
C_ASSERT(sizeof(SRBEX_DATA_SCSI_CDB16) == 8 + SRBEX_DATA_SCSI_CDB16_LENGTH);
C_ASSERT(sizeof(SRBEX_DATA_SCSI_CDB32) == 8 + SRBEX_DATA_SCSI_CDB32_LENGTH);
C_ASSERT(offsetof(SRBEX_DATA_SCSI_CDB_VAR, Cdb) == 32);
C_ASSERT(sizeof(SRBEX_DATA_WMI) == 8 + SRBEX_DATA_WMI_LENGTH);
C_ASSERT(sizeof(SRBEX_DATA_POWER) == 24);
C_ASSERT(sizeof(SRBEX_DATA_PNP) == 8 + SRBEX_DATA_PNP_LENGTH);
C_ASSERT(sizeof(SRBEX_DATA_IO_INFO) == 8 + SRBEX_DATA_IO_INFO_LENGTH);
C_ASSERT(sizeof(STORAGE_REQUEST_BLOCK) == 128);
C_ASSERT(offsetof(STORAGE_REQUEST_BLOCK, Signature) == 8);
C_ASSERT(offsetof(STORAGE_REQUEST_BLOCK, ZeroGuard1) == 48);
C_ASSERT(offsetof(STORAGE_REQUEST_BLOCK, DataBuffer) == 64);
C_ASSERT(offsetof(STORAGE_REQUEST_BLOCK, SrbExDataOffset) == 120);

#endif /* STORSYNC_HBA_SIM_DDK_SRBEX_H */
