/* SPDX-License-Identifier: MIT */
/*
 * Accessors that work on either form of request block, so that one driver
 * serves both. Each takes the block as PVOID, looks at Function, and reads or
 * writes the field of the form it finds. What a block does not carry reads as
 * zero or NULL and ignores being set. Legal at any IRQL, while the caller owns
 * the request.
 *
 * Source: Microsoft's public documentation of the extended SRB and of the
 * srbhelper.h accessors in its storage samples.
 */
#ifndef STORSYNC_HBA_SIM_DDK_SRBHELPER_H
#define STORSYNC_HBA_SIM_DDK_SRBHELPER_H

#include "hba_sim/ddk/scsi_cdb.h"
#include "hba_sim/ddk/srbex.h"

FORCEINLINE BOOLEAN storsync_srb_is_extended(PVOID Srb)
{
	return ((PSTORAGE_REQUEST_BLOCK_HEADER)Srb)->Function ==
	       SRB_FUNCTION_STORAGE_REQUEST_BLOCK;
}

/* Typed block number `Index`; NULL if there are fewer, or it lies outside. */
FORCEINLINE PSRBEX_DATA SrbGetSrbExDataByIndex(PSTORAGE_REQUEST_BLOCK Srb,
					       ULONG Index)
{
	ULONG offset;

	if (!storsync_srb_is_extended(Srb) || Index >= Srb->NumSrbExData)
		return NULL;
	offset = Srb->SrbExDataOffset[Index];
	if (offset < sizeof(STORAGE_REQUEST_BLOCK) || offset >= Srb->SrbLength)
		return NULL;
	return (PSRBEX_DATA)((PUCHAR)Srb + offset);
}

/* First typed block of a type; NULL if there is none. */
FORCEINLINE PSRBEX_DATA SrbGetSrbExDataByType(PSTORAGE_REQUEST_BLOCK Srb,
					      SRBEXDATATYPE Type)
{
	if (!storsync_srb_is_extended(Srb))
		return NULL;
	for (ULONG i = 0; i < Srb->NumSrbExData; i++) {
		PSRBEX_DATA data = SrbGetSrbExDataByIndex(Srb, i);

		if (data != NULL && data->Type == Type)
			return data;
	}
	return NULL;
}

/* Where a SCSI command keeps its parts; one of the CDB lengths is NULL. */
struct storsync_srb_scsi {
	PCDB cdb;
	PUCHAR cdb_length8;
	PULONG cdb_length32;
	PUCHAR scsi_status;
	PVOID *sense;
	PUCHAR sense_length;
};

/* Whether a typed block of `Bytes` bytes is within its request. */
FORCEINLINE BOOLEAN storsync_srb_holds(PSTORAGE_REQUEST_BLOCK Srb, PSRBEX_DATA Data, SIZE_T Bytes)
{
	return (SIZE_T)((PUCHAR)Data - (PUCHAR)Srb) + Bytes <= Srb->SrbLength;
}

FORCEINLINE struct storsync_srb_scsi
storsync_srb_scsi_extended(PSTORAGE_REQUEST_BLOCK Srb)
{
	for (ULONG i = 0; Srb->SrbFunction == SRB_FUNCTION_EXECUTE_SCSI && i < Srb->NumSrbExData; i++) {
		PSRBEX_DATA data = SrbGetSrbExDataByIndex(Srb, i);
		/* The 16- and 32-byte forms agree up to Cdb. */
		PSRBEX_DATA_SCSI_CDB16 fixed = (PSRBEX_DATA_SCSI_CDB16)data;
		PSRBEX_DATA_SCSI_CDB_VAR var = (PSRBEX_DATA_SCSI_CDB_VAR)data;

		if (data == NULL)
			continue;
		if ((data->Type == SrbExDataTypeScsiCdb16 && storsync_srb_holds(Srb, data, sizeof(SRBEX_DATA_SCSI_CDB16))) ||
		    (data->Type == SrbExDataTypeScsiCdb32 && storsync_srb_holds(Srb, data, sizeof(SRBEX_DATA_SCSI_CDB32))))
			return (struct storsync_srb_scsi){
				(PCDB)fixed->Cdb, &fixed->CdbLength, NULL,
				&fixed->ScsiStatus, &fixed->SenseInfoBuffer,
				&fixed->SenseInfoBufferLength };
		if (data->Type == SrbExDataTypeScsiCdbVar && storsync_srb_holds(Srb, data, sizeof(SRBEX_DATA_SCSI_CDB_VAR)))
			return (struct storsync_srb_scsi){
				(PCDB)var->Cdb, NULL, &var->CdbLength,
				&var->ScsiStatus, &var->SenseInfoBuffer,
				&var->SenseInfoBufferLength };
	}
	return (struct storsync_srb_scsi){ NULL, NULL, NULL, NULL, NULL, NULL };
}

/* All NULL if the request carries no SCSI command. */
FORCEINLINE struct storsync_srb_scsi storsync_srb_scsi(PVOID Srb)
{
	PSCSI_REQUEST_BLOCK classic = (PSCSI_REQUEST_BLOCK)Srb;

	if (storsync_srb_is_extended(Srb))
		return storsync_srb_scsi_extended((PSTORAGE_REQUEST_BLOCK)Srb);
	return (struct storsync_srb_scsi){
		(PCDB)classic->Cdb, &classic->CdbLength, NULL,
		&classic->ScsiStatus, &classic->SenseInfoBuffer,
		&classic->SenseInfoBufferLength };
}

/* NULL for a command that says that it has no bytes. */
FORCEINLINE PCDB storsync_srb_cdb(struct storsync_srb_scsi Scsi)
{
	if (Scsi.cdb_length32 != NULL)
		return *Scsi.cdb_length32 ? Scsi.cdb : NULL;
	return Scsi.cdb != NULL && *Scsi.cdb_length8 ? Scsi.cdb : NULL;
}

/*
 * Copy out what is asked for (not NULL) of the SCSI command in an extended block
 * and return its CDB.  Everything is 0 and NULL if it has none, and for a classic
 * block.  A variable-length CDB has a 32-bit length, every other an 8-bit one; the
 * length that a command does not have reads as 0.
 */
FORCEINLINE PCDB SrbGetScsiData(PVOID Srb, PUCHAR CdbLength8,
				PULONG CdbLength32, PUCHAR ScsiStatus,
				PVOID *SenseInfoBuffer,
				PUCHAR SenseInfoBufferLength)
{
	struct storsync_srb_scsi scsi = { NULL, NULL, NULL, NULL, NULL, NULL };

	if (storsync_srb_is_extended(Srb))
		scsi = storsync_srb_scsi_extended((PSTORAGE_REQUEST_BLOCK)Srb);
	if (CdbLength8 != NULL)
		*CdbLength8 = scsi.cdb_length8 != NULL ? *scsi.cdb_length8 : 0;
	if (CdbLength32 != NULL)
		*CdbLength32 =
			scsi.cdb_length32 != NULL ? *scsi.cdb_length32 : 0;
	if (ScsiStatus != NULL)
		*ScsiStatus = scsi.cdb != NULL ? *scsi.scsi_status : 0;
	if (SenseInfoBuffer != NULL)
		*SenseInfoBuffer = scsi.cdb != NULL ? *scsi.sense : NULL;
	if (SenseInfoBufferLength != NULL)
		*SenseInfoBufferLength =
			scsi.cdb != NULL ? *scsi.sense_length : 0;
	return storsync_srb_cdb(scsi);
}

/* Set what is given (not NULL) of the SCSI command in an extended block; a classic one stays as it is. */
FORCEINLINE VOID SrbSetScsiData(PVOID Srb, PUCHAR CdbLength8,
				PULONG CdbLength32, PUCHAR ScsiStatus,
				PVOID *SenseInfoBuffer,
				PUCHAR SenseInfoBufferLength)
{
	struct storsync_srb_scsi scsi = { NULL, NULL, NULL, NULL, NULL, NULL };

	if (storsync_srb_is_extended(Srb))
		scsi = storsync_srb_scsi_extended((PSTORAGE_REQUEST_BLOCK)Srb);
	if (scsi.cdb == NULL)
		return;
	if (CdbLength8 != NULL && scsi.cdb_length8 != NULL)
		*scsi.cdb_length8 = *CdbLength8;
	if (CdbLength32 != NULL && scsi.cdb_length32 != NULL)
		*scsi.cdb_length32 = *CdbLength32;
	if (ScsiStatus != NULL)
		*scsi.scsi_status = *ScsiStatus;
	if (SenseInfoBuffer != NULL)
		*scsi.sense = *SenseInfoBuffer;
	if (SenseInfoBufferLength != NULL)
		*scsi.sense_length = *SenseInfoBufferLength;
}

FORCEINLINE PCDB SrbGetCdb(PVOID Srb)
{
	if (storsync_srb_is_extended(Srb))
		return SrbGetScsiData(Srb, NULL, NULL, NULL, NULL, NULL);
	return (PCDB)((PSCSI_REQUEST_BLOCK)Srb)->Cdb;
}

/* 0 for a CDB of variable length. */
FORCEINLINE UCHAR SrbGetCdbLength(PVOID Srb)
{
	struct storsync_srb_scsi scsi = storsync_srb_scsi(Srb);

	return scsi.cdb_length8 != NULL ? *scsi.cdb_length8 : 0;
}

FORCEINLINE VOID SrbSetCdbLength(PVOID Srb, UCHAR CdbLength)
{
	struct storsync_srb_scsi scsi = storsync_srb_scsi(Srb);

	if (scsi.cdb_length8 != NULL)
		*scsi.cdb_length8 = CdbLength;
}

FORCEINLINE UCHAR SrbGetScsiStatus(PVOID Srb)
{
	struct storsync_srb_scsi scsi = storsync_srb_scsi(Srb);

	return scsi.cdb != NULL ? *scsi.scsi_status : 0;
}

FORCEINLINE VOID SrbSetScsiStatus(PVOID Srb, UCHAR ScsiStatus)
{
	struct storsync_srb_scsi scsi = storsync_srb_scsi(Srb);

	if (scsi.cdb != NULL)
		*scsi.scsi_status = ScsiStatus;
}

FORCEINLINE PVOID SrbGetSenseInfoBuffer(PVOID Srb)
{
	struct storsync_srb_scsi scsi = storsync_srb_scsi(Srb);

	return scsi.cdb != NULL ? *scsi.sense : NULL;
}

FORCEINLINE VOID SrbSetSenseInfoBuffer(PVOID Srb, PVOID SenseInfoBuffer)
{
	struct storsync_srb_scsi scsi = storsync_srb_scsi(Srb);

	if (scsi.cdb != NULL)
		*scsi.sense = SenseInfoBuffer;
}

FORCEINLINE UCHAR SrbGetSenseInfoBufferLength(PVOID Srb)
{
	struct storsync_srb_scsi scsi = storsync_srb_scsi(Srb);

	return scsi.cdb != NULL ? *scsi.sense_length : 0;
}

FORCEINLINE VOID SrbSetSenseInfoBufferLength(PVOID Srb,
					     UCHAR SenseInfoBufferLength)
{
	struct storsync_srb_scsi scsi = storsync_srb_scsi(Srb);

	if (scsi.cdb != NULL)
		*scsi.sense_length = SenseInfoBufferLength;
}

/* A getter, and a setter, for a field both forms have. */
#define STORSYNC_SRB_GET(type, name, extended, classic)			\
	FORCEINLINE type SrbGet##name(PVOID Srb)			\
	{								\
		return storsync_srb_is_extended(Srb) ?			\
			((PSTORAGE_REQUEST_BLOCK)Srb)->extended :	\
			((PSCSI_REQUEST_BLOCK)Srb)->classic;		\
	}

#define STORSYNC_SRB_SET(type, name, extended, classic)			\
	FORCEINLINE VOID SrbSet##name(PVOID Srb, type Value)		\
	{								\
		if (storsync_srb_is_extended(Srb))			\
			((PSTORAGE_REQUEST_BLOCK)Srb)->extended = Value; \
		else							\
			((PSCSI_REQUEST_BLOCK)Srb)->classic = Value;	\
	}

STORSYNC_SRB_GET(ULONG, SrbFunction, SrbFunction, Function)
STORSYNC_SRB_GET(UCHAR, SrbStatus, SrbStatus, SrbStatus)
STORSYNC_SRB_GET(ULONG, SrbFlags, SrbFlags, SrbFlags)
STORSYNC_SRB_GET(ULONG, RequestTag, RequestTag, QueueTag)
STORSYNC_SRB_SET(ULONG, RequestTag, RequestTag, QueueTag)
STORSYNC_SRB_GET(ULONG, QueueTag, RequestTag, QueueTag)
STORSYNC_SRB_SET(ULONG, QueueTag, RequestTag, QueueTag)
STORSYNC_SRB_GET(ULONG, RequestAttribute, RequestAttribute, QueueAction)
STORSYNC_SRB_SET(UCHAR, RequestAttribute, RequestAttribute, QueueAction)
STORSYNC_SRB_GET(ULONG, QueueAction, RequestAttribute, QueueAction)
STORSYNC_SRB_SET(UCHAR, QueueAction, RequestAttribute, QueueAction)
STORSYNC_SRB_GET(ULONG, SystemStatus, SystemStatus, InternalStatus)
STORSYNC_SRB_SET(ULONG, SystemStatus, SystemStatus, InternalStatus)
STORSYNC_SRB_GET(ULONG, TimeOutValue, TimeOutValue, TimeOutValue)
STORSYNC_SRB_SET(ULONG, TimeOutValue, TimeOutValue, TimeOutValue)
STORSYNC_SRB_GET(ULONG, DataTransferLength, DataTransferLength,
		 DataTransferLength)
STORSYNC_SRB_SET(ULONG, DataTransferLength, DataTransferLength,
		 DataTransferLength)
STORSYNC_SRB_GET(PVOID, DataBuffer, DataBuffer, DataBuffer)
STORSYNC_SRB_SET(PVOID, DataBuffer, DataBuffer, DataBuffer)
STORSYNC_SRB_GET(PVOID, OriginalRequest, OriginalRequest, OriginalRequest)
STORSYNC_SRB_SET(PVOID, OriginalRequest, OriginalRequest, OriginalRequest)
STORSYNC_SRB_SET(PVOID, NextSrb, NextSrb, NextSrb)
STORSYNC_SRB_GET(PVOID, MiniportContext, MiniportContext, SrbExtension)

FORCEINLINE PVOID SrbGetNextSrb(PVOID Srb)
{
	if (storsync_srb_is_extended(Srb))
		return ((PSTORAGE_REQUEST_BLOCK)Srb)->NextSrb;
	return ((PSCSI_REQUEST_BLOCK)Srb)->NextSrb;
}

#undef STORSYNC_SRB_GET
#undef STORSYNC_SRB_SET

/* Sense data that is there stays there: the flag is kept, whatever the status.  Both forms have it in the same place. */
FORCEINLINE VOID SrbSetSrbStatus(PVOID Srb, UCHAR Status)
{
	PSTORAGE_REQUEST_BLOCK_HEADER header = (PSTORAGE_REQUEST_BLOCK_HEADER)Srb;

	header->SrbStatus = (UCHAR)(Status | (header->SrbStatus & SRB_STATUS_AUTOSENSE_VALID));
}

/* The port driver's own; a classic block has no such member. */
FORCEINLINE PVOID SrbGetPortContext(PVOID Srb)
{
	return storsync_srb_is_extended(Srb) ? ((PSTORAGE_REQUEST_BLOCK)Srb)->PortContext : NULL;
}

FORCEINLINE VOID SrbSetPortContext(PVOID Srb, PVOID PortContext)
{
	if (storsync_srb_is_extended(Srb))
		((PSTORAGE_REQUEST_BLOCK)Srb)->PortContext = PortContext;
}

/* How long the whole block is; a classic one's length is fixed. */
FORCEINLINE ULONG SrbGetSrbLength(PVOID Srb)
{
	if (storsync_srb_is_extended(Srb))
		return ((PSTORAGE_REQUEST_BLOCK)Srb)->SrbLength;
	return sizeof(SCSI_REQUEST_BLOCK);
}

FORCEINLINE VOID SrbSetSrbLength(PVOID Srb, ULONG Length)
{
	if (storsync_srb_is_extended(Srb))
		((PSTORAGE_REQUEST_BLOCK)Srb)->SrbLength = Length;
}

/* All of the block; FALSE, and nothing is copied, where there is too little room for it. */
FORCEINLINE BOOLEAN SrbCopySrb(PVOID DestinationSrb, ULONG DestinationSrbLength, PVOID SourceSrb)
{
	ULONG length = SrbGetSrbLength(SourceSrb);

	if (DestinationSrbLength < length)
		return FALSE;
	RtlCopyMemory(DestinationSrb, SourceSrb, length);
	return TRUE;
}

/* All but what says which form it is and how long. */
FORCEINLINE VOID SrbZeroSrb(PVOID Srb)
{
	STORAGE_REQUEST_BLOCK_HEADER header = *(PSTORAGE_REQUEST_BLOCK_HEADER)Srb;
	ULONG length = SrbGetSrbLength(Srb);

	RtlZeroMemory(Srb, length);
	header.SrbStatus = 0;
	*(PSTORAGE_REQUEST_BLOCK_HEADER)Srb = header;
	SrbSetSrbLength(Srb, length);
}

/* Flags are or-ed in by Set, taken out by Clear, replaced by Assign. */
FORCEINLINE VOID SrbAssignSrbFlags(PVOID Srb, ULONG Flags)
{
	if (storsync_srb_is_extended(Srb))
		((PSTORAGE_REQUEST_BLOCK)Srb)->SrbFlags = Flags;
	else
		((PSCSI_REQUEST_BLOCK)Srb)->SrbFlags = Flags;
}

FORCEINLINE VOID SrbSetSrbFlags(PVOID Srb, ULONG Flags)
{
	SrbAssignSrbFlags(Srb, SrbGetSrbFlags(Srb) | Flags);
}

FORCEINLINE VOID SrbClearSrbFlags(PVOID Srb, ULONG Flags)
{
	SrbAssignSrbFlags(Srb, SrbGetSrbFlags(Srb) & ~Flags);
}

/* The address of an extended request; NULL if it has none, and for a classic one. */
FORCEINLINE PSTOR_ADDRESS SrbGetAddress(PVOID Srb)
{
	if (!storsync_srb_is_extended(Srb) || !((PSTORAGE_REQUEST_BLOCK)Srb)->AddressOffset)
		return NULL;
	return (PSTOR_ADDRESS)((PUCHAR)Srb +
			       ((PSTORAGE_REQUEST_BLOCK)Srb)->AddressOffset);
}

/* Any address other than bus, target and LUN reads as 0, 0, 0. */
FORCEINLINE VOID SrbGetPathTargetLun(PVOID Srb, PUCHAR PathId, PUCHAR TargetId,
				     PUCHAR Lun)
{
	PSCSI_REQUEST_BLOCK classic = (PSCSI_REQUEST_BLOCK)Srb;
	PSTOR_ADDR_BTL8 address = (PSTOR_ADDR_BTL8)SrbGetAddress(Srb);
	UCHAR btl[3] = { 0, 0, 0 };

	if (!storsync_srb_is_extended(Srb)) {
		btl[0] = classic->PathId;
		btl[1] = classic->TargetId;
		btl[2] = classic->Lun;
	} else if (address != NULL && address->Type == STOR_ADDRESS_TYPE_BTL8) {
		btl[0] = address->Path;
		btl[1] = address->Target;
		btl[2] = address->Lun;
	}
	if (PathId != NULL)
		*PathId = btl[0];
	if (TargetId != NULL)
		*TargetId = btl[1];
	if (Lun != NULL)
		*Lun = btl[2];
}

FORCEINLINE UCHAR SrbGetPathId(PVOID Srb)
{
	UCHAR path;

	SrbGetPathTargetLun(Srb, &path, NULL, NULL);
	return path;
}

FORCEINLINE UCHAR SrbGetTargetId(PVOID Srb)
{
	UCHAR target;

	SrbGetPathTargetLun(Srb, NULL, &target, NULL);
	return target;
}

FORCEINLINE UCHAR SrbGetLun(PVOID Srb)
{
	UCHAR lun;

	SrbGetPathTargetLun(Srb, NULL, NULL, &lun);
	return lun;
}

#endif /* STORSYNC_HBA_SIM_DDK_SRBHELPER_H */
