/* SPDX-License-Identifier: MIT */
/* Event tracing of storage drivers, which is not simulated. */
#ifndef STORSYNC_HBA_SIM_DDK_STORTRCE_H
#define STORSYNC_HBA_SIM_DDK_STORTRCE_H

#endif /* STORSYNC_HBA_SIM_DDK_STORTRCE_H */
