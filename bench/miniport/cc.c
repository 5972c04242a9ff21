/* SPDX-License-Identifier: MIT */
/*
 * `storsync miniport cc COMPILER ARGUMENT...`: a compiler's command line, carried out as a miniport's sources need it.
 *
 * Build systems put it in front of their compiler. What compiles one C source is done here; the rest is the compiler's.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/cli/usage.h"
#include "bench/miniport/build.h"
#include "bench/miniport/compile.h"
#include "bench/miniport/scratch.h"
#include "bench/miniport/sources.h"

struct command {
	struct arguments options;
	struct arguments macros;
	struct path_list folders;
	const char *source;
	const char *object;
	const char *dependencies; /* -MF */
	unsigned sources;
	bool compiles;
	bool warnings;
};

/* Options of preprocessing whose value is an argument of its own. */
static bool takes_value(const char *argument)
{
	static const char *const names[] = { "-D", "-U", "-MF", "-MT", "-MQ", "-include", "-isystem", "-iquote", "-idirafter", "-imacros" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(argument, names[i]) == 0)
			return true;
	}
	return false;
}

static bool is_for_preprocessing(const char *argument)
{
	return strncmp(argument, "-D", 2) == 0 || strncmp(argument, "-U", 2) == 0 || strncmp(argument, "-M", 2) == 0 || takes_value(argument);
}

static bool is_source(const char *argument)
{
	size_t length = strlen(argument);

	return argument[0] != '-' && length > 2 && strcasecmp(argument + length - 2, ".c") == 0;
}

/* Takes one argument, or two; how many. */
static int take(struct command *command, char **argument, int left)
{
	const char *text = argument[0];

	if (strcmp(text, "-c") == 0) {
		command->compiles = true;
	} else if (strcmp(text, "-o") == 0 && left > 1) {
		command->object = argument[1];
		return 2;
	} else if (strncmp(text, "-I", 2) == 0 && (text[2] || left > 1)) {
		path_list_add(&command->folders, text[2] ? text + 2 : argument[1]);
		return text[2] ? 1 : 2;
	} else if (is_source(text)) {
		command->source = text;
		command->sources++;
	} else if (is_for_preprocessing(text)) {
		arguments_add(&command->macros, text);
		if (!takes_value(text) || left < 2)
			return 1;
		arguments_add(&command->macros, argument[1]);
		if (strcmp(text, "-MF") == 0)
			command->dependencies = argument[1];
		return 2;
	} else {
		command->warnings |= strncmp(text, "-W", 2) == 0;
		arguments_add(&command->options, text);
	}
	return 1;
}

/* What a source depends on are its headers, not what stood for them meanwhile: a file that is gone is built again for ever. */
static void forget_scratch(const char *path, const char *scratch)
{
	FILE *file = fopen(path, "r+e");
	char *text = NULL, *at;
	size_t bytes = 0;
	ssize_t length = file ? getdelim(&text, &bytes, '\0', file) : -1;

	for (at = length > 0 ? strstr(text, scratch) : NULL; at; at = strstr(at, scratch)) {
		char *end = at;

		while (*end && *end != ' ' && *end != '\n')
			end += *end == '\\' && end[1] == ' ' ? 2 : 1;
		memmove(at, end, strlen(end) + 1);
	}
	if (length > 0 && fseek(file, 0, SEEK_SET) == 0 && fputs(text, file) >= 0 && fflush(file) == 0 &&
	    ftruncate(fileno(file), (off_t)strlen(text)))
		fprintf(stderr, "storsync miniport cc: %s: %s\n", path, strerror(errno));
	free(text);
	if (file)
		fclose(file);
}

static int compile_here(struct command *command, const char *compiler)
{
	char scratch[PATH_MAX], error[1024];
	struct kit kit;
	const struct compilation compilation = {
		.kit = &kit, .compiler = compiler, .source = command->source, .object = command->object, .scratch = scratch,
		.folders = (const char *const *)command->folders.path, .folder_count = command->folders.count,
		.options = &command->options, .macros = &command->macros, .warnings = command->warnings,
	};
	int status;

	if (kit_find(&kit, error, sizeof(error)))
		usage_error("%s", error);
	status = scratch_make(scratch, sizeof(scratch));
	if (status)
		usage_error("a temporary folder cannot be made: %s", strerror(-status));
	status = compile(&compilation, error, sizeof(error));
	if (!status && command->dependencies)
		forget_scratch(command->dependencies, scratch);
	if (status < 0)
		fprintf(stderr, "storsync miniport cc: %s\n", error);
	scratch_remove(scratch);
	return status < 0 ? EXIT_FAILURE : status;
}

int miniport_cc_main(int argc, char **argv)
{
	struct command command = { 0 };
	int at = 2;

	if (argc < 2 || argv[1][0] == '-') {
		fprintf(stderr, "storsync miniport cc: a compiler is missing: storsync miniport cc gcc -c driver.c -o driver.o\n");
		return EXIT_USAGE;
	}
	while (at < argc)
		at += take(&command, &argv[at], argc - at);
	if (command.compiles && command.sources == 1 && command.object)
		return compile_here(&command, argv[1]);
	execvp(argv[1], argv + 1);
	fprintf(stderr, "storsync miniport cc: %s: %s\n", argv[1], strerror(errno));
	return 127;
}
