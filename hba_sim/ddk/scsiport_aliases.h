/* SPDX-License-Identifier: MIT */
/*
 * The names of the older SCSI port interface, for drivers written against
 * both: storport.h includes this where STOR_USE_SCSI_ALIASES is defined. The
 * register and port accessors take no extension under these names.
 *
 * Source: Microsoft's public DDI reference, srb.h and storport.h.
 */
#ifndef STORSYNC_HBA_SIM_DDK_SCSIPORT_ALIASES_H
#define STORSYNC_HBA_SIM_DDK_SCSIPORT_ALIASES_H

#include "hba_sim/ddk/wintypes.h"

typedef PHYSICAL_ADDRESS SCSI_PHYSICAL_ADDRESS, *PSCSI_PHYSICAL_ADDRESS;

#define ScsiPortInitialize StorPortInitialize
#define ScsiPortNotification StorPortNotification
#define ScsiPortCompleteRequest StorPortCompleteRequest
#define ScsiPortLogError StorPortLogError
#define ScsiPortStallExecution StorPortStallExecution
#define ScsiPortQuerySystemTime StorPortQuerySystemTime
#define ScsiPortGetDeviceBase StorPortGetDeviceBase
#define ScsiPortFreeDeviceBase StorPortFreeDeviceBase
#define ScsiPortValidateRange StorPortValidateRange
#define ScsiPortGetUncachedExtension StorPortGetUncachedExtension
#define ScsiPortGetPhysicalAddress StorPortGetPhysicalAddress
#define ScsiPortGetVirtualAddress StorPortGetVirtualAddress
#define ScsiPortGetLogicalUnit StorPortGetLogicalUnit
#define ScsiPortMoveMemory StorPortMoveMemory
#define ScsiPortGetBusData StorPortGetBusData
#define ScsiPortSetBusDataByOffset StorPortSetBusDataByOffset
#define ScsiPortConvertUlongToPhysicalAddress \
	StorPortConvertUlongToPhysicalAddress
#define ScsiPortConvertPhysicalAddressToUlong \
	StorPortConvertPhysicalAddressToUlong
#define ScsiDebugPrint StorPortDebugPrint

#define ScsiPortReadRegisterUchar(r) StorPortReadRegisterUchar(NULL, (r))
#define ScsiPortReadRegisterUshort(r) StorPortReadRegisterUshort(NULL, (r))
#define ScsiPortReadRegisterUlong(r) StorPortReadRegisterUlong(NULL, (r))
#define ScsiPortWriteRegisterUchar(r, v) \
	StorPortWriteRegisterUchar(NULL, (r), (v))
#define ScsiPortWriteRegisterUshort(r, v) \
	StorPortWriteRegisterUshort(NULL, (r), (v))
#define ScsiPortWriteRegisterUlong(r, v) \
	StorPortWriteRegisterUlong(NULL, (r), (v))
#define ScsiPortReadRegisterBufferUchar(r, b, c) \
	StorPortReadRegisterBufferUchar(NULL, (r), (b), (c))
#define ScsiPortReadRegisterBufferUshort(r, b, c) \
	StorPortReadRegisterBufferUshort(NULL, (r), (b), (c))
#define ScsiPortReadRegisterBufferUlong(r, b, c) \
	StorPortReadRegisterBufferUlong(NULL, (r), (b), (c))
#define ScsiPortWriteRegisterBufferUchar(r, b, c) \
	StorPortWriteRegisterBufferUchar(NULL, (r), (b), (c))
#define ScsiPortWriteRegisterBufferUshort(r, b, c) \
	StorPortWriteRegisterBufferUshort(NULL, (r), (b), (c))
#define ScsiPortWriteRegisterBufferUlong(r, b, c) \
	StorPortWriteRegisterBufferUlong(NULL, (r), (b), (c))

#define ScsiPortReadPortUchar(p) StorPortReadPortUchar(NULL, (p))
#define ScsiPortReadPortUshort(p) StorPortReadPortUshort(NULL, (p))
#define ScsiPortReadPortUlong(p) StorPortReadPortUlong(NULL, (p))
#define ScsiPortWritePortUchar(p, v) StorPortWritePortUchar(NULL, (p), (v))
#define ScsiPortWritePortUshort(p, v) StorPortWritePortUshort(NULL, (p), (v))
#define ScsiPortWritePortUlong(p, v) StorPortWritePortUlong(NULL, (p), (v))
#define ScsiPortReadPortBufferUchar(p, b, c) \
	StorPortReadPortBufferUchar(NULL, (p), (b), (c))
#define ScsiPortReadPortBufferUshort(p, b, c) \
	StorPortReadPortBufferUshort(NULL, (p), (b), (c))
#define ScsiPortReadPortBufferUlong(p, b, c) \
	StorPortReadPortBufferUlong(NULL, (p), (b), (c))
#define ScsiPortWritePortBufferUchar(p, b, c) \
	StorPortWritePortBufferUchar(NULL, (p), (b), (c))
#define ScsiPortWritePortBufferUshort(p, b, c) \
	StorPortWritePortBufferUshort(NULL, (p), (b), (c))
#define ScsiPortWritePortBufferUlong(p, b, c) \
	StorPortWritePortBufferUlong(NULL, (p), (b), (c))

#endif /* STORSYNC_HBA_SIM_DDK_SCSIPORT_ALIASES_H */
