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

static void fill_own(struct cell_cpu *cpu, struct cell_io *io)
{
	uint32_t blocks = (uint32_t)(cpu->cell->spec.io_bytes / BLOCK_STAMP_BLOCK_BYTES);
	uint64_t random = splitmix64(&cpu->rng);
	uint32_t places = blocks < WORKLOAD_REGION_BLOCKS ? WORKLOAD_REGION_BLOCKS / blocks : 1;

	fill(io, random & 1 ? SCSI_OP_WRITE_10 : SCSI_OP_READ_10, 0, io->region + (random >> 32) % places * blocks, blocks);
}

static void fill_of_trace(struct cell_cpu *cpu, struct cell_io *io)
{
	const struct trace_record *record = &cpu->cell->trace.records[cpu->cursor];

	fill(io, record->opcode, record->lun, record->lba, record->has_extent ? record->bytes / BLOCK_STAMP_BLOCK_BYTES : 0);
}

static uint64_t trace_arrival(const struct cell_cpu *cpu, uint64_t now)
{
	const struct cell *cell = cpu->cell;
	uint64_t arrival_ns;

	if (workload_exhausted(cpu))
		return SIM_NEVER;
	if (isinf(cell->spec.trace_speed))
		return now;
	arrival_ns = (uint64_t)((double)cell->trace.records[cpu->cursor].arrival_ns / cell->spec.trace_speed);
	/* relaxed: constant once the load has begun */
	return atomic_load_explicit(&cell->begin, memory_order_relaxed) + stamp_from_ns(&cell->scale, arrival_ns);
}

/* When the next I/O is to start; SIM_NEVER: there is none. */
static uint64_t next_arrival(const struct cell_cpu *cpu, uint64_t now)
{
	if (is_trace(cpu->cell))
		return trace_arrival(cpu, now);
	return cpu->cell->spec.arrival == ARRIVAL_CLOSED ? now : cpu->arrivals.next;
}

void workload_start(struct cell_cpu *cpu, uint64_t start)
{
	const struct cell *cell = cpu->cell;
	const struct arrivals_config config = {
		.kind = cell->spec.arrival,
		.hz = cell->spec.arrival_hz,
		.cpus = (unsigned)cell->spec.cpus,
		.index = cpu->index,
		/* A stream of its own, whatever else the seed is for. */
		.seed = cpu->rng ^ UINT64_C(0x6172726976616c73),
		.scale = &cell->scale,
	};

	if (config.kind != ARRIVAL_CLOSED)
		arrivals_start(&cpu->arrivals, &config, start);
}

bool workload_next(struct cell_cpu *cpu, struct cell_io *io, uint64_t now)
{
	uint64_t arrival = next_arrival(cpu, now);

	if (arrival > now)
		return false;
	io->intended = arrival;
	if (is_trace(cpu->cell)) {
		fill_of_trace(cpu, io);
		cpu->cursor += cpu->cell->spec.cpus;
		return true;
	}
	fill_own(cpu, io);
	if (cpu->cell->spec.arrival != ARRIVAL_CLOSED)
		arrivals_take(&cpu->arrivals);
	return true;
}

bool workload_exhausted(const struct cell_cpu *cpu)
{
	return is_trace(cpu->cell) && cpu->cursor >= cpu->cell->trace.count;
}
