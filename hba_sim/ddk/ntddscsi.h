/* SPDX-License-Identifier: MIT */
/*
 * The header in front of the data of a SRB_FUNCTION_IO_CONTROL request: a
 * private conversation between an application and a miniport.
 *
 * Source: Microsoft's public DDI reference, SRB_IO_CONTROL (ntddscsi.h).
 */
#ifndef STORSYNC_HBA_SIM_DDK_NTDDSCSI_H
#define STORSYNC_HBA_SIM_DDK_NTDDSCSI_H

#include "hba_sim/ddk/wintypes.h"

typedef struct _SRB_IO_CONTROL {
	ULONG HeaderLength;
	UCHAR Signature[8];
	ULONG Timeout;
	ULONG ControlCode;
	ULONG ReturnCode;
	ULONG Length;
} SRB_IO_CONTROL, *PSRB_IO_CONTROL;

C_ASSERT(sizeof(SRB_IO_CONTROL) == 28);

#endif /* STORSYNC_HBA_SIM_DDK_NTDDSCSI_H */
