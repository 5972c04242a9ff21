/* SPDX-License-Identifier: MIT */
/*
 * SCSI command descriptor blocks: one 16-byte union, a member for each shape
 * of command a disk's driver builds or parses. Multi-byte fields are arrays in
 * wire order (big-endian), bit-fields run from bit 0 up.
 *
 * Source: T10's SPC-4, SBC-3 and SAT-2; names from Microsoft's public DDI
 * reference, CDB.
 */
#ifndef STORSYNC_HBA_SIM_DDK_SCSI_CDB_H
#define STORSYNC_HBA_SIM_DDK_SCSI_CDB_H

#include "hba_sim/ddk/wintypes.h"

#define MAXIMUM_CDB_SIZE 12
#define CDB6GENERIC_LENGTH 6
#define CDB10GENERIC_LENGTH 10
#define CDB12GENERIC_LENGTH 12

#define CDB_FORCE_MEDIA_ACCESS 0x08

#pragma pack(push, 1)

typedef union _CDB {
	struct _CDB6GENERIC {
		UCHAR OperationCode;
		UCHAR Immediate : 1;
		UCHAR CommandUniqueBits : 4;
		UCHAR LogicalUnitNumber : 3;
		UCHAR CommandUniqueBytes[3];
		UCHAR Link : 1;
		UCHAR Flag : 1;
		UCHAR Reserved : 4;
		UCHAR VendorUnique : 2;
	} CDB6GENERIC;

	struct _CDB6READWRITE {
		UCHAR OperationCode;
		UCHAR LogicalBlockMsb1 : 5;
		UCHAR LogicalUnitNumber : 3;
		UCHAR LogicalBlockMsb0;
		UCHAR LogicalBlockLsb;
		UCHAR TransferBlocks;
		UCHAR Control;
	} CDB6READWRITE;

	struct _CDB6INQUIRY {
		UCHAR OperationCode;
		UCHAR Reserved1 : 5;
		UCHAR LogicalUnitNumber : 3;
		UCHAR PageCode;
		UCHAR IReserved;
		UCHAR AllocationLength;
		UCHAR Control;
	} CDB6INQUIRY;

	struct _CDB6INQUIRY3 {
		UCHAR OperationCode;
		UCHAR EnableVitalProductData : 1;
		UCHAR CommandSupportData : 1;
		UCHAR Reserved1 : 6;
		UCHAR PageCode;
		UCHAR Reserved2;
		UCHAR AllocationLength;
		UCHAR Control;
	} CDB6INQUIRY3;

	struct _CDB6FORMAT {
		UCHAR OperationCode;
		UCHAR FormatControl : 5;
		UCHAR LogicalUnitNumber : 3;
		UCHAR FReserved1;
		UCHAR InterleaveMsb;
		UCHAR InterleaveLsb;
		UCHAR FReserved2;
	} CDB6FORMAT;

	struct _CDB10 {
		UCHAR OperationCode;
		UCHAR RelativeAddress : 1;
		UCHAR Reserved1 : 2;
		UCHAR ForceUnitAccess : 1;
		UCHAR DisablePageOut : 1;
		UCHAR LogicalUnitNumber : 3;
		UCHAR LogicalBlockByte0;
		UCHAR LogicalBlockByte1;
		UCHAR LogicalBlockByte2;
		UCHAR LogicalBlockByte3;
		UCHAR Reserved2;
		UCHAR TransferBlocksMsb;
		UCHAR TransferBlocksLsb;
		UCHAR Control;
	} CDB10;

	struct _CDB12 {
		UCHAR OperationCode;
		UCHAR RelativeAddress : 1;
		UCHAR Reserved1 : 2;
		UCHAR ForceUnitAccess : 1;
		UCHAR DisablePageOut : 1;
		UCHAR LogicalUnitNumber : 3;
		UCHAR LogicalBlock[4];
		UCHAR TransferLength[4];
		UCHAR Reserved2;
		UCHAR Control;
	} CDB12;

	struct _CDB16 {
		UCHAR OperationCode;
		UCHAR Reserved1 : 3;
		UCHAR ForceUnitAccess : 1;
		UCHAR DisablePageOut : 1;
		UCHAR Protection : 3;
		UCHAR LogicalBlock[8];
		UCHAR TransferLength[4];
		UCHAR Reserved2;
		UCHAR Control;
	} CDB16;

	struct _START_STOP {
		UCHAR OperationCode;
		UCHAR Immediate : 1;
		UCHAR Reserved1 : 4;
		UCHAR LogicalUnitNumber : 3;
		UCHAR Reserved2[2];
		UCHAR Start : 1;
		UCHAR LoadEject : 1;
		UCHAR Reserved3 : 6;
		UCHAR Control;
	} START_STOP;

	struct _MEDIA_REMOVAL {
		UCHAR OperationCode;
		UCHAR Reserved1 : 5;
		UCHAR LogicalUnitNumber : 3;
		UCHAR Reserved2[2];
		UCHAR Prevent : 1;
		UCHAR Persistant : 1;
		UCHAR Reserved3 : 6;
		UCHAR Control;
	} MEDIA_REMOVAL;

	struct _MODE_SENSE {
		UCHAR OperationCode;
		UCHAR Reserved1 : 3;
		UCHAR Dbd : 1;
		UCHAR Reserved2 : 1;
		UCHAR LogicalUnitNumber : 3;
		UCHAR PageCode : 6;
		UCHAR Pc : 2;
		UCHAR SubPageCode;
		UCHAR AllocationLength;
		UCHAR Control;
	} MODE_SENSE;

	struct _MODE_SENSE10 {
		UCHAR OperationCode;
		UCHAR Reserved1 : 3;
		UCHAR Dbd : 1;
		UCHAR LongLBAAccepted : 1;
		UCHAR LogicalUnitNumber : 3;
		UCHAR PageCode : 6;
		UCHAR Pc : 2;
		UCHAR SubPageCode;
		UCHAR Reserved2[3];
		UCHAR AllocationLength[2];
		UCHAR Control;
	} MODE_SENSE10;

	struct _MODE_SELECT {
		UCHAR OperationCode;
		UCHAR SPBit : 1;
		UCHAR Reserved1 : 3;
		UCHAR PFBit : 1;
		UCHAR LogicalUnitNumber : 3;
		UCHAR Reserved2[2];
		UCHAR ParameterListLength;
		UCHAR Control;
	} MODE_SELECT;

	struct _MODE_SELECT10 {
		UCHAR OperationCode;
		UCHAR SPBit : 1;
		UCHAR Reserved1 : 3;
		UCHAR PFBit : 1;
		UCHAR LogicalUnitNumber : 3;
		UCHAR Reserved2[5];
		UCHAR ParameterListLength[2];
		UCHAR Control;
	} MODE_SELECT10;

	struct _LOGSENSE {
		UCHAR OperationCode;
		UCHAR SPBit : 1;
		UCHAR PPCBit : 1;
		UCHAR Reserved1 : 3;
		UCHAR LogicalUnitNumber : 3;
		UCHAR PageCode : 6;
		UCHAR PCBit : 2;
		UCHAR SubPageCode;
		UCHAR Reserved2;
		UCHAR ParameterPointer[2];
		UCHAR AllocationLength[2];
		UCHAR Control;
	} LOGSENSE;

	struct _SYNCHRONIZE_CACHE10 {
		UCHAR OperationCode;
		UCHAR RelAddr : 1;
		UCHAR Immediate : 1;
		UCHAR Reserved : 3;
		UCHAR Lun : 3;
		UCHAR LogicalBlockAddress[4];
		UCHAR Reserved2;
		UCHAR BlockCount[2];
		UCHAR Control;
	} SYNCHRONIZE_CACHE10;

	struct _UNMAP {
		UCHAR OperationCode;
		UCHAR Anchor : 1;
		UCHAR Reserved1 : 7;
		UCHAR Reserved2[4];
		UCHAR GroupNumber : 5;
		UCHAR Reserved3 : 3;
		UCHAR AllocationLength[2];
		UCHAR Control;
	} UNMAP;

	struct _PERSISTENT_RESERVE_IN {
		UCHAR OperationCode;
		UCHAR ServiceAction : 5;
		UCHAR Reserved1 : 3;
		UCHAR Reserved2[5];
		UCHAR AllocationLength[2];
		UCHAR Control;
	} PERSISTENT_RESERVE_IN;

	struct _PERSISTENT_RESERVE_OUT {
		UCHAR OperationCode;
		UCHAR ServiceAction : 5;
		UCHAR Reserved1 : 3;
		UCHAR Type : 4;
		UCHAR Scope : 4;
		UCHAR Reserved2[4];
		UCHAR ParameterListLength[2];
		UCHAR Control;
	} PERSISTENT_RESERVE_OUT;

	struct _REPORT_LUNS {
		UCHAR OperationCode;
		UCHAR Reserved1[5];
		UCHAR AllocationLength[4];
		UCHAR Reserved2[1];
		UCHAR Control;
	} REPORT_LUNS;

	struct _SECURITY_PROTOCOL_IN {
		UCHAR OperationCode;
		UCHAR SecurityProtocol;
		UCHAR SecurityProtocolSpecific[2];
		UCHAR Reserved1 : 7;
		UCHAR INC_512 : 1;
		UCHAR Reserved2;
		UCHAR AllocationLength[4];
		UCHAR Reserved3;
		UCHAR Control;
	} SECURITY_PROTOCOL_IN;

	struct _SECURITY_PROTOCOL_OUT {
		UCHAR OperationCode;
		UCHAR SecurityProtocol;
		UCHAR SecurityProtocolSpecific[2];
		UCHAR Reserved1 : 7;
		UCHAR INC_512 : 1;
		UCHAR Reserved2;
		UCHAR AllocationLength[4];
		UCHAR Reserved3;
		UCHAR Control;
	} SECURITY_PROTOCOL_OUT;

	struct _READ_CAPACITY16 {
		UCHAR OperationCode;
		UCHAR ServiceAction : 5;
		UCHAR Reserved1 : 3;
		UCHAR LogicalBlock[8];
		UCHAR AllocationLength[4];
		UCHAR PMI : 1;
		UCHAR Reserved2 : 7;
		UCHAR Control;
	} READ_CAPACITY16;

	ULONG AsUlong[4];
	UCHAR AsByte[16];
} CDB, *PCDB;

#pragma pack(pop)

/* Service action of PERSISTENT RESERVE IN, of OUT, and the type of a reservation */
#define RESERVATION_ACTION_READ_KEYS 0x00
#define RESERVATION_ACTION_READ_RESERVATIONS 0x01
#define RESERVATION_ACTION_REGISTER 0x00
#define RESERVATION_ACTION_RESERVE 0x01
#define RESERVATION_ACTION_RELEASE 0x02
#define RESERVATION_ACTION_CLEAR 0x03
#define RESERVATION_ACTION_PREEMPT 0x04
#define RESERVATION_ACTION_PREEMPT_ABORT 0x05
#define RESERVATION_ACTION_REGISTER_IGNORE_EXISTING 0x06
#define RESERVATION_TYPE_WRITE_EXCLUSIVE 0x01
#define RESERVATION_TYPE_EXCLUSIVE 0x03
#define RESERVATION_TYPE_WRITE_EXCLUSIVE_REGISTRANTS 0x05
#define RESERVATION_TYPE_EXCLUSIVE_REGISTRANTS 0x06

C_ASSERT(sizeof(CDB) == 16);
C_ASSERT(sizeof(((CDB *)0)->CDB6GENERIC) == 6);
C_ASSERT(sizeof(((CDB *)0)->CDB6READWRITE) == 6);
C_ASSERT(sizeof(((CDB *)0)->CDB6INQUIRY3) == 6);
C_ASSERT(sizeof(((CDB *)0)->MODE_SENSE) == 6);
C_ASSERT(sizeof(((CDB *)0)->CDB10) == 10);
C_ASSERT(sizeof(((CDB *)0)->MODE_SENSE10) == 10);
C_ASSERT(sizeof(((CDB *)0)->LOGSENSE) == 10);
C_ASSERT(sizeof(((CDB *)0)->UNMAP) == 10);
C_ASSERT(sizeof(((CDB *)0)->CDB12) == 12);
C_ASSERT(sizeof(((CDB *)0)->REPORT_LUNS) == 12);
C_ASSERT(sizeof(((CDB *)0)->SECURITY_PROTOCOL_IN) == 12);
C_ASSERT(sizeof(((CDB *)0)->CDB16) == 16);
C_ASSERT(sizeof(((CDB *)0)->READ_CAPACITY16) == 16);

#endif /* STORSYNC_HBA_SIM_DDK_SCSI_CDB_H */
