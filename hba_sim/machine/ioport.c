/* SPDX-License-Identifier: MIT */
/* I/O ports; see ioport.h. */
#include "hba_sim/machine/ioport.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>

#include "hba_sim/machine/machine.h"

#define PORT_SPACE 0x10000u

int sim_ioport_init(struct sim_ioport_map *map)
{
	void *window = mmap(NULL, PORT_SPACE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (window == MAP_FAILED)
		return -ENOMEM;
	*map = (struct sim_ioport_map){ .window = window };
	return 0;
}

void sim_ioport_fini(struct sim_ioport_map *map)
{
	if (map->window)
		munmap(map->window, PORT_SPACE);
	map->window = NULL;
}

int sim_ioport_register(struct sim_ioport_map *map, const struct sim_ioport_range *range)
{
	if (map->ranges == SIM_IOPORT_RANGES)
		return -ENOSPC;
	if (range->base >= PORT_SPACE || !range->length || range->length > PORT_SPACE - range->base)
		return -EINVAL;
	for (unsigned i = 0; i < map->ranges; i++) {
		const struct sim_ioport_range *other = &map->range[i];

		if (range->base < other->base + other->length && other->base < range->base + range->length)
			return -EEXIST;
	}
	map->range[map->ranges++] = *range;
	return 0;
}

void *sim_ioport_address(const struct sim_ioport_map *map, uint32_t port)
{
	return map->window + port;
}

static const struct sim_ioport_range *find(const struct sim_ioport_map *map, const void *address, uint32_t *offset)
{
	uintptr_t port = (uintptr_t)address - (uintptr_t)map->window;
	const struct sim_ioport_range *end = &map->range[map->ranges];

	for (const struct sim_ioport_range *range = map->range; range != end; range++) {
		uintptr_t at = port - range->base;

		if (at < range->length) {
			*offset = (uint32_t)at;
			return range;
		}
	}
	return NULL;
}

uint32_t sim_ioport_read(struct sim_cpu *cpu, const void *address, unsigned bytes)
{
	uint32_t offset;
	const struct sim_ioport_range *range = find(&cpu->machine->ioports, address, &offset);

	return range ? range->ops->read(range->device, cpu, offset, bytes) : UINT32_MAX >> (32 - 8 * bytes);
}

void sim_ioport_write(struct sim_cpu *cpu, void *address, unsigned bytes, uint32_t value)
{
	uint32_t offset;
	const struct sim_ioport_range *range = find(&cpu->machine->ioports, address, &offset);

	if (range)
		range->ops->write(range->device, cpu, offset, bytes, value);
}
