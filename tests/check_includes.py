#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Layers, includes, licence lines and header guards.

  check_includes.py [ROOT]      check the repository (default: the one this file is in)
  check_includes.py --self-test check the checker, on broken trees of its own

hba_sim <- impls <- bench <- tests: a file includes its own layer and those
before it.  Quoted includes are relative to the root, except that drivers
include the driver kit as they would elsewhere.  Exit status: 0 clean, 1 not.
"""

import os
import re
import sys
import tempfile

LAYERS = ["hba_sim", "impls", "bench", "tests"]
DDK = "hba_sim/ddk"
# Compiled with the driver kit on the include path, so that a plain name means a header there.
DDK_USERS = ("hba_sim/ddk/", "hba_sim/miniports/")
# Written as drivers are, for another build system.
DRIVERS = "tests/miniports/"
CXX_FILES = {"bench/gbench/gbench_shim.cc"}
C_SUFFIXES = (".c", ".h", ".def")
CXX_SUFFIXES = (".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx")
SCRIPT_SUFFIXES = (".py", ".sh", ".cmake")
SCRIPT_NAMES = {"CMakeLists.txt", "run"}
SPDX = "SPDX-License-Identifier: MIT"
# What a header says of itself that is a template, included several times, and so has no guard.
TEMPLATE = "The including file"

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')
GUARD = re.compile(r"^#ifndef\s+(\S+)\n#define\s+(\S+)", re.M)


def files_of(root):
    """Paths relative to the root, of everything in the layers and in scripts/."""
    for top in LAYERS + ["scripts"]:
        for folder, folders, names in os.walk(os.path.join(root, top)):
            folders[:] = sorted(f for f in folders if not f.startswith(".") and f != "__pycache__")
            for name in sorted(names):
                path = os.path.relpath(os.path.join(folder, name), root)
                yield path.replace(os.sep, "/")


def check_spdx(path, lines):
    name = os.path.basename(path)
    if path.endswith(C_SUFFIXES + CXX_SUFFIXES):
        right = lines[:1] in ([f"/* {SPDX} */"], [f"// {SPDX}"])
    elif path.endswith(SCRIPT_SUFFIXES) or name in SCRIPT_NAMES:
        first = 1 if lines[:1] and lines[0].startswith("#!") else 0
        right = lines[first : first + 1] == [f"# {SPDX}"]
    else:
        return
    if not right:
        yield 1, f"the first line must be the SPDX line, {SPDX}"


def check_guard(path, text):
    if not path.endswith(".h") or path.startswith(DRIVERS):
        return
    expected = "STORSYNC_" + re.sub(r"[^A-Z0-9]", "_", path.upper())
    found = GUARD.search(text)
    if found is None:
        if TEMPLATE not in text:
            yield 1, f"no header guard {expected}, and the header does not say what the including file must define"
    elif found.group(1) != expected or found.group(2) != expected:
        line = text[: found.start()].count("\n") + 1
        yield line, f"the header guard is {found.group(1)}, not {expected}"


def target_of(root, path, include):
    """The included file relative to the root, and what is wrong with how it is named."""
    plain = "/" not in include
    if plain and path.startswith(DDK_USERS) and os.path.isfile(os.path.join(root, DDK, include)):
        return f"{DDK}/{include}", None
    if os.path.normpath(include) != include or include.startswith((".", "/")):
        return None, "is not relative to the root"
    if include.split("/")[0] not in LAYERS:
        return None, "is not relative to the root"
    if not os.path.isfile(os.path.join(root, include)):
        return None, "does not exist"
    return include, None


def check_include_lines(root, path, lines):
    if not path.endswith(C_SUFFIXES + CXX_SUFFIXES) or path.startswith(DRIVERS):
        return
    layer = LAYERS.index(path.split("/")[0])
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        target, wrong = target_of(root, path, match.group(1))
        if wrong:
            yield number, f'"{match.group(1)}" {wrong}'
        elif LAYERS.index(target.split("/")[0]) > layer:
            yield number, f'"{target}" is above: {LAYERS[layer]} includes only {", ".join(LAYERS[: layer + 1])}'


def check_language(path):
    if path.endswith(CXX_SUFFIXES) and path not in CXX_FILES:
        yield 1, f"C++, which only {', '.join(sorted(CXX_FILES))} may be"


def check(root):
    """Findings (path, line, text), and the number of files looked at."""
    findings, count = [], 0
    for path in files_of(root):
        if not path.endswith(C_SUFFIXES + CXX_SUFFIXES + SCRIPT_SUFFIXES) and os.path.basename(path) not in SCRIPT_NAMES:
            continue
        count += 1
        with open(os.path.join(root, path), encoding="utf-8") as file:
            text = file.read()
        lines = text.split("\n")
        found = list(check_spdx(path, lines)) + list(check_guard(path, text)) + list(check_language(path))
        if path.split("/")[0] in LAYERS:
            found += check_include_lines(root, path, lines)
        findings += [(path, line, what) for line, what in found]
    return findings, count


C_HEAD = f"/* {SPDX} */\n"


def header(guard, body=""):
    return f"{C_HEAD}#ifndef {guard}\n#define {guard}\n{body}#endif\n"


# A clean tree; every case below changes one file of it and names what must then be found there.
CLEAN = {
    "hba_sim/ddk/storport.h": header("STORSYNC_HBA_SIM_DDK_STORPORT_H", '#include "srb.h"\n'),
    "hba_sim/ddk/srb.h": header("STORSYNC_HBA_SIM_DDK_SRB_H"),
    "hba_sim/miniports/mini.c": C_HEAD + '#include "storport.h"\n',
    "hba_sim/machine/cpu.h": header("STORSYNC_HBA_SIM_MACHINE_CPU_H"),
    "impls/contract.h": header("STORSYNC_IMPLS_CONTRACT_H", '#include "hba_sim/machine/cpu.h"\n'),
    "impls/gate.h": C_HEAD + "/* The including file defines GATE. */\n",
    "impls/backends.def": C_HEAD,
    "bench/torture/a-b.h": header("STORSYNC_BENCH_TORTURE_A_B_H", '#include "impls/contract.h"\n#include <stdio.h>\n'),
    "bench/gbench/gbench_shim.cc": C_HEAD,
    "tests/unit/test_a.c": C_HEAD + '#include "bench/torture/a-b.h"\n',
    "tests/tool.py": f"#!/usr/bin/env python3\n# {SPDX}\n",
    "scripts/run.sh": f"#!/bin/sh\n# {SPDX}\n",
    "bench/CMakeLists.txt": f"# {SPDX}\n",
}

CASES = [
    ("hba_sim/machine/cpu.c", C_HEAD + '#include "impls/contract.h"\n', "is above"),
    ("impls/x.c", C_HEAD + '#include "bench/torture/a-b.h"\n', "is above"),
    ("bench/x.c", C_HEAD + '#include "tests/unit/test_a.c"\n', "is above"),
    ("bench/x.c", C_HEAD + '#include "bench/nothing.h"\n', "does not exist"),
    ("bench/torture/x.c", C_HEAD + '#include "a-b.h"\n', "not relative to the root"),
    ("bench/torture/x.c", C_HEAD + ' # include "../torture/a-b.h"\n', "not relative to the root"),
    ("bench/torture/x.c", C_HEAD + '#include "bench/../bench/torture/a-b.h"\n', "not relative to the root"),
    ("impls/x.c", C_HEAD + '#include "storport.h"\n', "not relative to the root"),
    ("hba_sim/miniports/mini.c", C_HEAD + '#include "cpu.h"\n', "not relative to the root"),
    ("bench/other.cc", C_HEAD, "C++"),
    ("tests/x.cpp", C_HEAD, "C++"),
    ("impls/x.c", "int x;\n", "SPDX"),
    ("impls/x.c", "\n" + C_HEAD, "SPDX"),
    ("impls/x.c", "/* SPDX-License-Identifier: GPL-2.0 */\n", "SPDX"),
    ("scripts/x.sh", "#!/bin/sh\n", "SPDX"),
    ("impls/contract.h", header("STORSYNC_CONTRACT_H"), "header guard is"),
    ("impls/contract.h", header("STORSYNC_IMPLS_CONTRACT_H").replace("#define STORSYNC_", "#define "), "header guard is"),
    ("impls/contract.h", C_HEAD + "#pragma once\n", "no header guard"),
]


def findings_in(tree):
    with tempfile.TemporaryDirectory() as root:
        for path, text in tree.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
        return check(root)[0]


def self_test():
    failures = [f"clean tree: {finding}" for finding in findings_in(CLEAN)]
    for path, text, expected in CASES:
        found = findings_in({**CLEAN, path: text})
        if len(found) != 1 or found[0][0] != path or expected not in found[0][2]:
            failures.append(f"{path}, where \"{expected}\" is wrong: {found}")
    for failure in failures:
        print(failure)
    print(f"{len(CASES) + 1} trees, {len(failures)} judged wrongly")
    return 1 if failures else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if len(arguments) > 1 or (arguments and arguments[0].startswith("-")):
        print(__doc__, file=sys.stderr)
        return 2
    root = arguments[0] if arguments else os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    findings, count = check(root)
    for path, line, what in findings:
        print(f"{path}:{line}: {what}")
    print(f"{count} files, {len(findings)} findings")
    return 1 if findings or not count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
