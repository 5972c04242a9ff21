/* SPDX-License-Identifier: MIT */
/* The benchmarks of `storsync micro`; see micro_list.h. */
#include "bench/micro/micro_list.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/gbench/gbench.h"
#include "bench/micro/micro_algorithm.h"
#include "bench/cli/quantity.h"
#include "impls/backends.h"

static int add(struct micro_list *list, enum micro_kind kind, const struct sync_backend *ops, const char *algorithm,
	       const struct micro_bench *bench)
{
	struct micro_case *cases = realloc(list->cases, (list->count + 1) * sizeof(*cases));
	struct micro_series *series;

	if (!cases)
		return -ENOMEM;
	list->cases = cases;
	series = realloc(list->series, (list->count + 1) * sizeof(*series));
	if (!series)
		return -ENOMEM;
	list->series = series;
	cases[list->count] = (struct micro_case){ .kind = kind, .ops = ops, .bench = bench };
	series[list->count] = (struct micro_series){
		.kind = kind,
		.subject = ops ? ops->name : NULL,
		.algorithm = algorithm,
		.peer = ops && sync_backend_is_peer(ops),
		.bare = ops && !ops->synchronize,
	};
	snprintf(series[list->count].name, sizeof(series->name), "%s%s%s", micro_kind_name(kind), ops ? "/" : "",
		 ops ? ops->name : "");
	list->count++;
	return 0;
}

static int add_backend(struct micro_list *list, const struct sync_backend *ops, const struct micro_bench *bench)
{
	static const enum micro_kind kinds[] = {
		MICRO_UNCONTENDED, MICRO_SYNCHRONIZE, MICRO_SERVICE, MICRO_TWO_THREAD, MICRO_TWO_THREAD_WITNESS,
	};
	int err = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !err; i++)
		err = add(list, kinds[i], ops, micro_algorithm_of(ops->name), bench);
	return err;
}

static int report_unknown(const char *name, char *error, size_t error_bytes)
{
	int at = snprintf(error, error_bytes, "'%s' is not a back end; there are all, all-peers", name);

	for (size_t i = 0; i < sync_backend_count && at >= 0 && (size_t)at < error_bytes; i++)
		at += snprintf(error + at, error_bytes - (size_t)at, ", %s", sync_backends[i]->name);
	return -EINVAL;
}

/* A name, or a set's. */
static int add_item(struct micro_list *list, const char *item, const struct micro_bench *bench, char *error,
		    size_t error_bytes)
{
	bool known = false;
	int err = 0;

	for (size_t i = 0; i < sync_backend_count && !err; i++) {
		if (!sync_backend_is_meant(sync_backends[i], item))
			continue;
		known = true;
		err = add_backend(list, sync_backends[i], bench);
	}
	return known ? err : report_unknown(item, error, error_bytes);
}

static int add_named_backends(struct micro_list *list, const char *text, const struct micro_bench *bench, char *error,
			      size_t error_bytes)
{
	struct quantity_list names;
	int err = quantity_list(text, &names, error, error_bytes);

	if (err)
		return err;
	for (size_t i = 0; i < names.count && !err; i++)
		err = add_item(list, names.items[i], bench, error, error_bytes);
	quantity_list_fini(&names);
	return err;
}

static int add_references(struct micro_list *list, const struct micro_bench *bench)
{
	int err = 0;

	for (size_t i = 0; i < sync_peer_count && !err; i++) {
		const struct sync_peer *peer = sync_peers[i];

		err = add(list, MICRO_UNCONTENDED, &peer->bare, peer->algorithm, bench);
		if (!err)
			err = add(list, MICRO_TWO_THREAD, &peer->bare, peer->algorithm, bench);
	}
	for (enum micro_kind kind = MICRO_STAMP_PAIR; kind < MICRO_KINDS && !err; kind++)
		err = add(list, kind, NULL, NULL, bench);
	return err;
}

int micro_list_init(struct micro_list *list, const char *names, const struct micro_bench *bench, char *error,
		    size_t error_bytes)
{
	int err;

	*list = (struct micro_list){ 0 };
	err = add_named_backends(list, names ? names : "all", bench, error, error_bytes);
	if (!err)
		err = add_references(list, bench);
	if (err)
		micro_list_fini(list);
	return err;
}

void micro_list_fini(struct micro_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		micro_series_fini(&list->series[i]);
	free(list->series);
	free(list->cases);
	*list = (struct micro_list){ 0 };
}

int micro_list_register(struct micro_list *list)
{
	/* what is refused is refused once */
	static const struct gbench_options once = { .repetitions = 1 };
	int err = 0;

	for (size_t i = 0; i < list->count && !err; i++)
		err = gbench_register(list->series[i].name, micro_case_run, &list->cases[i],
				      micro_case_refusal(&list->cases[i]) ? &once : NULL);
	return err;
}

size_t micro_list_index(const struct micro_list *list, const char *name)
{
	size_t i = 0;

	while (i < list->count && strcmp(list->series[i].name, name) != 0)
		i++;
	assert(i < list->count);
	return i;
}
