#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fill in the tables of the documentation that come from the sources.

A Markdown file asks for one between a pair of comments:
    <!-- table: columns bench/files/schema.c summary_columns -->  columns of a CSV file
    <!-- table: metric-columns bench/files/schema.c [MACRO] -->   columns of each metric in them
    <!-- table: metrics bench/instruments/metric.h -->                  the metrics
    <!-- table: verifier hba_sim/port/verifier_rules.h -->  the verifier's rules
    <!-- table: ord impls/ticket.c [FILE...] -->            ordered accesses and the lines they pair with
    <!-- end of table -->
Without options it tells which files are out of date; with --write it rewrites them.
"""
import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
STRING = r'"((?:[^"\\]|\\.)*)"'
COLUMN = re.compile(r'\{ ' + STRING + r', CSV_(\w+), ' + STRING + r', ' + STRING + r' \}')
METRIC = re.compile(r'X\(\w+, (\w+), ' + STRING + r'\)')
BLOCK = re.compile(r'(<!-- table: (.+?) -->\n).*?(<!-- end of table -->)', re.DOTALL)
ORD = re.compile(r'ORD (\w+:\w+) (.+?), pairs with ([^:]+:\w+(?:(?:,| and| or) [^:\s]+:\w+)*): (.+)')


class Mistake(Exception):
    """Something in a source or a document that cannot be made a table of."""


def read(path):
    file = ROOT / path
    if not file.is_file():
        raise Mistake(f'{path}: there is no such file')
    return file.read_text(encoding='utf-8')


def macro_body(text, name):
    """The lines of a #define, joined; '' when there is none."""
    found = re.search(rf'^#define {name}(?:\([^)]*\))?[ \t]*((?:[^\n]*\\\n)*[^\n]*)', text, re.MULTILINE)
    return found.group(1).replace('\\\n', ' ') if found else ''


def table(header, rows):
    lines = ['| ' + ' | '.join(header) + ' |', '|' + '---|' * len(header)]
    lines += ['| ' + ' | '.join(cell.replace('|', '\\|') for cell in row) + ' |' for row in rows]
    return '\n'.join(lines) + '\n'


def metrics_of(name):
    """(name, description) of each metric that a macro of bench/instruments/metric.h lists."""
    found = METRIC.findall(macro_body(read('bench/instruments/metric.h'), name))
    if not found:
        raise Mistake(f'bench/instruments/metric.h: {name} lists no metric')
    return found


def metric_columns(path, macro='METRIC_COLUMNS'):
    rows = re.findall(r'\{ #name "(_\w+)", CSV_(\w+), ' + STRING + r', what ' + STRING + r' \}',
                      macro_body(read(path), macro))
    if not rows:
        raise Mistake(f'{path}: {macro} lists no column')
    return rows


def metric_columns_table(path, macro='METRIC_COLUMNS'):
    return table(['column', 'type', 'unit', 'meaning'],
                 [[f'`*{suffix}`', kind.lower(), unit, text.removeprefix(': ')]
                  for suffix, kind, unit, text in metric_columns(path, macro)])


def columns_table(path, array):
    """One row a column; `name_*` and `name_clean_*` stand for all columns of a metric."""
    text = read(path)
    found = re.search(rf'struct csv_column {array}\[\] = \{{\n(.*?)\n\}};', text, re.DOTALL)
    if not found:
        raise Mistake(f'{path}: there is no array {array}')
    body = re.sub(r'\bKEY_COLUMNS\b', lambda _: macro_body(text, 'KEY_COLUMNS'), found.group(1))
    rows = []
    at = 0
    item = re.compile(COLUMN.pattern + r'|(\w+)\(METRIC(_CLEAN)?_COLUMNS\)')
    for match in item.finditer(body):
        if body[at:match.start()].strip(' \t\n,'):
            raise Mistake(f'{path}: {array}: not understood: {body[at:match.start()].strip()}')
        at = match.end()
        name, kind, unit, meaning, group, clean = match.groups()
        if group and clean:
            rows += [[f'`{metric}_hit_n`, `{metric}_clean_*`', 'integer', '', f'{what}: gaps']
                     for metric, what in metrics_of(group)]
        elif group:
            rows += [[f'`{metric}_*`', 'integer', '', what] for metric, what in metrics_of(group)]
        else:
            rows.append([f'`{name}`', kind.lower(), unit, meaning])
    if body[at:].strip(' \t\n,'):
        raise Mistake(f'{path}: {array}: not understood: {body[at:].strip()}')
    return table(['column', 'type', 'unit', 'meaning'], rows)


def metrics_table(path):
    text = read(path)
    return table(['metric', 'what it is'], [[f'`{name}`', what] for name, what in METRIC.findall(text)])


def comments(text):
    """Every comment of a C source as one line each."""
    for comment in re.findall(r'/\*(.*?)\*/', text, re.DOTALL):
        yield ' '.join(re.sub(r'^\s*\*', '', line).strip() for line in comment.split('\n')).strip()


def ord_rows(path):
    for comment in comments(read(path)):
        if not comment.startswith('ORD '):
            continue
        found = ORD.fullmatch(comment)
        if not found:
            raise Mistake(f'{path}: not of the form "ORD name:A order, pairs with name:B: why": {comment}')
        name, order, pairs, why = found.groups()
        pairs = ', '.join(f'`{pair}`' for pair in re.split(r',? and | or |, ', pairs))
        yield [f'`{name}`', order, pairs, why.rstrip('.')]


def ord_table(*paths):
    rows = [row for path in paths for row in ord_rows(path)]
    if not rows:
        raise Mistake(f'{", ".join(paths)}: no ORD comment')
    return table(['access', 'order', 'pairs with', 'what follows'], sorted(rows))


def verifier_table(path):
    rules = re.findall(r'X\(\w+, ' + r',\s*'.join([STRING] * 4) + r'\)', macro_body(read(path), 'VERIFIER_RULES'))
    if not rules:
        raise Mistake(f'{path}: no rule')
    return table(['rule', 'what is wrong', 'right', 'source'],
                 [[f'`{name}`', wrong, right, source] for name, wrong, right, source in rules])


MAKERS = {'verifier': verifier_table, 'columns': columns_table, 'metric-columns': metric_columns_table, 'metrics': metrics_table, 'ord': ord_table}


def filled_in(text):
    """The document with every table made anew."""
    def make(match):
        kind, *arguments = match.group(2).split()
        if kind not in MAKERS:
            raise Mistake(f'"{kind}" is none of {", ".join(MAKERS)}')
        try:
            made = MAKERS[kind](*arguments)
        except TypeError:
            raise Mistake(f'"{match.group(2)}" has not the arguments that "{kind}" takes') from None
        return f'{match.group(1)}\n{made}\n{match.group(3)}'
    return BLOCK.sub(make, text)


def documents(root):
    for path in sorted(root.rglob('*.md')):
        if path.relative_to(root).parts[0] not in ('build', '.git'):
            yield path


def main():
    global ROOT
    parser = argparse.ArgumentParser(description='Tables of the documentation that come from the sources.')
    parser.add_argument('--write', action='store_true', help='rewrite what is out of date, instead of naming it')
    parser.add_argument('--root', type=pathlib.Path, default=ROOT, help='of the checkout')
    options = parser.parse_args()
    ROOT = options.root.resolve()
    stale = 0
    for path in documents(ROOT):
        old = path.read_text(encoding='utf-8')
        name = path.relative_to(ROOT)
        try:
            new = filled_in(old)
        except Mistake as mistake:
            print(f'{name}: {mistake}', file=sys.stderr)
            return 2
        if new == old:
            continue
        stale += 1
        if options.write:
            path.write_text(new, encoding='utf-8')
            print(f'{name}: written')
        else:
            print(f'{name}: its tables are not what the sources say; run scripts/doc_tables.py --write')
    return 1 if stale and not options.write else 0


if __name__ == '__main__':
    sys.exit(main())
