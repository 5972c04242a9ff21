#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The documents: what they say is there, is there; what they tell to run, runs.

  docs_test.py [--root DIR] [--binary STORSYNC] [CHECK...]   default: every check
  docs_test.py --self-test                                   every check fails on a broken tree of its own

Checks:
  tables    tables that come from sources are what the sources say
  links     relative links and their anchors, and paths in code spans, exist
  options   every option named is one that some help text has
  backends  the README's list of back ends is that of `storsync list`
  surface   docs/storport-surface.md has the routines that the driver kit declares and the port driver exports
  columns   results/README.md lists the columns that the program writes, in their order
  commands  every ```sh block exits with 0 in a copy of the tree, and pasted output has the words of real output
  examples  the back ends in the documents build, keep their promises and can be measured; all but back ends is taken from
            the folder of the binary, where that is a build by Ninja

Commands run in a copy of the tree, and a `build/storsync` that shortens every measurement.  A comment before a fence says
what is special about it:
  <!-- test: stub PROGRAM... -->   these programs do nothing
  <!-- test: whole -->             measurements are not shortened
  <!-- test: results -->           there is a run in results/
  <!-- test: output COMMAND -->    ```text: what the last block with that command printed
  <!-- test: file PATH -->         an example's source; <!-- test: line PATH --> a line to append
  <!-- test: example NAME -->      run once the examples are built
  <!-- test: excerpt PATH -->      stands in that file as it is here
Exit status: 0 clean, 1 not, 2 usage.
"""
import argparse
import csv
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import docs_surface

BLOCK_TIMEOUT_S = 120
BUILD_TIMEOUT_S = 600
NOT_COPIED = {'.git', 'build', 'results', '__pycache__'}
COMMENT = re.compile(r'<!-- test: (\w+) ?(.*?) ?-->')
OPTION = re.compile(r'(?<![\w-])--[a-z][a-z0-9_-]*')
# Only what belongs to the project is looked up; other programs' options are theirs.
FOREIGN = re.compile(r'^(?:\S*/)?(?:cmake|ctest|git|apt-get|fio|gcc|python3|sbatch|scancel|scontrol|squeue)\b')

# Options appended to each measuring verb: as little as shows that the command works.
SHORTENED = '''#!/bin/sh
if [ -z "$DOCS_TEST_WHOLE" ]; then
	case $1 in
	run) set -- "$@" -n 1 --duration 60ms ;;
	torture) set -- "$@" --duration 100ms ;;
	micro) set -- "$@" --benchmark_min_time=0.001 --benchmark_repetitions=1 ;;
	esac
fi
exec {binary} "$@"
'''


class Block:
    """A fenced block: its language, text, line, and the test comments before it."""

    def __init__(self, path, line, language, notes):
        self.path, self.line, self.language, self.notes = path, line, language, notes
        self.text = ''

    @property
    def where(self):
        return f'{self.path}:{self.line}'


def documents(root):
    for path in sorted(root.rglob('*.md')):
        if path.relative_to(root).parts[0] not in NOT_COPIED or path == root / 'results/README.md':
            yield path.relative_to(root), path.read_text(encoding='utf-8')


def blocks_of(path, text):
    block, notes = None, {}
    for number, line in enumerate(text.split('\n'), 1):
        comment = COMMENT.fullmatch(line.strip())
        if block:
            if line.startswith('```'):
                yield block
                block, notes = None, {}
            else:
                block.text += line + '\n'
        elif line.startswith('```'):
            block = Block(path, number, line[3:].strip(), notes)
        elif comment:
            notes[comment.group(1)] = comment.group(2)
        elif line.strip():
            notes = {}


def all_blocks(root):
    return [block for path, text in documents(root) for block in blocks_of(path, text)]


def prose_of(text):
    """The text without its fenced blocks, lines kept."""
    inside = False
    for line in text.split('\n'):
        if line.startswith('```'):
            inside = not inside
            line = ''
        yield '' if inside else line


def run(command, cwd, timeout, **environment):
    """Returns (exit status, output of both streams)."""
    try:
        done = subprocess.run(command, cwd=cwd, timeout=timeout, text=True, errors='replace', stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, **environment})
    except subprocess.TimeoutExpired:
        return 124, f'still running after {timeout} s'
    except OSError as error:
        return 127, str(error)
    return done.returncode, done.stdout


def tail(output, lines=15):
    return ''.join(f'\n    {line}' for line in output.strip().split('\n')[-lines:])


# --- texts ---

def check_tables(root, binary):
    status, output = run([sys.executable, root / 'scripts/doc_tables.py', '--root', root], root, BLOCK_TIMEOUT_S)
    return [output.strip()] if status else []


def anchors_of(text):
    """GitHub's names of the headings."""
    for line in prose_of(text):
        if re.match(r'#+ ', line):
            title = re.sub(r'[`*]', '', line.lstrip('#').strip()).lower()
            yield re.sub(r'[^\w\- ]', '', title).replace(' ', '-')


def check_link(root, path, target):
    name, _, anchor = target.partition('#')
    if re.match(r'[a-z]+:', target):
        return None
    file = (root / path.parent / name).resolve() if name else root / path
    if not file.exists():
        return 'there is no such file'
    if anchor and anchor not in anchors_of(file.read_text(encoding='utf-8')):
        return 'there is no such heading'
    return None


def looks_like_path(root, span):
    return re.fullmatch(r'[\w.*-]+(/[\w.*-]+)*/?', span) and '/' in span and (root / span.split('/')[0]).is_dir() and \
        span.split('/')[0] not in NOT_COPIED


def check_links(root, binary):
    problems = []
    blocks = all_blocks(root)
    examples = {block.notes['file'] for block in blocks if 'file' in block.notes}
    for path, text in documents(root):
        for number, line in enumerate(prose_of(text), 1):
            for target in re.findall(r'\]\(([^)\s]+)\)', line):
                wrong = check_link(root, path, target)
                if wrong:
                    problems.append(f'{path}:{number}: link to {target}: {wrong}')
            for span in re.findall(r'`([^`]+)`', line):
                if looks_like_path(root, span) and span not in examples and not list(root.glob(span.rstrip('/'))):
                    problems.append(f'{path}:{number}: `{span}`: there is no such file')
    for block in blocks:
        source = block.notes.get('excerpt')
        if source is not None and block.text not in (root / source).read_text(encoding='utf-8'):
            problems.append(f'{block.where}: not what stands in {source}')
    return problems


def known_options(root, binary):
    text = subprocess.run([binary, '--help'], capture_output=True, text=True, timeout=60).stdout
    verbs = re.findall(r'^  ([a-z]+)  ', text.partition('Verbs:')[2], re.MULTILINE)
    helps = [[binary, '--help']] + [[binary, verb, '--help'] for verb in verbs]
    helps.append([binary, 'miniport', 'build', '--help'])
    for name in ('scripts/run.sh', 'scripts/test.sh', 'scripts/slurm/submit.sh', 'scripts/doc_tables.py', 'tests/docs_test.py'):
        if (root / name).exists():
            helps.append([root / name, '--help'])
    known = set()
    for command in helps:
        known |= set(OPTION.findall(run(command, root, BLOCK_TIMEOUT_S)[1]))
    return known


def option_bearing_texts(path, text):
    for number, line in enumerate(prose_of(text), 1):
        for span in re.findall(r'`([^`]+)`', line):
            yield f'{path}:{number}', span
    for block in blocks_of(path, text):
        if block.language == 'sh':
            for line in block.text.split('\n'):
                yield block.where, line


def check_options(root, binary):
    known = known_options(root, binary)
    problems = []
    for path, text in documents(root):
        for where, piece in option_bearing_texts(path, text):
            if FOREIGN.match(piece.strip()):
                continue
            for option in OPTION.findall(piece):
                # `--name_` stands for all options that begin so.
                if option not in known and not (option.endswith('_') and any(name.startswith(option) for name in known)):
                    problems.append(f'{where}: {option}: no help text has it')
    return problems


def check_backends(root, binary):
    text = (root / 'README.md').read_text(encoding='utf-8')
    section = re.search(r'^## The back ends\n(.*?)(?=^## )', text, re.DOTALL | re.MULTILINE)
    status, output = run([binary, 'list', '--json'], root, BLOCK_TIMEOUT_S)
    if status or not section:
        return ['README.md: has no section "The back ends"' if not section else f'storsync list --json: {tail(output)}']
    listed = []
    for row in re.findall(r'^\| (`.*?) \|', section.group(1), re.MULTILINE):
        listed += re.findall(r'`([^`]+)`', row)
    real = [backend['name'] for backend in json.loads(output)['backends'] if not backend['broken']]
    return [] if sorted(listed) == sorted(real) else [f'README.md: lists {sorted(listed)}, and there are {sorted(real)}']


def check_surface(root, binary):
    return docs_surface.check(root, binary)


# --- columns ---

def documented_columns(root):
    """{file name: [columns]}, metrics' columns written out."""
    text = (root / 'results/README.md').read_text(encoding='utf-8')
    suffixes = [name[1:] for name in re.findall(r'^\| `(\*_\w+)` \|', text, re.MULTILINE)]
    clean = [suffix for suffix in suffixes if suffix.startswith(('_hit_', '_clean_'))]
    suffixes = suffixes[:len(suffixes) - len(clean)]
    columns = {}
    for title, section in re.findall(r'^## (\w+\.csv)\n(.*?)(?=^## |\Z)', text, re.DOTALL | re.MULTILINE):
        columns[title] = []
        for hit, name in re.findall(r'^\| (?:`(\w+)_hit_n`, )?`(\w+(?:_\*)?)` \|', section, re.MULTILINE):
            if hit:
                columns[title] += [hit + suffix for suffix in clean]
            else:
                columns[title] += [name[:-2] + suffix for suffix in suffixes] if name.endswith('_*') else [name]
    return columns


def check_columns(root, binary):
    documented = documented_columns(root)
    problems = []
    with tempfile.TemporaryDirectory() as directory:
        for command in ([binary, 'run', '--backends', 'spinlock,ticket', '--cpus', '1', '--routing', 'same', '-n', '2', '--duration', '100ms',
                         '-o', directory + '/run'],
                        [binary, 'compare', directory + '/run', '--metric', 'iops', '--format', 'csv', '-o', directory + '/run/compare.csv'],
                        [binary, 'micro', '--backends', 'spinlock', '--benchmark_min_time=0.001', '--benchmark_repetitions=1',
                         '-o', directory + '/micro']):
            status, output = run(command, root, BLOCK_TIMEOUT_S)
            if status:
                problems.append(f'storsync {command[1]}: exit status {status}{tail(output)}')
        files = sorted(pathlib.Path(directory).glob('*/*.csv'))
        for name in documented.keys() - {file.name for file in files}:
            problems.append(f'results/README.md: {name}: no such file is written')
        for file in files:
            with file.open(newline='', encoding='utf-8') as opened:
                written = next(csv.reader(opened))
            said = documented.get(file.name, [])
            if written != said:
                at = next((i for i, pair in enumerate(zip(written, said)) if pair[0] != pair[1]), min(len(written), len(said)))
                problems.append(f'results/README.md: {file.name}: column {at + 1} is '
                                f'{written[at:at + 1]}, not {said[at:at + 1]}; run scripts/doc_tables.py --write')
    return problems


# --- commands ---

def copy_tree(root, to):
    shutil.copytree(root, to, ignore=lambda folder, names: NOT_COPIED & set(names) if pathlib.Path(folder) == root else
                    {'__pycache__'} & set(names))
    if (root / 'results/README.md').exists():
        (to / 'results').mkdir()
        shutil.copy(root / 'results/README.md', to / 'results')


def write_program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding='utf-8')
    path.chmod(0o755)


def install_wrapper(tree, binary):
    write_program(tree / 'build/storsync', SHORTENED.format(binary=f"'{binary}'"))


def run_block(block, tree, stubs):
    """Runs a ```sh block; installing anything is not part of a test."""
    for program in ['apt-get', 'sudo']:
        write_program(stubs / program, '#!/bin/sh\necho "a test installs nothing" >&2\nexit 1\n')
    for program in block.notes.get('stub', '').split():
        write_program(stubs / program, '#!/bin/sh\nexit 0\n')
    return run(['bash', '-euo', 'pipefail', '-c', block.text], tree, BLOCK_TIMEOUT_S,
               PATH=f'{stubs}:{os.environ["PATH"]}', DOCS_TEST_WHOLE='1' if 'whole' in block.notes else '')


def words_of(text):
    return set(re.findall(r'(?<!\w)[A-Za-z][A-Za-z-]+(?!\w)', text))


def check_commands(root, binary):
    problems = []
    printed = []
    with tempfile.TemporaryDirectory() as directory:
        tree = pathlib.Path(directory) / 'a tree'
        copy_tree(root, tree)
        install_wrapper(tree, binary)
        for number, block in enumerate(all_blocks(root)):
            if block.language == 'text' and 'output' in block.notes:
                outputs = [output for text, output in printed if block.notes['output'] in text]
                unknown = words_of(block.text) - words_of(outputs[-1] if outputs else '')
                if unknown:
                    problems.append(f'{block.where}: words that real output does not have: {", ".join(sorted(unknown))}')
            if block.language != 'sh' or 'example' in block.notes:
                continue
            if 'results' in block.notes:
                run(['build/storsync', 'run', '--backends', 'spinlock', '--cpus', '1', '--routing', 'same'], tree, BLOCK_TIMEOUT_S)
            status, output = run_block(block, tree, pathlib.Path(directory) / f'stubs{number}')
            printed.append((block.text, output))
            if status:
                problems.append(f'{block.where}: exit status {status}{tail(output)}')
    return problems


# --- examples ---

def write_examples(blocks, tree):
    problems = []
    for block in blocks:
        if 'file' in block.notes:
            file = tree / block.notes['file']
            if file.exists():
                problems.append(f'{block.where}: {block.notes["file"]} exists; give the example another name')
            file.write_text(block.text, encoding='utf-8')
        if 'line' in block.notes:
            with (tree / block.notes['line']).open('a', encoding='utf-8') as file:
                file.write(block.text)
    return problems


def linked_as(binary, library, program):
    """The command that links `program` as `binary` was, with another library of back ends; None where that is not known."""
    status, output = run(['ninja', '-C', binary.parent, '-t', 'commands', binary.name], binary.parent, BUILD_TIMEOUT_S)
    link = output.strip().split('\n')[-1].partition(f' -o {binary.name} ')
    parts = [re.sub(r'\S*/libstorsync_impls\.a(?= )', lambda found: shlex.quote(str(library)), part) for part in link]
    parts[1] = f' -o {shlex.quote(str(program))} '
    return ''.join(parts) if status == 0 and link[1] and parts[2] != link[2] else None


def build_examples(tree, binary):
    build = tree / 'build-examples'
    steps = [['cmake', '-S', tree, '-B', build, '-G', 'Ninja', '-DCMAKE_BUILD_TYPE=Debug', '-DCMAKE_C_FLAGS_DEBUG=-O0',
              '-DCMAKE_CXX_FLAGS_DEBUG=-O0', '-DBUILD_TESTING=OFF', '-DSTORSYNC_WERROR=ON']]
    steps += [['cmake', '--build', build, '--target', 'storsync_impls']]
    # Nothing else knows the list of back ends: all other libraries are those that the binary has, where it lies with them.
    link = linked_as(binary, build / 'impls/libstorsync_impls.a', build / 'storsync')
    if link:
        steps += [['bash', '-c', f'cd {shlex.quote(str(binary.parent))} && {link}']]
    else:
        steps += [['cmake', '--build', build, '--target', 'storsync']]
    for step in steps:
        status, output = run(step, tree, BUILD_TIMEOUT_S)
        if status:
            return [f'the examples of the documents do not build{tail(output, 30)}']
    return []


def check_examples(root, binary):
    blocks = all_blocks(root)
    with tempfile.TemporaryDirectory() as directory:
        tree = pathlib.Path(directory) / 'a tree'
        copy_tree(root, tree)
        problems = write_examples(blocks, tree) or build_examples(tree, binary)
        if problems:
            return problems
        for checker in ('check_includes.py', 'check_ordering.py'):
            status, output = run([sys.executable, root / 'tests' / checker, tree], root, BLOCK_TIMEOUT_S)
            if status:
                problems.append(f'tests/{checker}, with the examples: exit status {status}{tail(output)}')
        install_wrapper(tree, tree / 'build-examples/storsync')
        for number, block in enumerate(blocks):
            if 'example' not in block.notes:
                continue
            block.notes['stub'] = 'cmake'
            status, output = run_block(block, tree, pathlib.Path(directory) / f'stubs{number}')
            if status or block.notes['example'] not in output:
                problems.append(f'{block.where}: exit status {status}{tail(output)}')
    return problems


CHECKS = {
    'tables': check_tables, 'links': check_links, 'options': check_options, 'backends': check_backends,
    'surface': check_surface, 'columns': check_columns, 'commands': check_commands, 'examples': check_examples,
}


def main():
    parser = argparse.ArgumentParser(description='Check the documents; see the head of this file.')
    parser.add_argument('--root', type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument('--binary', type=pathlib.Path, help='default: build/storsync of the root')
    parser.add_argument('--self-test', action='store_true')
    parser.add_argument('checks', nargs='*', metavar='CHECK', help=', '.join(CHECKS))
    options = parser.parse_args()
    for name in options.checks:
        if name not in CHECKS:
            parser.error(f"'{name}' is none of {', '.join(CHECKS)}")
    if options.self_test:
        sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
        import docs_self_test
        return docs_self_test.main(CHECKS)
    root = options.root.resolve()
    binary = (options.binary or root / 'build/storsync').resolve()
    if not os.access(binary, os.X_OK):
        parser.error(f'{binary}: no such program; build it, or name it with --binary')
    failed = 0
    for name in options.checks or CHECKS:
        problems = CHECKS[name](root, binary)
        failed += bool(problems)
        print(f'{"FAIL" if problems else "ok"} {name}')
        for problem in problems:
            print(f'  {problem}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.dont_write_bytecode = True
    sys.exit(main())
