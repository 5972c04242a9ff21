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

FORCEINLINE struct storsync_srb_scsi
storsync_srb_scsi_extended(PSTORAGE_REQUEST_BLOCK Srb)
{
	for (ULONG i = 0; i < Srb->NumSrbExData; i++) {
		PSRBEX_DATA data = SrbGetSrbExDataByIndex(Srb, i);
		/* The 16- and 32-byte forms agree up to Cdb. */
		PSRBEX_DATA_SCSI_CDB16 fixed = (PSRBEX_DATA_SCSI_CDB16)data;
		PSRBEX_DATA_SCSI_CDB_VAR var = (PSRBEX_DATA_SCSI_CDB_VAR)data;

		if (data == NULL)
			continue;
		if (data->Type == SrbExDataTypeScsiCdb16 ||
		    data->Type == SrbExDataTypeScsiCdb32)
			return (struct storsync_srb_scsi){
				(PCDB)fixed->Cdb, &fixed->CdbLength, NULL,
				&fixed->ScsiStatus, &fixed->SenseInfoBuffer,
				&fixed->SenseInfoBufferLength };
		if (data->Type == SrbExDataTypeScsiCdbVar)
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

/*
 * Copy out what is asked for (not NULL) of a SCSI command and return its CDB,
 * or NULL if there is none. A variable-length CDB has a 32-bit length, every
 * other an 8-bit one; the length a block does not have reads as 0.
 */
FORCEINLINE PCDB SrbGetScsiData(PVOID Srb, PUCHAR CdbLength8,
				PULONG CdbLength32, PUCHAR ScsiStatus,
				PVOID *SenseInfoBuffer,
				PUCHAR SenseInfoBufferLength)
{
	struct storsync_srb_scsi scsi = storsync_srb_scsi(Srb);

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
	return scsi.cdb;
}

/* Set what is given (not NULL) of a SCSI command. */
FORCEINLINE VOID SrbSetScsiData(PVOID Srb, PUCHAR CdbLength8,
				PULONG CdbLength32, PUCHAR ScsiStatus,
				PVOID *SenseInfoBuffer,
				PUCHAR SenseInfoBufferLength)
{
	struct storsync_srb_scsi scsi = storsync_srb_scsi(Srb);

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
	return storsync_srb_scsi(Srb).cdb;
}

FORCEINLINE UCHAR SrbGetCdbLength(PVOID Srb)
{
	UCHAR length;

	SrbGetScsiData(Srb, &length, NULL, NULL, NULL, NULL);
	return length;
}

FORCEINLINE ULONG SrbGetCdbLength32(PVOID Srb)
{
	ULONG length;

	SrbGetScsiData(Srb, NULL, &length, NULL, NULL, NULL);
	return length;
}

FORCEINLINE UCHAR SrbGetScsiStatus(PVOID Srb)
{
	UCHAR status;

	SrbGetScsiData(Srb, NULL, NULL, &status, NULL, NULL);
	return status;
}

FORCEINLINE VOID SrbSetScsiStatus(PVOID Srb, UCHAR ScsiStatus)
{
	SrbSetScsiData(Srb, NULL, NULL, &ScsiStatus, NULL, NULL);
}

FORCEINLINE PVOID SrbGetSenseInfoBuffer(PVOID Srb)
{
	PVOID sense;

	SrbGetScsiData(Srb, NULL, NULL, NULL, &sense, NULL);
	return sense;
}

FORCEINLINE VOID SrbSetSenseInfoBuffer(PVOID Srb, PVOID SenseInfoBuffer)
{
	SrbSetScsiData(Srb, NULL, NULL, NULL, &SenseInfoBuffer, NULL);
}

FORCEINLINE UCHAR SrbGetSenseInfoBufferLength(PVOID Srb)
{
	UCHAR length;

	SrbGetScsiData(Srb, NULL, NULL, NULL, NULL, &length);
	return length;
}

FORCEINLINE VOID SrbSetSenseInfoBufferLength(PVOID Srb,
					     UCHAR SenseInfoBufferLength)
{
	SrbSetScsiData(Srb, NULL, NULL, NULL, NULL, &SenseInfoBufferLength);
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

STORSYNC_SRB_GET(ULONG, SrbLength, SrbLength, Length)
STORSYNC_SRB_GET(ULONG, SrbFunction, SrbFunction, Function)
STORSYNC_SRB_GET(UCHAR, SrbStatus, SrbStatus, SrbStatus)
STORSYNC_SRB_SET(UCHAR, SrbStatus, SrbStatus, SrbStatus)
STORSYNC_SRB_GET(ULONG, SrbFlags, SrbFlags, SrbFlags)
STORSYNC_SRB_GET(ULONG, RequestTag, RequestTag, QueueTag)
STORSYNC_SRB_GET(ULONG, RequestAttribute, RequestAttribute, QueueAction)
STORSYNC_SRB_GET(ULONG, TimeOutValue, TimeOutValue, TimeOutValue)
STORSYNC_SRB_SET(ULONG, TimeOutValue, TimeOutValue, TimeOutValue)
STORSYNC_SRB_GET(ULONG, DataTransferLength, DataTransferLength,
		 DataTransferLength)
STORSYNC_SRB_SET(ULONG, DataTransferLength, DataTransferLength,
		 DataTransferLength)
STORSYNC_SRB_GET(PVOID, DataBuffer, DataBuffer, DataBuffer)
STORSYNC_SRB_SET(PVOID, DataBuffer, DataBuffer, DataBuffer)
STORSYNC_SRB_GET(PVOID, OriginalRequest, OriginalRequest, OriginalRequest)
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

/* The address of an extended request; NULL for a classic one. */
FORCEINLINE PSTOR_ADDRESS SrbGetAddress(PVOID Srb)
{
	if (!storsync_srb_is_extended(Srb))
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

	if (address == NULL) {
		btl[0] = classic->PathId;
		btl[1] = classic->TargetId;
		btl[2] = classic->Lun;
	} else if (address->Type == STOR_ADDRESS_TYPE_BTL8) {
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
