/* SPDX-License-Identifier: MIT */
/* What SCSI miniports included before storport.h: the types of wdm.h. */
#ifndef STORSYNC_HBA_SIM_DDK_MINIPORT_H
#define STORSYNC_HBA_SIM_DDK_MINIPORT_H

#include "hba_sim/ddk/wdm.h"

#endif /* STORSYNC_HBA_SIM_DDK_MINIPORT_H */
