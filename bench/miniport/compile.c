/* SPDX-License-Identifier: MIT */
/* One source; see compile.h. */
#define _GNU_SOURCE
#include "bench/miniport/compile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/miniport/includes.h"
#include "bench/miniport/llp64.h"

extern char **environ;

/*
 * What Microsoft's compiler does and these do otherwise: 16-bit wide characters, its packing of bit-fields, one object for
 * a variable defined twice without a value, no inference from types or from overflow. And a frame pointer, for reports of crashes.
 */
static const char *const both_steps[] = {
	"-std=gnu11", "-fshort-wchar", "-mms-bitfields", "-fms-extensions", "-fcommon", "-fno-strict-aliasing", "-fwrapv",
	"-fno-delete-null-pointer-checks", "-fno-omit-frame-pointer", "-fPIC", "-g", "-O2",
	/* Errors in some versions, warnings to Microsoft's. */
	"-Wno-implicit-function-declaration", "-Wno-incompatible-pointer-types", "-Wno-int-conversion", NULL
};

void arguments_add(struct arguments *arguments, const char *text)
{
	char **grown = realloc(arguments->text, (arguments->count + 2) * sizeof(*grown));

	if (grown) {
		arguments->text = grown;
		grown[arguments->count] = strdup(text);
		grown[arguments->count + 1] = NULL;
	}
	if (grown && grown[arguments->count])
		arguments->count++;
	else
		arguments->failed = true;
}

void arguments_fini(struct arguments *arguments)
{
	for (size_t i = 0; i < arguments->count; i++)
		free(arguments->text[i]);
	free(arguments->text);
	memset(arguments, 0, sizeof(*arguments));
}

static void add_all(struct arguments *to, const struct arguments *from)
{
	for (size_t i = 0; i < from->count; i++)
		arguments_add(to, from->text[i]);
}

int arguments_run(const struct arguments *arguments, const char *error_file, bool verbose)
{
	posix_spawn_file_actions_t actions;
	int status = 0, err;
	pid_t pid;

	if (arguments->failed || posix_spawn_file_actions_init(&actions))
		return 127;
	for (size_t i = 0; verbose && i < arguments->count; i++)
		fprintf(stderr, "%s%c", arguments->text[i], i + 1 < arguments->count ? ' ' : '\n');
	if (error_file)
		posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, error_file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	err = posix_spawnp(&pid, arguments->text[0], &actions, NULL, arguments->text, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (err) {
		fprintf(stderr, "%s: %s\n", arguments->text[0], strerror(err));
		return 127;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void begin(const struct compilation *c, struct arguments *arguments)
{
	arguments_add(arguments, c->compiler);
	for (size_t i = 0; both_steps[i]; i++)
		arguments_add(arguments, both_steps[i]);
	if (!c->warnings)
		arguments_add(arguments, "-w");
	add_all(arguments, c->options);
}

static int preprocess(const struct compilation *c, const char *forwards, const char *output)
{
	struct arguments arguments = { 0 };
	int status;

	begin(c, &arguments);
	add_all(&arguments, c->macros);
	for (size_t i = 0; i < c->folder_count; i++) {
		arguments_add(&arguments, "-I");
		arguments_add(&arguments, c->folders[i]);
	}
	arguments_add(&arguments, "-I");
	arguments_add(&arguments, forwards);
	arguments_add(&arguments, "-I");
	arguments_add(&arguments, c->kit->ddk);
	/* The kit's headers include each other by this one. */
	arguments_add(&arguments, "-idirafter");
	arguments_add(&arguments, c->kit->root);
	arguments_add(&arguments, "-include");
	arguments_add(&arguments, c->kit->prefix);
	arguments_add(&arguments, "-E");
	arguments_add(&arguments, c->source);
	arguments_add(&arguments, "-o");
	arguments_add(&arguments, output);
	status = arguments_run(&arguments, NULL, c->verbose);
	arguments_fini(&arguments);
	return status;
}

static int translate(const struct compilation *c, const char *input)
{
	struct arguments arguments = { 0 };
	int status;

	begin(c, &arguments);
	arguments_add(&arguments, "-x");
	arguments_add(&arguments, "cpp-output");
	arguments_add(&arguments, "-c");
	arguments_add(&arguments, input);
	arguments_add(&arguments, "-o");
	arguments_add(&arguments, c->object);
	status = arguments_run(&arguments, NULL, c->verbose);
	arguments_fini(&arguments);
	return status;
}

/* From file to file. */
static int rewrite(const char *from, const char *to)
{
	FILE *in = fopen(from, "re"), *out = in ? fopen(to, "we") : NULL;
	char *text = NULL;
	struct stat info;
	int err = in && out && fstat(fileno(in), &info) == 0 ? 0 : -errno;

	if (!err) {
		text = malloc((size_t)info.st_size + 1);
		err = !text ? -ENOMEM : fread(text, 1, (size_t)info.st_size, in) == (size_t)info.st_size ? 0 : -EIO;
	}
	if (!err)
		llp64_rewrite(text, (size_t)info.st_size, out);
	free(text);
	if (in)
		fclose(in);
	if (out && fclose(out) && !err)
		err = -errno;
	return err;
}

int compile(const struct compilation *c, char *error, size_t error_bytes)
{
	char forwards[PATH_MAX], preprocessed[PATH_MAX], rewritten[PATH_MAX];
	const char **searched = calloc(c->folder_count + 2, sizeof(*searched));
	int err, status;

	if (!searched)
		return -ENOMEM;
	for (size_t i = 0; i < c->folder_count; i++)
		searched[i] = c->folders[i];
	searched[c->folder_count] = c->kit->ddk;
	/* Deep enough for names that begin with ../ to stay within it. */
	snprintf(forwards, sizeof(forwards), "%.3000s/include", c->scratch);
	err = mkdir(forwards, 0700) ? -errno : 0;
	for (unsigned level = 0; level < 4 && !err; level++) {
		strcat(forwards, "/_");
		err = mkdir(forwards, 0700) ? -errno : 0;
	}
	snprintf(preprocessed, sizeof(preprocessed), "%.3000s/preprocessed.i", c->scratch);
	snprintf(rewritten, sizeof(rewritten), "%.3000s/llp64.i", c->scratch);
	if (!err)
		err = includes_forward(c->source, searched, c->folder_count + 1, forwards);
	free(searched);
	if (err) {
		snprintf(error, error_bytes, "%.300s: %s", c->source, strerror(-err));
		return err;
	}
	status = preprocess(c, forwards, preprocessed);
	if (status)
		return status;
	err = rewrite(preprocessed, rewritten);
	if (err)
		snprintf(error, error_bytes, "%.300s: %s", rewritten, strerror(-err));
	return err ? err : translate(c, rewritten);
}
