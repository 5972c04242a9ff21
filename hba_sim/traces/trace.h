/* SPDX-License-Identifier: MIT */
/*
 * I/O traces: what production machines really sent to their HBA, as input for the simulator.
 *
 * trace_load() finds out the format from the content, checks every record and keeps the whole trace in memory: 32 bytes a
 * record. A trace is either read completely or refused with the place and the reason; no record is repaired or skipped.
 * The first half of this header is for users of traces, the second for the readers of one format each (see README.md).
 * SCSI facts: T10 SBC-3 (operation codes, the widths of CDB fields).
 */
#ifndef STORSYNC_HBA_SIM_TRACES_TRACE_H
#define STORSYNC_HBA_SIM_TRACES_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRACE_BLOCK_BYTES 512u
#define TRACE_LUNS_MAX 256u

/* The operation codes that readers choose themselves, for formats that only name an action. */
enum trace_opcode {
	TRACE_READ_10 = 0x28,
	TRACE_WRITE_10 = 0x2a,
	TRACE_SYNCHRONIZE_CACHE_10 = 0x35,
	TRACE_UNMAP = 0x42,
	TRACE_READ_16 = 0x88,
	TRACE_WRITE_16 = 0x8a,
};

/*
 * One SCSI command. With has_extent, [lba, lba + bytes / 512) are the blocks that it reads, writes or unmaps, checked to lie
 * below 2^64 bytes and, for VSCSI, to fit its CDB; bytes is then a multiple of 512 and 0 only for a VSCSI command whose CDB
 * may ask for no block. Without has_extent (SYNCHRONIZE CACHE, and every VSCSI command that is no plain read or write),
 * lba and bytes are as in the trace and unchecked: a VSCSI UNMAP tells the length of its parameter list, not what it unmaps.
 */
struct trace_record {
	uint64_t arrival_ns; /* since the first record's arrival; never decreases */
	uint64_t lba; /* in 512-byte blocks */
	uint32_t bytes;
	uint8_t opcode; /* any value for VSCSI: what a device does not know, it answers with CHECK CONDITION */
	uint8_t lun; /* 0, 1, ...: fio files by their add line, MSR disks by appearance; VSCSI knows one */
	bool has_extent;
	uint64_t service_ns; /* response time seen when traced; 0: not in the trace */
};

struct trace {
	const char *format; /* "vscsi-v1", "vscsi-v2", "fio-iolog-v2", "fio-iolog-v3", "msr"; static */
	size_t count; /* at least 1 after a load */
	struct trace_record *records;
	uint64_t max_lba; /* highest block in any extent: a LUN of max_lba + 1 blocks holds the trace */
	uint32_t max_bytes; /* largest bytes of any record, fio's trims aside: they move no data */
	uint64_t span_ns; /* arrival of the last record */
	uint32_t luns; /* every record's lun is below */
};

/*
 * Read the file PATH. Returns 0; or -errno with *trace zeroed and, in error, one line that names the file, the record
 * (from 1), the line (from 1) or byte (from 0), what is wrong and what would be right: -EINVAL for what the content
 * should not be, -EISDIR, -ENOMEM, or what open(2) and read(2) say. error may be NULL when error_bytes is 0.
 */
int trace_load(const char *path, struct trace *trace, char *error, size_t error_bytes);

/* Release the records and zero *trace. A zeroed trace is fine. */
void trace_free(struct trace *trace);

/* ---- For the readers of formats ---- */

/* Longest line of a text trace, its end excluded; fio reads its own logs with a buffer of this size. */
#define TRACE_LINE_BYTES_MAX 4095u

/* A piece of the input, not terminated. */
struct trace_text {
	const char *text;
	size_t length;
};

/* The input while it is read. A reader's parse sets place, tick_ns and trace->format, then feeds records. */
struct trace_input {
	const char *path;
	const uint8_t *data;
	size_t size;
	size_t offset; /* of the next line or record */

	const char *place; /* what position counts: "line" or "byte" */
	uint64_t position;

	uint64_t tick_ns; /* the format's unit of time */
	uint64_t ticks; /* last timestamp seen */
	uint64_t first_ticks; /* timestamp of the first record */

	struct trace_lun {
		struct trace_text name;
		uint64_t number;
	} luns[TRACE_LUNS_MAX];

	struct trace *trace;
	size_t capacity;
	char *error;
	size_t error_bytes;
};

/* A format. detect looks at the beginning only, and is strict: a file is at most one format's. parse returns 0 or -errno. */
struct trace_format {
	const char *name;
	bool (*detect)(const struct trace_input *in);
	int (*parse)(struct trace_input *in);
};

/* Refuse the record at in->position. Returns -EINVAL. */
int trace_fail(struct trace_input *in, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Timestamp of the current line or record, in ticks. -EINVAL when it is earlier than the one before. */
int trace_set_time(struct trace_input *in, uint64_t ticks);

/* Ticks to ns; WHAT names the field when it does not fit. */
int trace_ticks_to_ns(struct trace_input *in, const char *what, uint64_t ticks, uint64_t *ns);

/* Append RECORD; its arrival_ns is computed here, from the last trace_set_time(). Checks its extent, if it has one. */
int trace_append(struct trace_input *in, struct trace_record *record);

/* The index of a LUN by the names that the trace uses, or -ENOENT. */
int trace_find_lun(const struct trace_input *in, struct trace_text name, uint64_t number);

/* The next index for a LUN that is not there yet, or -EINVAL when there are 256. The name must live as long as the input. */
int trace_add_lun(struct trace_input *in, struct trace_text name, uint64_t number);

/* The next line, without LF or CRLF. Returns 1, 0 at the end, or -EINVAL: too long, cut off, or with control characters. */
int trace_next_line(struct trace_input *in, struct trace_text *line);

/* The first line as far as it is there, for detect: unchecked, at most TRACE_LINE_BYTES_MAX, without LF or CRLF. */
struct trace_text trace_first_line(const struct trace_input *in);

/* A decimal number, digits only; WHAT names the field in a refusal. */
int trace_number(struct trace_input *in, const char *what, struct trace_text field, uint64_t *value);

/* Fill lba, bytes and has_extent from an offset and a length in bytes; a zero or unaligned one is refused. */
int trace_set_extent(struct trace_input *in, struct trace_record *record, uint64_t offset_bytes, uint64_t length_bytes);

/* READ or WRITE, (10) where address and length fit its CDB, else (16). */
uint8_t trace_transfer_opcode(const struct trace_record *record, bool write);

#endif
