/* SPDX-License-Identifier: MIT */
/*
 * Running gnuplot; see gnuplot.h.
 *
 * The script is a file in memory that becomes the child's standard input: it is all there before the child starts, so that writing
 * cannot block on a child that is itself blocked on writing, and a child that dies early costs no SIGPIPE.
 */
#define _GNU_SOURCE /* pipe2, memfd_create, memmem */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/report/gnuplot.h"

#define CHUNK 65536u
/* What is read of a child that writes without end. */
#define MOST_BYTES (256u << 20)

/* What comes out of one of the child's pipes. */
struct outlet {
	int fd;
	char *text;
	size_t bytes, room;
};

struct child {
	pid_t pid;
	int script;
	struct outlet out[2]; /* standard output and standard error */
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int script_open(const char *script, size_t bytes)
{
	int fd = memfd_create("gnuplot script", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	for (size_t done = 0; done < bytes;) {
		ssize_t n = write(fd, script + done, bytes - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int error = n < 0 ? -errno : -EIO;

			close(fd);
			return error;
		}
		done += (size_t)n;
	}
	if (lseek(fd, 0, SEEK_SET) < 0) {
		close(fd);
		return -EIO;
	}
	return fd;
}

/* The environment without what would change the drawing or its numbers. */
static char **environment(void)
{
	static const char *const dropped[] = { "GNUTERM=", "GNUPLOT_", "GNUHELP=", "GNUFITLOG=", "LC_", "LANG=", "LANGUAGE=" };
	static char c_locale[] = "LC_ALL=C.UTF-8";
	size_t count = 0, kept = 0;
	char **copy;

	while (environ && environ[count])
		count++;
	copy = calloc(count + 2, sizeof(*copy));
	for (size_t i = 0; copy && i < count; i++) {
		bool keep = true;

		for (size_t k = 0; k < sizeof(dropped) / sizeof(dropped[0]); k++)
			keep = keep && strncmp(environ[i], dropped[k], strlen(dropped[k])) != 0;
		if (keep)
			copy[kept++] = environ[i];
	}
	if (copy)
		copy[kept] = c_locale;
	return copy;
}

static int spawn(struct child *child, const char *program, const int out[2], const int err[2])
{
	/* posix_spawn() wants them writable. */
	char name[] = "gnuplot", defaults[] = "-d";
	char *arguments[] = { name, defaults, NULL };
	posix_spawn_file_actions_t actions;
	char **variables = environment();
	int error;

	if (!variables)
		return -ENOMEM;
	error = posix_spawn_file_actions_init(&actions);
	if (error) {
		free(variables);
		return -error;
	}
	error = posix_spawn_file_actions_adddup2(&actions, child->script, STDIN_FILENO);
	if (!error)
		error = posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
	if (!error)
		error = posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
	if (!error)
		error = posix_spawnp(&child->pid, program, &actions, NULL, arguments, variables);
	posix_spawn_file_actions_destroy(&actions);
	free(variables);
	return -error;
}

static int child_start(struct child *child, const char *program)
{
	int out[2], err[2], error;

	if (pipe2(out, O_CLOEXEC))
		return -errno;
	if (pipe2(err, O_CLOEXEC)) {
		error = -errno;
		close(out[0]);
		close(out[1]);
		return error;
	}
	error = spawn(child, program, out, err);
	close(out[1]);
	close(err[1]);
	if (error) {
		close(out[0]);
		close(err[0]);
		return error;
	}
	child->out[0].fd = out[0];
	child->out[1].fd = err[0];
	return 0;
}

/* Takes in what is there; at its end the descriptor is closed. */
static int outlet_read(struct outlet *outlet)
{
	ssize_t n;

	if (outlet->bytes + CHUNK + 1 > outlet->room) {
		size_t room = 2 * outlet->room + CHUNK + 1;
		char *text = room > MOST_BYTES ? NULL : realloc(outlet->text, room);

		if (!text)
			return room > MOST_BYTES ? -EFBIG : -ENOMEM;
		outlet->text = text;
		outlet->room = room;
	}
	n = read(outlet->fd, outlet->text + outlet->bytes, CHUNK);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	outlet->bytes += (size_t)n;
	outlet->text[outlet->bytes] = '\0';
	if (n == 0) {
		close(outlet->fd);
		outlet->fd = -1;
	}
	return 0;
}

/* Until both pipes are at their end. */
static int child_listen(struct child *child, uint64_t deadline_ns)
{
	while (child->out[0].fd >= 0 || child->out[1].fd >= 0) {
		struct pollfd ready[2] = { { .fd = child->out[0].fd, .events = POLLIN }, { .fd = child->out[1].fd, .events = POLLIN } };
		uint64_t now = now_ns();

		if (now >= deadline_ns)
			return -ETIMEDOUT;
		if (poll(ready, 2, (int)((deadline_ns - now) / 1000000u) + 1) < 0 && errno != EINTR)
			return -errno;
		for (size_t i = 0; i < 2; i++) {
			int error = ready[i].fd >= 0 && ready[i].revents ? outlet_read(&child->out[i]) : 0;

			if (error)
				return error;
		}
	}
	return 0;
}

/* Of several lines, the one with gnuplot's "line N:", else the last that is not empty. */
static void one_line(const char *text, char *line, size_t bytes)
{
	const char *chosen = "";
	size_t length = 0;

	for (const char *p = text; p && *p;) {
		size_t n = strcspn(p, "\n");

		if (n > strspn(p, " \t\n") && (memmem(p, n, " line ", 6) || !memmem(chosen, length, " line ", 6))) {
			chosen = p;
			length = n;
		}
		p += n + (p[n] == '\n');
	}
	while (length && (*chosen == ' ' || *chosen == '\t')) {
		chosen++;
		length--;
	}
	snprintf(line, bytes, "%.*s", (int)(length < 200 ? length : 200), chosen);
}

/* Waits for its end: one that has closed its pipes need not be at it. */
static int child_wait(const struct child *child, uint64_t deadline_ns, int *status)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	for (;;) {
		pid_t ended = waitpid(child->pid, status, WNOHANG);

		if (ended == child->pid)
			return 0;
		if (ended < 0 && errno != EINTR)
			return -errno;
		if (now_ns() >= deadline_ns)
			return -ETIMEDOUT;
		nanosleep(&pause, NULL);
	}
}

static int child_result(struct child *child, const char *program, int heard, uint64_t deadline_ns, uint64_t limit_ns, char *error, size_t error_bytes)
{
	char said[256];
	int status = 0;

	if (!heard)
		heard = child_wait(child, deadline_ns, &status);
	if (heard) {
		kill(child->pid, SIGKILL);
		while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	if (heard == -ETIMEDOUT) {
		snprintf(error, error_bytes, "%s was not done after %.3g s, and was ended", program, (double)limit_ns / 1e9);
		return heard;
	}
	if (heard == -EFBIG) {
		snprintf(error, error_bytes, "%s wrote more than %u MiB, and was ended: it is not gnuplot", program, MOST_BYTES >> 20);
		return heard;
	}
	if (heard) {
		snprintf(error, error_bytes, "%s: its output cannot be read: %s", program, strerror(-heard));
		return heard;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	one_line(child->out[1].text, said, sizeof(said));
	if (WIFSIGNALED(status))
		snprintf(error, error_bytes, "%s was ended by signal %d%s%s", program, WTERMSIG(status), *said ? ": " : "", said);
	else
		snprintf(error, error_bytes, "%s: %s", program, *said ? said : "refused the script, and does not say why");
	return -EBADMSG;
}

int gnuplot_run(const char *program, const char *script, size_t bytes, uint64_t limit_ns, char **output, size_t *output_bytes,
		char *error, size_t error_bytes)
{
	struct child child = { .script = script_open(script, bytes), .out = { { .fd = -1 }, { .fd = -1 } } };
	uint64_t deadline_ns = now_ns() + limit_ns;
	int result;

	*output = NULL;
	*output_bytes = 0;
	if (child.script < 0) {
		snprintf(error, error_bytes, "no memory for %s's script: %s", program, strerror(-child.script));
		return child.script;
	}
	result = child_start(&child, program);
	close(child.script);
	if (result) {
		snprintf(error, error_bytes, "%s cannot be run: %s%s", program, strerror(-result),
			 result == -ENOENT ? "; the pictures need it: install gnuplot-nox" : "");
		return result;
	}
	result = child_result(&child, program, child_listen(&child, deadline_ns), deadline_ns, limit_ns, error, error_bytes);
	for (size_t i = 0; i < 2; i++) {
		if (child.out[i].fd >= 0)
			close(child.out[i].fd);
	}
	free(child.out[1].text);
	if (result) {
		free(child.out[0].text);
		return result;
	}
	*output = child.out[0].text;
	*output_bytes = child.out[0].bytes;
	return 0;
}
