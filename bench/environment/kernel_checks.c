/* SPDX-License-Identifier: MIT */
/*
 * Checks of how the kernel is set up: preemption, real-time scheduling, memory, watchdogs.
 *
 * Source: Documentation/admin-guide/sysctl/{kernel,vm}.rst, admin-guide/mm/transhuge.rst,
 * scheduler/sched-rt-group.rst and admin-guide/lockup-watchdogs.rst of Linux.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/environment/check.h"
#include "bench/environment/source.h"

/* Of CapEff: the memory limit does not hold for who has it. */
#define CAP_IPC_LOCK 14

/* The word in brackets of "always [madvise] never". */
static bool chosen_word(const char *line, char *word, size_t bytes)
{
	const char *open = strchr(line, '[');
	size_t length = open ? strcspn(open + 1, "]") : 0;

	if (!open || length == 0 || length >= bytes || open[1 + length] != ']')
		return false;
	memcpy(word, open + 1, length);
	word[length] = '\0';
	return true;
}

/* As in `full (none) voluntary`: what a kernel that can change its model has chosen. */
static bool dynamic_model(const struct environment *environment, char *model, size_t bytes)
{
	char line[128];
	char *open;

	if (source_line(environment, line, sizeof(line), "/sys/kernel/debug/sched/preempt")) {
		open = strchr(line, '(');
		if (open && strchr(open, ')')) {
			*strchr(open, ')') = '\0';
			snprintf(model, bytes, "%s", open + 1);
			return true;
		}
	}
	return source_boot_parameter(environment, "preempt", model, bytes) == PARAMETER_PRESENT;
}

static void judge_model(struct environment_finding *finding, const char *model, bool good)
{
	finding_value(finding, "%s", model);
	finding_judge(finding, good);
}

CHECK(preemption)
{
	const struct environment *environment = examination->environment;
	char version[512];
	char model[32];
	int64_t realtime;

	if (source_number(environment, &realtime, "/sys/kernel/realtime") && realtime == 1) {
		judge_model(finding, "PREEMPT_RT", true);
		return;
	}
	if (!source_line(environment, version, sizeof(version), "/proc/version") || strncmp(version, "Linux version ", 14))
		return;
	if (source_has_word(version, "PREEMPT_RT")) {
		judge_model(finding, "PREEMPT_RT", true);
	} else if (source_has_word(version, "PREEMPT")) {
		judge_model(finding, "PREEMPT", true);
	} else if (!source_has_word(version, "PREEMPT_DYNAMIC")) {
		judge_model(finding, "none or voluntary", false);
		finding_remedy(finding, "apt-get install linux-image-rt-amd64  # and boot it");
	} else if (dynamic_model(environment, model, sizeof(model))) {
		finding_value(finding, "PREEMPT_DYNAMIC, %s", model);
		finding_judge(finding, strcmp(model, "full") == 0);
		finding_remedy(finding, "echo full > /sys/kernel/debug/sched/preempt");
	} else {
		finding_value(finding, "PREEMPT_DYNAMIC, model not known");
	}
}

CHECK(rt_throttling)
{
	int64_t runtime_us;

	if (!source_number(examination->environment, &runtime_us, "/proc/sys/kernel/sched_rt_runtime_us") || runtime_us < -1)
		return;
	if (runtime_us == -1)
		finding_value(finding, "off");
	else
		finding_value(finding, "after %lld us of a period", (long long)runtime_us);
	finding_judge(finding, runtime_us == -1);
	finding_remedy(finding, "sysctl -w kernel.sched_rt_runtime_us=-1");
}

CHECK(sched_fifo)
{
	const struct environment *environment = examination->environment;
	const char *reason = environment->probes->delivery_unavailable(environment->probes_context, SYNC_THREAD);

	finding_value(finding, "%s", reason ? "not allowed" : "allowed");
	finding_judge(finding, !reason);
	finding_remedy(finding, "prlimit --pid $$ --rtprio=99:99  # for this shell; or run as root");
}

static bool may_lock_anything(const struct environment *environment)
{
	char *text = source_text(environment, "/proc/self/status");
	const char *capabilities = text ? source_field(text, "CapEff") : NULL;
	bool may = capabilities && (strtoull(capabilities, NULL, 16) >> CAP_IPC_LOCK & 1);

	free(text);
	return may;
}

/* The soft limit: the first word behind the name. */
CHECK(memlock)
{
	static const char name[] = "Max locked memory";
	char *text = source_text(examination->environment, "/proc/self/limits");
	const char *line = text ? strstr(text, name) : NULL;
	char soft[32];
	int64_t bytes;

	if (may_lock_anything(examination->environment)) {
		finding_value(finding, "unlimited (CAP_IPC_LOCK)");
		finding_judge(finding, true);
	} else if (line && sscanf(line + sizeof(name) - 1, "%31s", soft) == 1) {
		bool unlimited = strcmp(soft, "unlimited") == 0;

		if (unlimited)
			finding_value(finding, "unlimited");
		else if (source_parse_number(soft, &bytes) && bytes >= 0)
			finding_value(finding, "%lld KiB", (long long)(bytes / 1024));
		if (finding->value[0])
			finding_judge(finding, unlimited);
		finding_remedy(finding, "prlimit --pid $$ --memlock=unlimited:unlimited  # for this shell");
	}
	free(text);
}

CHECK(huge_pages)
{
	static const char path[] = "/sys/kernel/mm/transparent_hugepage/enabled";
	char line[64];
	char word[16];

	if (!source_line(examination->environment, line, sizeof(line), path) || !chosen_word(line, word, sizeof(word)))
		return;
	if (strcmp(word, "always") && strcmp(word, "madvise") && strcmp(word, "never"))
		return;
	finding_value(finding, "%s", word);
	finding_judge(finding, strcmp(word, "always") != 0);
	finding_remedy(finding, "echo madvise > %s", path);
}

/* A header, then a line for each area. */
CHECK(swap)
{
	char *text = source_text(examination->environment, "/proc/swaps");
	unsigned areas = 0;

	if (text && strncmp(text, "Filename", 8) == 0) {
		for (const char *end = strchr(text, '\n'); end && end[1]; end = strchr(end + 1, '\n'))
			areas++;
		if (areas)
			finding_value(finding, "%u area%s in use", areas, areas == 1 ? "" : "s");
		else
			finding_value(finding, "none");
		finding_judge(finding, areas == 0);
		finding_remedy(finding, "swapoff -a");
	}
	free(text);
}

/* On, for any CPU that is measured: a mask may keep watchdogs off some. */
static void judge_watchdog(const struct examination *examination, const char *name, struct environment_finding *finding)
{
	hwloc_bitmap_t mask = hwloc_bitmap_alloc();
	int64_t on;

	if (!mask || !source_number(examination->environment, &on, "/proc/sys/kernel/%s", name) || (on != 0 && on != 1))
		goto out;
	if (on && source_cpus(examination->environment, mask, "/proc/sys/kernel/watchdog_cpumask") &&
	    !hwloc_bitmap_intersects(mask, examination->used)) {
		finding_value(finding, "on, for other CPUs only");
		finding_judge(finding, true);
		goto out;
	}
	finding_value(finding, "%s", on ? "on" : "off");
	finding_judge(finding, !on);
	finding_remedy(finding, "sysctl -w kernel.%s=0", name);
out:
	hwloc_bitmap_free(mask);
}

CHECK(nmi_watchdog)
{
	judge_watchdog(examination, "nmi_watchdog", finding);
}

CHECK(soft_watchdog)
{
	judge_watchdog(examination, "soft_watchdog", finding);
}

CHECK(timer_migration)
{
	int64_t on;

	if (!source_number(examination->environment, &on, "/proc/sys/kernel/timer_migration") || (on != 0 && on != 1))
		return;
	finding_value(finding, "%s", on ? "on" : "off");
	finding_judge(finding, !on);
	finding_remedy(finding, "sysctl -w kernel.timer_migration=0");
}
