/* SPDX-License-Identifier: MIT */
/* The schedule, execution and interrupts of virtio devices; see virtio_device.h. */
#include "hba_sim/devices/virtio_device.h"

#include "hba_sim/devices/virtio_faults.h"
#include "hba_sim/devices/virtio_vector.h"

/* Completions executed in one go before the schedule is looked at again; a bit each in struct batch. */
#define BATCH 64

struct batch {
	struct due_entry entry[BATCH];
	unsigned count;
	uint64_t resets;    /* of the device, when it was popped */
	uint64_t published; /* a bit for each entry that is in the used ring */
	uint32_t queues;    /* a bit for each queue of theirs whose driver wants an interrupt; of these: */
	uint64_t due[VIRTIO_QUEUES_MAX];       /* when the first one was due */
	unsigned completed[VIRTIO_QUEUES_MAX]; /* how many they are */
};

void virtio_device_protocol_error(struct virtio_device *device)
{
	/* relaxed: a counter, and a flag that orders nothing */
	atomic_fetch_add_explicit(&device->protocol_errors, 1, memory_order_relaxed);
	atomic_fetch_or_explicit(&device->status, VIRTIO_STATUS_NEEDS_RESET, memory_order_relaxed);
}

/* --- interrupts go out --- */

static uint64_t isr_bit(unsigned cpu)
{
	return UINT64_C(1) << cpu;
}

/* The line goes up towards the CPU that finds the status register empty. */
static bool raise_line(struct virtio_device *device, struct virtio_vector *vector)
{
	/*
	 * ORD virtio_isr:A acq_rel, pairs with virtio_isr:B: a CPU that reads the bit
	 * out of the register sees every used entry published before.  It is written
	 * even when the line is up already, for that reason.
	 */
	return !atomic_fetch_or_explicit(&device->isr, isr_bit(vector->target->index), memory_order_acq_rel);
}

/* A message is sent once, until the CPU takes it; what is masked waits in its pending bit. */
static bool send_message(struct virtio_vector *vector, uint64_t due)
{
	if (!vector->masked)
		return !is_up(vector);
	if (!vector->held)
		vector->waiting_since = due;
	vector->held = true;
	return false;
}

/*
 * The one place where an interrupt is raised, for completions whose earliest was
 * due at `due`.  The line: by its CPU, under either lock; a message: under kick_lock.
 */
static void raise_interrupt(struct virtio_device *device, struct virtio_vector *vector, uint64_t due)
{
	bool raised;

	if (__builtin_expect(device->faults != NULL, 0) && virtio_faults_interrupt(vector))
		return;
	raised = vector->is_message ? send_message(vector, due) : raise_line(device, vector);
	if (!raised)
		return;
	set_up_or_down(vector, true);
	vector->asserted_at = due;
	vector->interrupts++;
	if (vector->is_message)
		irq_pin_schedule(vector->line, vector->target, due);
}

/* What waits is reported now. */
static void end_wait(struct virtio_device *device, struct virtio_vector *vector)
{
	vector->waiting = 0;
	raise_interrupt(device, vector, vector->waiting_since);
}

/* Completions are published, the first of which was due at `due`: interrupt, or let them wait for more. */
static void announce(struct virtio_device *device, struct virtio_vector *vector, uint64_t due, unsigned completed, uint64_t now)
{
	unsigned enough = device->params.coalesce_count;

	if (__builtin_expect(!device->coalesces || vector->held, 1)) {
		raise_interrupt(device, vector, due);
		return;
	}
	if (!vector->waiting || due < vector->waiting_since)
		vector->waiting_since = due;
	vector->waiting += completed;
	if ((enough && vector->waiting >= enough) || coalesced_until(vector) <= now)
		end_wait(device, vector);
	else if (vector->is_message)
		irq_pin_schedule(vector->line, vector->target, coalesced_until(vector));
}

static void announce_by_line(struct virtio_device *device, struct virtio_vector *vector, const struct batch *batch, uint64_t now)
{
	uint64_t due = SIM_NEVER;
	unsigned completed = 0;

	for (uint32_t queues = batch->queues; queues; queues &= queues - 1) {
		unsigned q = (unsigned)__builtin_ctz(queues);

		completed += batch->completed[q];
		if (batch->due[q] < due)
			due = batch->due[q];
	}
	if (due != SIM_NEVER)
		announce(device, vector, due, completed, now);
}

/* Each queue by its own message, whichever CPU has published it. */
static void announce_by_messages(struct virtio_device *device, const struct batch *batch, uint64_t now)
{
	model_lock_acquire(&device->kick_lock);
	for (uint32_t queues = batch->queues; queues && device->resets == batch->resets; queues &= queues - 1) {
		unsigned q = (unsigned)__builtin_ctz(queues);
		struct virtio_vector *message = message_of(device, q);

		if (message)
			announce(device, message, batch->due[q], batch->completed[q], now);
	}
	model_lock_release(&device->kick_lock);
}

/* --- requests are done --- */

static int answer(struct virtio_device *device, unsigned queue, struct virtqueue_chain *chain, uint32_t *written_bytes, bool *dropped)
{
	enum virtio_faults_outcome outcome;

	if (__builtin_expect(!device->faults, 1))
		return device->kind->execute(device, queue, chain, written_bytes);
	outcome = virtio_faults_execute(device, queue, chain, written_bytes);
	*dropped = outcome == VIRTIO_DROPPED;
	return outcome == VIRTIO_REFUSED ? 0 : device->kind->execute(device, queue, chain, written_bytes);
}

/* The one place where a request is executed.  Whether there is something in the used ring for it. */
static bool execute(struct virtio_device *device, const struct due_entry *entry)
{
	struct virtqueue *queue = &device->queue[entry->queue];
	struct virtqueue_chain chain;
	uint32_t written = 0;
	bool dropped = false;

	if (__builtin_expect(!virtqueue_is_up(queue), 0))
		return false;
	if (virtqueue_resolve(queue, &device->machine->phys, entry->head, &chain) ||
	    answer(device, entry->queue, &chain, &written, &dropped)) {
		virtio_device_protocol_error(device);
		return false;
	}
	if (dropped)
		return false;
	virtqueue_publish(queue, entry->head, written);
	return true;
}

/* When the one was due for which a driver that uses the event index wants an interrupt. */
static uint64_t event_due(const struct virtio_device *device, const struct batch *batch, unsigned q)
{
	unsigned nth = virtqueue_event(&device->queue[q], batch->completed[q]);

	for (unsigned i = 0; i < batch->count; i++) {
		if (batch->entry[i].queue == q && (batch->published >> i & 1) && nth-- == 0)
			return batch->entry[i].due;
	}
	return SIM_NEVER;
}

/* What is published is not always wanted. */
static void ask_drivers_wish(const struct virtio_device *device, struct batch *batch)
{
	/* See virtqueue_interrupt_suppressed. */
	atomic_thread_fence(memory_order_seq_cst);
	for (uint32_t queues = batch->queues; queues; queues &= queues - 1) {
		unsigned q = (unsigned)__builtin_ctz(queues);
		bool wanted = !device->queue[q].event_index && !virtqueue_interrupt_suppressed(&device->queue[q]);

		if (device->queue[q].event_index) {
			batch->due[q] = event_due(device, batch, q);
			wanted = batch->due[q] != SIM_NEVER;
		}
		if (!wanted)
			batch->queues &= ~(1u << q);
	}
}

static void note_completed(struct batch *batch, const struct due_entry *entry)
{
	if (!(batch->queues >> entry->queue & 1)) {
		batch->queues |= 1u << entry->queue;
		batch->due[entry->queue] = entry->due;
		batch->completed[entry->queue] = 0;
	}
	batch->completed[entry->queue]++;
}

/* Executes a batch; the device has forgotten it when it has been reset since. */
static void finish(struct virtio_device *device, struct virtio_vector *vector, struct sim_cpu *cpu, struct batch *batch, uint64_t now)
{
	batch->published = 0;
	batch->queues = 0;
	model_lock_acquire(&device->execute_lock);
	for (unsigned i = 0; i < batch->count && device->resets == batch->resets; i++) {
		const struct due_entry *entry = &batch->entry[i];

		/* Each may move a lot of data. */
		if (i)
			sim_see(cpu, stamp_now());
		if (!execute(device, entry))
			continue;
		batch->published |= UINT64_C(1) << i;
		note_completed(batch, entry);
	}
	ask_drivers_wish(device, batch);
	if (!device->pci.uses_messages)
		announce_by_line(device, vector, batch, now);
	model_lock_release(&device->execute_lock);
	if (device->pci.uses_messages)
		announce_by_messages(device, batch, now);
}

static void pop_due(struct virtio_vector *vector, uint64_t now, struct batch *batch)
{
	while (batch->count < BATCH && due_heap_first(&vector->pending) <= now)
		batch->entry[batch->count++] = due_heap_pop(&vector->pending);
}

/* Nothing more is due: what of the vector is next.  Under kick_lock. */
static void settle(struct virtio_device *device, struct virtio_vector *vector, uint64_t now)
{
	if (vector->waiting && coalesced_until(vector) <= now)
		end_wait(device, vector);
	reschedule(vector);
}

static inline bool has_due(const struct virtio_device *device, const struct virtio_vector *vector, uint64_t now)
{
	return due_heap_first(&vector->pending) <= now && !virtio_faults_is_silent(device);
}

/*
 * Whether the vector is up for what was published and nothing but its ISR can change that: the pin was due by now and
 * stays so, without another look at the schedule.  What else is due is found when the line is looked at again.
 */
static inline bool is_settled(const struct virtio_device *device, const struct virtio_vector *vector)
{
	return !vector->is_message && is_up(vector) && !vector->waiting && !device->faults;
}

/* Something is due.  Out of line, for its stack: most looks find nothing. */
static __attribute__((noinline)) void publish(struct virtio_device *device, struct virtio_vector *vector, struct sim_cpu *cpu, uint64_t now)
{
	struct batch batch;

	do {
		batch.resets = device->resets;
		batch.count = 0;
		pop_due(vector, now, &batch);
		model_lock_release(&device->kick_lock);
		finish(device, vector, cpu, &batch, now);
		vector->completions += batch.count;
		if (batch.count < BATCH && is_settled(device, vector))
			return;
		model_lock_acquire(&device->kick_lock);
	} while (has_due(device, vector, now));
	settle(device, vector, now);
	model_lock_release(&device->kick_lock);
}

static inline void publish_due(struct virtio_device *device, struct virtio_vector *vector, struct sim_cpu *cpu, uint64_t now)
{
	model_lock_acquire(&device->kick_lock);
	if (has_due(device, vector, now)) {
		publish(device, vector, cpu, now);
		return;
	}
	settle(device, vector, now);
	model_lock_release(&device->kick_lock);
}

/* The model's locks are held at IRQL_HIGH, so that no interrupt of this CPU wants them meanwhile. */
bool virtio_advance_line(void *source, struct sim_cpu *cpu, uint64_t now, uint64_t *asserted)
{
	struct virtio_device *device = source;
	struct virtio_vector *vector = &device->cpu[cpu->index];
	uint8_t irql = sim_raise(cpu, IRQL_HIGH);
	bool up;

	/* relaxed: only this CPU raises it towards itself, and being told late of a clearing elsewhere is harmless */
	if (is_up(vector) && !(atomic_load_explicit(&device->isr, memory_order_relaxed) & isr_bit(cpu->index)) &&
	    !(__builtin_expect(device->faults != NULL, 0) && virtio_faults_holds_up(vector)))
		set_up_or_down(vector, false);
	if (__builtin_expect(device->faults != NULL, 0))
		virtio_faults_advance(vector, now);
	publish_due(device, vector, cpu, now);
	*asserted = vector->asserted_at;
	up = is_up(vector);
	sim_restore(cpu, irql);
	return up;
}

bool virtio_advance_message(void *source, struct sim_cpu *cpu, uint64_t now, uint64_t *asserted)
{
	struct virtio_vector *vector = source;
	uint8_t irql = sim_raise(cpu, IRQL_HIGH);
	bool up;

	if (vector->device->faults)
		virtio_faults_advance(vector, now);
	publish_due(vector->device, vector, cpu, now);
	*asserted = vector->asserted_at;
	up = is_up(vector);
	sim_restore(cpu, irql);
	return up;
}

/* Whoever takes it looks at the used rings after this: what waits in them waits for no other interrupt. */
void virtio_acknowledge_message(void *source, struct sim_cpu *cpu)
{
	struct virtio_vector *vector = source;
	uint8_t irql = sim_raise(cpu, IRQL_HIGH);

	model_lock_acquire(&vector->device->kick_lock);
	set_up_or_down(vector, false);
	vector->waiting = 0;
	if (vector->device->faults)
		virtio_faults_acknowledged(vector);
	reschedule(vector);
	model_lock_release(&vector->device->kick_lock);
	sim_restore(cpu, irql);
}

/* --- taking them back, and keeping them back --- */

/* As when a message is taken: what is published so far is found by whoever reads the register. */
static void forget_waiting(struct virtio_device *device)
{
	uint8_t irql = sim_raise(sim_cpu_self(), IRQL_HIGH);

	stop_everything(device);
	for (unsigned c = 0; c < device->machine->cpus; c++)
		device->cpu[c].waiting = 0;
	go_on(device);
	sim_restore(sim_cpu_self(), irql);
}

uint8_t virtio_device_read_isr(struct virtio_device *device)
{
	/* ORD virtio_isr:B acq_rel, pairs with virtio_isr:A: see there. */
	uint64_t isr = atomic_exchange_explicit(&device->isr, 0, memory_order_acq_rel);

	if (isr && device->coalesces)
		forget_waiting(device);
	if (device->faults)
		return virtio_faults_read_isr(device, isr ? VIRTIO_ISR_QUEUE : 0);
	return isr ? VIRTIO_ISR_QUEUE : 0;
}

/* Under kick_lock, after either mask bit was written. */
static void update_mask(struct virtio_device *device, struct virtio_vector *vector)
{
	vector->masked = vector->entry_masked || device->function_masked;
	if (!vector->masked && vector->held) {
		vector->held = false;
		raise_interrupt(device, vector, vector->waiting_since);
	}
}

void virtio_device_mask(struct virtio_device *device, unsigned message, bool masked)
{
	model_lock_acquire(&device->kick_lock);
	device->message[message].entry_masked = masked;
	update_mask(device, &device->message[message]);
	model_lock_release(&device->kick_lock);
}

void virtio_device_mask_function(struct virtio_device *device, bool masked)
{
	model_lock_acquire(&device->kick_lock);
	device->function_masked = masked;
	for (unsigned m = 0; m < device->pci.messages; m++)
		update_mask(device, &device->message[m]);
	model_lock_release(&device->kick_lock);
}

bool virtio_device_is_held(const struct virtio_device *device, unsigned message)
{
	return device->message[message].held;
}
