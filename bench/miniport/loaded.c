/* SPDX-License-Identifier: MIT */
/* Loading a miniport; see loaded.h. */
#define _GNU_SOURCE
#include "bench/miniport/loaded.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "bench/miniport/elf_file.h"
#include "bench/miniport/surface.h"

#define FRAMES_MAX 32

/* Kept open for names: a crash is no time to read files. */
static struct {
	struct elf_file file;
	uintptr_t begin; /* where it is loaded */
	uintptr_t end;
	char name[128];
} loaded;

void miniport_name(const char *path, char *name, size_t name_bytes)
{
	const char *file = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	size_t length = strlen(file);

	if (length > 3 && strcmp(file + length - 3, ".so") == 0)
		length -= 3;
	snprintf(name, name_bytes, "%.*s", (int)length, file);
}

int miniport_examine(const char *path, char *absolute, size_t absolute_bytes, char *error, size_t error_bytes)
{
	char *real = realpath(path, NULL);
	struct elf_file file;
	char wrong[256];
	int err;

	if (!real || strlen(real) >= absolute_bytes) {
		snprintf(error, error_bytes, "%.300s: %s", path, real ? "its absolute path is too long" : strerror(errno));
		free(real);
		return -EINVAL;
	}
	strcpy(absolute, real);
	free(real);
	err = elf_file_open(&file, absolute, wrong, sizeof(wrong));
	if (!err) {
		err = surface_check(&file, wrong, sizeof(wrong));
		elf_file_close(&file);
	}
	if (!err)
		return 0;
	snprintf(error, error_bytes, "%.300s: %s", path, wrong);
	return -EINVAL;
}

/* Only what a signal's handler may call. */
static void say(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		return;
}

static bool is_in_miniport(uintptr_t address)
{
	return address >= loaded.begin && address < loaded.end;
}

static void say_where(uintptr_t address, const char *how)
{
	uint64_t offset;
	const char *function = elf_function_at(&loaded.file, address - loaded.begin, &offset);

	say(MINIPORT_CRASHED);
	say(how);
	say(function ? function : "code without a name");
	say(" of ");
	say(loaded.name);
	say("\n");
}

/* In the miniport itself, or in what it called. */
static void crashed(int signal_number, siginfo_t *info, void *context)
{
	uintptr_t address = (uintptr_t)((const ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
	void *frame[FRAMES_MAX];
	int frames;

	signal(signal_number, SIG_DFL);
	if (is_in_miniport(address)) {
		say_where(address, "in ");
	} else {
		frames = backtrace(frame, FRAMES_MAX);
		for (int i = 0; i < frames; i++) {
			if (!is_in_miniport((uintptr_t)frame[i]))
				continue;
			say_where((uintptr_t)frame[i] - 1, "in a routine called by ");
			break;
		}
	}
	/* As if nobody had caught it. */
	raise(signal_number);
}

static void catch_crashes(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
	const struct sigaction action = { .sa_sigaction = crashed, .sa_flags = SA_SIGINFO };
	void *frame[1];

	/* The first call loads a library. */
	backtrace(frame, 1);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
}

/* The part of the address space that its segments take. */
static int find_extent(struct dl_phdr_info *info, size_t bytes, void *base)
{
	if (info->dlpi_addr != (uintptr_t)base)
		return 0;
	loaded.begin = info->dlpi_addr;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		uintptr_t end = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz;

		if (info->dlpi_phdr[i].p_type == PT_LOAD && end > loaded.end)
			loaded.end = end;
	}
	return 1;
}

int miniport_load(const char *path, port_driver_entry **entry, char *error, size_t error_bytes)
{
	char absolute[4096], wrong[256];
	struct link_map *map;
	void *handle;

	if (miniport_examine(path, absolute, sizeof(absolute), error, error_bytes))
		return -EINVAL;
	handle = dlopen(absolute, RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		snprintf(error, error_bytes, "%.300s: %s", path, dlerror());
		return -EINVAL;
	}
	*(void **)entry = dlsym(handle, MINIPORT_ENTRY);
	if (!*entry || dlinfo(handle, RTLD_DI_LINKMAP, &map) || elf_file_open(&loaded.file, absolute, wrong, sizeof(wrong))) {
		snprintf(error, error_bytes, "%.300s: it cannot be looked at", path);
		return -EINVAL;
	}
	miniport_name(absolute, loaded.name, sizeof(loaded.name));
	dl_iterate_phdr(find_extent, (void *)map->l_addr);
	catch_crashes();
	return 0;
}
