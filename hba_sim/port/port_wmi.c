/* SPDX-License-Identifier: MIT */
/* The WMI library: requests are not supported, events have no listener.  Source: Microsoft's public DDI reference, scsiwmi.h. */
#include "hba_sim/ddk/scsiwmi.h"
#include "hba_sim/port/port_internal.h"

BOOLEAN ScsiPortWmiDispatchFunction(PSCSI_WMILIB_CONTEXT WmiLibInfo, UCHAR MinorFunction, PVOID DeviceContext,
				    PSCSIWMI_REQUEST_CONTEXT RequestContext, PVOID DataPath, ULONG BufferSize, PVOID Buffer)
{
	ScsiPortWmiPostProcess(RequestContext, SRB_STATUS_INVALID_REQUEST, 0);
	return FALSE;
}

VOID ScsiPortWmiPostProcess(PSCSIWMI_REQUEST_CONTEXT RequestContext, UCHAR SrbStatus, ULONG BufferUsed)
{
	RequestContext->ReturnStatus = SrbStatus;
	RequestContext->ReturnSize = BufferUsed;
}

VOID ScsiPortWmiFireLogicalUnitEvent(PVOID HwDeviceExtension, UCHAR PathId, UCHAR TargetId, UCHAR Lun, LPGUID Guid,
				     ULONG InstanceIndex, ULONG EventDataSize, PVOID EventData)
{
}
