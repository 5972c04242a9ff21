/* SPDX-License-Identifier: MIT */
/*
 * The ledger must count every fault under its right name and raise none that is
 * not one. Negative controls do each kind of damage to one I/O. Random schedules
 * of issue, execution and completion are judged by an oracle that keeps every
 * write's interval; test_ledger_threads.c does the same with real races.
 */
#include <errno.h>

#include "tests/unit/ledger_rig.h"

static void test_sound_io_is_clean(void **state)
{
	struct rig *rig = *state;
	struct ledger_report report;

	assert_int_equal(do_io(rig, &rig->a, false, 0, 64), 0);
	assert_int_equal(do_io(rig, &rig->a, true, 3, 50), 0);
	assert_int_equal(do_io(rig, &rig->b, true, 20, 1), 0);
	assert_int_equal(do_io(rig, &rig->a, false, 0, 64), 0);
	assert_int_equal(do_io(rig, &rig->a, true, 99990, 10), 0);
	assert_int_equal(do_io(rig, &rig->a, false, 99980, 20), 0);
	assert_clean(rig);
	report = report_of(rig);
	assert_int_equal(report.issued, 6);
	assert_int_equal(report.completed, 6);
	assert_int_equal(report.unordered + report.contested, 0);
	assert_true(sweep_of(rig).checked >= 60);
}

static void test_issue_errors(void **state)
{
	struct ledger_config config = { .mode = (enum lun_data)2 };
	struct rig *rig = *state;
	struct ledger_io *io = &rig->a.io;
	struct ledger *ledger;

	assert_int_equal(ledger_create(&ledger, &config), -EINVAL);
	assert_int_equal(ledger_issue(rig->ledger, io), -EINVAL);
	io->blocks = 1;
	io->lun = BLOCK_STAMP_MAX_LUN + 1;
	assert_int_equal(ledger_issue(rig->ledger, io), -EINVAL);
	io->lun = BLOCK_STAMP_MAX_LUN;
	io->lba = BLOCK_STAMP_MAX_BLOCKS;
	assert_int_equal(ledger_issue(rig->ledger, io), -EINVAL);
	io->lba = BLOCK_STAMP_MAX_BLOCKS - 1;
	assert_int_equal(ledger_issue(rig->ledger, io), 0);
	assert_int_equal(ledger_issue(rig->ledger, io), -EBUSY);
	assert_int_equal(report_of(rig).issued, 1);
}

static void test_lost_write(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(do_io(rig, &rig->a, true, 8, 8), 0);
	issue(rig, &rig->a, true, 10, 3);
	assert_int_equal(complete(rig, &rig->a), 0);
	assert_int_equal(sweep_of(rig).stale, 3);
	assert_int_equal(do_io(rig, &rig->b, false, 0, 32), LEDGER_STALE);
	assert_int_equal(report_of(rig).stale, 3);
	assert_int_equal(report_of(rig).unordered, 0);
}

/* A write that nobody issued is as bad as one that never happened. */
static void test_phantom_write(void **state)
{
	struct rig *rig = *state;

	block_stamp_fill(&(struct sim_iov){ rig->a.data, 512 }, 1, LUN, 700, 1,
			 12345, rig->mode);
	assert_int_equal(lun_write(rig->lun, 700, 1,
				   &(struct sim_iov){ rig->a.data, 512 }, 1),
			 0);
	assert_int_equal(sweep_of(rig).stale, 1);
	assert_int_equal(do_io(rig, &rig->b, false, 696, 8), LEDGER_STALE);
	assert_int_equal(report_of(rig).stale, 1);
}

static void test_misdirected_write(void **state)
{
	struct rig *rig = *state;

	issue(rig, &rig->a, true, 100, 4);
	execute_at(rig, &rig->a, 5000);
	assert_int_equal(complete(rig, &rig->a), 0);
	assert_int_equal(lun_stats(rig->lun)->misdirected, 4);
	assert_int_equal(sweep_of(rig).misdirected, 4);
	assert_int_equal(sweep_of(rig).stale, 4);
	assert_int_equal(do_io(rig, &rig->b, false, 100, 4), LEDGER_STALE);
	assert_int_equal(do_io(rig, &rig->b, false, 5000, 4),
			 LEDGER_MISDIRECTED);
	assert_int_equal(report_of(rig).misdirected, 4);
	assert_int_equal(report_of(rig).stale, 4);
}

static void test_torn_write(void **state)
{
	struct rig *rig = *state;
	uint64_t older;

	issue(rig, &rig->a, true, 40, 2);
	older = rig->a.io.serial;
	execute(rig, &rig->a);
	assert_int_equal(complete(rig, &rig->a), 0);
	issue(rig, &rig->a, true, 40, 2);
	assert_int_not_equal(rig->a.io.serial, older);
	block_stamp_store(rig->a.data + 512 + BLOCK_STAMP_TAIL_OFFSET_BYTES,
			  block_stamp_tag(LUN, 41), older);
	execute(rig, &rig->a);
	assert_int_equal(complete(rig, &rig->a), 0);
	assert_int_equal(lun_stats(rig->lun)->torn, 1);
	assert_int_equal(sweep_of(rig).torn, 1);
	assert_int_equal(do_io(rig, &rig->b, false, 40, 8), LEDGER_TORN);
	assert_int_equal(report_of(rig).torn, 1);
	assert_int_equal(report_of(rig).stale, 0);
}

static void test_corrupt_data(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(do_io(rig, &rig->a, true, 40, 4), 0);
	issue(rig, &rig->b, false, 40, 4);
	execute(rig, &rig->b);
	rig->b.data[512 + 200] ^= 1;
	assert_int_equal(complete(rig, &rig->b), LEDGER_CORRUPT);
	assert_int_equal(report_of(rig).corrupt, 1);
	issue(rig, &rig->a, true, 40, 1);
	rig->a.data[200] ^= 1;
	execute(rig, &rig->a);
	complete(rig, &rig->a);
	assert_int_equal(sweep_of(rig).corrupt, 1);
}

static void test_duplicate_and_unissued(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(complete(rig, &rig->a), LEDGER_NEVER_ISSUED);
	assert_int_equal(do_io(rig, &rig->a, true, 8, 8), 0);
	assert_int_equal(complete(rig, &rig->a), LEDGER_DUPLICATE);
	assert_int_equal(ledger_fail(rig->ledger, &rig->a.io),
			 LEDGER_DUPLICATE);
	assert_int_equal(do_io(rig, &rig->a, false, 8, 8), 0);
	assert_int_equal(report_of(rig).duplicates, 2);
	assert_int_equal(report_of(rig).never_issued, 1);
	assert_int_equal(report_of(rig).completed, 2);
	assert_int_equal(report_of(rig).lost, 0);
}

static void test_swapped_reads(void **state)
{
	struct rig *rig = *state;
	struct sim_iov swap;

	assert_int_equal(do_io(rig, &rig->a, true, 0, 64), 0);
	issue(rig, &rig->a, false, 8, 4);
	issue(rig, &rig->b, false, 16, 4);
	swap = rig->a.iov;
	rig->a.iov = rig->b.iov;
	rig->b.iov = swap;
	execute(rig, &rig->a);
	execute(rig, &rig->b);
	rig->b.iov = rig->a.iov;
	rig->a.iov = swap;
	assert_int_equal(complete(rig, &rig->a), LEDGER_MISDIRECTED);
	assert_int_equal(complete(rig, &rig->b), LEDGER_MISDIRECTED);
	assert_int_equal(report_of(rig).misdirected, 8);
	assert_int_equal(report_of(rig).stale, 0);
}

/* A buffer that held the right blocks before is no proof that they arrived. */
static void test_read_not_delivered(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(do_io(rig, &rig->a, true, 8, 8), 0);
	assert_int_equal(do_io(rig, &rig->a, false, 8, 8), 0);
	issue(rig, &rig->a, false, 8, 8);
	assert_int_equal(complete(rig, &rig->a), LEDGER_MISSING);
	assert_int_equal(report_of(rig).missing, 8);

	issue(rig, &rig->a, false, 8, 8);
	execute(rig, &rig->a);
	rig->a.iov.bytes = 5 * 512 + 100;
	assert_int_equal(complete(rig, &rig->a), LEDGER_MISSING);
	assert_int_equal(report_of(rig).missing, 8 + 3);
}

static void test_lost_io(void **state)
{
	struct rig *rig = *state;

	issue(rig, &rig->a, true, 8, 8);
	issue(rig, &rig->b, false, 800, 8);
	assert_int_equal(report_of(rig).lost, 2);
	execute(rig, &rig->a);
	assert_int_equal(sweep_of(rig).unordered, 8);
	assert_int_equal(sweep_of(rig).stale, 0);
}

/* A stale block is a fault unless a write overlapped the read, each way. */
static void test_overlap_is_unordered(void **state)
{
	struct rig *rig = *state;

	do_io(rig, &rig->a, true, 8, 8);
	/* The write was in flight when the read was issued. */
	issue(rig, &rig->a, true, 8, 8);
	execute(rig, &rig->a);
	issue(rig, &rig->b, false, 8, 8);
	execute(rig, &rig->b);
	assert_int_equal(complete(rig, &rig->b), 0);
	assert_int_equal(report_of(rig).unordered, 8);
	assert_int_equal(complete(rig, &rig->a), 0);
	/* It was issued and completed while the read was in flight. */
	issue(rig, &rig->b, false, 8, 8);
	execute(rig, &rig->b);
	do_io(rig, &rig->a, true, 8, 8);
	assert_int_equal(complete(rig, &rig->b), 0);
	assert_int_equal(report_of(rig).unordered, 16);
	/* It was completed just before, and another one 4 KiB away overlaps. */
	issue(rig, &rig->c, true, 16, 8);
	issue(rig, &rig->a, true, 8, 8);
	complete(rig, &rig->a);
	assert_int_equal(do_io(rig, &rig->b, false, 8, 8), LEDGER_STALE);
	assert_int_equal(report_of(rig).unordered, 16);
}

/* Overlapping writes: either is right, the one before them is not. */
static void test_contested_block(void **state)
{
	struct rig *rig = *state;
	uint64_t first;

	for (unsigned int which = 0; which < 3; which++) {
		uint64_t lba = 80 + 8 * which;

		do_io(rig, &rig->a, true, lba, 8);
		first = rig->a.io.serial;
		issue(rig, &rig->a, true, lba, 4);
		issue(rig, &rig->b, true, lba + 2, 4);
		if (which == 0)
			execute(rig, &rig->a);
		if (which != 2)
			execute(rig, &rig->b);
		if (which == 1)
			execute(rig, &rig->a);
		assert_int_equal(complete(rig, &rig->a), 0);
		assert_int_equal(complete(rig, &rig->b), 0);
		assert_int_equal(report_of(rig).contested, 2 * (which + 1));
		assert_int_equal(do_io(rig, &rig->c, false, lba, 8),
				 which == 2 ? LEDGER_STALE : 0);
	}
	/* Both lost: all six blocks, the contested two among them, are stale. */
	assert_int_equal(report_of(rig).stale, 6);
	assert_int_equal(lun_peek_serial(rig->lun, 98), first);
	assert_int_equal(sweep_of(rig).stale, 6);

	/* Written alone, it is exact again. */
	assert_int_equal(do_io(rig, &rig->a, true, 80, 8), 0);
	issue(rig, &rig->a, true, 80, 8);
	complete(rig, &rig->a);
	assert_int_equal(do_io(rig, &rig->c, false, 80, 8), LEDGER_STALE);
}

/* However many contests there were, the list is that of the last one. */
static void test_contests_do_not_add_up(void **state)
{
	struct rig *rig = *state;

	for (unsigned int i = 0; i < 20; i++) {
		bool lost = i == 19;

		assert_int_equal(do_io(rig, &rig->a, true, 80, 8), 0);
		issue(rig, &rig->a, true, 80, 1);
		issue(rig, &rig->b, true, 80, 1);
		if (!lost) {
			execute(rig, &rig->b);
			execute(rig, &rig->a);
		}
		complete(rig, &rig->a);
		complete(rig, &rig->b);
		assert_int_equal(do_io(rig, &rig->c, false, 80, 8),
				 lost ? LEDGER_STALE : 0);
	}
}

/* The contenders of one block do not pass on another. */
static void test_contenders_are_per_block(void **state)
{
	struct rig *rig = *state;
	struct sim_iov iov = { rig->c.data, 512 };

	issue(rig, &rig->a, true, 80, 2);
	issue(rig, &rig->b, true, 81, 2);
	issue(rig, &rig->c, true, 82, 2);
	execute(rig, &rig->a);
	execute(rig, &rig->b);
	execute(rig, &rig->c);
	complete(rig, &rig->a);
	complete(rig, &rig->b);
	complete(rig, &rig->c);
	assert_int_equal(sweep_of(rig).stale, 0);
	block_stamp_fill(&iov, 1, LUN, 82, 1, rig->a.io.serial, rig->mode);
	assert_int_equal(lun_write(rig->lun, 82, 1, &iov, 1), 0);
	assert_int_equal(sweep_of(rig).stale, 1);
	assert_int_equal(do_io(rig, &rig->b, false, 80, 8), LEDGER_STALE);
}

/* More contenders than the list holds: any of them, and no false alarm. */
static void test_many_contenders(void **state)
{
	struct slot *slots = calloc(12, sizeof(*slots));
	struct rig *rig = *state;

	for (unsigned int contenders = 2; contenders <= 12; contenders++)
		for (unsigned int last = 0; last < contenders; last++) {
			for (unsigned int i = 0; i < contenders; i++)
				issue(rig, &slots[i], true, 160, 1);
			for (unsigned int i = 0; i < contenders; i++)
				if (i != last)
					execute(rig, &slots[i]);
			execute(rig, &slots[last]);
			for (unsigned int i = 0; i < contenders; i++)
				complete(rig, &slots[i]);
			assert_int_equal(do_io(rig, &rig->c, false, 160, 1), 0);
		}
	assert_clean(rig);
	free(slots);
}

/* Two writes in flight on one 4 KiB, on different blocks: both stay exact. */
static void test_neighbours_stay_exact(void **state)
{
	struct rig *rig = *state;

	issue(rig, &rig->a, true, 8, 4);
	issue(rig, &rig->b, true, 12, 4);
	execute(rig, &rig->b);
	complete(rig, &rig->b);
	complete(rig, &rig->a);
	assert_int_equal(report_of(rig).contested, 0);
	assert_int_equal(do_io(rig, &rig->c, false, 8, 8), LEDGER_STALE);
	assert_int_equal(report_of(rig).stale, 4);
}

static void test_failed_write(void **state)
{
	struct rig *rig = *state;

	for (unsigned int applied = 0; applied < 2; applied++) {
		do_io(rig, &rig->a, true, 240, 8);
		issue(rig, &rig->a, true, 240, 8);
		if (applied)
			execute(rig, &rig->a);
		assert_int_equal(ledger_fail(rig->ledger, &rig->a.io), 0);
		assert_int_equal(do_io(rig, &rig->b, false, 240, 8), 0);
	}
	issue(rig, &rig->b, false, 240, 8);
	assert_int_equal(ledger_fail(rig->ledger, &rig->b.io), 0);
	assert_clean(rig);
	assert_int_equal(report_of(rig).failed, 3);
	/* The next write is exact again. */
	do_io(rig, &rig->a, true, 240, 8);
	issue(rig, &rig->a, true, 240, 8);
	complete(rig, &rig->a);
	assert_int_equal(do_io(rig, &rig->b, false, 240, 8), LEDGER_STALE);
}

/* A failed write leaves an ambiguous block with any of its old candidates. */
static void test_failed_write_after_contest(void **state)
{
	struct rig *rig = *state;

	issue(rig, &rig->a, true, 240, 8);
	issue(rig, &rig->b, true, 240, 8);
	execute(rig, &rig->b);
	execute(rig, &rig->a);
	complete(rig, &rig->a);
	complete(rig, &rig->b);
	issue(rig, &rig->b, true, 240, 8);
	assert_int_equal(ledger_fail(rig->ledger, &rig->b.io), 0);
	assert_int_equal(do_io(rig, &rig->b, false, 240, 8), 0);
	assert_clean(rig);
}

/* Of a large I/O the quarter without overlap is still exact. */
static void test_large_io_by_quarters(void **state)
{
	struct rig *rig = *state;

	do_io(rig, &rig->a, true, 320, 64);
	issue(rig, &rig->a, true, 376, 1);
	complete(rig, &rig->a);
	issue(rig, &rig->b, false, 320, 64);
	do_io(rig, &rig->c, true, 321, 1);
	execute(rig, &rig->b);
	assert_int_equal(complete(rig, &rig->b), LEDGER_STALE);
	assert_int_equal(report_of(rig).stale, 1);
}

static void test_luns_are_apart(void **state)
{
	struct rig *rig = *state;
	struct ledger_io io = { .lba = 8, .blocks = 8, .lun = LUN + 1,
				.is_write = true };

	assert_int_equal(ledger_issue(rig->ledger, &io), 0);
	assert_int_equal(ledger_complete(rig->ledger, &io, NULL, 0), 0);
	assert_int_equal(do_io(rig, &rig->a, false, 8, 8), 0);
	assert_clean(rig);
}

/* Far apart and many: the table's chains and the memory behind it. */
static void test_many_places(void **state)
{
	struct rig *rig = *state;
	const uint64_t stride = (UINT64_C(1) << 25) + 32;
	struct ledger_io io = { .lun = 1, .blocks = 2, .is_write = true };

	for (uint64_t i = 0; i < 20000; i++) {
		io.lba = 31 + i * stride;
		assert_int_equal(ledger_issue(rig->ledger, &io), 0);
		assert_int_equal(ledger_complete(rig->ledger, &io, NULL, 0), 0);
	}
	for (uint64_t i = 0; i < 20000; i += 777) {
		io.lba = 31 + i * stride;
		io.blocks = 1;
		io.is_write = false;
		assert_int_equal(ledger_issue(rig->ledger, &io), 0);
		rig->a.iov = (struct sim_iov){ rig->a.data, 512 };
		memset(rig->a.data, 0, 512);
		assert_int_equal(complete(rig, &rig->a), LEDGER_NEVER_ISSUED);
		assert_int_equal(ledger_complete(rig->ledger, &io,
						 &rig->a.iov, 1),
				 LEDGER_STALE);
	}
	assert_in_range(report_of(rig).resident_bytes, 40000 * 576,
			48000 * 576);
}

/*
 * Random schedules and their oracle.
 */
#define SPACE 80u
#define SLOTS 6u
#define GRANULE 8u

struct oracle_block {
	uint64_t expected;	/* the last write's serial, unless ambiguous */
	unsigned int covering;	/* writes in flight */
	bool ambiguous;
	bool busy_since;	/* ambiguous, and its 4 KiB not idle since */
};

struct oracle {
	struct oracle_block blocks[SPACE];
	unsigned int writes[SPACE / GRANULE];	/* in flight */
	unsigned int started[SPACE / GRANULE];	/* ever */
};

struct schedule {
	struct rig rig;
	struct oracle oracle;
	struct slot slots[SLOTS];
	unsigned int stage[SLOTS];	/* 0 idle, 1 issued, 2 executed */
	bool overlapped[SLOTS][SPACE / GRANULE];
	unsigned int seen[SLOTS][SPACE / GRANULE];
	uint64_t random;
	unsigned int drop_one_in;
	uint64_t stale;
};

static void oracle_issue(struct schedule *s, unsigned int i)
{
	const struct ledger_io *io = &s->slots[i].io;
	struct oracle *oracle = &s->oracle;

	for (uint64_t lba = io->lba; lba < io->lba + io->blocks; lba++) {
		struct oracle_block *block = &oracle->blocks[lba];

		if (!io->is_write)
			continue;
		if (block->covering++) {
			block->ambiguous = true;
			block->busy_since = true;
		} else if (!block->busy_since) {
			block->ambiguous = false;
		}
		block->expected = io->serial;
	}
	for (uint64_t g = io->lba / GRANULE;
	     g <= (io->lba + io->blocks - 1) / GRANULE; g++) {
		if (io->is_write) {
			oracle->writes[g]++;
			oracle->started[g]++;
		}
		s->overlapped[i][g] = oracle->writes[g] > 0;
		s->seen[i][g] = oracle->started[g];
	}
}

static void oracle_complete_write(struct schedule *s, unsigned int i)
{
	const struct ledger_io *io = &s->slots[i].io;
	struct oracle *oracle = &s->oracle;

	for (uint64_t lba = io->lba; lba < io->lba + io->blocks; lba++)
		oracle->blocks[lba].covering--;
	for (uint64_t g = io->lba / GRANULE;
	     g <= (io->lba + io->blocks - 1) / GRANULE; g++)
		if (!--oracle->writes[g])
			for (unsigned int b = 0; b < GRANULE; b++)
				oracle->blocks[g * GRANULE + b].busy_since =
					false;
}

/* How many stale blocks of a read of up to 4 granules must be reported. */
static unsigned int oracle_stale(const struct schedule *s, unsigned int i)
{
	const struct slot *slot = &s->slots[i];
	unsigned int stale = 0;

	for (unsigned int b = 0; b < slot->io.blocks; b++) {
		uint64_t lba = slot->io.lba + b;
		const struct oracle_block *block = &s->oracle.blocks[lba];
		uint64_t g = lba / GRANULE;

		if (!s->overlapped[i][g] &&
		    s->seen[i][g] == s->oracle.started[g] &&
		    !block->ambiguous &&
		    block_stamp_load(slot->data + b * 512).serial !=
		    block->expected)
			stale++;
	}
	return stale;
}

static void step(struct schedule *s)
{
	unsigned int i = (unsigned int)pick(&s->random, SLOTS);
	struct slot *slot = &s->slots[i];
	uint32_t blocks;

	switch (s->stage[i]) {
	case 0:
		blocks = 1 + (uint32_t)pick(&s->random, 24);
		issue(&s->rig, slot, pick(&s->random, 2),
		      pick(&s->random, SPACE - blocks), blocks);
		oracle_issue(s, i);
		break;
	case 1:
		if (!slot->io.is_write || !s->drop_one_in ||
		    pick(&s->random, s->drop_one_in))
			execute(&s->rig, slot);
		break;
	default:
		if (slot->io.is_write) {
			assert_int_equal(complete(&s->rig, slot), 0);
			oracle_complete_write(s, i);
		} else {
			unsigned int stale = oracle_stale(s, i);
			uint64_t before = report_of(&s->rig).stale;
			uint64_t found;

			complete(&s->rig, slot);
			found = report_of(&s->rig).stale - before;
			if (s->drop_one_in)
				assert_true(found >= stale);
			else
				assert_int_equal(found, 0);
			s->stale += stale;
		}
	}
	s->stage[i] = (s->stage[i] + 1) % 3;
}

/* Returns the ledger's counts, and of the oracle the stale blocks it knew of. */
static struct ledger_report run_schedule(unsigned int steps,
					 unsigned int drop_one_in,
					 uint64_t *stale)
{
	struct schedule *s = calloc(1, sizeof(*s));
	struct ledger_report report;

	make_rig(&s->rig, LUN_DATA_STAMP);
	s->random = 0x9e3779b97f4a7c15 + drop_one_in;
	s->drop_one_in = drop_one_in;
	while (steps--)
		step(s);
	for (unsigned int i = 0; i < SLOTS; i++) {
		if (s->stage[i] == 1 && !drop_one_in)
			execute(&s->rig, &s->slots[i]);
		if (s->stage[i])
			complete(&s->rig, &s->slots[i]);
	}
	if (!drop_one_in)
		assert_clean(&s->rig);
	report = report_of(&s->rig);
	*stale = s->stale;
	ledger_destroy(s->rig.ledger);
	lun_destroy(s->rig.lun);
	free(s);
	return report;
}

static void test_random_schedule_is_clean(void **state)
{
	struct ledger_report report;
	uint64_t stale;

	report = run_schedule(300000, 0, &stale);
	/* It must have been in every state it claims to judge. */
	assert_int_equal(stale, 0);
	assert_true(report.unordered > 1000);
	assert_true(report.contested > 1000);
	assert_true(report.ambiguous > 100);
}

static void test_random_losses_are_found(void **state)
{
	uint64_t stale;

	run_schedule(300000, 50, &stale);
	assert_true(stale > 1000);
}

int main(void)
{
#define RIG_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_sound_io_is_clean),
		RIG_TEST(test_issue_errors),
		RIG_TEST(test_lost_write),
		RIG_TEST(test_phantom_write),
		RIG_TEST(test_misdirected_write),
		RIG_TEST(test_torn_write),
		RIG_TEST(test_corrupt_data),
		RIG_TEST(test_duplicate_and_unissued),
		RIG_TEST(test_swapped_reads),
		RIG_TEST(test_read_not_delivered),
		RIG_TEST(test_lost_io),
		RIG_TEST(test_overlap_is_unordered),
		RIG_TEST(test_contested_block),
		RIG_TEST(test_contests_do_not_add_up),
		RIG_TEST(test_contenders_are_per_block),
		RIG_TEST(test_many_contenders),
		RIG_TEST(test_neighbours_stay_exact),
		RIG_TEST(test_failed_write),
		RIG_TEST(test_failed_write_after_contest),
		RIG_TEST(test_large_io_by_quarters),
		RIG_TEST(test_luns_are_apart),
		RIG_TEST(test_many_places),
		cmocka_unit_test(test_random_schedule_is_clean),
		cmocka_unit_test(test_random_losses_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
