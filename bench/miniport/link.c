/* SPDX-License-Identifier: MIT */
/*
 * Linking; see link.h.
 *
 * The program that will load the miniport is not there to link against, so the linker warns of everything that it does not find.
 * What of that this program exports is as it should be; the rest is missing, and the warnings say where it is called.
 */
#define _GNU_SOURCE
#include "bench/miniport/link.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/miniport/compile.h"
#include "bench/miniport/elf_file.h"
#include "bench/miniport/surface.h"
#include "hba_sim/ddk/abi.h"

static const char exported[] = "{ global: " MINIPORT_ENTRY "; " STORSYNC_DDK_ABI_SYMBOL "; local: *; };\n";

int link_is_miniport(const char *path, char *error, size_t error_bytes)
{
	struct elf_file file;
	int err = elf_file_open(&file, path, error, error_bytes);

	if (err)
		return err;
	if (!elf_find_defined(&file, STORSYNC_DDK_ABI_SYMBOL)) {
		snprintf(error, error_bytes, "a shared object that was not built by storsync");
		err = -EINVAL;
	}
	elf_file_close(&file);
	return err;
}

static int run_linker(const struct link *link, const char *output, const char *said)
{
	struct arguments arguments = { 0 };
	char script[PATH_MAX], option[PATH_MAX + 32];
	FILE *file;
	int status;

	snprintf(script, sizeof(script), "%.4000s/exported.map", link->scratch);
	file = fopen(script, "we");
	if (!file || (fputs(exported, file) < 0) | fclose(file))
		return 127;
	snprintf(option, sizeof(option), "-Wl,--version-script=%s", script);
	/* Its messages are read. */
	arguments_add(&arguments, "env");
	arguments_add(&arguments, "LC_ALL=C");
	arguments_add(&arguments, link->compiler);
	for (size_t i = 0; i < link->objects->count; i++)
		arguments_add(&arguments, link->objects->path[i]);
	arguments_add(&arguments, "-shared");
	arguments_add(&arguments, "-g");
	arguments_add(&arguments, option);
	arguments_add(&arguments, "-Wl,-z,defs");
	arguments_add(&arguments, "-Wl,--warn-unresolved-symbols");
	arguments_add(&arguments, "-Wl,--build-id");
	arguments_add(&arguments, "-o");
	arguments_add(&arguments, output);
	status = arguments_run(&arguments, said, link->verbose);
	arguments_fini(&arguments);
	return status;
}

static void print_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t bytes = 0;

	while (file && getline(&line, &bytes, file) >= 0)
		fputs(line, stderr);
	free(line);
	if (file)
		fclose(file);
}

/* "ld: ./helper.c:123: warning: undefined reference to `StorPortFoo'": the place in it. */
static bool take_place(char *line, const char *name, char *place, size_t place_bytes)
{
	char wanted[256], *colon, *begin = line;

	snprintf(wanted, sizeof(wanted), "undefined reference to `%.200s'", name);
	colon = strstr(line, wanted);
	if (!colon)
		return false;
	*colon = '\0';
	colon = strstr(line, ": warning: ");
	if (!colon && (colon = strrchr(line, ':')) == NULL)
		return false;
	*colon = '\0';
	for (char *at = strstr(line, ": "); at; at = strstr(begin, ": "))
		begin = at + 2;
	if (!strchr(begin, ':') || strchr(begin, '('))
		return false;
	snprintf(place, place_bytes, "%s", begin);
	return true;
}

static void find_place(const char *said, const char *name, char *place, size_t place_bytes)
{
	FILE *file = fopen(said, "re");
	char *line = NULL;
	size_t bytes = 0;

	snprintf(place, place_bytes, "it");
	while (file && getline(&line, &bytes, file) >= 0 && !take_place(line, name, place, place_bytes))
		;
	free(line);
	if (file)
		fclose(file);
}

/* A line for each function that is missing; how many. */
static size_t report_missing(const struct elf_file *file, const char *said)
{
	size_t missing = 0;

	for (size_t i = 0; i < file->dynamic.count; i++) {
		const Elf64_Sym *symbol = &file->dynamic.symbol[i];
		const char *name = elf_name(&file->dynamic, symbol);
		char place[PATH_MAX];

		if (!surface_is_wanted(file, symbol) || surface_has(name))
			continue;
		find_place(said, name, place, sizeof(place));
		fprintf(stderr, "storsync miniport: %s calls %s, which storsync does not have; see " MINIPORT_DOCUMENT "\n", place, name);
		missing++;
	}
	return missing;
}

static int check(const char *output, const char *said)
{
	struct elf_file file;
	char error[256];
	int err = elf_file_open(&file, output, error, sizeof(error));

	if (!err && report_missing(&file, said))
		err = -ENOSYS;
	else if (!err && (err = surface_check(&file, error, sizeof(error))) != 0)
		fprintf(stderr, "storsync miniport build: %s\n", elf_find_defined(&file, MINIPORT_ENTRY) ? error :
			"none of the sources defines " MINIPORT_ENTRY ", where a miniport begins; name all of its sources");
	else if (err)
		fprintf(stderr, "storsync miniport build: %s: %s\n", output, error);
	elf_file_close(&file);
	return err;
}

int link_miniport(const struct link *link)
{
	char said[PATH_MAX], aside[PATH_MAX];
	int err;

	snprintf(said, sizeof(said), "%.4000s/linker.txt", link->scratch);
	if ((size_t)snprintf(aside, sizeof(aside), "%s.%ld.tmp", link->output, (long)getpid()) >= sizeof(aside)) {
		fprintf(stderr, "storsync miniport build: -o: the path is too long\n");
		return -ENAMETOOLONG;
	}
	if (run_linker(link, aside, said)) {
		print_file(said);
		fprintf(stderr, "storsync miniport build: the sources compile, and do not link; nothing was built\n");
		unlink(aside);
		return -EINVAL;
	}
	err = check(aside, said);
	if (!err && rename(aside, link->output)) {
		err = -errno;
		fprintf(stderr, "storsync miniport build: %s: %s\n", link->output, strerror(-err));
	}
	if (err)
		unlink(aside);
	return err;
}
