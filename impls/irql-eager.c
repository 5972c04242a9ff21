/* SPDX-License-Identifier: MIT */
/*
 * irql-eager: a spin lock whose raise and lower each write a register.
 *
 * On x64 the level is the CPU's task priority register, CR8: a caller writes it
 * on the way in and on the way out, whether or not an interrupt comes.  Beside
 * `spinlock` it shows what that costs, beside `irql-lazy` what a level in memory
 * saves.  The ISR's own level comes with its interrupt, for every back end
 * alike, so service() writes none.
 *
 * The register's store orders more than the lock needs.
 *
 * Source: AMD64 Architecture Programmer's Manual volume 2, on external interrupt
 * priorities and CR8; Microsoft's driver documentation, "Managing Hardware
 * Priorities", on IRQLs.
 */
#include "impls/contract.h"
#include "impls/spin_word.h"

struct irql_eager {
	struct spin_word word;
	uint8_t dirql;
};

static int irql_eager_init(void *state, const struct sync_config *config)
{
	struct irql_eager *lock = state;

	atomic_init(&lock->word.held, 0);
	lock->dirql = config->dirql;
	return 0;
}

static inline void irql_eager_enter(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct irql_eager *lock = state;

	hold->irql = sync_raise_register(cpu, lock->dirql);
	spin_word_acquire(&lock->word, cpu);
}

static inline void irql_eager_leave(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct irql_eager *lock = state;

	spin_word_release(&lock->word);
	sync_lower_register(cpu, hold->irql);
}

static int irql_eager_service(void *state, struct sim_cpu *cpu, sync_isr *isr, void *extension, uint32_t message)
{
	struct irql_eager *lock = state;
	int answer;

	spin_word_acquire(&lock->word, cpu);
	answer = isr(extension, message);
	spin_word_release(&lock->word);
	return answer;
}

SYNC_GATE_OPERATIONS(irql_eager)

const struct sync_backend sync_backend_irql_eager = {
	.name = "irql-eager",
	.summary = "spin lock whose raise and lower write a register each time, as x64's CR8",
	.source = "AMD64 APM volume 2, CR8; Microsoft, Managing Hardware Priorities",
	.isr_progress = SYNC_ISR_BLOCKING,
	.deliveries = SYNC_ANY_DELIVERY,
	.lock_bytes = sizeof(struct irql_eager),
	.init = irql_eager_init,
	SYNC_OPERATIONS(irql_eager),
};
