/* SPDX-License-Identifier: MIT */
/* The worst interrupts and calls; see events.h. */
#include "bench/cell/events.h"

#include <stdio.h>

void events_insert(struct events *events, const struct event *event)
{
	unsigned at = events->count < EVENTS_WORST ? events->count++ : EVENTS_WORST - 1;

	for (; at > 0 && events->worst[at - 1].ticks < event->ticks; at--)
		events->worst[at] = events->worst[at - 1];
	events->worst[at] = *event;
	if (events->count == EVENTS_WORST)
		events->least = events->worst[EVENTS_WORST - 1].ticks + 1;
}

static bool is_worse(const struct event *a, const struct event *b)
{
	return a->ticks != b->ticks ? a->ticks > b->ticks : a->stamp[0] < b->stamp[0];
}

unsigned events_merge(const struct events *first, size_t stride_bytes, size_t sets, struct event worst[EVENTS_WORST])
{
	unsigned count = 0;

	for (size_t set = 0; set < sets; set++) {
		const struct events *events = (const struct events *)((const char *)first + set * stride_bytes);

		for (unsigned i = 0; i < events->count; i++) {
			const struct event *event = &events->worst[i];
			unsigned at;

			if (count == EVENTS_WORST && !is_worse(event, &worst[count - 1]))
				continue;
			at = count < EVENTS_WORST ? count++ : count - 1;
			for (; at > 0 && is_worse(event, &worst[at - 1]); at--)
				worst[at] = worst[at - 1];
			worst[at] = *event;
		}
	}
	return count;
}

/* An event's interval, and the parts of it that exclude each other. */
struct parts {
	uint64_t begin;
	uint64_t end;
	uint64_t wait_begin; /* for access, until `end` */
	uint64_t masked;
	uint64_t model;
	uint64_t delivery;
};

static struct parts parts_of(const struct event *event, enum metric metric)
{
	struct parts parts = { .begin = event->stamp[0] };

	if (metric == METRIC_SYNC_WAIT) {
		parts.wait_begin = event->stamp[0];
		parts.end = event->stamp[1];
		return parts;
	}
	parts.wait_begin = event->stamp[1];
	parts.end = event->stamp[2];
	parts.masked = event->masked;
	parts.model = event->model;
	if (event->stamp[1] - event->stamp[0] > event->masked + event->model)
		parts.delivery = event->stamp[1] - event->stamp[0] - event->masked - event->model;
	return parts;
}

static bool is_most(const struct parts *parts, uint64_t ticks)
{
	return ticks > (parts->end - parts->begin) / 2;
}

/* The CPU whose gaps are most of the interval; -1 when there is none, or none that has to do with it. */
static int cpu_away(const struct event *event, const struct parts *parts, unsigned cpus, const struct gap_list *gaps)
{
	int before = (int)event->before.cpu - 1;

	if (is_most(parts, gap_list_lost(gaps, event->cpu, parts->begin, parts->end)))
		return (int)event->cpu;
	/* What the CPU had only to notice, nobody else delays. */
	if (!is_most(parts, parts->masked + parts->end - parts->wait_begin))
		return -1;
	if (before >= 0 && is_most(parts, gap_list_lost(gaps, (unsigned)before, parts->begin, parts->end)))
		return before;
	for (unsigned c = 0; c < cpus; c++) {
		if (is_most(parts, gap_list_lost(gaps, c, parts->begin, parts->end)))
			return (int)c;
	}
	return -1;
}

static bool is_held(const struct event *event, const struct parts *parts, const struct gap_list *gaps)
{
	const struct access_before *before = &event->before;

	if (!before->cpu)
		return false;
	if (is_most(parts, stamp_overlap(before->entered, before->left, parts->wait_begin, parts->end)))
		return true;
	return before->cpu != event->cpu + 1 && gaps->known_from <= parts->begin &&
	       is_most(parts, stamp_overlap(before->since, before->left, parts->wait_begin, parts->end));
}

static bool masked_by_own_section(const struct event *event, const struct parts *parts)
{
	const struct access_before *before = &event->before;

	return before->cpu == event->cpu + 1 &&
	       is_most(parts, stamp_overlap(before->entered, before->left, parts->begin, parts->wait_begin));
}

void events_cause(const struct event *event, enum metric metric, unsigned cpus, const struct gap_list *gaps,
		  char cause[EVENTS_CAUSE_BYTES])
{
	struct parts parts = parts_of(event, metric);
	int away = cpu_away(event, &parts, cpus, gaps);
	const char *text = "undecided";

	if (away >= 0) {
		snprintf(cause, EVENTS_CAUSE_BYTES, "gap on CPU %d", away);
		return;
	}
	if (is_most(&parts, parts.masked)) {
		text = masked_by_own_section(event, &parts) ? "masked by its own section" : "masked";
	} else if (is_held(event, &parts, gaps)) {
		snprintf(cause, EVENTS_CAUSE_BYTES, "lock held by CPU %u", event->before.cpu - 1);
		return;
	} else if (is_most(&parts, parts.model)) {
		text = "device late";
	} else if (is_most(&parts, parts.delivery) && gaps->known_from <= parts.begin) {
		text = "delivery";
	}
	snprintf(cause, EVENTS_CAUSE_BYTES, "%s", text);
}

void events_note_dpcs(struct events *events, uint64_t begin, uint64_t end)
{
	for (unsigned i = 0; i < events->count; i++) {
		struct event *event = &events->worst[i];

		if (!event->awaits_dpcs)
			continue;
		event->awaits_dpcs = false;
		event->dpc_begin = begin;
		event->dpc_end = end;
	}
}

const struct stamp_gap *events_gap(const struct event *event, enum metric metric, unsigned cpus, const struct gap_list *gaps)
{
	struct parts parts = parts_of(event, metric);
	int away = cpu_away(event, &parts, cpus, gaps);
	const struct stamp_gap *longest = NULL;
	uint64_t most = 0;

	for (size_t i = 0; i < gaps->count; i++) {
		const struct stamp_gap *gap = &gaps->gap[i];
		uint64_t common = stamp_overlap(gap->begin, gap->end, parts.begin, parts.end);

		if (common <= most || (away >= 0 && gap->cpu != (unsigned)away))
			continue;
		most = common;
		longest = gap;
	}
	return longest;
}

/* A stamp as it stands in events.csv; empty when it is not known, or before the window. */
static json_t *time_of(const struct events_span *span, bool is_known, uint64_t stamp)
{
	if (!is_known || stamp < span->begin)
		return json_null();
	return json_integer((json_int_t)stamp_to_ns(&span->scale, stamp - span->begin));
}

/* When others, and DPCs, had to do with it: behind the cause. */
static void add_intervals(json_t *row, const struct event *event, enum metric metric, const struct events_span *span,
			  const struct gap_list *gaps)
{
	const struct stamp_gap *gap = events_gap(event, metric, span->cpus, gaps);
	const struct access_before *before = &event->before;
	/* Where two were inside at once, the stamps may be of two accesses. */
	bool is_held = before->cpu && before->since <= before->entered && before->entered <= before->left;

	json_array_append_new(row, gap ? json_integer((json_int_t)gap->cpu) : json_null());
	json_array_append_new(row, time_of(span, gap, gap ? gap->begin : 0));
	json_array_append_new(row, time_of(span, gap, gap ? gap->end : 0));
	json_array_append_new(row, time_of(span, is_held, before->since));
	json_array_append_new(row, time_of(span, is_held, before->entered));
	json_array_append_new(row, time_of(span, is_held, before->left));
	json_array_append_new(row, time_of(span, event->dpc_end, event->dpc_begin));
	json_array_append_new(row, time_of(span, event->dpc_end, event->dpc_end));
}

static json_t *row_of(const struct event *event, unsigned rank, enum metric metric, const struct events_span *span,
		      const struct gap_list *gaps)
{
	char cause[EVENTS_CAUSE_BYTES];
	json_int_t ns[4];
	json_t *row;

	for (unsigned i = 0; i < 4; i++)
		ns[i] = (json_int_t)stamp_to_ns(&span->scale, event->stamp[i] - span->begin);
	events_cause(event, metric, span->cpus, gaps, cause);
	row = json_pack("[i,s,I,I,I,I,I,i,o,i,s]", (int)rank, metric_name(metric), ns[0], ns[0], ns[1], ns[2], ns[3],
			(int)event->cpu, event->before.cpu ? json_integer((json_int_t)event->before.cpu - 1) : json_null(),
			(int)event->waiters, cause);
	add_intervals(row, event, metric, span, gaps);
	return row;
}

void events_append_rows(json_t *rows, enum metric metric, const struct event *worst, unsigned count,
			const struct events_span *span, const struct gap_list *gaps)
{
	for (unsigned i = 0; i < count; i++)
		json_array_append_new(rows, row_of(&worst[i], i + 1, metric, span, gaps));
}
