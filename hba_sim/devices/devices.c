/* SPDX-License-Identifier: MIT */
/* The list of device models; see devices.h. */
#include "hba_sim/devices/devices.h"

#include <errno.h>
#include <string.h>

#define DEVICE(name) extern const struct device_model device_model_##name;
#include "hba_sim/devices/devices.def"
#undef DEVICE

#define DEVICE(name) &device_model_##name,
const struct device_model *const device_models[] = {
#include "hba_sim/devices/devices.def"
};
#undef DEVICE

const size_t device_model_count = sizeof(device_models) / sizeof(device_models[0]);

static const char *const transport_names[] = {
	[DEVICE_LEGACY] = "legacy",
	[DEVICE_MODERN] = "modern",
	[DEVICE_TRANSITIONAL] = "transitional",
};

const struct device_model *device_model_find(const char *name)
{
	for (size_t i = 0; i < device_model_count; i++) {
		if (strcmp(device_models[i]->name, name) == 0)
			return device_models[i];
	}
	return NULL;
}

const char *device_transport_name(enum device_transport transport)
{
	return transport_names[transport];
}

int device_transport_find(const char *name, enum device_transport *transport)
{
	for (unsigned i = 0; i < sizeof(transport_names) / sizeof(transport_names[0]); i++) {
		if (strcmp(transport_names[i], name) == 0) {
			*transport = (enum device_transport)i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *device_refusal(const struct device_params *params)
{
	if (params->queues > DEVICE_QUEUES_MAX)
		return "a device has 8 request queues at most";
	if (params->messages > DEVICE_MESSAGES_MAX)
		return "a device offers 16 messages at most";
	if (params->messages && params->routing == IRQ_ROUTING_SPREAD)
		return "a message has one target CPU; use --routing same or other, or --vectors 0";
	if (params->coalesce_count != 1 && params->coalesce_count && !params->coalesce_ticks)
		return "coalescing by count alone never reports a last lone completion; give --coalesce-time as well";
	if (params->coalesce_count == 1 && params->coalesce_ticks)
		return "with a count of 1 every completion interrupts at once; use --coalesce-count 2 or more, or 0 for the time alone";
	return NULL;
}
