/* SPDX-License-Identifier: MIT */
/*
 * Checks of what makes a CPU's speed, or its waking, vary.
 *
 * Source: Documentation/admin-guide/pm/{cpufreq,cpuidle,intel_pstate}.rst,
 * Documentation/ABI/testing/{sysfs-devices-system-cpu,sysfs-devices-power,sysfs-class-power},
 * and Documentation/power/pm_qos_interface.rst of Linux.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/environment/check.h"
#include "bench/environment/source.h"

#define CPU "/sys/devices/system/cpu"

/* What C1 takes on common processors; the next deeper one takes five times that. */
#define EXIT_LATENCY_LIMIT_US 2

CHECK(governor)
{
	char governor[64];

	if (!source_line(examination->environment, governor, sizeof(governor), CPU "/cpu%d/cpufreq/scaling_governor",
			 cpu->os_cpu) || !governor[0])
		return;
	finding_value(finding, "%s", governor);
	finding_judge(finding, strcmp(governor, "performance") == 0);
	finding_remedy(finding, "echo performance > " CPU "/cpu%d/cpufreq/scaling_governor", cpu->os_cpu);
}

CHECK(turbo)
{
	static const struct {
		const char *path;
		int64_t off;
	} switches[] = {
		{ CPU "/intel_pstate/no_turbo", 1 },
		{ CPU "/cpufreq/boost", 0 },
	};

	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		int64_t state;

		if (!source_number(examination->environment, &state, "%s", switches[i].path))
			continue;
		if (state != 0 && state != 1)
			return;
		finding_value(finding, "%s", state == switches[i].off ? "off" : "on");
		finding_judge(finding, state == switches[i].off);
		finding_remedy(finding, "echo %d > %s", (int)switches[i].off, switches[i].path);
		return;
	}
}

/* The CPU's own limit on the latency of its idle states, and the global one. */
static int64_t latency_limit_us(const struct environment *environment, int os_cpu)
{
	int32_t global;
	int64_t own = -1;
	char line[32];

	if (source_line(environment, line, sizeof(line), CPU "/cpu%d/power/pm_qos_resume_latency_us", os_cpu)) {
		if (strcmp(line, "n/a") == 0)
			return 0;
		/* 0 is the default: no limit. */
		if (!source_parse_number(line, &own) || own <= 0)
			own = -1;
	}
	if (!source_int32(environment, &global, "/dev/cpu_dma_latency") || global < 0)
		global = INT32_MAX;
	return own < 0 || own > global ? global : own;
}

struct idle_state {
	char name[32];
	int64_t latency_us;
	int64_t disabled;
};

/* 1, 0 when there is no such state, -1 when it is there and cannot be read. */
static int read_idle_state(const struct environment *environment, int os_cpu, unsigned number, struct idle_state *state)
{
	if (!source_line(environment, state->name, sizeof(state->name), CPU "/cpu%d/cpuidle/state%u/name", os_cpu, number))
		return 0;
	if (!source_number(environment, &state->latency_us, CPU "/cpu%d/cpuidle/state%u/latency", os_cpu, number) ||
	    !source_number(environment, &state->disabled, CPU "/cpu%d/cpuidle/state%u/disable", os_cpu, number) ||
	    state->latency_us < 0)
		return -1;
	return 1;
}

CHECK(idle_states)
{
	const struct environment *environment = examination->environment;
	struct idle_state deepest = { .latency_us = -1 };
	int64_t limit = latency_limit_us(environment, cpu->os_cpu);
	char idle[32];
	int found;

	if (source_boot_parameter(environment, "idle", idle, sizeof(idle)) == PARAMETER_PRESENT && strcmp(idle, "poll") == 0) {
		finding_value(finding, "idle=poll");
		finding_judge(finding, true);
		return;
	}
	for (unsigned number = 0;; number++) {
		struct idle_state state;

		found = read_idle_state(environment, cpu->os_cpu, number, &state);
		if (found <= 0)
			break;
		if (state.disabled == 0 && state.latency_us <= limit && state.latency_us > deepest.latency_us)
			deepest = state;
	}
	if (found < 0 || deepest.latency_us < 0)
		return;
	finding_value(finding, "%s, left within %lld us", deepest.name, (long long)deepest.latency_us);
	finding_judge(finding, deepest.latency_us <= EXIT_LATENCY_LIMIT_US);
	finding_remedy(finding, "echo %d > " CPU "/cpu%d/power/pm_qos_resume_latency_us", EXIT_LATENCY_LIMIT_US, cpu->os_cpu);
}

CHECK(throttling)
{
	size_t at = examination_index(examination, cpu);
	int64_t before = examination->before.throttled[at];
	int64_t after = examination->after.throttled[at];

	if (before < 0 || after < before)
		return;
	finding_value(finding, "%lld while looking, %lld since boot", (long long)(after - before), (long long)after);
	finding_judge(finding, after == before);
	finding_remedy(finding, "# the CPU is too hot, or at its power limit: cool it, or turn turbo off");
}

/* A battery, which may be a device's own, such as a mouse's. */
static enum verdict judge_battery(const struct environment *environment, const char *name)
{
	char text[32];

	if (source_line(environment, text, sizeof(text), "/sys/class/power_supply/%s/scope", name) && strcmp(text, "Device") == 0)
		return VERDICT_GOOD;
	if (!source_line(environment, text, sizeof(text), "/sys/class/power_supply/%s/status", name))
		return VERDICT_UNKNOWN;
	if (strcmp(text, "Discharging") == 0)
		return VERDICT_BAD;
	return strcmp(text, "Charging") == 0 || strcmp(text, "Not charging") == 0 || strcmp(text, "Full") == 0 ? VERDICT_GOOD :
														 VERDICT_UNKNOWN;
}

/* Bad: the machine lives on it, and it is a battery. */
static enum verdict judge_supply(const struct environment *environment, const char *name, bool *mains)
{
	char type[32];
	int64_t online;

	if (!source_line(environment, type, sizeof(type), "/sys/class/power_supply/%s/type", name))
		return VERDICT_UNKNOWN;
	if (strcmp(type, "Battery") == 0)
		return judge_battery(environment, name);
	/* A UPS says nothing on whether the mains are there. */
	if (strcmp(type, "Mains") && strcmp(type, "Wireless") && strncmp(type, "USB", 3))
		return VERDICT_UNKNOWN;
	if (!source_number(environment, &online, "/sys/class/power_supply/%s/online", name) || online < 0)
		return VERDICT_UNKNOWN;
	*mains = *mains || online > 0;
	return VERDICT_GOOD;
}

CHECK(power_supply)
{
	DIR *folder = source_folder(examination->environment, "/sys/class/power_supply");
	bool mains = false;
	bool discharging = false;
	bool silent = false;
	unsigned supplies = 0;

	if (!folder)
		return;
	for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
		enum verdict verdict;

		if (entry->d_name[0] == '.')
			continue;
		verdict = judge_supply(examination->environment, entry->d_name, &mains);
		supplies++;
		discharging = discharging || verdict == VERDICT_BAD;
		silent = silent || verdict == VERDICT_UNKNOWN;
	}
	closedir(folder);
	if (!discharging && silent)
		return;
	finding_value(finding, "%s", discharging ? "battery" : mains ? "mains" : supplies ? "no battery in use" : "no battery");
	finding_judge(finding, !discharging);
	finding_remedy(finding, "# plug it in");
}
