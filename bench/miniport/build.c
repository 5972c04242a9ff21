/* SPDX-License-Identifier: MIT */
/* Building a miniport; see build.h. */
#define _GNU_SOURCE
#include "bench/miniport/build.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/cli/usage.h"
#include "bench/miniport/compile.h"
#include "bench/miniport/kit.h"
#include "bench/miniport/link.h"
#include "bench/miniport/scratch.h"
#include "bench/miniport/sources.h"

struct build {
	struct sources sources;
	struct path_list folders; /* -I, in their order */
	struct arguments macros;
	struct arguments options;
	const char *compiler;
	const char *output;
	bool keep;
	bool verbose;
	struct kit kit;
	char scratch[PATH_MAX];
};

enum { KEY_CC = 0x100, KEY_KEEP };

static void add_macro(struct build *build, const char *name)
{
	char text[1024];

	if ((size_t)snprintf(text, sizeof(text), "-D%s", name) >= sizeof(text))
		usage_error("-D: '%.40s...' is too long; use less than %zu characters", name, sizeof(text) - 2);
	arguments_add(&build->macros, text);
}

static void add_folder(struct build *build, const char *path)
{
	struct stat info;

	if (stat(path, &info) || !S_ISDIR(info.st_mode))
		usage_error("-I %s: no such folder", path);
	if (path_list_add(&build->folders, path))
		usage_error("out of memory");
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct build *build = state->input;
	char error[PATH_MAX + 256];

	switch (key) {
	case ARGP_KEY_ARG:
		if (sources_add(&build->sources, argument, error, sizeof(error)))
			usage_error("%s", error);
		return 0;
	case 'o':
		build->output = argument;
		return 0;
	case 'I':
		add_folder(build, argument);
		return 0;
	case 'D':
		add_macro(build, argument);
		return 0;
	case KEY_CC:
		build->compiler = argument;
		return 0;
	case KEY_KEEP:
		build->keep = true;
		return 0;
	case 'v':
		build->verbose = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* A miniport may be replaced; what is anything else was not made here. */
static void check_output(const char *path)
{
	char error[256];
	struct stat info;

	if (lstat(path, &info))
		return;
	if (link_is_miniport(path, error, sizeof(error)))
		usage_error("-o %s: exists, and is no miniport (%s); choose another name", path, error);
}

static void finish(const struct build *build)
{
	if (build->keep)
		fprintf(stderr, "storsync miniport build: what was made on the way is in %s\n", build->scratch);
	else
		scratch_remove(build->scratch);
}

/* A folder for each source: its forwards are its own. */
static int compile_one(const struct build *build, const struct path_list *searched, size_t index, const char *object)
{
	char scratch[PATH_MAX], error[600] = "a temporary folder cannot be made";
	const struct compilation compilation = {
		.kit = &build->kit, .compiler = build->compiler, .source = build->sources.files.path[index], .object = object,
		.scratch = scratch, .folders = (const char *const *)searched->path, .folder_count = searched->count,
		.options = &build->options, .macros = &build->macros, .warnings = build->verbose, .verbose = build->verbose,
	};
	int status;

	snprintf(scratch, sizeof(scratch), "%.4000s/%zu", build->scratch, index);
	status = mkdir(scratch, 0700) ? -errno : compile(&compilation, error, sizeof(error));
	if (status < 0)
		fprintf(stderr, "storsync miniport build: %s\n", error);
	return status;
}

/* All are compiled, so that all their errors are seen at once. */
static size_t compile_all(struct build *build, struct path_list *objects)
{
	size_t failed = 0;

	/* Those that were asked for come first. */
	for (size_t i = 0; i < build->sources.folders.count; i++) {
		if (path_list_add(&build->folders, build->sources.folders.path[i]))
			return build->sources.files.count;
	}
	for (size_t i = 0; i < build->sources.files.count; i++) {
		char object[PATH_MAX];
		int status;

		snprintf(object, sizeof(object), "%.4000s/%zu.o", build->scratch, i);
		status = path_list_add(objects, object) ? -ENOMEM : compile_one(build, &build->folders, i, object);
		if (status == 127) {
			finish(build);
			usage_error("--cc %s: this compiler cannot be started; use gcc or clang", build->compiler);
		}
		failed += status != 0;
	}
	return failed;
}

static int build_all(struct build *build)
{
	struct path_list objects = { 0 };
	const struct link link = {
		.compiler = build->compiler, .objects = &objects, .output = build->output, .scratch = build->scratch, .verbose = build->verbose,
	};
	size_t failed = compile_all(build, &objects);
	int status;

	if (failed) {
		fprintf(stderr, "storsync miniport build: %zu of %zu sources did not compile; nothing was built\n", failed,
			build->sources.files.count);
		status = EXIT_USAGE;
	} else {
		status = link_miniport(&link) ? EXIT_USAGE : EXIT_SUCCESS;
	}
	for (size_t i = 0; i < objects.count; i++)
		free(objects.path[i]);
	free(objects.path);
	return status;
}

int miniport_build_main(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "output", 'o', "FILE", 0, "the miniport, such as driver.so", 0 },
		{ "include", 'I', "DIR", 0, "search headers there; again for more", 0 },
		{ "define", 'D', "NAME[=VALUE]", 0, "define a macro; again for more", 0 },
		{ "cc", KEY_CC, "COMPILER", 0, "gcc (the default) or clang", 0 },
		{ "keep", KEY_KEEP, NULL, 0, "keep what is made on the way, and say where", 0 },
		{ "verbose", 'v', NULL, 0, "print each command, and the compiler's warnings", 0 },
		{ NULL, 0, NULL, 0, NULL, 0 },
	};
	static const struct argp argp = {
		.options = options, .parser = parse, .args_doc = "DIR|FILE...",
		.doc = "Compile a StorPort miniport's own source, as it is, for `storsync run --miniport`.\v"
		       "Of a folder, the sources are those that its file `sources` or its only .vcxproj lists, else all *.c in it. Headers are "
		       "also searched in the folders named.\n\nExit status: 0 built, 2 usage, or a source that does not compile or link.",
	};
	static struct build build = { .compiler = "gcc" };
	char error[1024];
	int status;

	usage_parse(&argp, "miniport build", argc, argv, &build);
	if (!build.sources.files.count)
		usage_error("no source was named; give the driver's folder, or its *.c files");
	if (!build.output)
		usage_error("-o is missing; name the file to make, such as -o driver.so");
	check_output(build.output);
	if (kit_find(&build.kit, error, sizeof(error)))
		usage_error("%s", error);
	status = scratch_make(build.scratch, sizeof(build.scratch));
	if (status)
		usage_error("a temporary folder cannot be made: %s", strerror(-status));
	status = build_all(&build);
	finish(&build);
	if (!status)
		printf("%s: built from %zu sources by %s\n", build.output, build.sources.files.count, build.compiler);
	sources_fini(&build.sources);
	arguments_fini(&build.macros);
	return fflush(stdout) ? EXIT_FAILURE : status;
}
