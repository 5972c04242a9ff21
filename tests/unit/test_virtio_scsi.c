/* SPDX-License-Identifier: MIT */
/*
 * The virtio SCSI host at its registers and rings: what a driver of any kind may
 * do and see.  The driver's side is virtq_driver.h's.
 * Source: OASIS "Virtual I/O Device (VIRTIO) Version 1.2", 4.1.4.8 and 5.6.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include "tests/unit/fake_source.h"
#include "tests/unit/virtq_driver.h"

#include "hba_sim/devices/virtio_device.h"
#include "hba_sim/devices/virtio_pci.h"

#define PHYS_BYTES (4u << 20)
#define REQUESTS 256
#define REQUEST_BYTES 51
#define RESPONSE_BYTES 108
#define INTERRUPTS_MAX 64
#define A_WHILE 100000

enum { FEATURES = 0x00, DRIVER_FEATURES = 0x04, PFN = 0x08, QUEUE_SIZE = 0x0c, SELECT = 0x0e, NOTIFY = 0x10,
       STATUS = 0x12, ISR = 0x13, CONFIG = 0x14 };

extern const struct device_model device_model_virtio_scsi;

struct rig {
	struct sim_machine machine;
	struct sim_cpu *cpu;
	struct scsi_target *target;
	struct lun *lun;
	struct virtio_device device;
	struct vq_driver request_queue;
	struct vq_driver control_queue;
	unsigned char *buffer; /* a request and a response for each descriptor pair */

	unsigned interrupts;
	uint64_t asserted[INTERRUPTS_MAX];
	unsigned on_cpu[INTERRUPTS_MAX];
	bool leave_up;  /* the ISR does not read the status register */
	unsigned used;  /* entries of the request queue that ISRs found */
};

static struct rig rig;

static uint32_t in(uint32_t offset, unsigned bytes)
{
	return sim_ioport_read(sim_cpu_self(), sim_ioport_address(&rig.machine.ioports, VIRTIO_IO_BASE + offset), bytes);
}

static void out(uint32_t offset, unsigned bytes, uint32_t value)
{
	sim_ioport_write(sim_cpu_self(), sim_ioport_address(&rig.machine.ioports, VIRTIO_IO_BASE + offset), bytes, value);
}

static unsigned drain(void)
{
	uint32_t id, bytes;
	unsigned n = 0;

	while (vq_used(&rig.request_queue, &id, &bytes))
		n++;
	return n;
}

static int isr(void *context, struct sim_cpu *cpu, struct irq_event *event)
{
	rig.asserted[rig.interrupts % INTERRUPTS_MAX] = event->asserted;
	rig.on_cpu[rig.interrupts++ % INTERRUPTS_MAX] = cpu->index;
	if (rig.leave_up) {
		rig.leave_up = false;
		return 1;
	}
	if (!in(ISR, 1))
		return 0;
	rig.used += drain();
	return 1;
}

static void set_up_queue(uint16_t index, const struct vq_driver *queue)
{
	out(SELECT, 2, index);
	out(PFN, 4, vq_pfn(queue));
}

static void start_device(void)
{
	out(STATUS, 1, 0);
	out(STATUS, 1, 3);
	set_up_queue(2, &rig.request_queue);
	out(STATUS, 1, 7);
}

static int set_up_with(unsigned cpus, struct device_params params)
{
	struct sim_machine_config config = { .cpus = cpus, .yields = true, .phys_bytes = PHYS_BYTES, .scale = fake_scale() };
	struct lun_config lun = { .blocks = 64, .block_bytes = 512, .mode = LUN_DATA_COPY };

	memset(&rig, 0, sizeof(rig));
	if (sim_machine_init(&rig.machine, &config) || scsi_target_create(&rig.target) || lun_create(&rig.lun, &lun) ||
	    scsi_target_attach(rig.target, 0, rig.lun))
		return -1;
	params.target = rig.target;
	if (device_model_virtio_scsi.init(&rig.device.pci, &rig.machine, &params, 6))
		return -1;
	rig.device.pci.line.handler = isr;
	vq_init(&rig.request_queue, &rig.machine.phys, DEVICE_QUEUE_SIZE);
	vq_init(&rig.control_queue, &rig.machine.phys, 64);
	rig.buffer = sim_phys_alloc(&rig.machine.phys, REQUESTS * 256, 256);
	rig.cpu = sim_cpu_enter(&rig.machine, 0);
	start_device();
	return 0;
}

static int tear_down(void **state)
{
	sim_cpu_exit(sim_cpu_self());
	virtio_device_fini(&rig.device.pci);
	scsi_target_destroy(rig.target);
	lun_destroy(rig.lun);
	sim_machine_fini(&rig.machine);
	return 0;
}

static int set_up(void **state)
{
	return set_up_with(3, (struct device_params){ .routing = IRQ_ROUTING_SAME });
}

static int set_up_other(void **state)
{
	return set_up_with(3, (struct device_params){ .routing = IRQ_ROUTING_OTHER });
}

static int set_up_spread(void **state)
{
	return set_up_with(3, (struct device_params){ .routing = IRQ_ROUTING_SPREAD });
}

static int set_up_slow(void **state)
{
	return set_up_with(2, (struct device_params){ .service = { .kind = SERVICE_FIXED, .first = A_WHILE } });
}

static int set_up_random(void **state)
{
	return set_up_with(2, (struct device_params){ .service = { .kind = SERVICE_EXPONENTIAL, .first = A_WHILE },
								  .seed = 42 });
}

static unsigned char *response(unsigned slot)
{
	return rig.buffer + 256 * slot + 64;
}

/* TEST UNIT READY to LUN 0 in descriptors 2 * slot and 2 * slot + 1; not yet rung. */
static void post(unsigned slot)
{
	unsigned char *request = rig.buffer + 256 * slot;
	uint64_t address = sim_phys_of(&rig.machine.phys, request);

	memset(request, 0, REQUEST_BYTES);
	request[0] = 1;
	request[2] = 0x40;
	memset(response(slot), 0xee, RESPONSE_BYTES);
	vq_describe(&rig.request_queue, 2 * slot, address, REQUEST_BYTES, VQ_F_NEXT, (uint16_t)(2 * slot + 1));
	vq_describe(&rig.request_queue, 2 * slot + 1, address + 64, RESPONSE_BYTES, VQ_F_WRITE, 0);
	vq_offer(&rig.request_queue, (uint16_t)(2 * slot));
}

static void ring(void)
{
	out(NOTIFY, 2, 2);
}

static void post_and_ring(unsigned slot)
{
	post(slot);
	ring();
}

static void look_on(unsigned cpu)
{
	sim_cpu_look(sim_cpu_enter(&rig.machine, cpu));
	sim_cpu_enter(&rig.machine, 0);
}

static uint64_t errors(void)
{
	return rig.device.protocol_errors;
}

static void test_registers_answer_as_the_legacy_interface_has_them(void **state)
{
	static const uint32_t sizes[] = { 64, 64, DEVICE_QUEUE_SIZE, 0, 0 };

	assert_int_equal(in(FEATURES, 4), 0);
	out(DRIVER_FEATURES, 4, 0x12345678);
	assert_int_equal(in(DRIVER_FEATURES, 4), 0x12345678);
	for (uint32_t q = 0; q < 5; q++) {
		out(SELECT, 2, q);
		assert_int_equal(in(SELECT, 2), q);
		assert_int_equal(in(QUEUE_SIZE, 2), sizes[q]);
		assert_int_equal(in(PFN, 4), q == 2 ? vq_pfn(&rig.request_queue) : 0);
	}
	assert_int_equal(errors(), 0);
	out(PFN, 4, 1);
	assert_int_equal(errors(), 1);
	assert_int_equal(in(STATUS, 1), 7 | 64);
}

static void test_device_configuration_reads_alike_in_any_width(void **state)
{
	unsigned char bytes[0x40 - CONFIG];

	for (uint32_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)in(CONFIG + i, 1);
	for (uint32_t i = 0; i + 4 <= 36; i += 2) {
		assert_int_equal(in(CONFIG + i, 2), vq_load(bytes + i, 2));
		assert_int_equal(in(CONFIG + i, 4), vq_load(bytes + i, 4));
	}
	assert_int_equal(vq_load(bytes, 4), 1);       /* request queues */
	assert_int_equal(vq_load(bytes + 20, 4), 96); /* sense_size */
	assert_int_equal(vq_load(bytes + 24, 4), 32); /* cdb_size */
	for (uint32_t i = 36; i < sizeof(bytes); i++)
		assert_int_equal(bytes[i], 0);
	assert_true(vq_load(bytes + 4, 4) + 2 <= VIRTQUEUE_SEGMENTS_MAX);
}

static void test_a_request_comes_back_with_an_interrupt(void **state)
{
	uint32_t id, bytes;

	post_and_ring(5);
	assert_int_equal(rig.interrupts, 0);
	sim_cpu_look(rig.cpu);
	assert_int_equal(rig.interrupts, 1);
	assert_int_equal(rig.used, 1);
	assert_int_equal(vq_load(response(5), 4), 0);
	assert_int_equal(response(5)[10], 0);
	assert_int_equal(response(5)[11], 0);
	rig.request_queue.seen--;
	assert_true(vq_used(&rig.request_queue, &id, &bytes));
	assert_int_equal(id, 10);
	assert_int_equal(bytes, RESPONSE_BYTES);
	sim_cpu_look(rig.cpu);
	assert_int_equal(rig.interrupts, 1);
	assert_int_equal(virtio_device_interrupts(&rig.device.pci), 1);
	assert_int_equal(virtio_device_lines_up(&rig.device.pci), 0);
	assert_int_equal(errors(), 0);
}

static void test_nothing_is_published_before_it_is_due(void **state)
{
	uint64_t before = stamp_now();
	uint64_t after;

	post_and_ring(0);
	after = stamp_now();
	assert_true(virtio_device_busy(&rig.device.pci) || stamp_now() >= before + A_WHILE);
	while (!rig.interrupts) {
		assert_true(response(0)[11] == 0xee || stamp_now() >= before + A_WHILE);
		sim_cpu_look(rig.cpu);
	}
	assert_true(rig.asserted[0] >= before + A_WHILE);
	assert_true(rig.asserted[0] <= after + A_WHILE);
	assert_false(virtio_device_busy(&rig.device.pci));
}

/* Each is asserted when the first of those it reports was due, and they come in the order of their due times. */
static void test_the_earliest_due_time_is_the_assertion(void **state)
{
	const struct service_time time = { .kind = SERVICE_EXPONENTIAL, .first = A_WHILE };
	uint64_t rng = 42, first = UINT64_MAX, last = 0;
	uint64_t before, after;
	uint32_t id, bytes;

	for (unsigned i = 0; i < 20; i++) {
		uint64_t draw = service_time_draw(&time, &rng);

		first = draw < first ? draw : first;
		last = draw > last ? draw : last;
		post(i);
	}
	before = stamp_now();
	ring();
	after = stamp_now();
	fake_pass(last);
	sim_cpu_look(rig.cpu);
	assert_int_equal(rig.interrupts, 1);
	assert_int_equal(rig.used, 20);
	assert_true(rig.asserted[0] >= before + first);
	assert_true(rig.asserted[0] <= after + first);

	/* One draw a request, in the order in which they were offered. */
	rng = 42;
	rig.request_queue.seen = 0;
	for (uint64_t previous = 0; vq_used(&rig.request_queue, &id, &bytes);) {
		uint64_t state_of = 42, draw = 0;

		for (unsigned i = 0; i <= id / 2; i++)
			draw = service_time_draw(&time, &state_of);
		assert_true(draw >= previous);
		previous = draw;
	}
}

static void test_reading_the_status_takes_the_line_down(void **state)
{
	sim_raise(rig.cpu, IRQL_HIGH);
	post_and_ring(0);
	sim_lower(rig.cpu, IRQL_PASSIVE);
	assert_int_equal(rig.interrupts, 1);
	assert_int_equal(in(ISR, 1), 0);

	/* Not read: it stays up and comes again. */
	rig.leave_up = true;
	post_and_ring(1);
	sim_cpu_look(rig.cpu);
	assert_int_equal(rig.interrupts, 3);
	assert_int_equal(rig.asserted[1], rig.asserted[2]);
	assert_int_equal(virtio_device_interrupts(&rig.device.pci), 2);
	assert_int_equal(rig.used, 2);
}

static void test_many_that_are_due_share_an_interrupt(void **state)
{
	for (unsigned i = 0; i < 200; i++)
		post(i);
	ring();
	sim_cpu_look(rig.cpu);
	assert_int_equal(rig.interrupts, 1);
	assert_int_equal(rig.used, 200);
	assert_int_equal(errors(), 0);
}

static void check_routing(const unsigned *expected)
{
	for (unsigned i = 0; i < 6; i++) {
		sim_cpu_enter(&rig.machine, i % 3);
		post_and_ring(i);
		for (unsigned c = 0; c < 3; c++)
			look_on(c);
		assert_int_equal(rig.interrupts, i + 1);
		assert_int_equal(rig.on_cpu[i], expected[i]);
	}
}

static void test_routing_same(void **state)
{
	check_routing((const unsigned[]){ 0, 1, 2, 0, 1, 2 });
}

static void test_routing_other(void **state)
{
	check_routing((const unsigned[]){ 1, 2, 0, 1, 2, 0 });
}

static void test_routing_spread(void **state)
{
	check_routing((const unsigned[]){ 0, 1, 2, 0, 1, 2 });
	/* Request by request, not doorbell by doorbell. */
	for (unsigned i = 0; i < 3; i++)
		post(i);
	ring();
	for (unsigned c = 0; c < 3; c++)
		look_on(c);
	assert_int_equal(rig.used, 9);
	assert_int_equal(rig.interrupts, 9);
}

static bool publish_on(unsigned cpu)
{
	uint64_t asserted;

	return rig.device.pci.line.advance(&rig.device, &rig.machine.cpu[cpu], stamp_now(), &asserted);
}

/* Another CPU reads the register while the line is up towards this one: what it stood for is in the ring by then. */
static void test_a_status_read_elsewhere_loses_nothing(void **state)
{
	post_and_ring(0);
	assert_true(publish_on(0));
	sim_cpu_enter(&rig.machine, 1);
	assert_int_equal(in(ISR, 1), 1);
	assert_int_equal(drain(), 1);
	sim_cpu_enter(&rig.machine, 0);
	sim_cpu_look(rig.cpu);
	assert_int_equal(rig.interrupts, 0);
	assert_int_equal(virtio_device_lines_up(&rig.device.pci), 0);

	/* And the next one comes to CPU 0 as ever, with its own stamp. */
	post_and_ring(1);
	sim_cpu_look(rig.cpu);
	assert_int_equal(rig.interrupts, 1);
	assert_int_equal(rig.used, 1);
	assert_int_equal(virtio_device_interrupts(&rig.device.pci), 2);

	/* Also when it falls due before this CPU has noticed that the line went down. */
	post_and_ring(2);
	assert_true(publish_on(0));
	assert_int_equal(in(ISR, 1), 1);
	post_and_ring(3);
	sim_cpu_look(rig.cpu);
	assert_int_equal(rig.interrupts, 2);
	assert_int_equal(rig.used, 3);
}

/* The line is up towards the CPU that found the register empty; the one after it adds to that interrupt. */
static void test_one_line_is_up_towards_one_cpu(void **state)
{
	post_and_ring(0);
	sim_cpu_enter(&rig.machine, 1);
	post_and_ring(1);
	assert_true(publish_on(1));
	assert_int_equal(virtio_device_lines_up(&rig.device.pci), 1);
	sim_cpu_enter(&rig.machine, 0);
	assert_false(publish_on(0));
	assert_int_equal(virtio_device_lines_up(&rig.device.pci), 1);
	sim_cpu_look(rig.cpu);
	assert_int_equal(rig.interrupts, 0);
	look_on(1);
	assert_int_equal(rig.interrupts, 1);
	assert_int_equal(rig.used, 2);
	sim_cpu_look(rig.cpu);
	assert_int_equal(rig.interrupts, 1);
}

static void test_the_driver_can_do_without_interrupts(void **state)
{
	vq_suppress(&rig.request_queue, 1);
	post_and_ring(0);
	post_and_ring(1);
	sim_cpu_look(rig.cpu);
	assert_int_equal(rig.interrupts, 0);
	assert_int_equal(drain(), 2);
	assert_int_equal(in(ISR, 1), 0);
	vq_suppress(&rig.request_queue, 0);
	sim_cpu_look(rig.cpu);
	assert_int_equal(rig.interrupts, 0);
	post_and_ring(2);
	sim_cpu_look(rig.cpu);
	assert_int_equal(rig.interrupts, 1);
	assert_int_equal(rig.used, 1);
}

static void offer_control(uint32_t type)
{
	unsigned char *request = rig.buffer;
	uint64_t address = sim_phys_of(&rig.machine.phys, request);

	memset(request, 0, 24);
	vq_store(request, type, 4);
	request[64] = 0xee;
	vq_describe(&rig.control_queue, 0, address, 24, VQ_F_NEXT, 1);
	vq_describe(&rig.control_queue, 1, address + 64, 1, VQ_F_WRITE, 0);
	vq_offer(&rig.control_queue, 0);
	out(NOTIFY, 2, 0);
}

static void test_the_control_queue_works_without_a_request_queue(void **state)
{
	uint32_t id, bytes;

	out(STATUS, 1, 0);
	set_up_queue(0, &rig.control_queue);
	offer_control(0);
	sim_cpu_look(rig.cpu);
	assert_int_equal(rig.interrupts, 1);
	assert_true(vq_used(&rig.control_queue, &id, &bytes));
	assert_int_equal(rig.buffer[64], 0);
	offer_control(1);
	sim_cpu_look(rig.cpu);
	assert_int_equal(rig.buffer[64], 11);
	assert_int_equal(errors(), 0);
}

static void test_each_queue_has_its_own_suppression(void **state)
{
	set_up_queue(0, &rig.control_queue);
	vq_suppress(&rig.request_queue, 1);
	offer_control(0);
	sim_cpu_look(rig.cpu);
	assert_int_equal(rig.interrupts, 1);
	vq_suppress(&rig.control_queue, 1);
	vq_suppress(&rig.request_queue, 0);
	offer_control(0);
	sim_cpu_look(rig.cpu);
	assert_int_equal(rig.interrupts, 1);
	post_and_ring(0);
	sim_cpu_look(rig.cpu);
	assert_int_equal(rig.interrupts, 2);
}

static void test_a_wrong_lun_is_answered_not_punished(void **state)
{
	post(0);
	rig.buffer[1] = 3;
	post(1);
	rig.buffer[256 + 3] = 9;
	ring();
	sim_cpu_look(rig.cpu);
	assert_int_equal(rig.used, 2);
	assert_int_equal(response(0)[11], VIRTIO_SCSI_S_BAD_TARGET);
	assert_int_equal(response(1)[11], VIRTIO_SCSI_S_OK);
	assert_int_equal(response(1)[10], SCSI_STATUS_CHECK_CONDITION);
	assert_int_equal(errors(), 0);
}

/* What virtio forbids is counted, says so in the status, and disturbs nobody else. */
static void test_forbidden_chains_are_dropped(void **state)
{
	post(0);
	vq_describe(&rig.request_queue, 0, 1, REQUEST_BYTES, VQ_F_NEXT, 1);
	post(1);
	vq_describe(&rig.request_queue, 2, sim_phys_of(&rig.machine.phys, rig.buffer), REQUEST_BYTES - 1, VQ_F_NEXT, 3);
	post(2);
	vq_describe(&rig.request_queue, 5, sim_phys_of(&rig.machine.phys, response(2)), RESPONSE_BYTES - 1, VQ_F_WRITE, 0);
	post(3);
	vq_describe(&rig.request_queue, 6, sim_phys_of(&rig.machine.phys, rig.buffer), REQUEST_BYTES, 0, 0);
	post(4);
	vq_describe(&rig.request_queue, 8, sim_phys_of(&rig.machine.phys, rig.buffer), RESPONSE_BYTES, VQ_F_WRITE, 0);
	ring();
	sim_cpu_look(rig.cpu);
	assert_int_equal(errors(), 5);
	assert_int_equal(rig.interrupts, 0);
	assert_int_equal(drain(), 0);
	assert_int_equal(in(STATUS, 1) & 64, 64);
	post_and_ring(5);
	sim_cpu_look(rig.cpu);
	assert_int_equal(rig.used, 1);
}

static void test_forbidden_doorbells_are_counted(void **state)
{
	out(NOTIFY, 2, 1);
	assert_int_equal(errors(), 0);
	out(NOTIFY, 2, 3);
	assert_int_equal(errors(), 1);
	out(NOTIFY, 2, 0xffff);
	assert_int_equal(errors(), 2);
	out(NOTIFY, 2, 0); /* not set up */
	assert_int_equal(errors(), 3);
	vq_write_index(&rig.request_queue, DEVICE_QUEUE_SIZE + 1);
	ring();
	assert_int_equal(errors(), 4);
	sim_cpu_look(rig.cpu);
	assert_int_equal(rig.interrupts, 0);
}

/* One who offers without end and never waits is cut short, not given memory for it. */
static void test_more_requests_than_a_queue_holds_are_refused(void **state)
{
	for (unsigned i = 0; i < 3 * DEVICE_QUEUE_SIZE; i++)
		post_and_ring(i % REQUESTS);
	assert_int_equal(errors(), DEVICE_QUEUE_SIZE);
	assert_int_equal(rig.device.cpu[0].pending.count, 2 * DEVICE_QUEUE_SIZE);
}

static void test_a_reset_clears_everything(void **state)
{
	/* One up and one still in the device. */
	post_and_ring(0);
	fake_pass(A_WHILE);
	assert_true(publish_on(0));
	rig.device.params.service.first = SIM_NEVER / 2;
	post_and_ring(1);
	assert_true(virtio_device_busy(&rig.device.pci));
	out(DRIVER_FEATURES, 4, 5);
	out(STATUS, 1, 0);
	assert_int_equal(in(STATUS, 1), 0);
	assert_int_equal(in(SELECT, 2), 0);
	assert_int_equal(in(DRIVER_FEATURES, 4), 0);
	out(SELECT, 2, 2);
	assert_int_equal(in(PFN, 4), 0);
	assert_int_equal(in(ISR, 1), 0);
	assert_int_equal(virtio_device_lines_up(&rig.device.pci), 0);
	assert_false(virtio_device_busy(&rig.device.pci));
	sim_cpu_look(rig.cpu);
	assert_int_equal(rig.interrupts, 0);
	assert_int_equal(response(1)[11], 0xee);
	assert_int_equal(intc_next_due(rig.cpu), SIM_NEVER);

	memset(rig.request_queue.base, 0, vq_bytes(DEVICE_QUEUE_SIZE));
	rig.request_queue.offered = rig.request_queue.seen = 0;
	start_device();
	rig.device.params.service.first = 0;
	post_and_ring(7);
	sim_cpu_look(rig.cpu);
	assert_int_equal(rig.interrupts, 1);
	assert_int_equal(rig.used, 1);
	assert_int_equal(errors(), 0);
}

/*
 * A reset that finds another CPU between taking requests off the schedule and
 * executing them: it is kept from the latter, then frozen there by a signal.
 */
static _Atomic(bool) finished, frozen, thaw;

static void freeze(int number)
{
	atomic_store(&frozen, true);
	while (!atomic_load(&thaw))
		sched_yield();
}

static void *publish_all_the_time(void *context)
{
	_Atomic(uint64_t) *turns = context;
	struct sim_cpu *cpu = sim_cpu_enter(&rig.machine, 1);
	uint64_t asserted;

	while (!atomic_load(&finished)) {
		rig.device.pci.line.advance(&rig.device, cpu, stamp_now(), &asserted);
		atomic_fetch_add(turns, 1);
	}
	sim_cpu_exit(cpu);
	return NULL;
}

static unsigned scheduled_for_cpu_1(void)
{
	unsigned n;

	model_lock_acquire(&rig.device.kick_lock);
	n = rig.device.cpu[1].pending.count;
	model_lock_release(&rig.device.kick_lock);
	return n;
}

static void freeze_it_with_requests_in_hand(pthread_t thread)
{
	model_lock_acquire(&rig.device.execute_lock);
	for (unsigned i = 0; i < 40; i++)
		post(i);
	ring();
	while (scheduled_for_cpu_1())
		sched_yield();
	atomic_store(&frozen, false);
	atomic_store(&thaw, false);
	assert_int_equal(pthread_kill(thread, SIGUSR1), 0);
	while (!atomic_load(&frozen))
		sched_yield();
	model_lock_release(&rig.device.execute_lock);
}

static void test_what_was_in_the_device_dies_with_a_reset(void **state)
{
	const struct sigaction action = { .sa_handler = freeze };
	unsigned char *used = rig.request_queue.base + vq_used_offset(DEVICE_QUEUE_SIZE);
	_Atomic(uint64_t) turns = 0;
	pthread_t thread;

	atomic_store(&finished, false);
	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	assert_int_equal(pthread_create(&thread, NULL, publish_all_the_time, &turns), 0);
	for (unsigned round = 0; round < 50; round++) {
		uint64_t turn;

		freeze_it_with_requests_in_hand(thread);
		out(STATUS, 1, 0);
		memset(rig.request_queue.base, 0, vq_bytes(DEVICE_QUEUE_SIZE));
		rig.request_queue.offered = rig.request_queue.seen = 0;
		start_device();
		turn = atomic_load(&turns);
		atomic_store(&thaw, true);
		while (atomic_load(&turns) < turn + 2)
			sched_yield();
		/* Nothing was offered since. */
		assert_int_equal(vq_load(used + 2, 2), 0);
		assert_int_equal(in(ISR, 1), 0);
		assert_int_equal(errors(), 0);
	}
	atomic_store(&finished, true);
	pthread_join(thread, NULL);
}

/* Any driver at all: registers of every width, and a ring of noise. */
static void test_noise_leaves_the_device_standing(void **state)
{
	static const uint32_t offsets[] = { FEATURES, DRIVER_FEATURES, PFN, QUEUE_SIZE, SELECT, NOTIFY, NOTIFY, NOTIFY,
					    STATUS, ISR, CONFIG };
	uint64_t random = 11;

	for (unsigned round = 0; round < 200000; round++) {
		uint64_t draw = splitmix64(&random);
		uint32_t offset = draw % 4 ? offsets[(draw >> 2) % 11] : (uint32_t)(draw >> 2) % 0x40;
		unsigned bytes = 1u << (draw >> 8) % 3;
		uint64_t value = splitmix64(&random);

		switch (draw >> 16 & 7) {
		case 0:
			in(offset, bytes);
			break;
		case 1:
			if (offset == STATUS && value % 32)
				break;
			out(offset, bytes, value >> 32 & 1 ? (uint32_t)value % 4 : (uint32_t)value);
			break;
		case 2:
			set_up_queue(value % 3, value & 256 ? &rig.request_queue : &rig.control_queue);
			vq_write_index(&rig.request_queue, 0);
			break;
		case 3:
			post_and_ring(value % REQUESTS);
			rig.buffer[value % (REQUESTS * 256)] = (unsigned char)(value >> 32);
			break;
		case 4:
			vq_describe(&rig.request_queue, value % 128, SIM_PHYS_BASE + (value >> 32) % (PHYS_BYTES + 64),
				    (uint32_t)splitmix64(&random) >> (value >> 8) % 32, (uint16_t)(value >> 16 & 7),
				    (uint16_t)(value >> 24) % 140);
			vq_offer(&rig.request_queue, (uint16_t)(value % 130));
			out(NOTIFY, 2, 2);
			break;
		case 5:
			vq_write_index(&rig.request_queue, (uint16_t)value);
			break;
		default:
			look_on(value % 3);
			break;
		}
	}
	out(STATUS, 1, 0);
	for (unsigned c = 0; c < 3; c++)
		look_on(c);
	assert_int_equal(virtio_device_lines_up(&rig.device.pci), 0);
	assert_true(rig.interrupts > 1000);
	assert_true(errors() > 1000);
}

static void test_what_cannot_be_set_up_is_refused(void **state)
{
	struct device_params params = { .target = rig.target };
	struct virtio_device second;
	struct sim_machine big;
	struct sim_machine_config config = { .cpus = 65, .phys_bytes = 4096, .scale = fake_scale() };

	assert_int_equal(device_model_virtio_scsi.init(&second.pci, &rig.machine, &params, 6), -EEXIST);
	assert_int_equal(sim_machine_init(&big, &config), 0);
	assert_int_equal(device_model_virtio_scsi.init(&second.pci, &big, &params, 6), -ERANGE);
	sim_machine_fini(&big);
}

int main(void)
{
#define WITH(test, how) cmocka_unit_test_setup_teardown(test, how, tear_down)
	const struct CMUnitTest tests[] = {
		WITH(test_registers_answer_as_the_legacy_interface_has_them, set_up),
		WITH(test_device_configuration_reads_alike_in_any_width, set_up),
		WITH(test_a_request_comes_back_with_an_interrupt, set_up),
		WITH(test_nothing_is_published_before_it_is_due, set_up_slow),
		WITH(test_the_earliest_due_time_is_the_assertion, set_up_random),
		WITH(test_reading_the_status_takes_the_line_down, set_up),
		WITH(test_many_that_are_due_share_an_interrupt, set_up),
		WITH(test_routing_same, set_up),
		WITH(test_routing_other, set_up_other),
		WITH(test_routing_spread, set_up_spread),
		WITH(test_a_status_read_elsewhere_loses_nothing, set_up),
		WITH(test_one_line_is_up_towards_one_cpu, set_up),
		WITH(test_the_driver_can_do_without_interrupts, set_up),
		WITH(test_the_control_queue_works_without_a_request_queue, set_up),
		WITH(test_each_queue_has_its_own_suppression, set_up),
		WITH(test_a_wrong_lun_is_answered_not_punished, set_up),
		WITH(test_forbidden_chains_are_dropped, set_up),
		WITH(test_forbidden_doorbells_are_counted, set_up),
		WITH(test_more_requests_than_a_queue_holds_are_refused, set_up),
		WITH(test_a_reset_clears_everything, set_up_slow),
		WITH(test_what_was_in_the_device_dies_with_a_reset, set_up_other),
		WITH(test_noise_leaves_the_device_standing, set_up_spread),
		WITH(test_what_cannot_be_set_up_is_refused, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
