/* SPDX-License-Identifier: MIT */
/*
 * One cell, one process; see invoke.h.
 *
 * The process is this program anew (execve, not only fork), so that its memory
 * layout is drawn anew as well: the layout alone can make a difference larger
 * than the one looked for (T. Mytkowicz et al., "Producing Wrong Data Without
 * Doing Anything Obviously Wrong!", ASPLOS 2009).
 */
#define _GNU_SOURCE
#include "bench/run/invoke.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/files/json_file.h"
#include "bench/miniport/loaded.h"
#include "bench/run/elapsed.h"

#define STATUS_HANGS 6

/* Beyond what was asked for: set-up, draining, and the process's own watchdog, which comes first. */
#define GRACE_MS 60000
/* A trace's length is not known here; its process watches its progress. */
#define TRACE_LIMIT_MS (4 * 3600 * 1000)

volatile sig_atomic_t invoke_interrupted;

/* What a cell's process may run on; not what its parent has withdrawn to. */
static cpu_set_t affinity;
static bool has_affinity;

struct sink {
	int fd;
	char *text;
	size_t used;
	size_t size;
};

struct child {
	pid_t pid;
	int in;
	struct sink out;
	struct sink err;
};

static void interrupt(int signal_number)
{
	invoke_interrupted = signal_number;
}

/* What nohup or a shell's & has it ignore stays ignored. */
static void catch(int signal_number)
{
	const struct sigaction action = { .sa_handler = interrupt };
	struct sigaction before;

	if (sigaction(signal_number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
		sigaction(signal_number, &action, NULL);
}

void invoke_catch_signals(void)
{
	catch(SIGINT);
	catch(SIGTERM);
	catch(SIGHUP);
	/* A file that may not grow is an error like a full disk. */
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

void invoke_keep_affinity(void)
{
	has_affinity = sched_getaffinity(0, sizeof(affinity), &affinity) == 0;
}

/* In the child: only what is safe between fork and exec. */
static _Noreturn void become_cell(pid_t parent, int in, int out, int err)
{
	/* Nobody waits for the result of who has been killed, and it would disturb the next. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(127);
	if (has_affinity)
		sched_setaffinity(0, sizeof(affinity), &affinity);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(127);
	execl("/proc/self/exe", "storsync", "cell", (char *)NULL);
	_exit(127);
}

static int fail_to_start(const int in[2], const int out[2], const int err[2])
{
	int error = -errno;

	for (int end = 0; end < 2; end++) {
		if (in[end] >= 0)
			close(in[end]);
		if (out[end] >= 0)
			close(out[end]);
		if (err[end] >= 0)
			close(err[end]);
	}
	return error;
}

static int start(struct child *child)
{
	pid_t self = getpid();
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, err[2] = { -1, -1 };

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		return fail_to_start(in, out, err);
	child->pid = fork();
	if (child->pid < 0)
		return fail_to_start(in, out, err);
	if (child->pid == 0)
		become_cell(self, in[0], out[1], err[1]);
	close(in[0]);
	close(out[1]);
	close(err[1]);
	child->in = in[1];
	child->out.fd = out[0];
	child->err.fd = err[0];
	return 0;
}

static int send_spec(struct child *child, const struct cell_spec *spec)
{
	json_t *json = cell_spec_to_json(spec);
	/* In one piece: json_dumpfd() would write, and wake the reader, a hundred times. */
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	int err = text ? json_file_write_all(child->in, text, strlen(text)) : -ENOMEM;

	free(text);
	json_decref(json);
	close(child->in);
	return err;
}

/* Reads what is there; false at the end. */
static bool take(struct sink *sink)
{
	ssize_t got;

	if (sink->size - sink->used < 65536) {
		char *grown = realloc(sink->text, sink->size + (1u << 20));

		if (!grown)
			return false;
		sink->text = grown;
		sink->size += 1u << 20;
		sink->text[sink->used] = '\0';
	}
	got = read(sink->fd, sink->text + sink->used, sink->size - sink->used - 1);
	if (got < 0 && errno == EINTR)
		return true;
	if (got <= 0)
		return false;
	sink->used += (size_t)got;
	sink->text[sink->used] = '\0';
	return true;
}

/* Drains both pipes until they close; false when the time or the user ended it first. */
static bool listen_until_end(struct child *child, int64_t limit_ms)
{
	struct pollfd fds[2] = { { .fd = child->out.fd, .events = POLLIN }, { .fd = child->err.fd, .events = POLLIN } };
	int64_t end = elapsed_ms() + limit_ms;

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		int64_t left = end - elapsed_ms();

		if (invoke_interrupted || left <= 0)
			return false;
		if (poll(fds, 2, (int)(left < 1000000 ? left : 1000000)) < 0)
			continue;
		if (fds[0].revents && !take(&child->out))
			fds[0].fd = -1;
		if (fds[1].revents && !take(&child->err))
			fds[1].fd = -1;
	}
	return true;
}

/* A reason is one line of a CSV file, and its last character whole. */
static void set(struct invocation_outcome *outcome, const char *status, const char *reason)
{
	size_t length = reason ? strcspn(reason, "\n") : 0;
	json_t *json;

	outcome->status = status;
	if (length >= sizeof(outcome->reason)) {
		length = sizeof(outcome->reason) - 1;
		while (length && ((unsigned char)reason[length] & 0xc0) == 0x80)
			length--;
	}
	snprintf(outcome->reason, sizeof(outcome->reason), "%.*s", (int)length, reason ? reason : "");
	/* Of JSON it is part as well, which takes nothing but UTF-8; a path in it may be anything. */
	json = json_string(outcome->reason);
	for (char *byte = outcome->reason; !json && *byte; byte++) {
		if (*byte & 0x80)
			*byte = '?';
	}
	json_decref(json);
}

static void judge_result(struct invocation_outcome *outcome, const struct child *child)
{
	const json_t *summary;
	const char *status;

	outcome->result = child->out.text ? json_loads(child->out.text, 0, NULL) : NULL;
	summary = json_object_get(outcome->result, "summary");
	if (!summary) {
		set(outcome, "failed", "its process ended without a result");
		return;
	}
	status = json_string_value(json_object_get(summary, "status"));
	set(outcome, strcmp(status, "ok") == 0 ? "ok" : strcmp(status, "failed") == 0 ? "failed" : "violated",
	    json_string_value(json_object_get(summary, "status_reason")));
}

/* Where a miniport was, which it has said itself. */
static void describe_crash(const struct child *child, int signal_number, char *reason, size_t bytes)
{
	const char *where = child->err.text ? strstr(child->err.text, MINIPORT_CRASHED) : NULL;
	int used = snprintf(reason, bytes, "its process died of signal %d (%s)", signal_number, strsignal(signal_number));

	if (!where || used < 0 || (size_t)used >= bytes)
		return;
	where += strlen(MINIPORT_CRASHED);
	snprintf(reason + used, bytes - (size_t)used, ", %.*s", (int)strcspn(where, "\n"), where);
}

static void judge(struct invocation_outcome *outcome, const struct child *child, int status, bool ended)
{
	char reason[300];

	if (invoke_interrupted) {
		set(outcome, "interrupted", "by the user");
	} else if (!ended) {
		set(outcome, "hung", "its process did not end in time and was killed");
	} else if (WIFSIGNALED(status)) {
		describe_crash(child, WTERMSIG(status), reason, sizeof(reason));
		set(outcome, "crashed", reason);
	} else if (WEXITSTATUS(status) == STATUS_HANGS) {
		set(outcome, "hung", "a simulated CPU made no progress; its state is in the log");
	} else if (WEXITSTATUS(status)) {
		set(outcome, "failed", child->err.used ? child->err.text : "its process failed without a word");
	} else {
		judge_result(outcome, child);
	}
}

void invoke(const struct cell_spec *spec, struct invocation_outcome *outcome)
{
	struct child child = { .in = -1, .out.fd = -1, .err.fd = -1 };
	int64_t limit_ms = spec->trace[0] ? TRACE_LIMIT_MS : (int64_t)((spec->warmup_max_ns + spec->duration_ns) / 1000000) + GRACE_MS;
	int status = 0;
	bool ended;
	int err;

	*outcome = (struct invocation_outcome){ .status = "failed" };
	err = start(&child);
	if (err) {
		set(outcome, "failed", strerror(-err));
		return;
	}
	send_spec(&child, spec);
	ended = listen_until_end(&child, limit_ms);
	if (!ended)
		kill(child.pid, SIGKILL);
	while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR)
		;
	close(child.out.fd);
	close(child.err.fd);
	judge(outcome, &child, status, ended);
	free(child.out.text);
	outcome->log = child.err.text;
}

void invocation_outcome_fini(struct invocation_outcome *outcome)
{
	json_decref(outcome->result);
	free(outcome->log);
}
