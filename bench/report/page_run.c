/* SPDX-License-Identifier: MIT */
/* "What this run was": matrix, machine, command. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "bench/report/html.h"
#include "bench/report/page.h"

static const char *manifest_text(const struct page *page, const char *name)
{
	return json_string_value(json_object_get(page->data->manifest, name));
}

static uint64_t manifest_number(const struct page *page, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(page->data->manifest, name));
}

static void begin_fact(FILE *out, const char *name)
{
	html(out, "<div><dt>%s</dt><dd>", name);
}

static void end_fact(FILE *out)
{
	fputs("</dd></div>\n", out);
}

static void put_fact(FILE *out, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	begin_fact(out, name);
	html(out, "%s", value);
	end_fact(out);
}

static int by_value(const void *a, const void *b, void *key)
{
	return run_key_compare(*(const enum run_key *)key, *(const char *const *)a, *(const char *const *)b);
}

/* "1, 2": each value that cells have, in the order of the key. */
static void put_values(const struct page *page, enum run_key key)
{
	const struct run_data *run = &page->data->run;
	const char **value = calloc(run->cells + 1, sizeof(*value));
	size_t count = 0;

	for (size_t i = 0; value && i < run->cells; i++) {
		size_t k = 0;

		while (k < count && strcmp(value[k], run->cell[i].key[key]) != 0)
			k++;
		if (k == count && page_cell_has(run, i, key))
			value[count++] = run->cell[i].key[key];
	}
	if (value)
		qsort_r(value, count, sizeof(*value), by_value, &key);
	for (size_t k = 0; k < count; k++)
		html(page->out, "%s<span class=\"value\">%s</span>", k ? ", " : "", *value[k] ? value[k] : "none");
	free(value);
}

static bool is_empty(const struct run_data *run, enum run_key key)
{
	for (size_t i = 0; i < run->cells; i++) {
		if (*run->cell[i].key[key])
			return false;
	}
	return true;
}

/* What cells differ in, or what is the same in all of them. */
static void put_keys(const struct page *page, bool differs)
{
	const struct run_data *run = &page->data->run;

	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		enum run_key key = (enum run_key)k;

		if (k == RUN_KEY_RUN || page_key_differs(run, key) != differs)
			continue;
		if (!differs && (is_empty(run, key) || run_key_is_origin(key)))
			continue;
		begin_fact(page->out, run_key_words(key));
		put_values(page, key);
		end_fact(page->out);
	}
}

/* Quoted where a shell would take it apart. */
static void put_word(FILE *out, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";

	if (*word && strspn(word, plain) == strlen(word)) {
		html(out, "%s", word);
		return;
	}
	putc('\'', out);
	for (; *word; word++) {
		char one[2] = { *word, '\0' };

		html(out, "%s", *word == '\'' ? "'\\''" : one);
	}
	putc('\'', out);
}

/* The command as it was given, and the seed that it drew. */
static void put_command(const struct page *page)
{
	const json_t *command = json_object_get(page->data->manifest, "command");
	bool has_seed = false;
	const json_t *word;
	size_t i;

	if (!json_is_array(command)) {
		fputs("<p>Merged from shards; each has its own command in its <code>run.json</code>.</p>\n", page->out);
		return;
	}
	fputs("<p>The same cells in the same order, into another folder:</p>\n", page->out);
	html_scroll_begin(page->out, "Command to repeat the run");
	fputs("<pre><code>", page->out);
	json_array_foreach(command, i, word) {
		const char *text = json_string_value(word);

		if (!text)
			continue;
		if (strcmp(text, "-o") == 0 || strcmp(text, "--output") == 0) {
			i++;
			continue;
		}
		if (strncmp(text, "--output=", 9) == 0 || strncmp(text, "-o", 2) == 0)
			continue;
		has_seed = has_seed || strncmp(text, "--seed", 6) == 0;
		if (i)
			putc(' ', page->out);
		put_word(page->out, text);
	}
	if (!has_seed)
		html(page->out, " --seed %lu", manifest_number(page, "seed"));
	fputs("</code></pre>\n", page->out);
	html_scroll_end(page->out);
}

static void put_parts(const struct page *page)
{
	const json_t *parts = json_object_get(page->data->manifest, "parts");
	const json_t *part;
	size_t i;

	if (!json_array_size(parts))
		return;
	begin_fact(page->out, "merged from");
	json_array_foreach(parts, i, part)
		html(page->out, "%s%s on %s", i ? ", " : "", json_string_value(json_object_get(part, "run_id")),
		     json_string_value(json_object_get(part, "host_id")));
	end_fact(page->out);
}

/* Of the journal: what the invocations took. */
static void put_time(const struct page *page)
{
	uint64_t wall_ns = 0, window_ns = 0;
	char text[64];

	for (size_t i = 0; i < page->journal.count; i++) {
		wall_ns += page->journal.entry[i].wall_ns;
		window_ns += page->journal.entry[i].window_ns;
	}
	if (!wall_ns)
		return;
	begin_fact(page->out, "time taken");
	snprintf(text, sizeof(text), "%.1f s", (double)wall_ns / 1e9);
	html_data(page->out, (double)wall_ns / 1e9, text);
	fputs(" in invocations, of which ", page->out);
	snprintf(text, sizeof(text), "%.1f s", (double)window_ns / 1e9);
	html_data(page->out, (double)window_ns / 1e9, text);
	fputs(" inside measured windows", page->out);
	end_fact(page->out);
}

static void put_identity(const struct page *page)
{
	struct page_rows rows = page_count_rows(&page->data->run);
	FILE *out = page->out;

	put_fact(out, "run", page->data->run.run_id);
	put_fact(out, "begun", manifest_text(page, "created_utc"));
	put_fact(out, "matrix", json_string_value(json_object_get(json_object_get(page->data->manifest, "matrix"), "name")));
	begin_fact(out, "cells");
	html(out, "<data value=\"%zu\">%zu</data>, of which <data value=\"%zu\">%zu</data> could be "
	     "measured", rows.cells, rows.cells,
	     rows.measured_cells, rows.measured_cells);
	end_fact(out);
	begin_fact(out, "invocations");
	html(out, "<data value=\"%lu\">%lu</data> of each cell, each a process of its own, in random order block by block",
	     manifest_number(page, "invocations"), manifest_number(page, "invocations"));
	end_fact(out);
	begin_fact(out, "seed");
	html(out, "<data value=\"%lu\">%lu</data>", manifest_number(page, "seed"), manifest_number(page, "seed"));
	end_fact(out);
	if (manifest_number(page, "shards") > 1) {
		begin_fact(out, "shard");
		html(out, "%lu of %lu", manifest_number(page, "shard"), manifest_number(page, "shards"));
		end_fact(out);
	}
	put_parts(page);
	put_time(page);
}

/* What env.csv has of a check, each value once: a merged run has several machines. */
static void put_finding(const struct page *page, const char *name, const char *words)
{
	const struct csv_table *env = &page->env;
	size_t check = csv_table_column(env, "check"), value = csv_table_column(env, "value");
	size_t shown = 0;

	for (size_t row = 0; row < env->rows; row++) {
		const char *text = csv_table_string(env, row, value);
		bool again = false;

		if (!*text || strcmp(csv_table_string(env, row, check), name) != 0)
			continue;
		for (size_t k = 0; k < row && !again; k++)
			again = strcmp(csv_table_string(env, k, check), name) == 0 && strcmp(csv_table_string(env, k, value), text) == 0;
		if (again)
			continue;
		if (shown++)
			html(page->out, "; %s", text);
		else
			html(page->out, "<div><dt>%s</dt><dd>%s", words, text);
	}
	if (shown)
		end_fact(page->out);
}

/* What is not a text was not known when the run began. */
static const char *machine_text(const json_t *machine, const char *name)
{
	const char *text = json_string_value(json_object_get(machine, name));

	return text ? text : "not known";
}

static void count_text(const json_t *machine, const char *name, const char *words, char text[48])
{
	json_int_t count = json_integer_value(json_object_get(machine, name));

	if (count > 0)
		snprintf(text, 48, "%lld %s%s", (long long)count, words, html_plural((size_t)count));
	else
		snprintf(text, 48, "%ss not known", words);
}

static void memory_text(const json_t *machine, char text[48])
{
	json_int_t bytes = json_integer_value(json_object_get(machine, "memory_bytes"));

	if (bytes > 0)
		snprintf(text, 48, "%.1f GiB", (double)bytes / (1 << 30));
	else
		snprintf(text, 48, "not known");
}

static void put_machine_facts(FILE *out, const json_t *machine)
{
	char cpus[48], cores[48], memory[48];

	count_text(machine, "cpus_usable", "CPU", cpus);
	count_text(machine, "cores_usable", "core", cores);
	memory_text(machine, memory);
	put_fact(out, "CPU model", machine_text(machine, "cpu_model"));
	begin_fact(out, "usable");
	html(out, "%s on %s", cpus, cores);
	end_fact(out);
	put_fact(out, "memory", memory);
	put_fact(out, "kernel", machine_text(machine, "kernel"));
	put_fact(out, "distribution", machine_text(machine, "distribution"));
	put_fact(out, "hypervisor", machine_text(machine, "hypervisor"));
	put_fact(out, "compiler", machine_text(machine, "compiler"));
}

static const char *part_host(const json_t *part)
{
	return json_string_value(json_object_get(part, "host_id"));
}

static bool same_machine(const json_t *a, const json_t *b)
{
	const json_t *x = json_object_get(a, "machine"), *y = json_object_get(b, "machine");

	return strcmp(part_host(a) ? part_host(a) : "", part_host(b) ? part_host(b) : "") == 0 && (x == y || json_equal(x, y));
}

/* Each machine of a merged run in a line. */
static void put_machines_of_parts(const struct page *page, const json_t *parts)
{
	for (size_t i = 0; i < json_array_size(parts); i++) {
		const json_t *part = json_array_get(parts, i), *machine = json_object_get(part, "machine");
		char cpus[48], cores[48], memory[48];
		size_t k = 0;

		while (k < i && !same_machine(json_array_get(parts, k), part))
			k++;
		if (k < i)
			continue;
		begin_fact(page->out, part_host(part));
		if (json_is_object(machine)) {
			count_text(machine, "cpus_usable", "CPU", cpus);
			count_text(machine, "cores_usable", "core", cores);
			memory_text(machine, memory);
			html(page->out, "CPU model %s; %s on %s; memory %s; kernel %s; distribution %s; hypervisor %s; compiler %s",
			     machine_text(machine, "cpu_model"), cpus, cores, memory, machine_text(machine, "kernel"),
			     machine_text(machine, "distribution"), machine_text(machine, "hypervisor"),
			     machine_text(machine, "compiler"));
		} else {
			html(page->out, "CPU model, kernel and memory were not recorded by this run");
		}
		end_fact(page->out);
	}
}

/* What run.json has of the machine, and env.csv. */
static void put_machine(const struct page *page)
{
	static const struct {
		const char *check, *words;
	} facts[] = {
		{ "allowed-cpus", "CPUs allowed" },         { "numa", "memory nodes" },       { "clocksource", "clock source" },
		{ "preemption", "kernel preemption" },      { "isolated", "isolated CPUs" }, { "governor", "frequency governor" },
	};
	const json_t *machine = json_object_get(page->data->manifest, "machine");
	const json_t *parts = json_object_get(page->data->manifest, "parts");

	put_fact(page->out, "host", manifest_text(page, "host_id"));
	put_fact(page->out, "build", manifest_text(page, "build_id"));
	if (json_array_size(parts)) {
		put_machines_of_parts(page, parts);
	} else if (json_is_object(machine)) {
		put_machine_facts(page->out, machine);
	} else {
		put_fact(page->out, "CPU model, kernel, memory", "not recorded by this run");
		put_finding(page, "virtual-machine", "virtual machine");
	}
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		put_finding(page, facts[i].check, facts[i].words);
}

void page_run(const struct page *page)
{
	FILE *out = page->out;

	fputs("<section id=\"run\" aria-labelledby=\"run-title\">\n<h2 id=\"run-title\">What this run was</h2>\n<div "
	      "class=\"columns\">\n", out);
	fputs("<div><h3>The run</h3>\n<dl class=\"facts\">\n", out);
	put_identity(page);
	fputs("</dl></div>\n<div><h3>The machine</h3>\n<dl class=\"facts\">\n", out);
	put_machine(page);
	fputs("</dl></div>\n<div><h3>What the cells differ in</h3>\n<dl class=\"facts\">\n", out);
	put_keys(page, true);
	fputs("</dl></div>\n<div><h3>What is the same in all of them</h3>\n<dl class=\"facts tight\">\n", out);
	put_keys(page, false);
	fputs("</dl></div>\n</div>\n<h3>To repeat it</h3>\n", out);
	put_command(page);
	fputs("</section>\n", out);
}
