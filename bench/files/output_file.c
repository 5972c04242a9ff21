/* SPDX-License-Identifier: MIT */
/* Where a result goes; see output_file.h. */
#define _GNU_SOURCE
#include "bench/files/output_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const int signals[OUTPUT_FILE_SIGNALS] = { SIGINT, SIGTERM, SIGHUP };

static volatile sig_atomic_t noted;

static void note(int number)
{
	noted = number;
}

bool output_file_is_interrupted(void)
{
	return noted != 0;
}

/* What was ignored, as by nohup, still is. */
static void note_signals(struct output_file *o)
{
	const struct sigaction action = { .sa_handler = note, .sa_flags = SA_RESTART };

	noted = 0;
	for (size_t i = 0; i < OUTPUT_FILE_SIGNALS; i++) {
		sigaction(signals[i], NULL, &o->before[i]);
		if (o->before[i].sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	}
}

static void obey_signals(const struct output_file *o)
{
	int number = noted;

	for (size_t i = 0; i < OUTPUT_FILE_SIGNALS; i++)
		sigaction(signals[i], &o->before[i], NULL);
	noted = 0;
	if (number)
		raise(number);
}

static bool is_stdout(const char *path)
{
	return !path || strcmp(path, "-") == 0;
}

bool output_file_is_folder(const char *path)
{
	size_t bytes = strlen(path);
	struct stat st;

	return (bytes && path[bytes - 1] == '/') || (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

static int refuse(const char *path, int status, char *error)
{
	const char *what = status == -EEXIST || status == -ENOTEMPTY || status == -ENOTDIR ? "exists; choose another name" :
			   status == -EINTR ? "interrupted" : strerror(-status);

	snprintf(error, OUTPUT_FILE_ERROR_BYTES, "%s: %s", path ? path : "standard output", what);
	return status == -ENOTEMPTY || status == -ENOTDIR ? -EEXIST : status;
}

static int fail(const struct output_file *o, int status)
{
	return refuse(o->target, status, o->error);
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

/* Without the slashes at its end. */
static char *bare(const char *path)
{
	size_t bytes = strlen(path);

	while (bytes > 1 && path[bytes - 1] == '/')
		bytes--;
	return strndup(path, bytes);
}

/* "DIRECTORY/" of a path, "" of a name alone. */
static int directory_bytes(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (int)(slash + 1 - path) : 0;
}

static int check_directory(const char *path, const char *target, char *error)
{
	int bytes = directory_bytes(target);
	char *directory = bytes ? strndup(target, (size_t)bytes) : strdup(".");
	int status = !directory ? -ENOMEM : access(directory, W_OK | X_OK) ? -errno : 0;

	if (status)
		snprintf(error, OUTPUT_FILE_ERROR_BYTES, "%s: nothing can be written in %s: %s", path, directory ? directory : "it",
			 strerror(-status));
	free(directory);
	return status;
}

static int check_target(const char *path, const char *target, bool is_folder, char *error)
{
	struct stat st;

	if (lstat(target, &st) == 0)
		return is_folder && is_empty_folder(target) ? 0 : refuse(path, -EEXIST, error);
	if (errno != ENOENT)
		return errno == ENOTDIR ? check_directory(path, target, error) : refuse(path, -errno, error);
	if (!*path || (!is_folder && path[strlen(path) - 1] == '/')) {
		snprintf(error, OUTPUT_FILE_ERROR_BYTES, "'%s': %s", path, *path ? "the name of a file, not of a folder" : "no name");
		return -EINVAL;
	}
	return check_directory(path, target, error);
}

int output_file_check(const char *path, bool is_folder, char *error)
{
	char *target = is_stdout(path) ? NULL : bare(path);
	int status = 0;

	if (target)
		status = check_target(path, target, is_folder, error);
	else if (!is_stdout(path))
		status = refuse(path, -ENOMEM, error);
	free(target);
	return status;
}

/* mkdtemp() and mkstemp() let only the owner in. */
static mode_t usual_mode(mode_t all)
{
	mode_t mask = umask(0);

	umask(mask);
	return all & ~mask;
}

static int make_folder(struct output_file *o)
{
	if (!mkdtemp(o->aside))
		return -errno;
	return chmod(o->aside, usual_mode(0777)) ? -errno : 0;
}

static int make_file(struct output_file *o)
{
	int fd = mkostemp(o->aside, O_CLOEXEC);
	int status;

	if (fd < 0)
		return -errno;
	if (!fchmod(fd, usual_mode(0666)))
		o->file = fdopen(fd, "w");
	if (o->file)
		return 0;
	status = -errno;
	close(fd);
	unlink(o->aside);
	return status;
}

/* The name aside is short whatever the target's, which may be as long as a file system takes. */
static int make_aside(struct output_file *o)
{
	int status;

	if (asprintf(&o->aside, "%.*s.storsync-XXXXXX", directory_bytes(o->target), o->target) < 0) {
		o->aside = NULL;
		return -ENOMEM;
	}
	status = o->is_folder ? make_folder(o) : make_file(o);
	if (status) {
		free(o->aside);
		o->aside = NULL;
	}
	return status;
}

int output_file_open(struct output_file *o, const char *path, bool is_folder, char *error)
{
	int status = output_file_check(path, is_folder, error);

	*o = (struct output_file){ .is_folder = is_folder, .error = error };
	if (status)
		return status;
	if (is_stdout(path)) {
		o->file = stdout;
		return 0;
	}
	o->target = bare(path);
	if (!o->target)
		return fail(o, -ENOMEM);
	note_signals(o);
	status = make_aside(o);
	return status ? fail(o, status) : 0;
}

FILE *output_file_next(struct output_file *o, const char *name)
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

int output_file_close(struct output_file *o)
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

/* Where the file system cannot refuse to replace in renaming, link() does. */
static int place_file(struct output_file *o)
{
	if (renameat2(AT_FDCWD, o->aside, AT_FDCWD, o->target, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (link(o->aside, o->target))
		return -errno;
	unlink(o->aside);
	return 0;
}

/* A folder replaces an empty one only. */
static int place(struct output_file *o)
{
	int status = o->is_folder ? sync_folder(o->aside) : 0;

	if (status)
		return status;
	if (noted)
		return -EINTR;
	if (!o->is_folder)
		return place_file(o);
	return rename(o->aside, o->target) ? -errno : 0;
}

int output_file_commit(struct output_file *o)
{
	int status = o->target ? place(o) : 0;

	if (status)
		return fail(o, status);
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

void output_file_fini(struct output_file *o)
{
	if (o->file && o->file != stdout)
		fclose(o->file);
	if (o->aside && o->is_folder)
		remove_folder(o->aside);
	else if (o->aside)
		unlink(o->aside);
	if (o->target)
		obey_signals(o);
	free(o->aside);
	free(o->target);
	*o = (struct output_file){ 0 };
}

int output_file_write(const char *path, const char *text, size_t bytes, char *error)
{
	struct output_file out;
	int status = output_file_open(&out, path, false, error);

	/* Closing tells why it failed. */
	if (!status) {
		fwrite(text, 1, bytes, out.file);
		status = output_file_close(&out);
	}
	if (!status)
		status = output_file_commit(&out);
	output_file_fini(&out);
	return status;
}
