/* SPDX-License-Identifier: MIT */
/* The protocol's lines; see protocol.h. */
#include "bench/selftest/protocol.h"

#include <stdarg.h>

static void print_line(struct protocol *protocol, const char *figure, const char *found, const char *expected, const char *verdict)
{
	fprintf(protocol->out, "%-10s %-38s %-44s %-36s%s%s\n", protocol->named ? "" : protocol->part, figure, found, expected,
		verdict[0] ? " " : "", verdict);
	protocol->named = true;
	fflush(protocol->out);
}

void protocol_begin(struct protocol *protocol, FILE *out)
{
	*protocol = (struct protocol){ .out = out, .part = "part" };
	print_line(protocol, "figure", "found", "expected", "verdict");
}

void protocol_part(struct protocol *protocol, const char *part)
{
	protocol->part = part;
	protocol->named = false;
}

void protocol_judged(struct protocol *protocol, bool passes, const char *figure, const char *expected, const char *format, ...)
{
	char found[PROTOCOL_FOUND_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(found, sizeof(found), format, arguments);
	va_end(arguments);
	protocol->failed += !passes;
	print_line(protocol, figure, found, expected, passes ? "passes" : "FAILS");
}

void protocol_told(struct protocol *protocol, const char *verdict, const char *figure, const char *expected, const char *format, ...)
{
	char found[PROTOCOL_FOUND_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(found, sizeof(found), format, arguments);
	va_end(arguments);
	print_line(protocol, figure, found, expected, verdict);
}

void protocol_note(struct protocol *protocol, const char *format, ...)
{
	va_list arguments;

	fprintf(protocol->out, "%-10s ", "");
	va_start(arguments, format);
	vfprintf(protocol->out, format, arguments);
	va_end(arguments);
	fputc('\n', protocol->out);
	fflush(protocol->out);
}
