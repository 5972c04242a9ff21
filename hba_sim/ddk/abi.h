/* SPDX-License-Identifier: MIT */
/*
 * Which version of these headers a miniport was compiled against. It is raised when the layout of a structure or a
 * routine's arguments change, so that a miniport from before is refused and not misread.
 */
#ifndef STORSYNC_HBA_SIM_DDK_ABI_H
#define STORSYNC_HBA_SIM_DDK_ABI_H

#define STORSYNC_DDK_ABI 1
#define STORSYNC_DDK_ABI_SYMBOL "storsync_miniport_abi"

#endif /* STORSYNC_HBA_SIM_DDK_ABI_H */
