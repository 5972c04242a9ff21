/* SPDX-License-Identifier: MIT */
/*
 * Access to an adapter's registers (memory space) and ports (I/O space), at
 * addresses that StorPortGetDeviceBase returned. The address alone selects the
 * device: drivers pass a NULL extension here. Each access is one access of its
 * width at the device, in program order; side effects of a read are the
 * device's. The Buffer forms move `Count` items between one and the same port,
 * or consecutive registers, and memory. IRQL: any.
 *
 * Source: Microsoft's public DDI reference, storport.h.
 */
#ifndef STORSYNC_HBA_SIM_DDK_STORPORT_IO_H
#define STORSYNC_HBA_SIM_DDK_STORPORT_IO_H

#include "hba_sim/ddk/wintypes.h"

UCHAR StorPortReadRegisterUchar(PVOID HwDeviceExtension,
				volatile UCHAR *Register);
USHORT StorPortReadRegisterUshort(PVOID HwDeviceExtension,
				  volatile USHORT *Register);
ULONG StorPortReadRegisterUlong(PVOID HwDeviceExtension,
				volatile ULONG *Register);
ULONG64 StorPortReadRegisterUlong64(PVOID HwDeviceExtension,
				    volatile ULONG64 *Register);

VOID StorPortWriteRegisterUchar(PVOID HwDeviceExtension,
				volatile UCHAR *Register, UCHAR Value);
VOID StorPortWriteRegisterUshort(PVOID HwDeviceExtension,
				 volatile USHORT *Register, USHORT Value);
VOID StorPortWriteRegisterUlong(PVOID HwDeviceExtension,
				volatile ULONG *Register, ULONG Value);
VOID StorPortWriteRegisterUlong64(PVOID HwDeviceExtension,
				  volatile ULONG64 *Register, ULONG64 Value);

VOID StorPortReadRegisterBufferUchar(PVOID HwDeviceExtension,
				     volatile UCHAR *Register, PUCHAR Buffer,
				     ULONG Count);
VOID StorPortReadRegisterBufferUshort(PVOID HwDeviceExtension,
				      volatile USHORT *Register,
				      PUSHORT Buffer, ULONG Count);
VOID StorPortReadRegisterBufferUlong(PVOID HwDeviceExtension,
				     volatile ULONG *Register, PULONG Buffer,
				     ULONG Count);
VOID StorPortReadRegisterBufferUlong64(PVOID HwDeviceExtension,
				       volatile ULONG64 *Register,
				       PULONG64 Buffer, ULONG Count);
VOID StorPortWriteRegisterBufferUchar(PVOID HwDeviceExtension,
				      volatile UCHAR *Register, PUCHAR Buffer,
				      ULONG Count);
VOID StorPortWriteRegisterBufferUshort(PVOID HwDeviceExtension,
				       volatile USHORT *Register,
				       PUSHORT Buffer, ULONG Count);
VOID StorPortWriteRegisterBufferUlong(PVOID HwDeviceExtension,
				      volatile ULONG *Register, PULONG Buffer,
				      ULONG Count);
VOID StorPortWriteRegisterBufferUlong64(PVOID HwDeviceExtension,
					volatile ULONG64 *Register,
					PULONG64 Buffer, ULONG Count);

UCHAR StorPortReadPortUchar(PVOID HwDeviceExtension, volatile UCHAR *Port);
USHORT StorPortReadPortUshort(PVOID HwDeviceExtension, volatile USHORT *Port);
ULONG StorPortReadPortUlong(PVOID HwDeviceExtension, volatile ULONG *Port);

VOID StorPortWritePortUchar(PVOID HwDeviceExtension, volatile UCHAR *Port,
			    UCHAR Value);
VOID StorPortWritePortUshort(PVOID HwDeviceExtension, volatile USHORT *Port,
			     USHORT Value);
VOID StorPortWritePortUlong(PVOID HwDeviceExtension, volatile ULONG *Port,
			    ULONG Value);

VOID StorPortReadPortBufferUchar(PVOID HwDeviceExtension, volatile UCHAR *Port,
				 PUCHAR Buffer, ULONG Count);
VOID StorPortReadPortBufferUshort(PVOID HwDeviceExtension,
				  volatile USHORT *Port, PUSHORT Buffer,
				  ULONG Count);
VOID StorPortReadPortBufferUlong(PVOID HwDeviceExtension, volatile ULONG *Port,
				 PULONG Buffer, ULONG Count);
VOID StorPortWritePortBufferUchar(PVOID HwDeviceExtension, volatile UCHAR *Port,
				  PUCHAR Buffer, ULONG Count);
VOID StorPortWritePortBufferUshort(PVOID HwDeviceExtension,
				   volatile USHORT *Port, PUSHORT Buffer,
				   ULONG Count);
VOID StorPortWritePortBufferUlong(PVOID HwDeviceExtension, volatile ULONG *Port,
				  PULONG Buffer, ULONG Count);

#endif /* STORSYNC_HBA_SIM_DDK_STORPORT_IO_H */
