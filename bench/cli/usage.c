/* SPDX-License-Identifier: MIT */
/* Command lines; see usage.h. */
#include "bench/cli/usage.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cli/quantity.h"

static const char *current_verb = "";

_Noreturn void usage_error(const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "storsync%s%s: ", current_verb[0] ? " " : "", current_verb);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(EXIT_USAGE);
}

uint64_t usage_duration(const char *option, const char *text)
{
	char error[256];
	uint64_t ns;

	if (quantity_duration(text, &ns, error, sizeof(error)))
		usage_error("--%s: %s", option, error);
	return ns;
}

static void help_and_exit(const struct argp *argp, char *name, unsigned what)
{
	argp_help(argp, stdout, what, name);
	exit(EXIT_SUCCESS);
}

/* argp does not say which argument it stopped at, except to its parser: a parser around the verb's own. */
static struct {
	argp_parser_t parser;
	int stopped_at;
} inner;

static error_t parse_and_note(int key, char *argument, struct argp_state *state)
{
	if (key == ARGP_KEY_ERROR)
		inner.stopped_at = state->next - 1;
	return inner.parser(key, argument, state);
}

void usage_parse(const struct argp *argp, const char *verb, int argc, char **argv, void *input)
{
	struct argp noting = *argp;
	char name[64];

	current_verb = verb;
	snprintf(name, sizeof(name), "storsync%s%s", verb[0] ? " " : "", verb);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-?") == 0)
			help_and_exit(argp, name, ARGP_HELP_STD_HELP & ~(unsigned)ARGP_HELP_EXIT_OK);
		if (strcmp(argv[i], "--usage") == 0)
			help_and_exit(argp, name, ARGP_HELP_USAGE);
	}
	inner.parser = argp->parser;
	noting.parser = parse_and_note;
	/* argp's own complaint takes two lines; this one takes one. */
	if (argp_parse(&noting, argc, argv, ARGP_NO_ERRS | ARGP_NO_HELP, NULL, input))
		usage_error("'%s' is no option, or lacks its value; `%s --help` lists them", argv[inner.stopped_at], name);
}
