/* SPDX-License-Identifier: MIT */
/* Faults of virtio devices; see virtio_faults.h. */
#include "hba_sim/devices/virtio_faults.h"

static void set_condition(struct virtio_device *device, enum virtio_condition condition)
{
	/* relaxed: see virtio_faults_is_silent */
	atomic_store_explicit(&device->condition, condition, memory_order_relaxed);
}

/* The interrupt comes at `now` by itself, for the driver to find so in the status register; under the kick lock. */
static void interrupt_again(struct virtio_vector *vector, uint64_t now, bool is_of_queue)
{
	/* relaxed, both: the CPU that acts on it is told by the pin */
	atomic_store_explicit(&vector->again_is_of_queue, is_of_queue, memory_order_relaxed);
	atomic_store_explicit(&vector->again_at, now, memory_order_relaxed);
	irq_pin_schedule(vector->line, vector->target, now);
}

/* 2.1.2: it says that it needs a reset, and that its configuration has changed. */
static void ask_for_reset(struct virtio_device *device, struct virtio_vector *vector, uint64_t now)
{
	set_condition(device, VIRTIO_NEEDS_RESET);
	/* relaxed, all: registers, which order nothing */
	atomic_fetch_or_explicit(&device->status, VIRTIO_STATUS_NEEDS_RESET, memory_order_relaxed);
	atomic_fetch_add_explicit(&device->config_generation, 1, memory_order_relaxed);
	if (!device->pci.uses_messages) {
		atomic_store_explicit(&device->config_changed, true, memory_order_relaxed);
		interrupt_again(vector, now, false);
	} else if (device->config_vector < device->pci.messages) {
		interrupt_again(&device->message[device->config_vector], now, false);
	}
}

uint64_t virtio_faults_accept(struct virtio_device *device, struct virtio_vector *vector, uint64_t now)
{
	struct faults *faults = device->faults;
	uint64_t longer = 0;

	/* What is broken already breaks no more. */
	if (virtio_faults_is_silent(device))
		return 0;
	if (faults_strike(faults, FAULT_SPURIOUS, now))
		interrupt_again(vector, now, false);
	if (faults_strike(faults, FAULT_SLOW, now))
		longer = faults_ticks(faults, FAULT_SLOW);
	/* What tells them apart is what the host does about it. */
	if (faults_strike(faults, FAULT_REMOVE, now) || faults_strike(faults, FAULT_SURPRISE, now))
		set_condition(device, VIRTIO_GONE);
	else if (faults_strike(faults, FAULT_RESET, now))
		ask_for_reset(device, vector, now);
	else if (faults_strike(faults, FAULT_HANG, now))
		set_condition(device, VIRTIO_HANGS);
	return longer;
}

static bool refuses(struct virtio_device *device, enum fault_kind kind, struct virtqueue_chain *chain, uint32_t *written_bytes,
		    uint64_t now)
{
	/* A chain that is no request, or has no such answer, is for the kind to judge. */
	return faults_strike(device->faults, kind, now) && device->kind->refuse(chain, kind, written_bytes) == 0;
}

enum virtio_faults_outcome virtio_faults_execute(struct virtio_device *device, unsigned queue, struct virtqueue_chain *chain,
						 uint32_t *written_bytes)
{
	uint64_t now = stamp_now();

	if (queue < device->kind->requests)
		return VIRTIO_EXECUTE;
	if (refuses(device, FAULT_ERROR, chain, written_bytes, now) || refuses(device, FAULT_BUSY, chain, written_bytes, now) ||
	    refuses(device, FAULT_FULL, chain, written_bytes, now))
		return VIRTIO_REFUSED;
	return faults_strike(device->faults, FAULT_DROP, now) ? VIRTIO_DROPPED : VIRTIO_EXECUTE;
}

bool virtio_faults_interrupt(struct virtio_vector *vector)
{
	struct virtio_device *device = vector->device;
	uint64_t now = stamp_now();

	if (faults_strike(device->faults, FAULT_LOST, now))
		return true;
	/* relaxed, both: acted upon when it is acknowledged, now or the next time */
	if (faults_strike(device->faults, FAULT_DUPLICATE, now))
		atomic_store_explicit(&vector->comes_twice, true, memory_order_relaxed);
	if (faults_strike(device->faults, FAULT_STORM, now))
		atomic_store_explicit(&device->storm_until, now + faults_ticks(device->faults, FAULT_STORM), memory_order_relaxed);
	return false;
}

static void take_down(struct virtio_vector *vector)
{
	/* relaxed, all: by the CPU that it targets */
	atomic_store_explicit(&vector->again_at, 0, memory_order_relaxed);
	atomic_store_explicit(&vector->phantom, false, memory_order_relaxed);
	atomic_store_explicit(&vector->asserted, false, memory_order_relaxed);
}

/* A masked message stays in its pending bit. */
static bool waits_for_its_mask(struct virtio_vector *vector, uint64_t at)
{
	bool masked;

	model_lock_acquire(&vector->device->kick_lock);
	masked = vector->masked;
	if (masked && !vector->held)
		vector->waiting_since = at;
	vector->held |= masked;
	model_lock_release(&vector->device->kick_lock);
	return masked;
}

void virtio_faults_advance(struct virtio_vector *vector, uint64_t now)
{
	struct virtio_device *device = vector->device;
	/* relaxed, all: see take_down; a stamp that comes meanwhile comes with a schedule of the pin */
	uint64_t at = atomic_load_explicit(&vector->again_at, memory_order_relaxed);

	if (virtio_faults_is_gone(device)) {
		take_down(vector);
		return;
	}
	if (!at || at > now || !atomic_compare_exchange_strong_explicit(&vector->again_at, &at, 0, memory_order_relaxed, memory_order_relaxed))
		return;
	if (!vector->is_message && atomic_load_explicit(&vector->again_is_of_queue, memory_order_relaxed))
		atomic_fetch_or_explicit(&device->isr, UINT64_C(1) << vector->target->index, memory_order_relaxed);
	if (vector->is_message && waits_for_its_mask(vector, at))
		return;
	atomic_store_explicit(&vector->phantom, true, memory_order_relaxed);
	atomic_store_explicit(&vector->asserted, true, memory_order_relaxed);
	vector->asserted_at = at;
	vector->interrupts++;
}

uint64_t virtio_faults_next(const struct virtio_vector *vector, uint64_t next)
{
	/* relaxed: under the kick lock */
	uint64_t again = atomic_load_explicit(&vector->again_at, memory_order_relaxed);

	if (virtio_faults_is_silent(vector->device) && !atomic_load_explicit(&vector->asserted, memory_order_relaxed))
		next = SIM_NEVER;
	return again && again < next ? again : next;
}

bool virtio_faults_holds_up(const struct virtio_vector *vector)
{
	/* relaxed: being told late is an interrupt more */
	return atomic_load_explicit(&vector->phantom, memory_order_relaxed);
}

void virtio_faults_acknowledged(struct virtio_vector *vector)
{
	uint64_t now = stamp_now();

	/* relaxed, all: under the kick lock, or flags of which each is acted upon once */
	atomic_store_explicit(&vector->phantom, false, memory_order_relaxed);
	if (atomic_exchange_explicit(&vector->comes_twice, false, memory_order_relaxed) ||
	    now < atomic_load_explicit(&vector->device->storm_until, memory_order_relaxed))
		interrupt_again(vector, now, true);
}

uint8_t virtio_faults_read_isr(struct virtio_device *device, uint8_t bits)
{
	struct sim_cpu *self = sim_cpu_self();
	uint8_t irql = sim_raise(self, IRQL_HIGH);

	model_lock_acquire(&device->kick_lock);
	/* relaxed: a flag; the bits of queues were ordered by whoever read them */
	if (atomic_exchange_explicit(&device->config_changed, false, memory_order_relaxed))
		bits |= VIRTIO_ISR_CONFIG;
	virtio_faults_acknowledged(&device->cpu[self->serving_for]);
	model_lock_release(&device->kick_lock);
	sim_restore(self, irql);
	return bits;
}

static void reset_vector(struct virtio_vector *vector)
{
	/* relaxed, all: nobody raises anything while it is reset */
	atomic_store_explicit(&vector->again_at, 0, memory_order_relaxed);
	atomic_store_explicit(&vector->phantom, false, memory_order_relaxed);
	atomic_store_explicit(&vector->comes_twice, false, memory_order_relaxed);
}

void virtio_faults_reset(struct virtio_device *device)
{
	set_condition(device, VIRTIO_WORKS);
	/* relaxed, both: as for its vectors */
	atomic_store_explicit(&device->config_changed, false, memory_order_relaxed);
	atomic_store_explicit(&device->storm_until, 0, memory_order_relaxed);
	for (unsigned c = 0; c < device->machine->cpus; c++)
		reset_vector(&device->cpu[c]);
	for (unsigned m = 0; m < device->pci.messages; m++)
		reset_vector(&device->message[m]);
}
