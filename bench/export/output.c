/* SPDX-License-Identifier: MIT */
/* Where an export goes; see output.h. */
#define _GNU_SOURCE
#include "bench/export/output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static volatile sig_atomic_t noted;

static void note(int number)
{
	noted = number;
}

void export_note_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = note };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
}

int export_interrupted(void)
{
	return noted;
}

bool export_output_is_folder(const char *path)
{
	size_t bytes = strlen(path);
	struct stat st;

	return (bytes && path[bytes - 1] == '/') || (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

static int fail(struct export_output *o, int status)
{
	const char *what = status == -EEXIST || status == -ENOTEMPTY ? "exists; choose another name" : strerror(-status);

	snprintf(o->error, EXPORT_ERROR_BYTES, "%s: %s", o->target ? o->target : "standard output", what);
	return status;
}

static bool is_empty_folder(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry = NULL;

	while (folder && (entry = readdir(folder)) && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)) {
	}
	if (folder)
		closedir(folder);
	return folder && !entry;
}

/* PARENT/.NAME.XXXXXX */
static char *name_aside(const char *target)
{
	char *one = strdup(target), *other = strdup(target);
	char *aside = NULL;

	if (one && other && asprintf(&aside, "%s/.%s.XXXXXX", dirname(one), basename(other)) < 0)
		aside = NULL;
	free(one);
	free(other);
	return aside;
}

/* mkdtemp() and mkstemp() let only the owner in. */
static mode_t usual_mode(mode_t all)
{
	mode_t mask = umask(0);

	umask(mask);
	return all & ~mask;
}

static int make_folder(struct export_output *o)
{
	if (!mkdtemp(o->aside))
		return -errno;
	return chmod(o->aside, usual_mode(0777)) ? -errno : 0;
}

static int make_file(struct export_output *o)
{
	int fd = mkostemp(o->aside, O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (!fchmod(fd, usual_mode(0666)))
		o->file = fdopen(fd, "w");
	if (o->file)
		return 0;
	close(fd);
	unlink(o->aside);
	return -ENOMEM;
}

int export_output_open(struct export_output *o, const char *path, bool is_folder, char *error)
{
	struct stat st;
	int status;

	*o = (struct export_output){ .is_folder = is_folder, .error = error };
	if (!path) {
		o->file = stdout;
		return 0;
	}
	o->target = strdup(path);
	if (!o->target)
		return fail(o, -ENOMEM);
	for (size_t end = strlen(path); end > 1 && o->target[end - 1] == '/'; end--)
		o->target[end - 1] = '\0';
	if (lstat(o->target, &st) == 0 && !(is_folder && is_empty_folder(o->target)))
		return fail(o, -EEXIST);
	o->aside = name_aside(o->target);
	if (!o->aside)
		return fail(o, -ENOMEM);
	status = is_folder ? make_folder(o) : make_file(o);
	if (status) {
		free(o->aside);
		o->aside = NULL;
		return fail(o, status);
	}
	return 0;
}

FILE *export_output_file(struct export_output *o, const char *name)
{
	char *path;
	int status;

	if (!o->is_folder)
		return o->file;
	if (asprintf(&path, "%s/%s", o->aside, name) < 0) {
		fail(o, -ENOMEM);
		return NULL;
	}
	o->file = fopen(path, "wxe");
	status = -errno;
	free(path);
	if (!o->file)
		fail(o, status);
	return o->file;
}

int export_output_close(struct export_output *o)
{
	bool is_bad = fflush(o->file) || ferror(o->file);
	int status = is_bad ? -(errno ? errno : EIO) : 0;

	if (!status && o->target && !o->is_folder && fsync(fileno(o->file)))
		status = -errno;
	if (o->file != stdout && fclose(o->file) && !status)
		status = -errno;
	o->file = NULL;
	o->files++;
	return status ? fail(o, status) : 0;
}

/* All files of a folder at once: thousands of fsync() take a minute. */
static int sync_folder(const char *path)
{
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int status;

	if (folder < 0)
		return -errno;
	status = syncfs(folder) ? -errno : 0;
	close(folder);
	return status;
}

int export_output_commit(struct export_output *o)
{
	if (!o->target)
		return 0;
	if (o->is_folder) {
		int status = sync_folder(o->aside);

		if (status)
			return fail(o, status);
	}
	/* A folder replaces an empty one only, a link nothing. */
	if (o->is_folder ? rename(o->aside, o->target) : link(o->aside, o->target))
		return fail(o, errno == ENOTDIR ? -EEXIST : -errno);
	if (!o->is_folder)
		unlink(o->aside);
	free(o->aside);
	o->aside = NULL;
	return 0;
}

static void remove_folder(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;

	while (folder && (entry = readdir(folder)))
		unlinkat(dirfd(folder), entry->d_name, 0);
	if (folder)
		closedir(folder);
	rmdir(path);
}

void export_output_fini(struct export_output *o)
{
	if (o->file && o->file != stdout)
		fclose(o->file);
	if (o->aside && o->is_folder)
		remove_folder(o->aside);
	else if (o->aside)
		unlink(o->aside);
	free(o->aside);
	free(o->target);
	*o = (struct export_output){ 0 };
}
