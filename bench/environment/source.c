/* SPDX-License-Identifier: MIT */
/* Reading and parsing the kernel's files; see source.h. */
#include "bench/environment/source.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES 1024

static bool place(const struct environment *environment, char *path, const char *format, va_list arguments)
{
	int root = snprintf(path, PATH_BYTES, "%s", environment->root);
	int rest;

	if (root < 0 || root >= PATH_BYTES)
		return false;
	rest = vsnprintf(path + root, (size_t)(PATH_BYTES - root), format, arguments);
	return rest >= 0 && rest < PATH_BYTES - root;
}

static char *read_all(const struct environment *environment, const char *format, va_list arguments)
{
	char path[PATH_BYTES];
	char *text = NULL;
	size_t capacity = 0;
	ssize_t length;
	FILE *file;

	if (!place(environment, path, format, arguments))
		return NULL;
	file = fopen(path, "re");
	if (!file)
		return NULL;
	length = getdelim(&text, &capacity, '\0', file);
	fclose(file);
	if (length > 0)
		return text;
	free(text);
	return NULL;
}

char *source_text(const struct environment *environment, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = read_all(environment, format, arguments);
	va_end(arguments);
	return text;
}

static bool read_line(const struct environment *environment, char *line, size_t bytes, const char *format, va_list arguments)
{
	char *text = read_all(environment, format, arguments);
	size_t length = text ? strcspn(text, "\n") : 0;
	bool fits = text && length < bytes;

	if (fits) {
		memcpy(line, text, length);
		line[length] = '\0';
	}
	free(text);
	return fits;
}

bool source_line(const struct environment *environment, char *line, size_t bytes, const char *format, ...)
{
	va_list arguments;
	bool read;

	va_start(arguments, format);
	read = read_line(environment, line, bytes, format, arguments);
	va_end(arguments);
	return read;
}

bool source_parse_number(const char *text, int64_t *number)
{
	long long value;
	char *end;

	if (!isdigit((unsigned char)text[text[0] == '-']))
		return false;
	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno || *end)
		return false;
	*number = value;
	return true;
}

bool source_number(const struct environment *environment, int64_t *number, const char *format, ...)
{
	char line[64];
	va_list arguments;
	bool read;

	va_start(arguments, format);
	read = read_line(environment, line, sizeof(line), format, arguments);
	va_end(arguments);
	return read && source_parse_number(line, number);
}

/* A CPU's number at *text, which is advanced past it. */
static bool parse_cpu(const char **text, unsigned *cpu)
{
	unsigned long value;
	char *end;

	if (!isdigit((unsigned char)**text))
		return false;
	errno = 0;
	value = strtoul(*text, &end, 10);
	if (errno || value > 1000000)
		return false;
	*text = end;
	*cpu = (unsigned)value;
	return true;
}

bool source_parse_cpus(const char *text, hwloc_bitmap_t cpus)
{
	unsigned first;
	unsigned last;

	hwloc_bitmap_zero(cpus);
	text += strspn(text, " ");
	if (*text == '\0' || strcmp(text, "(null)") == 0)
		return true;
	for (;; text++) {
		if (!parse_cpu(&text, &first))
			return false;
		last = first;
		if (*text == '-') {
			text++;
			if (!parse_cpu(&text, &last) || last < first)
				return false;
		}
		if (hwloc_bitmap_set_range(cpus, first, (int)last))
			return false;
		if (*text == '\0')
			return true;
		if (*text != ',')
			return false;
	}
}

bool source_cpus(const struct environment *environment, hwloc_bitmap_t cpus, const char *format, ...)
{
	char line[4096];
	va_list arguments;
	bool read;

	va_start(arguments, format);
	read = read_line(environment, line, sizeof(line), format, arguments);
	va_end(arguments);
	return read && source_parse_cpus(line, cpus);
}

DIR *source_folder(const struct environment *environment, const char *path)
{
	char whole[PATH_BYTES];
	int length = snprintf(whole, sizeof(whole), "%s%s", environment->root, path);

	return length >= 0 && length < PATH_BYTES ? opendir(whole) : NULL;
}

bool source_int32(const struct environment *environment, int32_t *number, const char *path)
{
	char whole[PATH_BYTES];
	int length = snprintf(whole, sizeof(whole), "%s%s", environment->root, path);
	FILE *file = length >= 0 && length < PATH_BYTES ? fopen(whole, "re") : NULL;
	bool read = file && fread(number, sizeof(*number), 1, file) == 1;

	if (file)
		fclose(file);
	return read;
}

enum source_parameter source_boot_parameter(const struct environment *environment, const char *name, char *value,
					    size_t bytes)
{
	char *text = source_text(environment, "/proc/cmdline");
	enum source_parameter found = PARAMETER_ABSENT;
	size_t length = strlen(name);
	char *state;

	if (!text)
		return PARAMETER_UNKNOWN;
	for (char *word = strtok_r(text, " \n", &state); word; word = strtok_r(NULL, " \n", &state)) {
		if (strncmp(word, name, length) || (word[length] != '=' && word[length] != '\0'))
			continue;
		snprintf(value, bytes, "%s", word + length + (word[length] == '='));
		found = PARAMETER_PRESENT;
	}
	free(text);
	return found;
}

const char *source_field(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, length))
			continue;
		line += length + strspn(line + length, " \t");
		if (*line == ':')
			return line + 1 + strspn(line + 1, " \t");
	}
	return NULL;
}

bool source_has_word(const char *line, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = line; *at && *at != '\n'; at += strcspn(at, " \t\n")) {
		at += strspn(at, " \t");
		if (strcspn(at, " \t\n") == length && strncmp(at, word, length) == 0)
			return true;
	}
	return false;
}
