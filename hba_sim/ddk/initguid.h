/* SPDX-License-Identifier: MIT */
/* GUIDs made definitions: there are none here. */
#ifndef STORSYNC_HBA_SIM_DDK_INITGUID_H
#define STORSYNC_HBA_SIM_DDK_INITGUID_H

#endif /* STORSYNC_HBA_SIM_DDK_INITGUID_H */
