/* SPDX-License-Identifier: MIT */
/*
 * Memory that is the miniport's at times: pool, SRB extensions, the device extension.
 *
 * Each has pages of its own, which are filled with a pattern and made inaccessible
 * when they are not the miniport's.  An access is then a signal, which becomes a
 * finding at the instruction that did it; the page is opened, and the instruction goes on.
 * What no region explains goes to whoever handled the signal before.
 */
#define _GNU_SOURCE
#include "hba_sim/port/verifier_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#define PATTERN 0xd5
#define REGIONS_MAX 65536u

static struct sigaction before;

static size_t pages(size_t bytes)
{
	return (bytes + VERIFIED_PAGE - 1) / VERIFIED_PAGE * VERIFIED_PAGE;
}

static const void *instruction(const void *context)
{
#if defined(__x86_64__)
	return (const void *)((const ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
	return (const void *)((const ucontext_t *)context)->uc_mcontext.pc;
#else
	return NULL;
#endif
}

static struct verified_region *region_at(struct verifier *verifier, const unsigned char *address)
{
	size_t regions = atomic_load_explicit(&verifier->regions, memory_order_seq_cst);

	for (size_t i = 0; i < regions; i++) {
		struct verified_region *region = verifier->region[i];

		if ((size_t)(address - region->base) < region->bytes)
			return region;
	}
	return NULL;
}

/* Another thread may have opened it since: then the instruction does better the second time. */
static bool explain(const unsigned char *address, const void *context)
{
	struct verifier *verifier = verifier_running;
	struct verified_region *region = verifier && verifier->region ? region_at(verifier, address) : NULL;
	enum verifier_rule rule;

	if (!region)
		return false;
	rule = region->rule;
	if (rule == VERIFIER_POOL_FREED && !atomic_load_explicit(&region->taken, memory_order_seq_cst))
		rule = VERIFIER_POOL_OVERRUN;
	verifier_found(verifier, rule, verified_function(instruction(context)), "");
	if (rule == VERIFIER_POOL_OVERRUN)
		return mprotect(region->base, region->bytes, PROT_READ | PROT_WRITE) == 0;
	verified_give_back(region);
	return true;
}

/* A crash of the miniport's own: where it was is more than the signal says. */
static void tell(const unsigned char *address, const void *context)
{
	struct verifier_finding at = { .pc = instruction(context) };
	const struct sim_cpu *cpu = sim_cpu_self();
	char place[320];

	if (!verified_self.depth)
		return;
	verifier_place(&at, place, sizeof(place));
	fprintf(stderr, "storsync: verifier: %s accesses %p, which is no memory: in %s, cpu %u at IRQL %u\n", place, (const void *)address,
		verified_callback_name(verified_origin()), cpu ? cpu->index : 0, cpu ? sim_irql(cpu) : 0);
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
	if (explain(info->si_addr, context))
		return;
	tell(info->si_addr, context);
	/* The instruction is tried again, with nobody in between. */
	sigaction(signal, &before, NULL);
}

int verifier_memory_init(struct verifier *verifier)
{
	verifier->region = calloc(REGIONS_MAX, sizeof(*verifier->region));
	return verifier->region ? 0 : -ENOMEM;
}

void verifier_memory_watch(struct verifier *verifier)
{
	const struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER };

	verifier->watches = verifier->watches || sigaction(SIGSEGV, &action, &before) == 0;
}

void verifier_memory_fini(struct verifier *verifier)
{
	if (verifier->watches)
		sigaction(SIGSEGV, &before, NULL);
	for (size_t i = 0; i < verifier->regions; i++) {
		if (verifier->region[i]->rule == VERIFIER_POOL_FREED)
			munmap(verifier->region[i]->base, verifier->region[i]->bytes);
		free(verifier->region[i]);
	}
	free(verifier->region);
}

/*
 * Changing what is accessible may sleep in the kernel, and under thread delivery
 * a callback must not: the pattern has to do there, which shows what is written.
 */
static bool may_protect(void)
{
	const struct adapter *adapter = verifier_running ? verifier_running->adapter : NULL;

	return !adapter || adapter->machine->cpu[0].delivery != SYNC_THREAD;
}

static bool has_pattern(const struct verified_region *region)
{
	for (size_t i = 0; i < region->used; i++) {
		if (region->base[i] != PATTERN)
			return false;
	}
	return true;
}

void verified_take(struct verified_region *region)
{
	memset(region->base, PATTERN, region->used);
	atomic_store_explicit(&region->taken, true, memory_order_seq_cst);
	if (may_protect())
		mprotect(region->base, region->bytes, PROT_NONE);
}

void verified_give_back(struct verified_region *region)
{
	if (may_protect())
		mprotect(region->base, region->bytes, PROT_READ | PROT_WRITE);
	else if (atomic_load_explicit(&region->taken, memory_order_seq_cst) && !has_pattern(region))
		verifier_found(verifier_running, region->rule, verified_function(verifier_running->hw.HwStartIo), "");
	atomic_store_explicit(&region->taken, false, memory_order_seq_cst);
}

static struct verified_region *add(struct verifier *verifier, void *base, size_t bytes, size_t used, enum verifier_rule rule)
{
	struct verified_region *region = malloc(sizeof(*region));
	uint8_t irql = verifier_lock(verifier);
	size_t at = atomic_load_explicit(&verifier->regions, memory_order_seq_cst);

	if (region && at < REGIONS_MAX) {
		*region = (struct verified_region){ .base = base, .bytes = bytes, .used = used, .rule = rule };
		verifier->region[at] = region;
		atomic_store_explicit(&verifier->regions, at + 1, memory_order_seq_cst);
	} else {
		free(region);
		region = NULL;
	}
	verifier_unlock(verifier, irql);
	return region;
}

/* Aligned as any allocation is, and its end as near to the guard page as that lets it be.  Never used again once it is freed. */
void *verifier_pool_alloc(struct adapter *adapter, size_t bytes)
{
	size_t used = pages(bytes);
	unsigned char *base = mmap(NULL, used + VERIFIED_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (base == MAP_FAILED)
		return NULL;
	if (!add(adapter->verifier, base, used + VERIFIED_PAGE, used, VERIFIER_POOL_FREED)) {
		munmap(base, used + VERIFIED_PAGE);
		return NULL;
	}
	mprotect(base + used, VERIFIED_PAGE, PROT_NONE);
	return base + (used - (bytes + 15) / 16 * 16);
}

void verifier_pool_free(struct adapter *adapter, void *pool, const void *caller)
{
	struct verified_region *region = region_at(adapter->verifier, pool);

	if (region && region->rule == VERIFIER_POOL_FREED && !atomic_load_explicit(&region->taken, memory_order_seq_cst))
		verified_take(region);
	else
		verifier_found(adapter->verifier, VERIFIER_POOL_BAD_FREE, verified_caller(caller), "StorPortFreePool");
}

void *verifier_alloc_extension(struct adapter *adapter, size_t header_bytes, size_t bytes)
{
	unsigned char *base = sim_phys_alloc(&adapter->machine->phys, VERIFIED_PAGE + pages(bytes), VERIFIED_PAGE);

	if (!base || !add(adapter->verifier, base + VERIFIED_PAGE, pages(bytes), pages(bytes), VERIFIER_EXTENSION_FREED))
		return NULL;
	return base + VERIFIED_PAGE - header_bytes;
}

/* At the end of its page, aligned as the port's own are. */
void *verifier_alloc_srb_extension(struct adapter *adapter, struct port_request *request, size_t bytes)
{
	unsigned char *base = sim_phys_alloc(&adapter->machine->phys, pages(bytes), VERIFIED_PAGE);

	if (!base)
		return NULL;
	request->verified.extension = add(adapter->verifier, base, pages(bytes), pages(bytes), VERIFIER_SRB_EXTENSION_FREED);
	if (!request->verified.extension)
		return NULL;
	request->verified.next = adapter->verifier->requests;
	adapter->verifier->requests = request;
	return base;
}

static bool armed(const struct adapter *adapter)
{
	for (unsigned c = 0; c < adapter->machine->cpus; c++) {
		const struct adapter_cpu *acpu = &adapter->cpu[c];

		if (acpu->timer.cpu && acpu->timer_generation == atomic_load_explicit(&adapter->timer_generation, memory_order_seq_cst))
			return true;
	}
	return false;
}

static void found_armed(struct adapter *adapter, PHW_TIMER_EX routine)
{
	verifier_found(adapter->verifier, VERIFIER_TIMER_AFTER_STOP, verified_function(routine), "");
}

/* What is left behind, and from here on the device extension is no more. */
void verifier_detach(struct adapter *adapter)
{
	struct verifier *verifier = adapter->verifier;

	if (armed(adapter))
		verifier_found(verifier, VERIFIER_TIMER_AFTER_STOP, verifier->timer_place, "");
	port_timers_for_armed(adapter, found_armed);
	for (unsigned i = 0; i < verifier->dpcs; i++) {
		if (atomic_load_explicit(&((struct sim_dpc *)&verifier->dpc[i].dpc->Dpc)->queued, memory_order_seq_cst))
			verifier_found(verifier, VERIFIER_DPC_AFTER_STOP, verified_function(verifier->dpc[i].routine), "");
	}
	atomic_store_explicit(&verifier->stopped, true, memory_order_seq_cst);
	for (size_t i = 0; i < verifier->regions; i++) {
		if (verifier->region[i]->rule == VERIFIER_EXTENSION_FREED && !atomic_load_explicit(&verifier->region[i]->taken, memory_order_seq_cst))
			verified_take(verifier->region[i]);
	}
}
