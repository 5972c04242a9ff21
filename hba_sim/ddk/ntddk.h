/* SPDX-License-Identifier: MIT */
/* What drivers include for the kernel: all that there is of it is in wdm.h. */
#ifndef STORSYNC_HBA_SIM_DDK_NTDDK_H
#define STORSYNC_HBA_SIM_DDK_NTDDK_H

#include "hba_sim/ddk/wdm.h"

#endif /* STORSYNC_HBA_SIM_DDK_NTDDK_H */
