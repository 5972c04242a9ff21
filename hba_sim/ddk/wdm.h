/* SPDX-License-Identifier: MIT */
/* The kernel's own header, as far as miniports use it. Source: Microsoft's public DDI reference. */
#ifndef STORSYNC_HBA_SIM_DDK_WDM_H
#define STORSYNC_HBA_SIM_DDK_WDM_H

#include "hba_sim/ddk/ntkernel.h"
#include "hba_sim/ddk/pci.h"
#include "hba_sim/ddk/wininterlocked.h"
#include "hba_sim/ddk/winlist.h"
#include "hba_sim/ddk/wintypes.h"

/* Prints nothing: the kernel debugger is not simulated. IRQL: any. */
static __inline__ ULONG DbgPrint(PCSTR Format, ...)
{
	(void)Format;
	return 0;
}

#endif /* STORSYNC_HBA_SIM_DDK_WDM_H */
