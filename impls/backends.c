/* SPDX-License-Identifier: MIT */
/* The list of back ends; see backends.h. */
#include "impls/backends.h"

#include <string.h>

#include "hba_sim/machine/delivery.h"

#define BACKEND(name) extern const struct sync_backend sync_backend_##name;
#define PEER(name) extern const struct sync_peer sync_peer_##name;
#include "impls/backends.def"
#undef BACKEND
#undef PEER

#define BACKEND(name) &sync_backend_##name,
#define PEER(name) &sync_peer_##name.backend,
const struct sync_backend *const sync_backends[] = {
#include "impls/backends.def"
};
#undef BACKEND
#undef PEER

#define BACKEND(name)
#define PEER(name) &sync_peer_##name,
const struct sync_peer *const sync_peers[] = {
#include "impls/backends.def"
};
#undef BACKEND
#undef PEER

const size_t sync_backend_count = sizeof(sync_backends) / sizeof(sync_backends[0]);
const size_t sync_peer_count = sizeof(sync_peers) / sizeof(sync_peers[0]);

const struct sync_backend *sync_backend_find(const char *name)
{
	for (size_t i = 0; i < sync_backend_count; i++) {
		if (strcmp(sync_backends[i]->name, name) == 0)
			return sync_backends[i];
	}
	return NULL;
}

static const struct {
	enum sync_delivery delivery;
	const char *name;
} deliveries[] = { { SYNC_POLL, "poll" }, { SYNC_SIGNAL, "signal" }, { SYNC_THREAD, "thread" } };

const char *sync_delivery_name(enum sync_delivery delivery)
{
	for (size_t i = 0; i < sizeof(deliveries) / sizeof(deliveries[0]); i++) {
		if (deliveries[i].delivery == delivery)
			return deliveries[i].name;
	}
	return NULL;
}

enum sync_delivery sync_delivery_find(const char *name)
{
	for (size_t i = 0; i < sizeof(deliveries) / sizeof(deliveries[0]); i++) {
		if (strcmp(deliveries[i].name, name) == 0)
			return deliveries[i].delivery;
	}
	return 0;
}

bool sync_backend_is_meant(const struct sync_backend *backend, const char *item)
{
	if (strcmp(item, "all") == 0)
		return !sync_backend_is_broken(backend) && !sync_backend_is_peer(backend);
	if (strcmp(item, "all-peers") == 0)
		return sync_backend_is_peer(backend);
	if (strcmp(item, "all-broken") == 0)
		return sync_backend_is_broken(backend);
	return strcmp(item, backend->name) == 0;
}

const char *sync_backend_refusal(const struct sync_backend *backend, unsigned cpus, enum sync_delivery delivery)
{
	const char *unavailable;

	if ((backend->capabilities & SYNC_ONE_CPU) && cpus > 1)
		return "it excludes an ISR on the caller's own CPU only, so it needs a single CPU";
	if (!(backend->deliveries & delivery))
		return "it does not declare this delivery";
	unavailable = backend->unavailable ? backend->unavailable() : NULL;
	return unavailable ? unavailable : sim_delivery_unavailable(delivery);
}

const char *sync_backend_oversubscription_refusal(const struct sync_backend *backend, enum sync_delivery delivery)
{
	if (delivery == SYNC_THREAD)
		return "under thread delivery each simulated CPU needs a core of its own, on which its threads nest";
	if (sync_backend_spins_unseen(backend))
		return "a waiter spins as its project wrote it and never gives a shared core away";
	return NULL;
}
