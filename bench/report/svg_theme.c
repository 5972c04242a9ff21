/* SPDX-License-Identifier: MIT */
/*
 * From gnuplot's SVG to a page's; see svg_theme.h.
 *
 * Not a parser of XML: of what gnuplot's terminal writes, each tag is taken apart into attributes and written anew.  Groups that turn out empty, of
 * which there are hundreds in a drawing, are taken back.
 */
#include "bench/report/svg_theme.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NESTED 32u
#define HATCH 0x010205

struct theme {
	const char *id;
	char *text; /* the new drawing */
	size_t bytes, room;
	/* Groups that are open: where each begins, and what was written up to the end of its tag. */
	size_t begin[NESTED], end[NESTED];
	size_t open;
	int error;
};

struct attribute {
	const char *name, *value;
	size_t name_bytes, value_bytes;
};

static void put(struct theme *theme, const char *text, size_t bytes)
{
	if (theme->bytes + bytes + 1 > theme->room) {
		size_t room = 2 * (theme->room + bytes + 1);
		char *bigger = realloc(theme->text, room);

		if (!bigger) {
			theme->error = -ENOMEM;
			return;
		}
		theme->text = bigger;
		theme->room = room;
	}
	memcpy(theme->text + theme->bytes, text, bytes);
	theme->bytes += bytes;
	theme->text[theme->bytes] = '\0';
}

static void puts_to(struct theme *theme, const char *text)
{
	put(theme, text, strlen(text));
}

static void put_escaped(struct theme *theme, const char *text)
{
	for (; *text; text++) {
		const char *entity = *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : *text == '&' ? "&amp;" : *text == '"' ? "&quot;" : NULL;

		if (entity)
			puts_to(theme, entity);
		else
			put(theme, text, 1);
	}
}

static bool is(const char *text, size_t bytes, const char *word)
{
	return strlen(word) == bytes && strncasecmp(text, word, bytes) == 0;
}

/* 0xRRGGBB, or -1 where it is no colour. */
static long colour_parse(const char *text, size_t bytes)
{
	static const struct {
		const char *name;
		long colour;
	} named[] = { { "black", 0 }, { "white", 0xfefefe }, { "#ffffff", 0xfefefe }, { "gray", 0x010203 }, { "lightgrey", 0x010203 } };
	char copy[48];
	unsigned r, g, b;
	long colour;
	char *end;

	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		if (is(text, bytes, named[i].name))
			return named[i].colour;
	}
	if (bytes >= sizeof(copy))
		return -1;
	memcpy(copy, text, bytes);
	copy[bytes] = '\0';
	if (sscanf(copy, "rgb( %u , %u , %u )", &r, &g, &b) == 3 && r < 256 && g < 256 && b < 256)
		return (long)(r << 16 | g << 8 | b);
	if (copy[0] != '#' || bytes != 7)
		return -1;
	colour = strtol(copy + 1, &end, 16);
	return *end ? -1 : colour;
}

static void put_colour(struct theme *theme, const char *text, size_t bytes)
{
	long colour;
	char name[32];

	if (is(text, bytes, "none") || is(text, bytes, "currentColor")) {
		put(theme, text, bytes);
		return;
	}
	colour = colour_parse(text, bytes);
	if (colour == 0)
		puts_to(theme, "var(--ink)");
	else if (colour == 0xfefefe)
		puts_to(theme, "var(--paper)");
	else if (colour == 0x010203)
		puts_to(theme, "var(--grid)");
	else if (colour == 0x010204 || colour == HATCH)
		puts_to(theme, "var(--muted)");
	else if (colour > 0xa00000 && colour <= 0xa00000 + (long)SVG_SERIES) {
		snprintf(name, sizeof(name), "var(--series-%ld)", colour - 0xa00000);
		puts_to(theme, name);
	} else {
		theme->error = -EBADMSG;
	}
}

static void put_paint(struct theme *theme, const char *name, size_t name_bytes, const char *value, size_t value_bytes)
{
	put(theme, " ", 1);
	put(theme, name, name_bytes);
	puts_to(theme, "=\"");
	if (value_bytes > 5 && memcmp(value, "url(#", 5) == 0) {
		puts_to(theme, "url(#");
		puts_to(theme, theme->id);
		put(theme, "-", 1);
		put(theme, value + 5, value_bytes - 5);
	} else {
		put_colour(theme, value, value_bytes);
	}
	put(theme, "\"", 1);
	if (colour_parse(value, value_bytes) == HATCH) {
		put(theme, " ", 1);
		put(theme, name, name_bytes);
		puts_to(theme, "-opacity=\"0.6\"");
	}
}

/* style="fill:none; stroke:rgb(1,2,3)" as attributes: a page may forbid styles in tags. */
static void put_style(struct theme *theme, const char *text, size_t bytes)
{
	const char *end = text + bytes;

	while (text < end) {
		const char *stop = memchr(text, ';', (size_t)(end - text));
		const char *colon;

		if (!stop)
			stop = end;
		while (text < stop && *text == ' ')
			text++;
		colon = memchr(text, ':', (size_t)(stop - text));
		if (colon)
			put_paint(theme, text, (size_t)(colon - text), colon + 1, (size_t)(stop - colon - 1));
		text = stop + 1;
	}
}

static void put_attribute(struct theme *theme, const struct attribute *a)
{
	bool reference = is(a->name, a->name_bytes, "xlink:href") || is(a->name, a->name_bytes, "href");
	bool gnuplot_id = is(a->name, a->name_bytes, "id");

	if ((is(a->name, a->name_bytes, "stroke-linecap") && is(a->value, a->value_bytes, "butt")) ||
	    (is(a->name, a->name_bytes, "stroke-linejoin") && is(a->value, a->value_bytes, "miter")))
		return;
	if (is(a->name, a->name_bytes, "font-family") || is(a->name, a->name_bytes, "class") || is(a->name, a->name_bytes, "xml:space"))
		return;
	if (is(a->name, a->name_bytes, "style")) {
		put_style(theme, a->value, a->value_bytes);
	} else if (is(a->name, a->name_bytes, "fill") || is(a->name, a->name_bytes, "stroke") || is(a->name, a->name_bytes, "color")) {
		put_paint(theme, a->name, a->name_bytes, a->value, a->value_bytes);
	} else if (reference || gnuplot_id) {
		bool hash = reference && a->value_bytes && a->value[0] == '#';

		if (reference && !hash) { /* something outside the drawing */
			theme->error = -EBADMSG;
			return;
		}
		puts_to(theme, reference ? " href=\"#" : " id=\"");
		puts_to(theme, theme->id);
		put(theme, "-", 1);
		put(theme, a->value + hash, a->value_bytes - hash);
		put(theme, "\"", 1);
	} else {
		put(theme, " ", 1);
		put(theme, a->name, a->name_bytes);
		puts_to(theme, "=\"");
		put(theme, a->value, a->value_bytes);
		put(theme, "\"", 1);
	}
}

/* The next attribute of a tag that ends at `end`. */
static bool attribute_next(const char **at, const char *end, struct attribute *a)
{
	const char *p = *at;
	char quote;

	while (p < end && strchr(" \t\n/", *p))
		p++;
	a->name = p;
	while (p < end && !strchr(" \t\n=", *p))
		p++;
	a->name_bytes = (size_t)(p - a->name);
	while (p < end && strchr(" \t\n=", *p))
		p++;
	if (a->name_bytes == 0 || p >= end || (*p != '"' && *p != '\''))
		return false;
	quote = *p++;
	a->value = p;
	p = memchr(p, quote, (size_t)(end - p));
	if (!p)
		return false;
	a->value_bytes = (size_t)(p - a->value);
	*at = p + 1;
	return true;
}

static void put_tag(struct theme *theme, const char *name, size_t name_bytes, const char *at, const char *end)
{
	bool group = is(name, name_bytes, "g");
	struct attribute a;

	put(theme, "<", 1);
	put(theme, name, name_bytes);
	while (attribute_next(&at, end, &a)) {
		/* gnuplot numbers plots anew in every panel, and nothing refers to a group. */
		if (!(group && is(a.name, a.name_bytes, "id")))
			put_attribute(theme, &a);
	}
	puts_to(theme, end[-1] == '/' ? "/>" : ">");
}

static void put_root(struct theme *theme, const char *at, const char *end, const char *title)
{
	struct attribute a;

	puts_to(theme, "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\"");
	while (attribute_next(&at, end, &a)) {
		if (is(a.name, a.name_bytes, "viewBox"))
			put_attribute(theme, &a);
	}
	puts_to(theme, "><title>");
	put_escaped(theme, title);
	puts_to(theme, "</title>\n");
}

/* The end of the tag at `p`, at its '>'; quotes may hold one. */
static const char *tag_end(const char *p)
{
	char quote = 0;

	for (; *p; p++) {
		if (quote)
			quote = *p == quote ? 0 : quote;
		else if (*p == '"' || *p == '\'')
			quote = *p;
		else if (*p == '>')
			return p;
	}
	return NULL;
}

/* Where the element that begins at `p` is over, if it is one that is left out; else NULL. */
static const char *left_out(const char *p)
{
	static const char *const element[] = { "title", "desc", "script", "filter", "style" };

	for (size_t i = 0; i < sizeof(element) / sizeof(element[0]); i++) {
		size_t n = strlen(element[i]);
		char close[16];
		const char *end;

		if (strncmp(p + 1, element[i], n) != 0 || !strchr(" >\n", p[1 + n]))
			continue;
		snprintf(close, sizeof(close), "</%s>", element[i]);
		end = strstr(p, close);
		return end ? end + strlen(close) : p + strlen(p);
	}
	return NULL;
}

static void group_open(struct theme *theme, size_t begin)
{
	if (theme->open == NESTED) {
		theme->error = -EBADMSG;
		return;
	}
	theme->begin[theme->open] = begin;
	theme->end[theme->open++] = theme->bytes;
}

static void group_close(struct theme *theme)
{
	size_t last;

	if (theme->open == 0) {
		theme->error = -EBADMSG;
		return;
	}
	last = --theme->open;
	if (theme->bytes == theme->end[last])
		theme->bytes = theme->begin[last];
	else
		puts_to(theme, "</g>\n");
}

/* Text between tags: what is white space only means nothing, but within a <text>. */
static const char *put_text(struct theme *theme, const char *p, bool within_text)
{
	size_t n = strcspn(p, "<");

	if (within_text || strspn(p, " \t\n") < n)
		put(theme, p, n);
	return p + n;
}

/* From behind the root's tag to behind its end. */
static const char *put_content(struct theme *theme, const char *p)
{
	bool within_text = false;

	while (!theme->error) {
		const char *end, *after;
		size_t name_bytes, begin;

		p = put_text(theme, p, within_text);
		after = *p ? left_out(p) : NULL;
		if (after) {
			p = after;
			continue;
		}
		end = *p ? tag_end(p) : NULL;
		if (!end)
			break;
		begin = theme->bytes;
		if (p[1] == '!' || p[1] == '?') {
			p = end + 1;
			continue;
		}
		if (strncmp(p, "</svg>", 6) == 0) {
			puts_to(theme, "</svg>");
			return theme->open ? NULL : end + 1;
		}
		if (strncmp(p, "</g>", 4) == 0) {
			group_close(theme);
		} else if (p[1] == '/') {
			put(theme, p, (size_t)(end - p) + 1);
			within_text = within_text && strncmp(p, "</text>", 7) != 0;
		} else {
			name_bytes = strcspn(p + 1, " \t\n/>");
			put_tag(theme, p + 1, name_bytes, p + 1 + name_bytes, end);
			within_text = within_text || is(p + 1, name_bytes, "text");
			if (is(p + 1, name_bytes, "g"))
				group_open(theme, begin);
		}
		p = end + 1;
	}
	return NULL;
}

int svg_theme(const char *drawing, const char *id, const char *title, char **svg, const char **rest)
{
	struct theme theme = { .id = id };
	const char *root = strstr(drawing, "<svg");
	const char *end = root ? tag_end(root) : NULL;
	const char *behind;

	*svg = NULL;
	if (!root)
		return -ENODATA;
	if (!end)
		return -EBADMSG;
	put_root(&theme, root + 4, end, title);
	behind = put_content(&theme, end + 1);
	if (!behind || theme.error) {
		free(theme.text);
		return theme.error ? theme.error : -EBADMSG;
	}
	*svg = theme.text;
	if (rest)
		*rest = behind;
	return 0;
}
