/* SPDX-License-Identifier: MIT */
/*
 * A SCSI target: executes one command descriptor block on one of its logical
 * units. It knows nothing of transports, so any device model that carries CDBs
 * can sit in front of it, and it has no state between commands: sense data is
 * delivered with the status (autosense).
 *
 * Not thread-safe: the caller holds the device model's lock, as for its LUNs.
 * Sources: SPC-4, SBC-3.
 */
#ifndef STORSYNC_HBA_SIM_DEVICES_SCSI_TARGET_H
#define STORSYNC_HBA_SIM_DEVICES_SCSI_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hba_sim/devices/lun.h"
#include "hba_sim/devices/scsi_defs.h"
#include "hba_sim/devices/sim_iov.h"

/* What flat space addressing (SAM-5) can name. */
#define SCSI_TARGET_MAX_LUNS 16384u

struct scsi_target;

struct scsi_result {
	uint8_t status;		/* enum scsi_status */
	bool overrun;		/* more data than the buffers could take or give */
	uint32_t sense_bytes;	/* valid in sense[]: 0 with a good status */
	/* Of both buffers given, what was not transferred; saturates. */
	uint32_t residual_bytes;
	uint8_t sense[96];
};

/* Sense data of a current error, in the fixed format, at `to`: how long it is. */
uint32_t scsi_sense_put(uint8_t *to, enum scsi_sense_key key, enum scsi_additional_sense asc);

/* -ENOMEM. */
int scsi_target_create(struct scsi_target **target);

/* Frees the target and not its LUNs. */
void scsi_target_destroy(struct scsi_target *target);

/*
 * Makes a LUN answer at a number, which need not be its id: the id is what its
 * blocks are stamped with. -EINVAL: number too high; -EEXIST: taken; -ENOMEM.
 */
int scsi_target_attach(struct scsi_target *target, unsigned int lun_no,
		       struct lun *lun);

/* The LUN at a number, NULL when there is none. */
struct lun *scsi_target_lun(const struct scsi_target *target, unsigned int lun_no);

/*
 * Executes a CDB. data_out is what the initiator sends, data_in what it
 * receives; either may be empty. Any bytes may be given as a CDB. Reads and
 * writes move whole blocks only, as many as fit the buffer; *result is always
 * filled.
 */
void scsi_target_execute(struct scsi_target *target, unsigned int lun_no,
			 const uint8_t *cdb, size_t cdb_bytes,
			 const struct sim_iov *data_out, size_t n_out,
			 const struct sim_iov *data_in, size_t n_in,
			 struct scsi_result *result);

#endif
