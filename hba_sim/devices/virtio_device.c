/* SPDX-License-Identifier: MIT */
/* Doorbells, the schedule, execution and interrupts of virtio devices; see virtio_device.h. */
#include "hba_sim/devices/virtio_device.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hba_sim/devices/virtio_faults.h"
#include "hba_sim/devices/virtio_pci.h"

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

static bool is_up(const struct virtio_vector *vector)
{
	/* relaxed: raised by the CPU itself; being told late of a reset elsewhere costs one look, or a spurious interrupt */
	return atomic_load_explicit(&vector->asserted, memory_order_relaxed);
}

static void set_up_or_down(struct virtio_vector *vector, bool up)
{
	/* relaxed: see is_up */
	atomic_store_explicit(&vector->asserted, up, memory_order_relaxed);
}

static uint64_t coalesced_until(const struct virtio_vector *vector)
{
	return vector->waiting ? vector->waiting_since + vector->device->params.coalesce_ticks : SIM_NEVER;
}

/* The pin's next event: the interrupt while it is asserted, else the next completion, or the end of a wait.  Under kick_lock. */
static void reschedule(struct virtio_vector *vector)
{
	uint64_t next = due_heap_first(&vector->pending);

	if (vector->waiting && coalesced_until(vector) < next)
		next = coalesced_until(vector);
	if (is_up(vector))
		next = vector->asserted_at;
	if (vector->device->faults)
		next = virtio_faults_next(vector, next);
	irq_pin_reschedule(vector->line, vector->target, next);
}

/* --- requests come in --- */

static unsigned route(struct virtio_device *device, const struct sim_cpu *cpu)
{
	unsigned cpus = device->machine->cpus;

	switch (device->params.routing) {
	case IRQ_ROUTING_OTHER:
		return (cpu->index + 1) % cpus;
	case IRQ_ROUTING_SPREAD:
		return device->spread_next++ % cpus;
	case IRQ_ROUTING_SAME:
		break;
	}
	return cpu->index;
}

/* The message of a queue; NULL when it has none. */
static struct virtio_vector *message_of(struct virtio_device *device, unsigned queue)
{
	uint16_t vector = device->setup[queue].vector;

	return vector < device->pci.messages ? &device->message[vector] : NULL;
}

/* A queue without a message is looked after by the CPU that rings: nobody is interrupted. */
static struct virtio_vector *vector_for(struct virtio_device *device, const struct sim_cpu *cpu, unsigned queue)
{
	struct virtio_vector *message;

	if (!device->pci.uses_messages)
		return &device->cpu[route(device, cpu)];
	message = message_of(device, queue);
	return message ? message : &device->cpu[cpu->index];
}

static void file_request(struct virtio_device *device, const struct sim_cpu *cpu, unsigned index, uint64_t now)
{
	struct due_entry entry = { .due = now + service_time_draw(&device->params.service, &device->rng),
				   .queue = (uint16_t)index,
				   .head = virtqueue_take(&device->queue[index]) };
	struct virtio_vector *vector = vector_for(device, cpu, index);

	if (device->faults)
		entry.due += virtio_faults_accept(device, vector, now);
	if (!due_heap_push(&vector->pending, entry)) {
		virtio_device_protocol_error(device);
		return;
	}
	irq_pin_schedule(vector->line, vector->target, entry.due);
}

void virtio_device_doorbell(struct virtio_device *device, struct sim_cpu *cpu, uint16_t index)
{
	uint64_t now = stamp_now();
	struct virtqueue *queue;
	int ready;

	if (index >= device->queues) {
		virtio_device_protocol_error(device);
		return;
	}
	if (device->ignored >> index & 1)
		return;
	queue = &device->queue[index];
	model_lock_acquire(&device->kick_lock);
	do {
		ready = virtqueue_available(queue);
		if (ready < 0)
			virtio_device_protocol_error(device);
		for (int n = ready; n > 0; n--)
			file_request(device, cpu, index, now);
	} while (ready >= 0 && queue->event_index && virtqueue_ask_doorbell(queue));
	model_lock_release(&device->kick_lock);
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

	if (device->faults && virtio_faults_interrupt(vector))
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

	if (!device->coalesces || vector->held) {
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
	enum virtio_faults_outcome outcome = device->faults ? virtio_faults_execute(device, queue, chain, written_bytes) : VIRTIO_EXECUTE;

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

	if (!virtqueue_is_up(queue))
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

static void publish_due(struct virtio_device *device, struct virtio_vector *vector, struct sim_cpu *cpu, uint64_t now)
{
	struct batch batch;

	do {
		model_lock_acquire(&device->kick_lock);
		batch.resets = device->resets;
		batch.count = 0;
		if (!virtio_faults_is_silent(device))
			pop_due(vector, now, &batch);
		if (!batch.count)
			settle(device, vector, now);
		model_lock_release(&device->kick_lock);
		if (batch.count)
			finish(device, vector, cpu, &batch, now);
		vector->completions += batch.count;
	} while (batch.count);
}

/* The model's locks are held at IRQL_HIGH, so that no interrupt of this CPU wants them meanwhile. */
static bool advance_line(void *source, struct sim_cpu *cpu, uint64_t now, uint64_t *asserted)
{
	struct virtio_device *device = source;
	struct virtio_vector *vector = &device->cpu[cpu->index];
	uint8_t irql = sim_raise(cpu, IRQL_HIGH);
	bool up;

	/* relaxed: only this CPU raises it towards itself, and being told late of a clearing elsewhere is harmless */
	if (is_up(vector) && !(atomic_load_explicit(&device->isr, memory_order_relaxed) & isr_bit(cpu->index)) &&
	    !(device->faults && virtio_faults_holds_up(vector)))
		set_up_or_down(vector, false);
	if (device->faults)
		virtio_faults_advance(vector, now);
	publish_due(device, vector, cpu, now);
	*asserted = vector->asserted_at;
	up = is_up(vector);
	sim_restore(cpu, irql);
	return up;
}

static bool advance_message(void *source, struct sim_cpu *cpu, uint64_t now, uint64_t *asserted)
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
static void acknowledge_message(void *source, struct sim_cpu *cpu)
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

/* --- registers --- */

/* Both locks: nothing is taken, executed or announced meanwhile. */
static void stop_everything(struct virtio_device *device)
{
	model_lock_acquire(&device->kick_lock);
	model_lock_acquire(&device->execute_lock);
}

static void go_on(struct virtio_device *device)
{
	model_lock_release(&device->execute_lock);
	model_lock_release(&device->kick_lock);
}

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

uint64_t virtio_device_features(const struct virtio_device *device)
{
	return device->kind->features | (device->params.event_index ? VIRTIO_F_EVENT_INDEX : 0) |
	       (device->params.indirect ? VIRTIO_F_INDIRECT : 0) |
	       (device->params.transport == DEVICE_LEGACY ? 0 : VIRTIO_F_VERSION_1);
}

void virtio_device_negotiate(struct virtio_device *device, uint64_t features)
{
	features &= virtio_device_features(device);
	stop_everything(device);
	for (unsigned q = 0; q < device->queues; q++) {
		device->queue[q].event_index = (features & VIRTIO_F_EVENT_INDEX) != 0;
		device->queue[q].indirect = (features & VIRTIO_F_INDIRECT) != 0;
	}
	go_on(device);
}

void virtio_device_set_pfn(struct virtio_device *device, uint16_t index, uint32_t pfn)
{
	int err = -EINVAL;

	stop_everything(device);
	if (index < device->queues)
		err = virtqueue_set_pfn(&device->queue[index], &device->machine->phys, pfn);
	go_on(device);
	if (err)
		virtio_device_protocol_error(device);
}

void virtio_device_enable_queue(struct virtio_device *device, uint16_t index)
{
	const struct virtio_queue_setup *setup = &device->setup[index];
	int err;

	stop_everything(device);
	err = virtqueue_set_addresses(&device->queue[index], &device->machine->phys, setup->desc, setup->avail, setup->used);
	go_on(device);
	if (err)
		virtio_device_protocol_error(device);
}

void virtio_device_set_vector(struct virtio_device *device, uint16_t index, uint16_t vector)
{
	model_lock_acquire(&device->kick_lock);
	device->setup[index].vector = vector < device->pci.messages ? vector : VIRTIO_NO_VECTOR;
	model_lock_release(&device->kick_lock);
}

void virtio_device_mask(struct virtio_device *device, unsigned message, bool masked)
{
	struct virtio_vector *vector = &device->message[message];

	model_lock_acquire(&device->kick_lock);
	vector->masked = masked;
	if (!masked && vector->held) {
		vector->held = false;
		raise_interrupt(device, vector, vector->waiting_since);
	}
	model_lock_release(&device->kick_lock);
}

bool virtio_device_is_held(const struct virtio_device *device, unsigned message)
{
	return device->message[message].held;
}

static void reset_vector(struct virtio_vector *vector)
{
	vector->pending.count = 0;
	vector->waiting = 0;
	vector->held = false;
	set_up_or_down(vector, false);
	reschedule(vector);
}

/* The message table is PCI's, and stays. */
void virtio_device_reset(struct virtio_device *device)
{
	stop_everything(device);
	device->resets++;
	if (device->faults)
		virtio_faults_reset(device);
	for (unsigned q = 0; q < device->queues; q++) {
		device->queue[q] = (struct virtqueue){ .size = device->setup[q].size };
		device->setup[q] = (struct virtio_queue_setup){ .size = device->setup[q].size, .vector = VIRTIO_NO_VECTOR };
	}
	for (unsigned c = 0; c < device->machine->cpus; c++)
		reset_vector(&device->cpu[c]);
	for (unsigned m = 0; m < device->pci.messages; m++)
		reset_vector(&device->message[m]);
	atomic_store_explicit(&device->status, 0, memory_order_relaxed);
	device->driver_features = 0;
	device->unknown_features = false;
	device->device_feature_select = 0;
	device->driver_feature_select = 0;
	device->queue_select = 0;
	device->config_vector = VIRTIO_NO_VECTOR;
	atomic_store_explicit(&device->isr, 0, memory_order_relaxed);
	go_on(device);
}

/* --- setting up --- */

static int init_vectors(struct virtio_device *device, struct virtio_vector **vectors, unsigned count)
{
	size_t bytes = count * sizeof(**vectors);
	int err = 0;

	if (!count)
		return 0;
	*vectors = aligned_alloc(SYNC_LINE_BYTES, bytes);
	if (!*vectors)
		return -ENOMEM;
	memset(*vectors, 0, bytes);
	for (unsigned i = 0; i < count; i++) {
		struct virtio_vector *vector = &(*vectors)[i];

		vector->device = device;
		vector->line = &device->pci.line;
		vector->target = &device->machine->cpu[i % device->machine->cpus];
		if (!err)
			err = due_heap_init(&vector->pending, 2 * DEVICE_QUEUE_SIZE * (device->queues - device->kind->requests));
	}
	return err;
}

static int init_line(struct virtio_device *device, uint8_t dirql)
{
	struct irq_line *line = &device->pci.line;

	line->name = device->kind->name;
	line->dirql = dirql;
	line->advance = advance_line;
	line->source = device;
	return irq_line_connect(device->machine, line);
}

/* Policy: entry m targets CPU m, in turn where there are fewer CPUs. */
static int init_messages(struct virtio_device *device, uint8_t dirql)
{
	unsigned messages = device->params.messages;
	unsigned shift = device->params.routing == IRQ_ROUTING_OTHER;
	int err = init_vectors(device, &device->message, messages);

	if (err || !messages)
		return err;
	device->pci.message = aligned_alloc(SYNC_LINE_BYTES, messages * sizeof(*device->pci.message));
	if (!device->pci.message)
		return -ENOMEM;
	memset(device->pci.message, 0, messages * sizeof(*device->pci.message));
	device->pci.messages = messages;
	for (unsigned m = 0; m < messages && !err; m++) {
		struct virtio_vector *vector = &device->message[m];
		struct irq_line *line = &device->pci.message[m];

		vector->is_message = true;
		vector->target = &device->machine->cpu[(m + shift) % device->machine->cpus];
		vector->line = line;
		line->name = device->kind->name;
		line->dirql = dirql;
		line->advance = advance_message;
		line->acknowledge = acknowledge_message;
		line->source = vector;
		err = irq_line_connect(device->machine, line);
	}
	return err;
}

static void init_queues(struct virtio_device *device, const struct virtio_kind *kind)
{
	unsigned requests = device->params.queues ? device->params.queues : 1;

	device->queues = kind->requests + requests;
	for (unsigned q = 0; q < device->queues; q++) {
		uint16_t size = q < kind->requests ? kind->other_size : DEVICE_QUEUE_SIZE;

		device->setup[q] = (struct virtio_queue_setup){ .size = size, .vector = VIRTIO_NO_VECTOR };
		device->queue[q].size = size;
	}
}

int virtio_device_init(struct virtio_device *device, struct sim_machine *machine, const struct device_params *params,
		       uint8_t dirql, const struct virtio_kind *kind, const void *config, size_t config_bytes)
{
	int err;

	memset(device, 0, sizeof(*device));
	if (machine->cpus > DEVICE_CPUS_MAX)
		return -ERANGE;
	if (device_refusal(params))
		return -EINVAL;
	device->machine = machine;
	device->params = *params;
	device->kind = kind;
	device->ignored = kind->ignored;
	device->rng = params->seed;
	device->faults = params->faults;
	device->coalesces = params->coalesce_ticks != 0;
	device->config_vector = VIRTIO_NO_VECTOR;
	device->config_bytes = (unsigned)config_bytes;
	memcpy(device->config, config, config_bytes);
	init_queues(device, kind);
	err = init_vectors(device, &device->cpu, machine->cpus);
	if (!err)
		err = init_line(device, dirql);
	if (!err)
		err = init_messages(device, dirql);
	if (!err)
		err = virtio_pci_init(device);
	if (err)
		virtio_device_fini(&device->pci);
	return err;
}

static void fini_vectors(struct virtio_vector **vectors, unsigned count)
{
	for (unsigned i = 0; *vectors && i < count; i++)
		due_heap_fini(&(*vectors)[i].pending);
	free(*vectors);
	*vectors = NULL;
}

void virtio_device_fini(struct sim_device *pci)
{
	struct virtio_device *device = virtio_device_of(pci);

	fini_vectors(&device->cpu, device->cpu ? device->machine->cpus : 0);
	fini_vectors(&device->message, device->params.messages);
	free(device->pci.message);
	device->pci.message = NULL;
	device->pci.messages = 0;
}

/* --- how it does --- */

static bool is_busy(const struct virtio_vector *vector, uint64_t now)
{
	uint64_t due = due_heap_first(&vector->pending);

	return (due != UINT64_MAX && due > now) || (vector->waiting && coalesced_until(vector) > now);
}

bool virtio_device_busy(struct sim_device *pci)
{
	struct virtio_device *device = virtio_device_of(pci);
	uint64_t now = stamp_now();
	bool busy = false;

	if (virtio_faults_is_silent(device))
		return false;
	model_lock_acquire(&device->kick_lock);
	for (unsigned c = 0; c < device->machine->cpus; c++)
		busy |= is_busy(&device->cpu[c], now);
	for (unsigned m = 0; m < device->pci.messages; m++)
		busy |= is_busy(&device->message[m], now);
	model_lock_release(&device->kick_lock);
	return busy;
}

unsigned virtio_device_lines_up(const struct sim_device *pci)
{
	const struct virtio_device *device = (const struct virtio_device *)pci;
	uint64_t isr = atomic_load_explicit(&device->isr, memory_order_relaxed);
	unsigned up = 0;

	for (unsigned c = 0; c < device->machine->cpus; c++)
		up += is_up(&device->cpu[c]) && (isr >> c & 1) && !virtio_faults_holds_up(&device->cpu[c]);
	for (unsigned m = 0; m < device->pci.messages; m++)
		up += is_up(&device->message[m]) && !virtio_faults_holds_up(&device->message[m]);
	return up;
}

uint64_t virtio_device_interrupts(const struct sim_device *pci)
{
	const struct virtio_device *device = (const struct virtio_device *)pci;
	uint64_t interrupts = 0;

	for (unsigned c = 0; c < device->machine->cpus; c++)
		interrupts += device->cpu[c].interrupts;
	for (unsigned m = 0; m < device->pci.messages; m++)
		interrupts += device->message[m].interrupts;
	return interrupts;
}

uint64_t virtio_device_protocol_errors(const struct sim_device *pci)
{
	/* relaxed: a counter */
	return atomic_load_explicit(&((const struct virtio_device *)pci)->protocol_errors, memory_order_relaxed);
}

void virtio_device_serve_in(struct sim_device *pci, uint64_t ticks)
{
	virtio_device_of(pci)->params.service.first = ticks;
}

static void dump_vector(const struct virtio_vector *vector, const char *name, unsigned index, FILE *out)
{
	fprintf(out, "  %s %s %u towards cpu %u: %u in the device, %s, raised %" PRIu64 " times", vector->device->kind->name, name, index,
		vector->target->index, vector->pending.count, is_up(vector) ? "up" : "down", vector->interrupts);
	if (vector->waiting)
		fprintf(out, ", %u completions wait for their interrupt", vector->waiting);
	fprintf(out, "%s%s\n", vector->masked ? ", masked" : "", vector->held ? ", pending" : "");
}

void virtio_device_dump(const struct sim_device *pci, FILE *out)
{
	const struct virtio_device *device = (const struct virtio_device *)pci;
	const char *name = device->kind->name;

	/* relaxed: a glance */
	if (virtio_faults_is_silent(device))
		fprintf(out, "  %s: %s\n", name, virtio_faults_is_gone(device) ? "removed" : "answers nothing until it is reset");
	fprintf(out, "  %s: status 0x%02x, isr 0x%" PRIx64 ", protocol errors %" PRIu64 "\n", name,
		atomic_load_explicit(&device->status, memory_order_relaxed),
		atomic_load_explicit(&device->isr, memory_order_relaxed),
		atomic_load_explicit(&device->protocol_errors, memory_order_relaxed));
	for (unsigned q = device->kind->requests; q < device->queues; q++)
		fprintf(out, "  %s: request queue %u taken %u, published %u\n", name, q - device->kind->requests,
			device->queue[q].taken, device->queue[q].published);
	for (unsigned c = 0; c < device->machine->cpus; c++)
		dump_vector(&device->cpu[c], "line", c, out);
	for (unsigned m = 0; m < device->pci.messages; m++)
		dump_vector(&device->message[m], "message", m, out);
}
