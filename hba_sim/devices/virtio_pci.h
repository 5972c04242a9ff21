/* SPDX-License-Identifier: MIT */
/*
 * The registers of a virtio device on PCI, and its configuration space.
 *
 * The legacy interface is a range of I/O ports in base address register 0; the
 * modern one lies in memory, in base address register 4, where vendor
 * capabilities say.  The message table is in base address register 1.
 *
 * Source: OASIS "Virtual I/O Device (VIRTIO) Version 1.2", 4.1; PCI Local Bus
 * Specification, revision 3.0, 6.8.2 (MSI-X).
 */
#ifndef STORSYNC_HBA_SIM_DEVICES_VIRTIO_PCI_H
#define STORSYNC_HBA_SIM_DEVICES_VIRTIO_PCI_H

struct virtio_device;

#define VIRTIO_IO_BASE 0xc000u
#define VIRTIO_IO_BYTES 0x40u
#define VIRTIO_MSIX_BASE 0xd000u
#define VIRTIO_MSIX_BYTES 0x1000u
#define VIRTIO_MEMORY_BASE 0xe000u
#define VIRTIO_MEMORY_BYTES 0x1000u

#define VIRTIO_MSIX_BAR 1
#define VIRTIO_MEMORY_BAR 4

/* Offsets in those two. */
#define VIRTIO_MSIX_PENDING 0x800u
#define VIRTIO_MEMORY_COMMON 0x000u
#define VIRTIO_MEMORY_ISR 0x100u
#define VIRTIO_MEMORY_DEVICE 0x200u
#define VIRTIO_MEMORY_NOTIFY 0x300u
#define VIRTIO_NOTIFY_MULTIPLIER 4u

/* Configuration space and register ranges of a device whose line, messages and queues are set up.  0 or -errno. */
int virtio_pci_init(struct virtio_device *device);

#endif
