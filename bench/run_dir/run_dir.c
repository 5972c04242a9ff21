/* SPDX-License-Identifier: MIT */
/* The folder of a run; see run_dir.h. */
#define _GNU_SOURCE
#include "bench/run_dir/run_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/files/json_file.h"
#include "bench/run_dir/journal.h"
#include "bench/run_dir/manifest.h"
#include "bench/run_dir/part.h"

#define PARTS_NAME "parts"

/* What a run's process writes, the collected files included. */
static const char *const own_names[] = {
	RUN_LOCK_FILE, RUN_JOURNAL_FILE, RUN_MANIFEST_FILE, PARTS_NAME, "summary.csv", "latency.csv", "histogram.csv", "cpus.csv", "windows.csv",
	"events.csv", "verifier.csv", "env.csv", "benchmark.json", "datapackage.json",
};

/* Of these, what may be there before run.json is: the folder was being made when its maker was killed. */
#define NAMES_BEFORE_MANIFEST 4

static bool is_among(const char *name, size_t names)
{
	for (size_t i = 0; i < names; i++) {
		if (strcmp(name, own_names[i]) == 0)
			return true;
	}
	return json_file_is_aside(name);
}

/* Calls `each` for the entries of a folder but . and ..; 0, its first error, or -errno. */
static int for_entries(int fd, int (*each)(int fd, const char *name, void *context), void *context)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;
	int err = 0;

	if (!stream) {
		err = -errno;
		if (copy >= 0)
			close(copy);
		return err;
	}
	while (!err && (entry = readdir(stream)) != NULL) {
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			err = each(fd, entry->d_name, context);
	}
	closedir(stream);
	return err;
}

static int refuse_foreign_part(int fd, const char *name, void *context)
{
	return part_is_name(name) || json_file_is_aside(name) ? 0 : -EEXIST;
}

static int refuse_foreign(int fd, const char *name, void *context)
{
	int parts, err;

	if (strcmp(name, PARTS_NAME) == 0) {
		parts = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (parts < 0)
			return errno == ENOTDIR ? -EEXIST : -errno;
		err = for_entries(parts, refuse_foreign_part, NULL);
		close(parts);
		return err;
	}
	return is_among(name, NAMES_BEFORE_MANIFEST) && strcmp(name, RUN_MANIFEST_FILE) ? 0 : -EEXIST;
}

static int remove_aside(int fd, const char *name, void *context)
{
	return !json_file_is_aside(name) || unlinkat(fd, name, 0) == 0 ? 0 : -errno;
}

static int remove_file(int fd, const char *name, void *context)
{
	return unlinkat(fd, name, 0) ? -errno : 0;
}

/* mkdir -p */
static int make_directories(const char *directory)
{
	char path[RUN_DIR_PATH_BYTES];

	if ((size_t)snprintf(path, sizeof(path), "%s", directory) >= sizeof(path))
		return -ENAMETOOLONG;
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0777) && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(path, 0777) && errno != EEXIST ? -errno : 0;
}

static void forget(struct run_dir *dir)
{
	dir->fd = dir->parts = dir->lock = dir->journal = -1;
}

void run_dir_close(struct run_dir *dir)
{
	const int fds[] = { dir->journal, dir->parts, dir->fd, dir->lock };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	forget(dir);
}

static int open_locked(struct run_dir *dir, const char *path)
{
	struct stat lock;

	forget(dir);
	if ((size_t)snprintf(dir->path, sizeof(dir->path), "%s", path) >= sizeof(dir->path))
		return -ENAMETOOLONG;
	dir->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir->fd < 0)
		return -errno;
	dir->lock = openat(dir->fd, RUN_LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (dir->lock < 0 || flock(dir->lock, LOCK_EX | LOCK_NB))
		return -errno;
	/* Who held it until now may have ended and removed it: a lock that nobody else can find keeps nobody out. */
	if (fstat(dir->lock, &lock))
		return -errno;
	return lock.st_nlink ? 0 : -EWOULDBLOCK;
}

static int open_contents(struct run_dir *dir)
{
	if (mkdirat(dir->fd, PARTS_NAME, 0777) && errno != EEXIST)
		return -errno;
	dir->parts = openat(dir->fd, PARTS_NAME, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir->journal = openat(dir->fd, RUN_JOURNAL_FILE, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	return dir->parts < 0 || dir->journal < 0 ? -errno : 0;
}

/* The lock file of a folder that is not ours is not to stay behind. */
static int check_empty(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = for_entries(fd, refuse_foreign, NULL);
	close(fd);
	return err;
}

int run_dir_create(struct run_dir *dir, const char *path, const json_t *manifest)
{
	int err = make_directories(path);

	forget(dir);
	if (!err)
		err = check_empty(path);
	if (!err)
		err = open_locked(dir, path);
	/* Another may have made a run here since, and ended it. */
	if (!err)
		err = for_entries(dir->fd, refuse_foreign, NULL);
	if (!err)
		err = open_contents(dir);
	/* Left by who was killed while making it. */
	if (!err)
		err = for_entries(dir->parts, remove_file, NULL);
	if (!err && ftruncate(dir->journal, 0))
		err = -errno;
	if (!err)
		err = json_file_replace_at(dir->fd, RUN_MANIFEST_FILE, manifest, JSON_INDENT(1));
	if (err)
		run_dir_close(dir);
	return err;
}

static int say(char *error, size_t error_bytes, const char *path, int err)
{
	snprintf(error, error_bytes, "%s: %s", path, strerror(-err));
	return err;
}

/* A run's lock: what is read of its folder from then on stays so. */
static int lock_run(struct run_dir *dir, const char *path)
{
	int err = 0;

	forget(dir);
	if (access(path, W_OK))
		return -errno;
	err = open_locked(dir, path);
	if (!err && faccessat(dir->fd, RUN_MANIFEST_FILE, R_OK, 0))
		err = -errno;
	return err ? err : open_contents(dir);
}

int run_dir_resume(struct run_dir *dir, const char *path, struct run_journal *journal, char *error, size_t error_bytes)
{
	int err = lock_run(dir, path);

	memset(journal, 0, sizeof(*journal));
	if (err)
		say(error, error_bytes, path, err);
	else
		err = run_journal_load(path, journal, error, error_bytes);
	if (err) {
		run_dir_close(dir);
		return err;
	}
	if (ftruncate(dir->journal, journal->sound_bytes))
		err = -errno;
	if (!err)
		err = for_entries(dir->fd, remove_aside, NULL);
	if (!err)
		err = for_entries(dir->parts, remove_aside, NULL);
	if (err) {
		say(error, error_bytes, path, err);
		run_journal_fini(journal);
		run_dir_close(dir);
	}
	return err;
}

static int remove_own(int fd, const char *name, void *context)
{
	if (!is_among(name, sizeof(own_names) / sizeof(own_names[0])) || strcmp(name, RUN_LOCK_FILE) == 0 ||
	    strcmp(name, RUN_MANIFEST_FILE) == 0)
		return 0;
	return unlinkat(fd, name, strcmp(name, PARTS_NAME) ? 0 : AT_REMOVEDIR) ? -errno : 0;
}

int run_dir_remove(const char *path)
{
	struct run_dir dir;
	int err = lock_run(&dir, path);

	/* From here on nothing of it counts, and the next run of the same matrix may take the rest. */
	if (!err && (ftruncate(dir.journal, 0) || fdatasync(dir.journal)))
		err = -errno;
	if (!err)
		err = for_entries(dir.parts, remove_file, NULL);
	if (!err)
		err = for_entries(dir.fd, remove_own, NULL);
	if (!err && unlinkat(dir.fd, RUN_MANIFEST_FILE, 0))
		err = -errno;
	if (!err && unlinkat(dir.fd, RUN_LOCK_FILE, 0))
		err = -errno;
	run_dir_close(&dir);
	/* Something else may be in it, and is none of ours. */
	if (!err && rmdir(path) && errno != ENOTEMPTY && errno != EEXIST)
		err = -errno;
	return err;
}

void run_dir_part_name(uint64_t order, char name[RUN_DIR_PART_BYTES])
{
	snprintf(name, RUN_DIR_PART_BYTES, "%06" PRIu64, order);
}

int run_dir_store_part(struct run_dir *dir, const char *name, const json_t *part)
{
	char file[RUN_DIR_PART_BYTES + 8];

	snprintf(file, sizeof(file), "%s.json", name);
	return part_store(dir->parts, file, part);
}

json_t *run_dir_load_part(const struct run_dir *dir, const char *name)
{
	char file[RUN_DIR_PART_BYTES + 8], wrong[200];

	snprintf(file, sizeof(file), "%s.json", name);
	return part_load(dir->parts, file, wrong, sizeof(wrong));
}

struct part_search {
	const char *prefix;
	int (*each)(void *context, const char *name);
	void *context;
};

static int pass_part(int fd, const char *file, void *context)
{
	const struct part_search *search = context;
	const char *suffix = strstr(file, ".json");
	char name[RUN_DIR_PART_BYTES];

	if (strncmp(file, search->prefix, strlen(search->prefix)) || !suffix || (size_t)(suffix - file) >= sizeof(name))
		return 0;
	snprintf(name, sizeof(name), "%.*s", (int)(suffix - file), file);
	return search->each(search->context, name);
}

int run_dir_for_parts(const struct run_dir *dir, const char *prefix, int (*each)(void *context, const char *name), void *context)
{
	struct part_search search = { prefix, each, context };

	return for_entries(dir->parts, pass_part, &search);
}

int run_dir_log(struct run_dir *dir, json_t *event)
{
	char *text = json_dumps(event, JSON_COMPACT);
	size_t bytes;
	int err;

	json_decref(event);
	if (!text)
		return -ENOMEM;
	bytes = strlen(text);
	text[bytes++] = '\n';
	err = json_file_write_all(dir->journal, text, bytes);
	if (!err && fdatasync(dir->journal))
		err = -errno;
	free(text);
	return err;
}

int run_dir_remove_parts(struct run_dir *dir)
{
	int err = for_entries(dir->parts, remove_file, NULL);

	if (!err && unlinkat(dir->fd, PARTS_NAME, AT_REMOVEDIR))
		err = -errno;
	if (!err && unlinkat(dir->fd, RUN_LOCK_FILE, 0) && errno != ENOENT)
		err = -errno;
	return err;
}
