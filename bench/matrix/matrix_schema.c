/* SPDX-License-Identifier: MIT */
/* libcyaml's schema of matrix files, made from the tables; see matrix_schema.h. */
#include "bench/matrix/matrix_schema.h"

#include <cyaml/cyaml.h>
#include <string.h>

static const cyaml_schema_value_t text_schema = { CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED) };

/* libcyaml's tables end in an entry without a key, which a zeroed array has. */
static cyaml_schema_field_t dimension_fields[DIMENSIONS + 1];
static cyaml_schema_field_t profile_fields[SETTINGS + 3];
static cyaml_schema_field_t matrix_fields[SETTINGS + 7];

static const cyaml_schema_value_t dimensions_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_dimensions, dimension_fields)
};
static const cyaml_schema_value_t profile_schema = { CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_profile, profile_fields) };
static const cyaml_schema_value_t matrix_schema = { CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_matrix, matrix_fields) };

static const cyaml_config_t config = { .log_fn = NULL, .mem_fn = cyaml_mem, .log_level = CYAML_LOG_ERROR };

static void describe_dimensions(void)
{
	for (size_t d = 0; d < DIMENSIONS; d++) {
		cyaml_schema_field_t field = CYAML_FIELD_SEQUENCE_COUNT("", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
									struct raw_dimensions, list[0].item, list[0].count,
									&text_schema, 1, CYAML_UNLIMITED);

		field.key = dimensions[d].name;
		field.data_offset += (uint32_t)(d * sizeof(struct raw_list));
		field.count_offset += (uint32_t)(d * sizeof(struct raw_list));
		dimension_fields[d] = field;
	}
}

static void describe_settings(cyaml_schema_field_t *fields, size_t offset)
{
	for (size_t i = 0; i < SETTINGS; i++) {
		cyaml_schema_field_t field = CYAML_FIELD_STRING_PTR("", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_matrix,
								    name, 0, CYAML_UNLIMITED);

		field.key = settings_table[i].name;
		field.data_offset = (uint32_t)(offset + i * sizeof(char *));
		fields[i] = field;
	}
}

static void describe(void)
{
	static const cyaml_schema_field_t of_profile[] = {
		CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct raw_profile, name, 0, CYAML_UNLIMITED),
		CYAML_FIELD_MAPPING_PTR("dimensions", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_profile, dimensions,
					dimension_fields),
	};
	static const cyaml_schema_field_t of_matrix[] = {
		CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_matrix, name, 0, CYAML_UNLIMITED),
		CYAML_FIELD_STRING_PTR("description", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_matrix, description, 0,
				       CYAML_UNLIMITED),
		CYAML_FIELD_MAPPING_PTR("dimensions", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_matrix, dimensions,
					dimension_fields),
		CYAML_FIELD_SEQUENCE("include", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_matrix, include,
				     &dimensions_schema, 0, CYAML_UNLIMITED),
		CYAML_FIELD_SEQUENCE("exclude", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_matrix, exclude,
				     &dimensions_schema, 0, CYAML_UNLIMITED),
		CYAML_FIELD_SEQUENCE("profiles", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_matrix, profiles,
				     &profile_schema, 0, CYAML_UNLIMITED),
	};

	_Static_assert(sizeof(of_profile) / sizeof(of_profile[0]) + SETTINGS < sizeof(profile_fields) / sizeof(profile_fields[0]) &&
		       sizeof(of_matrix) / sizeof(of_matrix[0]) + SETTINGS < sizeof(matrix_fields) / sizeof(matrix_fields[0]),
		       "the last entry must stay empty");
	describe_dimensions();
	describe_settings(profile_fields, offsetof(struct raw_profile, setting));
	memcpy(&profile_fields[SETTINGS], of_profile, sizeof(of_profile));
	describe_settings(matrix_fields, offsetof(struct raw_matrix, setting));
	memcpy(&matrix_fields[SETTINGS], of_matrix, sizeof(of_matrix));
}

struct raw_matrix *raw_matrix_load(const char *normal, const char **reason)
{
	struct raw_matrix *raw = NULL;
	cyaml_err_t err;

	describe();
	err = cyaml_load_data((const uint8_t *)normal, strlen(normal), &config, &matrix_schema, (cyaml_data_t **)&raw, NULL);
	if (err == CYAML_OK)
		return raw;
	*reason = cyaml_strerror(err);
	return NULL;
}

void raw_matrix_free(struct raw_matrix *raw)
{
	cyaml_free(&config, &matrix_schema, raw, 0);
}
