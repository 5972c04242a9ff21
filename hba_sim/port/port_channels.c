/* SPDX-License-Identifier: MIT */
/*
 * Concurrent channels: StartIo's lock, or in its place a token a channel.  A CPU's channel is that of its number.
 *
 * Source: Microsoft's public DDI reference, PERF_CONFIGURATION_DATA (ConcurrentChannels).
 */
#include "hba_sim/port/port_internal.h"

void port_starts_acquire(struct adapter *adapter, struct sim_cpu *cpu)
{
	port_lock_acquire(&adapter->start_io_lock, cpu);
	for (unsigned c = 0; c < adapter->machine->cpus; c++)
		port_lock_acquire(&adapter->cpu[c].channel_token, cpu);
}

void port_starts_release(struct adapter *adapter)
{
	for (unsigned c = adapter->machine->cpus; c--;)
		port_lock_release(&adapter->cpu[c].channel_token);
	port_lock_release(&adapter->start_io_lock);
}

ULONG port_channel_of(const struct adapter *adapter, const struct sim_cpu *cpu)
{
	return cpu->index % adapter->channels;
}

void port_choose_start_locks(struct adapter *adapter)
{
	for (unsigned c = 0; c < adapter->machine->cpus; c++)
		adapter->cpu[c].start_lock = adapter->channels == 1 ? &adapter->start_io_lock :
								      &adapter->cpu[c % adapter->channels].channel_token;
}
