/* SPDX-License-Identifier: MIT */
/*
 * Split virtqueues: the device's side against a driver's side written here from
 * the specification (virtq_driver.h), whatever that driver may do; and the
 * miniport's ring against the device's side.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/unit/virtq_driver.h"

#include "hba_sim/devices/service_time.h"
#include "hba_sim/devices/virtqueue.h"
#include "hba_sim/miniports/virtio_ring.h"

#define PHYS_BYTES (4u << 20)
#define SIZE 64
#define FUZZ_ROUNDS 300000

struct rig {
	struct sim_phys phys;
	struct vq_driver driver;
	struct virtqueue queue;
	struct virtqueue_chain chain;
	uint64_t buffer; /* physical */
};

static int set_up(void **state)
{
	static struct rig rig;

	memset(&rig, 0, sizeof(rig));
	if (sim_phys_init(&rig.phys, PHYS_BYTES))
		return -1;
	vq_init(&rig.driver, &rig.phys, SIZE);
	rig.buffer = sim_phys_of(&rig.phys, sim_phys_alloc(&rig.phys, 65536, 4096));
	rig.queue.size = SIZE;
	*state = &rig;
	return virtqueue_set_pfn(&rig.queue, &rig.phys, vq_pfn(&rig.driver));
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	sim_phys_fini(&rig->phys);
	return 0;
}

static int resolve(struct rig *rig, uint16_t head)
{
	return virtqueue_resolve(&rig->queue, &rig->phys, head, &rig->chain);
}

static void test_the_layout_is_the_specifications(void **state)
{
	struct rig *rig = *state;

	for (uint32_t size = 1; size <= 32768; size *= 2) {
		struct virtqueue queue = { .size = (uint16_t)size };
		struct vq_driver driver;
		uint32_t id, bytes;

		rig->phys.used = 0;
		vq_init(&driver, &rig->phys, size);
		memset(driver.base, 0, vq_bytes(size));
		assert_int_equal(virtqueue_bytes((uint16_t)size), vq_bytes(size));
		assert_int_equal(virtqueue_set_pfn(&queue, &rig->phys, vq_pfn(&driver)), 0);
		/* The last element of each part is where the other side has it. */
		driver.offered = (uint16_t)(size - 1);
		queue.taken = queue.published = driver.seen = driver.offered;
		vq_describe(&driver, size - 1, rig->phys.bytes / 2 + SIM_PHYS_BASE, 77, 0, 0);
		vq_offer(&driver, (uint16_t)(size - 1));
		assert_int_equal(virtqueue_available(&queue), 1);
		assert_int_equal(virtqueue_take(&queue), size - 1);
		assert_int_equal(virtqueue_resolve(&queue, &rig->phys, (uint16_t)(size - 1), &rig->chain), 0);
		assert_int_equal(rig->chain.segment[0].bytes, 77);
		virtqueue_publish(&queue, (uint16_t)(size - 1), 5);
		assert_true(vq_used(&driver, &id, &bytes));
		assert_int_equal(id, size - 1);
		assert_int_equal(bytes, 5);
	}
}

static void test_a_queue_outside_of_memory_is_refused(void **state)
{
	struct rig *rig = *state;
	uint32_t first = SIM_PHYS_BASE / 4096;
	uint32_t end = first + PHYS_BYTES / 4096;
	uint32_t pages = (uint32_t)((vq_bytes(SIZE) + 4095) / 4096);
	const uint32_t bad[] = { 1, first - 1, end - pages + 1, end, UINT32_MAX };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		rig->queue.size = SIZE;
		assert_int_equal(virtqueue_set_pfn(&rig->queue, &rig->phys, bad[i]), -EFAULT);
		assert_int_equal(rig->queue.pfn, 0);
		assert_int_equal(virtqueue_available(&rig->queue), -EINVAL);
	}
	assert_int_equal(virtqueue_set_pfn(&rig->queue, &rig->phys, first), 0);
	assert_int_equal(virtqueue_set_pfn(&rig->queue, &rig->phys, end - pages), 0);
	assert_int_equal(rig->queue.pfn, end - pages);
	assert_int_equal(virtqueue_set_pfn(&rig->queue, &rig->phys, 0), 0);
	assert_int_equal(virtqueue_available(&rig->queue), -EINVAL);
}

/* A queue that is not set up has no driver that could want an interrupt. */
static void test_a_queue_that_is_down_interrupts_nobody(void **state)
{
	struct rig *rig = *state;

	assert_false(virtqueue_interrupt_suppressed(&rig->queue));
	vq_suppress(&rig->driver, 1);
	assert_true(virtqueue_interrupt_suppressed(&rig->queue));
	vq_suppress(&rig->driver, 0);
	assert_false(virtqueue_interrupt_suppressed(&rig->queue));
	virtqueue_set_pfn(&rig->queue, &rig->phys, 0);
	assert_true(virtqueue_interrupt_suppressed(&rig->queue));
}

static void test_setting_a_queue_up_again_starts_afresh(void **state)
{
	struct rig *rig = *state;

	vq_offer(&rig->driver, 3);
	virtqueue_take(&rig->queue);
	virtqueue_publish(&rig->queue, 3, 0);
	assert_int_equal(virtqueue_set_pfn(&rig->queue, &rig->phys, vq_pfn(&rig->driver)), 0);
	assert_int_equal(rig->queue.taken, 0);
	assert_int_equal(rig->queue.published, 0);
	assert_int_equal(rig->queue.size, SIZE);
}

static void test_an_impossible_index_is_refused(void **state)
{
	struct rig *rig = *state;

	for (uint32_t taken = 0; taken <= UINT16_MAX; taken += 4097) {
		rig->queue.taken = (uint16_t)taken;
		for (uint32_t ahead = 0; ahead <= UINT16_MAX; ahead++) {
			vq_write_index(&rig->driver, (uint16_t)(taken + ahead));
			assert_int_equal(virtqueue_available(&rig->queue), ahead <= SIZE ? (int)ahead : -EINVAL);
		}
	}
}

static void test_indices_wrap_at_65536(void **state)
{
	struct rig *rig = *state;
	uint64_t random = 1;
	uint32_t id, bytes;

	for (uint32_t i = 0; i < 140000;) {
		uint32_t burst = (uint32_t)(splitmix64(&random) % SIZE) + 1;

		for (uint32_t n = 0; n < burst; n++)
			vq_offer(&rig->driver, (uint16_t)((i + n) * 7 % SIZE));
		assert_int_equal(virtqueue_available(&rig->queue), burst);
		for (uint32_t n = 0; n < burst; n++) {
			uint16_t head = virtqueue_take(&rig->queue);

			assert_int_equal(head, (i + n) * 7 % SIZE);
			virtqueue_publish(&rig->queue, head, i + n);
		}
		assert_int_equal(virtqueue_available(&rig->queue), 0);
		for (uint32_t n = 0; n < burst; n++) {
			assert_true(vq_used(&rig->driver, &id, &bytes));
			assert_int_equal(id, (i + n) * 7 % SIZE);
			assert_int_equal(bytes, i + n);
		}
		assert_false(vq_used(&rig->driver, &id, &bytes));
		i += burst;
	}
}

static void test_a_chain_is_resolved_in_its_order(void **state)
{
	struct rig *rig = *state;

	vq_describe(&rig->driver, 9, rig->buffer, 51, VQ_F_NEXT, 4);
	vq_describe(&rig->driver, 4, rig->buffer + 4096, 512, VQ_F_NEXT, 63);
	vq_describe(&rig->driver, 63, rig->buffer + 8192, 108, VQ_F_NEXT | VQ_F_WRITE, 0);
	vq_describe(&rig->driver, 0, rig->buffer + 12288, 1, VQ_F_WRITE, 9);
	assert_int_equal(resolve(rig, 9), 0);
	assert_int_equal(rig->chain.readable, 2);
	assert_int_equal(rig->chain.writable, 2);
	for (unsigned i = 0; i < 4; i++)
		assert_ptr_equal(rig->chain.segment[i].base, sim_phys_at(&rig->phys, rig->buffer + 4096 * i, 1));
	assert_int_equal(rig->chain.segment[0].bytes, 51);
	assert_int_equal(rig->chain.segment[3].bytes, 1);
}

static void test_a_bad_descriptor_anywhere_fails_the_chain(void **state)
{
	struct rig *rig = *state;
	const uint64_t end = SIM_PHYS_BASE + (uint64_t)PHYS_BYTES;
	const struct {
		uint64_t address;
		uint32_t bytes;
		uint16_t flags;
		uint16_t next;
	} bad[] = {
		{ 0, 16, 0, 0 },
		{ SIM_PHYS_BASE - 1, 16, 0, 0 },
		{ SIM_PHYS_BASE - 8, 16, 0, 0 },
		{ end - 15, 16, 0, 0 },
		{ end, 1, 0, 0 },
		{ end - 1, UINT32_MAX, 0, 0 },
		{ UINT64_MAX, 16, 0, 0 },
		{ UINT64_MAX - 15, 16, 0, 0 },
		{ UINT64_MAX - 7, UINT32_MAX, 0, 0 },
		{ rig->buffer, 16, VQ_F_INDIRECT, 0 },
		{ rig->buffer, 16, VQ_F_NEXT, SIZE },
		{ rig->buffer, 16, VQ_F_NEXT, UINT16_MAX },
		{ rig->buffer, 16, VQ_F_NEXT, 2 }, /* itself */
		{ rig->buffer, 16, VQ_F_NEXT, 0 }, /* back to the head */
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		vq_describe(&rig->driver, 0, rig->buffer, 16, VQ_F_NEXT, 1);
		vq_describe(&rig->driver, 1, rig->buffer, 16, VQ_F_NEXT, 2);
		vq_describe(&rig->driver, 2, bad[i].address, bad[i].bytes, bad[i].flags, bad[i].next);
		assert_int_equal(resolve(rig, 0), -EINVAL);
		assert_int_equal(resolve(rig, 2), -EINVAL);
	}
	vq_describe(&rig->driver, 2, end - 16, 16, 0, 0);
	assert_int_equal(resolve(rig, 0), 0);
}

static void test_a_head_beyond_the_table_is_refused(void **state)
{
	struct rig *rig = *state;

	/* What follows the table looks like a descriptor that is in order. */
	vq_describe(&rig->driver, SIZE, SIM_PHYS_BASE, 16, 0, 0);
	for (uint32_t head = SIZE; head <= UINT16_MAX; head++)
		assert_int_equal(resolve(rig, (uint16_t)head), -EINVAL);
}

static void test_what_the_device_reads_comes_first(void **state)
{
	struct rig *rig = *state;

	vq_describe(&rig->driver, 0, rig->buffer, 16, VQ_F_NEXT | VQ_F_WRITE, 1);
	vq_describe(&rig->driver, 1, rig->buffer, 16, 0, 0);
	assert_int_equal(resolve(rig, 0), -EINVAL);
}

static void test_chains_have_a_greatest_length(void **state)
{
	struct rig *rig = *state;
	struct vq_driver driver;
	struct virtqueue queue = { .size = 256 };

	vq_init(&driver, &rig->phys, 256);
	assert_int_equal(virtqueue_set_pfn(&queue, &rig->phys, vq_pfn(&driver)), 0);
	for (uint16_t i = 0; i < 256; i++)
		vq_describe(&driver, i, rig->buffer, 1, (i == 255 ? 0 : VQ_F_NEXT) | (i == 255 ? VQ_F_WRITE : 0), (uint16_t)(i + 1));
	assert_int_equal(virtqueue_resolve(&queue, &rig->phys, (uint16_t)(256 - VIRTQUEUE_SEGMENTS_MAX), &rig->chain), 0);
	assert_int_equal(rig->chain.readable, VIRTQUEUE_SEGMENTS_MAX - 1);
	assert_int_equal(rig->chain.writable, 1);
	assert_int_equal(virtqueue_resolve(&queue, &rig->phys, (uint16_t)(255 - VIRTQUEUE_SEGMENTS_MAX), &rig->chain), -EINVAL);
}

/* A table of noise that is right often enough for chains to go on. */
static void scribble(struct rig *rig, uint64_t *random)
{
	uint64_t draw = splitmix64(random);
	uint64_t address = rig->buffer + (draw >> 40);

	if (draw % 16 == 0)
		address = splitmix64(random);
	else if (draw % 16 == 1)
		address = SIM_PHYS_BASE + PHYS_BYTES - (draw >> 48);
	vq_describe(&rig->driver, draw >> 8 & (SIZE - 1), address, (uint32_t)splitmix64(random) >> (draw >> 16 & 31),
		    (uint16_t)(splitmix64(random) % (draw & 32 ? 4 : 8)), (uint16_t)(splitmix64(random) % (SIZE + 1)));
}

static void test_noise_is_refused_or_lies_within_memory(void **state)
{
	struct rig *rig = *state;
	const unsigned char *ram = rig->phys.base;
	uint64_t random = 7;
	unsigned resolved = 0;

	for (unsigned round = 0; round < FUZZ_ROUNDS; round++) {
		uint16_t head = (uint16_t)(splitmix64(&random) % (SIZE + 2));

		scribble(rig, &random);
		if (round % 64 == 0)
			vq_write_index(&rig->driver, (uint16_t)splitmix64(&random));
		if (virtqueue_available(&rig->queue) > 0)
			head = virtqueue_take(&rig->queue);
		memset(&rig->chain, 0xa5, sizeof(rig->chain));
		if (resolve(rig, head))
			continue;
		resolved++;
		assert_in_range(rig->chain.readable + rig->chain.writable, 1, VIRTQUEUE_SEGMENTS_MAX);
		for (unsigned i = 0; i < rig->chain.readable + rig->chain.writable; i++) {
			const unsigned char *base = rig->chain.segment[i].base;

			assert_true(base >= ram && base < ram + PHYS_BYTES);
			assert_true(rig->chain.segment[i].bytes <= (size_t)(ram + PHYS_BYTES - base));
		}
		virtqueue_publish(&rig->queue, head, round);
	}
	assert_true(resolved > FUZZ_ROUNDS / 100);
}

/* --- The miniport's ring --- */

struct ring_rig {
	struct sim_phys phys;
	RING ring;
	struct virtqueue queue;
	PVOID cookie[SIZE];
	struct virtqueue_chain chain;
	uint64_t buffer;
};

static int set_up_ring(void **state)
{
	static struct ring_rig rig;
	PVOID memory;

	memset(&rig, 0, sizeof(rig));
	if (sim_phys_init(&rig.phys, PHYS_BYTES))
		return -1;
	memory = sim_phys_alloc(&rig.phys, RingBytes(SIZE), 4096);
	rig.buffer = sim_phys_of(&rig.phys, sim_phys_alloc(&rig.phys, 65536, 4096));
	rig.queue.size = SIZE;
	RingInitialize(&rig.ring, SIZE, memory, rig.cookie);
	*state = &rig;
	return virtqueue_set_pfn(&rig.queue, &rig.phys, (uint32_t)(sim_phys_of(&rig.phys, memory) / 4096));
}

static int tear_down_ring(void **state)
{
	struct ring_rig *rig = *state;

	sim_phys_fini(&rig->phys);
	return 0;
}

/* `n` segments, the last `writable` of which the device writes; their lengths tell which post it was. */
static BOOLEAN post(struct ring_rig *rig, USHORT n, USHORT writable, uintptr_t cookie)
{
	RING_SEGMENT segment[SIZE + 1];

	for (USHORT i = 0; i < n; i++)
		segment[i] = (RING_SEGMENT){ rig->buffer + 64u * i, (ULONG)(cookie % 1000 + i + 1), i >= n - writable };
	return RingPost(&rig->ring, segment, n, (PVOID)cookie);
}

static uint16_t take_and_check(struct ring_rig *rig, USHORT n, USHORT writable, uintptr_t cookie)
{
	uint16_t head;

	assert_true(virtqueue_available(&rig->queue) > 0);
	head = virtqueue_take(&rig->queue);
	assert_int_equal(virtqueue_resolve(&rig->queue, &rig->phys, head, &rig->chain), 0);
	assert_int_equal(rig->chain.readable, n - writable);
	assert_int_equal(rig->chain.writable, writable);
	for (USHORT i = 0; i < n; i++) {
		assert_ptr_equal(rig->chain.segment[i].base, sim_phys_at(&rig->phys, rig->buffer + 64u * i, 1));
		assert_int_equal(rig->chain.segment[i].bytes, cookie % 1000 + i + 1);
	}
	return head;
}

static void test_the_ring_has_the_specifications_size(void **state)
{
	for (ULONG size = 1; size <= 16384; size *= 2)
		assert_int_equal(RingBytes((USHORT)size), vq_bytes(size));
}

static void test_a_request_goes_round(void **state)
{
	struct ring_rig *rig = *state;

	for (uintptr_t i = 1; i <= 200000; i++) {
		USHORT n = (USHORT)(i % 5 + 1);
		USHORT writable = (USHORT)(i % (n + 1u));
		uint16_t head;

		assert_true(post(rig, n, writable, i));
		head = take_and_check(rig, n, writable, i);
		assert_null(RingTake(&rig->ring));
		virtqueue_publish(&rig->queue, head, 0);
		assert_ptr_equal(RingTake(&rig->ring), (PVOID)i);
		assert_null(RingTake(&rig->ring));
	}
	assert_int_equal(rig->ring.FreeCount, SIZE);
}

static void test_a_full_ring_refuses_and_stays_as_it_was(void **state)
{
	struct ring_rig *rig = *state;
	uint16_t heads[SIZE / 3];
	unsigned posted = 0;

	while (post(rig, 3, 1, posted + 1))
		posted++;
	assert_int_equal(posted, SIZE / 3);
	assert_int_equal(rig->ring.FreeCount, SIZE % 3);
	assert_int_equal(virtqueue_available(&rig->queue), posted);
	/* What is left is still good for a shorter one. */
	assert_true(post(rig, SIZE % 3, 0, 999));
	assert_false(post(rig, 1, 0, 998));
	assert_int_equal(rig->ring.FreeCount, 0);
	for (unsigned i = 0; i < posted; i++)
		heads[i] = take_and_check(rig, 3, 1, i + 1);
	virtqueue_publish(&rig->queue, take_and_check(rig, SIZE % 3, 0, 999), 0);
	assert_ptr_equal(RingTake(&rig->ring), (PVOID)999);
	/* Backwards: the device owes no order. */
	for (unsigned i = posted; i-- > 0;)
		virtqueue_publish(&rig->queue, heads[i], 0);
	for (unsigned i = posted; i-- > 0;)
		assert_ptr_equal(RingTake(&rig->ring), (PVOID)(uintptr_t)(i + 1));
	assert_int_equal(rig->ring.FreeCount, SIZE);
	assert_true(post(rig, SIZE, 0, 1));
}

struct in_device {
	uint16_t head;
	uintptr_t cookie;
};

static void test_a_random_traffic_loses_and_doubles_nothing(void **state)
{
	struct ring_rig *rig = *state;
	struct in_device held[SIZE];
	uint64_t random = 99;
	uintptr_t posted = 0, finished = 0;
	unsigned n = 0, published = 0;

	while (finished < 150000) {
		uint64_t draw = splitmix64(&random);
		USHORT segments = (USHORT)(draw >> 8 & 3) + 1;

		if (draw & 1 && post(rig, segments, 1, posted + 1)) {
			posted++;
			held[n++] = (struct in_device){ take_and_check(rig, segments, 1, posted), posted };
		} else if (draw & 2 && n) {
			struct in_device *one = &held[(draw >> 16) % n];

			virtqueue_publish(&rig->queue, one->head, 0);
			published++;
			*one = held[--n];
		} else if (draw & 4) {
			uintptr_t cookie = (uintptr_t)RingTake(&rig->ring);

			assert_int_equal(!!cookie, !!published);
			for (unsigned i = 0; i < n; i++)
				assert_true(held[i].cookie != cookie);
			published -= !!cookie;
			finished += !!cookie;
		}
	}
	assert_int_equal(posted, finished + n + published);
}

/* A device that reports what it never had takes nothing with it. */
static void test_an_unknown_id_frees_nothing(void **state)
{
	struct ring_rig *rig = *state;
	uint16_t head;

	assert_true(post(rig, 3, 1, 1));
	head = take_and_check(rig, 3, 1, 1);
	virtqueue_publish(&rig->queue, SIZE, 0);
	assert_null(RingTake(&rig->ring));
	virtqueue_publish(&rig->queue, UINT16_MAX, 0);
	assert_null(RingTake(&rig->ring));
	virtqueue_publish(&rig->queue, (uint16_t)(head + 5), 0);
	assert_null(RingTake(&rig->ring));
	assert_int_equal(rig->ring.FreeCount, SIZE - 3);
	virtqueue_publish(&rig->queue, head, 0);
	assert_ptr_equal(RingTake(&rig->ring), (PVOID)1);
	virtqueue_publish(&rig->queue, head, 0);
	assert_null(RingTake(&rig->ring));
	assert_int_equal(rig->ring.FreeCount, SIZE);
}

/* --- tables --- */

/* A table of `n` entries at `at`, chained in order; the last `writes` are written. */
static uint64_t table(struct rig *rig, unsigned char *at, unsigned n, unsigned writes)
{
	for (unsigned i = 0; i < n; i++) {
		vq_store(at + 16 * i, sim_phys_of(&rig->phys, at) + 4096 + 8 * i, 8);
		vq_store(at + 16 * i + 8, 8, 4);
		vq_store(at + 16 * i + 12, (i + 1 < n ? VQ_F_NEXT : 0) | (i >= n - writes ? VQ_F_WRITE : 0), 2);
		vq_store(at + 16 * i + 14, i + 1, 2);
	}
	return sim_phys_of(&rig->phys, at);
}

static int resolve_table(struct rig *rig, uint64_t address, uint32_t bytes, uint16_t flags)
{
	vq_describe(&rig->driver, 3, address, bytes, (uint16_t)(VQ_F_INDIRECT | flags), 4);
	return virtqueue_resolve(&rig->queue, &rig->phys, 3, &rig->chain);
}

static void test_a_table_is_a_chain(void **state)
{
	struct rig *rig = *state;
	unsigned char *at = sim_phys_alloc(&rig->phys, 8192, 4096);
	uint64_t address = table(rig, at, VIRTQUEUE_SEGMENTS_MAX, 2);

	assert_int_equal(resolve_table(rig, address, 16 * VIRTQUEUE_SEGMENTS_MAX, 0), -EINVAL); /* not negotiated */
	rig->queue.indirect = true;
	/* Its write flag means nothing, and it may lie anywhere. */
	for (unsigned i = 0; i < 4; i++) {
		address = table(rig, at + i, VIRTQUEUE_SEGMENTS_MAX, 2);
		assert_int_equal(resolve_table(rig, address, 16 * VIRTQUEUE_SEGMENTS_MAX, i & 1 ? VQ_F_WRITE : 0), 0);
		assert_int_equal(rig->chain.readable, VIRTQUEUE_SEGMENTS_MAX - 2);
		assert_int_equal(rig->chain.writable, 2);
	}
	assert_ptr_equal(rig->chain.segment[5].base, at + 3 + 4096 + 40);
	/* What is longer is no request of ours. */
	table(rig, at, VIRTQUEUE_SEGMENTS_MAX + 1, 2);
	assert_int_equal(resolve_table(rig, sim_phys_of(&rig->phys, at), 16 * (VIRTQUEUE_SEGMENTS_MAX + 1), 0), -EINVAL);
}

static void test_a_table_may_end_a_chain(void **state)
{
	struct rig *rig = *state;
	unsigned char *at = sim_phys_alloc(&rig->phys, 8192, 4096);
	uint64_t address = table(rig, at, 3, 1);

	rig->queue.indirect = true;
	vq_describe(&rig->driver, 7, address, 64, VQ_F_NEXT, 3);
	vq_describe(&rig->driver, 3, address, 48, VQ_F_INDIRECT, 0);
	assert_int_equal(virtqueue_resolve(&rig->queue, &rig->phys, 7, &rig->chain), 0);
	assert_int_equal(rig->chain.readable, 3);
	assert_int_equal(rig->chain.writable, 1);
	/* and does not go on */
	assert_int_equal(resolve_table(rig, address, 48, VQ_F_NEXT), -EINVAL);
	/* what the device reads comes first, across the border too */
	vq_describe(&rig->driver, 7, address, 64, VQ_F_NEXT | VQ_F_WRITE, 3);
	vq_describe(&rig->driver, 3, address, 48, VQ_F_INDIRECT, 0);
	assert_int_equal(virtqueue_resolve(&rig->queue, &rig->phys, 7, &rig->chain), -EINVAL);
}

static void test_bad_tables_are_refused(void **state)
{
	struct rig *rig = *state;
	unsigned char *at = sim_phys_alloc(&rig->phys, 8192, 4096);
	uint64_t address = table(rig, at, 3, 1);
	const uint32_t bytes[] = { 0, 15, 17, 47, 32, 0xfffffff0u };

	rig->queue.indirect = true;
	assert_int_equal(resolve_table(rig, address, 48, 0), 0);
	/* of no whole entries; too short for its chain; beyond memory */
	for (unsigned i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++)
		assert_int_equal(resolve_table(rig, address, bytes[i], 0), -EINVAL);
	assert_int_equal(resolve_table(rig, 0, 48, 0), -EINVAL);
	assert_int_equal(resolve_table(rig, SIM_PHYS_BASE + rig->phys.bytes - 32, 48, 0), -EINVAL);
	/* a ring within; an entry that is not there; a table in a table */
	vq_store(at + 32 + 12, VQ_F_NEXT | VQ_F_WRITE, 2);
	vq_store(at + 32 + 14, 2, 2);
	assert_int_equal(resolve_table(rig, address, 48, 0), -EINVAL);
	vq_store(at + 32 + 14, 3, 2);
	assert_int_equal(resolve_table(rig, address, 48, 0), -EINVAL);
	table(rig, at, 3, 1);
	vq_store(at + 16 + 12, VQ_F_INDIRECT, 2);
	assert_int_equal(resolve_table(rig, address, 48, 0), -EINVAL);
	table(rig, at, 3, 1);
	vq_store(at + 16, 1, 8);
	assert_int_equal(resolve_table(rig, address, 48, 0), -EINVAL);
}

static void test_the_rings_tables_are_the_devices(void **state)
{
	struct ring_rig *rig = *state;
	RING_SEGMENT segment[3] = { { SIM_PHYS_BASE, 8, FALSE }, { SIM_PHYS_BASE + 64, 16, FALSE }, { SIM_PHYS_BASE + 128, 4, TRUE } };
	PRING_DESC at = sim_phys_alloc(&rig->phys, 4096, 16);

	rig->queue.indirect = true;
	/* One descriptor each, so as many as the ring has. */
	for (uintptr_t i = 1; i <= SIZE; i++) {
		RingFillTable(at, segment, 3);
		assert_true(RingPostTable(&rig->ring, sim_phys_of(&rig->phys, at), 3, (PVOID)i));
	}
	assert_false(RingPostTable(&rig->ring, sim_phys_of(&rig->phys, at), 3, (PVOID)1));
	assert_false(post(rig, 1, 0, 1));
	for (uintptr_t i = 1; i <= SIZE; i++) {
		uint16_t head = virtqueue_take(&rig->queue);

		assert_int_equal(virtqueue_resolve(&rig->queue, &rig->phys, head, &rig->chain), 0);
		assert_int_equal(rig->chain.readable, 2);
		assert_int_equal(rig->chain.writable, 1);
		virtqueue_publish(&rig->queue, head, 0);
		assert_ptr_equal(RingTake(&rig->ring), (PVOID)i);
	}
	assert_int_equal(rig->ring.FreeCount, SIZE);
}

/* What is offered between the device's last look and its asking is told by the asking. */
static void test_asking_for_a_doorbell_looks_again(void **state)
{
	struct ring_rig *rig = *state;

	assert_true(post(rig, 1, 0, 1));
	virtqueue_take(&rig->queue);
	assert_true(post(rig, 1, 0, 2));
	assert_true(virtqueue_ask_doorbell(&rig->queue));
	virtqueue_take(&rig->queue);
	assert_false(virtqueue_ask_doorbell(&rig->queue));
}

static uint16_t used_flags(const struct ring_rig *rig)
{
	return rig->queue.used->flags;
}

/* Without the event index: while more comes than is taken, a flag; once nothing does, another look behind its end. */
static void test_a_flag_keeps_doorbells_away(void **state)
{
	struct ring_rig *rig = *state;

	assert_true(post(rig, 1, 0, 1));
	virtqueue_take(&rig->queue);
	assert_false(virtqueue_ask_doorbell(&rig->queue));
	assert_int_equal(used_flags(rig), 0);
	assert_true(post(rig, 1, 0, 2));
	assert_true(virtqueue_ask_doorbell(&rig->queue));
	assert_int_equal(used_flags(rig), 1);
	assert_true(post(rig, 1, 0, 3));
	assert_true(virtqueue_ask_doorbell(&rig->queue));
	assert_int_equal(used_flags(rig), 1);
	virtqueue_take(&rig->queue);
	virtqueue_take(&rig->queue);
	assert_false(virtqueue_ask_doorbell(&rig->queue));
	assert_int_equal(used_flags(rig), 0);
	assert_false(virtqueue_ask_doorbell(&rig->queue));
	/* With the event index there is no flag. */
	rig->queue.event_index = true;
	assert_true(post(rig, 1, 0, 4));
	assert_true(virtqueue_ask_doorbell(&rig->queue));
	assert_int_equal(used_flags(rig), 0);
}

/*
 * Driver and device with the event index on both ways, any number at a time: a doorbell is
 * left out only while the device would look anyway, an interrupt only while the driver would.
 */
static void test_neither_side_waits_for_ever(void **state)
{
	struct ring_rig *rig = *state;
	uint64_t random = 31;
	uintptr_t posted = 0, taken = 0, done = 0;
	uint16_t held[SIZE];
	unsigned doorbells = 0, interrupts = 0;
	bool rung = false, interrupted = false;

	rig->queue.event_index = true;
	rig->ring.EventIndex = TRUE;
	while (done < 200000) {
		unsigned n = (unsigned)(splitmix64(&random) % 6);

		switch (splitmix64(&random) % 3) {
		case 0:
			for (unsigned i = 0; i < n && post(rig, 1, 0, posted + 1); i++)
				posted++;
			rung |= n && RingWantsDoorbell(&rig->ring);
			break;
		case 1:
			/* The device works only when it was rung, and then until it has seen everything. */
			if (!rung) {
				assert_int_equal(posted, taken);
				break;
			}
			rung = false;
			doorbells++;
			do {
				while (virtqueue_available(&rig->queue) > 0)
					held[taken++ % SIZE] = virtqueue_take(&rig->queue);
			} while (virtqueue_ask_doorbell(&rig->queue));
			n = 0;
			for (uintptr_t i = done + (uint16_t)(rig->queue.published - (uint16_t)done); i < taken; i++, n++)
				virtqueue_publish(&rig->queue, held[i % SIZE], 0);
			interrupted |= n && virtqueue_event(&rig->queue, n) < n;
			break;
		default:
			if (!interrupted) {
				assert_int_equal(taken, done);
				break;
			}
			interrupted = false;
			interrupts++;
			do {
				while (RingTake(&rig->ring))
					done++;
			} while (RingRearm(&rig->ring));
			break;
		}
	}
	assert_true(doorbells < done / 2);
	assert_true(interrupts < done / 2);
}

int main(void)
{
#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define WITH_RING(test) cmocka_unit_test_setup_teardown(test, set_up_ring, tear_down_ring)
	const struct CMUnitTest tests[] = {
		WITH_RIG(test_the_layout_is_the_specifications),
		WITH_RIG(test_a_queue_outside_of_memory_is_refused),
		WITH_RIG(test_a_queue_that_is_down_interrupts_nobody),
		WITH_RIG(test_setting_a_queue_up_again_starts_afresh),
		WITH_RIG(test_an_impossible_index_is_refused),
		WITH_RIG(test_indices_wrap_at_65536),
		WITH_RIG(test_a_chain_is_resolved_in_its_order),
		WITH_RIG(test_a_bad_descriptor_anywhere_fails_the_chain),
		WITH_RIG(test_a_head_beyond_the_table_is_refused),
		WITH_RIG(test_what_the_device_reads_comes_first),
		WITH_RIG(test_chains_have_a_greatest_length),
		WITH_RIG(test_noise_is_refused_or_lies_within_memory),
		WITH_RING(test_the_ring_has_the_specifications_size),
		WITH_RING(test_a_request_goes_round),
		WITH_RING(test_a_full_ring_refuses_and_stays_as_it_was),
		WITH_RING(test_a_random_traffic_loses_and_doubles_nothing),
		WITH_RING(test_an_unknown_id_frees_nothing),
		WITH_RIG(test_a_table_is_a_chain),
		WITH_RIG(test_a_table_may_end_a_chain),
		WITH_RIG(test_bad_tables_are_refused),
		WITH_RING(test_the_rings_tables_are_the_devices),
		WITH_RING(test_asking_for_a_doorbell_looks_again),
		WITH_RING(test_a_flag_keeps_doorbells_away),
		WITH_RING(test_neither_side_waits_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
