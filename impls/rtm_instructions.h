/* SPDX-License-Identifier: MIT */
/*
 * The four instructions of restricted transactional memory, and whether a CPU has them.
 *
 * As assembly, so that they build whatever the compiler is told the target has;
 * on other architectures they are never reached.  All that back ends know
 * of transactions is here: a check on a machine without them defines this
 * header's guard and brings its own.
 *
 * Source: Intel SDM volume 1, "Programming with Intel Transactional
 * Synchronization Extensions"; volume 2, XBEGIN, XEND, XABORT, XTEST and CPUID.
 */
#ifndef STORSYNC_IMPLS_RTM_INSTRUCTIONS_H
#define STORSYNC_IMPLS_RTM_INSTRUCTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define RTM_STARTED UINT32_MAX
/* Bits of an abort's status; bits 24 to 31 are what rtm_abort() was given, when RTM_EXPLICIT is set. */
#define RTM_EXPLICIT (1u << 0)
#define RTM_RETRY (1u << 1)

#if defined(__x86_64__)
#include <cpuid.h>

static inline bool rtm_in_cpuid(void)
{
	unsigned eax, ebx, ecx, edx;

	return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ebx & 1u << 11);
}

/* RTM_STARTED, in a transaction; or, all of which is then undone, the status of its abort. */
static inline __attribute__((always_inline)) uint32_t rtm_begin(void)
{
	uint32_t status = RTM_STARTED;

	__asm__ volatile("xbegin 1f\n1:" : "+a"(status) : : "memory");
	return status;
}

static inline __attribute__((always_inline)) void rtm_end(void)
{
	__asm__ volatile("xend" : : : "memory");
}

/* Ends the transaction unsuccessfully: does not come back, rtm_begin() does. */
#define rtm_abort(code) __asm__ volatile("xabort %0" : : "i"(code) : "memory")

#else

static inline bool rtm_in_cpuid(void)
{
	return false;
}

static inline uint32_t rtm_begin(void)
{
	return 0;
}

static inline void rtm_end(void)
{
}

#define rtm_abort(code) ((void)(code))

#endif
#endif
