/* SPDX-License-Identifier: MIT */
/*
 * ISR latency over time: within the measured window where that is long enough to be cut up, else over the invocations in the
 * order in which they were run.  A drift or a step there says that the machine, and not the back end, made a difference.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/pictures_list.h"
#include "bench/report/pictures_tracks.h"

/* As few windows as this are no curve; as many points as that are all that can be seen. */
#define WINDOWS_LEAST 5u
#define POINTS_MOST 120u
/* With more points the muted lines would be most of the drawing. */
#define MUTED_POINTS_MOST 20u

static const char *const label[TRACK_FIGURES] = { "ISR latency, median", "ISR latency, p99" };

static bool is_drawn(const struct view *view, const struct tracks *tracks, const struct track *track)
{
	return track->places && (tracks->places <= MUTED_POINTS_MOST || !view_muted(view, track->backend));
}

static void write_data(const struct view *view, struct drawing *d, const struct tracks *tracks)
{
	for (size_t i = 0; i < tracks->count; i++) {
		if (!is_drawn(view, tracks, &tracks->track[i]))
			continue;
		fprintf(d->script, "$t%zu << EOD\n", i);
		for (size_t p = 0; p < tracks->places; p++) {
			fprintf(d->script, "%.9g", tracks->start + (double)p * tracks->step);
			for (size_t f = 0; f < TRACK_FIGURES; f++) {
				double value = track_median(&tracks->track[i], p, f);

				if (isnan(value))
					fprintf(d->script, " NaN");
				else
					fprintf(d->script, " %.9g", value);
			}
			fprintf(d->script, "\n");
		}
		fprintf(d->script, "EOD\n");
	}
}

static bool has_values(const struct track *track, size_t f)
{
	for (size_t p = 0; p < track->places; p++) {
		if (track->place[p].n[f])
			return true;
	}
	return false;
}

static void write_panel(const struct view *view, struct drawing *d, const struct tracks *tracks, size_t f, bool legend)
{
	bool muted = false;

	fprintf(d->script, "plot ");
	for (size_t pass = 0; pass <= view->chosen; pass++) {
		for (size_t i = 0; i < tracks->count; i++) {
			const struct track *track = &tracks->track[i];

			if (!is_drawn(view, tracks, track) || !has_values(track, f) ||
			    (pass ? view_choice(view, track->backend) != pass - 1 : !view_muted(view, track->backend)))
				continue;
			muted = muted || !pass;
			fprintf(d->script, "$t%zu using 1:%zu with ", i, f + 2);
			if (!pass) {
				fprintf(d->script, "lines lc rgb '" SVG_MUTED "' dt 1 lw 0.5 notitle, ");
				continue;
			}
			fprintf(d->script, tracks->places > 40 ? "lines" : "linespoints");
			view_style(view, d, track->backend);
			fprintf(d->script, legend ? " title " : " notitle");
			if (legend)
				drawing_quote(d, track->backend);
			fprintf(d->script, ", ");
		}
	}
	fprintf(d->script, "NaN with lines lc rgb '" SVG_MUTED "' dt 1 lw 0.5 %s\n", legend && muted ? "title 'others'" : "notitle");
}

/* The range of a figure over what is drawn; false if there is nothing. */
static bool range_of(const struct view *view, const struct tracks *tracks, size_t f, double *least, double *most)
{
	*least = INFINITY;
	*most = 0;
	for (size_t i = 0; i < tracks->count; i++) {
		for (size_t p = 0; p < tracks->places && is_drawn(view, tracks, &tracks->track[i]); p++) {
			*least = fmin(*least, track_median(&tracks->track[i], p, f));
			*most = fmax(*most, track_median(&tracks->track[i], p, f));
		}
	}
	return *most > 0;
}

static void write_drawing(const struct view *view, struct drawing *d, const struct tracks *tracks)
{
	double least[TRACK_FIGURES], most[TRACK_FIGURES], last = tracks->start + (double)(tracks->places - 1) * tracks->step;
	bool drawn[TRACK_FIGURES], both;

	for (size_t f = 0; f < TRACK_FIGURES; f++)
		drawn[f] = range_of(view, tracks, f, &least[f], &most[f]);
	both = drawn[0] && drawn[1];
	drawing_begin(d, 860, 430);
	write_data(view, d, tracks);
	fprintf(d->script, "set key at screen 0.815,0.965 left top\nset multiplot\nset xlabel '%s'\nset xrange [%.9g:%.9g]\nset "
		"xtics %.9g\n", tracks->axis,
		tracks->start - 0.03 * (last - tracks->start), last + 0.03 * (last - tracks->start),
		tracks->step > 1 ? drawing_step(last, 5) : ceil(last / 8));
	for (size_t f = 0; f < TRACK_FIGURES; f++) {
		bool legend = f == 1 || !both;

		if (!drawn[f])
			continue;
		drawing_time_axis(d, "y", least[f], most[f]);
		fprintf(d->script, "set lmargin at screen %s\nset rmargin at screen %s\nset ylabel '%s'\n", f && both ? "0.51" : "0.105",
			legend ? "0.79" : "0.385", label[f]);
		write_panel(view, d, tracks, f, legend);
	}
	fprintf(d->script, "unset multiplot\n");
}

static void write_table(const struct view *view, struct drawing *d, const struct tracks *tracks)
{
	drawing_column(d, false, "back end");
	drawing_column(d, true, "%s", tracks->axis);
	drawing_column(d, true, "values");
	for (size_t f = 0; f < TRACK_FIGURES; f++)
		drawing_column(d, true, "%s, ns", label[f]);
	for (size_t i = 0; i < tracks->count; i++) {
		for (size_t p = 0; p < tracks->places && is_drawn(view, tracks, &tracks->track[i]); p++) {
			const struct track *track = &tracks->track[i];

			if (p >= track->places || !track->place[p].n[0])
				continue;
			drawing_cell(d, "%s", track->backend);
			drawing_number(d, tracks->start + (double)p * tracks->step);
			drawing_cell(d, "%zu", track->place[p].n[0]);
			for (size_t f = 0; f < TRACK_FIGURES; f++)
				drawing_number(d, track_median(track, p, f));
		}
	}
}

/* Windows if there are enough of them, else invocations. */
static int fill(const struct view *view, struct tracks *tracks, struct drawing *d)
{
	size_t windows, together;
	char words[256];

	if (tracks_read_windows(view, tracks, 0, &windows, d))
		return d->error;
	view_words(view, tracks->track[0].cell, RUN_KEY_COUNT, words, sizeof(words));
	if (windows >= WINDOWS_LEAST) {
		together = (windows + POINTS_MOST - 1) / POINTS_MOST;
		if (tracks_read_windows(view, tracks, together, &windows, d))
			return d->error;
		tracks->step = 100.0 * (double)together;
		tracks->axis = "ms since the measured window began";
		drawing_title(d, "ISR latency over time within the measured window; %s", words);
		drawing_note(d, "Each point is a median over the invocations%s of what windows.csv has for 100 ms.",
			     together > 1 ? " and over windows that follow each other," : "");
	} else {
		if (tracks_take_invocations(view, tracks))
			return drawing_fail(d, -ENOMEM, NULL);
		tracks->start = tracks->step = 1;
		tracks->axis = "invocation, in the order of the run";
		drawing_title(d, "ISR latency over the invocations, in the order in which they were run; %s", words);
		drawing_note(d, "The measured window has only %zu part%s of 100 ms, too few for a curve; `storsync run "
			     "--duration 2s` would have 20. So a point is an "
			     "invocation, and its place the block it was run in.", windows, windows == 1 ? "" : "s");
	}
	for (size_t i = 0; i < tracks->count; i++)
		tracks->places = tracks->track[i].places > tracks->places ? tracks->track[i].places : tracks->places;
	return 0;
}

void picture_latency_over_time(const struct view *view, struct drawing *d)
{
	struct tracks tracks;

	if (view->main == VIEW_NONE) {
		drawing_title(d, "ISR latency over time");
		drawing_note(d, "No invocation ended well with enough interrupts: a median needs 20. Longer windows "
			     "(`--duration`) give them.");
		return;
	}
	if (tracks_init(view, &tracks)) {
		drawing_fail(d, -ENOMEM, NULL);
		return;
	}
	if (!fill(view, &tracks, d)) {
		if (tracks.places >= 2) {
			view_note_choice(view, d);
			if (tracks.places > MUTED_POINTS_MOST)
				drawing_note(d, "Over so many points only back ends with a colour are drawn.");
			write_table(view, d, &tracks);
			write_drawing(view, d, &tracks);
		} else {
			drawing_note(d, "There is one invocation only; `--invocations 7` gives more.");
		}
	}
	tracks_clear(&tracks);
	free(tracks.track);
}
