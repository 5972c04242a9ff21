/* SPDX-License-Identifier: MIT */
/* Following #include lines; see includes.h.  Conditions are not looked at: a header too many does no harm. */
#include "bench/miniport/includes.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

struct walk {
	const char *const *searched;
	size_t folders;
	const char *forwards;
	char **seen; /* real paths */
	size_t count;
	int err;
};

/* One name in a folder: as it is written, else in any case. */
static bool find_entry(const char *folder, const char *name, char *path, size_t path_bytes)
{
	struct dirent *entry;
	bool found = false;
	DIR *list;

	if ((size_t)snprintf(path, path_bytes, "%s/%s", folder, name) >= path_bytes)
		return false;
	if (access(path, F_OK) == 0)
		return true;
	list = opendir(folder);
	while (list && !found && (entry = readdir(list)) != NULL) {
		found = strcasecmp(entry->d_name, name) == 0 &&
			(size_t)snprintf(path, path_bytes, "%s/%s", folder, entry->d_name) < path_bytes;
	}
	if (list)
		closedir(list);
	return found;
}

int includes_find(const char *folder, const char *name, char *path, size_t path_bytes)
{
	char parts[PATH_MAX], at[PATH_MAX], next[PATH_MAX];
	char *rest = NULL;
	bool found = false;

	if (snprintf(parts, sizeof(parts), "%s", name) >= (int)sizeof(parts))
		return -ENOENT;
	for (char *c = parts; *c; c++)
		*c = *c == '\\' ? '/' : *c;
	snprintf(at, sizeof(at), "%s", parts[0] == '/' ? "" : folder);
	for (char *part = strtok_r(parts, "/", &rest); part; part = strtok_r(NULL, "/", &rest)) {
		if (!find_entry(at, part, next, sizeof(next)))
			return -ENOENT;
		memcpy(at, next, sizeof(at));
		found = true;
	}
	return found && (size_t)snprintf(path, path_bytes, "%s", at) < path_bytes ? 0 : -ENOENT;
}

/* Makes `written`'s folders below the one that is searched. */
static void make_folders(const char *path)
{
	char folder[PATH_MAX];

	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
		mkdir(folder, 0700);
	}
}

static void forward(struct walk *walk, const char *written, const char *open, const char *target, const char *close)
{
	char path[PATH_MAX];
	FILE *file;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", walk->forwards, written) >= sizeof(path) || access(path, F_OK) == 0)
		return;
	make_folders(path);
	file = fopen(path, "we");
	if (!file) {
		walk->err = -errno;
		return;
	}
	fprintf(file, "#include %s%s%s\n", open, target, close);
	if (fclose(file))
		walk->err = -errno;
}

static void follow(struct walk *walk, const char *path);

/* Whether it is there under the very name, as the compiler looks for it. */
static bool is_found_as_written(const struct walk *walk, const char *folder, const char *written, bool quoted)
{
	char path[PATH_MAX];

	if (strchr(written, '\\'))
		return false;
	if (quoted && snprintf(path, sizeof(path), "%s/%s", folder, written) < (int)sizeof(path) && access(path, F_OK) == 0)
		return true;
	for (size_t i = 0; i < walk->folders; i++) {
		if (snprintf(path, sizeof(path), "%s/%s", walk->searched[i], written) < (int)sizeof(path) && access(path, F_OK) == 0)
			return true;
	}
	return false;
}

static const char *slashed(const char *written, char *path, size_t path_bytes)
{
	snprintf(path, path_bytes, "%s", written);
	for (char *c = path; *c; c++)
		*c = *c == '\\' ? '/' : *c;
	return path;
}

static void take_include(struct walk *walk, const char *folder, const char *written, bool quoted)
{
	bool as_written = is_found_as_written(walk, folder, written, quoted);
	char path[PATH_MAX], real[PATH_MAX], slashes[PATH_MAX], lower[256];
	bool found = quoted && includes_find(folder, written, path, sizeof(path)) == 0;
	size_t length = strlen(written);

	for (size_t i = 0; i < walk->folders && !found; i++)
		found = includes_find(walk->searched[i], written, path, sizeof(path)) == 0;
	if (found && realpath(path, real)) {
		if (!as_written)
			forward(walk, written, "\"", real, "\"");
		/* clang makes them slashes before it looks. */
		if (strchr(written, '\\'))
			forward(walk, slashed(written, slashes, sizeof(slashes)), "\"", real, "\"");
		follow(walk, real);
		return;
	}
	/* The C library's own, in another case. */
	if (length >= sizeof(lower))
		return;
	for (size_t i = 0; i <= length; i++)
		lower[i] = written[i] == '\\' ? '/' : (char)tolower((unsigned char)written[i]);
	if (strcmp(lower, written))
		forward(walk, written, "<", lower, ">");
}

/* `#include "name"` or `<name>`, with white space anywhere. */
static void take_line(struct walk *walk, const char *folder, const char *line)
{
	char written[512];
	const char *end;
	bool quoted;

	line += strspn(line, " \t\xef\xbb\xbf");
	if (*line++ != '#')
		return;
	line += strspn(line, " \t");
	if (strncmp(line, "include", 7))
		return;
	line += 7 + strspn(line + 7, " \t");
	quoted = *line == '"';
	if (!quoted && *line != '<')
		return;
	end = strchr(line + 1, quoted ? '"' : '>');
	if (!end || end == line + 1 || (size_t)(end - line) > sizeof(written))
		return;
	snprintf(written, sizeof(written), "%.*s", (int)(end - line - 1), line + 1);
	take_include(walk, folder, written, quoted);
}

static bool is_new(struct walk *walk, const char *path)
{
	char **grown;

	for (size_t i = 0; i < walk->count; i++) {
		if (strcmp(walk->seen[i], path) == 0)
			return false;
	}
	grown = realloc(walk->seen, (walk->count + 1) * sizeof(*grown));
	if (grown)
		walk->seen = grown;
	if (grown && (grown[walk->count] = strdup(path)) != NULL)
		walk->count++;
	else
		walk->err = -ENOMEM;
	return !walk->err;
}

static void follow(struct walk *walk, const char *path)
{
	char folder[PATH_MAX];
	char *line = NULL;
	size_t bytes = 0;
	FILE *file;

	if (walk->err || !is_new(walk, path))
		return;
	snprintf(folder, sizeof(folder), "%s", path);
	*(strrchr(folder, '/') ? strrchr(folder, '/') : folder) = '\0';
	file = fopen(path, "re");
	while (file && getline(&line, &bytes, file) >= 0 && !walk->err)
		take_line(walk, folder, line);
	free(line);
	if (file)
		fclose(file);
}

int includes_forward(const char *source, const char *const *searched, size_t folders, const char *forwards)
{
	struct walk walk = { .searched = searched, .folders = folders, .forwards = forwards };
	char real[PATH_MAX];

	if (!realpath(source, real))
		return -errno;
	follow(&walk, real);
	for (size_t i = 0; i < walk.count; i++)
		free(walk.seen[i]);
	free(walk.seen);
	return walk.err;
}
