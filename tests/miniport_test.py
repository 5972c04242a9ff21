#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`storsync miniport` and `run --miniport`: drivers built from source by gcc and clang, run, refused, and crashing.

Usage: miniport_test.py STORSYNC [unittest options]
"""
import csv
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

STORSYNC = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else os.path.abspath("build/storsync")
MINIPORTS = pathlib.Path(__file__).resolve().parent / "miniports"
RING = [MINIPORTS / "ring2012"]
TRAPS = [MINIPORTS / "traps", MINIPORTS / "ring2012/driver.c", MINIPORTS / "ring2012/Ring.c"]
SMALL = ["--cpus", "1", "--routing", "same", "--duration", "20ms", "--warmup", "5ms", "--seed", "7", "-n", "1"]


def storsync(*arguments, **options):
    options.setdefault("stdout", subprocess.PIPE)
    return subprocess.run([STORSYNC, *map(str, arguments)], stderr=subprocess.PIPE, text=True, timeout=150, **options)


def rows_of(directory):
    with open(os.path.join(directory, "summary.csv"), newline="") as file:
        return list(csv.DictReader(file))


class Miniport(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.built = {}
        # What a build leaves behind is seen there.
        cls.scratch = cls.folder / "tmp"
        cls.scratch.mkdir()
        os.environ["TMPDIR"] = str(cls.scratch)

    def path(self, name):
        return self.folder / name

    def build(self, sources, name, *options):
        if name not in self.built:
            result = storsync("miniport", "build", *sources, "-o", self.path(name), *options)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.built[name] = self.path(name)
        return self.built[name]

    def driver(self):
        return self.build(RING, "ring.so")

    def source(self, name, text):
        folder = self.path(name)
        folder.mkdir(exist_ok=True)
        (folder / "driver.c").write_text(text)
        return folder

    def refuse(self, *arguments, says):
        result = storsync(*arguments)
        self.assertEqual((result.returncode, result.stdout), (2, ""), result.stderr)
        self.assertRegex(result.stderr, says)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        return result.stderr

    def run_it(self, name, *arguments, status=0):
        result = storsync("run", *SMALL, "-b", "spinlock", *arguments, "-o", self.path(name))
        self.assertEqual(result.returncode, status, result.stderr)
        return result, rows_of(self.path(name))

    def check_both(self, sources, compiler):
        if shutil.which(compiler) is None:
            self.skipTest(f"{compiler} is not installed")
        name = f"{sources[0].name}-{compiler}"
        path = self.build(sources, name + ".so", "--cc", compiler)
        _, rows = self.run_it("run-" + name, "--verify", "--miniport", path, "--filter", "backends=spinlock")
        self.assertEqual([(row["status"], row["miniport"]) for row in rows], [("ok", name)])
        self.assertGreater(int(rows[0]["ios"]), 0)
        self.assertEqual(rows[0]["violations"], "0")

    def test_style_of_2012_by_gcc(self):
        self.check_both(RING, "gcc")

    def test_style_of_2012_by_clang(self):
        self.check_both(RING, "clang")

    def test_traps_by_gcc(self):
        self.check_both(TRAPS, "gcc")

    def test_traps_by_clang(self):
        self.check_both(TRAPS, "clang")

    def test_exclusion_is_checked_as_with_the_built_in_one(self):
        _, rows = self.run_it("none", "--backends", "none", "--duration", "100ms", "--miniport", self.driver(), status=5)
        self.assertEqual([row["status"] for row in rows], ["violated"])

    def test_beside_the_built_in_one(self):
        result, rows = self.run_it("beside", "--miniport", f"built-in,{self.driver()}")
        self.assertEqual([(row["miniport"], row["status"]) for row in sorted(rows, key=lambda row: row["miniport"])],
                         [("", "ok"), ("ring", "ok")])
        self.assertIn("\nring: 1 CPU", result.stdout)
        manifest = json.loads((self.path("beside") / "run.json").read_text())
        digest = hashlib.sha256(self.driver().read_bytes()).hexdigest()
        self.assertEqual(manifest["miniport_hash"], {str(self.driver()): "sha256:" + digest})
        self.assertEqual(len({row["cell_id"] for row in rows}), 2)
        for verb in ["validate", "status", "compare"]:
            result = storsync(verb, self.path("beside"))
            self.assertIn(result.returncode, (0, 3), result.stderr)

    def test_miniports_are_compared(self):
        self.run_it("six", "-n", "6", "--miniport", f"built-in,{self.driver()}")
        for baseline in [[], ["--baseline", "built-in"]]:
            result = storsync("compare", self.path("six"), "--col", "miniport", *baseline)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("Each miniport against built-in, from", result.stdout)
            self.assertRegex(result.stdout, r"\n +ring ")

    def test_a_run_from_before_the_column(self):
        self.run_it("older", "--duration", "20ms")
        path = self.path("older") / "summary.csv"
        rows = list(csv.reader(path.read_text().splitlines()))
        at = rows[0].index("miniport")
        with open(path, "w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([row[:at] for row in rows])
        result = storsync("export", "hgrm", self.path("older"))
        self.assertNotIn("miniport", result.stderr)
        result = storsync("compare", self.path("older"))
        self.assertIn(result.returncode, (0, 3), result.stderr)

    def test_in_a_matrix_file(self):
        matrix = self.path("matrix.yaml")
        matrix.write_text(f"name: mine\ndimensions:\n  backends: [spinlock, ticket]\n  cpus: [1]\n  routing: [same]\n"
                          f"  miniport: [{self.driver()}]\nduration: 20ms\ninvocations: 1\nminiport-arg: anything\n")
        result = storsync("run", matrix, "-o", self.path("file"))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual({row["miniport"] for row in rows_of(self.path("file"))}, {"ring(anything)"})

    def test_a_crash_says_where(self):
        result, rows = self.run_it("crash", "--backends", "spinlock,ticket", "--miniport", self.driver(),
                                   "--miniport-arg", "fault=startio", status=5)
        self.assertEqual([row["status"] for row in rows], ["crashed", "crashed"])
        for row in rows:
            self.assertRegex(row["status_reason"], r"signal 11 .*, in StartIo of ring$")

    def test_another_content_is_another_run(self):
        copy = self.path("copy.so")
        shutil.copy(self.driver(), copy)
        self.run_it("again", "--miniport", copy)
        with open(copy, "ab") as file:
            file.write(b"x")
        self.refuse("run", *SMALL, "-b", "spinlock", "--miniport", copy, "-o", self.path("again"), says="has another content")

    def test_missing_functions_have_a_line_each(self):
        folder = self.source("missing", '#include <ntddk.h>\n#include <storport.h>\n\nULONG DriverEntry(PVOID a, PVOID b)\n{\n'
                             '\tStorPortNotThere(a);\n\tStorPortNorThis(a);\n\treturn StorPortNotThere(b);\n}\n')
        result = storsync("miniport", "build", folder, "-o", self.path("missing.so"))
        self.assertEqual(result.returncode, 2)
        self.assertEqual(sorted(result.stderr.splitlines()), sorted(
            f"storsync miniport: {folder}/driver.c:{line} calls {name}, which storsync does not have; see docs/your-driver.md"
            for line, name in [(6, "StorPortNotThere"), (7, "StorPortNorThis")]))
        self.assertFalse(self.path("missing.so").exists())

    def test_a_syntax_error_is_the_compilers(self):
        folder = self.source("syntax", "#include <storport.h>\nULONG DriverEntry(PVOID a, PVOID b)\n{\n\treturn long;\n}\n")
        result = storsync("miniport", "build", folder, "-o", self.path("syntax.so"))
        self.assertEqual(result.returncode, 2)
        self.assertIn(f"{folder}/driver.c:4:", result.stderr)
        self.assertEqual(result.stderr.splitlines()[-1],
                         "storsync miniport build: 1 of 1 sources did not compile; nothing was built")

    def test_mistakes_of_a_build(self):
        empty = self.path("empty")
        empty.mkdir(exist_ok=True)
        other = self.path("other.txt")
        other.write_text("mine\n")
        without = self.source("without", "#include <storport.h>\nint x;\n")
        out = self.path("out.so")
        self.refuse("miniport", "build", "-o", out, says="no source was named")
        self.refuse("miniport", "build", RING[0], says="-o is missing")
        self.refuse("miniport", "build", empty, "-o", out, says="no C source in this folder")
        self.refuse("miniport", "build", other, "-o", out, says="neither a folder nor a C source")
        self.refuse("miniport", "build", self.path("nowhere"), "-o", out, says="No such file")
        self.refuse("miniport", "build", RING[0], "-I", self.path("nowhere"), "-o", out, says="no such folder")
        self.refuse("miniport", "build", RING[0], "-o", other, says="exists, and is no miniport")
        self.assertEqual(other.read_text(), "mine\n")
        self.refuse("miniport", "build", without, "-o", out, says="none of the sources defines DriverEntry")
        (empty / "sources").write_text("SOURCES=gone.c\n")
        self.refuse("miniport", "build", empty, "-o", out, says="sources lists gone.c, which is not there")
        self.assertFalse(out.exists())
        self.assertEqual(list(self.scratch.iterdir()), [])

    def test_a_project_file_lists_the_sources(self):
        folder = self.path("project")
        shutil.copytree(RING[0], folder / "sub")
        (folder / "sub/SOURCES").rename(folder / "sub/not-this")
        (folder / "stray.c").write_text("#error not listed\n")
        (folder / "mine.vcxproj").write_text('<Project><ItemGroup><ClCompile Include="*.c;*.cpp" />\n'
                                             '<ClCompile Include="SUB\\Entry.c" /><ClCompile Include="sub\\driver.c" />\n'
                                             '<ClCompile Include="sub\\Ring.c"><X/></ClCompile></ItemGroup></Project>\n')
        result = storsync("miniport", "build", folder, "-o", self.path("project.so"))
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("from 3 sources", result.stdout)

    def test_macros_and_folders(self):
        folder = self.source("options", '#include "Deep\\Value.h"\n#include <storport.h>\nC_ASSERT(VALUE == 7 && GIVEN == 1 && _WIN32_WINNT == 0x0602);\n'
                             "ULONG DriverEntry(PVOID a, PVOID b) { return 0; }\n")
        headers = self.path("headers/deep")
        headers.mkdir(parents=True, exist_ok=True)
        (headers / "value.H").write_text("#define VALUE 7\n")
        options = ["-I", self.path("headers"), "-D", "GIVEN", "-D", "NTDDI_VERSION=NTDDI_WIN8"]
        result = storsync("miniport", "build", folder, "-o", self.path("options.so"), *options)
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_files_that_are_no_miniports(self):
        text = self.path("text.so")
        text.write_text("no\n")
        plain = self.path("plain.so")
        (self.path("plain.c")).write_text("int x;\n")
        subprocess.run(["gcc", "-shared", "-o", plain, self.path("plain.c")], check=True)
        old = self.path("old.so")
        (self.path("old.c")).write_text("const unsigned storsync_miniport_abi = 99; int DriverEntry(void) { return 0; }\n")
        subprocess.run(["gcc", "-shared", "-o", old, self.path("old.c")], check=True)
        foreign = self.path("foreign.so")
        (self.path("foreign.c")).write_text("int DriverEntry(void) { return 0; }\n")
        subprocess.run(["gcc", "-shared", "-o", foreign, self.path("foreign.c")], check=True)
        torn = self.path("torn.so")
        torn.write_bytes(self.driver().read_bytes()[:3000])
        for path, says in [(text, "not a shared object"), (plain, "no DriverEntry"), (old, "version 99 .* build it again"),
                           (foreign, "not built against storsync's headers"), (torn, "without symbols"), (self.folder, "not a regular file"),
                           (self.path("nowhere.so"), "No such file")]:
            self.refuse("run", *SMALL, "--miniport", path, "-o", self.path("refused"), says=f"--miniport: .*{says}")
            self.refuse("plan", *SMALL, "--miniport", path, says=says)
            self.assertFalse(self.path("refused").exists())
            result = storsync("miniport", "check", path)
            self.assertEqual(result.returncode, 2)
            self.assertEqual(result.stderr.count("\n"), 1)

    def test_options_that_do_not_go_together(self):
        self.refuse("run", *SMALL, "--miniport-arg", "x", says="--miniport-arg: there is no miniport")
        self.refuse("run", *SMALL, "--miniport", self.driver(), "--miniport-arg", "x" * 200, says="too long")
        other = self.path("elsewhere/ring.so")
        other.parent.mkdir(exist_ok=True)
        shutil.copy(self.driver(), other)
        self.refuse("run", *SMALL, "--miniport", f"{self.driver()},{other}", says="two miniports are called ring")

    def test_list_and_check(self):
        result = storsync("miniport", "list")
        self.assertEqual(result.returncode, 0)
        self.assertRegex(result.stdout, r"^virtio-scsi +for --device virtio-scsi: \S")
        self.assertIn("\nvirtio-blk   for --device virtio-blk: ", result.stdout)
        result = storsync("miniport", "check", self.driver())
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("calls      StorPortSynchronizeAccess\n", result.stdout)
        self.assertEqual(storsync("miniport", "check", "--quiet", self.driver()).stdout, "")
        for arguments in [[], ["nothing"], ["check"], ["list", "x"]]:
            result = storsync("miniport", *arguments)
            self.assertEqual((result.returncode, result.stdout, result.stderr.count("\n")), (2, "", 1), arguments)


if __name__ == "__main__":
    unittest.main()
