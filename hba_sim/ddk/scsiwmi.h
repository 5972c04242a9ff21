/* SPDX-License-Identifier: MIT */
/*
 * The WMI library of SCSI miniports. The port driver sends no WMI request; a
 * driver's own dispatcher may call these all the same, and is answered.
 *
 * Source: Microsoft's public DDI reference, scsiwmi.h.
 */
#ifndef STORSYNC_HBA_SIM_DDK_SCSIWMI_H
#define STORSYNC_HBA_SIM_DDK_SCSIWMI_H

#include "hba_sim/ddk/srb.h"

typedef struct _SCSIWMI_REQUEST_CONTEXT {
	PVOID UserContext;
	ULONG BufferSize;
	PUCHAR Buffer;
	UCHAR MinorFunction;
	UCHAR ReturnStatus;
	ULONG ReturnSize;
} SCSIWMI_REQUEST_CONTEXT, *PSCSIWMI_REQUEST_CONTEXT;

typedef enum _SCSIWMI_ENABLE_DISABLE_CONTROL {
	ScsiWmiEventControl,
	ScsiWmiDataBlockControl
} SCSIWMI_ENABLE_DISABLE_CONTROL;

typedef struct _SCSIWMIGUIDREGINFO {
	const GUID *Guid;
	ULONG InstanceCount;
	ULONG Flags;
} SCSIWMIGUIDREGINFO, *PSCSIWMIGUIDREGINFO;

typedef UCHAR SCSIWMI_QUERY_REGINFO(PVOID DeviceContext,
				    PSCSIWMI_REQUEST_CONTEXT RequestContext,
				    PWCHAR *MofResourceName);
typedef SCSIWMI_QUERY_REGINFO *PSCSIWMI_QUERY_REGINFO;

typedef BOOLEAN SCSIWMI_QUERY_DATABLOCK(PVOID Context,
					PSCSIWMI_REQUEST_CONTEXT DispatchContext,
					ULONG GuidIndex, ULONG InstanceIndex,
					ULONG InstanceCount,
					PULONG InstanceLengthArray,
					ULONG BufferAvail, PUCHAR Buffer);
typedef SCSIWMI_QUERY_DATABLOCK *PSCSIWMI_QUERY_DATABLOCK;

typedef BOOLEAN SCSIWMI_SET_DATABLOCK(PVOID DeviceContext,
				      PSCSIWMI_REQUEST_CONTEXT RequestContext,
				      ULONG GuidIndex, ULONG InstanceIndex,
				      ULONG BufferSize, PUCHAR Buffer);
typedef SCSIWMI_SET_DATABLOCK *PSCSIWMI_SET_DATABLOCK;

typedef BOOLEAN SCSIWMI_SET_DATAITEM(PVOID DeviceContext,
				     PSCSIWMI_REQUEST_CONTEXT RequestContext,
				     ULONG GuidIndex, ULONG InstanceIndex,
				     ULONG DataItemId, ULONG BufferSize,
				     PUCHAR Buffer);
typedef SCSIWMI_SET_DATAITEM *PSCSIWMI_SET_DATAITEM;

typedef BOOLEAN SCSIWMI_EXECUTE_METHOD(PVOID DeviceContext,
				       PSCSIWMI_REQUEST_CONTEXT RequestContext,
				       ULONG GuidIndex, ULONG InstanceIndex,
				       ULONG MethodId, ULONG InBufferSize,
				       ULONG OutBufferSize, PUCHAR Buffer);
typedef SCSIWMI_EXECUTE_METHOD *PSCSIWMI_EXECUTE_METHOD;

typedef BOOLEAN
SCSIWMI_FUNCTION_CONTROL(PVOID DeviceContext,
			 PSCSIWMI_REQUEST_CONTEXT RequestContext,
			 ULONG GuidIndex,
			 SCSIWMI_ENABLE_DISABLE_CONTROL Function,
			 BOOLEAN Enable);
typedef SCSIWMI_FUNCTION_CONTROL *PSCSIWMI_FUNCTION_CONTROL;

/* What a driver registers: its blocks, and the routines that serve them. */
typedef struct _SCSIWMILIB_CONTEXT {
	ULONG GuidCount;
	PSCSIWMIGUIDREGINFO GuidList;
	PSCSIWMI_QUERY_REGINFO QueryWmiRegInfo;
	PSCSIWMI_QUERY_DATABLOCK QueryWmiDataBlock;
	PSCSIWMI_SET_DATABLOCK SetWmiDataBlock;
	PSCSIWMI_SET_DATAITEM SetWmiDataItem;
	PSCSIWMI_EXECUTE_METHOD ExecuteWmiMethod;
	PSCSIWMI_FUNCTION_CONTROL WmiFunctionControl;
} SCSI_WMILIB_CONTEXT, *PSCSI_WMILIB_CONTEXT;

/*
 * Serve a WMI request by the driver's routines. The simulator supports none:
 * the context gets SRB_STATUS_INVALID_REQUEST, size 0. FALSE: not pending.
 */
BOOLEAN ScsiPortWmiDispatchFunction(PSCSI_WMILIB_CONTEXT WmiLibInfo,
				    UCHAR MinorFunction, PVOID DeviceContext,
				    PSCSIWMI_REQUEST_CONTEXT RequestContext,
				    PVOID DataPath, ULONG BufferSize,
				    PVOID Buffer);

/* Note a request's result in its context. */
VOID ScsiPortWmiPostProcess(PSCSIWMI_REQUEST_CONTEXT RequestContext,
			    UCHAR SrbStatus, ULONG BufferUsed);

/* What was noted. */
#define ScsiPortWmiGetReturnStatus(context) ((context)->ReturnStatus)
#define ScsiPortWmiGetReturnSize(context) ((context)->ReturnSize)

/* Fire an event. Nobody listens: the event is dropped. */
VOID ScsiPortWmiFireLogicalUnitEvent(PVOID HwDeviceExtension, UCHAR PathId,
				     UCHAR TargetId, UCHAR Lun, LPGUID Guid,
				     ULONG InstanceIndex, ULONG EventDataSize,
				     PVOID EventData);
#define ScsiPortWmiFireAdapterEvent(extension, guid, instance, size, data) \
	ScsiPortWmiFireLogicalUnitEvent((extension), 0xff, 0, 0, (guid), \
					(instance), (size), (data))

C_ASSERT(sizeof(SCSIWMI_REQUEST_CONTEXT) == 32);
C_ASSERT(sizeof(SCSIWMIGUIDREGINFO) == 16);
C_ASSERT(sizeof(SCSI_WMILIB_CONTEXT) == 64);

#endif /* STORSYNC_HBA_SIM_DDK_SCSIWMI_H */
