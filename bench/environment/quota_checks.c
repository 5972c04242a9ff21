/* SPDX-License-Identifier: MIT */
/*
 * The control group's limit on CPU time, which stops everything for the rest of
 * a period once it is used up.
 *
 * Source: Documentation/admin-guide/cgroup-v2.rst (cpu.max) and
 * Documentation/scheduler/sched-bwc.rst (cpu.cfs_quota_us) of Linux.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/environment/check.h"
#include "bench/environment/source.h"

#define GROUPS "/sys/fs/cgroup"

/* Where this process is: a hierarchy's folder below GROUPS, and the group's path in it. */
struct group {
	bool unified;
	char controllers[128]; /* the folder's name, unless unified */
	char path[512];        /* "" is the root */
};

struct quota {
	bool known;
	bool limited;
	int64_t quota_us;
	int64_t period_us;
	char path[512]; /* of the group that is limited */
};

static bool lists_cpu(const char *controllers)
{
	size_t length;

	for (;; controllers += length + 1) {
		length = strcspn(controllers, ",");
		if (length == 3 && strncmp(controllers, "cpu", 3) == 0)
			return true;
		if (controllers[length] == '\0')
			return false;
	}
}

/* A line "N:controllers:/path"; the older hierarchy has the controller where both are there. */
static void parse_group(char *line, struct group *group, bool *found)
{
	char *controllers = strchr(line, ':');
	char *path = controllers ? strchr(controllers + 1, ':') : NULL;

	if (!path)
		return;
	*controllers++ = '\0';
	*path++ = '\0';
	if (*controllers ? !lists_cpu(controllers) : *found)
		return;
	*found = true;
	group->unified = *controllers == '\0';
	snprintf(group->controllers, sizeof(group->controllers), "%s", controllers);
	snprintf(group->path, sizeof(group->path), "%s", strcmp(path, "/") ? path : "");
}

static bool find_group(const struct environment *environment, struct group *group)
{
	char *text = source_text(environment, "/proc/self/cgroup");
	bool found = false;
	char *state;

	if (!text)
		return false;
	for (char *line = strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state))
		parse_group(line, group, &found);
	free(text);
	return found;
}

/* "max 100000" or "50000 100000". */
static bool read_unified(const struct environment *environment, const char *path, struct quota *quota)
{
	char line[64];
	char *period;

	if (!source_line(environment, line, sizeof(line), GROUPS "%s/cpu.max", path))
		return false;
	period = strchr(line, ' ');
	if (!period)
		return false;
	*period++ = '\0';
	quota->quota_us = -1;
	if (strcmp(line, "max") && (!source_parse_number(line, &quota->quota_us) || quota->quota_us < 0))
		return false;
	return source_parse_number(period, &quota->period_us) && quota->period_us > 0;
}

static bool read_old(const struct environment *environment, const struct group *group, const char *path, struct quota *quota)
{
	return source_number(environment, &quota->quota_us, GROUPS "/%s%s/cpu.cfs_quota_us", group->controllers, path) &&
	       source_number(environment, &quota->period_us, GROUPS "/%s%s/cpu.cfs_period_us", group->controllers, path) &&
	       quota->period_us > 0;
}

/* A limit on any group from this one up to the root holds here, too. */
static void find_quota(const struct environment *environment, struct group *group, struct quota *quota)
{
	for (;;) {
		struct quota here = { 0 };
		bool known = group->unified ? read_unified(environment, group->path, &here) :
					      read_old(environment, group, group->path, &here);
		char *slash = strrchr(group->path, '/');

		quota->known = quota->known || known;
		if (known && here.quota_us >= 0) {
			quota->limited = true;
			quota->quota_us = here.quota_us;
			quota->period_us = here.period_us;
			snprintf(quota->path, sizeof(quota->path), "%s", group->path);
			return;
		}
		if (!slash)
			return;
		*slash = '\0';
	}
}

CHECK(cpu_quota)
{
	struct group group;
	struct quota quota = { 0 };

	if (!find_group(examination->environment, &group))
		return;
	find_quota(examination->environment, &group, &quota);
	if (!quota.known)
		return;
	finding_judge(finding, !quota.limited);
	if (quota.limited)
		finding_value(finding, "%.2f CPUs", (double)quota.quota_us / (double)quota.period_us);
	else
		finding_value(finding, "none");
	if (group.unified)
		finding_remedy(finding, "echo max > " GROUPS "%s/cpu.max", quota.path);
	else
		finding_remedy(finding, "echo -1 > " GROUPS "/%s%s/cpu.cfs_quota_us", group.controllers, quota.path);
}
