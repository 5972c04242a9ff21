/* SPDX-License-Identifier: MIT */
/*
 * cli: everything masked on the own CPU, then a lock, on both sides.
 *
 * What a kernel does that has no interrupt levels: the caller disables all
 * interrupts and takes a spin lock, and so does the handler, which would
 * otherwise be preempted while others wait for it.  Nothing prolongs a section;
 * every device of this CPU pays for it, whatever its level.
 *
 * A handler that ran with its own level alone kept out would be right too.
 * That is `spinlock`.
 *
 * Source: Linux, Documentation/locking/spinlocks.rst, on spin_lock_irqsave();
 * CLI and STI: Intel SDM volume 2.
 */
#include "impls/contract.h"
#include "impls/spin_word.h"

struct cli {
	struct spin_word word;
};

static int cli_init(void *state, const struct sync_config *config)
{
	struct cli *lock = state;

	atomic_init(&lock->word.held, 0);
	return 0;
}

static inline void cli_enter(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct cli *lock = state;

	hold->irql = sync_raise(cpu, IRQL_HIGH);
	spin_word_acquire(&lock->word, cpu);
}

static inline void cli_leave(void *state, struct sim_cpu *cpu, struct sync_hold *hold)
{
	struct cli *lock = state;

	spin_word_release(&lock->word);
	sync_lower(cpu, hold->irql);
}

static int cli_service(void *state, struct sim_cpu *cpu, sync_isr *isr, void *extension, uint32_t message)
{
	struct sync_hold hold;
	int answer;

	cli_enter(state, cpu, &hold);
	answer = isr(extension, message);
	cli_leave(state, cpu, &hold);
	return answer;
}

SYNC_GATE_OPERATIONS(cli)

const struct sync_backend sync_backend_cli = {
	.name = "cli",
	.summary = "every interrupt of the CPU off, then a spin lock, as spin_lock_irqsave()",
	.source = "Linux, Documentation/locking/spinlocks.rst",
	.isr_progress = SYNC_ISR_BLOCKING,
	.capabilities = SYNC_MASKS_ALL,
	.deliveries = SYNC_ANY_DELIVERY,
	.lock_bytes = sizeof(struct cli),
	.init = cli_init,
	SYNC_OPERATIONS(cli),
};
