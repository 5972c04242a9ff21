/* SPDX-License-Identifier: MIT */
/*
 * The command set of a direct-access block device, as far as a storage driver
 * and the operating system above it use it: SPC-4 for identification and sense
 * data, SBC-3 for capacity and transfers. Caches and access hints (DPO, FUA,
 * RARC, group number) are accepted and mean nothing to memory.
 */
#include "hba_sim/devices/scsi_target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define LUN_ENTRY_BYTES 8u
#define UNIT_SERIAL_BYTES 16u
#define VENDOR "STORSYNC"
#define PRODUCT "RAM LUN         "
#define REVISION "0001"

struct scsi_target {
	struct lun **luns;	/* by number; NULL where none is attached */
	unsigned int slots;
	unsigned int attached;
	uint8_t *report;	/* room for REPORT LUNS' answer; NULL while none is attached */
};

/* One command in execution. */
struct command {
	struct scsi_target *target;
	struct lun *lun;	/* NULL: none at this number */
	const uint8_t *cdb;
	const struct sim_iov *out, *in;
	size_t n_out, n_in;
	size_t out_bytes, in_bytes;
	size_t moved_bytes;
	struct scsi_result *result;
};

int scsi_target_create(struct scsi_target **target)
{
	*target = calloc(1, sizeof(**target));
	return *target ? 0 : -ENOMEM;
}

void scsi_target_destroy(struct scsi_target *target)
{
	if (!target)
		return;
	free(target->luns);
	free(target->report);
	free(target);
}

/* Room for one LUN more: a command may run in an ISR that preempted the allocator. */
static int grow_report(struct scsi_target *target)
{
	uint8_t *report = realloc(target->report,
				  LUN_ENTRY_BYTES * (target->attached + 2));

	if (!report)
		return -ENOMEM;
	target->report = report;
	return 0;
}

int scsi_target_attach(struct scsi_target *target, unsigned int lun_no,
		       struct lun *lun)
{
	if (lun_no >= SCSI_TARGET_MAX_LUNS)
		return -EINVAL;
	if (lun_no >= target->slots) {
		struct lun **luns = realloc(target->luns,
					    (lun_no + 1) * sizeof(*luns));

		if (!luns)
			return -ENOMEM;
		while (target->slots <= lun_no)
			luns[target->slots++] = NULL;
		target->luns = luns;
	}
	if (target->luns[lun_no])
		return -EEXIST;
	if (grow_report(target))
		return -ENOMEM;
	target->luns[lun_no] = lun;
	target->attached++;
	return 0;
}

struct lun *scsi_target_lun(const struct scsi_target *target, unsigned int lun_no)
{
	return lun_no < target->slots ? target->luns[lun_no] : NULL;
}

static uint64_t get_be(const uint8_t *from, unsigned int bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | *from++;
	return value;
}

static void put_be(uint8_t *to, uint64_t value, unsigned int bytes)
{
	while (bytes--) {
		to[bytes] = (uint8_t)value;
		value >>= 8;
	}
}

static void put_sense(uint8_t *to, enum scsi_sense_key key,
		      enum scsi_additional_sense asc)
{
	memset(to, 0, SCSI_SENSE_FIXED_BYTES);
	to[0] = SCSI_SENSE_FIXED_CURRENT;
	to[2] = (uint8_t)key;
	to[7] = SCSI_SENSE_FIXED_BYTES - 8;
	put_be(to + 12, asc, 2);
}

uint32_t scsi_sense_put(uint8_t *to, enum scsi_sense_key key, enum scsi_additional_sense asc)
{
	put_sense(to, key, asc);
	return SCSI_SENSE_FIXED_BYTES;
}

static void fail_command(struct command *command, enum scsi_sense_key key,
			 enum scsi_additional_sense asc)
{
	command->result->status = SCSI_STATUS_CHECK_CONDITION;
	command->result->sense_bytes = SCSI_SENSE_FIXED_BYTES;
	put_sense(command->result->sense, key, asc);
}

static void reject(struct command *command, enum scsi_additional_sense asc)
{
	fail_command(command, SCSI_KEY_ILLEGAL_REQUEST, asc);
}

/* Returns parameter data, cut to the CDB's allocation length. */
static void answer(struct command *command, const void *data, size_t bytes,
		   uint64_t allocation_bytes)
{
	struct sim_iov_cursor cursor = sim_iov_begin(command->in,
						     command->n_in);

	if (bytes > allocation_bytes)
		bytes = allocation_bytes;
	command->moved_bytes = sim_iov_scatter(&cursor, data, bytes);
	command->result->overrun = command->moved_bytes < bytes;
}

static void do_transfer(struct command *command, uint64_t lba, uint64_t blocks,
			bool write)
{
	uint64_t room = (write ? command->out_bytes : command->in_bytes) /
			BLOCK_STAMP_BLOCK_BYTES;
	uint64_t capacity = lun_blocks(command->lun);
	int err;

	if (lba > capacity || blocks > capacity - lba) {
		reject(command, SCSI_ASC_LBA_OUT_OF_RANGE);
		return;
	}
	if (blocks > room) {
		command->result->overrun = true;
		blocks = room;
	}
	err = write ? lun_write(command->lun, lba, blocks, command->out,
				command->n_out) :
		      lun_read(command->lun, lba, blocks, command->in,
			       command->n_in);
	if (err)
		fail_command(command, SCSI_KEY_DATA_PROTECT,
			     SCSI_ASC_SPACE_ALLOCATION_FAILED);
	else
		command->moved_bytes = blocks * BLOCK_STAMP_BLOCK_BYTES;
}

/* Every WRITE opcode is the READ of its length with this bit set. */
static bool is_write(const struct command *command)
{
	return command->cdb[0] & 0x02;
}

static void do_transfer_6(struct command *command)
{
	const uint8_t *cdb = command->cdb;

	do_transfer(command, get_be(cdb + 1, 3) & 0x1fffff,
		    cdb[4] ? cdb[4] : 256, is_write(command));
}

/* RDPROTECT and WRPROTECT ask for protection that is not formatted. */
static void do_transfer_long(struct command *command, uint64_t lba,
			     uint64_t blocks)
{
	if (command->cdb[1] & 0xe0)
		reject(command, SCSI_ASC_INVALID_FIELD_IN_CDB);
	else
		do_transfer(command, lba, blocks, is_write(command));
}

static void do_transfer_10(struct command *command)
{
	do_transfer_long(command, get_be(command->cdb + 2, 4),
			 get_be(command->cdb + 7, 2));
}

static void do_transfer_12(struct command *command)
{
	do_transfer_long(command, get_be(command->cdb + 2, 4),
			 get_be(command->cdb + 6, 4));
}

static void do_transfer_16(struct command *command)
{
	do_transfer_long(command, get_be(command->cdb + 2, 8),
			 get_be(command->cdb + 10, 4));
}

/* Memory is always synchronized; only the range can be wrong. */
static void do_synchronize(struct command *command, uint64_t lba,
			   uint64_t blocks)
{
	uint64_t capacity = lun_blocks(command->lun);

	if (lba > capacity || blocks > capacity - lba)
		reject(command, SCSI_ASC_LBA_OUT_OF_RANGE);
}

static void do_synchronize_10(struct command *command)
{
	do_synchronize(command, get_be(command->cdb + 2, 4),
		       get_be(command->cdb + 7, 2));
}

static void do_synchronize_16(struct command *command)
{
	do_synchronize(command, get_be(command->cdb + 2, 8),
		       get_be(command->cdb + 10, 4));
}

/* Attached is ready. */
static void do_test_unit_ready(struct command *command)
{
}

static void do_capacity_10(struct command *command)
{
	uint64_t last = lun_blocks(command->lun) - 1;
	uint8_t data[8];

	put_be(data, last > UINT32_MAX ? UINT32_MAX : last, 4);
	put_be(data + 4, BLOCK_STAMP_BLOCK_BYTES, 4);
	answer(command, data, sizeof(data), sizeof(data));
}

static void do_service_action_in(struct command *command)
{
	uint8_t data[32] = { 0 };

	if ((command->cdb[1] & 0x1f) != SCSI_SA_READ_CAPACITY_16) {
		reject(command, SCSI_ASC_INVALID_FIELD_IN_CDB);
		return;
	}
	put_be(data, lun_blocks(command->lun) - 1, 8);
	put_be(data + 8, BLOCK_STAMP_BLOCK_BYTES, 4);
	answer(command, data, sizeof(data), get_be(command->cdb + 10, 4));
}

/* The descriptor format (DESC) is not offered: SPC-4 wants that refused. */
static void do_request_sense(struct command *command)
{
	uint8_t data[SCSI_SENSE_FIXED_BYTES];

	if (command->cdb[1] & 1) {
		reject(command, SCSI_ASC_INVALID_FIELD_IN_CDB);
		return;
	}
	if (command->lun)
		put_sense(data, SCSI_KEY_NO_SENSE, SCSI_ASC_NONE);
	else
		put_sense(data, SCSI_KEY_ILLEGAL_REQUEST,
			  SCSI_ASC_LUN_NOT_SUPPORTED);
	answer(command, data, sizeof(data), command->cdb[4]);
}

/* Peripheral device addressing below 256, flat space addressing from there. */
static void put_lun_entry(uint8_t *to, unsigned int lun_no)
{
	memset(to, 0, LUN_ENTRY_BYTES);
	put_be(to, lun_no < 256 ? lun_no : 0x4000 | lun_no, 2);
}

static void do_report_luns(struct command *command)
{
	struct scsi_target *target = command->target;
	uint64_t allocation_bytes = get_be(command->cdb + 6, 4);
	size_t bytes = LUN_ENTRY_BYTES * (1 + target->attached);
	uint8_t empty[LUN_ENTRY_BYTES];
	uint8_t select = command->cdb[2];
	uint8_t *data, *entry;

	if (select > 2) {
		reject(command, SCSI_ASC_INVALID_FIELD_IN_CDB);
		return;
	}
	if (select == 1)	/* well known logical units: none */
		bytes = LUN_ENTRY_BYTES;
	data = target->report ? target->report : empty;
	memset(data, 0, LUN_ENTRY_BYTES);
	put_be(data, bytes - LUN_ENTRY_BYTES, 4);
	entry = data + LUN_ENTRY_BYTES;
	for (unsigned int i = 0; entry < data + bytes; i++) {
		if (!target->luns[i])
			continue;
		put_lun_entry(entry, i);
		entry += LUN_ENTRY_BYTES;
	}
	answer(command, data, bytes, allocation_bytes);
}

/* One id, one serial number: the same LUN has it in every run. */
static void put_unit_serial(uint8_t *to, const struct lun *lun)
{
	char text[UNIT_SERIAL_BYTES + 1];

	snprintf(text, sizeof(text), "%016x", lun_id(lun));
	memcpy(to, text, UNIT_SERIAL_BYTES);
}

/*
 * The identification page: an NAA locally assigned name (binary, 8 bytes) and a
 * T10 vendor ID name (ASCII), both of the logical unit. SPC-4 7.8.5.
 */
static size_t put_identification(uint8_t *to, const struct lun *lun)
{
	const unsigned int t10_bytes = 8 + UNIT_SERIAL_BYTES;

	put_be(to, 0x01030008, 4);
	put_be(to + 4, UINT64_C(3) << 60 | lun_id(lun), 8);
	put_be(to + 12, 0x02010000 | t10_bytes, 4);
	memcpy(to + 16, VENDOR, 8);
	put_unit_serial(to + 24, lun);
	return 16 + t10_bytes;
}

/* The page's bytes from 4 on; returns how many, or -EINVAL: no such page. */
static int put_vpd_page(uint8_t *to, uint8_t page, const struct lun *lun)
{
	static const uint8_t pages[] = {
		SCSI_VPD_SUPPORTED_PAGES, SCSI_VPD_UNIT_SERIAL_NUMBER,
		SCSI_VPD_DEVICE_IDENTIFICATION, SCSI_VPD_BLOCK_LIMITS,
	};

	if (page == SCSI_VPD_SUPPORTED_PAGES) {
		memcpy(to, pages, sizeof(pages));
		return lun ? sizeof(pages) : 1;
	}
	if (!lun)
		return -EINVAL;
	switch (page) {
	case SCSI_VPD_UNIT_SERIAL_NUMBER:
		put_unit_serial(to, lun);
		return UNIT_SERIAL_BYTES;
	case SCSI_VPD_DEVICE_IDENTIFICATION:
		return (int)put_identification(to, lun);
	case SCSI_VPD_BLOCK_LIMITS:
		return 0x3c;	/* all zeros: no limit is reported */
	default:
		return -EINVAL;
	}
}

static void do_inquiry(struct command *command)
{
	uint64_t allocation_bytes = get_be(command->cdb + 3, 2);
	uint8_t page = command->cdb[2];
	bool evpd = command->cdb[1] & 1;
	uint8_t data[68] = { 0 };

	if (!command->lun)
		data[0] = SCSI_PERIPHERAL_NONE;
	if (evpd) {
		int bytes = put_vpd_page(data + 4, page, command->lun);

		if (bytes >= 0) {
			data[1] = page;
			put_be(data + 2, (uint64_t)bytes, 2);
			answer(command, data, 4 + (size_t)bytes,
			       allocation_bytes);
			return;
		}
	}
	if (evpd || page || command->cdb[1] & 2) {
		reject(command, SCSI_ASC_INVALID_FIELD_IN_CDB);
		return;
	}
	data[2] = SCSI_VERSION_SPC4;
	data[3] = 0x12;		/* HiSup, response data format 2 */
	data[4] = 36 - 5;	/* additional length */
	data[7] = 0x02;		/* CmdQue */
	memcpy(data + 8, VENDOR, 8);
	memcpy(data + 16, PRODUCT, 16);
	memcpy(data + 32, REVISION, 4);
	answer(command, data, 36, allocation_bytes);
}

/*
 * By opcode. needs_no_lun: SPC-4 wants these answered at any unit number.
 */
static const struct operation {
	void (*execute)(struct command *command);
	uint8_t cdb_bytes;
	bool needs_no_lun;
} operations[256] = {
	[SCSI_OP_TEST_UNIT_READY] = { do_test_unit_ready, 6, false },
	[SCSI_OP_REQUEST_SENSE] = { do_request_sense, 6, true },
	[SCSI_OP_READ_6] = { do_transfer_6, 6, false },
	[SCSI_OP_WRITE_6] = { do_transfer_6, 6, false },
	[SCSI_OP_INQUIRY] = { do_inquiry, 6, true },
	[SCSI_OP_READ_CAPACITY_10] = { do_capacity_10, 10, false },
	[SCSI_OP_READ_10] = { do_transfer_10, 10, false },
	[SCSI_OP_WRITE_10] = { do_transfer_10, 10, false },
	[SCSI_OP_SYNCHRONIZE_CACHE_10] = { do_synchronize_10, 10, false },
	[SCSI_OP_READ_16] = { do_transfer_16, 16, false },
	[SCSI_OP_WRITE_16] = { do_transfer_16, 16, false },
	[SCSI_OP_SYNCHRONIZE_CACHE_16] = { do_synchronize_16, 16, false },
	[SCSI_OP_SERVICE_ACTION_IN_16] = { do_service_action_in, 16, false },
	[SCSI_OP_REPORT_LUNS] = { do_report_luns, 12, true },
	[SCSI_OP_READ_12] = { do_transfer_12, 12, false },
	[SCSI_OP_WRITE_12] = { do_transfer_12, 12, false },
};

static void dispatch(struct command *command, size_t cdb_bytes)
{
	static const struct operation none;
	const uint8_t *cdb = command->cdb;
	const struct operation *operation =
		cdb_bytes ? &operations[cdb[0]] : &none;

	if (!command->lun && !operation->needs_no_lun)
		reject(command, SCSI_ASC_LUN_NOT_SUPPORTED);
	else if (!operation->execute)
		reject(command, SCSI_ASC_INVALID_OPCODE);
	else if (cdb_bytes < operation->cdb_bytes ||
		 cdb[operation->cdb_bytes - 1] & 0x04)
		/* cut short, or NACA, which is not offered */
		reject(command, SCSI_ASC_INVALID_FIELD_IN_CDB);
	else
		operation->execute(command);
}

void scsi_target_execute(struct scsi_target *target, unsigned int lun_no,
			 const uint8_t *cdb, size_t cdb_bytes,
			 const struct sim_iov *data_out, size_t n_out,
			 const struct sim_iov *data_in, size_t n_in,
			 struct scsi_result *result)
{
	struct command command = {
		.target = target,
		.lun = lun_no < target->slots ? target->luns[lun_no] : NULL,
		.cdb = cdb,
		.out = data_out, .in = data_in,
		.n_out = n_out, .n_in = n_in,
		.out_bytes = sim_iov_total(data_out, n_out),
		.in_bytes = sim_iov_total(data_in, n_in),
		.result = result,
	};
	size_t residual;

	result->status = SCSI_STATUS_GOOD;
	result->sense_bytes = 0;
	result->overrun = false;
	dispatch(&command, cdb_bytes);
	if (__builtin_add_overflow(command.out_bytes, command.in_bytes,
				   &residual))
		residual = SIZE_MAX;
	residual -= command.moved_bytes;
	result->residual_bytes = residual > UINT32_MAX ? UINT32_MAX :
							 (uint32_t)residual;
}
