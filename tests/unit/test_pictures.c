/* SPDX-License-Identifier: MIT */
/* The pictures of small made-up runs: what the tables hold, what is hatched, who gets a colour, and what is said where data is missing. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/files/csv.h"
#include "bench/files/schema.h"
#include "bench/report/gnuplot.h"
#include "bench/report/pictures_heat.h"
#include "bench/report/pictures_histogram.h"
#include "bench/report/pictures_list.h"
#include "tests/unit/temp_folder.h"

#define CELLS_MOST 24u
#define INVOCATIONS 7u
#define ROWS_MOST (CELLS_MOST * INVOCATIONS)
#define COMPARED_MOST 96u

/* A run without files, to which a test adds what it needs. */
static struct run_cell cells[CELLS_MOST];
static char cell_ids[CELLS_MOST][16];
static struct run_row rows[ROWS_MOST];
static double values[ROWS_MOST * REPORT_FIGURES];
static struct comparison compared[COMPARED_MOST];
static const char *compared_key[COMPARED_MOST][RUN_KEY_COUNT];
static struct report_data data;
static char folder[TEMP_FOLDER_BYTES];

static struct view view;
static struct picture picture;
static struct drawing drawing;
static char *script;
static size_t script_bytes;

static double *value_of(size_t cell, size_t invocation, enum report_figure figure)
{
	return &values[(cell * INVOCATIONS + invocation) * REPORT_FIGURES + figure];
}

/* A cell with as many rows as there are invocations; its ISR latencies are around `latency`. */
static size_t add_cell(const char *backend, const char *cpus, const char *routing, double latency)
{
	size_t c = data.run.cells++;

	for (size_t k = 0; k < RUN_KEY_COUNT; k++)
		cells[c].key[k] = "";
	snprintf(cell_ids[c], sizeof(cell_ids[c]), "cell%zu", c);
	cells[c].cell_id = cell_ids[c];
	cells[c].key[RUN_KEY_BACKEND] = backend;
	cells[c].key[RUN_KEY_CPUS] = cells[c].key[RUN_KEY_CHANNELS] = cpus;
	cells[c].key[RUN_KEY_IRQ_ROUTING] = routing;
	cells[c].key[RUN_KEY_DELIVERY] = "poll";
	cells[c].key[RUN_KEY_ARRIVAL] = "closed";
	cells[c].key[RUN_KEY_DURATION_S] = "0.2";
	for (size_t i = 0; i < INVOCATIONS; i++) {
		size_t row = data.run.rows++;

		rows[row] = (struct run_row){ .cell = (uint32_t)c, .invocation = (uint32_t)i + 1, .block = i + 1, .status = "ok",
					      .reason = "",
					      .gate_codes = "" };
		for (size_t f = 0; f < REPORT_FIGURES; f++)
			*value_of(c, i, f) = NAN;
		*value_of(c, i, REPORT_ISR_P50) = latency + (double)i;
		*value_of(c, i, REPORT_ISR_P99) = 10 * latency + (double)i;
		*value_of(c, i, REPORT_IOPS) = 1e6 / latency + (double)i;
	}
	return c;
}

static FILE *create(const char *name)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	return file;
}

/* A file with the schema's header and these lines, each of which has empty fields to be filled up with. */
static void write_csv(const struct csv_schema *schema, const char *const *line, size_t lines)
{
	FILE *file = create(schema->name);

	for (size_t i = 0; i < schema->count; i++)
		fprintf(file, "%s%s", i ? "," : "", schema->columns[i].name);
	fputc('\n', file);
	for (size_t i = 0; i < lines; i++) {
		size_t fields = 1;

		for (const char *p = line[i]; *p; p++)
			fields += *p == ',';
		fputs(line[i], file);
		for (; fields < schema->count; fields++)
			fputc(',', file);
		fputc('\n', file);
	}
	fclose(file);
}

static int setup(void **state)
{
	(void)state;
	assert_int_equal(temp_folder_make(folder), 0);
	data = (struct report_data){ .path = folder, .baseline = "spinlock",
				     .run = { .cell = cells, .row = rows, .figures = REPORT_FIGURES, .value = values } };
	write_csv(&schema_histogram, NULL, 0);
	write_csv(&schema_windows, NULL, 0);
	write_csv(&schema_events, NULL, 0);
	return 0;
}

static int setup_cell(void **state)
{
	int status = setup(state);

	add_cell("spinlock", "2", "same", 100);
	return status;
}

/* What a picture made is gone. */
static void forget(void)
{
	struct picture *copy = malloc(sizeof(*copy));

	assert_non_null(copy);
	*copy = picture;
	pictures_free(copy, 1);
	free(script);
	script = NULL;
	picture = (struct picture){ .id = NULL };
}

static int teardown(void **state)
{
	(void)state;
	forget();
	return temp_folder_remove(folder);
}

static void make(void (*maker)(const struct view *view, struct drawing *d))
{
	forget();
	assert_int_equal(view_init(&view, &data), 0);
	drawing = (struct drawing){ .picture = &picture, .script = open_memstream(&script, &script_bytes) };
	assert_non_null(drawing.script);
	maker(&view, &drawing);
	fclose(drawing.script);
	view_fini(&view);
}

static void make_well(void (*maker)(const struct view *view, struct drawing *d))
{
	make(maker);
	if (drawing.error)
		fail_msg("%s", drawing.line);
	assert_true(drawing.drawn);
}

static const char *cell_at(size_t row, size_t column)
{
	assert_true(row < picture.table.rows && column < picture.table.columns);
	return picture.table.cell[row * picture.table.columns + column];
}

/* The row of the table whose first column is `name`. */
static size_t row_named(const char *name)
{
	size_t row = 0;

	while (strcmp(cell_at(row, 0), name) != 0)
		row++;
	return row;
}

static void assert_within(const char *text, const char *words)
{
	assert_non_null(text);
	if (!strstr(text, words))
		fail_msg("\"%s\" is not in \"%s\"", words, text);
}

static void assert_no_drawing(const char *words)
{
	assert_int_equal(drawing.error, 0);
	assert_false(drawing.drawn);
	assert_int_equal(script_bytes, 0);
	assert_non_null(picture.title);
	assert_within(picture.note, words);
}

static void every_picture_says_what_is_missing(void **state)
{
	static const struct {
		void (*maker)(const struct view *view, struct drawing *d);
		const char *words;
	} missing[] = {
		{ picture_latency_by_percentile, "`--duration`" },
		{ picture_throughput_by_cpus, "`storsync run --cpus 1,2`" },
		{ picture_latency_by_cpus, "`storsync run --cpus 1,2`" },
		{ picture_ratios, "`storsync run --backends`" },
		{ picture_stages, "`--duration`" },
		{ picture_latency_over_time, "`--duration`" },
		{ picture_bystanders, "`storsync run --bystander 2k`" },
		{ picture_fairness, "`storsync run --cpus 2`" },
		{ picture_offered_load, "`storsync run --arrival poisson:" },
		{ picture_worst_interrupt, "`--duration`" },
		{ picture_worst_call, "`--duration`" },
	};

	(void)state;
	add_cell("spinlock", "1", "same", NAN);
	for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
		make(missing[i].maker);
		assert_no_drawing(missing[i].words);
	}
}

static void the_main_group_has_most_cpus_among_the_large(void **state)
{
	(void)state;
	add_cell("spinlock", "1", "same", 100);
	add_cell("ticket", "1", "same", 100);
	add_cell("spinlock", "2", "same", 100);
	add_cell("ticket", "2", "same", 100);
	add_cell("spinlock", "4", "same", 100);
	add_cell("ticket", "1", "other", 100);
	assert_int_equal(view_init(&view, &data), 0);
	assert_int_equal(view.groups, 4);
	/* One of two is half as many. */
	assert_string_equal(cells[view.group[view.main].cell[0]].key[RUN_KEY_CPUS], "4");
	view_fini(&view);
	add_cell("mcs", "2", "same", 100);
	assert_int_equal(view_init(&view, &data), 0);
	assert_string_equal(cells[view.group[view.main].cell[0]].key[RUN_KEY_CPUS], "2");
	assert_int_equal(view.group[view.main].cells, 3);
	view_fini(&view);
}

static void those_with_a_colour_are_the_baseline_extremes_and_known(void **state)
{
	static const char *const name[] = { "a", "b", "c", "d", "e", "f", "g", "irqmask", "rcu-memb", "ticket", "y", "spinlock",
					    "x" };
	static const char *const chosen[] = { "a", "b", "c", "irqmask", "rcu-memb", "ticket", "spinlock", "x" };

	(void)state;
	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++)
		add_cell(name[i], "2", "same", 100 + 10 * (double)i);
	assert_int_equal(view_init(&view, &data), 0);
	assert_int_equal(view.chosen, 8);
	for (size_t i = 0; i < 8; i++)
		assert_string_equal(view.choice[i], chosen[i]);
	assert_true(view_muted(&view, "y"));
	view_fini(&view);
}

static void percentiles_are_of_the_merged_samples(void **state)
{
	/* In all 100 samples of 10, 80 of 20, 20 of 30; of an invocation that failed, of another metric, and of another cell: none. */
	static const char *const line[] = {
		"run,cell0,1,0,isr_latency,10,10,60,0", "run,cell0,1,0,isr_latency,30,30,20,0",
			"run,cell0,1,1,isr_latency,10,10,30,0",
		"run,cell0,2,0,isr_latency,10,10,10,0", "run,cell0,2,0,isr_latency,19,20,80,0",
			"run,cell0,2,0,sync_wait,90,90,5000,0",
		"run,cell0,3,0,isr_latency,99,99,7000,0", "run,cell7,1,0,isr_latency,50,50,9000,0",
	};
	struct merged merged = { .cell = 0 };
	uint64_t value;

	(void)state;
	rows[2].status = "violated";
	write_csv(&schema_histogram, line, sizeof(line) / sizeof(line[0]));
	assert_int_equal(merged_load(&merged, 1, &data.run, folder, "isr_latency", drawing.line, sizeof(drawing.line)), 0);
	assert_int_equal(merged.n, 200);
	assert_int_equal(merged.buckets, 3);
	/* The 100th of 200 is the last 10, the 180th the last 20, the 190th has ten beyond, and one of 21 has not. */
	assert_true(merged_percentile(&merged, 2, &value) && value == 10);
	assert_true(merged_percentile(&merged, 10, &value) && value == 20);
	assert_true(merged_percentile(&merged, 20, &value) && value == 30);
	assert_false(merged_percentile(&merged, 21, &value));
	merged_fini(&merged, 1);

	make_well(picture_latency_by_percentile);
	assert_int_equal(picture.table.columns, 6);
	assert_string_equal(cell_at(0, 1), "200");
	assert_string_equal(picture.table.heading[2], "50%, ns");
	assert_string_equal(cell_at(0, 2), "10");
	assert_string_equal(picture.table.heading[5], "95%, ns");
	assert_string_equal(cell_at(0, 5), "30");
	assert_within(script, "\n2 10\n5 20\n10 20\n20 30\nEOD");
}

static void a_percentile_is_its_rank_and_no_other(void **state)
{
	/* The 10th of 20 is the first 2. */
	struct merged_bucket bucket[] = { { 1, 9 }, { 2, 8 }, { 3, 3 } };
	struct merged merged = { .n = 20, .buckets = 3, .bucket = bucket };
	uint64_t value;

	(void)state;
	assert_true(merged_percentile(&merged, 2, &value));
	assert_int_equal(value, 2);
	bucket[0].count = 10;
	bucket[1].count = 7;
	assert_true(merged_percentile(&merged, 2, &value));
	assert_int_equal(value, 1);
	assert_false(merged_percentile(&merged, 3, &value));
}

static void a_missing_file_is_not_a_missing_gnuplot(void **state)
{
	struct picture *all;
	size_t count;
	char path[128], error[256];

	(void)state;
	snprintf(path, sizeof(path), "%s/windows.csv", folder);
	unlink(path);
	assert_int_equal(pictures_draw(&data, &all, &count, error, sizeof(error)), -EINVAL);
	assert_within(error, "windows.csv");
	assert_null(all);
}

static void a_damaged_histogram_is_one_line(void **state)
{
	static const struct {
		const char *line[2];
		const char *says;
	} damage[] = {
		{ { "run,cell0,1,0,isr_latency,10,ten,60,0", "" }, "histogram.csv:2: invocation, hi_ns or count" },
		{ { "run,cell0,1,0,isr_latency,10,10,,0", "" }, "histogram.csv:2: invocation, hi_ns or count" },
		{ { "run,cell0,1,0,isr_latency,10,10,18446744073709551616,0", "" }, "histogram.csv:2: " },
		{ { "run,cell0,1,0,isr_latency,10,10,18446744073709551615,0", "run,cell0,1,0,isr_latency,20,20,1,0" }, "histogram.csv:3: " },
	};
	FILE *file;

	(void)state;
	for (size_t i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
		write_csv(&schema_histogram, damage[i].line, 2);
		make(picture_latency_by_percentile);
		assert_int_equal(drawing.error, -EBADMSG);
		assert_within(drawing.line, damage[i].says);
	}
	file = create("histogram.csv");
	fputs("run_id,cell_id\n", file);
	fclose(file);
	make(picture_latency_by_percentile);
	assert_int_equal(drawing.error, -EBADMSG);
	assert_within(drawing.line, "histogram.csv:1: not the columns of this version");
}

static void scaling_shows_medians_and_intervals(void **state)
{
	size_t two;

	(void)state;
	add_cell("spinlock", "1", "same", 100);
	two = add_cell("spinlock", "2", "same", 200);
	add_cell("spinlock", "2", "other", 999);
	*value_of(two, 0, REPORT_IOPS) = 5000.25;
	*value_of(two, 6, REPORT_IOPS) = NAN;
	make_well(picture_throughput_by_cpus);
	assert_int_equal(picture.table.rows, 2);
	assert_string_equal(cell_at(0, 1), "1");
	assert_string_equal(cell_at(0, 2), "7");
	assert_string_equal(cell_at(0, 3), "10003");
	/* Of six values, the extremes are the interval: 5000.25, 5001 to 5005. */
	assert_string_equal(cell_at(1, 2), "6");
	assert_string_equal(cell_at(1, 3), "5002.5");
	assert_string_equal(cell_at(1, 4), "5000.25");
	assert_string_equal(cell_at(1, 5), "5005");
	assert_within(picture.note, "bars their 95% confidence intervals.");
	*value_of(two, 5, REPORT_IOPS) = NAN;
	make(picture_throughput_by_cpus);
	assert_within(picture.note, "where there are 6 or more");
}

static struct comparison *add_comparison(const char *candidate, double ratio, enum compare_verdict verdict)
{
	const char **key = compared_key[data.comparisons.count];
	struct comparison *c = &compared[data.comparisons.count++];

	memset(key, 0, sizeof(compared_key[0]));
	*c = (struct comparison){ .key = key, .figure = report_figures(REPORT_ISR_P50), .baseline = "spinlock", .candidate = candidate,
				  .ratio = ratio,
				  .ci_lo = ratio / 2, .ci_hi = ratio * 2, .verdict = verdict };
	data.comparisons.comparison = compared;
	return c;
}

static void set_key(const struct comparison *c, enum run_key key, const char *value)
{
	compared_key[c - compared][key] = value;
}

/* How many boxes a datablock of the script has. */
static size_t boxes_in(const char *block)
{
	char head[32];
	const char *p;
	size_t lines = 0;

	snprintf(head, sizeof(head), "$%s << EOD\n", block);
	p = strstr(script, head);
	if (!p)
		return 0;
	for (p += strlen(head); strncmp(p, "EOD", 3) != 0; p = strchr(p, '\n') + 1)
		lines++;
	return lines;
}

static void steps_are_1_2_and_5(void **state)
{
	(void)state;
	assert_true(drawing_step(10, 5) == 2);
	assert_true(drawing_step(10, 10) == 1);
	assert_true(fabs(drawing_step(0.9, 2) - 0.5) < 1e-12);
	assert_true(drawing_step(1234567, 6) == 500000);
	assert_true(drawing_step(INFINITY, 6) >= 1e17);
	assert_true(drawing_step(0, 6) > 0);
}

static void hatched_is_what_is_not_shown_to_differ(void **state)
{
	(void)state;
	add_comparison("a", 0.5, COMPARE_BETTER);
	add_comparison("b", 1.5, COMPARE_UNDECIDED);
	add_comparison("c", 1.01, COMPARE_EQUIVALENT);
	add_comparison("d", 3.25, COMPARE_WORSE);
	add_comparison("e", 0.9, COMPARE_UNDECIDED);
	add_comparison("f", NAN, COMPARE_NOT_COMPARABLE);
	make_well(picture_ratios);
	assert_int_equal(boxes_in("u"), 2);
	assert_int_equal(boxes_in("e"), 1);
	assert_int_equal(boxes_in("all"), 5);
	assert_within(picture.title, "of 5 comparisons 1 are better, 1 worse, and 3 undecided or equivalent");
	assert_int_equal(picture.table.rows, 5);
	assert_string_equal(cell_at(row_named("d"), 3), "3.25");
	assert_string_equal(cell_at(row_named("d"), 6), "worse");
	/* Half the latency is better by a doubling; of I/Os it is worse. */
	assert_int_equal(boxes_in("l3"), 1);
	compared[0].figure = report_figures(REPORT_IOPS);
	make(picture_ratios);
	assert_int_equal(boxes_in("l3"), 0);
	assert_int_equal(boxes_in("l9"), 1);
}

/* Where the boxes of a datablock are: x and y of each, not more than `most`. */
static size_t places_in(const char *block, double (*place)[2], size_t most)
{
	size_t count = boxes_in(block);
	char head[32];
	const char *p;

	assert_true(count <= most);
	snprintf(head, sizeof(head), "$%s << EOD\n", block);
	p = strstr(script, head);
	for (size_t i = 0; i < count; i++) {
		p = strchr(p, '\n') + 1;
		assert_int_equal(sscanf(p, "%lf %lf", &place[i][0], &place[i][1]), 2);
	}
	return count;
}

/* Each group is there, in maps of 11 columns; the columns of each are one figure's. */
static void any_number_of_groups_is_drawn(void **state)
{
	static char cpus[33][4];
	double place[66][2];

	(void)state;
	for (size_t i = 0; i < 33; i++) {
		snprintf(cpus[i], sizeof(cpus[i]), "%zu", i + 1);
		set_key(add_comparison("a", 0.5, i % 3 ? COMPARE_BETTER : COMPARE_UNDECIDED), RUN_KEY_CPUS, cpus[i]);
		set_key(add_comparison("b", 2, COMPARE_WORSE), RUN_KEY_CPUS, cpus[i]);
	}
	make_well(picture_ratios);
	assert_int_equal(picture.table.rows, 66);
	assert_int_equal(boxes_in("u"), 11);
	assert_int_equal(places_in("all", place, 66), 66);
	for (size_t i = 0; i < 66; i++) {
		size_t group = i % 33, row = i / 33;

		assert_true(place[i][0] == (double)(group % 11));
		/* Two rows, a line and the figure's name, and a gap. */
		assert_true(place[i][1] == (double)(5 * (group / 11) + row));
	}
	assert_within(script, "set ytics scale 0 ('a' 0, 'b' 1, 'a' 5, 'b' 6, 'a' 10, 'b' 11)");
	assert_within(script, "set label '12 CPUs' at first 0,4.05 ");
	assert_within(script, "set label 'ISR latency, median' at first 5,2.9 ");
	assert_within(picture.note, "33 groups of cells are in 3 maps");
}

/* 16 columns are two maps of 8; 5 of three figures are one of 15. */
static void a_map_is_as_wide_as_can_be_read(void **state)
{
	static char cpus[16][4];
	struct heat heat;

	(void)state;
	for (size_t i = 0; i < 16; i++) {
		snprintf(cpus[i], sizeof(cpus[i]), "%zu", i + 1);
		set_key(add_comparison("a", 0.5, COMPARE_BETTER), RUN_KEY_CPUS, cpus[i]);
		assert_int_equal(heat_init(&heat, &data.comparisons), 0);
		assert_int_equal(heat.figures, i < 5 ? 3 : i < 7 ? 2 : 1);
		assert_int_equal(heat.pages, i < 15 ? 1 : 2);
		assert_int_equal(heat.page_contexts, i < 15 ? i + 1 : 8);
		heat_fini(&heat);
	}
}

/* However many keys they differ in: labels that leave one out would be of two columns. */
static void no_two_columns_have_one_label(void **state)
{
	static const enum run_key keys[] = { RUN_KEY_CPUS, RUN_KEY_IRQ_ROUTING, RUN_KEY_QUEUE_DEPTH, RUN_KEY_DELIVERY, RUN_KEY_ARRIVAL };
	char line[HEAT_LABEL_LINES][64];
	struct heat heat;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct comparison *c = add_comparison("a", 0.5, COMPARE_BETTER);

		for (size_t k = 0; k < 5; k++)
			set_key(c, keys[k], i ? "1" : "2");
	}
	assert_int_equal(heat_init(&heat, &data.comparisons), 0);
	assert_int_equal(heat.contexts, 2);
	assert_int_equal(heat_label(&heat, 0, SIZE_MAX, line), 5);
	heat_fini(&heat);
}

static void stages_are_of_one_invocation_and_add_up(void **state)
{
	/* Invocation 4 has the median latency, 40 + 20 + 3; the last but one was spoiled. */
	static const double masked[INVOCATIONS] = { 60, 10, 50, 40, 20, 1e9, 30 };
	size_t cell;

	(void)state;
	cell = add_cell("spinlock", "2", "same", 100);
	for (size_t i = 0; i < INVOCATIONS; i++) {
		*value_of(cell, i, REPORT_ISR_MASKED_MEAN) = masked[i];
		*value_of(cell, i, REPORT_ISR_DELIVERY_MEAN) = 20;
		*value_of(cell, i, REPORT_ISR_ACQUIRE_MEAN) = 3;
		*value_of(cell, i, REPORT_ISR_SERVICE_MEAN) = 100 + (double)i;
	}
	make_well(picture_stages);
	assert_string_equal(cell_at(0, 1), "7");
	assert_string_equal(cell_at(0, 2), "4");
	assert_string_equal(cell_at(0, 3), "40");
	assert_string_equal(cell_at(0, 4), "20");
	assert_string_equal(cell_at(0, 5), "3");
	assert_string_equal(cell_at(0, 6), "103");
	assert_string_equal(cell_at(0, 7), "63");
	assert_within(picture.title, "mean of 63 ns is masked (63.5%)");
}

static void time_is_windows_if_there_are_enough(void **state)
{
	static const char *const line[] = {
		"run,cell0,1,0,0,9,100,1000,", "run,cell0,1,1,100,9,110,1100,", "run,cell0,1,2,200,9,120,,",
			"run,cell0,1,3,300,9,130,1300,",
		"run,cell0,1,4,400,9,140,1400,", "run,cell0,2,0,0,9,300,3000,", "run,cell0,3,0,0,9,900,9000,",
			"run,cell0,4,0,0,9,7,7,",
	};

	(void)state;
	rows[3].status = "failed";
	write_csv(&schema_windows, line, sizeof(line) / sizeof(line[0]));
	make_well(picture_latency_over_time);
	assert_int_equal(picture.table.rows, 5);
	assert_string_equal(cell_at(0, 1), "0");
	assert_string_equal(cell_at(0, 2), "3");
	assert_string_equal(cell_at(0, 3), "300");
	assert_string_equal(cell_at(0, 4), "3000");
	assert_string_equal(cell_at(2, 1), "200");
	assert_string_equal(cell_at(2, 3), "120");
	assert_string_equal(cell_at(2, 4), "");
	write_csv(&schema_windows, line, 4);
	make(picture_latency_over_time);
	assert_within(picture.note, "only 4 parts of 100 ms");
	assert_int_equal(picture.table.rows, INVOCATIONS);
	assert_string_equal(cell_at(6, 1), "7");
	assert_string_equal(cell_at(6, 3), "106");
	assert_string_equal(cell_at(6, 4), "1006");
}

static void the_worst_event_is_the_longest_that_ended_well(void **state)
{
	static const char *const line[] = {
		"run,cell0,1,1,isr_latency,5,5,805,905,955,0,1,1,lock held by CPU 1",
			"run,cell0,2,1,isr_latency,5,5,15,25,9999,0,1,0,masked",
		"run,cell0,3,1,isr_latency,5,5,5000,6000,7000,0,1,0,delivery", "run,cell0,1,1,sync_wait,7,7,57,99,100,1,,0,gap "
									       "on CPU 0",
		"run,cell0,1,2,isr_latency,5,5,8000,9000,9001,0,1,0,delivery",
			"run,cell0,4,1,isr_latency,5,5,,9000,9001,0,1,0,delivery",
	};

	(void)state;
	rows[2].status = "crashed";
	write_csv(&schema_events, line, sizeof(line) / sizeof(line[0]));
	make_well(picture_worst_interrupt);
	assert_within(picture.title, "The worst interrupt took 900 ns");
	assert_within(picture.title, "under spinlock; cause: lock held by CPU 1");
	assert_string_equal(cell_at(row_named("ISR entered, ns from the begin of the window"), 1), "905");
	assert_string_equal(cell_at(row_named("taken to entered: waits for access, ns"), 1), "100");
	/* The one that had access is on its own lane for as long as the interrupt waited for it. */
	assert_within(script, "set object rect from 800,0.8 to 900,1.2");
	assert_within(script, "had access for more than half of this time");
	make(picture_worst_call);
	assert_within(picture.title, "The worst synchronized call took 50 ns");
	assert_within(script, "set object rect from 0,-0.2 to 50,0.2");
}

static void others_are_drawn_where_their_times_are_known(void **state)
{
	static const char *const line[] = {
		/* CPU 1 held it until 800 and was away from 300 to 700 meanwhile; DPCs from 1000 to 1100. */
		"run,cell0,1,1,isr_latency,1000,1000,1050,1900,1950,0,1,1,lock held by CPU 1,1,1300,1700,500,1200,1800,2000,2100",
		/* Its own section masked it, it was away itself and it interrupted DPCs that went on for long. */
		"run,cell0,1,1,sync_wait,1000,1000,1500,1600,1700,0,0,0,gap on CPU 0,0,900,1400,,,1450,990,9000",
	};

	(void)state;
	add_cell("spinlock", "2", "same", 100);
	write_csv(&schema_events, line, 2);
	make(picture_worst_interrupt);
	assert_int_equal(drawing.error, 0);
	assert_within(script, "set object rect from 200,0.8 to 800,1.2 fc rgb '#a00004' fs solid 0.3 border lc rgb '#a00004'");
	/* Before that, again and again. */
	assert_within(script, "set object rect from 0,0.8 to 200,1.2 fc rgb '" SVG_MUTED "' fs pattern 4");
	assert_within(script, "hatched: nobody else has access");
	assert_within(script, "set object rect from 300,1.255 to 700,1.325 fc rgb '" SVG_INK "' fs pattern 2");
	assert_within(script, "set object rect from 1000,-0.2 to 1100,0.2 fc rgb '#a00006'");
	assert_within(script, "set xrange [0:1122]");
	assert_within(script, "title 'had access before: 600 ns'");
	assert_within(script, "title 'gap: CPU was away: 400 ns'");
	assert_within(script, "title 'DPCs: 100 ns'");
	assert_null(strstr(script, "for more than half"));
	assert_string_equal(cell_at(row_named("CPU that was away, in the gap that took most"), 1), "1");
	assert_string_equal(cell_at(row_named("begin of the gap, ns from the begin of the window"), 1), "1300");
	assert_string_equal(cell_at(row_named("nobody else had access since, ns from the begin of the window"), 1), "500");
	make(picture_worst_call);
	/* On one lane each is beneath the stages, and cut off where the call was made. */
	assert_within(script, "set object rect from 0,0.255 to 400,0.325 fc rgb '" SVG_INK "'");
	assert_within(script, "set object rect from 0,0.345 to 450,0.415 fc rgb '#a00004'");
	assert_within(script, "set object rect from 0,0.435 to 8000,0.505 fc rgb '#a00006'");
	assert_within(script, "set xrange [0:714]");
	assert_within(script, "title 'gap: CPU was away: 500 ns'");
	/* For how long, nobody knows: it began before the window. */
	assert_within(script, "title 'had access before', ");
	assert_null(strstr(script, "hatched"));
	assert_string_equal(cell_at(row_named("nobody else had access since, ns from the begin of the window"), 1), "");
	assert_string_equal(cell_at(row_named("last access before: left, ns from the begin of the window"), 1), "1450");
}

static void times_that_tell_nothing_are_not_drawn(void **state)
{
	static const char *const line[] = {
		/* An end before its begin; one that had left; DPCs that came too late for a picture of the event. */
		"run,cell0,1,1,isr_latency,1000,1000,1050,1900,1950,0,1,1,gap on CPU 1,1,1700,1300,500,500,800,9000,9700",
		"run,cell0,1,1,sync_wait,1000,1000,1500,1600,1700,0,1,0,masked,1,x,y,,1200,,2000,",
	};
	struct csv_schema aged = schema_events;

	(void)state;
	add_cell("spinlock", "2", "same", 100);
	write_csv(&schema_events, line, 2);
	make(picture_worst_interrupt);
	assert_within(script, "had access last before; left it 200 ns before this began");
	/* As it was known before there were times. */
	assert_within(script, "set object rect from 0,0.8 to 900,1.2");
	assert_within(script, "title 'DPCs, too late to draw: 700 ns'");
	assert_null(strstr(script, "#a00004"));
	assert_null(strstr(script, "from 8000"));
	make(picture_worst_call);
	assert_within(script, "had access last before; until when is not recorded");
	assert_null(strstr(script, "DPCs"));
	assert_null(strstr(script, "gap:"));
	aged.count = schema_events.older;
	write_csv(&aged, (const char *const[]){ "run,cell0,1,1,isr_latency,1000,1000,1050,1900,1950,0,1,1,lock held by CPU 1" }, 1);
	make(picture_worst_interrupt);
	assert_int_equal(drawing.error, 0);
	assert_within(script, "had access for more than half of this time");
	assert_string_equal(cell_at(row_named("begin of the gap, ns from the begin of the window"), 1), "");
}

static void bystanders_and_fairness_show_each_back_end(void **state)
{
	size_t a, b;

	(void)state;
	a = add_cell("spinlock", "2", "same", 100);
	b = add_cell("ticket", "2", "same", 100);
	for (size_t i = 0; i < INVOCATIONS; i++) {
		*value_of(a, i, REPORT_BYSTANDER_LOW_P99) = 900 + (double)i;
		*value_of(b, i, REPORT_BYSTANDER_LOW_P99) = 300 + (double)i;
		*value_of(b, i, REPORT_BYSTANDER_HIGH_P99) = 50 + (double)i;
		*value_of(a, i, REPORT_JAIN) = 0.75;
	}
	make_well(picture_bystanders);
	assert_within(picture.title, "lowest beside ticket (303 ns), highest beside spinlock (903 ns)");
	assert_string_equal(cell_at(row_named("ticket"), 2), "53");
	assert_string_equal(cell_at(row_named("ticket"), 5), "303");
	assert_string_equal(cell_at(row_named("spinlock"), 2), "");
	make(picture_fairness);
	assert_int_equal(picture.table.rows, 1);
	assert_string_equal(cell_at(row_named("spinlock"), 2), "0.75");
}

static void write_summary(void)
{
	FILE *file = create("summary.csv");

	fputs("cell_id,status,offered_iops,iops\n", file);
	for (size_t i = 0; i < 3; i++)
		fprintf(file, "cell0,ok,%zu,%zu.5\ncell1,ok,%zu,%zu\n", 1000 + i, 900 + i, 2000 + i, 1000 + i);
	fputs("cell0,failed,1,1\n", file);
	fclose(file);
}

static void offered_load_is_that_of_open_loops(void **state)
{
	(void)state;
	add_cell("spinlock", "2", "same", 100);
	add_cell("spinlock", "2", "same", 100);
	for (size_t c = 0; c < 2; c++) {
		cells[c].key[RUN_KEY_ARRIVAL] = "poisson";
		cells[c].key[RUN_KEY_ARRIVAL_RATE_HZ] = c ? "1000" : "500";
	}
	add_cell("ticket", "2", "same", 100);
	write_summary();
	make_well(picture_offered_load);
	assert_int_equal(picture.table.rows, 2);
	assert_string_equal(cell_at(0, 2), "3");
	assert_string_equal(cell_at(0, 3), "1001");
	assert_string_equal(cell_at(0, 4), "901.5");
	assert_string_equal(cell_at(1, 4), "1001");
	assert_within(picture.title, "the least share is spinlock's, 50% of 2.001 thousand");
}

/* Names are texts of a file: none may reach gnuplot but as a text. */
static void names_are_no_commands(void **state)
{
	size_t count, a, b;
	struct picture *all;
	char error[256];

	(void)state;
	a = add_cell("spin'lock`touch /dev/null/x`\n%s", "2", "same", 100);
	add_cell(cells[a].key[RUN_KEY_BACKEND], "1", "same", 100);
	b = add_cell("</text><script>", "2", "same", 100);
	for (size_t i = 0; i < INVOCATIONS; i++)
		*value_of(a, i, REPORT_JAIN) = *value_of(b, i, REPORT_JAIN) = 0.5;
	data.baseline = cells[a].key[RUN_KEY_BACKEND];
	if (pictures_draw(&data, &all, &count, error, sizeof(error)) == -ENOENT)
		skip();
	assert_non_null(all);
	for (size_t i = 0; i < count; i++) {
		assert_non_null(all[i].title);
		assert_true(all[i].svg || all[i].note);
		if (all[i].svg)
			assert_null(strstr(all[i].svg, "<script"));
	}
	assert_string_equal(all[1].id, "throughput-by-cpus");
	assert_within(all[1].svg, "spin'lock`touch /dev/null/x` %s");
	assert_within(all[1].svg, "&lt;/text");
	pictures_free(all, count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_picture_says_what_is_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(the_main_group_has_most_cpus_among_the_large, setup, teardown),
		cmocka_unit_test_setup_teardown(those_with_a_colour_are_the_baseline_extremes_and_known, setup, teardown),
		cmocka_unit_test_setup_teardown(percentiles_are_of_the_merged_samples, setup_cell, teardown),
		cmocka_unit_test_setup_teardown(a_percentile_is_its_rank_and_no_other, setup, teardown),
		cmocka_unit_test_setup_teardown(a_missing_file_is_not_a_missing_gnuplot, setup_cell, teardown),
		cmocka_unit_test_setup_teardown(a_damaged_histogram_is_one_line, setup_cell, teardown),
		cmocka_unit_test_setup_teardown(scaling_shows_medians_and_intervals, setup, teardown),
		cmocka_unit_test_setup_teardown(steps_are_1_2_and_5, setup, teardown),
		cmocka_unit_test_setup_teardown(hatched_is_what_is_not_shown_to_differ, setup_cell, teardown),
		cmocka_unit_test_setup_teardown(any_number_of_groups_is_drawn, setup, teardown),
		cmocka_unit_test_setup_teardown(a_map_is_as_wide_as_can_be_read, setup, teardown),
		cmocka_unit_test_setup_teardown(no_two_columns_have_one_label, setup, teardown),
		cmocka_unit_test_setup_teardown(stages_are_of_one_invocation_and_add_up, setup, teardown),
		cmocka_unit_test_setup_teardown(time_is_windows_if_there_are_enough, setup_cell, teardown),
		cmocka_unit_test_setup_teardown(the_worst_event_is_the_longest_that_ended_well, setup_cell, teardown),
		cmocka_unit_test_setup_teardown(others_are_drawn_where_their_times_are_known, setup, teardown),
		cmocka_unit_test_setup_teardown(times_that_tell_nothing_are_not_drawn, setup, teardown),
		cmocka_unit_test_setup_teardown(bystanders_and_fairness_show_each_back_end, setup, teardown),
		cmocka_unit_test_setup_teardown(offered_load_is_that_of_open_loops, setup, teardown),
		cmocka_unit_test_setup_teardown(names_are_no_commands, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
