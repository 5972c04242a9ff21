/* SPDX-License-Identifier: MIT */
/*
 * I/O ports: ranges that devices register, accessed by address.
 *
 * A driver passes addresses, at times without an adapter, so ports have a
 * window of host addresses of their own in which nothing is mapped: an access
 * that bypasses the port functions faults at once.
 */
#ifndef STORSYNC_HBA_SIM_MACHINE_IOPORT_H
#define STORSYNC_HBA_SIM_MACHINE_IOPORT_H

#include <stdint.h>

#define SIM_IOPORT_RANGES 4

struct sim_cpu;

struct sim_ioport_ops {
	/* `bytes` is 1, 2 or 4; `offset` is within the range. */
	uint32_t (*read)(void *device, struct sim_cpu *cpu, uint32_t offset, unsigned bytes);
	void (*write)(void *device, struct sim_cpu *cpu, uint32_t offset, unsigned bytes, uint32_t value);
};

struct sim_ioport_range {
	uint32_t base;
	uint32_t length;
	const struct sim_ioport_ops *ops;
	void *device;
};

struct sim_ioport_map {
	unsigned char *window; /* host address of port 0 */
	unsigned ranges;
	struct sim_ioport_range range[SIM_IOPORT_RANGES];
};

/* 0 or -ENOMEM. */
int sim_ioport_init(struct sim_ioport_map *map);
void sim_ioport_fini(struct sim_ioport_map *map);

/* 0, -ENOSPC, -EINVAL (outside the 64 KiB of port space), -EEXIST (overlap). */
int sim_ioport_register(struct sim_ioport_map *map, const struct sim_ioport_range *range);

/* The window address of a port: what a driver gets as its mapped base. */
void *sim_ioport_address(const struct sim_ioport_map *map, uint32_t port);

/* Access by window address.  An address that no device answers reads as all ones; writes to it vanish. */
uint32_t sim_ioport_read(struct sim_cpu *cpu, const void *address, unsigned bytes);
void sim_ioport_write(struct sim_cpu *cpu, void *address, unsigned bytes, uint32_t value);

#endif
