/* SPDX-License-Identifier: MIT */
/* The text of --faults; see fault_list.h. */
#include "bench/cell/fault_list.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cli/quantity.h"

#define RATE_MAX_HZ 1e6
/* Beyond this a fault would outlast every run. */
#define TIME_MAX_NS UINT64_C(3600000000000)

static int refuse(char *error, size_t error_bytes, const char *item, const char *what)
{
	snprintf(error, error_bytes, "'%.60s' %s", item, what);
	return -EINVAL;
}

static int unknown_kind(char *error, size_t error_bytes, const char *item)
{
	int used = snprintf(error, error_bytes, "'%.60s' is of no kind; use", item);

	for (unsigned k = 0; k < FAULT_KIND_COUNT && used > 0 && (size_t)used < error_bytes; k++)
		used += snprintf(error + used, error_bytes - (size_t)used, "%s %s", k ? "," : "", fault_kind_name((enum fault_kind)k));
	return -EINVAL;
}

/* The whole text is a number, of digits, a point and an exponent only. */
static bool parse_number(const char *text, double *number)
{
	char *end;

	if (!*text || strspn(text, "0123456789.eE+-") != strlen(text) || text[0] == '+' || text[0] == '-')
		return false;
	*number = strtod(text, &end);
	return *end == '\0';
}

static int parse_rate(const char *text, const char *item, struct fault_rule *rule, char *error, size_t error_bytes)
{
	if (!parse_number(text, &rule->rate_hz) || !(rule->rate_hz >= 1e-6) || rule->rate_hz > RATE_MAX_HZ)
		return refuse(error, error_bytes, item, "has a rate that is no number from 1e-6 to 1e6, such as storm=0.1/s");
	return 0;
}

static int parse_chance(const char *text, const char *item, struct fault_rule *rule, char *error, size_t error_bytes)
{
	size_t length = strlen(text);
	char wrong[128];

	if (length && text[length - 1] == '%' ? quantity_percentage(text, &rule->chance, wrong, sizeof(wrong)) :
						!parse_number(text, &rule->chance))
		rule->chance = 0;
	if (!(rule->chance >= 1e-12) || rule->chance > 1)
		return refuse(error, error_bytes, item,
			      "is neither a chance above 0 and up to 1, such as lost=1e-3, nor a rate, such as lost=0.5/s");
	return 0;
}

static int parse_time(const char *text, const char *item, uint64_t *ns, char *error, size_t error_bytes)
{
	char wrong[128];

	if (quantity_duration(text, ns, wrong, sizeof(wrong)) || *ns > TIME_MAX_NS)
		return refuse(error, error_bytes, item, "has a time that is none, or beyond an hour; use such as 200us or 0.5s");
	return 0;
}

/* When: what is behind '=' or '@'. */
static int parse_when(char sign, char *text, const char *item, struct fault_rule *rule, char *error, size_t error_bytes)
{
	size_t length = strlen(text);

	if (sign == '@') {
		rule->once = true;
		return parse_time(text, item, &rule->at_ns, error, error_bytes);
	}
	if (length < 2 || strcmp(text + length - 2, "/s") != 0)
		return parse_chance(text, item, rule, error, error_bytes);
	text[length - 2] = '\0';
	return parse_rate(text, item, rule, error, error_bytes);
}

static int parse_item(const char *item, struct fault_plan *plan, char *error, size_t error_bytes)
{
	size_t name_bytes = strcspn(item, "=@:");
	struct fault_rule rule = { 0 };
	enum fault_kind kind;
	char text[64];
	char *lasts;

	if (strlen(item) >= sizeof(text))
		return refuse(error, error_bytes, item, "is too long; use KIND=CHANCE, KIND=RATE/s or KIND@TIME");
	strcpy(text, item);
	text[name_bytes] = '\0';
	kind = fault_kind_find(text);
	if (kind == FAULT_KIND_COUNT)
		return unknown_kind(error, error_bytes, item);
	if (item[name_bytes] != '=' && item[name_bytes] != '@')
		return refuse(error, error_bytes, item, "does not say when; use KIND=CHANCE, KIND=RATE/s or KIND@TIME");
	if (fault_plan_has(plan, kind))
		return refuse(error, error_bytes, item, "is of a kind that is there already; give each once");
	lasts = strchr(text + name_bytes + 1, ':');
	if (lasts)
		*lasts++ = '\0';
	if (lasts && !fault_kind_takes_time(kind))
		return refuse(error, error_bytes, item, "has a time, and this kind takes none; storm, slow and stop do");
	rule.time_ns = fault_kind_standard_time_ns(kind);
	if (lasts && parse_time(lasts, item, &rule.time_ns, error, error_bytes))
		return -EINVAL;
	if (lasts && !rule.time_ns)
		return refuse(error, error_bytes, item, "takes no time; leave it out");
	if (parse_when(item[name_bytes], text + name_bytes + 1, item, &rule, error, error_bytes))
		return -EINVAL;
	plan->rule[kind] = rule;
	return 0;
}

int fault_list_parse(const char *text, struct fault_plan *plan, char *error, size_t error_bytes)
{
	struct quantity_list items = { 0 };
	struct fault_plan parsed = { 0 };
	int err = quantity_list(text, &items, error, error_bytes);

	for (size_t i = 0; !err && i < items.count; i++)
		err = parse_item(items.items[i], &parsed, error, error_bytes);
	quantity_list_fini(&items);
	if (!err)
		*plan = parsed;
	return err;
}

static int format_time(uint64_t ns, char *text, size_t bytes)
{
	if (!ns)
		return snprintf(text, bytes, "0");
	if (ns % 1000000 == 0)
		return snprintf(text, bytes, "%" PRIu64 "ms", ns / 1000000);
	return ns % 1000 ? snprintf(text, bytes, "%" PRIu64 "ns", ns) : snprintf(text, bytes, "%" PRIu64 "us", ns / 1000);
}

void fault_list_format(const struct fault_plan *plan, char text[FAULT_LIST_BYTES])
{
	size_t used = 0;

	text[0] = '\0';
	/* A kind takes less than 40 characters, so there is room for all. */
	for (unsigned k = 0; k < FAULT_KIND_COUNT; k++) {
		const struct fault_rule *rule = &plan->rule[k];
		char when[32], lasts[32] = "";

		if (!fault_plan_has(plan, (enum fault_kind)k))
			continue;
		when[0] = '@';
		if (rule->once)
			format_time(rule->at_ns, when + 1, sizeof(when) - 1);
		else if (rule->rate_hz > 0)
			snprintf(when, sizeof(when), "=%.6g/s", rule->rate_hz);
		else
			snprintf(when, sizeof(when), "=%.6g", rule->chance);
		if (rule->time_ns) {
			lasts[0] = ':';
			format_time(rule->time_ns, lasts + 1, sizeof(lasts) - 1);
		}
		used += (size_t)snprintf(text + used, FAULT_LIST_BYTES - used, "%s%s%s%s", used ? "," : "",
					 fault_kind_name((enum fault_kind)k), when, lasts);
	}
}
