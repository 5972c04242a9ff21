/* SPDX-License-Identifier: MIT */
/*
 * Interrupt request levels of x64 Windows, as public driver documentation numbers them.
 *
 * A simulated CPU runs at one of these; an interrupt is taken only when its
 * own level is higher.  Device levels (DIRQL) are 3 to 12.
 */
#ifndef STORSYNC_HBA_SIM_MACHINE_IRQL_H
#define STORSYNC_HBA_SIM_MACHINE_IRQL_H

enum irql {
	IRQL_PASSIVE = 0,
	IRQL_APC = 1,
	IRQL_DISPATCH = 2,
	IRQL_DEVICE_MIN = 3,
	IRQL_DEVICE_MAX = 12,
	IRQL_CLOCK = 13,
	IRQL_IPI = 14,
	IRQL_HIGH = 15,
};

#endif
