/* SPDX-License-Identifier: MIT */
/* The built-in miniports by name: what a device model says drives it. */
#ifndef STORSYNC_HBA_SIM_MINIPORTS_MINIPORTS_H
#define STORSYNC_HBA_SIM_MINIPORTS_MINIPORTS_H

#include "storport.h"

/* The driver entry of the miniport of that name, with dashes where the file's has underscores; NULL when there is none, and for NULL. */
ULONG (*miniport_find(const char *name))(PVOID DriverObject, PVOID RegistryPath);

#endif
