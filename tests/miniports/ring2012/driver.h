/* SPDX-License-Identifier: MIT */
/* A virtio SCSI miniport, registered by whoever has a DriverEntry. */
#ifndef DRIVER_H
#define DRIVER_H

ULONG RegisterDriver(PVOID DriverObject, PVOID RegistryPath);

#endif
