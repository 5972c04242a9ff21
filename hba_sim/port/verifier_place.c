/* SPDX-License-Identifier: MIT */
/*
 * Where in the miniport something is: by its debug information (libbacktrace, of
 * GCC) where there is any, else as far as the dynamic linker knows.
 */
#define _GNU_SOURCE
#include "hba_sim/port/verifier.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#ifdef STORSYNC_LIBBACKTRACE
#include <backtrace.h>
#endif

struct place {
	const char *file;
	const char *function;
	int line;
};

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

#ifdef STORSYNC_LIBBACKTRACE
static void ignore(void *context, const char *message, int error)
{
}

/* Of functions that are inlined in one another, the innermost comes first. */
static int note(void *context, uintptr_t pc, const char *file, int line, const char *function)
{
	struct place *place = context;

	if (place->file || !file)
		return 0;
	*place = (struct place){ file, function, line };
	return 0;
}

/* Where a function begins, what is inlined there is not what is meant. */
static void note_symbol(void *context, uintptr_t pc, const char *name, uintptr_t value, uintptr_t size)
{
	struct place *place = context;

	if (name && (!place->function || value == pc))
		place->function = name;
}

static void look_up(uintptr_t pc, struct place *place)
{
	static struct backtrace_state *state;

	if (!state)
		state = backtrace_create_state(NULL, 1, ignore, NULL);
	if (!state)
		return;
	backtrace_pcinfo(state, pc, note, ignore, place);
	backtrace_syminfo(state, pc, note_symbol, ignore, place);
}
#else
static void look_up(uintptr_t pc, struct place *place)
{
}
#endif

void verifier_place(const struct verifier_finding *finding, char *text, size_t bytes)
{
	/* A call returns to what may be the next line, or the next function. */
	uintptr_t pc = (uintptr_t)finding->pc - finding->is_return;
	struct place place = { 0 };
	Dl_info info = { 0 };

	look_up(pc, &place);
	if (place.file) {
		snprintf(text, bytes, "%s:%d (%s)", base_of(place.file), place.line, place.function ? place.function : "?");
		return;
	}
	if (!dladdr((const void *)pc, &info) || !info.dli_fname)
		snprintf(text, bytes, "%p", finding->pc);
	else if (place.function || !info.dli_sname)
		snprintf(text, bytes, "%s (%s+%#lx)", place.function ? place.function : "?", base_of(info.dli_fname),
			 (unsigned long)(pc - (uintptr_t)info.dli_fbase));
	else
		snprintf(text, bytes, "%s+%#lx (%s)", info.dli_sname, (unsigned long)(pc - (uintptr_t)info.dli_saddr),
			 base_of(info.dli_fname));
}
