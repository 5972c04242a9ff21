#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""scripts/run.sh, scripts/test.sh and .ci/run, with everything that they start replaced by programs that note how they were called.

Usage: scripts_test.py [unittest options]
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
REAL_TOOLS = ['bash', 'cat', 'dirname', 'env', 'grep', 'mktemp', 'rm', 'tee']
# All that the scripts look for; FAKE_MISSING of them are not there.
DPKG_QUERY = '''for package; do
	case $package in
	-*|'${'*) continue ;;
	esac
	case " $FAKE_MISSING " in
	*" $package "*) ;;
	*" $package=removed "*) echo "config-files $package" ;;
	*) echo "installed $package" ;;
	esac
done
'''
CTEST = '''echo "tests of $*"
case "$*" in
*"--test-dir $FAKE_FAILING "*) echo "Errors while running CTest"; exit 8 ;;
esac
echo "100% tests passed, 0 tests failed out of 1"
'''
CMAKE = '''echo "cmake says: $*"
case "$*" in
*"$FAKE_BROKEN"*) exit 1 ;;
esac
'''
NOTE = '#!/bin/bash\nprintf \'%s\\n\' "${0##*/} $*" >>"$FAKE_LOG"\n'


class Scripts(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        base = pathlib.Path(os.path.realpath(directory.name))
        self.checkout = base / 'a checkout'
        self.elsewhere = base / 'elsewhere'
        self.bin = base / 'bin'
        self.log = base / 'log'
        for folder in (self.checkout / 'build', self.elsewhere, self.bin):
            folder.mkdir(parents=True)
        shutil.copytree(ROOT / 'scripts', self.checkout / 'scripts')
        shutil.copytree(ROOT / '.ci', self.checkout / '.ci')
        for tool in REAL_TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))
        self.program('dpkg-query', DPKG_QUERY)
        self.program('apt-get', 'echo "apt-get runs, $DEBIAN_FRONTEND"; exit ${FAKE_APT_STATUS:-0}')
        self.program('id', 'echo ${FAKE_UID:-0}')
        self.program('nproc', 'echo 2')
        self.program('setarch', '[ "$1" = -R ] && shift && exec "$@"')
        self.program('true', '')
        self.program('cmake', CMAKE)
        self.program('ctest', CTEST)
        self.program('storsync', 'pwd; echo "a table"; exit ${FAKE_STATUS:-0}', self.checkout / 'build')

    def program(self, name, text, folder=None):
        path = (folder or self.bin) / name
        path.write_text(NOTE + text, encoding='utf-8')
        path.chmod(0o755)

    def run_script(self, name, *arguments, **environment):
        # An empty pattern would match everything.
        defaults = {'FAKE_BROKEN': 'nothing at all', 'FAKE_FAILING': 'none'}
        return subprocess.run([self.checkout / name, *arguments], cwd=self.elsewhere, capture_output=True, text=True, timeout=60,
                              env={'PATH': str(self.bin), 'FAKE_LOG': str(self.log), 'LC_ALL': 'C', **defaults, **environment})

    def calls(self, *programs):
        """What was called, in order: lines "program arguments"."""
        lines = self.log.read_text(encoding='utf-8').split('\n') if self.log.exists() else []
        return [line for line in lines if line.split(' ')[0] in programs]

    def assert_mistake(self, done):
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stdout, '')
        self.assertEqual(done.stderr.count('\n'), 1, done.stderr)
        self.assertEqual(self.calls('cmake', 'storsync', 'apt-get'), [])


class SetUp(Scripts):
    def test_nothing_missing_needs_no_apt(self):
        done = self.run_script('scripts/run.sh')
        self.assertEqual(done.returncode, 0)
        self.assertEqual(self.calls('apt-get', 'sudo', 'id'), [])
        self.assertNotIn('install', done.stderr)

    def test_root_installs_exactly_what_is_missing(self):
        done = self.run_script('scripts/run.sh', FAKE_MISSING='libck-dev libcmocka-dev')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.calls('apt-get'), [
            'apt-get -q update', 'apt-get -q install -y --no-install-recommends libck-dev libcmocka-dev'])
        self.assertIn('the build needs and is missing: libck-dev\n', done.stderr)
        self.assertIn('the tests need and is missing: libcmocka-dev\n', done.stderr)
        self.assertIn('apt-get runs, noninteractive', done.stderr)

    def test_removed_package_is_missing(self):
        self.run_script('scripts/run.sh', FAKE_MISSING='gcc=removed')
        self.assertIn('apt-get -q install -y --no-install-recommends gcc', self.calls('apt-get'))

    def test_others_go_through_sudo_and_are_told(self):
        self.program('sudo', 'exec "$@"')
        done = self.run_script('scripts/run.sh', FAKE_MISSING='ninja-build', FAKE_UID='1000')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(self.calls('sudo')), 2)
        self.assertEqual(len(self.calls('apt-get')), 2)
        self.assertIn('sudo', done.stderr)

    def test_neither_root_nor_sudo_is_one_line(self):
        done = self.run_script('scripts/run.sh', FAKE_MISSING='ninja-build git', FAKE_UID='1000')
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.count('\n'), 1, done.stderr)
        self.assertIn('ninja-build git', done.stderr)
        self.assertEqual(self.calls('apt-get', 'cmake', 'storsync'), [])

    def test_failing_apt_ends_it(self):
        done = self.run_script('scripts/test.sh', FAKE_MISSING='python3', FAKE_APT_STATUS='100')
        self.assertEqual(done.returncode, 1)
        self.assertIn('apt-get update failed', done.stderr)
        self.assertEqual(self.calls('cmake', 'ctest'), [])

    def test_without_dpkg_it_says_what_is_needed_and_goes_on(self):
        (self.bin / 'dpkg-query').unlink()
        done = self.run_script('scripts/run.sh')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('liburcu-dev', done.stderr)
        self.assertEqual(self.calls('apt-get'), [])


class Run(Scripts):
    def test_default_is_the_default_of_storsync_run(self):
        done = self.run_script('scripts/run.sh')
        self.assertEqual(self.calls('storsync'), ['storsync run'])
        self.assertEqual(done.stdout, f'{self.checkout}\na table\n')

    def test_builds_the_release_preset_first(self):
        self.run_script('scripts/run.sh')
        self.assertEqual(self.calls('cmake', 'storsync')[:2], [
            'cmake --preset release', 'cmake --build --preset release -j 2 --target storsync -- --quiet'])

    def test_options_after_the_dashes_come_last(self):
        self.run_script('scripts/run.sh', '--quick', '--', '--cpus', '2', '--', 'a b')
        call = self.calls('storsync')[0]
        self.assertRegex(call, r'^storsync run --\S.* --cpus 2 -- a b$')

    def test_status_is_that_of_the_run(self):
        self.assertEqual(self.run_script('scripts/run.sh', FAKE_STATUS='5').returncode, 5)

    def test_help(self):
        done = self.run_script('scripts/run.sh', '--help')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertIn('--quick', done.stdout)
        self.assertEqual(self.calls('cmake', 'storsync', 'dpkg-query'), [])

    def test_mistakes(self):
        for arguments in (['--quack'], ['--cpus', '2'], ['-q'], ['']):
            with self.subTest(arguments):
                self.assert_mistake(self.run_script('scripts/run.sh', *arguments))

    def test_failing_configuration_is_shown(self):
        done = self.run_script('scripts/run.sh', FAKE_BROKEN='--preset release')
        self.assertEqual(done.returncode, 1)
        self.assertIn('cmake says: --preset release', done.stderr)
        self.assertEqual(self.calls('storsync'), [])

    def test_failing_build_ends_it(self):
        done = self.run_script('scripts/run.sh', FAKE_BROKEN='--build')
        self.assertEqual(done.returncode, 1)
        self.assertIn('building', done.stderr)
        self.assertEqual(self.calls('storsync'), [])


class Test(Scripts):
    def test_every_preset_release_last(self):
        done = self.run_script('scripts/test.sh')
        self.assertEqual(done.returncode, 0, done.stderr)
        tests = self.calls('ctest')
        self.assertEqual([call.split(' ')[2] for call in tests], ['build/asan', 'build/tsan', 'build'])
        for call in tests:
            self.assertIn(' --no-tests=error ', call)
        self.assertNotIn('-L', tests[2])
        self.assertEqual(done.stdout.split('\n')[-2], '100% tests passed, 0 tests failed out of 1')

    def test_each_preset_is_built_before_its_tests(self):
        self.run_script('scripts/test.sh')
        steps = self.calls('cmake', 'ctest')[:3]
        for step, beginning in zip(steps, ['cmake --preset asan', 'cmake --build --preset asan ', 'ctest --test-dir build/asan ']):
            self.assertTrue(step.startswith(beginning), steps)

    def test_any_failing_preset_fails_and_has_the_last_word(self):
        for number, folder in enumerate(['build/asan', 'build/tsan', 'build'], 1):
            with self.subTest(folder):
                self.log.unlink(missing_ok=True)
                done = self.run_script('scripts/test.sh', FAKE_FAILING=folder)
                self.assertEqual(done.returncode, 8)
                self.assertEqual(len(self.calls('ctest')), number)
                self.assertEqual(done.stdout.split('\n')[-2], 'Errors while running CTest')

    def test_thread_sanitizer_runs_without_address_randomization_where_it_can(self):
        self.run_script('scripts/test.sh')
        self.assertEqual([call.split(' ')[4] for call in self.calls('setarch')[1:]], ['build/tsan'])
        self.program('setarch', 'exit 1')
        self.assertEqual(self.run_script('scripts/test.sh').returncode, 0)

    def test_quick_is_release_without_properties(self):
        done = self.run_script('scripts/test.sh', '--quick')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(self.calls('ctest')), 1)
        self.assertRegex(self.calls('ctest')[0], r'^ctest --test-dir build -LE property ')
        self.assertEqual(self.run_script('scripts/test.sh', '--quick', FAKE_FAILING='build').returncode, 8)

    def test_mistakes(self):
        for arguments in (['--quack'], ['--', '-x'], ['']):
            with self.subTest(arguments):
                self.assert_mistake(self.run_script('scripts/test.sh', *arguments))

    def test_continuous_integration_is_the_same(self):
        self.assertEqual(self.run_script('.ci/run').returncode, 0)
        self.assertEqual(len(self.calls('ctest')), 3)
        self.assertEqual(self.run_script('.ci/run', FAKE_FAILING='build').returncode, 8)


if __name__ == '__main__':
    sys.dont_write_bytecode = True
    unittest.main()
