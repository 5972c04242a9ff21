/* SPDX-License-Identifier: MIT */
/* Safe strings: drivers include it in every source; none of its routines is here. */
#ifndef STORSYNC_HBA_SIM_DDK_NTSTRSAFE_H
#define STORSYNC_HBA_SIM_DDK_NTSTRSAFE_H

#endif /* STORSYNC_HBA_SIM_DDK_NTSTRSAFE_H */
