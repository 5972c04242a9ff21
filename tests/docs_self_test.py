# SPDX-License-Identifier: MIT
"""The checks of docs_test.py, each on a small tree that is right and on copies of it that are each wrong in one way."""
import os
import pathlib
import shutil
import subprocess
import tempfile

README = '''# A project

[part](docs/part.md#the-part) and `docs/part.md`; `tool run --backends x`.

<!-- test: stub cmake -->
```sh
cmake --unknown-to-us
build/storsync run --backends spinlock
```

<!-- test: output build/storsync run -->
```text
measured 5 things
```

## The back ends

| name | what |
|---|---|
| `spinlock`, `ticket` | locks |

## Adding one

<!-- test: file impls/extra.c -->
```c
int extra(void) { return 0; }
```

<!-- test: line impls/backends.def -->
```c
BACKEND(extra)
```

<!-- test: example extra -->
```sh
cmake --build --preset release
build/storsync list
```
'''

SURFACE = '''# The surface

| name | kind | answer | what |
|---|---|---|---|
| `StorPortBusy`, `StorPortReady` | function | works | |
| `StorPortCompleteRequest` | function | absent | |
| `SrbGetSrbFlags`, `KeThis` | inline | works | |
| `ScsiPortReady` | macro | works | |
'''

KIT = '''/* StorPortOnlyInAComment(PVOID); */
BOOLEAN StorPortBusy(PVOID HwDeviceExtension, ULONG RequestsToComplete);
BOOLEAN StorPortReady(PVOID HwDeviceExtension);
VOID StorPortCompleteRequest(PVOID HwDeviceExtension, UCHAR PathId,
			     UCHAR TargetId);
FORCEINLINE ULONG KeThis(VOID)
{
	return 0;
}
STORSYNC_SRB_GET(ULONG, SrbFlags, SrbFlags, SrbFlags)
#define ScsiPortReady StorPortReady
/* end */
'''

PORT = '''int StorPortBusy(void) { return 0; }
int StorPortReady(void) { return 0; }
int port_other(void) { return 0; }
/* end */
'''

PART = '''# Parts

## The part

<!-- test: excerpt impls/first.c -->
```c
int first(void)
```

<!-- table: ord impls/first.c -->

| access | order | pairs with | what follows |
|---|---|---|---|
| `first:A` | acquire | `first:B` | all is seen |

<!-- end of table -->
'''

RESULTS = '''# Results

<!-- test: results -->
```sh
test -s results/here
```

## summary.csv

| column | type |
|---|---|
| `*_n` | integer |
| `*_max_ns` | integer |

| column | type |
|---|---|
| `run_id` | string |
| `wait_*` | integer |

## micro.csv

| column | type |
|---|---|
| `benchmark` | string |

## compare.csv

| column | type |
|---|---|
| `metric` | string |
'''

FIRST = '''/* ORD first:A acquire, pairs with first:B: all is seen. */
int first(void)
{
	return 0;
}
'''

CMAKE = '''cmake_minimum_required(VERSION 3.22)
project(fixture C)
file(STRINGS impls/backends.def lines REGEX "^BACKEND")
foreach(line IN LISTS lines)
  string(REGEX REPLACE "^BACKEND\\\\((.*)\\\\)" "\\\\1" name "${line}")
  list(APPEND sources impls/${name}.c)
endforeach()
add_library(storsync_impls STATIC ${sources})
file(WRITE ${CMAKE_BINARY_DIR}/main.c "#include <stdio.h>\\nint main(void) { return puts(\\"${sources}\\") < 0; }\\n")
add_executable(storsync ${CMAKE_BINARY_DIR}/main.c)
target_link_libraries(storsync PRIVATE storsync_impls)
set_target_properties(storsync PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
'''

STORSYNC = '''#!/bin/sh
verb=$1
for word; do directory=$last; last=$word; done
case "$*" in
*--help*) echo "--backends --json --duration --routing --cpus"; exit 0 ;;
"list --json") echo '{"backends": [{"name": "ticket", "broken": false}, {"name": "spinlock", "broken": false},
	{"name": "bad", "broken": true}]}'; exit 0 ;;
compare*) echo metric >"$last"; exit 0 ;;
*" -o "*)
	mkdir -p "$last"
	[ "$verb" = run ] && echo run_id,wait_n,wait_max_ns >"$last/summary.csv"
	[ "$verb" = micro ] && echo benchmark >"$last/micro.csv"
	exit 0 ;;
run*) echo here >results/here; echo "measured 7 things" ;;
esac
'''

FILES = {
    'docs/storport-surface.md': SURFACE,
    'hba_sim/ddk/storport.h': KIT,
    'hba_sim/port/port.c': PORT,
    'README.md': README, 'docs/part.md': PART, 'results/README.md': RESULTS, 'impls/first.c': FIRST,
    'impls/backends.def': 'BACKEND(first)\n', 'CMakeLists.txt': CMAKE, 'build/storsync': STORSYNC,
    'tests/check_includes.py': '', 'tests/check_ordering.py': '',
}

# (check, file, what stands there, what is put there instead): each must be found.
MUTATIONS = [
    ('tables', 'impls/first.c', 'all is seen', 'something is seen'),
    ('tables', 'impls/first.c', ', pairs with first:B', ''),
    ('tables', 'docs/part.md', 'table: ord impls/first.c', 'table: ord impls/second.c'),
    ('links', 'README.md', '(docs/part.md#the-part)', '(docs/port.md)'),
    ('links', 'README.md', '#the-part', '#no-part'),
    ('links', 'README.md', '`docs/part.md`', '`docs/port.md`'),
    ('links', 'impls/first.c', 'int first(void)', 'int first(int a)'),
    ('options', 'README.md', 'tool run --backends', 'tool run --beckends'),
    ('options', 'README.md', 'storsync run --backends', 'storsync run --beckends'),
    ('backends', 'README.md', '`spinlock`, `ticket`', '`spinlock`'),
    ('backends', 'README.md', '`spinlock`, `ticket`', '`spinlock`, `ticket`, `bad`'),
    ('backends', 'README.md', '## The back ends', '## Back ends'),
    ('surface', 'docs/storport-surface.md', '| `StorPortBusy`, `StorPortReady` |', '| `StorPortBusy` |'),
    ('surface', 'docs/storport-surface.md', '`StorPortReady` |', '`StorPortReady`, `StorPortSteady` |'),
    ('surface', 'docs/storport-surface.md', '`StorPortReady` |', '`StorPortReady`, `StorPortBusy` |'),
    ('surface', 'docs/storport-surface.md', 'inline | works', 'macro | works'),
    ('surface', 'docs/storport-surface.md', 'inline | works', 'inline | perhaps'),
    ('surface', 'docs/storport-surface.md', 'function | absent', 'function | works'),
    ('surface', 'docs/storport-surface.md', 'function | works', 'function | absent'),
    ('surface', 'hba_sim/ddk/storport.h', 'BOOLEAN StorPortReady(PVOID HwDeviceExtension);', ''),
    ('surface', 'hba_sim/ddk/storport.h', '/* end */', '#define ScsiPortBusy StorPortBusy'),
    ('surface', 'hba_sim/ddk/storport.h', '/* end */', 'STORSYNC_SRB_SET(ULONG, SrbFlags, SrbFlags, SrbFlags)'),
    ('surface', 'hba_sim/port/port.c', 'int StorPortBusy', 'static int StorPortBusy'),
    ('surface', 'hba_sim/port/port.c', '/* end */', 'int StorPortSteady(void) { return 0; }'),
    ('columns', 'results/README.md', '| `run_id` | string |\n', ''),
    ('columns', 'results/README.md', '| `run_id` | string |\n| `wait_*` | integer |', '| `wait_*` | integer |\n| `run_id` | string |'),
    ('columns', 'results/README.md', '## micro.csv', '## macro.csv'),
    ('columns', 'build/storsync', 'mkdir -p', 'exit 5; mkdir -p'),
    ('commands', 'README.md', 'build/storsync run --backends spinlock', 'build/storsink run'),
    ('commands', 'README.md', '<!-- test: stub cmake -->\n', ''),
    ('commands', 'README.md', 'measured 5 things', 'weighed 5 things'),
    ('commands', 'results/README.md', 'results/here', 'results/there'),
    ('examples', 'README.md', '{ return 0; }', '{ return 0 }'),
    ('examples', 'README.md', 'impls/extra.c', 'impls/ixtra.c'),
    ('examples', 'README.md', 'impls/extra.c', 'impls/first.c'),
    ('examples', 'README.md', 'BACKEND(extra)', 'XBACKEND(extra)'),
    ('examples', 'tests/check_ordering.py', '', 'raise SystemExit(1)'),
]


def write_tree(root, mutation=None):
    for name, text in FILES.items():
        if mutation and mutation[1] == name:
            assert mutation[2] in text, mutation
            text = text.replace(mutation[2], mutation[3], 1)
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding='utf-8')
    (root / 'build/storsync').chmod(0o755)
    (root / 'build/hba_sim').mkdir()
    # An object will do for an archive.
    subprocess.run(['cc', '-c', '-o', root / 'build/hba_sim/libstorsync_hba_sim.a', root / 'hba_sim/port/port.c'], check=True)
    (root / 'scripts').mkdir()
    shutil.copy(pathlib.Path(__file__).resolve().parent.parent / 'scripts/doc_tables.py', root / 'scripts')


def problems_of(check, mutation=None):
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(os.path.realpath(directory)) / 'tree'
        write_tree(root, mutation)
        return check(root, root / 'build/storsync')


def main(checks):
    failed = 0
    for name, check in checks.items():
        problems = problems_of(check)
        if problems:
            failed += 1
            print(f'FAIL {name}: finds fault with a tree that has none: {problems}')
        mutations = [mutation for mutation in MUTATIONS if mutation[0] == name]
        missed = [mutation for mutation in mutations if not problems_of(check, mutation)]
        for _, file, there, instead in missed:
            failed += 1
            print(f'FAIL {name}: does not see {instead!r} for {there!r} in {file}')
        if not mutations:
            failed += 1
            print(f'FAIL {name}: there is nothing broken to try it on')
        elif not problems and not missed:
            print(f'ok {name}: finds all of {len(mutations)}')
    return 1 if failed else 0
