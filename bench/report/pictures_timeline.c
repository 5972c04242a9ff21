/* SPDX-License-Identifier: MIT */
/* A timeline in gnuplot's words; see pictures_timeline.h. */
#include "bench/report/pictures_timeline.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/svg_theme.h"

#define LANES 64u
/* A lane's rows, downwards: its text, the stages, and beneath them what others' times run beside. */
#define TEXT_ROW  -0.38
#define STAGE_ROW 0.0
#define STAGE_HALF 0.2
#define GAP_ROW   0.29
#define HELD_ROW  0.38
#define DPC_ROW   0.47
#define BESIDE_HALF 0.035

static const char *const stage_look[] = {
	"lc rgb '#a00001' fs solid 0.85 border", "lc rgb '#a00002' fs pattern 4 border", "lc rgb '#a00003' fs solid 0.55 border",
};
static const char held_look[] = "lc rgb '#a00004' fs solid 0.3 border";
static const char gap_look[] = "lc rgb '" SVG_INK "' fs pattern 2 border";
static const char dpc_look[] = "lc rgb '#a00006' fs pattern 5 border";
/* For more than half of a time, or again and again in it: when, is not recorded. */
static const char some_time_look[] = "lc rgb '" SVG_MUTED "' fs pattern 4 border";

uint64_t timeline_span(const struct timeline_event *event, const struct timeline_kind *kind)
{
	return event->stamp_ns[kind->until] - event->stamp_ns[0];
}

static double lane_of(const char *cpu)
{
	return strtod(cpu, NULL);
}

/* `look` is a plotting style's: "lc COLOUR FILL". */
static void bar(struct drawing *d, double row, double half, uint64_t from, uint64_t to, const char *look)
{
	const char *fill = strstr(look, " fs ");
	int colour = (int)(fill - look) - 3;

	fprintf(d->script, "set object rect from %" PRIu64 ",%.6g to %" PRIu64 ",%.6g fc %.*s%s lc %.*s\n", from, row - half, to,
		row + half, colour, look + 3, fill, colour, look + 3);
}

static void lane_text(struct drawing *d, const char *cpu, const char *text)
{
	fprintf(d->script, "set label ");
	drawing_quote(d, text);
	fprintf(d->script, " at graph 0.01, first %.6g left front\n", lane_of(cpu) + TEXT_ROW);
}

/* An interval since the event's begin; what was before is cut off.  False: there is none, or nothing left of it. */
static bool part_of(const struct timeline_event *event, enum timeline_time start, enum timeline_time end, uint64_t *from,
		    uint64_t *to)
{
	uint64_t begin = event->stamp_ns[0];

	if (event->time_ns[end] == TIMELINE_NONE || event->time_ns[end] <= begin)
		return false;
	*from = event->time_ns[start] == TIMELINE_NONE || event->time_ns[start] < begin ? 0 : event->time_ns[start] - begin;
	*to = event->time_ns[end] - begin;
	return *to > *from;
}

/* Where the picture ends: behind the DPCs, unless those come so late that the event would be small. */
static uint64_t end_of(const struct timeline_event *event)
{
	uint64_t end = event->stamp_ns[TIMELINE_STAMPS - 1] - event->stamp_ns[0], from, to;

	if (part_of(event, TIME_DPC_START, TIME_DPC_END, &from, &to) && to > end && to <= 2 * end)
		end = to;
	return end ? end : 1;
}

static bool draw_gap(struct drawing *d, const struct timeline_event *event)
{
	uint64_t from, to;

	if (!*event->away || !part_of(event, TIME_GAP_START, TIME_GAP_END, &from, &to))
		return false;
	bar(d, lane_of(event->away) + GAP_ROW, BESIDE_HALF, from, to, gap_look);
	return true;
}

/* On its own lane beneath the stages; returns whether there is anything. */
static bool draw_holder(struct drawing *d, const struct timeline_event *event)
{
	bool own = strcmp(event->holder, event->cpu) == 0;
	double row = lane_of(event->holder) + (own ? HELD_ROW : STAGE_ROW), half = own ? BESIDE_HALF : STAGE_HALF;
	uint64_t from, to, since, end;
	char text[160], time[32];

	if (!*event->holder || event->time_ns[TIME_HELD_LEAVE] == TIMELINE_NONE)
		return false;
	if (!part_of(event, TIME_HELD_ENTER, TIME_HELD_LEAVE, &from, &to)) {
		if (!own) {
			snprintf(text, sizeof(text), "had access last before; left it %s before this began",
				 drawing_time_text((double)(event->stamp_ns[0] - event->time_ns[TIME_HELD_LEAVE]), time));
			lane_text(d, event->holder, text);
		}
		return true;
	}
	if (!own && part_of(event, TIME_HELD_SINCE, TIME_HELD_LEAVE, &since, &end) && since < from) {
		bar(d, row, half, since, from, some_time_look);
		lane_text(d, event->holder, "hatched: nobody else has access; single times are not recorded");
	}
	bar(d, row, half, from, to, held_look);
	return true;
}

static void draw_dpcs(struct drawing *d, const struct timeline_event *event)
{
	uint64_t last = event->stamp_ns[TIMELINE_STAMPS - 1] - event->stamp_ns[0], from, to;
	bool beside;

	if (!part_of(event, TIME_DPC_START, TIME_DPC_END, &from, &to) || from > end_of(event))
		return;
	beside = from < last;
	bar(d, lane_of(event->cpu) + (beside ? DPC_ROW : STAGE_ROW), beside ? BESIDE_HALF : STAGE_HALF, from, to, dpc_look);
}

/* What is known of the other CPUs where the cause is all: who had access, and who was away. */
static void draw_blamed(struct drawing *d, const struct timeline_event *event, const struct timeline_kind *kind, bool has_gap,
			bool has_holder)
{
	uint64_t end = timeline_span(event, kind), from = kind->until == 2 ? event->stamp_ns[1] - event->stamp_ns[0] : 0;
	static const char held[] = "lock held by CPU ", gap[] = "gap on CPU ";
	bool is_held = strncmp(event->cause, held, sizeof(held) - 1) == 0;
	bool is_gap = strncmp(event->cause, gap, sizeof(gap) - 1) == 0;
	const char *cpu = event->cause + (is_held ? sizeof(held) : sizeof(gap)) - 1;
	bool own = strcmp(cpu, event->cpu) == 0;
	char text[128];

	if (is_held && !has_holder) {
		bar(d, lane_of(cpu) + STAGE_ROW, STAGE_HALF, from, end, some_time_look);
		lane_text(d, cpu, "had access for more than half of this time");
	} else if (is_gap && !has_gap) {
		if (!own)
			bar(d, lane_of(cpu) + STAGE_ROW, STAGE_HALF, 0, end, some_time_look);
		snprintf(text, sizeof(text), "was away for more than half of this time%s",
			 strcmp(cpu, event->holder) == 0 && !own ? "; had access last before" : "");
		lane_text(d, cpu, text);
		if (strcmp(cpu, event->holder) == 0 && !own)
			return;
	}
	if (*event->holder && strcmp(event->holder, event->cpu) != 0 && !is_held && !has_holder)
		lane_text(d, event->holder, "had access last before; until when is not recorded");
}

/* How long it took, whole: also what the picture has no room for. */
static void key_entry(struct drawing *d, const char *look, const char *what, uint64_t start, uint64_t end)
{
	char text[32];

	fprintf(d->script, "keyentry with boxes %s title '%s%s%s', ", look, what, start == TIMELINE_NONE ? "" : ": ",
		start == TIMELINE_NONE ? "" : drawing_time_text((double)(end - start), text));
}

static void draw_key(struct drawing *d, const struct timeline_event *event, const struct timeline_kind *kind, bool has_gap)
{
	const uint64_t *time = event->time_ns;
	uint64_t from, to;

	fprintf(d->script, "plot ");
	for (size_t i = 0; i + 1 < TIMELINE_STAMPS; i++)
		key_entry(d, stage_look[i], kind->stage[i], event->stamp_ns[i], event->stamp_ns[i + 1]);
	if (*event->holder && part_of(event, TIME_HELD_ENTER, TIME_HELD_LEAVE, &from, &to))
		key_entry(d, held_look, "had access before", time[TIME_HELD_ENTER], time[TIME_HELD_LEAVE]);
	if (has_gap)
		key_entry(d, gap_look, "gap: CPU was away", time[TIME_GAP_START], time[TIME_GAP_END]);
	if (part_of(event, TIME_DPC_START, TIME_DPC_END, &from, &to))
		key_entry(d, dpc_look, from > end_of(event) ? "DPCs, too late to draw" : "DPCs", time[TIME_DPC_START],
			  time[TIME_DPC_END]);
	fprintf(d->script, "NaN with lines lc rgb '" SVG_MUTED "' notitle\n");
}

void timeline_draw(struct drawing *d, const struct timeline_event *event, const struct timeline_kind *kind, unsigned long cpus)
{
	bool has_gap, has_holder;
	unsigned height;

	if (cpus < 1 || cpus > LANES)
		cpus = cpus < 1 ? 1 : LANES;
	height = (unsigned)(130 + 76 * cpus);
	drawing_begin(d, 860, height);
	drawing_linear_time_axis(d, "x", (double)end_of(event));
	fprintf(d->script, "set yrange [%lu-0.4:-0.6]\nset ytics scale 0 (", cpus);
	for (unsigned long cpu = 0; cpu < cpus; cpu++)
		fprintf(d->script, "%s'CPU %lu' %lu", cpu ? ", " : "", cpu, cpu);
	fprintf(d->script, ")\nunset grid\nset grid x lt 1 lc rgb '" SVG_GRID "' lw 1\nset xlabel 'time since the %s'\n"
			   "set lmargin at screen 0.08\nset rmargin at screen 0.98\nset tmargin at screen %.4g\n"
			   "set key at screen 0.07,0.985 left top vertical maxrows 3 width 0\n", kind->stamp[0], 1 - 75.0 / height);
	for (size_t i = 0; i + 1 < TIMELINE_STAMPS; i++)
		bar(d, lane_of(event->cpu) + STAGE_ROW, STAGE_HALF, event->stamp_ns[i] - event->stamp_ns[0],
		    event->stamp_ns[i + 1] - event->stamp_ns[0], stage_look[i]);
	draw_dpcs(d, event);
	has_holder = draw_holder(d, event);
	has_gap = draw_gap(d, event);
	draw_blamed(d, event, kind, has_gap, has_holder);
	draw_key(d, event, kind, has_gap);
}
