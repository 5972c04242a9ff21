/* SPDX-License-Identifier: MIT */
/* `storsync miniport`: finds what is to be done with one; `list` and `check` are here. */
#include "bench/miniport/main.h"

#include <argp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cli/usage.h"
#include "bench/miniport/build.h"
#include "bench/miniport/elf_file.h"
#include "bench/miniport/surface.h"
#include "hba_sim/ddk/abi.h"
#include "hba_sim/devices/devices.h"

static error_t refuse_arguments(int key, char *argument, struct argp_state *state)
{
	if (key == ARGP_KEY_ARG)
		usage_error("'%s' is too much; `storsync miniport list` takes nothing", argument);
	return ARGP_ERR_UNKNOWN;
}

static int list(int argc, char **argv)
{
	static const struct argp argp = { .parser = refuse_arguments, .doc = "The miniports that come with the program, and the device that each drives." };

	usage_parse(&argp, "miniport list", argc, argv, NULL);
	for (size_t i = 0; i < device_model_count; i++) {
		const struct device_model *model = device_models[i];

		if (model->miniport)
			printf("%-12s for --device %s: %s\n", model->miniport, model->name, model->summary);
	}
	return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}

struct checking {
	const char *path;
	bool quiet;
};

static error_t take_file(int key, char *argument, struct argp_state *state)
{
	struct checking *checking = state->input;

	if (key == 'q')
		checking->quiet = true;
	else if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	else if (checking->path)
		usage_error("'%s' is one file too many", argument);
	else
		checking->path = argument;
	return 0;
}

static void print_picture(const struct elf_file *file)
{
	const Elf64_Sym *mark = elf_find_defined(file, STORSYNC_DDK_ABI_SYMBOL);
	const unsigned *abi = mark ? elf_contents(file, mark, sizeof(*abi)) : NULL;

	printf("entry      %s\n", elf_find_defined(file, MINIPORT_ENTRY) ? MINIPORT_ENTRY : "none");
	if (abi)
		printf("headers    version %u\n", *abi);
	for (size_t i = 0; i < file->dynamic.count; i++) {
		const Elf64_Sym *symbol = &file->dynamic.symbol[i];
		const char *name = elf_name(&file->dynamic, symbol);

		if (surface_is_wanted(file, symbol))
			printf("calls      %s%s\n", name, surface_has(name) ? "" : ", which storsync does not have");
	}
}

/* All that it calls in vain; how many. */
static unsigned report_missing(const struct elf_file *file, const char *path)
{
	unsigned missing = 0;

	for (size_t i = 0; i < file->dynamic.count; i++) {
		const Elf64_Sym *symbol = &file->dynamic.symbol[i];
		const char *name = elf_name(&file->dynamic, symbol);

		if (!surface_is_wanted(file, symbol) || surface_has(name))
			continue;
		fprintf(stderr, "storsync miniport: %s calls %s, which storsync does not have; see " MINIPORT_DOCUMENT "\n", path, name);
		missing++;
	}
	return missing;
}

static int check(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "quiet", 'q', NULL, 0, "print only what is wrong", 0 },
		{ NULL, 0, NULL, 0, NULL, 0 },
	};
	static const struct argp argp = {
		.options = options, .parser = take_file, .args_doc = "FILE",
		.doc = "Look at a built miniport without loading it: what it exports and calls, and whether this program can run it.\v"
		       "Exit status: 0 it can, 2 it cannot.",
	};
	struct checking checking = { 0 };
	struct elf_file file;
	char error[256];

	usage_parse(&argp, "miniport check", argc, argv, &checking);
	if (!checking.path)
		usage_error("a file is missing, such as driver.so");
	if (elf_file_open(&file, checking.path, error, sizeof(error)))
		usage_error("%s: %s", checking.path, error);
	if (!checking.quiet)
		print_picture(&file);
	if (fflush(stdout))
		return EXIT_FAILURE;
	if (report_missing(&file, checking.path))
		return EXIT_USAGE;
	if (surface_check(&file, error, sizeof(error)))
		usage_error("%s: %s", checking.path, error);
	elf_file_close(&file);
	return EXIT_SUCCESS;
}

static const struct {
	const char *name;
	int (*main)(int argc, char **argv);
} verbs[] = {
	{ "build", miniport_build_main },
	{ "check", check },
	{ "list", list },
	{ "cc", miniport_cc_main },
};

static error_t no_options(int key, char *argument, struct argp_state *state)
{
	return ARGP_ERR_UNKNOWN;
}

int miniport_main(int argc, char **argv)
{
	static const struct argp argp = {
		.parser = no_options, .args_doc = "build|check|list|cc [OPTION...]",
		.doc = "StorPort miniports: drivers' own source, compiled to be measured.\v"
		       "  build     compile a driver's source into what `storsync run --miniport` takes\n"
		       "  check     look at a built one: what it exports and calls\n"
		       "  list      those that come with the program\n"
		       "  cc        in front of a build system's compiler: `storsync miniport cc gcc ...`\n",
	};

	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].main(argc - 1, argv + 1);
	}
	if (argc > 1 && argv[1][0] != '-') {
		fprintf(stderr, "storsync miniport: '%s' is none of build, check, list, cc\n", argv[1]);
		return EXIT_USAGE;
	}
	usage_parse(&argp, "miniport", argc, argv, NULL);
	fprintf(stderr, "storsync miniport: what is to be done is missing: build, check, list or cc\n");
	return EXIT_USAGE;
}
