/* SPDX-License-Identifier: MIT */
/* Files of a miniport; see sources.h. */
#include "bench/miniport/sources.h"

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

#include "bench/files/file_error.h"
#include "bench/miniport/includes.h"

/* A build file that is read. */
struct build_file {
	struct sources *sources;
	const char *folder;
	char path[PATH_MAX];
	char *error;
	size_t error_bytes;
};

int path_list_add(struct path_list *list, const char *path)
{
	char **grown;

	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->path[i], path) == 0)
			return 0;
	}
	grown = realloc(list->path, (list->count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	list->path = grown;
	grown[list->count] = strdup(path);
	return grown[list->count] ? (void)list->count++, 0 : -ENOMEM;
}

static void list_fini(struct path_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->path[i]);
	free(list->path);
}

void sources_fini(struct sources *sources)
{
	list_fini(&sources->files);
	list_fini(&sources->folders);
	memset(sources, 0, sizeof(*sources));
}

static bool has_suffix(const char *name, const char *suffix)
{
	size_t length = strlen(name), bytes = strlen(suffix);

	return length > bytes && strcasecmp(name + length - bytes, suffix) == 0;
}

static bool has_macro(const char *text)
{
	return strstr(text, "$(") || strstr(text, "%(") || strchr(text, '*');
}

/* A source that the build file lists; resources and the like are not compiled here. */
static int add_listed(const struct build_file *file, const char *name)
{
	char path[PATH_MAX];

	if (!has_suffix(name, ".c") || has_macro(name))
		return 0;
	if (includes_find(file->folder, name, path, sizeof(path)))
		return error_invalid(file->error, file->error_bytes, "%s lists %s, which is not there", file->path, name);
	return path_list_add(&file->sources->files, path);
}

/* Folders of headers, by semicolons; those that are not there are other checkouts'. */
static int add_folders(const struct build_file *file, char *text)
{
	char path[PATH_MAX], *rest = NULL;
	int err = 0;

	for (char *name = strtok_r(text, "; \t\"", &rest); name && !err; name = strtok_r(NULL, "; \t\"", &rest)) {
		if (!has_macro(name) && includes_find(file->folder, name, path, sizeof(path)) == 0)
			err = path_list_add(&file->sources->folders, path);
	}
	return err;
}

static int add_assignment(const struct build_file *file, char *line)
{
	size_t name = strcspn(line, " \t=");
	char *value = strchr(line, '=');
	char *rest = NULL;
	int err = 0;

	if (!value)
		return 0;
	*value++ = '\0';
	if (name == 8 && strncasecmp(line, "INCLUDES", 8) == 0)
		return add_folders(file, value);
	if (name != 7 || strncasecmp(line, "SOURCES", 7))
		return 0;
	for (char *word = strtok_r(value, " \t", &rest); word && !err; word = strtok_r(NULL, " \t", &rest))
		err = add_listed(file, word);
	return err;
}

/* A whole text file, '\0' behind it; NULL when it cannot be read. */
static char *read_text(const char *path)
{
	FILE *stream = fopen(path, "re");
	char *text = NULL;
	size_t bytes = 0;

	if (!stream)
		return NULL;
	if (getdelim(&text, &bytes, '\0', stream) < 0) {
		free(text);
		text = strdup("");
	}
	fclose(stream);
	return text;
}

/* Lines that end in a backslash go on; # begins a comment. */
static int read_sources(const struct build_file *file, char *text)
{
	char *to = text;
	char *rest = NULL;
	int err = 0;

	for (char *from = text; *from; from++) {
		char *end = from + 1 + strspn(from + 1, " \t\r");

		if (*from == '\\' && *end == '\n') {
			*to++ = ' ';
			from = end;
		} else if (*from == '#') {
			from += strcspn(from, "\n") - 1;
		} else if (*from != '\r') {
			*to++ = *from;
		}
	}
	*to = '\0';
	for (char *line = strtok_r(text, "\n", &rest); line && !err; line = strtok_r(NULL, "\n", &rest))
		err = add_assignment(file, line + strspn(line, " \t"));
	return err;
}

static int read_project(const struct build_file *file, char *text)
{
	static const char folders[] = "<AdditionalIncludeDirectories";
	int err = 0;

	for (char *at = strstr(text, "<ClCompile"); at && !err; at = strstr(at + 1, "<ClCompile")) {
		char name[PATH_MAX];
		char *end = strchr(at, '>');
		char *include = strstr(at, "Include=\"");

		if (!end || !include || include > end)
			continue;
		include += 9;
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(include, "\""), include);
		err = add_listed(file, name);
	}
	for (char *at = strstr(text, folders); at && !err; at = strstr(at + 1, folders)) {
		char *begin = strchr(at, '>');
		char *copy = begin ? strndup(begin + 1, strcspn(begin + 1, "<")) : NULL;

		if (copy)
			err = add_folders(file, copy);
		free(copy);
	}
	return err;
}

static int read_build_file(struct build_file *file, int (*read)(const struct build_file *file, char *text))
{
	size_t before = file->sources->files.count;
	char *text = read_text(file->path);
	int err;

	if (!text)
		return error_invalid(file->error, file->error_bytes, "%s: %s", file->path, strerror(errno));
	err = read(file, text);
	free(text);
	if (!err && file->sources->files.count == before)
		return error_invalid(file->error, file->error_bytes, "%s lists no C source that storsync understands; name the files themselves",
				     file->path);
	return err;
}

static int is_c(const struct dirent *entry)
{
	return has_suffix(entry->d_name, ".c");
}

static int is_project(const struct dirent *entry)
{
	return has_suffix(entry->d_name, ".vcxproj");
}

static void free_entries(struct dirent **entry, int entries)
{
	for (int i = 0; i < entries; i++)
		free(entry[i]);
	if (entries >= 0)
		free(entry);
}

static int add_all(struct sources *sources, const char *folder, char *error, size_t error_bytes)
{
	struct dirent **entry;
	int entries = scandir(folder, &entry, is_c, alphasort);
	char path[PATH_MAX];
	int err = 0;

	for (int i = 0; i < entries && !err; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, entry[i]->d_name);
		err = path_list_add(&sources->files, path);
	}
	free_entries(entry, entries);
	if (entries <= 0)
		return error_invalid(error, error_bytes, "%s: there is no C source in this folder (*.c; C++ is not compiled)", folder);
	return err;
}

static int add_folder(struct sources *sources, const char *folder, char *error, size_t error_bytes)
{
	struct build_file file = { .sources = sources, .folder = folder, .error = error, .error_bytes = error_bytes };
	struct dirent **entry;
	int projects, err = path_list_add(&sources->folders, folder);

	if (err)
		return err;
	if (includes_find(folder, "sources", file.path, sizeof(file.path)) == 0)
		return read_build_file(&file, read_sources);
	projects = scandir(folder, &entry, is_project, alphasort);
	if (projects == 1)
		snprintf(file.path, sizeof(file.path), "%s/%s", folder, entry[0]->d_name);
	free_entries(entry, projects);
	return projects == 1 ? read_build_file(&file, read_project) : add_all(sources, folder, error, error_bytes);
}

int sources_add(struct sources *sources, const char *path, char *error, size_t error_bytes)
{
	struct stat info;

	if (stat(path, &info))
		return error_invalid(error, error_bytes, "%s: %s", path, strerror(errno));
	if (S_ISDIR(info.st_mode))
		return add_folder(sources, path, error, error_bytes);
	if (!has_suffix(path, ".c"))
		return error_invalid(error, error_bytes, "%s is neither a folder nor a C source (*.c)", path);
	return path_list_add(&sources->files, path);
}
