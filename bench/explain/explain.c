/* SPDX-License-Identifier: MIT */
/* Sentences put together; see explain.h. */
#include "bench/explain/explain.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bench/explain/evidence.h"
#include "bench/explain/stages.h"
#include "bench/explain/trust.h"

const char *explain_part_name(enum explain_part part)
{
	static const char *const names[] = {
		[PART_MASKED] = "isr_masked", [PART_DELIVERY] = "isr_delivery", [PART_ACQUIRE] = "isr_acquire",
		[PART_WAIT] = "sync_wait",    [PART_HOLD] = "sync_hold",	[PART_RELEASE] = "sync_release",
	};

	return names[part];
}

const char *explain_section_name(enum explain_section section)
{
	static const char *const names[] = {
		[SECTION_LATENCY] = "latency", [SECTION_CALLS] = "calls", [SECTION_WHY] = "why",
		[SECTION_OTHERS] = "others",   [SECTION_TRUST] = "trust", [SECTION_NEXT] = "next",
	};

	return names[section];
}

struct explain_sentence *explain_say(struct explanation *explanation, const char *rule, enum explain_section section,
				     const char *format, ...)
{
	struct explain_sentence *sentence;
	va_list arguments;

	if (explanation->count == EXPLAIN_SENTENCES_MAX)
		return NULL;
	sentence = &explanation->sentence[explanation->count++];
	*sentence = (struct explain_sentence){ .rule = rule, .section = section };
	va_start(arguments, format);
	vsnprintf(sentence->text, sizeof(sentence->text), format, arguments);
	va_end(arguments);
	return sentence;
}

void explain_cite(struct explain_sentence *sentence, const struct explain_difference *figure)
{
	if (sentence && sentence->figures < EXPLAIN_FIGURES_MAX)
		sentence->figure[sentence->figures++] = *figure;
}

static void set_name(const struct explanation *explanation, const struct explain_side *side, char name[EXPLAIN_NAME_BYTES])
{
	const char *value = side->key[explanation->column];

	if (explanation->column == RUN_KEY_BACKEND)
		snprintf(name, EXPLAIN_NAME_BYTES, "%s", value);
	else
		snprintf(name, EXPLAIN_NAME_BYTES, "%s %s", run_key_name(explanation->column), *value ? value : "off");
}

void explain_compose(struct explanation *explanation)
{
	explanation->count = 0;
	explanation->longer = explanation->shorter = 0;
	set_name(explanation, &explanation->cell, explanation->cell_name);
	set_name(explanation, &explanation->base, explanation->base_name);
	stages_explain(explanation);
	evidence_explain(explanation);
	trust_explain(explanation);
}

bool explain_latency_is_shown(const struct explanation *explanation)
{
	enum compare_verdict verdict = explanation->compared.verdict;

	return explain_is_shown(&explanation->latency) && verdict != COMPARE_EQUIVALENT && verdict != COMPARE_UNDECIDED;
}

const struct explain_sentence *explain_first_reason(const struct explanation *explanation, unsigned parts)
{
	for (size_t i = 0; i < explanation->count; i++) {
		if (explanation->sentence[i].section == SECTION_WHY && (explanation->sentence[i].parts & parts))
			return &explanation->sentence[i];
	}
	return NULL;
}
