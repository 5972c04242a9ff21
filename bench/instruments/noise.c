/* SPDX-License-Identifier: MIT */
/*
 * Reading and parsing for the noise witness; what the numbers mean is in the
 * header.
 */
#define _GNU_SOURCE /* RUSAGE_THREAD */
#include "bench/instruments/noise.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* Of the numbers after "cpuN": user nice system idle iowait irq softirq steal. */
#define STEAL_COLUMN 7

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : NULL;
}

/*
 * A non-negative decimal number that ends at white space or at the end;
 * advances *text past it.  NOISE_UNKNOWN otherwise.
 */
static int64_t parse_count(const char **text)
{
	const char *start = *text;
	char *end;
	long long value;

	while (*start == ' ' || *start == '\t')
		start++;
	if (!isdigit((unsigned char)*start))
		return NOISE_UNKNOWN;
	errno = 0;
	value = strtoll(start, &end, 10);
	if (errno || (*end && !isspace((unsigned char)*end)))
		return NOISE_UNKNOWN;
	*text = end;
	return value;
}

static int64_t parse_column(const char *text, unsigned column)
{
	int64_t value = parse_count(&text);

	while (column-- && value != NOISE_UNKNOWN)
		value = parse_count(&text);
	return value;
}

int64_t noise_parse_steal(const char *text, int os_cpu)
{
	char name[32];
	size_t length = (size_t)snprintf(name, sizeof(name), "cpu%d ", os_cpu);

	for (const char *line = text; line; line = next_line(line))
		if (!strncmp(line, name, length))
			return parse_column(line + length, STEAL_COLUMN);
	return NOISE_UNKNOWN;
}

int64_t noise_parse_migrations(const char *text)
{
	static const char name[] = "se.nr_migrations";

	for (const char *line = text; line; line = next_line(line)) {
		const char *value = line + sizeof(name) - 1;

		if (strncmp(line, name, sizeof(name) - 1))
			continue;
		value += strspn(value, " \t");
		if (*value++ == ':')
			return parse_count(&value);
	}
	return NOISE_UNKNOWN;
}

int64_t noise_ticks_to_ns(int64_t ticks, long ticks_per_s)
{
	__int128 ns;

	if (ticks < 0 || ticks_per_s <= 0)
		return NOISE_UNKNOWN;
	ns = (__int128)ticks * 1000000000 / ticks_per_s;
	return ns > INT64_MAX ? NOISE_UNKNOWN : (int64_t)ns;
}

static int64_t growth(int64_t begin, int64_t end)
{
	return begin < 0 || end < begin ? NOISE_UNKNOWN : end - begin;
}

void noise_growth(const struct noise_counters *begin, const struct noise_counters *end, struct noise_counters *grown)
{
	grown->wall_ns = growth(begin->wall_ns, end->wall_ns);
	grown->cpu_ns = growth(begin->cpu_ns, end->cpu_ns);
	grown->nvcsw = growth(begin->nvcsw, end->nvcsw);
	grown->nivcsw = growth(begin->nivcsw, end->nivcsw);
	grown->migrations = growth(begin->migrations, end->migrations);
	grown->steal_ns = growth(begin->steal_ns, end->steal_ns);
}

bool noise_cpu_lost_frac(const struct noise_counters *grown, double *frac)
{
	if (grown->wall_ns <= 0 || grown->cpu_ns < 0)
		return false;
	*frac = 1 - (double)grown->cpu_ns / (double)grown->wall_ns;
	return true;
}

bool noise_steal_frac(const struct noise_counters *grown, double *frac)
{
	if (grown->wall_ns <= 0 || grown->steal_ns < 0)
		return false;
	*frac = (double)grown->steal_ns / (double)grown->wall_ns;
	return true;
}

/* The whole text of a file of unknown size, NULL when it cannot be read; the caller frees it. */
static char *read_text(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t capacity = 0;
	ssize_t length;

	if (!file)
		return NULL;
	length = getdelim(&text, &capacity, '\0', file);
	fclose(file);
	if (length < 0) {
		free(text);
		return NULL;
	}
	return text;
}

static int64_t read_steal_ns(int os_cpu)
{
	char *text = read_text("/proc/stat");
	int64_t ticks = text ? noise_parse_steal(text, os_cpu) : NOISE_UNKNOWN;

	free(text);
	return noise_ticks_to_ns(ticks, sysconf(_SC_CLK_TCK));
}

static int64_t read_migrations(void)
{
	char *text = read_text("/proc/thread-self/sched");
	int64_t migrations = text ? noise_parse_migrations(text) : NOISE_UNKNOWN;

	free(text);
	return migrations;
}

static int64_t read_clock_ns(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now))
		return NOISE_UNKNOWN;
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void read_switches(struct noise_counters *counters)
{
	struct rusage usage;
	bool known = !getrusage(RUSAGE_THREAD, &usage);

	counters->nvcsw = known ? usage.ru_nvcsw : NOISE_UNKNOWN;
	counters->nivcsw = known ? usage.ru_nivcsw : NOISE_UNKNOWN;
}

/*
 * The files are read outside the interval between the clocks, and the wall
 * clock encloses the CPU clock, so that lost time is overstated, by one
 * reading, rather than understated.
 */
void noise_witness_begin(struct noise_witness *witness, int os_cpu)
{
	struct noise_counters *begin = &witness->begin;

	witness->os_cpu = os_cpu;
	begin->steal_ns = read_steal_ns(os_cpu);
	begin->migrations = read_migrations();
	read_switches(begin);
	begin->wall_ns = read_clock_ns(CLOCK_MONOTONIC_RAW);
	begin->cpu_ns = read_clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

void noise_witness_end(struct noise_witness *witness)
{
	struct noise_counters end;

	end.cpu_ns = read_clock_ns(CLOCK_THREAD_CPUTIME_ID);
	end.wall_ns = read_clock_ns(CLOCK_MONOTONIC_RAW);
	read_switches(&end);
	end.migrations = read_migrations();
	end.steal_ns = read_steal_ns(witness->os_cpu);
	noise_growth(&witness->begin, &end, &witness->grown);
}
