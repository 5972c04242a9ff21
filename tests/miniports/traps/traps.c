/* SPDX-License-Identifier: MIT */
/* What Windows sources may say; each is checked when the driver is compiled or loaded, and then the adapter is driven. */
#include <NTDDK.H>
#include <StorPort.h>
#include "..\RING2012\Driver.h"
#include "..\Ring2012\ring.h"
#include "inc\traptypes.H"
#include <String.h>
#include <ntstrsafe.h>

#define STOR_USE_SCSI_ALIASES
#include <storport.h>

#pragma warning(disable : 4200)

C_ASSERT(sizeof(long) == 4);
C_ASSERT(sizeof(unsigned long int) == 4);
C_ASSERT(sizeof(long long) == 8);
C_ASSERT(sizeof(unsigned long long) == 8);
C_ASSERT(sizeof(long double) > 8);
C_ASSERT(sizeof(10L) == 4 && sizeof(10UL) == 4 && sizeof(10LL) == 8 && sizeof(0xffui64) == 8);
C_ASSERT(~0UL == 0xffffffff);
C_ASSERT(sizeof(__int64) == 8 && sizeof(unsigned __int64) == 8 && sizeof(__int32) == 4);
C_ASSERT(sizeof(size_t) == 8 && sizeof(ULONG_PTR) == 8);
C_ASSERT(sizeof(L"wide") == 10 && sizeof(L'x') == 2);
C_ASSERT(sizeof(PACKED) == 5);
C_ASSERT(sizeof(FIELDS) == 12);
C_ASSERT(sizeof(WIDE_FIELDS) == 4);
C_ASSERT(sizeof(ANONYMOUS) == 2);

/* Defined in two sources of a driver, a variable is one. */
ULONG Counter;

#undef FORCEINLINE
#define FORCEINLINE static __forceinline

FORCEINLINE ULONG Twice(ULONG Value)
{
	return 2 * Value;
}

static BOOLEAN __inline IsLong(LONG *Value)
{
	return *Value == -1L;
}

static PUCHAR Port(ULONG Offset)
{
	return (PUCHAR)(ULONG_PTR)Offset;
}

/* Never called: that it compiles is what matters. */
VOID TouchPorts(VOID)
{
	ScsiPortWritePortUchar(Port(1), ScsiPortReadPortUchar(Port(0)));
	ScsiPortWritePortUlong((PULONG)Port(8), ScsiPortReadPortUlong((PULONG)Port(4)));
}

ULONG
DriverEntry(
    _In_ PVOID DriverObject,
    _In_ PVOID RegistryPath
    )
{
	unsigned long Mixed = 3;
	PULONG Pointer = &Mixed;
	long Minus = -1;
	const WCHAR *Wide = L"A\x00e9";
	FIELDS Fields = { 15, 15, 15 };
	__int64 Large = 0x100000000i64;

	*Pointer += 0xFFFFFFFFUL;
	if (Mixed != 2 || Twice(Mixed) != 4 || !IsLong(&Minus))
		return (ULONG)STATUS_UNSUCCESSFUL;
	if (Wide[1] != 0xe9 || (((PUCHAR)&Fields)[8] & 15) != 15 || Large >> 32 != 1)
		return (ULONG)STATUS_UNSUCCESSFUL;
	if (RegistryPath == NULL || Counter != 0)
		return (ULONG)STATUS_UNSUCCESSFUL;
	return RegisterDriver(DriverObject, RegistryPath);
}
