/* SPDX-License-Identifier: MIT */
/* Rows; see rows.h. */
#include "bench/run/rows.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cli/version.h"
#include "bench/files/schema.h"
#include "bench/miniport/loaded.h"
#include "impls/backends.h"

/* A JSON value becomes a column's cell, in the column's type. */
static void set_from_json(struct csv_row *row, size_t at, const json_t *value)
{
	switch (row->schema->columns[at].type) {
	case CSV_INTEGER:
		csv_set_u64_at(row, at, json_is_integer(value) ? (uint64_t)json_integer_value(value) :
								  (uint64_t)llround(json_number_value(value)));
		break;
	case CSV_NUMBER:
		csv_set_double_at(row, at, json_number_value(value));
		break;
	case CSV_BOOLEAN:
		csv_set_bool_at(row, at, json_is_true(value));
		break;
	case CSV_STRING:
	case CSV_DATETIME:
		csv_set_string_at(row, at, json_string_value(value));
		break;
	}
}

static void set_key(const struct run_identity *identity, struct csv_row *row, const struct run_row *from)
{
	csv_row_clear(row);
	csv_set_string(row, "run_id", identity->run_id);
	csv_set_string(row, "cell_id", from->cell->id);
	if (from->invocation)
		csv_set_u64(row, "invocation", from->invocation);
}

/* What the argument changes makes it another driver. */
static void set_miniport(struct csv_row *row, const struct cell_spec *spec)
{
	char text[300];

	if (!spec->miniport[0])
		return;
	miniport_name(spec->miniport, text, 128);
	if (spec->miniport_argument[0])
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "(%s)", spec->miniport_argument);
	csv_set_string(row, "miniport", text);
}

static void set_cell(struct csv_row *row, const struct cell_spec *spec)
{
	const char *file = strrchr(spec->trace, '/');
	char speed[32] = "max";

	if (!isinf(spec->trace_speed))
		snprintf(speed, sizeof(speed), "%g", spec->trace_speed);
	set_miniport(row, spec);
	csv_set_string(row, "backend", spec->backend);
	csv_set_string(row, "delivery", sync_delivery_name(spec->delivery));
	csv_set_string(row, "duplex", spec->half_duplex ? "half" : "full");
	csv_set_string(row, "interrupt_mode", !spec->vectors ? "intx" : spec->message_locks ? "msi-each" : "msi-all");
	csv_set_string(row, "workload", spec->trace[0] ? "trace" : spec->arrival == ARRIVAL_CLOSED ? "closed-loop" : "open-loop");
	csv_set_string(row, "arrival", spec->trace[0] && !isinf(spec->trace_speed) ? "trace" : cell_arrival_name(spec->arrival));
	if (spec->arrival != ARRIVAL_CLOSED)
		csv_set_double(row, "arrival_rate_hz", (double)spec->arrival_hz);
	if (spec->inject)
		csv_set_u64(row, "inject_ns", spec->inject_ns);
	csv_set_double(row, "warmup_max_s", (double)spec->warmup_max_ns / 1e9);
	csv_set_u64(row, "cpus", spec->cpus);
	csv_set_string(row, "irq_routing", cell_routing_name(spec->routing));
	csv_set_u64(row, "vectors", spec->vectors ? spec->vectors : 1);
	csv_set_u64(row, "queue_depth", spec->queue_depth);
	csv_set_u64(row, "section_ns", spec->section_ns);
	csv_set_u64(row, "think_ns", spec->think_ns);
	csv_set_double(row, "irq_rate_hz", (double)spec->bystander_hz);
	csv_set_double(row, "preempt_rate_hz", (double)spec->preempt_hz);
	csv_set_u64(row, "preempt_ns", spec->preempt_ns);
	csv_set_double(row, "warmup_s", (double)spec->warmup_ns / 1e9);
	csv_set_string(row, "completion", spec->completion_dpc ? "dpc" : "isr");
	csv_set_u64(row, "channels", spec->channels ? spec->channels : spec->cpus);
	csv_set_string(row, "service_time", spec->service_time);
	csv_set_string(row, "data_mode", spec->data == LUN_DATA_COPY ? "copy" : "stamp");
	csv_set_bool(row, "oversubscribed", spec->oversubscribe);
	csv_set_string(row, "device", spec->device);
	csv_set_string(row, "transport", device_transport_name(spec->transport));
	csv_set_u64(row, "queues", spec->queues);
	if (spec->coalesce_ns) {
		csv_set_u64(row, "coalesce_count", spec->coalesce_count);
		csv_set_u64(row, "coalesce_ns", spec->coalesce_ns);
	}
	csv_set_bool(row, "verified", spec->verify);
	if (spec->dpc_redirection)
		csv_set_string(row, "perf_opts", "dpc-redirection");
	if (spec->faults[0]) {
		csv_set_string(row, "faults", spec->faults);
		csv_set_u64(row, "timeout_ms", spec->timeout_ms);
	}
	if (spec->trace[0]) {
		csv_set_string(row, "trace", file ? file + 1 : spec->trace);
		csv_set_string(row, "trace_speed", speed);
	} else {
		csv_set_u64(row, "io_bytes", spec->io_bytes);
	}
}

/* What of a refusal is the back end's own. */
static void set_backend_reason(struct csv_row *row, const struct cell_spec *spec)
{
	const struct sync_backend *backend = sync_backend_find(spec->backend);
	const char *reason = backend ? sync_backend_refusal(backend, (unsigned)spec->cpus, spec->delivery) : NULL;

	if (reason)
		csv_set_string(row, "backend_reason", reason);
}

static int put_summary(struct csv_writer *writer, struct csv_row *row, const struct run_identity *identity, const struct run_row *from)
{
	json_t *summary = json_object_get(from->result, "summary");
	const char *name;
	json_t *value;

	set_key(identity, row, from);
	csv_set_u64(row, "schema_version", SCHEMA_VERSION);
	csv_set_string(row, "host_id", identity->host_id);
	csv_set_string(row, "build_id", storsync_version);
	set_cell(row, &from->cell->spec);
	json_object_foreach(summary, name, value) {
		size_t at = csv_column_index(row->schema, name);

		if (at != CSV_NO_COLUMN)
			set_from_json(row, at, value);
	}
	csv_set_string(row, "status", from->status);
	csv_set_string(row, "status_reason", from->reason);
	if (!from->invocation)
		set_backend_reason(row, &from->cell->spec);
	if (from->invocation) {
		csv_set_u64(row, "block", from->invocation);
		csv_set_u64(row, "order_index", from->order_index);
		csv_set_u64(row, "seed", from->seed);
		csv_set_string(row, "started_utc", from->started_utc);
	}
	return csv_write_row(writer, row);
}

/* Rows that the result holds as arrays, in the order of the columns behind the key. */
static int put_arrays(struct csv_writer *writer, struct csv_row *row, const struct run_identity *identity, const struct run_row *from,
		      const json_t *rows)
{
	size_t key_columns = csv_column_index(row->schema, "invocation") + 1;
	json_t *cells;
	json_t *value;
	size_t i, column;
	int err = 0;

	json_array_foreach(rows, i, cells) {
		set_key(identity, row, from);
		json_array_foreach(cells, column, value) {
			/* What is unknown stays empty: null, and a negative number. */
			if (!json_is_null(value) && !(json_is_integer(value) && json_integer_value(value) < 0))
				set_from_json(row, key_columns + column, value);
		}
		err = err ? err : csv_write_row(writer, row);
	}
	return err;
}

/* The rows of one file; which member of the result they come from has the file's name without its suffix. */
static int put_file(struct csv_writer *writer, struct csv_row *row, const struct run_identity *identity, const struct run_row *from)
{
	char member[32];
	const json_t *rows;

	if (writer->schema == &schema_summary)
		return put_summary(writer, row, identity, from);
	snprintf(member, sizeof(member), "%.*s", (int)strcspn(writer->schema->name, "."), writer->schema->name);
	rows = json_object_get(from->result, member);
	if (!rows)
		return 0;
	if (!json_is_string(rows))
		return put_arrays(writer, row, identity, from, rows);
	/* There are thousands of them: text, but for the key. */
	set_key(identity, row, from);
	return csv_write_lines(writer, row, json_string_value(rows));
}

int rows_add(json_t *rows, const struct csv_schema *schema, const struct run_identity *identity, const struct run_row *from)
{
	struct csv_writer writer;
	struct csv_row row;
	char *text = NULL;
	int err = csv_row_init(&row, schema);
	int close_err;

	if (err)
		return err;
	err = csv_open_memory(&writer, schema);
	if (!err) {
		err = put_file(&writer, &row, identity, from);
		close_err = csv_close_memory(&writer, &text);
		err = err ? err : close_err;
	}
	csv_row_fini(&row);
	if (!err)
		err = rows_add_text(rows, schema, text);
	free(text);
	return err;
}

int rows_add_text(json_t *rows, const struct csv_schema *schema, const char *text)
{
	const char *before = json_string_value(json_object_get(rows, schema->name));
	json_t *both;

	if (!text || !*text)
		return 0;
	both = before ? json_sprintf("%s%s", before, text) : json_string(text);
	return both && json_object_set_new(rows, schema->name, both) == 0 ? 0 : -ENOMEM;
}

int rows_add_all(json_t *rows, const struct run_identity *identity, const struct run_row *from)
{
	int err = 0;

	for (unsigned i = 0; i < SCHEMA_FILES && !err; i++) {
		/* What is of the run, and not of an invocation, is added by whoever has it. */
		if (schema_files[i] != &schema_env)
			err = rows_add(rows, schema_files[i], identity, from);
	}
	return err;
}
