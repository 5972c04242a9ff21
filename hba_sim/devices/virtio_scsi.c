/* SPDX-License-Identifier: MIT */
/* The virtio SCSI host: registers, doorbells, completion; see virtio_scsi.h. */
#include "hba_sim/devices/virtio_scsi.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hba_sim/devices/virtio_scsi_execute.h"

/* Completions executed in one go before the schedule is looked at again. */
#define BATCH 64

static void protocol_error(struct virtio_scsi *device)
{
	/* relaxed: a counter, and a flag that orders nothing */
	atomic_fetch_add_explicit(&device->protocol_errors, 1, memory_order_relaxed);
	atomic_fetch_or_explicit(&device->status, VIRTIO_STATUS_NEEDS_RESET, memory_order_relaxed);
}

static unsigned route(struct virtio_scsi *device, const struct sim_cpu *cpu)
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

static bool line_is_up(const struct virtio_scsi_cpu *vcpu)
{
	/* relaxed: raised by the CPU itself; being told late of a reset elsewhere costs one look, or a spurious interrupt */
	return atomic_load_explicit(&vcpu->asserted, memory_order_relaxed);
}

static void set_line(struct virtio_scsi_cpu *vcpu, bool up)
{
	/* relaxed: see line_is_up */
	atomic_store_explicit(&vcpu->asserted, up, memory_order_relaxed);
}

/* The pin's next event: the line while it is up towards the CPU, else the next completion.  Under kick_lock. */
static void reschedule(struct virtio_scsi *device, unsigned target)
{
	struct virtio_scsi_cpu *vcpu = &device->cpu[target];
	uint64_t next = line_is_up(vcpu) ? vcpu->asserted_at : due_heap_first(&vcpu->pending);

	irq_pin_reschedule(&device->pci.line, &device->machine->cpu[target], next);
}

static void file_request(struct virtio_scsi *device, const struct sim_cpu *cpu, struct virtqueue *queue, uint64_t now)
{
	struct due_entry entry = { .due = now + service_time_draw(&device->params.service, &device->rng),
				   .queue = (uint16_t)(queue - device->queue),
				   .head = virtqueue_take(queue) };
	unsigned target = route(device, cpu);

	if (!due_heap_push(&device->cpu[target].pending, entry)) {
		protocol_error(device);
		return;
	}
	irq_pin_schedule(&device->pci.line, &device->machine->cpu[target], entry.due);
}

static void doorbell(struct virtio_scsi *device, struct sim_cpu *cpu, uint16_t index)
{
	uint64_t now = stamp_now();
	struct virtqueue *queue;
	int ready;

	if (index >= VIRTIO_SCSI_QUEUES) {
		protocol_error(device);
		return;
	}
	if (index == VIRTIO_SCSI_QUEUE_EVENT)
		return;
	queue = &device->queue[index];
	model_lock_acquire(&device->kick_lock);
	ready = virtqueue_available(queue);
	if (ready < 0)
		protocol_error(device);
	for (; ready > 0; ready--)
		file_request(device, cpu, queue, now);
	model_lock_release(&device->kick_lock);
}

/* Whether there is something in the used ring for it. */
static bool execute(struct virtio_scsi *device, const struct due_entry *entry)
{
	struct virtqueue *queue = &device->queue[entry->queue];
	uint32_t written = 0;

	if (!queue->pfn)
		return false;
	if (virtio_scsi_execute(device->params.target, queue, &device->machine->phys, entry, &written)) {
		protocol_error(device);
		return false;
	}
	virtqueue_publish(queue, entry->head, written);
	return true;
}

static uint64_t isr_bit(const struct sim_cpu *cpu)
{
	return UINT64_C(1) << cpu->index;
}

/* Raise the line for completions whose earliest was due at `due`. */
static void assert_line(struct virtio_scsi *device, const struct sim_cpu *cpu, uint64_t due)
{
	struct virtio_scsi_cpu *vcpu = &device->cpu[cpu->index];

	/*
	 * ORD virtio_isr:A acq_rel, pairs with virtio_isr:B: a CPU that reads the bit
	 * out of the register sees every used entry published before.  It is written
	 * even when the line is up already, for that reason.
	 */
	if (atomic_fetch_or_explicit(&device->isr, isr_bit(cpu), memory_order_acq_rel))
		return;
	set_line(vcpu, true);
	vcpu->asserted_at = due;
	vcpu->interrupts++;
}

/*
 * Executes a batch that was popped when the device had been reset `resets` times; it
 * has forgotten it when it has been reset since.
 */
static void finish(struct virtio_scsi *device, struct sim_cpu *cpu, const struct due_entry *batch, unsigned n,
		   uint64_t resets)
{
	uint64_t first_due[VIRTIO_SCSI_QUEUES] = { SIM_NEVER, SIM_NEVER, SIM_NEVER };
	uint64_t due = SIM_NEVER;

	model_lock_acquire(&device->execute_lock);
	for (unsigned i = 0; i < n && device->resets == resets; i++) {
		uint64_t *first = &first_due[batch[i].queue];

		/* Each may move a lot of data. */
		if (i)
			sim_see(cpu, stamp_now());
		if (execute(device, &batch[i]) && *first == SIM_NEVER)
			*first = batch[i].due;
	}
	/* See virtqueue_interrupt_suppressed. */
	atomic_thread_fence(memory_order_seq_cst);
	for (unsigned i = 0; i < VIRTIO_SCSI_QUEUES; i++) {
		if (first_due[i] < due && !virtqueue_interrupt_suppressed(&device->queue[i]))
			due = first_due[i];
	}
	if (due != SIM_NEVER)
		assert_line(device, cpu, due);
	model_lock_release(&device->execute_lock);
}

static unsigned pop_due(struct virtio_scsi_cpu *vcpu, uint64_t now, struct due_entry *batch)
{
	unsigned n = 0;

	while (n < BATCH && due_heap_first(&vcpu->pending) <= now)
		batch[n++] = due_heap_pop(&vcpu->pending);
	return n;
}

static bool advance_at_high(struct virtio_scsi *device, struct sim_cpu *cpu, uint64_t now, uint64_t *asserted)
{
	struct virtio_scsi_cpu *vcpu = &device->cpu[cpu->index];
	struct due_entry batch[BATCH];
	uint64_t resets;
	unsigned n;

	/* relaxed: only this CPU raises it towards itself, and being told late of a clearing elsewhere is harmless */
	if (line_is_up(vcpu) && !(atomic_load_explicit(&device->isr, memory_order_relaxed) & isr_bit(cpu)))
		set_line(vcpu, false);
	do {
		model_lock_acquire(&device->kick_lock);
		resets = device->resets;
		n = pop_due(vcpu, now, batch);
		if (!n)
			reschedule(device, cpu->index);
		model_lock_release(&device->kick_lock);
		if (n)
			finish(device, cpu, batch, n, resets);
		vcpu->completions += n;
	} while (n);
	*asserted = vcpu->asserted_at;
	return line_is_up(vcpu);
}

/* The model's locks are held at IRQL_HIGH, so that no interrupt of this CPU wants them meanwhile. */
static bool advance(void *source, struct sim_cpu *cpu, uint64_t now, uint64_t *asserted)
{
	uint8_t irql = sim_raise(cpu, IRQL_HIGH);
	bool up = advance_at_high(source, cpu, now, asserted);

	sim_restore(cpu, irql);
	return up;
}

static void reset(struct virtio_scsi *device)
{
	model_lock_acquire(&device->kick_lock);
	model_lock_acquire(&device->execute_lock);
	device->resets++;
	for (unsigned i = 0; i < VIRTIO_SCSI_QUEUES; i++)
		virtqueue_set_pfn(&device->queue[i], &device->machine->phys, 0);
	for (unsigned c = 0; c < device->machine->cpus; c++) {
		device->cpu[c].pending.count = 0;
		set_line(&device->cpu[c], false);
		reschedule(device, c);
	}
	atomic_store_explicit(&device->status, 0, memory_order_relaxed);
	device->guest_features = 0;
	device->queue_select = 0;
	atomic_store_explicit(&device->isr, 0, memory_order_relaxed);
	model_lock_release(&device->execute_lock);
	model_lock_release(&device->kick_lock);
}

static void set_queue(struct virtio_scsi *device, uint32_t pfn)
{
	int err = -EINVAL;

	model_lock_acquire(&device->kick_lock);
	model_lock_acquire(&device->execute_lock);
	if (device->queue_select < VIRTIO_SCSI_QUEUES)
		err = virtqueue_set_pfn(&device->queue[device->queue_select], &device->machine->phys, pfn);
	model_lock_release(&device->execute_lock);
	model_lock_release(&device->kick_lock);
	if (err)
		protocol_error(device);
}

static uint32_t read_device_config(uint32_t offset, unsigned bytes)
{
	const struct virtio_scsi_config config = {
		.num_queues = 1,
		.seg_max = VIRTQUEUE_SEGMENTS_MAX - 2,
		.max_sectors = 0xffff,
		.cmd_per_lun = VIRTIO_SCSI_QUEUE_SIZE / 4,
		.sense_size = VIRTIO_SCSI_SENSE_BYTES,
		.cdb_size = VIRTIO_SCSI_CDB_BYTES,
		/* All that can be addressed, as hypervisors say: drivers take both for numbers of units, or cut them to a byte. */
		.max_target = 255,
		.max_lun = 16383,
	};
	uint32_t value = 0;

	if (offset + bytes <= sizeof(config))
		memcpy(&value, (const char *)&config + offset, bytes);
	return value;
}

static uint32_t port_read(void *context, struct sim_cpu *cpu, uint32_t offset, unsigned bytes)
{
	struct virtio_scsi *device = context;
	const struct virtqueue *queue = NULL;

	if (device->queue_select < VIRTIO_SCSI_QUEUES)
		queue = &device->queue[device->queue_select];
	switch (offset) {
	case VIRTIO_PCI_HOST_FEATURES:
		return 0;
	case VIRTIO_PCI_GUEST_FEATURES:
		return device->guest_features;
	case VIRTIO_PCI_QUEUE_PFN:
		return queue ? queue->pfn : 0;
	case VIRTIO_PCI_QUEUE_SIZE:
		return queue ? queue->size : 0;
	case VIRTIO_PCI_QUEUE_SELECT:
		return device->queue_select;
	case VIRTIO_PCI_STATUS:
		return atomic_load_explicit(&device->status, memory_order_relaxed);
	case VIRTIO_PCI_ISR:
		/* ORD virtio_isr:B acq_rel, pairs with virtio_isr:A: see there. */
		return atomic_exchange_explicit(&device->isr, 0, memory_order_acq_rel) ? VIRTIO_ISR_QUEUE : 0;
	default:
		return offset >= VIRTIO_PCI_CONFIG ? read_device_config(offset - VIRTIO_PCI_CONFIG, bytes) : 0;
	}
}

static void write_register(struct virtio_scsi *device, struct sim_cpu *cpu, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case VIRTIO_PCI_GUEST_FEATURES:
		device->guest_features = value;
		break;
	case VIRTIO_PCI_QUEUE_PFN:
		set_queue(device, value);
		break;
	case VIRTIO_PCI_QUEUE_SELECT:
		device->queue_select = (uint16_t)value;
		break;
	case VIRTIO_PCI_QUEUE_NOTIFY:
		doorbell(device, cpu, (uint16_t)value);
		break;
	case VIRTIO_PCI_STATUS:
		if (!value)
			reset(device);
		else
			atomic_store_explicit(&device->status, (uint8_t)value, memory_order_relaxed);
		break;
	default:
		break;
	}
}

static void port_write(void *device, struct sim_cpu *cpu, uint32_t offset, unsigned bytes, uint32_t value)
{
	uint8_t irql = sim_raise(cpu, IRQL_HIGH);

	write_register(device, cpu, offset, value);
	sim_restore(cpu, irql);
}

/* A SCSI controller of virtio's vendor, INTx, one base address: 4.1.2 and 4.1.2.3. */
static void identify(struct virtio_scsi *device)
{
	struct sim_device *pci = &device->pci;

	pci->machine = device->machine;
	sim_pci_put16(pci, SIM_PCI_VENDOR, 0x1af4);
	sim_pci_put16(pci, SIM_PCI_DEVICE, 0x1004);
	sim_pci_put16(pci, SIM_PCI_COMMAND, SIM_PCI_COMMAND_MASTER);
	pci->config[SIM_PCI_CLASS] = 0x01;
	sim_pci_put16(pci, SIM_PCI_SUBSYSTEM_VENDOR, 0x1af4);
	sim_pci_put16(pci, SIM_PCI_SUBSYSTEM, 8);
	pci->config[SIM_PCI_INTERRUPT_LINE] = pci->line.dirql;
	pci->config[SIM_PCI_INTERRUPT_PIN] = 1;
	sim_pci_set_bar(pci, 0, (struct sim_bar){ .base = VIRTIO_SCSI_IO_BASE, .length = VIRTIO_SCSI_IO_BYTES });
}

static const struct sim_ioport_ops port_ops = { .read = port_read, .write = port_write };

static int init_cpus(struct virtio_scsi *device)
{
	unsigned cpus = device->machine->cpus;
	int err = 0;

	device->cpu = aligned_alloc(SYNC_LINE_BYTES, cpus * sizeof(*device->cpu));
	if (!device->cpu)
		return -ENOMEM;
	memset(device->cpu, 0, cpus * sizeof(*device->cpu));
	for (unsigned c = 0; c < cpus && !err; c++)
		err = due_heap_init(&device->cpu[c].pending, 2 * VIRTIO_SCSI_QUEUE_SIZE);
	return err;
}

int virtio_scsi_init(struct virtio_scsi *device, struct sim_machine *machine, const struct virtio_scsi_config_params *params,
		     uint8_t dirql)
{
	const struct sim_ioport_range ports = { .base = VIRTIO_SCSI_IO_BASE, .length = VIRTIO_SCSI_IO_BYTES,
						.ops = &port_ops, .device = device };
	int err;

	if (machine->cpus > VIRTIO_SCSI_CPUS_MAX)
		return -ERANGE;
	memset(device, 0, sizeof(*device));
	device->machine = machine;
	device->params = *params;
	device->rng = params->seed;
	for (unsigned i = 0; i < VIRTIO_SCSI_QUEUES; i++)
		device->queue[i].size = i == VIRTIO_SCSI_QUEUE_REQUEST ? VIRTIO_SCSI_QUEUE_SIZE : 64;
	err = init_cpus(device);
	if (err)
		goto fail;
	device->pci.line.name = "virtio-scsi";
	device->pci.line.dirql = dirql;
	device->pci.line.advance = advance;
	device->pci.line.source = device;
	identify(device);
	err = irq_line_connect(machine, &device->pci.line);
	if (err)
		goto fail;
	err = sim_ioport_register(&machine->ioports, &ports);
	if (err)
		goto fail;
	return 0;

fail:
	virtio_scsi_fini(device);
	return err;
}

void virtio_scsi_fini(struct virtio_scsi *device)
{
	for (unsigned c = 0; device->cpu && c < device->machine->cpus; c++)
		due_heap_fini(&device->cpu[c].pending);
	free(device->cpu);
	device->cpu = NULL;
}

bool virtio_scsi_busy(struct virtio_scsi *device)
{
	uint64_t now = stamp_now();
	bool busy = false;

	model_lock_acquire(&device->kick_lock);
	for (unsigned c = 0; c < device->machine->cpus; c++) {
		uint64_t due = due_heap_first(&device->cpu[c].pending);

		busy |= due != UINT64_MAX && due > now;
	}
	model_lock_release(&device->kick_lock);
	return busy;
}

unsigned virtio_scsi_lines_up(const struct virtio_scsi *device)
{
	uint64_t isr = atomic_load_explicit(&device->isr, memory_order_relaxed);
	unsigned up = 0;

	for (unsigned c = 0; c < device->machine->cpus; c++)
		up += line_is_up(&device->cpu[c]) && (isr >> c & 1);
	return up;
}

uint64_t virtio_scsi_interrupts(const struct virtio_scsi *device)
{
	uint64_t interrupts = 0;

	for (unsigned c = 0; c < device->machine->cpus; c++)
		interrupts += device->cpu[c].interrupts;
	return interrupts;
}

void virtio_scsi_dump(const struct virtio_scsi *device, FILE *out)
{
	const struct virtqueue *queue = &device->queue[VIRTIO_SCSI_QUEUE_REQUEST];

	/* relaxed: a glance */
	fprintf(out, "  virtio-scsi: status 0x%02x, isr 0x%" PRIx64 ", protocol errors %" PRIu64 "\n",
		atomic_load_explicit(&device->status, memory_order_relaxed),
		atomic_load_explicit(&device->isr, memory_order_relaxed),
		atomic_load_explicit(&device->protocol_errors, memory_order_relaxed));
	fprintf(out, "  virtio-scsi: request queue taken %u, published %u\n", queue->taken, queue->published);
	for (unsigned c = 0; c < device->machine->cpus; c++)
		fprintf(out, "  virtio-scsi towards cpu %u: %u in the device, line %s, raised %" PRIu64 " times\n", c,
			device->cpu[c].pending.count, line_is_up(&device->cpu[c]) ? "up" : "down", device->cpu[c].interrupts);
}
