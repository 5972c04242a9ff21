/* SPDX-License-Identifier: MIT */
/*
 * Runs a function on the calling thread to each of its instructions in turn, so that a check can interrupt it there.
 *
 * By the trap flag of x86-64: the processor traps before every instruction,
 * and the kernel makes a SIGTRAP of it.  A signal that step() raises is delivered
 * on top of the instruction that is about to run, and its handler runs at full
 * speed.  What the function calls is stepped as well; the instruction after a
 * system call is not seen, because the kernel returns behind it, and a repeated
 * string instruction traps before each repetition.
 *
 * Where the body blocks signals, the processor still traps, and SIGTRAP is
 * left out of what it blocks, as a blocked trap ends the process.
 *
 * A trap costs microseconds, and on some virtual machines tens of them.  So a
 * function is traced once and, from then on, run at full speed to a breakpoint
 * at or shortly before the instruction that is wanted.
 *
 * Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume
 * 3B, "Debug Exceptions" (single-step and breakpoint exceptions).
 */
#ifndef STORSYNC_BENCH_TORTURE_STEPPER_H
#define STORSYNC_BENCH_TORTURE_STEPPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void stepper_body(void *context);

/* From the signal handler, before instruction n, from 0, of the body; false: it goes on at full speed. */
typedef bool stepper_step(void *context, uint64_t n);

/* From the signal handler, before the instruction that was wanted. */
typedef void stepper_arrived(void *context);

/* The addresses of a body's instructions, in the order in which they ran. */
struct stepper_trace {
	size_t length;
	struct stepper_mark {
		uintptr_t address;
		uint32_t before; /* times that the address was come to before, repetitions of one instruction apart */
		bool blocked;    /* the body has blocked signals: none can be delivered there */
	} *mark;
	size_t room;
};

/* Whether this build, for this processor, can: a sanitizer has handlers of its own and code that steps badly. */
bool stepper_available(void);

/*
 * Runs body(body_context), with step(context, n) before each instruction.  Returns
 * how often that was called: the number of the body's instructions when it always
 * answers true.  As stepper_run_to(): one at a time in a process, and nothing else
 * in it uses SIGTRAP.
 */
uint64_t stepper_run(stepper_body *body, void *body_context, stepper_step *step, void *context);

/*
 * Records what a run of the body does, calling step(context, n), which may be NULL,
 * as well.  0; -ENOMEM; -ENOTSUP where stepping is not available.
 */
int stepper_record(struct stepper_trace *trace, stepper_body *body, void *body_context, stepper_step *step, void *context);
void stepper_trace_fini(struct stepper_trace *trace);

/*
 * Runs body(body_context) and calls arrived(context) before what the trace has as
 * instruction n.  False when this run did not come there: it took another way,
 * the code cannot be written to, or there is no way that avoids a breakpoint
 * where signals are blocked.
 */
bool stepper_run_to(const struct stepper_trace *trace, size_t n, stepper_body *body, void *body_context,
		    stepper_arrived *arrived, void *context);

/* In step(): the address of the instruction that is about to run. */
uintptr_t stepper_address(void);

/* "function+0x12 (file+0x3456)", as far as it is known: the calling thread's own text, until its next call. */
const char *stepper_describe(uintptr_t address);

#endif
