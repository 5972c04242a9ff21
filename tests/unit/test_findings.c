/* SPDX-License-Identifier: MIT */
/* Each thing that a cell has to be free of makes its row a violation, and says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/cell/cell.h"
#include "bench/cell/findings.h"
#include "hba_sim/devices/virtio_device.h"
#include "hba_sim/port/verifier_internal.h"

static struct cell cell;
static struct cell_cpu cpu;
static struct virtio_device hba;

/* A cell of one CPU that has ended with one I/O done and nothing wrong. */
static int set_up(void **state)
{
	const struct ledger_config config = { .mode = LUN_DATA_STAMP };

	memset(&cell, 0, sizeof(cell));
	memset(&cpu, 0, sizeof(cpu));
	memset(&hba, 0, sizeof(hba));
	cell.spec.cpus = 1;
	cell.cpu = &cpu;
	hba.machine = &cell.machine;
	cell.model = device_model_find(CELL_DEVICE);
	cell.hba = &hba.pci;
	if (recorder_init(&cell.recorder, 1, 1) || ledger_create(&cell.ledger, &config))
		return -1;
	cell.recorder.cpu[0].ios = 1;
	return 0;
}

static int tear_down(void **state)
{
	ledger_destroy(cell.ledger);
	recorder_fini(&cell.recorder);
	return 0;
}

static void expect(const char *status, const char *says)
{
	struct cell_findings findings;
	char reason[256];

	cell_find(&cell, &findings);
	assert_string_equal(cell_judge(&cell, &findings, reason, sizeof(reason)), status);
	if (!strstr(reason, says))
		fail_msg("\"%s\" is not in \"%s\"", says, reason);
}

static void a_request_that_ended_in_an_error(void **state)
{
	struct ledger_io io = { .blocks = 8, .is_write = true };

	assert_int_equal(ledger_issue(cell.ledger, &io), 0);
	assert_int_equal(ledger_fail(cell.ledger, &io), 0);
	expect("violated", "1 I/Os ended in an error");
}

/* The port has completed them, and the miniport never did. */
static void requests_that_the_miniport_has_kept(void **state)
{
	cell.adapter.stale = 2;
	expect("violated", "2 I/Os and 0 interrupts lost");
	cell.adapter.closed = PORT_CLOSED_STOP;
	expect("violated", "2 I/Os and 0 interrupts lost");
}

static void an_adapter_that_is_gone_may_keep_them(void **state)
{
	struct cell_findings findings;

	cell.adapter.stale = 2;
	cell.adapter.closed = PORT_CLOSED_GONE;
	cell_find(&cell, &findings);
	assert_int_equal(findings.lost, 0);
}

static void an_adapter_that_did_not_restart(void **state)
{
	strcpy(cell.host.failure, "the adapter did not restart: so it says");
	expect("violated", "the adapter did not restart: so it says");
}

static void fail_one_with(uint8_t status)
{
	struct ledger_io io = { .blocks = 8, .is_write = true };

	strcpy(cell.spec.faults, "surprise=1");
	cpu.errors[status] = 1;
	assert_int_equal(ledger_issue(cell.ledger, &io), 0);
	assert_int_equal(ledger_fail(cell.ledger, &io), 0);
}

static void a_surprise_accounts_for_what_is_gone(void **state)
{
	struct cell_findings findings;

	fail_one_with(SRB_STATUS_NO_DEVICE);
	expect("violated", "1 I/Os ended in an error");
	cell.faults.kind[FAULT_SURPRISE].injected = 1;
	cell_find(&cell, &findings);
	assert_int_equal(findings.failed, 0);
	assert_int_equal(findings.errors, 1);
}

static void a_surprise_accounts_for_no_reset(void **state)
{
	fail_one_with(SRB_STATUS_BUS_RESET);
	cell.faults.kind[FAULT_SURPRISE].injected = 1;
	expect("violated", "1 I/Os ended in an error");
}

static void a_request_without_an_account(void **state)
{
	cpu.unaccounted = 2;
	expect("violated", "2 I/Os ended in an error");
}

static void fail_one(void)
{
	struct ledger_io io = { .blocks = 8 };

	assert_int_equal(ledger_issue(cell.ledger, &io), 0);
	assert_int_equal(ledger_fail(cell.ledger, &io), 0);
}

static void expect_errors(uint64_t errors, uint64_t failed)
{
	struct cell_findings findings;

	cell_find(&cell, &findings);
	assert_int_equal(findings.errors, errors);
	assert_int_equal(findings.failed, failed);
}

/* As many errors as the device was made to report are its own. */
static void an_error_that_a_fault_accounts_for(void **state)
{
	strcpy(cell.spec.faults, "error=1");
	cell.faults.kind[FAULT_ERROR].injected = 2;
	for (unsigned i = 1; i <= 2; i++) {
		fail_one();
		cpu.errors[SRB_STATUS_ERROR] = i;
		expect_errors(i, 0);
	}
	fail_one();
	cpu.errors[SRB_STATUS_ERROR] = 3;
	expect("violated", "1 I/Os ended in an error");
	expect_errors(2, 1);
}

/* Another fault does not make it right. */
static void an_error_without_its_fault(void **state)
{
	strcpy(cell.spec.faults, "lost=1");
	cell.faults.kind[FAULT_LOST].injected = 5;
	cell.adapter.bus_resets = 1;
	fail_one();
	cpu.errors[SRB_STATUS_ERROR] = 1;
	expect("violated", "1 I/Os ended in an error");
}

static void what_was_reset(void **state)
{
	strcpy(cell.spec.faults, "hang=1");
	fail_one();
	fail_one();
	cpu.errors[SRB_STATUS_BUS_RESET] = 1;
	cpu.errors[SRB_STATUS_NO_DEVICE] = 1;
	/* Of no reset. */
	expect("violated", "2 I/Os ended in an error");
	cell.adapter.bus_resets = 1;
	expect_errors(2, 0);
	cell.spec.faults[0] = '\0';
	expect("violated", "2 I/Os ended in an error");
}

static void two_inside_at_once(void **state)
{
	struct access_before before;

	witness_enter(&cell.adapter.lock[0].witness, witness_identity(1, false), 1, 10, &before);
	witness_enter(&cell.adapter.lock[0].witness, witness_identity(0, true), 0, 20, &before);
	expect("violated", "cpu 0 (ISR) met cpu 1 (caller)");
}

static void a_completion_too_many(void **state)
{
	cell.adapter.completed_twice = 1;
	expect("violated", "1 I/Os completed twice");
}

static void a_block_that_is_wrong_in_the_end(void **state)
{
	cell.sweep_faults = 3;
	expect("violated", "3 wrong in the end");
}

static void a_broken_protocol(void **state)
{
	hba.protocol_errors = 1;
	expect("violated", "device's protocol 1 times");
}

static void a_request_that_never_came_back(void **state)
{
	cpu.in_flight = 4;
	expect("violated", "4 I/Os and 0 interrupts lost");
}

static void a_rule_that_the_miniport_broke(void **state)
{
	cell.verifier = verifier_create();
	assert_non_null(cell.verifier);
	cell.calibration.start_hz = cell.calibration.end_hz = cell.calibration.hz = 1e9;
	expect("ok", "");
	verifier_found(cell.verifier, VERIFIER_SYNC_NESTED, verified_function(state), "");
	expect("failed", "verifier: 1 finding, in verifier.csv");
	verifier_found(cell.verifier, VERIFIER_SYNC_IN_ISR, verified_function(state), "");
	expect("failed", "verifier: 2 findings, in verifier.csv");
	verifier_destroy(cell.verifier);
}

/* Writes for which nobody had memory ready: of an ISR that is a thread they void the row, of others they are no matter. */
static void memory_that_was_not_ready(void **state)
{
	const struct lun_config config = { .blocks = 1 << 20, .block_bytes = BLOCK_STAMP_BLOCK_BYTES, .mode = LUN_DATA_STAMP };
	char block[BLOCK_STAMP_BLOCK_BYTES] = { 0 };
	const struct sim_iov iov = { block, sizeof(block) };
	struct lun *lun;

	assert_int_equal(lun_create(&lun, &config), 0);
	cell.lun = &lun;
	cell.luns = 1;
	cell.calibration.end_hz = 1e9;
	cell.spec.delivery = SYNC_THREAD;
	expect("ok", "");
	for (uint64_t i = 0; i < 4000; i++)
		assert_int_equal(lun_write(lun, i * LUN_CHUNK_BLOCKS, 1, &iov, 1), 0);
	expect("failed", "no memory was ready");
	cell.spec.delivery = SYNC_SIGNAL;
	expect("ok", "");
	lun_destroy(lun);
}

static void nothing_done_is_no_result(void **state)
{
	cell.calibration.start_hz = cell.calibration.end_hz = cell.calibration.hz = 1e9;
	expect("ok", "");
	cell.recorder.cpu[0].ios = 0;
	expect("failed", "no I/O");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_that_ended_in_an_error),
		TEST(a_request_without_an_account),
		TEST(requests_that_the_miniport_has_kept),
		TEST(an_adapter_that_is_gone_may_keep_them),
		TEST(an_adapter_that_did_not_restart),
		TEST(a_surprise_accounts_for_what_is_gone),
		TEST(a_surprise_accounts_for_no_reset),
		TEST(an_error_that_a_fault_accounts_for),
		TEST(an_error_without_its_fault),
		TEST(what_was_reset),
		TEST(two_inside_at_once),
		TEST(a_completion_too_many),
		TEST(a_block_that_is_wrong_in_the_end),
		TEST(a_broken_protocol),
		TEST(a_request_that_never_came_back),
		TEST(a_rule_that_the_miniport_broke),
		TEST(memory_that_was_not_ready),
		TEST(nothing_done_is_no_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
