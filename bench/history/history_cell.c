/* SPDX-License-Identifier: MIT */
/* Cells as texts; see history_cell.h. */
#include "bench/history/history_cell.h"

#include <errno.h>

char *history_cell_text(const struct run_cell *cell)
{
	json_t *json = json_object();
	char *text;

	for (unsigned k = 0; k < RUN_KEY_COUNT && json; k++) {
		const char *value = cell->key[k];

		if (*value && !run_key_is_origin((enum run_key)k) &&
		    json_object_set_new(json, run_key_name((enum run_key)k), json_string(value))) {
			json_decref(json);
			return NULL;
		}
	}
	text = json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(json);
	return text;
}

int history_cell_parse(const char *text, struct run_cell *cell, json_t **json)
{
	const char *name;
	json_t *value;

	*json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(*json)) {
		json_decref(*json);
		return -EINVAL;
	}
	*cell = (struct run_cell){ .cell_id = "" };
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++)
		cell->key[k] = "";
	json_object_foreach(*json, name, value) {
		enum run_key key = run_key_find(name);

		if (key == RUN_KEY_COUNT || run_key_is_origin(key) || !json_is_string(value)) {
			json_decref(*json);
			return -EINVAL;
		}
		cell->key[key] = json_string_value(value);
	}
	return 0;
}
