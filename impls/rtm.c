/* SPDX-License-Identifier: MIT */
/*
 * rtm: lock elision by restricted transactional memory.
 *
 * Callers and the ISR run in a transaction that has read the spin lock as free,
 * so that two that touch different data are inside at the same time, and whoever
 * conflicts is undone and tries again.  After a few attempts the spin lock
 * is taken, whose store aborts every transaction that has read it: then the
 * section is as exclusive as any.
 *
 * The IRQL is raised outside the transaction, which an interrupt would abort.
 * What a section prints, maps or writes to a device aborts it too: such a section
 * is run under the lock, for the price of one attempt more.
 *
 * Source: Intel SDM volume 1, "Programming with Intel Transactional
 * Synchronization Extensions"; R. Rajwar and J. R. Goodman, "Speculative Lock
 * Elision: Enabling Highly Concurrent Multithreaded Execution", MICRO 2001.
 */
#include "impls/contract.h"
#include "impls/rtm_instructions.h"
#include "impls/spin_word.h"

/* Transactions of one acquire, at most, before the lock. */
#define RTM_ATTEMPTS 4
/* What a transaction aborts with that finds the lock held. */
#define RTM_LOCK_HELD 0xff
/* Empty transactions, of which one must commit. */
#define RTM_PROBES 256

/* hold->word of a section that runs in a transaction; one under the lock has 0 */
#define RTM_ELIDED 1

struct rtm {
	/* Read by every transaction, so that nothing else that is written may be near. */
	_Alignas(SYNC_LINE_BYTES) struct spin_word word;
	_Alignas(SYNC_LINE_BYTES) uint8_t dirql;
};

static const char *rtm_unavailable(void)
{
#if defined(__SANITIZE_THREAD__)
	return "ThreadSanitizer does not know transactions";
#endif
	if (!rtm_in_cpuid())
		return "this CPU has no RTM (CPUID leaf 7, EBX bit 11)";
	for (unsigned i = 0; i < RTM_PROBES; i++) {
		if (rtm_begin() == RTM_STARTED) {
			rtm_end();
			return NULL;
		}
	}
	return "this CPU aborts every transaction, as microcode that disables RTM does";
}

static int rtm_init(void *state, const struct sync_config *config)
{
	struct rtm *lock = state;

	atomic_init(&lock->word.held, 0);
	lock->dirql = config->dirql;
	return 0;
}

/* Whether the aborted transaction is worth another attempt. */
static SYNC_WAITING_PATH bool rtm_retries(struct rtm *lock, struct sim_cpu *cpu, uint32_t status)
{
	if (!(status & RTM_EXPLICIT))
		return status & RTM_RETRY;
	/* relaxed: only waits; the next transaction looks itself */
	while (atomic_load_explicit(&lock->word.held, memory_order_relaxed))
		sync_relax(cpu);
	return true;
}

static inline void rtm_acquire(struct rtm *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	for (unsigned attempt = 0; attempt < RTM_ATTEMPTS; attempt++) {
		uint32_t status = rtm_begin();

		if (__builtin_expect(status == RTM_STARTED, 1)) {
			/* ORD rtm:A acquire, pairs with spin_word:B: free means that whoever held it before is through. */
			if (__builtin_expect(!atomic_load_explicit(&lock->word.held, memory_order_acquire), 1)) {
				hold->word = RTM_ELIDED;
				return;
			}
			rtm_abort(RTM_LOCK_HELD);
		}
		if (!rtm_retries(lock, cpu, status))
			break;
	}
	spin_word_acquire(&lock->word, cpu);
	hold->word = 0;
}

static inline void rtm_release(struct rtm *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	if (__builtin_expect(hold->word == RTM_ELIDED, 1))
		rtm_end();
	else
		spin_word_release(&lock->word);
}

SYNC_LOCK_OPERATIONS(rtm, struct rtm, rtm_acquire, rtm_release)

const struct sync_backend sync_backend_rtm = {
	.name = "rtm",
	.summary = "spin lock elided by a hardware transaction, taken when that aborts too often",
	.source = "Intel SDM volume 1, TSX; Rajwar and Goodman, MICRO 2001",
	.isr_progress = SYNC_ISR_BLOCKING,
	.deliveries = SYNC_ANY_DELIVERY,
	.lock_bytes = sizeof(struct rtm),
	.unavailable = rtm_unavailable,
	.init = rtm_init,
	SYNC_OPERATIONS(rtm),
};
