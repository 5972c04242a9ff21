/* SPDX-License-Identifier: MIT */
/*
 * The Windows types and macros a StorPort miniport is written in, with the
 * sizes they have on 64-bit Windows (LLP64: LONG and ULONG are 32 bits,
 * pointers 64). Built on <stdint.h>, never on `long`, which is 64 bits here
 * and which a driver's translation unit may redefine to be 32. The C library's
 * headers are therefore included first.
 *
 * Source: Microsoft's public "Windows Data Types" and driver (DDI) reference.
 */
#ifndef STORSYNC_HBA_SIM_DDK_WINTYPES_H
#define STORSYNC_HBA_SIM_DDK_WINTYPES_H

#include <assert.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "hba_sim/ddk/sal.h"

#define VOID void
#define CONST const

#ifndef TRUE
#define TRUE 1
#endif
#ifndef FALSE
#define FALSE 0
#endif

typedef char CHAR, *PCHAR, *PSZ, *PSTR;
typedef const char *PCSZ, *PCSTR;
typedef char CCHAR, *PCCHAR;
typedef unsigned char UCHAR, *PUCHAR;
typedef int16_t SHORT, *PSHORT;
typedef uint16_t USHORT, *PUSHORT;
typedef int32_t LONG, *PLONG;
typedef uint32_t ULONG, *PULONG;
typedef int32_t INT, *PINT;
typedef uint32_t UINT, *PUINT;
typedef int64_t LONGLONG, *PLONGLONG;
typedef uint64_t ULONGLONG, *PULONGLONG;

typedef int8_t INT8, *PINT8;
typedef uint8_t UINT8, *PUINT8;
typedef int16_t INT16, *PINT16;
typedef uint16_t UINT16, *PUINT16;
typedef int32_t LONG32, *PLONG32, INT32, *PINT32;
typedef uint32_t ULONG32, *PULONG32, UINT32, *PUINT32;
typedef int64_t LONG64, *PLONG64, INT64, *PINT64;
typedef uint64_t ULONG64, *PULONG64, UINT64, *PUINT64;
typedef uint8_t BYTE, *PBYTE;
typedef uint16_t WORD, *PWORD;
typedef uint32_t DWORD, *PDWORD;

typedef intptr_t LONG_PTR, *PLONG_PTR, INT_PTR;
typedef uintptr_t ULONG_PTR, *PULONG_PTR, UINT_PTR;
typedef uintptr_t SIZE_T, *PSIZE_T;
typedef uintptr_t KAFFINITY, *PKAFFINITY;

typedef unsigned char BOOLEAN, *PBOOLEAN;
typedef void *PVOID;
typedef void *HANDLE;
typedef uint16_t WCHAR, *PWCHAR, *PWSTR;
typedef const uint16_t *PCWSTR;
typedef LONG NTSTATUS;

typedef union _LARGE_INTEGER {
	struct {
		ULONG LowPart;
		LONG HighPart;
	};
	struct {
		ULONG LowPart;
		LONG HighPart;
	} u;
	LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;

typedef union _ULARGE_INTEGER {
	struct {
		ULONG LowPart;
		ULONG HighPart;
	};
	struct {
		ULONG LowPart;
		ULONG HighPart;
	} u;
	ULONGLONG QuadPart;
} ULARGE_INTEGER, *PULARGE_INTEGER;

typedef LARGE_INTEGER PHYSICAL_ADDRESS, *PPHYSICAL_ADDRESS;

typedef struct _UNICODE_STRING {
	USHORT Length;
	USHORT MaximumLength;
	PWSTR Buffer;
} UNICODE_STRING, *PUNICODE_STRING;

typedef struct _GUID {
	ULONG Data1;
	USHORT Data2;
	USHORT Data3;
	UCHAR Data4[8];
} GUID, *PGUID, *LPGUID;

typedef struct _PROCESSOR_NUMBER {
	USHORT Group;
	UCHAR Number;
	UCHAR Reserved;
} PROCESSOR_NUMBER, *PPROCESSOR_NUMBER;

typedef struct _GROUP_AFFINITY {
	KAFFINITY Mask;
	USHORT Group;
	USHORT Reserved[3];
} GROUP_AFFINITY, *PGROUP_AFFINITY;

/* Calling conventions: x64 has one. */
#define NTAPI
#define __cdecl
#define _cdecl
#define __stdcall

/*
 * No `static` inside: drivers write it themselves, before or after. Without
 * it these are C99 inline definitions, which is safe only because they are
 * always inlined: no address of one is ever taken. `__attribute` is GCC's other
 * spelling: published drivers define `__attribute__` away.
 */
#define __forceinline __inline__ __attribute((__always_inline__))
#define FORCEINLINE __forceinline
#define DECLSPEC_ALIGN(bytes) __attribute((__aligned__(bytes)))
#define DECLSPEC_IMPORT
#define DECLSPEC_NOINLINE __attribute((__noinline__))

#define ANYSIZE_ARRAY 1
#define UNREFERENCED_PARAMETER(parameter) ((void)(parameter))
#define FIELD_OFFSET(type, field) ((LONG)offsetof(type, field))
#define RTL_SIZEOF_THROUGH_FIELD(type, field) \
	(offsetof(type, field) + sizeof(((type *)0)->field))
#define CONTAINING_RECORD(address, type, field) \
	((type *)((PCHAR)(address) - offsetof(type, field)))
#define PtrToUlong(pointer) ((ULONG)(ULONG_PTR)(pointer))
#define PtrToLong(pointer) ((LONG)(LONG_PTR)(pointer))
#define UlongToPtr(value) ((PVOID)(ULONG_PTR)(ULONG)(value))
#define ULongToPtr(value) UlongToPtr(value)
#define LongToPtr(value) ((PVOID)(LONG_PTR)(LONG)(value))
#define RTL_NUMBER_OF(array) (sizeof(array) / sizeof((array)[0]))
#define ARRAYSIZE(array) RTL_NUMBER_OF(array)
#define C_ASSERT(expr) _Static_assert(expr, #expr)
#define ASSERT(expr) assert(expr)
#define NT_ASSERT(expr) assert(expr)

#ifndef min
#define min(a, b) (((a) < (b)) ? (a) : (b))
#endif
#ifndef max
#define max(a, b) (((a) > (b)) ? (a) : (b))
#endif

#define MAXUCHAR 0xff
#define MAXUSHORT 0xffff
#define MAXULONG 0xffffffffu
#define MAXULONGLONG UINT64_MAX

#define PAGE_SHIFT 12
#ifndef PAGE_SIZE
#define PAGE_SIZE 4096
#endif
#define PAGE_ALIGN(address) \
	((PVOID)((ULONG_PTR)(address) & ~(ULONG_PTR)(PAGE_SIZE - 1)))
#define BYTE_OFFSET(address) ((ULONG)((ULONG_PTR)(address) & (PAGE_SIZE - 1)))
#define ROUND_TO_PAGES(bytes) \
	(((ULONG_PTR)(bytes) + PAGE_SIZE - 1) & ~(ULONG_PTR)(PAGE_SIZE - 1))
#define BYTES_TO_PAGES(bytes) ((ULONG)(ROUND_TO_PAGES(bytes) >> PAGE_SHIFT))
/* Pages touched by `bytes` bytes at `address`; none if 0, and aligned. */
#define ADDRESS_AND_SIZE_TO_SPAN_PAGES(address, bytes) \
	((ULONG)((BYTE_OFFSET(address) + (SIZE_T)(bytes) + PAGE_SIZE - 1) \
		 >> PAGE_SHIFT))

#define RtlZeroMemory(destination, bytes) memset((destination), 0, (bytes))
#define RtlFillMemory(destination, bytes, fill) \
	memset((destination), (fill), (bytes))
#define RtlCopyMemory(destination, source, bytes) \
	memcpy((destination), (source), (bytes))
#define RtlMoveMemory(destination, source, bytes) \
	memmove((destination), (source), (bytes))
#define RtlEqualMemory(a, b, bytes) (memcmp((a), (b), (bytes)) == 0)

/* How many leading bytes of `a` and `b` are equal; `bytes` if all are. */
FORCEINLINE SIZE_T RtlCompareMemory(const VOID *a, const VOID *b, SIZE_T bytes)
{
	SIZE_T i = 0;

	while (i < bytes && ((const UCHAR *)a)[i] == ((const UCHAR *)b)[i])
		i++;
	return i;
}

C_ASSERT(sizeof(LONG) == 4 && sizeof(ULONG) == 4);
C_ASSERT(sizeof(ULONG_PTR) == 8 && sizeof(PVOID) == 8);
C_ASSERT(sizeof(WCHAR) == 2 && sizeof(BOOLEAN) == 1);
C_ASSERT(sizeof(LARGE_INTEGER) == 8 && sizeof(GUID) == 16);
C_ASSERT(sizeof(PROCESSOR_NUMBER) == 4 && sizeof(GROUP_AFFINITY) == 16);

#endif /* STORSYNC_HBA_SIM_DDK_WINTYPES_H */
