/* SPDX-License-Identifier: MIT */
/* A ledger, a LUN and a few I/Os of which a test is initiator and device at once. */
#ifndef STORSYNC_TESTS_UNIT_LEDGER_RIG_H
#define STORSYNC_TESTS_UNIT_LEDGER_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/instruments/ledger.h"

#define LUN 9u
#define LUN_BLOCKS 100000u
#define MOST_BLOCKS 64u

struct slot {
	struct ledger_io io;
	struct sim_iov iov;
	char data[MOST_BLOCKS * 512];
};

struct rig {
	struct ledger *ledger;
	struct lun *lun;
	enum lun_data mode;
	struct slot a, b, c;
};

static inline void make_rig(struct rig *rig, enum lun_data mode)
{
	struct lun_config lun = { .blocks = LUN_BLOCKS, .block_bytes = 512,
				  .mode = mode, .id = LUN };
	struct ledger_config config = { .mode = mode };

	memset(rig, 0, sizeof(*rig));
	rig->mode = mode;
	assert_int_equal(ledger_create(&rig->ledger, &config), 0);
	assert_int_equal(lun_create(&rig->lun, &lun), 0);
}

static inline int set_up(void **state)
{
	struct rig *rig = malloc(sizeof(*rig));

	make_rig(rig, LUN_DATA_COPY);
	*state = rig;
	return 0;
}

static inline int tear_down(void **state)
{
	struct rig *rig = *state;

	ledger_destroy(rig->ledger);
	lun_destroy(rig->lun);
	free(rig);
	return 0;
}

/* What an initiator does before it submits. */
static inline void issue(struct rig *rig, struct slot *slot, bool write, uint64_t lba,
		  uint32_t blocks)
{
	slot->io.lun = LUN;
	slot->io.lba = lba;
	slot->io.blocks = blocks;
	slot->io.is_write = write;
	slot->iov = (struct sim_iov){ slot->data, blocks * 512u };
	assert_int_equal(ledger_issue(rig->ledger, &slot->io), 0);
	if (write)
		block_stamp_fill(&slot->iov, 1, LUN, lba, blocks,
				 slot->io.serial, rig->mode);
	else
		block_stamp_poison(&slot->iov, 1, blocks, rig->mode);
}

/* What the device does, at an LBA that may be the wrong one. */
static inline void execute_at(struct rig *rig, struct slot *slot, uint64_t lba)
{
	assert_int_equal((slot->io.is_write ? lun_write : lun_read)(
				 rig->lun, lba, slot->io.blocks, &slot->iov, 1),
			 0);
}

static inline void execute(struct rig *rig, struct slot *slot)
{
	execute_at(rig, slot, slot->io.lba);
}

static inline unsigned int complete(struct rig *rig, struct slot *slot)
{
	return ledger_complete(rig->ledger, &slot->io, &slot->iov, 1);
}

static inline unsigned int do_io(struct rig *rig, struct slot *slot, bool write,
			  uint64_t lba, uint32_t blocks)
{
	issue(rig, slot, write, lba, blocks);
	execute(rig, slot);
	return complete(rig, slot);
}

static inline struct ledger_report report_of(const struct rig *rig)
{
	struct ledger_report report;

	ledger_finish(rig->ledger, &report);
	return report;
}

static inline struct ledger_sweep sweep_of(const struct rig *rig)
{
	struct ledger_sweep found;

	ledger_sweep(rig->ledger, rig->lun, &found);
	return found;
}

static inline uint64_t faults_in(const struct ledger_report *report)
{
	return report->duplicates + report->never_issued +
	       report->misdirected + report->torn + report->corrupt +
	       report->missing + report->stale;
}

static inline uint64_t sweep_faults_in(const struct ledger_sweep *found)
{
	return found->misdirected + found->torn + found->corrupt + found->stale;
}

static inline void assert_clean(const struct rig *rig)
{
	struct ledger_report report = report_of(rig);
	struct ledger_sweep found = sweep_of(rig);

	assert_int_equal(faults_in(&report), 0);
	assert_int_equal(report.lost, 0);
	assert_int_equal(sweep_faults_in(&found), 0);
}

/* Not for statistics: the same at each run. */
static inline uint64_t pick(uint64_t *random, uint64_t limit)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random % limit;
}

#endif
