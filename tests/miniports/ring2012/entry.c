/* SPDX-License-Identifier: MIT */
/* Where the driver begins. */
#include <ntddk.h>
#include <storport.h>

#include "Driver.h"

ULONG DriverEntry(IN PVOID DriverObject, IN PVOID RegistryPath)
{
	return RegisterDriver(DriverObject, RegistryPath);
}
