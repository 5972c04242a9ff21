/* SPDX-License-Identifier: MIT */
/*
 * The StorPort interface of the simulator, as a miniport's author includes it:
 * the types, structures and routines of Windows' storport.h under their own
 * names, so that a published driver's source compiles without an edit.
 *
 * Source: Microsoft's public DDI reference.
 */
#ifndef STORSYNC_HBA_SIM_DDK_STORPORT_H
#define STORSYNC_HBA_SIM_DDK_STORPORT_H

#include "hba_sim/ddk/ntkernel.h"
#include "hba_sim/ddk/pci.h"
#include "hba_sim/ddk/scsi.h"
#include "hba_sim/ddk/srb.h"
#include "hba_sim/ddk/srbex.h"
#include "hba_sim/ddk/storport_callbacks.h"
#include "hba_sim/ddk/storport_config.h"
#include "hba_sim/ddk/storport_extended.h"
#include "hba_sim/ddk/storport_io.h"
#include "hba_sim/ddk/storport_routines.h"
#include "hba_sim/ddk/storport_sync.h"
#include "hba_sim/ddk/storport_types.h"
#include "hba_sim/ddk/wininterlocked.h"
#include "hba_sim/ddk/winlist.h"
#include "hba_sim/ddk/wintypes.h"

#endif /* STORSYNC_HBA_SIM_DDK_STORPORT_H */

/* Outside the guard: a driver may ask for it after the first inclusion. */
#ifdef STOR_USE_SCSI_ALIASES
#include "hba_sim/ddk/scsiport_aliases.h"
#endif
