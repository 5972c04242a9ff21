/* SPDX-License-Identifier: MIT */
/* `storsync status`; see status.h. */
#include "bench/run_dir/status.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/cli/usage.h"
#include "bench/run_dir/journal.h"
#include "bench/run_dir/manifest.h"

#define RESULTS "results"
/* Failures shown: the last ones. */
#define FAILURES 5

enum { EXIT_NOTHING = 3 };

struct status {
	const char *directory;
	struct run_manifest manifest;
	struct run_journal journal;
	bool busy;
	uint64_t expected;
	uint64_t wall_ns, window_ns;
};

/* "41 s", "3 min 05 s", "2 h 07 min". */
static void put_time(char text[32], uint64_t ns)
{
	uint64_t s = (ns + 500000000) / 1000000000;

	if (s < 60)
		snprintf(text, 32, "%" PRIu64 " s", s);
	else if (s < 3600)
		snprintf(text, 32, "%" PRIu64 " min %02" PRIu64 " s", s / 60, s % 60);
	else
		snprintf(text, 32, "%" PRIu64 " h %02" PRIu64 " min", s / 3600, s % 3600 / 60);
}

static void print_matrix(const struct status *s, FILE *out)
{
	const struct run_manifest *manifest = &s->manifest;
	const char *name = json_string_value(json_object_get(manifest->matrix, "name"));
	size_t cells = run_manifest_cells(manifest);
	size_t skipped = cells - run_manifest_runnable(manifest);
	size_t parts = json_array_size(json_object_get(manifest->json, "parts"));

	fprintf(out, "%s\n", s->directory);
	fprintf(out, "  matrix    %s%s%zu cell%s", name ? name : "", name ? ": " : "", cells, cells == 1 ? "" : "s");
	if (skipped)
		fprintf(out, ", %zu of them skipped", skipped);
	fprintf(out, "; %" PRIu64 " invocation%s of each; seed %" PRIu64 "\n", manifest->invocations,
		manifest->invocations == 1 ? "" : "s", manifest->seed);
	if (manifest->shards > 1)
		fprintf(out, "  shard     %u/%u: %" PRIu64 " of these invocations\n", manifest->shard, manifest->shards,
			run_manifest_blocks(manifest));
	if (parts)
		fprintf(out, "  merged    from %zu run%s\n", parts, parts == 1 ? "" : "s");
	fprintf(out, "  started   %s on %s, by storsync %s\n", manifest->created_utc, manifest->host_id, manifest->build_id);
}

static bool told_earlier(const struct run_journal *journal, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (strcmp(journal->entry[i].status, journal->entry[index].status) == 0)
			return true;
	}
	return false;
}

static void print_done(const struct status *s, FILE *out)
{
	const struct run_journal *journal = &s->journal;
	const char *separator = ":";

	fprintf(out, "  done      %zu of %s%" PRIu64 " invocations", journal->count, run_manifest_is_open(&s->manifest) ? "at least " : "",
		s->expected);
	for (size_t i = 0; i < journal->count; i++) {
		size_t same = 0;

		if (told_earlier(journal, i))
			continue;
		for (size_t j = i; j < journal->count; j++)
			same += strcmp(journal->entry[j].status, journal->entry[i].status) == 0;
		fprintf(out, "%s %zu %s", separator, same, journal->entry[i].status);
		separator = ",";
	}
	fputc('\n', out);
}

static void print_state(const struct status *s, FILE *out)
{
	const struct run_journal *journal = &s->journal;

	fputs("  state     ", out);
	if (s->busy)
		fputs("running\n", out);
	else if (journal->complete && journal->stopped[0])
		fprintf(out, "complete, with fewer invocations than asked for: %s\n", journal->stopped);
	else if (journal->complete)
		fputs("complete\n", out);
	else if (json_object_get(s->manifest.json, "parts"))
		fputs("merged from shards that are not all there or not complete\n", out);
	else
		fprintf(out, "interrupted: no process is at it%s\n", journal->torn ? "; the journal's last line is torn, and will be dropped" : "");
}

static void print_time(const struct status *s, FILE *out)
{
	uint64_t left = s->expected > s->journal.count ? s->expected - s->journal.count : 0;
	char elapsed[32], to_go[32];

	if (!s->journal.count)
		return;
	put_time(elapsed, s->wall_ns);
	put_time(to_go, (uint64_t)((double)s->wall_ns / (double)s->journal.count * (double)left));
	fprintf(out, "  time      %s in invocations so far", elapsed);
	if (left && !s->journal.complete)
		fprintf(out, ", about %s to go", to_go);
	fputc('\n', out);
	if (s->wall_ns)
		fprintf(out, "  windows   %.0f%% of that inside measured windows\n", 100.0 * (double)s->window_ns / (double)s->wall_ns);
}

/* What a cell is, shortly: its back end and width. */
static void put_cell(const struct run_manifest *manifest, const char *id, char *text, size_t bytes)
{
	snprintf(text, bytes, "cell %s", id);
	for (size_t i = 0; i < run_manifest_cells(manifest); i++) {
		json_t *spec = json_object_get(json_array_get(json_object_get(manifest->matrix, "cells"), i), "spec");
		const char *backend = json_string_value(json_object_get(spec, "backend"));

		if (strcmp(run_manifest_cell_id(manifest, i), id) || !backend)
			continue;
		snprintf(text, bytes, "%s, cpus %" JSON_INTEGER_FORMAT ", cell %s", backend,
			 json_integer_value(json_object_get(spec, "cpus")), id);
	}
}

static void print_failures(const struct status *s, FILE *out)
{
	const char *title = "failures";
	size_t shown = 0;

	for (size_t i = s->journal.count; i > 0 && shown < FAILURES; i--) {
		const struct run_journal_entry *entry = &s->journal.entry[i - 1];
		char cell[120];

		if (strcmp(entry->status, "ok") == 0)
			continue;
		put_cell(&s->manifest, entry->cell, cell, sizeof(cell));
		fprintf(out, "  %-9s %s: invocation %" PRIu64 " of %s%s%s\n", title, entry->status, entry->block, cell,
			entry->reason[0] ? ": " : "", entry->reason);
		title = "";
		shown++;
	}
}

/* A word that a shell takes as it is. */
static void put_word(FILE *out, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./%@";

	if (*word && !word[strspn(word, plain)]) {
		fprintf(out, " %s", word);
		return;
	}
	fputs(" '", out);
	for (; *word; word++) {
		if (*word == '\'')
			fputs("'\\''", out);
		else
			fputc(*word, out);
	}
	fputc('\'', out);
}

/* A long option may be shortened, as long as it is no other's beginning; a value may follow its =. */
static bool is_option(const char *word, const char *option, size_t least)
{
	size_t length = strcspn(word, "=");

	return length >= least && strncmp(word, option, length) == 0 && length <= strlen(option);
}

/* Words that say where the files go, which is told by the folder that was asked about; 0 to 2. */
static int names_output(const char *word)
{
	if (is_option(word, "--output", 4))
		return strchr(word, '=') ? 1 : 2;
	return strncmp(word, "-o", 2) ? 0 : word[2] ? 1 : 2;
}

static void print_resume(const struct status *s, FILE *out)
{
	json_t *command = json_object_get(s->manifest.json, "command");
	int skip = 0;
	json_t *word;
	size_t i;

	if (s->busy || s->journal.complete || !json_array_size(command))
		return;
	fputs("  resume    storsync", out);
	json_array_foreach(command, i, word) {
		const char *text = json_string_value(word);
		const char *slash = text ? strrchr(text, '/') : NULL;

		/* The program's own name, however it was called. */
		if (!text || (i == 0 && strcmp(slash ? slash + 1 : text, "storsync") == 0))
			continue;
		if (!skip)
			skip = names_output(text);
		if (skip) {
			skip--;
			continue;
		}
		/* It would throw away what there is to go on with. */
		if (!is_option(text, "--fresh", 4))
			put_word(out, text);
	}
	fputs(" -o", out);
	put_word(out, s->directory);
	fputc('\n', out);
}

static int load(struct status *s, char *error, size_t error_bytes)
{
	int err = run_manifest_load(s->directory, &s->manifest, error, error_bytes);

	if (err)
		return err;
	s->busy = run_journal_busy(s->directory);
	err = run_journal_load(s->directory, &s->journal, error, error_bytes);
	/* Before its first line it is not there. */
	if (err && err != -ENOENT) {
		run_manifest_fini(&s->manifest);
		return err;
	}
	s->expected = run_manifest_blocks(&s->manifest) * run_manifest_runnable(&s->manifest);
	if (json_object_get(s->manifest.json, "parts"))
		s->expected = (uint64_t)json_integer_value(json_object_get(s->manifest.json, "expected"));
	for (size_t i = 0; i < s->journal.count; i++) {
		s->wall_ns += s->journal.entry[i].wall_ns;
		s->window_ns += s->journal.entry[i].window_ns;
	}
	return 0;
}

int status_print(const char *directory, FILE *out, char *error, size_t error_bytes)
{
	struct status s = { .directory = directory };

	if (load(&s, error, error_bytes))
		return EXIT_USAGE;
	print_matrix(&s, out);
	print_state(&s, out);
	print_done(&s, out);
	print_time(&s, out);
	print_failures(&s, out);
	print_resume(&s, out);
	run_journal_fini(&s.journal);
	run_manifest_fini(&s.manifest);
	return EXIT_SUCCESS;
}

int status_newest(const char *results, char *directory, size_t directory_bytes)
{
	struct timespec newest = { .tv_sec = -1 };
	const struct dirent *entry;
	DIR *dir = opendir(results);

	while (dir && (entry = readdir(dir)) != NULL) {
		char path[700];
		struct stat info;

		snprintf(path, sizeof(path), "%s/%s/" RUN_MANIFEST_FILE, results, entry->d_name);
		if (stat(path, &info) || info.st_mtim.tv_sec < newest.tv_sec ||
		    (info.st_mtim.tv_sec == newest.tv_sec && info.st_mtim.tv_nsec < newest.tv_nsec))
			continue;
		newest = info.st_mtim;
		snprintf(directory, directory_bytes, "%s/%s", results, entry->d_name);
	}
	if (dir)
		closedir(dir);
	return newest.tv_sec < 0 ? -ENOENT : 0;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	const char **directory = state->input;

	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	if (*directory)
		usage_error("'%s': one folder at a time", argument);
	*directory = argument;
	return 0;
}

int status_main(int argc, char **argv)
{
	static const struct argp argp = {
		.parser = parse,
		.args_doc = "[DIR]",
		.doc = "Tells how far a run is: the one in DIR, or the latest in " RESULTS "/.",
	};
	const char *directory = NULL;
	char newest[600], error[900];
	int status;

	usage_parse(&argp, "status", argc, argv, &directory);
	if (!directory) {
		if (status_newest(RESULTS, newest, sizeof(newest))) {
			fputs("storsync status: no run in " RESULTS "/; name a run's folder\n", stderr);
			return EXIT_NOTHING;
		}
		directory = newest;
	}
	status = status_print(directory, stdout, error, sizeof(error));
	if (status)
		usage_error("%s", error);
	return status;
}
