/* SPDX-License-Identifier: MIT */
/* The table of families; see family.h. */
#include "bench/explain/family.h"

#include <stddef.h>
#include <string.h>

#include "bench/explain/explain.h"
#include "impls/backends.h"

#define MASKED PART_BIT(PART_MASKED)
#define ACQUIRE PART_BIT(PART_ACQUIRE)

static const struct family families[] = {
	{ "rcu-memb rcu-bp", 0, true, MASKED,
	  "an ISR that comes while the gate is closed is deferred until the caller has opened it, so it is kept out for the "
	  "caller's grace period and its section",
	  "each call closes the gate and then waits for a grace period, made with membarrier(2), which interrupts every CPU that "
	  "runs",
	  "impls/rcu_gate.h" },
	{ "rcu-mb rcu-qsbr", 0, true, MASKED,
	  "an ISR that comes while the gate is closed is deferred until the caller has opened it, so it is kept out for the "
	  "caller's grace period and its section",
	  "each call closes the gate and then waits for a grace period, until every ISR that had found it open has left",
	  "impls/rcu_gate.h" },
	{ "biased", 0, true, MASKED | ACQUIRE,
	  "a caller that has revoked the bias keeps the ISR out while membarrier(2) is on its way",
	  "each call makes the system call membarrier(2), which interrupts the other CPUs, and then waits for the ISRs inside",
	  "impls/biased.c" },
	{ "irqmask", 0, true, MASKED, "an ISR that comes while the vector is masked stays pending until the caller unmasks it",
	  "each call excludes the other callers, masks the vector at the controller, and waits until no CPU is in its ISR",
	  "impls/irqmask.c" },
	{ "irqmask-lazy", 0, true, MASKED,
	  "an ISR that comes while the gate is closed is deferred until the caller has opened it",
	  "each call excludes the other callers, closes the gate, and waits until no CPU is in its ISR", "impls/irqmask-lazy.c" },
	{ "irqmask-local", 0, true, MASKED, "an interrupt is kept out by the IRQL for a section, and by nothing else", NULL,
	  "impls/irqmask-local.c" },
	{ "icpp", 0, true, MASKED, "an interrupt is kept out by the ceiling for a section, and by nothing else", NULL,
	  "impls/icpp.c" },
	{ "cli", 0, false, MASKED,
	  "callers and the handler have every interrupt of their CPU off, while they wait for the lock, too",
	  "a waiter spins for a lock that is not first come, first served", "impls/cli.c" },
	{ "irql-eager", 0, false, 0, NULL, "each call writes a register-like word to raise the level, and again to lower it",
	  "impls/irql-eager.c" },
	{ "irql-lazy", 0, false, MASKED,
	  "an interrupt that meets a raised level masks the line at the controller and is deferred until that CPU lowers its "
	  "level",
	  NULL, "impls/irql-lazy.c" },
	{ "flat-combining", 0, false, MASKED | ACQUIRE, "a combiner stays at DIRQL for the sections of the others, too",
	  "a call waits until a combiner has run it, or until it is the combiner itself", "impls/flat-combining.c" },
	{ "ccsynch", 0, false, MASKED | ACQUIRE, "a combiner stays at DIRQL for the sections of the others, too",
	  "a call waits until the CPU at the head of the queue has run it, or until it is at the head itself",
	  "impls/ccsynch.c" },
	{ "handover", 0, true, MASKED | ACQUIRE | PART_BIT(PART_DELIVERY),
	  "an ISR that finds the section busy is left with whoever is inside, and runs when that one leaves", NULL,
	  "impls/handover.c" },
	{ "cohort", 0, false, ACQUIRE, "the lock is passed on within a NUMA node, a bounded number of times, while others wait",
	  "the lock is passed on within a NUMA node, a bounded number of times, while others wait", "impls/cohort.c" },
	{ "ttas-backoff", 0, false, ACQUIRE,
	  "whoever loses a race for the lock stays away for a random time, twice as long after each further loss",
	  "whoever loses a race for the lock stays away for a random time, twice as long after each further loss",
	  "impls/ttas-backoff.c" },
	{ "mutex-none mutex-inherit mutex-protect", 0, true, ACQUIRE,
	  "an ISR's thread that meets a holder sleeps in the operating system until it is woken",
	  "a caller that meets a holder sleeps in the operating system until it is woken", "impls/pthread_mutex.h" },
	{ "rtm", 0, false, ACQUIRE, "a section whose transaction aborts too often is run under a spin lock, after its attempts",
	  "a section whose transaction aborts too often is run under a spin lock, after its attempts", "impls/rtm.c" },
	{ "spinlock", 0, false, ACQUIRE, "a waiter spins, and who gets the lock next is not decided by who came first",
	  "a waiter spins, and who gets the lock next is not decided by who came first", "impls/spinlock.c" },
	/* What is not named, by what it declares. */
	{ "", SYNC_PEER, false, 0, NULL, "this is another project's lock; how it waits is for its own sources to say",
	  "impls/peers/peer.h" },
	{ "", SYNC_FIFO, false, ACQUIRE,
	  "whoever leaves passes access to the one that has waited longest, and nobody may overtake",
	  "whoever leaves passes access to the one that has waited longest, and nobody may overtake", "impls/contract.h" },
};

static bool is_listed(const char *list, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = list; (at = strstr(at, name)); at += length) {
		if ((at == list || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
			return true;
	}
	return false;
}

const struct family *family_of(const char *name)
{
	const struct sync_backend *backend = sync_backend_find(name);

	for (size_t i = 0; backend && i < sizeof(families) / sizeof(families[0]); i++) {
		const struct family *family = &families[i];

		if (family->capabilities ? (backend->capabilities & family->capabilities) == family->capabilities
					 : is_listed(family->backends, name))
			return family;
	}
	return NULL;
}
