/* SPDX-License-Identifier: MIT */
/*
 * A virtio SCSI miniport, written to storport.h as a driver author would.
 *
 * Every SRB is posted under StorPortSynchronizeAccess: ring and doorbell.  How
 * completions are reported is an option in the argument string:
 *   completion=isr   from the ISR, under the interrupt lock
 *   completion=dpc   the ISR drains the ring to a list and issues a DPC, which
 *                    drops and retakes the interrupt lock around every report
 */
#ifndef STORSYNC_HBA_SIM_MINIPORTS_VIRTIO_SCSI_H
#define STORSYNC_HBA_SIM_MINIPORTS_VIRTIO_SCSI_H

#include "storport.h"

ULONG VirtioScsiDriverEntry(PVOID DriverObject, PVOID RegistryPath);

#endif
