/* SPDX-License-Identifier: MIT */
/*
 * The performance options: which ones there are, and what a miniport has switched on.
 *
 * Policies: what an option needs beside it and has not, and numbers that are out of range, are
 * STOR_STATUS_INVALID_PARAMETER, and nothing is switched on then; STOR_PERF_OPTIMIZE_FOR_COMPLETION_DURING_STARTIO
 * is accepted and changes nothing, as a completion never waits for a start here;
 * STOR_PERF_NO_SGL is unknown.
 *
 * Source: Microsoft's public DDI reference, StorPortInitializePerfOpts,
 * PERF_CONFIGURATION_DATA and StorPortGetStartIoPerfParams.
 */
#include "hba_sim/port/port_internal.h"
#include "hba_sim/port/verifier_hooks.h"

/* The flags that a version of the structure has. */
static ULONG flags_of_version(ULONG version)
{
	ULONG flags = STOR_PERF_DPC_REDIRECTION | STOR_PERF_CONCURRENT_CHANNELS | STOR_PERF_INTERRUPT_MESSAGE_RANGES;

	if (version >= STOR_PERF_VERSION_3)
		flags |= STOR_PERF_ADV_CONFIG_LOCALITY | STOR_PERF_OPTIMIZE_FOR_COMPLETION_DURING_STARTIO;
	if (version >= STOR_PERF_VERSION_4)
		flags |= STOR_PERF_DPC_REDIRECTION_CURRENT_CPU;
	return flags;
}

static ULONG bytes_of_version(ULONG version)
{
	return version >= STOR_PERF_VERSION_3 ? sizeof(PERF_CONFIGURATION_DATA) : offsetof(PERF_CONFIGURATION_DATA, DeviceNode);
}

/* What this adapter can do of it. */
static ULONG supported(const struct adapter *adapter, ULONG version)
{
	ULONG flags = flags_of_version(version);

	if (adapter->config.channels <= 1)
		flags &= ~(ULONG)STOR_PERF_CONCURRENT_CHANNELS;
	if (!adapter->uses_messages)
		flags &= ~(ULONG)(STOR_PERF_INTERRUPT_MESSAGE_RANGES | STOR_PERF_ADV_CONFIG_LOCALITY);
	return flags;
}

static bool is_consistent(const struct adapter *adapter, const PERF_CONFIGURATION_DATA *data)
{
	const ULONG with_redirection = STOR_PERF_INTERRUPT_MESSAGE_RANGES | STOR_PERF_ADV_CONFIG_LOCALITY |
				       STOR_PERF_OPTIMIZE_FOR_COMPLETION_DURING_STARTIO | STOR_PERF_DPC_REDIRECTION_CURRENT_CPU;

	if ((data->Flags & with_redirection) && !(data->Flags & STOR_PERF_DPC_REDIRECTION))
		return false;
	if ((data->Flags & STOR_PERF_CONCURRENT_CHANNELS) &&
	    (!data->ConcurrentChannels || data->ConcurrentChannels > adapter->config.channels))
		return false;
	if ((data->Flags & STOR_PERF_INTERRUPT_MESSAGE_RANGES) &&
	    (data->FirstRedirectionMessageNumber > data->LastRedirectionMessageNumber ||
	     data->LastRedirectionMessageNumber >= adapter->vectors))
		return false;
	return !(data->Flags & STOR_PERF_ADV_CONFIG_LOCALITY) ||
	       ((data->Flags & STOR_PERF_INTERRUPT_MESSAGE_RANGES) && data->MessageTargets);
}

/* Where the messages of the range go: those of a CPU's requests to that CPU. */
static void fill_locality(const struct adapter *adapter, PERF_CONFIGURATION_DATA *data)
{
	ULONG messages = data->LastRedirectionMessageNumber - data->FirstRedirectionMessageNumber + 1;

	data->DeviceNode = 0;
	for (ULONG i = 0; i < messages; i++)
		data->MessageTargets[i] = (GROUP_AFFINITY){ .Mask = 0 };
	for (unsigned c = 0; c < adapter->machine->cpus && c < 64; c++)
		data->MessageTargets[c % messages].Mask |= (KAFFINITY)1 << c;
}

static void switch_on(struct adapter *adapter, PERF_CONFIGURATION_DATA *data)
{
	adapter->perf_flags |= data->Flags;
	if (data->Flags & STOR_PERF_DPC_REDIRECTION)
		adapter->sends_home = !(data->Flags & STOR_PERF_DPC_REDIRECTION_CURRENT_CPU);
	if (data->Flags & STOR_PERF_CONCURRENT_CHANNELS) {
		adapter->channels = data->ConcurrentChannels;
		port_choose_start_locks(adapter);
	}
	if (data->Flags & STOR_PERF_INTERRUPT_MESSAGE_RANGES) {
		adapter->first_message = data->FirstRedirectionMessageNumber;
		adapter->last_message = data->LastRedirectionMessageNumber;
	}
	if (data->Flags & STOR_PERF_ADV_CONFIG_LOCALITY)
		fill_locality(adapter, data);
}

ULONG StorPortInitializePerfOpts(PVOID HwDeviceExtension, BOOLEAN Query, PPERF_CONFIGURATION_DATA PerfConfigData)
{
	struct adapter *adapter;

	if (!HwDeviceExtension || !PerfConfigData || PerfConfigData->Size < bytes_of_version(PerfConfigData->Version))
		return STOR_STATUS_INVALID_PARAMETER;
	if (PerfConfigData->Version < STOR_PERF_VERSION_2 || PerfConfigData->Version > STOR_PERF_VERSION)
		return STOR_STATUS_UNSUPPORTED_VERSION;
	adapter = adapter_of(HwDeviceExtension);
	if (VERIFIED(adapter))
		verifier_called(adapter, CALL_INITIALIZE_PERF_OPTS, VERIFIED_CALLER);
	if (!adapter->initializing && !adapter->initializing_passively)
		return STOR_STATUS_UNSUCCESSFUL;
	if (Query) {
		PerfConfigData->Flags = supported(adapter, PerfConfigData->Version);
		PerfConfigData->ConcurrentChannels = adapter->config.channels;
		return STOR_STATUS_SUCCESS;
	}
	/* One channel can be had without their being offered. */
	if (PerfConfigData->Flags & ~(supported(adapter, PerfConfigData->Version) | STOR_PERF_CONCURRENT_CHANNELS))
		return STOR_STATUS_UNSUCCESSFUL;
	if (!is_consistent(adapter, PerfConfigData))
		return STOR_STATUS_INVALID_PARAMETER;
	switch_on(adapter, PerfConfigData);
	return STOR_STATUS_SUCCESS;
}

ULONG port_message_of(const struct adapter *adapter, const struct sim_cpu *cpu)
{
	if (!(adapter->perf_flags & STOR_PERF_INTERRUPT_MESSAGE_RANGES))
		return 0;
	return adapter->first_message + cpu->index % (adapter->last_message - adapter->first_message + 1);
}
