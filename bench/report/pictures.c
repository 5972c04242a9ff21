/* SPDX-License-Identifier: MIT */
/* All pictures of a report, drawn by one gnuplot; see picture.h. */
#include "bench/report/picture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/gnuplot.h"
#include "bench/report/pictures_list.h"

#define LIMIT_NS UINT64_C(60000000000)

static const struct {
	void (*make)(const struct view *view, struct drawing *d);
	const char *id;
} makers[] = {
#define PICTURE_LISTED(function, name) { .make = function, .id = name },
	PICTURES(PICTURE_LISTED)
#undef PICTURE_LISTED
};

#define COUNT (sizeof(makers) / sizeof(makers[0]))

void pictures_free(struct picture *picture, size_t count)
{
	for (size_t i = 0; picture && i < count; i++) {
		struct picture_table *table = &picture[i].table;

		for (size_t k = 0; k < table->columns; k++)
			free(table->heading[k]);
		for (size_t k = 0; k < table->columns * table->rows; k++)
			free(table->cell[k]);
		free(table->heading);
		free(table->cell);
		free(table->numeric);
		free(picture[i].title);
		free(picture[i].note);
		free(picture[i].svg);
	}
	free(picture);
}

static int fail(int status, const char *line, char *error, size_t error_bytes)
{
	snprintf(error, error_bytes, "%s", line);
	return status;
}

static bool any_ended_well(const struct view *view)
{
	const struct run_data *run = &view->data->run;

	for (size_t row = 0; row < run->rows; row++) {
		if (strcmp(run->row[row].status, "ok") == 0)
			return true;
	}
	return false;
}

/* The script of all pictures, and everything else about them; drawn[] says which have a drawing. */
static int make_all(const struct view *view, struct picture *picture, FILE *script, bool *drawn, char *error, size_t error_bytes)
{
	for (size_t i = 0; i < COUNT; i++) {
		struct drawing d = { .picture = &picture[i], .script = script };

		picture[i].id = makers[i].id;
		makers[i].make(view, &d);
		drawn[i] = d.drawn;
		if (!d.drawn && !any_ended_well(view)) {
			free(picture[i].note);
			picture[i].note = NULL;
			drawing_note(&d, "No invocation ended well; the section on trust lists how they ended.");
		}
		if (!picture[i].title)
			drawing_fail(&d, -ENOMEM, NULL);
		/* That would say that there is no gnuplot: it is a file of the run that is not there. */
		if (d.error)
			return fail(d.error == -ENOENT ? -EINVAL : d.error, d.line, error, error_bytes);
	}
	return 0;
}

/* The drawings, in the order of the script, to their pictures. */
static int take_drawings(struct picture *picture, const bool *drawn, const char *output, char *error, size_t error_bytes)
{
	for (size_t i = 0; i < COUNT; i++) {
		int status = drawn[i] ? svg_theme(output, picture[i].id, picture[i].title, &picture[i].svg, &output) : 0;

		/* That would say that the run has nothing to show. */
		if (status == -ENODATA) {
			snprintf(error, error_bytes, "gnuplot ended well and has not drawn %s: is the gnuplot in PATH the real one?",
				 picture[i].id);
			return -EBADMSG;
		}
		if (status) {
			snprintf(error, error_bytes, "gnuplot's drawing of %s cannot be used: %s", picture[i].id, strerror(-status));
			return status;
		}
	}
	return 0;
}

static int draw(const struct view *view, struct picture *picture, char *error, size_t error_bytes)
{
	bool drawn[COUNT] = { false };
	char *script = NULL, *output = NULL;
	size_t bytes = 0, output_bytes;
	FILE *memory = open_memstream(&script, &bytes);
	int status;

	if (!memory)
		return fail(-ENOMEM, strerror(ENOMEM), error, error_bytes);
	status = make_all(view, picture, memory, drawn, error, error_bytes);
	if (fclose(memory) && !status)
		status = fail(-ENOMEM, strerror(ENOMEM), error, error_bytes);
	if (!status)
		status = gnuplot_run("gnuplot", script, bytes, LIMIT_NS, &output, &output_bytes, error, error_bytes);
	if (!status)
		status = take_drawings(picture, drawn, output ? output : "", error, error_bytes);
	free(script);
	free(output);
	return status;
}

int pictures_draw(const struct report_data *data, struct picture **picture, size_t *count, char *error, size_t error_bytes)
{
	struct picture *all = calloc(COUNT, sizeof(*all));
	struct view view;
	int status;

	*picture = NULL;
	*count = 0;
	if (!all)
		return fail(-ENOMEM, strerror(ENOMEM), error, error_bytes);
	status = view_init(&view, data);
	if (status) {
		free(all);
		return fail(status, strerror(-status), error, error_bytes);
	}
	status = draw(&view, all, error, error_bytes);
	view_fini(&view);
	if (status) {
		pictures_free(all, COUNT);
		return status;
	}
	*picture = all;
	*count = COUNT;
	return 0;
}
