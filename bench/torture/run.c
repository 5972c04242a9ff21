/* SPDX-License-Identifier: MIT */
/*
 * One check: a child process, its watchdog and its verdict.
 *
 * The child hands its verdict back in shared memory and leaves at once, with
 * an exit status that says the same.  When the two disagree, something else
 * ended the child, a sanitizer for example, and that is what is reported.
 */
#define _GNU_SOURCE /* strsignal */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/torture/random.h"
#include "bench/torture/torture.h"
#include "hba_sim/machine/delivery.h"
#include "impls/backends.h"

#define REPORT_BYTES 16384
#define WATCHDOG_LOOKS 8
/* Status of a child that reached a verdict; 0 for TORTURE_HOLDS, so that a sanitizer's own status shows. */
#define VERDICT_STATUS 100
/* Progress is the watchdog's business: what seldom happens may take longer than a standstill may. */
#define PATIENCE_WATCHDOGS 2
/* Above all threads of the simulated CPUs. */
#define WATCHDOG_PRIORITY (SIM_FIFO_PRIORITY_BASE + 2 * IRQL_HIGH)

/* In memory shared with the parent. */
struct torture_report {
	_Atomic(bool) taken; /* some thread is writing the rest */
	enum torture_verdict verdict;
	uint64_t elapsed_ns;
	char text[REPORT_BYTES];
};

static int verdict_status(enum torture_verdict verdict)
{
	return verdict == TORTURE_HOLDS ? 0 : VERDICT_STATUS + (int)verdict;
}

/* The first thread reports; any other waits here to be ended by it. */
static void take_report(struct torture_report *report)
{
	/* relaxed: only who is first; the parent reads the rest after the child has ended */
	if (atomic_exchange_explicit(&report->taken, true, memory_order_relaxed))
		for (;;)
			pause();
}

static _Noreturn void conclude(struct torture_run *run, enum torture_verdict verdict)
{
	run->report->elapsed_ns = stamp_to_ns(&run->host->scale, stamp_now() - run->started);
	run->report->verdict = verdict;
	_exit(verdict_status(verdict));
}

#define CONCLUDE(run, verdict, format)                                                                                  \
	do {                                                                                                            \
		va_list arguments;                                                                                      \
                                                                                                                        \
		take_report((run)->report);                                                                             \
		va_start(arguments, format);                                                                            \
		vsnprintf((run)->report->text, REPORT_BYTES, format, arguments);                                        \
		va_end(arguments);                                                                                      \
		conclude(run, verdict);                                                                                 \
	} while (0)

void torture_holds(struct torture_run *run, const char *format, ...)
{
	CONCLUDE(run, TORTURE_HOLDS, format);
}

void torture_violated(struct torture_run *run, const char *format, ...)
{
	CONCLUDE(run, TORTURE_VIOLATED, format);
}

void torture_not_exercised(struct torture_run *run, const char *format, ...)
{
	CONCLUDE(run, TORTURE_NOT_EXERCISED, format);
}

void torture_failed(struct torture_run *run, const char *format, ...)
{
	CONCLUDE(run, TORTURE_ERROR, format);
}

bool torture_patience_is_over(const struct torture_run *run)
{
	return stamp_now() >= run->deadline + torture_ticks(run, PATIENCE_WATCHDOGS * run->options->watchdog_ns);
}

uint64_t torture_seed(const struct torture_run *run, unsigned cpu)
{
	uint64_t state = run->options->seed;

	/* The property's name takes part, so that properties do not all see one schedule. */
	for (const char *c = run->check->property->name; *c; c++)
		state = state * 31 + (unsigned char)*c;
	state = random_next(&state) + cpu;
	return random_next(&state);
}

/* --- the watchdog --- */

struct watched {
	uint64_t steps;
	unsigned still; /* looks in a row without a step */
	bool waiting;
};

static bool look_at_beats(struct torture_run *run, struct watched *watched)
{
	unsigned cpus = run->check->cpus;
	unsigned waiting = 0;
	unsigned still = 0;
	bool hangs = false;

	for (unsigned i = 0; i < cpus; i++) {
		/* relaxed: whether anything changed since the last look, nothing more */
		uint64_t steps = atomic_load_explicit(&run->beat[i].steps, memory_order_relaxed);

		watched[i].waiting = atomic_load_explicit(&run->beat[i].waiting, memory_order_relaxed);
		watched[i].still = steps == watched[i].steps ? watched[i].still + 1 : 0;
		watched[i].steps = steps;
		waiting += watched[i].waiting;
		if (watched[i].still >= WATCHDOG_LOOKS) {
			still++;
			hangs |= !watched[i].waiting;
		}
	}
	return hangs || (still == cpus && waiting == cpus);
}

static _Noreturn void report_hang(struct torture_run *run, const struct watched *watched)
{
	/* ORD torture_dump:B acquire, pairs with torture_dump:A: see there. */
	void (*dump)(void *context, FILE *out) = atomic_load_explicit(&run->dump, memory_order_acquire);
	FILE *out;

	take_report(run->report);
	out = fmemopen(run->report->text, REPORT_BYTES, "w");
	if (out) {
		fprintf(out, "no progress for %" PRIu64 " ms:", run->options->watchdog_ns / 1000000);
		for (unsigned i = 0; i < run->check->cpus; i++)
			fprintf(out, " cpu %u %s%s", i,
				watched[i].still < WATCHDOG_LOOKS ? "runs" :
				watched[i].waiting                ? "waits for the others" : "stands still",
				i + 1 < run->check->cpus ? "," : "");
		if (dump) {
			fputc('\n', out);
			dump(run->dump_context, out);
		}
		fclose(out);
	}
	conclude(run, TORTURE_HUNG);
}

static void *watch(void *context)
{
	struct torture_run *run = context;
	uint64_t ns = run->options->watchdog_ns / WATCHDOG_LOOKS + 1;
	struct timespec interval = { .tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000) };
	struct watched *watched = calloc(run->check->cpus, sizeof(*watched));

	if (!watched)
		torture_failed(run, "no memory for the watchdog");
	/* relaxed: whether it is seen now or at the next look */
	while (!look_at_beats(run, watched) || atomic_load_explicit(&run->watches_itself, memory_order_relaxed))
		clock_nanosleep(CLOCK_MONOTONIC, 0, &interval, NULL);
	report_hang(run, watched);
}

/* --- the child and its parent --- */

/* Where the CPUs go and, where there is a core more and it has something to do, the raiser. */
static void place(struct torture_run *run)
{
	const struct torture_host *host = run->host;
	unsigned cpus = run->check->cpus;
	char error[256];

	run->has_raiser = run->check->delivery != SYNC_POLL && cpus < host->usable_cores;
	if (placement_choose(host->topology, host->affinity, cpus + run->has_raiser, run->options->oversubscribe,
			     &run->placement, error, sizeof(error)))
		torture_failed(run, "%s", error);
	run->raiser = run->placement.cpu[cpus];
}

/* It must run while threads of a real-time priority have every core. */
static void start_watchdog(struct torture_run *run)
{
	const struct sched_param parameters = { .sched_priority = WATCHDOG_PRIORITY };
	pthread_t watchdog;

	if (pthread_create(&watchdog, NULL, watch, run))
		torture_failed(run, "no thread for the watchdog");
	if (run->check->delivery == SYNC_THREAD && pthread_setschedparam(watchdog, SCHED_FIFO, &parameters))
		torture_failed(run, "no real-time priority for the watchdog");
}

static _Noreturn void run_child(const struct torture_host *host, const struct torture_check *check,
				const struct torture_options *options, struct torture_report *report, pid_t parent)
{
	struct torture_run run = { .host = host, .check = check, .options = options, .report = report };

	/* Neither outlives a parent that was killed, nor a watchdog that fails. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(VERDICT_STATUS);
	alarm((unsigned)((options->duration_ns + 4 * options->watchdog_ns) / 1000000000) + 60);

	atomic_init(&run.watches_itself, false);
	atomic_init(&run.dump, NULL);
	run.started = stamp_now();
	run.deadline = run.started + torture_ticks(&run, options->duration_ns);
	place(&run);
	run.beat = aligned_alloc(SYNC_LINE_BYTES, check->cpus * sizeof(*run.beat));
	if (!run.beat)
		torture_failed(&run, "no memory");
	for (unsigned i = 0; i < check->cpus; i++) {
		atomic_init(&run.beat[i].steps, 0);
		atomic_init(&run.beat[i].waiting, true);
	}
	start_watchdog(&run);
	check->property->run(&run);
	torture_failed(&run, "the property came to no verdict");
}

/* What the child's end says; `report` is filled in where the child could not. */
static enum torture_verdict judge(int status, struct torture_report *report)
{
	if (WIFSIGNALED(status)) {
		snprintf(report->text, REPORT_BYTES, "ended by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
		return TORTURE_CRASHED;
	}
	/* relaxed: the child has ended */
	if (!atomic_load_explicit(&report->taken, memory_order_relaxed) ||
	    WEXITSTATUS(status) != verdict_status(report->verdict)) {
		snprintf(report->text, REPORT_BYTES, "ended with exit status %d and without a verdict of its own",
			 WEXITSTATUS(status));
		return TORTURE_CRASHED;
	}
	return report->verdict;
}

static void print_failure(FILE *out, const struct torture_check *check, const struct torture_options *options,
			  enum torture_verdict verdict, const struct torture_report *report)
{
	static const char *const what[] = {
		[TORTURE_VIOLATED] = "", [TORTURE_NOT_EXERCISED] = "not exercised: ", [TORTURE_HUNG] = "hung: ",
		[TORTURE_CRASHED] = "crashed: ", [TORTURE_ERROR] = "could not run: ",
	};
	size_t first_line = strcspn(report->text, "\n");

	fprintf(out, "FAIL %-15s %-6s cpus %u  %s: %s%.*s; %safter %.3f s", check->backend->name,
		sync_delivery_name(check->delivery), check->cpus, check->property->name, what[verdict], (int)first_line, report->text,
		verdict == TORTURE_VIOLATED ? "caught " : "", (double)report->elapsed_ns / 1e9);
	fprintf(out, "; repeat with --backends %s --delivery %s --cpus %u --properties %s --seed %" PRIu64 "%s\n",
		check->backend->name, sync_delivery_name(check->delivery), check->cpus, check->property->name, options->seed, options->oversubscribe ? " --oversubscribe" : "");
	/* The state of the machine, after a hang. */
	if (report->text[first_line])
		fputs(report->text + first_line + 1, out);
}

static void print_verdict(FILE *out, const struct torture_check *check, const struct torture_options *options,
			  enum torture_verdict verdict, const struct torture_report *report)
{
	if (verdict == TORTURE_HOLDS)
		fprintf(out, "ok   %-15s %-6s cpus %u  %-12s (%s, %.2f s)\n", check->backend->name,
			sync_delivery_name(check->delivery), check->cpus, check->property->name, report->text, (double)report->elapsed_ns / 1e9);
	else if (verdict == TORTURE_SKIPPED)
		fprintf(out, "skip %-15s %-6s cpus %u  %-12s %s\n", check->backend->name,
			sync_delivery_name(check->delivery), check->cpus, check->property->name, report->text);
	else
		print_failure(out, check, options, verdict, report);
	fflush(out);
}

static const char *refusal(const struct torture_host *host, const struct torture_check *check)
{
	const char *why = sync_backend_refusal(check->backend, check->cpus, check->delivery);

	if (!why && check->cpus > host->usable_cores)
		why = sync_backend_oversubscription_refusal(check->backend, check->delivery);
	if (!why && check->property->refusal)
		why = check->property->refusal(check);
	return why;
}

static enum torture_verdict run_in_child(const struct torture_host *host, const struct torture_check *check,
					 const struct torture_options *options, struct torture_report *report)
{
	uint64_t started = stamp_now();
	pid_t parent = getpid();
	enum torture_verdict verdict;
	pid_t child;
	int status;

	child = fork();
	if (child < 0) {
		snprintf(report->text, REPORT_BYTES, "fork: %s", strerror(errno));
		return TORTURE_ERROR;
	}
	if (child == 0)
		run_child(host, check, options, report, parent);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	verdict = judge(status, report);
	if (verdict == TORTURE_CRASHED)
		report->elapsed_ns = stamp_to_ns(&host->scale, stamp_now() - started);
	return verdict;
}

enum torture_verdict torture_run_one(const struct torture_host *host, const struct torture_check *check,
				     const struct torture_options *options, FILE *out, uint64_t *caught_ns)
{
	struct torture_report *report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const char *why = refusal(host, check);
	enum torture_verdict verdict = TORTURE_SKIPPED;

	if (report == MAP_FAILED) {
		fprintf(out, "FAIL %s: no memory for a report\n", check->backend->name);
		return TORTURE_ERROR;
	}
	fflush(NULL);
	if (why)
		snprintf(report->text, REPORT_BYTES, "%s", why);
	else
		verdict = run_in_child(host, check, options, report);
	print_verdict(out, check, options, verdict, report);
	if (caught_ns)
		*caught_ns = report->elapsed_ns;
	munmap(report, sizeof(*report));
	return verdict;
}
