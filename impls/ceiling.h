/* SPDX-License-Identifier: MIT */
/*
 * The priority ceiling of a section: the highest level of the vectors that share it.
 *
 * At the ceiling a CPU takes no interrupt whose ISR could want the section, and
 * every one above it.  Source: L. Sha, R. Rajkumar and J. P. Lehoczky, "Priority
 * Inheritance Protocols: An Approach to Real-Time Synchronization", IEEE
 * Transactions on Computers 39(9), 1990, which defines the ceiling; raising to
 * it on entry is the immediate form of the protocol.
 */
#ifndef STORSYNC_IMPLS_CEILING_H
#define STORSYNC_IMPLS_CEILING_H

#include "impls/contract.h"

/* From the vectors themselves: whoever shares the section raises it, and nobody else does. */
static inline uint8_t ceiling_of(const struct sync_config *config)
{
	uint8_t ceiling = config->line->dirql;

	if (!config->vector)
		return ceiling;
	for (unsigned i = 0; i < config->vectors; i++) {
		if (config->vector[i]->dirql > ceiling)
			ceiling = config->vector[i]->dirql;
	}
	return ceiling;
}

#endif
