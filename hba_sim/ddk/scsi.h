/* SPDX-License-Identifier: MIT */
/*
 * SCSI as a Windows storage driver sees it: operation codes and statuses,
 * command blocks, and the data that commands return. One include for all.
 */
#ifndef STORSYNC_HBA_SIM_DDK_SCSI_H
#define STORSYNC_HBA_SIM_DDK_SCSI_H

#include "hba_sim/ddk/scsi_cdb.h"
#include "hba_sim/ddk/scsi_data.h"
#include "hba_sim/ddk/scsi_mode.h"
#include "hba_sim/ddk/scsi_opcodes.h"
#include "hba_sim/ddk/scsi_sense.h"
#include "hba_sim/ddk/scsi_vpd.h"

#endif /* STORSYNC_HBA_SIM_DDK_SCSI_H */
