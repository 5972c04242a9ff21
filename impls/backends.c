/* SPDX-License-Identifier: MIT */
/* The list of back ends; see backends.h. */
#include "impls/backends.h"

#include <string.h>

#define BACKEND(name) extern const struct sync_backend sync_backend_##name;
#include "impls/backends.def"
#undef BACKEND

#define BACKEND(name) &sync_backend_##name,
const struct sync_backend *const sync_backends[] = {
#include "impls/backends.def"
};
#undef BACKEND

const size_t sync_backend_count = sizeof(sync_backends) / sizeof(sync_backends[0]);

const struct sync_backend *sync_backend_find(const char *name)
{
	for (size_t i = 0; i < sync_backend_count; i++) {
		if (strcmp(sync_backends[i]->name, name) == 0)
			return sync_backends[i];
	}
	return NULL;
}

const char *sync_backend_refusal(const struct sync_backend *backend, unsigned cpus, enum sync_delivery delivery)
{
	if ((backend->capabilities & SYNC_ONE_CPU) && cpus > 1)
		return "it excludes an ISR on the caller's own CPU only, so it needs a single CPU";
	if (!(backend->deliveries & delivery))
		return "it does not declare this delivery";
	return backend->unavailable ? backend->unavailable() : NULL;
}
