/* SPDX-License-Identifier: MIT */
/*
 * What every source of a miniport sees first, before its own first line: the C library, whose headers must come before
 * anything that a driver redefines; what Microsoft's compiler and build environment predefine; the mark by which
 * storsync knows what the driver was compiled against.
 *
 * Source: Microsoft's public C/C++ reference (predefined macros, sized integer types) and sdkddkver.h's documentation.
 */
#ifndef STORSYNC_HBA_SIM_DDK_PREFIX_H
#define STORSYNC_HBA_SIM_DDK_PREFIX_H

#include <assert.h>
#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hba_sim/ddk/abi.h"

/* Of every source one, of which the linker keeps one. */
__attribute__((__weak__, __visibility__("default"), __used__)) const unsigned storsync_miniport_abi = STORSYNC_DDK_ABI;

/* A `long` has 32 bits in a driver's source, and so have constants with that suffix. */
#undef LONG_MIN
#undef LONG_MAX
#undef ULONG_MAX
#define LONG_MIN (-2147483647 - 1)
#define LONG_MAX 2147483647
#define ULONG_MAX 0xffffffffu
#undef INT64_C
#undef UINT64_C
#define INT64_C(value) value##LL
#define UINT64_C(value) value##ULL

#define _WIN64 1
#define _WIN32 1
#define _M_AMD64 100
#define _M_X64 100
#define _AMD64_ 1
#define AMD64 1

#define __int8 char
#define __int16 short
#define __int32 int
#define __int64 long long
#define _inline __inline
#define __fastcall
#define __unaligned
#define __w64

/* Which Windows it is built for: 7, unless -D says otherwise. */
#define NTDDI_WIN2K 0x05000000
#define NTDDI_WINXP 0x05010000
#define NTDDI_WS03 0x05020000
#define NTDDI_WIN6 0x06000000
#define NTDDI_VISTA NTDDI_WIN6
#define NTDDI_LONGHORN NTDDI_VISTA
#define NTDDI_WS08 0x06000100
#define NTDDI_WIN7 0x06010000
#define NTDDI_WIN8 0x06020000
#define NTDDI_WINBLUE 0x06030000
#define NTDDI_WINTHRESHOLD 0x0A000000
#define NTDDI_WIN10 0x0A000000
#ifndef NTDDI_VERSION
#define NTDDI_VERSION NTDDI_WIN7
#endif
#ifndef _WIN32_WINNT
#define _WIN32_WINNT (NTDDI_VERSION >> 16)
#endif
#ifndef WINVER
#define WINVER _WIN32_WINNT
#endif

#endif /* STORSYNC_HBA_SIM_DDK_PREFIX_H */
