/* SPDX-License-Identifier: MIT */
/*
 * biased: a lock biased to the ISR; callers pay for both by membarrier(2).
 *
 * An ISR marks itself inside by a plain store and looks whether the bias is
 * revoked: Dekker's handshake with no fence, since the fence is the caller's.
 * A caller excludes the other callers, revokes, has membarrier(2) order what
 * every CPU did before and does after, and waits for the ISRs inside.  The
 * system call interrupts the other CPUs that run this process and does not sleep:
 * microseconds, each section.
 *
 * ISRs do not exclude each other here: the controller runs the ISR of one line
 * once at a time.  So a section that several vectors share is refused.
 *
 * Source: N. Vasudevan, K. S. Namjoshi and S. A. Edwards, "Simple and Fast Biased
 * Locks", PACT 2010; the fence on one side: membarrier(2).
 */
#include <errno.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "impls/contract.h"
#include "impls/spin_word.h"

struct biased_flag {
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint32_t) inside;
};

struct biased {
	struct spin_word callers;
	/* Apart from the callers' word: every ISR reads what follows, and waiting callers write the word. */
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint32_t) revoked;
	uint8_t dirql;
	unsigned cpus;
	struct biased_flag *flag; /* one for each CPU */
};

static int membarrier(int command)
{
	return (int)syscall(SYS_membarrier, command, 0, 0);
}

static const char *biased_unavailable(void)
{
	int commands = membarrier(MEMBARRIER_CMD_QUERY);

	if (commands < 0 || !(commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED))
		return "this kernel has no membarrier(2) with MEMBARRIER_CMD_PRIVATE_EXPEDITED (Linux 4.14)";
	return NULL;
}

static int biased_init(void *state, const struct sync_config *config)
{
	struct biased *lock = state;

	if (membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED))
		return -errno;
	lock->flag = aligned_alloc(SYNC_LINE_BYTES, config->cpus * sizeof(*lock->flag));
	if (!lock->flag)
		return -ENOMEM;
	for (unsigned i = 0; i < config->cpus; i++)
		atomic_init(&lock->flag[i].inside, 0);
	atomic_init(&lock->callers.held, 0);
	atomic_init(&lock->revoked, 0);
	lock->dirql = config->dirql;
	lock->cpus = config->cpus;
	return 0;
}

static void biased_fini(void *state)
{
	struct biased *lock = state;

	free(lock->flag);
}

/*
 * At DIRQL, so the caller's own CPU is not inside.  An ISR that finds the bias
 * revoked takes its mark back before it waits, so this always ends.
 */
static inline void biased_revoke(struct biased *lock, struct sim_cpu *cpu)
{
	/* ORD biased:A relaxed, pairs with biased:D: membarrier orders it; an ISR that misses it has its mark seen below. */
	atomic_store_explicit(&lock->revoked, 1, memory_order_relaxed);
	sync_slow_begin(cpu);
	/* A failure would be silent corruption; registered, it can only fail where the kernel lost the command. */
	if (__builtin_expect(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED), 0))
		abort();
	sync_slow_end(cpu);
	for (unsigned i = 0; i < lock->cpus; i++) {
		/* ORD biased:B acquire, pairs with biased:C and biased:E and biased:H: the section sees all that the ISR did. */
		while (atomic_load_explicit(&lock->flag[i].inside, memory_order_acquire))
			sync_relax(cpu);
	}
}

static inline void biased_enter(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct biased *lock = state;

	hold->irql = sync_raise(cpu, lock->dirql);
	spin_word_acquire(&lock->callers, cpu);
	biased_revoke(lock, cpu);
}

static inline void biased_leave(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct biased *lock = state;

	/* ORD biased:F release, pairs with biased:D and biased:G: an ISR that sees it sees the section's stores. */
	atomic_store_explicit(&lock->revoked, 0, memory_order_release);
	spin_word_release(&lock->callers);
	sync_lower(cpu, hold->irql);
}

/* The mark first, then the look, in program order; membarrier makes that the order which callers see. */
static inline bool biased_try(struct biased *lock, struct biased_flag *me)
{
	/* ORD biased:C relaxed, pairs with biased:B: membarrier orders it. */
	atomic_store_explicit(&me->inside, 1, memory_order_relaxed);
	/* seq_cst, for the compiler alone: the CPU's part is membarrier's */
	atomic_signal_fence(memory_order_seq_cst);
	/* ORD biased:D acquire, pairs with biased:A and biased:F: not revoked means that the section before is over. */
	return !atomic_load_explicit(&lock->revoked, memory_order_acquire);
}

static SYNC_WAITING_PATH void biased_wait(struct biased *lock, struct biased_flag *me, struct sim_cpu *cpu)
{
	do {
		/* ORD biased:H release, pairs with biased:B: nothing was done under this mark, but by the ISRs before. */
		atomic_store_explicit(&me->inside, 0, memory_order_release);
		/* ORD biased:G acquire, pairs with biased:F: stronger than needed, as biased:D decides. */
		while (atomic_load_explicit(&lock->revoked, memory_order_acquire))
			sync_relax(cpu);
	} while (!biased_try(lock, me));
}

static int biased_service(void *state, struct sim_cpu *cpu, sync_isr *isr, void *extension, uint32_t message)
{
	struct biased *lock = state;
	struct biased_flag *me = &lock->flag[sync_cpu_index(cpu)];
	int answer;

	if (__builtin_expect(!biased_try(lock, me), 0))
		biased_wait(lock, me, cpu);
	answer = isr(extension, message);
	/* ORD biased:E release, pairs with biased:B: see there. */
	atomic_store_explicit(&me->inside, 0, memory_order_release);
	return answer;
}

SYNC_GATE_OPERATIONS(biased)

const struct sync_backend sync_backend_biased = {
	.name = "biased",
	.summary = "a lock biased to the ISR, which has no fence; a caller pays a membarrier(2)",
	.source = "Vasudevan, Namjoshi and Edwards, PACT 2010; membarrier(2)",
	.isr_progress = SYNC_ISR_BLOCKING,
	.capabilities = SYNC_CALLS_OS | SYNC_ONE_VECTOR,
	.deliveries = SYNC_ANY_DELIVERY,
	.lock_bytes = sizeof(struct biased),
	.unavailable = biased_unavailable,
	.init = biased_init,
	.fini = biased_fini,
	SYNC_OPERATIONS(biased),
};
