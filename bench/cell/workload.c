/* SPDX-License-Identifier: MIT */
/* Workloads; see workload.h. */
#include "bench/cell/workload.h"

#include <math.h>

#include "bench/cell/cdb.h"
#include "bench/cell/cell.h"
#include "hba_sim/devices/scsi_defs.h"

static bool is_trace(const struct cell *cell)
{
	return cell->trace.count > 0;
}

uint32_t workload_max_bytes(const struct cell *cell)
{
	uint32_t bytes = is_trace(cell) ? cell->trace.max_bytes : (uint32_t)cell->spec.io_bytes;

	return bytes < BLOCK_STAMP_BLOCK_BYTES ? BLOCK_STAMP_BLOCK_BYTES : bytes;
}

uint64_t workload_lun_blocks(const struct cell *cell)
{
	uint64_t region = WORKLOAD_REGION_BLOCKS;

	if (is_trace(cell))
		return cell->trace.max_lba + 1;
	if (region < cell->spec.io_bytes / BLOCK_STAMP_BLOCK_BYTES)
		region = cell->spec.io_bytes / BLOCK_STAMP_BLOCK_BYTES;
	return cell->spec.cpus * cell->spec.queue_depth * region;
}

unsigned workload_luns(const struct cell *cell)
{
	return is_trace(cell) ? cell->trace.luns : 1;
}

static void fill(struct cell_io *io, uint8_t opcode, uint8_t lun, uint64_t lba, uint32_t blocks)
{
	io->opcode = opcode;
	io->lun = lun;
	io->in_ledger = blocks > 0 && (cdb_is_read(opcode) || cdb_is_write(opcode));
	io->ledger.lun = lun;
	io->ledger.lba = lba;
	io->ledger.blocks = blocks;
	io->ledger.is_write = cdb_is_write(opcode);
}

static void next_closed(struct cell_cpu *cpu, struct cell_io *io)
{
	uint32_t blocks = (uint32_t)(cpu->cell->spec.io_bytes / BLOCK_STAMP_BLOCK_BYTES);
	uint64_t random = splitmix64(&cpu->rng);
	uint32_t places = blocks < WORKLOAD_REGION_BLOCKS ? WORKLOAD_REGION_BLOCKS / blocks : 1;

	fill(io, random & 1 ? SCSI_OP_WRITE_10 : SCSI_OP_READ_10, 0, io->region + (random >> 32) % places * blocks, blocks);
}

static bool next_of_trace(struct cell_cpu *cpu, struct cell_io *io, uint64_t now)
{
	const struct cell *cell = cpu->cell;
	const struct trace_record *record;

	if (workload_exhausted(cpu))
		return false;
	record = &cell->trace.records[cpu->cursor];
	io->intended = now;
	if (!isinf(cell->spec.trace_speed)) {
		uint64_t arrival_ns = (uint64_t)((double)record->arrival_ns / cell->spec.trace_speed);

		/* relaxed: constant once the threads have started */
		io->intended = atomic_load_explicit(&cell->begin, memory_order_relaxed) + stamp_from_ns(&cell->scale, arrival_ns);
		if (io->intended > now)
			return false;
	}
	cpu->cursor += cell->spec.cpus;
	fill(io, record->opcode, record->lun, record->lba, record->has_extent ? record->bytes / BLOCK_STAMP_BLOCK_BYTES : 0);
	return true;
}

bool workload_next(struct cell_cpu *cpu, struct cell_io *io, uint64_t now)
{
	if (is_trace(cpu->cell))
		return next_of_trace(cpu, io, now);
	io->intended = now;
	next_closed(cpu, io);
	return true;
}

bool workload_exhausted(const struct cell_cpu *cpu)
{
	return is_trace(cpu->cell) && cpu->cursor >= cpu->cell->trace.count;
}
