/* SPDX-License-Identifier: MIT */
/* Command descriptor blocks of the commands that workloads send. */
#ifndef STORSYNC_BENCH_CELL_CDB_H
#define STORSYNC_BENCH_CELL_CDB_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Fills in a CDB for `opcode`, which is kept where LBA and length fit its form
 * and else replaced by the 16-byte one of the same direction.  Returns the
 * CDB's length.  Opcodes that move no blocks are sent with their other bytes zero.
 */
uint8_t cdb_build(uint8_t opcode, uint64_t lba, uint32_t blocks, uint8_t cdb[16]);

bool cdb_is_read(uint8_t opcode);
bool cdb_is_write(uint8_t opcode);

#endif
