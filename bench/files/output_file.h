/* SPDX-License-Identifier: MIT */
/*
 * Where a result goes: standard output, one file, or a folder of files.  Files and folders are made aside and renamed, so that
 * they are there whole or not at all; nothing that is there is ever overwritten.  json_file.h is for files that are replaced.
 */
#ifndef STORSYNC_BENCH_FILES_OUTPUT_FILE_H
#define STORSYNC_BENCH_FILES_OUTPUT_FILE_H

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>

#define OUTPUT_FILE_ERROR_BYTES 640
#define OUTPUT_FILE_SIGNALS 3

struct output_file {
	char *target; /* NULL: standard output */
	char *aside;  /* what is renamed to it; NULL: nothing there */
	bool is_folder;
	unsigned files; /* written */
	FILE *file;   /* open now */
	char *error;  /* of OUTPUT_FILE_ERROR_BYTES, the caller's: one line when something fails */
	struct sigaction before[OUTPUT_FILE_SIGNALS]; /* what signals did before */
};

/* Whether a path is meant as a folder's: it is one, or ends in a slash. */
bool output_file_is_folder(const char *path);

/*
 * Whether it can be made, before time is spent on what goes there.  NULL and "-" are standard output.  0 or -errno: -EEXIST
 * when something is there, of which an empty folder is nothing to a folder.
 */
int output_file_check(const char *path, bool is_folder, char *error);

/*
 * The same, and makes it aside.  From then on until it is finished SIGINT, SIGTERM and SIGHUP are noted, not obeyed, unless
 * it is standard output.
 */
int output_file_open(struct output_file *o, const char *path, bool is_folder, char *error);

/* Such a signal came: it is time to stop. */
bool output_file_is_interrupted(void);

/* The file of that name in the folder, or the only one; NULL on failure.  To be closed by output_file_close(). */
FILE *output_file_next(struct output_file *o, const char *name);

/* 0 or -errno: only 0 means that everything was written. */
int output_file_close(struct output_file *o);

/* Stores it and puts it in its place; -EINTR: a signal came.  0 or -errno.  Whatever it returns, and whenever it is not called, the output is to be finished. */
int output_file_commit(struct output_file *o);

/* Removes what is not in its place.  Obeys the signal that came meanwhile. */
void output_file_fini(struct output_file *o);

/* All of that for a text that is there already. */
int output_file_write(const char *path, const char *text, size_t bytes, char *error);

#endif
