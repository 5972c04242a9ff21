/* SPDX-License-Identifier: MIT */
/* The ledger under real races: what threads do to one device is judged as what one does is, see test_ledger.c. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "tests/unit/ledger_rig.h"

/*
 * Two threads, one device. An I/O is issued by its owner, executed by whoever
 * comes by, and completed by whoever comes by then.
 */
#define THREAD_SLOTS 8u
#define ROUNDS 40000u

struct race {
	struct rig rig;
	pthread_mutex_t device;
	struct slot slots[2 * THREAD_SLOTS];
	/* Under the device's mutex: 0 idle, 1 queued, 2 executed, 3 taken. */
	unsigned int stage[2 * THREAD_SLOTS];
	unsigned int space;	/* blocks to write to; 0: 8 of its own a slot */
};

struct racer {
	struct race *race;
	unsigned int me;
};

/* Moves a slot on if it is in a stage; what the device does, it does here. */
static bool advance(struct race *race, unsigned int i, unsigned int from,
		    unsigned int to)
{
	bool moved;

	pthread_mutex_lock(&race->device);
	moved = race->stage[i] == from;
	if (moved) {
		race->stage[i] = to;
		if (to == 2)
			execute(&race->rig, &race->slots[i]);
	}
	pthread_mutex_unlock(&race->device);
	return moved;
}

static void issue_somewhere(struct race *race, unsigned int i, uint64_t *random)
{
	uint32_t blocks = 1 + (uint32_t)pick(random, race->space ? 16 : 8);
	uint64_t lba = race->space ? pick(random, race->space) :
				     i * 8 + pick(random, 9 - blocks);

	issue(&race->rig, &race->slots[i], pick(random, 2), lba, blocks);
	advance(race, i, 3, 1);
}

static void *race_thread(void *argument)
{
	struct racer *racer = argument;
	struct race *race = racer->race;
	uint64_t random = 77 + racer->me;

	for (unsigned int round = 0; round < ROUNDS; round++) {
		unsigned int any = (unsigned int)pick(&random,
						      2 * THREAD_SLOTS);
		unsigned int own = any % THREAD_SLOTS +
				   racer->me * THREAD_SLOTS;

		if (advance(race, own, 0, 3))
			issue_somewhere(race, own, &random);
		advance(race, any ^ 1, 1, 2);
		if (advance(race, any, 2, 3)) {
			if (complete(&race->rig, &race->slots[any]))
				return "a fault";
			advance(race, any, 3, 0);
		}
		if (round % 64 == 0)
			sched_yield();
	}
	return NULL;
}

static struct ledger_report run_race(unsigned int space)
{
	struct race *race = calloc(1, sizeof(*race));
	struct racer racers[2] = { { race, 0 }, { race, 1 } };
	struct ledger_report report;
	pthread_t threads[2];
	void *verdict;

	make_rig(&race->rig, LUN_DATA_STAMP);
	pthread_mutex_init(&race->device, NULL);
	race->space = space;
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, race_thread,
						&racers[i]), 0);
	for (unsigned int i = 0; i < 2; i++) {
		pthread_join(threads[i], &verdict);
		assert_null(verdict);
	}
	for (unsigned int i = 0; i < 2 * THREAD_SLOTS; i++) {
		advance(race, i, 1, 2);
		if (race->stage[i] == 2)
			assert_int_equal(complete(&race->rig, &race->slots[i]),
					 0);
	}
	assert_clean(&race->rig);
	report = report_of(&race->rig);
	ledger_destroy(race->rig.ledger);
	lun_destroy(race->rig.lun);
	pthread_mutex_destroy(&race->device);
	free(race);
	return report;
}

static void test_threads_overlapping(void **state)
{
	struct ledger_report report;

	/* 24 blocks: contests all the time; 5000: new chunks all the time. */
	report = run_race(24);
	assert_true(report.issued > ROUNDS / 8);
	assert_true(report.contested > 0);
	run_race(200);
	run_race(5000);
}

/* Slots that own their blocks: nothing to forgive, so nothing is forgiven. */
static void test_threads_disjoint(void **state)
{
	struct ledger_report report = run_race(0);

	assert_true(report.issued > ROUNDS / 8);
	assert_int_equal(report.contested, 0);
	assert_int_equal(report.unordered, 0);
	assert_int_equal(report.ambiguous, 0);
}

/*
 * Both threads enter the same new chunks at the same time: each exists once, and
 * no serial is given out twice.
 */
#define CHUNKS 20000u
#define CHUNK_BLOCKS 32u

struct entrant {
	struct ledger *ledger;
	atomic_uint *ready;
	unsigned int me;
	uint64_t *serials;
};

/* Waits for the other one, without holding the core from it. */
static void meet(atomic_uint *ready, unsigned int all)
{
	/* Sequentially consistent: stronger than needed, it is only a start. */
	atomic_fetch_add(ready, 1);
	while (atomic_load(ready) < all)
		sched_yield();
}

static void *enter_chunks(void *argument)
{
	struct entrant *entrant = argument;
	struct ledger_io io = { .lun = LUN, .blocks = 1, .is_write = true };

	meet(entrant->ready, 2);
	for (unsigned int i = 0; i < CHUNKS; i++) {
		io.lba = (uint64_t)i * CHUNK_BLOCKS + entrant->me * 8;
		if (ledger_issue(entrant->ledger, &io) ||
		    ledger_complete(entrant->ledger, &io, NULL, 0))
			return "a fault";
		entrant->serials[i] = io.serial;
	}
	return NULL;
}

static int compare_serials(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static void test_threads_enter_chunks(void **state)
{
	uint64_t *serials = calloc(2 * CHUNKS, sizeof(*serials));
	struct rig *rig = *state;
	atomic_uint ready = 0;
	struct entrant entrants[2] = {
		{ rig->ledger, &ready, 0, serials },
		{ rig->ledger, &ready, 1, serials + CHUNKS },
	};
	pthread_t thread;
	void *verdict;

	assert_int_equal(pthread_create(&thread, NULL, enter_chunks,
					&entrants[0]), 0);
	assert_null(enter_chunks(&entrants[1]));
	pthread_join(thread, &verdict);
	assert_null(verdict);
	assert_int_equal(sweep_of(rig).checked,
			 (uint64_t)CHUNKS * CHUNK_BLOCKS);
	assert_int_equal(report_of(rig).contested, 0);
	qsort(serials, 2 * CHUNKS, sizeof(*serials), compare_serials);
	for (unsigned int i = 1; i < 2 * CHUNKS; i++)
		assert_true(serials[i - 1] < serials[i]);
	free(serials);
}

/* Both complete the same I/O at the same time: one of them has a duplicate. */
#define DUELS 2000u

struct duel {
	struct rig *rig;
	atomic_uint ready;
	atomic_uint faults[2];
};

static void fight(struct duel *duel, unsigned int me, unsigned int round)
{
	unsigned int fault;

	meet(&duel->ready, 4 * round + 2);
	fault = complete(duel->rig, &duel->rig->a);
	if (fault)
		atomic_fetch_add(&duel->faults[fault != LEDGER_DUPLICATE], 1);
	meet(&duel->ready, 4 * round + 4);
}

static void *second_of_duel(void *argument)
{
	struct duel *duel = argument;

	for (unsigned int round = 0; round < DUELS; round++)
		fight(duel, 1, round);
	return NULL;
}

static void test_threads_complete_twice(void **state)
{
	struct rig *rig = *state;
	struct duel duel = { .rig = rig };
	pthread_t thread;

	do_io(rig, &rig->a, true, 0, MOST_BLOCKS);
	issue(rig, &rig->a, false, 0, MOST_BLOCKS);
	execute(rig, &rig->a);
	assert_int_equal(pthread_create(&thread, NULL, second_of_duel, &duel),
			 0);
	for (unsigned int round = 0; round < DUELS; round++) {
		if (round) {
			issue(rig, &rig->a, false, 0, MOST_BLOCKS);
			execute(rig, &rig->a);
		}
		fight(&duel, 0, round);
	}
	pthread_join(thread, NULL);
	assert_int_equal(atomic_load(&duel.faults[0]), DUELS);
	assert_int_equal(atomic_load(&duel.faults[1]), 0);
	assert_int_equal(report_of(rig).duplicates, DUELS);
	assert_int_equal(report_of(rig).lost, 0);
}

int main(void)
{
#define RIG_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_threads_enter_chunks),
		RIG_TEST(test_threads_complete_twice),
		cmocka_unit_test(test_threads_overlapping),
		cmocka_unit_test(test_threads_disjoint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
