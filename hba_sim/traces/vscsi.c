/* SPDX-License-Identifier: MIT */
/*
 * VSCSI traces: the SCSI commands of a virtual machine as VMware's hypervisor saw them, in the binary form of the CloudPhysics
 * traces. The one format here that has real operation codes, so commands are kept as they are.
 *
 * Source: the record structures published with the CloudPhysics traces (Waldspurger et al., "Efficient MRC Construction with
 * SHARDS", FAST '15). Little-endian, no header: records of version 1 have 32 bytes, of version 2 they have 40 (with a response
 * time), and the high byte of a 16-bit field tells the version in every record. Time is in microseconds; that the response
 * time is so too is an assumption, for the structures name no unit.
 */
#include <endian.h>
#include <string.h>

#include "hba_sim/traces/trace.h"

/* Records that must agree on the version before the file is taken for a VSCSI trace. */
#define VSCSI_DETECT_RECORDS 2

/* Where the fields are, in bytes from the start of a record. Serial number and scatter/gather count are not needed. */
struct vscsi_layout {
	const char *format;
	unsigned int version;
	size_t record_bytes;
	size_t length; /* u32, bytes */
	size_t opcode; /* u16 */
	size_t version_flags; /* u16 */
	size_t block; /* u64 */
	size_t arrival; /* u64, us */
	size_t response; /* u64, us; 0: the version has none */
};

static const struct vscsi_layout vscsi_layouts[] = {
	{
		.format = "vscsi-v1",
		.version = 1,
		.record_bytes = 32,
		.length = 4,
		.opcode = 12,
		.version_flags = 14,
		.block = 16,
		.arrival = 24,
	},
	{
		.format = "vscsi-v2",
		.version = 2,
		.record_bytes = 40,
		.length = 8,
		.opcode = 0,
		.version_flags = 2,
		.block = 16,
		.arrival = 24,
		.response = 32,
	},
};

/* Commands that read or write blocks, and what their CDBs can ask for. READ(6) and WRITE(6) say 256 blocks with a 0. */
static const struct block_command {
	uint8_t opcode;
	uint64_t lba_max;
	uint32_t blocks_min;
	uint32_t blocks_max;
} block_commands[] = {
	{ 0x08, 0x1fffff, 1, 256 }, /* READ(6) */
	{ 0x0a, 0x1fffff, 1, 256 }, /* WRITE(6) */
	{ 0x28, UINT32_MAX, 0, UINT16_MAX }, /* READ(10) */
	{ 0x2a, UINT32_MAX, 0, UINT16_MAX }, /* WRITE(10) */
	{ 0x2e, UINT32_MAX, 0, UINT16_MAX }, /* WRITE AND VERIFY(10) */
	{ 0xa8, UINT32_MAX, 0, UINT32_MAX }, /* READ(12) */
	{ 0xaa, UINT32_MAX, 0, UINT32_MAX }, /* WRITE(12) */
	{ 0xae, UINT32_MAX, 0, UINT32_MAX }, /* WRITE AND VERIFY(12) */
	{ 0x88, UINT64_MAX, 0, UINT32_MAX }, /* READ(16) */
	{ 0x8a, UINT64_MAX, 0, UINT32_MAX }, /* WRITE(16) */
	{ 0x8e, UINT64_MAX, 0, UINT32_MAX }, /* WRITE AND VERIFY(16) */
};

static uint16_t load_u16(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return le16toh(value);
}

static uint32_t load_u32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return le32toh(value);
}

static uint64_t load_u64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return le64toh(value);
}

static bool has_version(const struct vscsi_layout *layout, const uint8_t *at)
{
	return load_u16(at + layout->version_flags) >> 8 == layout->version;
}

/*
 * Version 1 is asked first: a version 2 record passes for it only with 2^24 scatter/gather elements, while a version 1
 * record passes for version 2 with an ordinary serial number.
 */
static const struct vscsi_layout *find_layout(const struct trace_input *in)
{
	size_t i, record;

	for (i = 0; i < sizeof(vscsi_layouts) / sizeof(vscsi_layouts[0]); i++) {
		const struct vscsi_layout *layout = &vscsi_layouts[i];
		size_t records = in->size / layout->record_bytes;

		for (record = 0; record < records && record < VSCSI_DETECT_RECORDS; record++) {
			const uint8_t *at = in->data + record * layout->record_bytes;

			if (!has_version(layout, at) || load_u16(at + layout->opcode) > UINT8_MAX)
				break;
		}
		if (record && (record == records || record == VSCSI_DETECT_RECORDS))
			return layout;
	}
	return NULL;
}

static bool detect_vscsi(const struct trace_input *in)
{
	return find_layout(in);
}

static int check_block_command(struct trace_input *in, struct trace_record *record)
{
	uint32_t blocks = record->bytes / TRACE_BLOCK_BYTES;
	size_t i;

	for (i = 0; i < sizeof(block_commands) / sizeof(block_commands[0]); i++) {
		const struct block_command *command = &block_commands[i];

		if (command->opcode != record->opcode)
			continue;
		if (record->lba > command->lba_max)
			return trace_fail(in, "LBA %llu does not fit operation code 0x%02x; at most %llu",
					  (unsigned long long)record->lba, record->opcode,
					  (unsigned long long)command->lba_max);
		if (blocks < command->blocks_min || blocks > command->blocks_max)
			return trace_fail(in, "%lu bytes do not fit operation code 0x%02x; %lu to %lu blocks of 512",
					  (unsigned long)record->bytes, record->opcode,
					  (unsigned long)command->blocks_min, (unsigned long)command->blocks_max);
		record->has_extent = true;
	}
	return 0;
}

static int parse_record(struct trace_input *in, const struct vscsi_layout *layout, const uint8_t *at)
{
	struct trace_record record = { .lba = load_u64(at + layout->block), .bytes = load_u32(at + layout->length) };
	uint16_t opcode = load_u16(at + layout->opcode);
	int result;

	if (!has_version(layout, at))
		return trace_fail(in, "version flag 0x%04x; 0x%02x in its high byte, as in record 1",
				  load_u16(at + layout->version_flags), layout->version);
	if (opcode > UINT8_MAX)
		return trace_fail(in, "operation code 0x%04x; a SCSI one is at most 0xff", opcode);
	record.opcode = (uint8_t)opcode;
	result = trace_set_time(in, load_u64(at + layout->arrival));
	if (!result)
		result = check_block_command(in, &record);
	if (!result && layout->response)
		result = trace_ticks_to_ns(in, "response time", load_u64(at + layout->response), &record.service_ns);
	if (!result)
		result = trace_append(in, &record);
	return result;
}

static int parse_vscsi(struct trace_input *in)
{
	const struct vscsi_layout *layout = find_layout(in);
	int result;

	in->trace->format = layout->format;
	in->trace->luns = 1;
	in->place = "byte";
	in->tick_ns = 1000;
	for (; in->offset < in->size; in->offset += layout->record_bytes) {
		in->position = in->offset;
		if (in->size - in->offset < layout->record_bytes)
			return trace_fail(in, "the last record has %zu bytes; %zu: the file is cut off",
					  in->size - in->offset, layout->record_bytes);
		result = parse_record(in, layout, in->data + in->offset);
		if (result)
			return result;
	}
	return 0;
}

const struct trace_format trace_format_vscsi = {
	.name = "VSCSI (version 1 or 2)",
	.detect = detect_vscsi,
	.parse = parse_vscsi,
};
