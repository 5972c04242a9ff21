/* SPDX-License-Identifier: MIT */
/*
 * The ledger counts every I/O, and of every block keeps the serial it was last
 * written with, in granules (ledger_granule.h) found by LUN and LBA
 * (ledger_chunks.h). A write opens its granules when issued and closes them when
 * completed; a read samples `done` when issued and, only where a serial differs
 * from the committed one, compares it with done + in flight. Equal means no
 * write was in flight at any time in between.
 */
#include "bench/instruments/ledger.h"

#include <errno.h>
#include <sys/mman.h>

#include "bench/instruments/ledger_chunks.h"
#include "bench/instruments/ledger_granule.h"

#define SHARDS 64u

enum io_state {
	IO_IDLE,
	IO_ISSUED,
	IO_COMPLETING,
	IO_COMPLETED,
};

/* Counters of one thread, or of few: 128 bytes, for the adjacent-line fetch. */
struct shard {
	_Alignas(128) _Atomic uint64_t issued;
	_Atomic uint64_t completed;
	_Atomic uint64_t unordered;
	_Atomic uint64_t contested;
	_Atomic uint64_t ambiguous;
};

struct ledger {
	struct chunk_table table;
	enum lun_data mode;
	_Atomic uint64_t failed, duplicates, never_issued;
	_Atomic uint64_t misdirected, torn, corrupt, missing, stale;
	struct shard shards[SHARDS];
};

/*
 * Relaxed throughout: counters are only ever summed, by whoever has already
 * synchronized with the threads that counted.
 */
static void count(_Atomic uint64_t *counter, uint64_t n)
{
	if (n)
		atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static uint64_t counted(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

/* Relaxed: any number does, one of its own per thread just costs least. */
static unsigned int shard_index(void)
{
	static atomic_uint threads;
	static _Thread_local unsigned int mine = SHARDS;

	if (__builtin_expect(mine == SHARDS, 0))
		mine = atomic_fetch_add_explicit(&threads, 1,
						 memory_order_relaxed) % SHARDS;
	return mine;
}

static struct shard *my_shard(struct ledger *ledger)
{
	return &ledger->shards[shard_index()];
}

int ledger_create(struct ledger **out, const struct ledger_config *config)
{
	struct ledger *ledger;

	if (config->mode != LUN_DATA_STAMP && config->mode != LUN_DATA_COPY)
		return -EINVAL;
	ledger = map_zeroed(sizeof(*ledger));
	if (!ledger)
		return -ENOMEM;
	if (chunk_table_init(&ledger->table)) {
		munmap(ledger, sizeof(*ledger));
		return -ENOMEM;
	}
	ledger->mode = config->mode;
	*out = ledger;
	return 0;
}

void ledger_destroy(struct ledger *ledger)
{
	if (!ledger)
		return;
	chunk_table_fini(&ledger->table);
	munmap(ledger, sizeof(*ledger));
}

/* The chunks a write needs: made before anything is marked, so it can fail. */
static int insert_chunks(struct ledger *ledger, struct ledger_io *io)
{
	uint64_t first = chunk_key(io->lun, io->lba);
	uint64_t last = chunk_key(io->lun, io->lba + io->blocks - 1);

	io->chunk = chunk_get(&ledger->table, first);
	if (!io->chunk)
		return -ENOMEM;
	for (uint64_t key = first + 1; key <= last; key++)
		if (!chunk_get(&ledger->table, key))
			return -ENOMEM;
	return 0;
}

static void open_write(struct ledger *ledger, const struct ledger_io *io)
{
	struct walk walk = walk_io(&ledger->table, io);
	unsigned int contested = 0;
	struct span span;

	while (next_span(&walk, &span))
		contested += granule_open(span.granule, span.mask);
	count(&my_shard(ledger)->contested, contested);
}

static void close_write(const struct ledger *ledger, const struct ledger_io *io,
			bool failed)
{
	struct walk walk = walk_io(&ledger->table, io);
	struct span span;

	while (next_span(&walk, &span)) {
		if (failed)
			granule_forget(span.granule, span.mask);
		else
			commit_span(&span, io->serial);
		granule_close(span.granule, span.mask, io->serial);
	}
}

/* The group of an I/O's granules that a block belongs to. */
static unsigned int group_of(const struct ledger_io *io, uint64_t lba)
{
	return (unsigned int)((lba / GRANULE_BLOCKS -
			       io->lba / GRANULE_BLOCKS) >> io->group_shift);
}

static void snapshot_read(const struct ledger *ledger, struct ledger_io *io)
{
	struct walk walk;
	struct span span;

	io->chunk = chunk_find(&ledger->table, chunk_key(io->lun, io->lba));
	io->group_shift = 0;
	while (group_of(io, io->lba + io->blocks - 1) >= LEDGER_IO_GROUPS)
		io->group_shift++;
	memset(io->done, 0, sizeof(io->done));
	walk = walk_io(&ledger->table, io);
	while (next_span(&walk, &span))
		if (span.granule)
			/*
			 * ORD snapshot_read:A acquire, pairs with
			 * granule_close:A:
			 * what the writes counted here committed is seen.
			 */
			io->done[group_of(io, span.lba)] += unpack(
				atomic_load_explicit(&span.granule->word,
						     memory_order_acquire)).done;
}

/*
 * True if no write was in flight on a group between the snapshot and now. Sums
 * do, because done + in_flight never falls below an earlier done.
 */
static bool group_quiet(const struct ledger *ledger, const struct ledger_io *io,
			unsigned int group)
{
	struct walk walk = walk_io(&ledger->table, io);
	uint32_t started = 0;
	struct span span;

	while (next_span(&walk, &span)) {
		struct granule_word word;

		if (!span.granule || group_of(io, span.lba) != group)
			continue;
		/*
		 * Relaxed: a write that reached the block just read was opened
		 * before, which the device's own synchronization carries here;
		 * one whose serial or contest entry was just loaded is carried
		 * by the acquire of that load.
		 */
		word = unpack(atomic_load_explicit(&span.granule->word,
						   memory_order_relaxed));
		started += word.done + word.in_flight;
	}
	return !((started - io->done[group]) & DONE_MASK);
}

static unsigned int count_faults(struct ledger *ledger,
				 const struct block_stamp_counts *bad,
				 uint64_t stale)
{
	count(&ledger->misdirected, bad->misdirected);
	count(&ledger->torn, bad->torn);
	count(&ledger->corrupt, bad->wrong_pattern);
	count(&ledger->missing, bad->missing);
	count(&ledger->stale, stale);
	return (bad->misdirected ? LEDGER_MISDIRECTED : 0u) |
	       (bad->torn ? LEDGER_TORN : 0u) |
	       (bad->wrong_pattern ? LEDGER_CORRUPT : 0u) |
	       (bad->missing ? LEDGER_MISSING : 0u) |
	       (stale ? LEDGER_STALE : 0u);
}

static unsigned int check_read(struct ledger *ledger,
			       const struct ledger_io *io,
			       const struct sim_iov *iov, size_t n)
{
	struct sim_iov_cursor cursor = sim_iov_begin(iov, n);
	struct walk walk = walk_io(&ledger->table, io);
	struct block_stamp_counts bad = { 0 };
	uint64_t stale = 0;
	struct span span;

	while (next_span(&walk, &span)) {
		uint64_t serials[GRANULE_BLOCKS];
		unsigned int found, wrong, ambiguous;

		found = (unsigned int)block_stamp_check_next(
			&cursor, io->lun, span.lba, span.blocks, ledger->mode,
			&bad, serials);
		bad.missing += span.blocks - found;
		wrong = judge_span(&span, serials, found, &ambiguous);
		if (__builtin_expect(!(wrong | ambiguous), 1))
			continue;
		if (group_quiet(ledger, io, group_of(io, span.lba))) {
			stale += wrong;
			count(&my_shard(ledger)->ambiguous, ambiguous);
		} else {
			count(&my_shard(ledger)->unordered, wrong + ambiguous);
		}
	}
	return count_faults(ledger, &bad, stale);
}

int ledger_issue(struct ledger *ledger, struct ledger_io *io)
{
	/*
	 * ORD ledger_issue:A acquire, pairs with io_release:A:
	 * the slot is overwritten only after its last completion is done.
	 */
	unsigned int state = atomic_load_explicit(&io->state,
						  memory_order_acquire);
	unsigned int shard = shard_index();

	if (state == IO_ISSUED || state == IO_COMPLETING)
		return -EBUSY;
	if (!io->blocks || io->lun > BLOCK_STAMP_MAX_LUN ||
	    io->lba >= BLOCK_STAMP_MAX_BLOCKS ||
	    io->blocks > BLOCK_STAMP_MAX_BLOCKS - io->lba)
		return -EINVAL;
	if (io->is_write && insert_chunks(ledger, io))
		return -ENOMEM;
	/* Relaxed: unique is all a serial has to be. */
	io->serial = (1 + atomic_fetch_add_explicit(
				&ledger->shards[shard].issued, 1,
				memory_order_relaxed)) * SHARDS + shard;
	if (io->is_write)
		open_write(ledger, io);
	else
		snapshot_read(ledger, io);
	/*
	 * ORD ledger_issue:B release, pairs with io_claim:A:
	 * the slot is seen as filled in here.
	 */
	atomic_store_explicit(&io->state, IO_ISSUED, memory_order_release);
	return 0;
}

/* Issued becomes completing, for one caller only; the others get the fault. */
static unsigned int io_claim(struct ledger *ledger, struct ledger_io *io)
{
	unsigned int state = IO_ISSUED;

	/*
	 * ORD io_claim:A acquire, pairs with ledger_issue:B:
	 * the slot is seen as the issuer left it. Relaxed on failure: then
	 * nothing in it is looked at.
	 */
	if (atomic_compare_exchange_strong_explicit(
		    &io->state, &state, IO_COMPLETING, memory_order_acquire,
		    memory_order_relaxed))
		return 0;
	if (state == IO_IDLE) {
		count(&ledger->never_issued, 1);
		return LEDGER_NEVER_ISSUED;
	}
	count(&ledger->duplicates, 1);
	return LEDGER_DUPLICATE;
}

/* Completing becomes completed. */
static void io_release(struct ledger *ledger, struct ledger_io *io)
{
	count(&my_shard(ledger)->completed, 1);
	/*
	 * ORD io_release:A release, pairs with ledger_issue:A:
	 * the slot is no longer used here.
	 */
	atomic_store_explicit(&io->state, IO_COMPLETED, memory_order_release);
}

unsigned int ledger_complete(struct ledger *ledger, struct ledger_io *io,
			     const struct sim_iov *iov, size_t n)
{
	unsigned int faults = io_claim(ledger, io);

	if (faults)
		return faults;
	if (io->is_write)
		close_write(ledger, io, false);
	else
		faults = check_read(ledger, io, iov, n);
	io_release(ledger, io);
	return faults;
}

unsigned int ledger_fail(struct ledger *ledger, struct ledger_io *io)
{
	unsigned int faults = io_claim(ledger, io);

	if (faults)
		return faults;
	count(&ledger->failed, 1);
	if (io->is_write)
		close_write(ledger, io, true);
	io_release(ledger, io);
	return 0;
}

void ledger_finish(const struct ledger *ledger, struct ledger_report *report)
{
	*report = (struct ledger_report){
		.failed = counted(&ledger->failed),
		.duplicates = counted(&ledger->duplicates),
		.never_issued = counted(&ledger->never_issued),
		.misdirected = counted(&ledger->misdirected),
		.torn = counted(&ledger->torn),
		.corrupt = counted(&ledger->corrupt),
		.missing = counted(&ledger->missing),
		.stale = counted(&ledger->stale),
		.resident_bytes = sizeof(*ledger),
	};
	for (unsigned int i = 0; i < SHARDS; i++) {
		const struct shard *shard = &ledger->shards[i];

		report->completed += counted(&shard->completed);
		report->issued += counted(&shard->issued);
		report->unordered += counted(&shard->unordered);
		report->contested += counted(&shard->contested);
		report->ambiguous += counted(&shard->ambiguous);
	}
	report->lost = report->issued - report->completed;
	report->resident_bytes += chunk_table_bytes(&ledger->table);
}

/* Looks at one granule of the LUN; granule NULL: nothing was written there. */
static void sweep_granule(const struct lun *lun, struct granule *granule,
			  uint64_t lba, struct ledger_sweep *found)
{
	struct span span = { .granule = granule, .lba = lba };
	struct granule_word word = { 0 };
	uint64_t serials[GRANULE_BLOCKS];
	unsigned int wrong, ambiguous;

	for (unsigned int i = 0; i < GRANULE_BLOCKS; i++) {
		enum block_stamp_verdict verdict;

		verdict = lun_peek(lun, lba + i, &serials[i]);
		if (verdict == BLOCK_STAMP_GOOD)
			continue;
		serials[i] = BLOCK_STAMP_BAD_SERIAL;
		if (verdict == BLOCK_STAMP_TORN)
			found->torn++;
		else if (verdict == BLOCK_STAMP_WRONG_PATTERN)
			found->corrupt++;
		else
			found->misdirected++;
	}
	found->checked += GRANULE_BLOCKS;
	wrong = judge_span(&span, serials, GRANULE_BLOCKS, &ambiguous);
	/* Relaxed: nobody else is here. */
	if (granule)
		word = unpack(atomic_load_explicit(&granule->word,
						   memory_order_relaxed));
	if (word.in_flight) {
		found->unordered += wrong + ambiguous;
	} else {
		found->stale += wrong;
		found->ambiguous += ambiguous;
	}
}

/* What the ledger knows; then what only the LUN does. */
void ledger_sweep(const struct ledger *ledger, const struct lun *lun,
		  struct ledger_sweep *found)
{
	struct chunk_cursor cursor = chunk_table_begin(&ledger->table);
	unsigned int id = lun_id(lun);
	struct ledger_chunk *chunk;
	size_t position = 0;
	uint64_t lba;

	memset(found, 0, sizeof(*found));
	while ((chunk = chunk_next(&cursor)) != NULL) {
		lba = (chunk->key << CHUNK_SHIFT) &
		      (BLOCK_STAMP_MAX_BLOCKS - 1);
		if (chunk->key != chunk_key(id, lba))
			continue;
		for (unsigned int g = 0; g < CHUNK_GRANULES; g++)
			sweep_granule(lun, &chunk->granules[g],
				      lba + g * GRANULE_BLOCKS, found);
	}
	while (lun_next_chunk(lun, &position, &lba))
		for (unsigned int i = 0; i < LUN_CHUNK_BLOCKS;
		     i += GRANULE_BLOCKS)
			if (!chunk_find(&ledger->table, chunk_key(id, lba + i)))
				sweep_granule(lun, NULL, lba + i, found);
}
