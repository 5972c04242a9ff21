/* SPDX-License-Identifier: MIT */
/* CDBs; see cdb.h.  Source: SBC-3. */
#include "bench/cell/cdb.h"

#include <string.h>

#include "hba_sim/devices/scsi_defs.h"

static void put_be(uint8_t *at, uint64_t value, unsigned bytes)
{
	while (bytes--) {
		at[bytes] = (uint8_t)value;
		value >>= 8;
	}
}

bool cdb_is_read(uint8_t opcode)
{
	return opcode == SCSI_OP_READ_6 || opcode == SCSI_OP_READ_10 || opcode == SCSI_OP_READ_12 || opcode == SCSI_OP_READ_16;
}

bool cdb_is_write(uint8_t opcode)
{
	return opcode == SCSI_OP_WRITE_6 || opcode == SCSI_OP_WRITE_10 || opcode == SCSI_OP_WRITE_12 || opcode == SCSI_OP_WRITE_16;
}

/* Bytes of a CDB by the group code in its opcode's upper three bits (SPC-4, 4.2.5.1). */
static uint8_t cdb_bytes(uint8_t opcode)
{
	static const uint8_t bytes[8] = { 6, 10, 10, 16, 16, 12, 16, 16 };

	return bytes[opcode >> 5];
}

static bool fits(uint8_t opcode, uint64_t lba, uint32_t blocks)
{
	switch (cdb_bytes(opcode)) {
	case 6:
		/* A length of 0 stands for 256 here. */
		return lba < 1u << 21 && blocks > 0 && blocks <= 256;
	case 10:
		return lba <= UINT32_MAX && blocks <= UINT16_MAX;
	case 12:
		return lba <= UINT32_MAX;
	default:
		return true;
	}
}

uint8_t cdb_build(uint8_t opcode, uint64_t lba, uint32_t blocks, uint8_t cdb[16])
{
	memset(cdb, 0, 16);
	cdb[0] = opcode;
	if (!cdb_is_read(opcode) && !cdb_is_write(opcode))
		return cdb_bytes(opcode);
	if (!fits(opcode, lba, blocks))
		cdb[0] = opcode = cdb_is_read(opcode) ? SCSI_OP_READ_16 : SCSI_OP_WRITE_16;
	switch (cdb_bytes(opcode)) {
	case 6:
		put_be(&cdb[1], lba, 3);
		cdb[4] = (uint8_t)blocks;
		break;
	case 10:
		put_be(&cdb[2], lba, 4);
		put_be(&cdb[7], blocks, 2);
		break;
	case 12:
		put_be(&cdb[2], lba, 4);
		put_be(&cdb[6], blocks, 4);
		break;
	default:
		put_be(&cdb[2], lba, 8);
		put_be(&cdb[10], blocks, 4);
		break;
	}
	return cdb_bytes(opcode);
}
