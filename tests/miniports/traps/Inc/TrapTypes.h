/* SPDX-License-Identifier: MIT */
/* Layouts that Microsoft's compiler and gcc make different, unless told. */
#ifndef TRAP_TYPES_H
#define TRAP_TYPES_H

#include <PshPack1.h>
typedef struct _PACKED {
	UCHAR First;
	ULONG Second;
} PACKED;
#include <poppack.h>

/* A new type begins a new unit of storage. */
typedef struct _FIELDS {
	ULONG Low : 4;
	UCHAR Middle : 4;
	ULONG High : 4;
} FIELDS;

typedef struct _WIDE_FIELDS {
	ULONG Code : 31;
	ULONG Valid : 1;
} WIDE_FIELDS;

typedef struct _ANONYMOUS {
	union {
		struct _BYTES {
			UCHAR Low, High;
		};
		USHORT Both;
	};
} ANONYMOUS;

#endif
