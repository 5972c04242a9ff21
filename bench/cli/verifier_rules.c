/* SPDX-License-Identifier: MIT */
/* `storsync verifier`; see verifier_rules.h. */
#include "bench/cli/verifier_rules.h"

#include <argp.h>
#include <stdio.h>

#include "bench/cli/usage.h"
#include "hba_sim/port/verifier.h"

static error_t parse(int key, char *argument, struct argp_state *state)
{
	if (key == ARGP_KEY_ARG)
		usage_error("'%.60s' is unexpected: it takes no arguments", argument);
	return ARGP_ERR_UNKNOWN;
}

int verifier_main(int argc, char **argv)
{
	static const struct argp argp = {
		.parser = parse,
		.doc = "The rules that `storsync run --verify` holds a miniport to: name, what is wrong, what is right, and whose rule it is.",
	};

	usage_parse(&argp, "verifier", argc, argv, NULL);
	for (size_t i = 0; i < VERIFIER_RULE_COUNT; i++) {
		const struct verifier_rule_text *rule = &verifier_rules[i];

		printf("%-20s %s\n%21sRight: %s.  Source: %s.\n", rule->name, rule->sentence, "", rule->right, rule->source);
	}
	return 0;
}
