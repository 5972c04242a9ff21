#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is installed works from where it is: miniports by the program, by CMake and by pkg-config, and each of them runs.

Usage: install_test.py BUILD_FOLDER [unittest options]
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else os.path.abspath("build")
RING = pathlib.Path(__file__).resolve().parent / "miniports/ring2012"
SMALL = ["-b", "spinlock", "--cpus", "1", "--routing", "same", "--duration", "20ms", "--warmup", "5ms", "-n", "1"]

PROJECT = """cmake_minimum_required(VERSION 3.22)
project(driver C)
find_package(storsync REQUIRED)
storsync_add_miniport(ring {sources})
{definitions}
"""


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.run_ok("cmake", "--install", BUILD, "--prefix", cls.folder / "first")
        # It is found from wherever it has been moved to.
        (cls.folder / "first").rename(cls.folder / "prefix")
        cls.program = cls.folder / "prefix/bin/storsync"

    @classmethod
    def run_ok(cls, *command, **options):
        result = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                timeout=150, **options)
        if result.returncode:
            raise AssertionError(f"{command}: {result.stdout}")
        return result.stdout

    def measure(self, miniport):
        out = str(miniport) + ".run"
        self.run_ok(self.program, "run", *SMALL, "--miniport", miniport, "-o", out)
        self.assertIn("sound", self.run_ok(self.program, "validate", out))

    def configure(self, name, definitions=""):
        source = self.folder / name
        source.mkdir()
        sources = " ".join(str(RING / file) for file in ["entry.c", "driver.c", "Ring.c"])
        (source / "CMakeLists.txt").write_text(PROJECT.format(sources=sources, definitions=definitions))
        self.run_ok("cmake", "-S", source, "-B", source / "build", f"-DCMAKE_PREFIX_PATH={self.folder / 'prefix'}")
        return source / "build"

    def test_the_program(self):
        self.run_ok(self.program, "miniport", "build", RING, "-o", self.folder / "own.so")
        self.measure(self.folder / "own.so")

    def test_cmake(self):
        build = self.configure("cmake")
        self.run_ok("cmake", "--build", build)
        self.measure(build / "ring.so")
        # A header that changes is noticed, although its name is written otherwise.
        self.assertNotIn("Building C", self.run_ok("cmake", "--build", build))
        header = self.folder / "cmake/build"
        self.assertTrue(any("Ring.h" in path.read_text() for path in header.rglob("*.d")))

    def test_cmake_names_what_is_missing(self):
        build = self.configure("missing", "target_compile_definitions(ring PRIVATE StorPortInitialize=StorPortNotThere)")
        result = subprocess.run(["cmake", "--build", str(build)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=150)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("calls StorPortNotThere, which storsync does not have", result.stdout)
        self.assertFalse((build / "ring.so").exists())

    @unittest.skipUnless(shutil.which("pkg-config"), "pkg-config is not installed")
    def test_pkg_config(self):
        found = list((self.folder / "prefix").rglob("storsync-miniport.pc"))
        environment = dict(os.environ, PKG_CONFIG_PATH=str(found[0].parent))
        objects = []

        def ask(*what):
            return self.run_ok("pkg-config", *what, "storsync-miniport", env=environment).split()

        for name in ["entry", "driver", "Ring"]:
            objects.append(self.folder / f"{name}.o")
            self.run_ok(*ask("--variable=cc"), "gcc", *ask("--cflags"), "-c", RING / f"{name}.c", "-o", objects[-1])
        self.run_ok("gcc", *objects, *ask("--libs"), "-o", self.folder / "pc.so")
        self.run_ok(self.program, "miniport", "check", self.folder / "pc.so")
        self.measure(self.folder / "pc.so")

    def test_headers_that_are_not_there(self):
        alone = self.folder / "alone/bin"
        alone.mkdir(parents=True)
        shutil.copy(self.program, alone)
        result = subprocess.run([str(alone / "storsync"), "miniport", "build", str(RING), "-o", str(alone / "x.so")], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual((result.returncode, result.stderr.count("\n")), (2, 1))
        self.assertIn("the driver kit's headers are neither in", result.stderr)


if __name__ == "__main__":
    unittest.main()
