/* SPDX-License-Identifier: MIT */
/*
 * The few kernel routines and types that StorPort miniports use beside the
 * port driver's own: the IRQL, processors, physical addresses, the clock.
 *
 * Source: Microsoft's public DDI reference, wdm.h and ntddk.h.
 */
#ifndef STORSYNC_HBA_SIM_DDK_NTKERNEL_H
#define STORSYNC_HBA_SIM_DDK_NTKERNEL_H

#include "hba_sim/ddk/wintypes.h"

typedef UCHAR KIRQL, *PKIRQL;

/* IRQLs of 64-bit Windows; devices interrupt at 3 to 12. */
#define PASSIVE_LEVEL 0
#define LOW_LEVEL 0
#define APC_LEVEL 1
#define DISPATCH_LEVEL 2
#define CLOCK_LEVEL 13
#define IPI_LEVEL 14
#define POWER_LEVEL 14
#define PROFILE_LEVEL 15
#define HIGH_LEVEL 15

/* AlignmentMask */
#define FILE_BYTE_ALIGNMENT 0x00000000
#define FILE_WORD_ALIGNMENT 0x00000001
#define FILE_LONG_ALIGNMENT 0x00000003
#define FILE_QUAD_ALIGNMENT 0x00000007
#define FILE_OCTA_ALIGNMENT 0x0000000f
#define FILE_32_BYTE_ALIGNMENT 0x0000001f
#define FILE_64_BYTE_ALIGNMENT 0x0000003f
#define FILE_128_BYTE_ALIGNMENT 0x0000007f
#define FILE_256_BYTE_ALIGNMENT 0x000000ff
#define FILE_512_BYTE_ALIGNMENT 0x000001ff

#define STATUS_SUCCESS ((NTSTATUS)0x00000000)
#define STATUS_BUFFER_OVERFLOW ((NTSTATUS)0x80000005)
#define STATUS_DEVICE_BUSY ((NTSTATUS)0x80000011)
#define STATUS_UNSUCCESSFUL ((NTSTATUS)0xC0000001)
#define STATUS_NOT_IMPLEMENTED ((NTSTATUS)0xC0000002)
#define STATUS_INVALID_PARAMETER ((NTSTATUS)0xC000000D)
#define STATUS_INVALID_DEVICE_REQUEST ((NTSTATUS)0xC0000010)
#define STATUS_NO_MEMORY ((NTSTATUS)0xC0000017)
#define STATUS_BUFFER_TOO_SMALL ((NTSTATUS)0xC0000023)
#define STATUS_REVISION_MISMATCH ((NTSTATUS)0xC0000059)
#define STATUS_INSUFFICIENT_RESOURCES ((NTSTATUS)0xC000009A)
#define STATUS_DEVICE_NOT_CONNECTED ((NTSTATUS)0xC000009D)
#define STATUS_NOT_SUPPORTED ((NTSTATUS)0xC00000BB)
#define STATUS_NOT_FOUND ((NTSTATUS)0xC0000225)
#define NT_SUCCESS(status) (((NTSTATUS)(status)) >= 0)

/* Driver and device objects are opaque: a miniport only hands them on. */
typedef struct _DRIVER_OBJECT *PDRIVER_OBJECT;
typedef struct _DEVICE_OBJECT *PDEVICE_OBJECT;

typedef enum _INTERFACE_TYPE {
	InterfaceTypeUndefined = -1,
	Internal,
	Isa,
	Eisa,
	MicroChannel,
	TurboChannel,
	PCIBus,
	VMEBus,
	NuBus,
	PCMCIABus,
	CBus,
	MPIBus,
	MPSABus,
	ProcessorInternal,
	InternalPowerBus,
	PNPISABus,
	PNPBus,
	Vmcs,
	ACPIBus,
	MaximumInterfaceType
} INTERFACE_TYPE, *PINTERFACE_TYPE;

typedef enum _BUS_DATA_TYPE {
	ConfigurationSpaceUndefined = -1,
	Cmos,
	EisaConfiguration,
	Pos,
	CbusConfiguration,
	PCIConfiguration,
	VMEConfiguration,
	NuBusConfiguration,
	PCMCIAConfiguration,
	MPIConfiguration,
	MPSAConfiguration,
	PNPISAConfiguration,
	SgiInternalConfiguration,
	MaximumBusDataType
} BUS_DATA_TYPE, *PBUS_DATA_TYPE;

typedef enum _KINTERRUPT_MODE {
	LevelSensitive,
	Latched
} KINTERRUPT_MODE;

typedef enum _DMA_WIDTH {
	Width8Bits,
	Width16Bits,
	Width32Bits,
	Width64Bits,
	WidthNoWrap,
	MaximumDmaWidth
} DMA_WIDTH, *PDMA_WIDTH;

typedef enum _DMA_SPEED {
	Compatible,
	TypeA,
	TypeB,
	TypeC,
	TypeF,
	MaximumDmaSpeed
} DMA_SPEED, *PDMA_SPEED;

#define ALL_PROCESSOR_GROUPS 0xffff

/* The IRQL of the calling simulated CPU. IRQL: any. */
KIRQL KeGetCurrentIrql(VOID);

/* Busy-wait; keep it under 50 us. IRQL: any. */
VOID KeStallExecutionProcessor(ULONG MicroSeconds);

/*
 * Index of the calling simulated CPU, from 0. IRQL: any; it stays the caller's
 * from DISPATCH_LEVEL.
 */
ULONG KeGetCurrentProcessorNumber(VOID);

/* The same, also filling in `ProcNumber` unless it is NULL. */
ULONG KeGetCurrentProcessorNumberEx(PPROCESSOR_NUMBER ProcNumber);

/* Number of simulated CPUs; `ActiveProcessors` gets their mask unless NULL. */
ULONG KeQueryActiveProcessorCount(PKAFFINITY ActiveProcessors);

/*
 * Number of simulated CPUs in a group, or in all with ALL_PROCESSOR_GROUPS:
 * those running, and those that could. IRQL: any.
 */
ULONG KeQueryActiveProcessorCountEx(USHORT GroupNumber);
ULONG KeQueryMaximumProcessorCountEx(USHORT GroupNumber);

/* Ticks since start; the frequency in Hz unless NULL. IRQL: any. */
LARGE_INTEGER KeQueryPerformanceCounter(PLARGE_INTEGER PerformanceFrequency);

/* Stop the machine: a driver found state it cannot go on with. No return. */
VOID KeBugCheck(ULONG BugCheckCode) __attribute((__noreturn__));
VOID KeBugCheckEx(ULONG BugCheckCode, ULONG_PTR Parameter1,
		  ULONG_PTR Parameter2, ULONG_PTR Parameter3,
		  ULONG_PTR Parameter4) __attribute((__noreturn__));

/*
 * Physical address, in the simulated machine's own address space, of memory
 * the port driver gave out; 0 for any other address. IRQL: any.
 */
PHYSICAL_ADDRESS MmGetPhysicalAddress(PVOID BaseAddress);

C_ASSERT(sizeof(KIRQL) == 1 && sizeof(INTERFACE_TYPE) == 4);

#endif /* STORSYNC_HBA_SIM_DDK_NTKERNEL_H */
