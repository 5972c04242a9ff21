/* SPDX-License-Identifier: MIT */
/* Single-stepping and breakpoints; see stepper.h. */
#define _GNU_SOURCE
#include "bench/torture/stepper.h"

#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define CAN_STEP 1
#else
#define CAN_STEP 0
#endif

/* Longer than any path that is worth interrupting everywhere. */
#define TRACE_MAX (1u << 18)

bool stepper_available(void)
{
	return CAN_STEP;
}

const char *stepper_describe(uintptr_t address)
{
	static _Thread_local char text[256];
	const char *file;
	Dl_info info;

	if (!dladdr((void *)address, &info) || !info.dli_fname) {
		snprintf(text, sizeof(text), "0x%" PRIxPTR, address);
		return text;
	}
	file = strrchr(info.dli_fname, '/') ? strrchr(info.dli_fname, '/') + 1 : info.dli_fname;
	if (info.dli_sname)
		snprintf(text, sizeof(text), "%s+0x%" PRIxPTR " (%s+0x%" PRIxPTR ")", info.dli_sname,
			 address - (uintptr_t)info.dli_saddr, file, address - (uintptr_t)info.dli_fbase);
	else
		snprintf(text, sizeof(text), "%s+0x%" PRIxPTR, file, address - (uintptr_t)info.dli_fbase);
	return text;
}

void stepper_trace_fini(struct stepper_trace *trace)
{
	free(trace->mark);
	*trace = (struct stepper_trace){ .mark = NULL };
}

#if CAN_STEP

#define TRAP_FLAG 0x100
#define BREAKPOINT 0xcc /* int3 */
/* In place of a number of visits: a breakpoint at this address would be met where signals are blocked. */
#define NEVER_STOP UINT32_MAX

enum stepping_state {
	STEPPING_IDLE,
	STEPPING_EACH, /* stepper_run() */
	STEPPING_FREE, /* at full speed, to the breakpoint */
	STEPPING_OVER, /* the breakpoint's own instruction, not for the last time */
	STEPPING_WALK, /* from the breakpoint to the instruction */
};

/* The run that is under way. */
struct stepping {
	enum stepping_state state;
	stepper_step *step;
	stepper_arrived *arrived;
	void *context;
	uint64_t n;            /* instructions seen, or still to walk */
	uint32_t hits_left;    /* of the breakpoint, before it counts */
	uintptr_t breakpoint;
	unsigned char original; /* the byte that the breakpoint replaces */
	uintptr_t address;
	bool blocked;          /* the body has blocked signals */
	bool has_arrived;
};

static struct stepping stepping;
static _Thread_local bool steps; /* the thread whose run it is */

/* Calls body(context) with these flags set; with the trap flag, the first trap comes before the body's first instruction. */
void stepper_call(stepper_body *body, void *context, uint64_t flags);
/* Where the body returns to, which is no instruction of its own. */
extern const char stepper_returned[];

__asm__(".text\n"
	".p2align 4\n"
	".type stepper_call, @function\n"
	"stepper_call:\n"
	"	pushq %rbp\n"
	"	movq %rsp, %rbp\n"
	"	movq %rdi, %rax\n"
	"	movq %rsi, %rdi\n"
	"	pushfq\n"
	"	orq %rdx, (%rsp)\n"
	"	popfq\n"
	"	call *%rax\n"
	"stepper_returned:\n"
	"	popq %rbp\n"
	"	ret\n"
	".size stepper_call, . - stepper_call\n");

static void write_code(uintptr_t address, unsigned char byte)
{
	*(volatile unsigned char *)address = byte;
}

/* The instruction that is about to run may be the system call that blocks signals, or lets them through again. */
static void keep_trap_unblocked(struct stepping *self, const greg_t *registers)
{
	const unsigned char *code = (const unsigned char *)self->address;
	const uint64_t trap = UINT64_C(1) << (SIGTRAP - 1);
	uint64_t *set = (uint64_t *)registers[REG_RSI];

	if (code[0] != 0x0f || code[1] != 0x05 || registers[REG_RAX] != SYS_rt_sigprocmask || !set)
		return;
	if (registers[REG_RDI] == SIG_UNBLOCK) {
		self->blocked &= !(*set & trap);
	} else if (*set & trap) {
		*set &= ~trap;
		self->blocked = true;
	} else if (registers[REG_RDI] == SIG_SETMASK) {
		self->blocked = false;
	}
}

/* Whether it goes on to the next instruction only. */
static bool trapped(struct stepping *self, const greg_t *registers)
{
	switch (self->state) {
	case STEPPING_EACH:
		if (self->address == (uintptr_t)stepper_returned || !self->step(self->context, self->n++))
			return false;
		keep_trap_unblocked(self, registers);
		return true;
	case STEPPING_FREE:
		write_code(self->breakpoint, self->original);
		if (self->hits_left) {
			self->hits_left--;
			self->state = STEPPING_OVER;
			return true;
		}
		self->state = STEPPING_WALK;
		break;
	case STEPPING_OVER:
		write_code(self->breakpoint, BREAKPOINT);
		self->state = STEPPING_FREE;
		return false;
	case STEPPING_WALK:
		if (self->address == (uintptr_t)stepper_returned)
			return false;
		self->n--;
		break;
	case STEPPING_IDLE:
		return false;
	}
	if (self->n)
		return true;
	self->state = STEPPING_IDLE;
	self->has_arrived = true;
	self->arrived(self->context);
	return false;
}

static void on_trap(int number, siginfo_t *info, void *user_context)
{
	greg_t *registers = ((ucontext_t *)user_context)->uc_mcontext.gregs;
	int interrupted_errno = errno;

	/* Another thread came to the breakpoint: it tries again until that is gone. */
	if (!steps) {
		registers[REG_RIP]--;
		return;
	}
	if (stepping.state == STEPPING_FREE)
		registers[REG_RIP]--;
	stepping.address = (uintptr_t)registers[REG_RIP];
	if (trapped(&stepping, registers))
		registers[REG_EFL] |= TRAP_FLAG;
	else
		registers[REG_EFL] &= ~(greg_t)TRAP_FLAG;
	errno = interrupted_errno;
}

static void call(stepper_body *body, void *context, uint64_t flags)
{
	/* Not deferred: step() may raise what is stepped itself. */
	const struct sigaction action = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_NODEFER };
	struct sigaction before;

	sigaction(SIGTRAP, &action, &before);
	steps = true;
	/* What is called here besides the body may be code that the body runs, too: nothing is, while the breakpoint is there. */
	if (stepping.breakpoint)
		write_code(stepping.breakpoint, BREAKPOINT);
	stepper_call(body, context, flags);
	if (stepping.breakpoint)
		write_code(stepping.breakpoint, stepping.original);
	steps = false;
	stepping.state = STEPPING_IDLE;
	sigaction(SIGTRAP, &before, NULL);
}

uint64_t stepper_run(stepper_body *body, void *body_context, stepper_step *step, void *context)
{
	stepping = (struct stepping){ .state = STEPPING_EACH, .step = step, .context = context };
	call(body, body_context, TRAP_FLAG);
	return stepping.n;
}

uintptr_t stepper_address(void)
{
	return stepping.address;
}

/* --- the trace --- */

struct recording {
	struct stepper_trace *trace;
	stepper_step *step;
	void *context;
};

static bool record(void *context, uint64_t n)
{
	struct recording *recording = context;
	struct stepper_trace *trace = recording->trace;

	if (trace->length == trace->room)
		return false;
	trace->mark[trace->length++] = (struct stepper_mark){ .address = stepping.address, .blocked = stepping.blocked };
	return !recording->step || recording->step(recording->context, n);
}

static bool is_repetition(const struct stepper_trace *trace, size_t n)
{
	return n > 0 && trace->mark[n].address == trace->mark[n - 1].address;
}

static int by_address_and_position(const void *left, const void *right)
{
	const struct stepper_mark *a = *(const struct stepper_mark *const *)left;
	const struct stepper_mark *b = *(const struct stepper_mark *const *)right;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return a < b ? -1 : a > b;
}

/* How often each address was come to before; NEVER_STOP once that was where signals are blocked. */
static int count_visits(struct stepper_trace *trace)
{
	struct stepper_mark **sorted = calloc(trace->length + 1, sizeof(*sorted));
	uint32_t visits = 0;
	bool blocked = false;

	if (!sorted)
		return -ENOMEM;
	for (size_t n = 0; n < trace->length; n++)
		sorted[n] = &trace->mark[n];
	qsort(sorted, trace->length, sizeof(*sorted), by_address_and_position);
	for (size_t i = 0; i < trace->length; i++) {
		if (i == 0 || sorted[i]->address != sorted[i - 1]->address) {
			visits = 0;
			blocked = false;
		} else if (!is_repetition(trace, (size_t)(sorted[i] - trace->mark))) {
			visits++;
		}
		blocked |= sorted[i]->blocked;
		sorted[i]->before = blocked ? NEVER_STOP : visits;
	}
	free(sorted);
	return 0;
}

/* Breakpoints are written into the code itself. */
static bool make_writable(uintptr_t address)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	return !mprotect((void *)(address & ~(page - 1)), page, PROT_READ | PROT_WRITE | PROT_EXEC);
}

int stepper_record(struct stepper_trace *trace, stepper_body *body, void *body_context, stepper_step *step, void *context)
{
	struct recording recording = { .trace = trace, .step = step, .context = context };

	*trace = (struct stepper_trace){ .room = TRACE_MAX };
	trace->mark = calloc(TRACE_MAX, sizeof(*trace->mark));
	if (!trace->mark)
		return -ENOMEM;
	stepper_run(body, body_context, record, &recording);
	return count_visits(trace);
}

/* Where to stop so that the fewest traps lead to instruction n: two for each time that it is not the one, one a step from there.  SIZE_MAX: nowhere. */
static size_t best_stop(const struct stepper_trace *trace, size_t n)
{
	uint64_t fewest = UINT64_MAX;
	size_t best = SIZE_MAX;

	for (size_t at = n + 1; at-- > 0 && n - at < fewest && !trace->mark[at].blocked;) {
		uint64_t traps = (n - at) + 2 * (uint64_t)trace->mark[at].before;

		if (trace->mark[at].before != NEVER_STOP && traps < fewest && !is_repetition(trace, at)) {
			fewest = traps;
			best = at;
		}
	}
	return best;
}

bool stepper_run_to(const struct stepper_trace *trace, size_t n, stepper_body *body, void *body_context,
		    stepper_arrived *arrived, void *context)
{
	size_t stop = best_stop(trace, n);
	uintptr_t address = stop == SIZE_MAX ? 0 : trace->mark[stop].address;

	if (!address || !make_writable(address)) {
		body(body_context);
		return false;
	}
	stepping = (struct stepping){ .state = STEPPING_FREE, .arrived = arrived, .context = context, .n = n - stop,
				      .hits_left = trace->mark[stop].before, .breakpoint = address,
				      .original = *(unsigned char *)address };
	call(body, body_context, 0);
	return stepping.has_arrived;
}

#else

uint64_t stepper_run(stepper_body *body, void *body_context, stepper_step *step, void *context)
{
	body(body_context);
	return 0;
}

int stepper_record(struct stepper_trace *trace, stepper_body *body, void *body_context, stepper_step *step, void *context)
{
	*trace = (struct stepper_trace){ .mark = NULL };
	return -ENOTSUP;
}

bool stepper_run_to(const struct stepper_trace *trace, size_t n, stepper_body *body, void *body_context,
		    stepper_arrived *arrived, void *context)
{
	body(body_context);
	return false;
}

uintptr_t stepper_address(void)
{
	return 0;
}

#endif
