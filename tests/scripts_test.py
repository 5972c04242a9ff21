#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The scripts and .ci/run, with everything that they start replaced by programs that note how they were called.

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
REAL_TOOLS = ['bash', 'cat', 'cp', 'date', 'dirname', 'env', 'grep', 'mkdir', 'mktemp', 'mv', 'od', 'rm', 'sed', 'tee', 'tr',
              'uname']
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
        (self.checkout / 'tests').mkdir()
        for name in 'package.json', 'package-lock.json':
            shutil.copy(ROOT / 'tests' / name, self.checkout / 'tests')
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
        self.program('npm', '[ -z "$FAKE_OFFLINE" ] && mkdir node_modules')
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
        self.assertRegex(call, r'^storsync run quick --cpus 2 -- a b$')

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

    def test_slurm_is_installed_only_where_no_daemon_starts(self):
        self.run_script('scripts/test.sh', '--quick', FAKE_MISSING='slurmd munge')
        self.assertEqual(self.calls('apt-get'), [])
        self.program('policy-rc.d', 'exit 104')
        self.run_script('scripts/test.sh', '--quick', FAKE_MISSING='slurmd munge')
        self.assertEqual(self.calls('apt-get'), [])
        self.program('policy-rc.d', 'exit 101')
        self.run_script('scripts/run.sh', FAKE_MISSING='slurmd munge')
        self.assertEqual(self.calls('apt-get'), [])
        self.run_script('scripts/test.sh', '--quick', FAKE_MISSING='slurmd munge')
        self.assertIn('apt-get -q install -y --no-install-recommends munge slurmd', self.calls('apt-get'))

    def test_modules_are_installed_once_and_again_when_others_are_wanted(self):
        for _ in range(2):
            self.assertEqual(self.run_script('scripts/test.sh', '--quick').returncode, 0)
        self.assertEqual(len(self.calls('npm')), 1)
        self.assertTrue(self.calls('npm')[0].startswith('npm ci '))
        self.assertTrue((self.checkout / 'build/npm/node_modules').is_dir())
        with (self.checkout / 'tests/package-lock.json').open('a', encoding='utf-8') as file:
            file.write('another')
        self.run_script('scripts/test.sh', '--quick', FAKE_OFFLINE='')
        self.assertEqual(len(self.calls('npm')), 2)

    def test_modules_that_cannot_be_had_do_not_stop_the_tests(self):
        done = self.run_script('scripts/test.sh', '--quick', FAKE_OFFLINE='yes')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('npm ci failed', done.stderr)
        self.assertEqual(len(self.calls('ctest')), 1)
        self.assertFalse((self.checkout / 'build/npm/node_modules').exists())

    def test_npm_is_installed_only_where_there_is_none(self):
        self.run_script('scripts/test.sh', '--quick', FAKE_MISSING='npm')
        self.assertEqual(self.calls('apt-get'), [])
        (self.bin / 'npm').unlink()
        self.run_script('scripts/run.sh', FAKE_MISSING='npm')
        self.assertEqual(self.calls('apt-get'), [])
        self.run_script('scripts/test.sh', '--quick', FAKE_MISSING='npm')
        self.assertIn('apt-get -q install -y --no-install-recommends npm', self.calls('apt-get'))

    def test_lock_names_no_registry(self):
        text = (ROOT / 'tests/package-lock.json').read_text(encoding='utf-8')
        self.assertNotIn('resolved', text)
        self.assertNotIn('://', text)

    def test_mistakes(self):
        for arguments in (['--quack'], ['--', '-x'], ['']):
            with self.subTest(arguments):
                self.assert_mistake(self.run_script('scripts/test.sh', *arguments))

    def test_continuous_integration_is_the_same(self):
        self.assertEqual(self.run_script('.ci/run').returncode, 0)
        self.assertEqual(len(self.calls('ctest')), 3)
        self.assertEqual(self.run_script('.ci/run', FAKE_FAILING='build').returncode, 8)


SLURM_STORSYNC = '''case "$1 $*" in
"plan "*) echo "a plan: $FAKE_PLAN"
	case "$*" in
	*--seed*) ;;
	*) echo "storsync plan: --shard goes with --seed" >&2; exit 2 ;;
	esac
	case "$*" in
	*"$FAKE_WRONG"*) echo "storsync plan: what is wrong" >&2; exit ${FAKE_STATUS:-2} ;;
	esac ;;
"run "*) for last; do :; done; mkdir -p "$last"; echo >"$last/run.json" ;;
"validate "*) [ -e "$2/done" ] ;;
"merge "*) for last; do :; done; mkdir "$last"; exit ${FAKE_MERGE:-0} ;;
esac
'''
SBATCH = '''for last; do :; done
case "$FAKE_REFUSED" in
"${last##*/}") echo "sbatch: error: no such partition" >&2; exit 1 ;;
esac
case $last in
*shards*) echo "12;a-cluster" ;;
*) echo 13 ;;
esac
'''


class Slurm(Scripts):
    def setUp(self):
        super().setUp()
        self.program('storsync', SLURM_STORSYNC, self.checkout / 'build')
        self.program('sbatch', SBATCH)
        self.program('squeue', 'echo "$FAKE_QUEUE"')
        self.results = self.elsewhere / 'the results'

    def submit(self, *arguments, **environment):
        self.log.unlink(missing_ok=True)
        return self.run_script('scripts/slurm/submit.sh', *arguments, **{'FAKE_WRONG': 'nothing', **environment})

    def submitted(self, *run_options, **environment):
        done = self.submit('--shards', '3', '--output', 'the results', '--', *run_options, **environment)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        return done

    def job(self, name, **environment):
        """Runs a job's script as Slurm would."""
        return subprocess.run(['bash', self.results / f'{name}.sbatch'], capture_output=True, text=True, timeout=60,
                              env={'PATH': str(self.bin), 'FAKE_LOG': str(self.log), 'SLURM_JOB_ID': '12',
                                   'SLURM_ARRAY_JOB_ID': '12', 'SLURMD_NODENAME': 'node7', **environment})

    def directives(self, name):
        lines = (self.results / f'{name}.sbatch').read_text(encoding='utf-8').split('\n')
        return [line for line in lines if line.startswith('#SBATCH')]

    def test_shards_then_merge_whatever_became_of_them(self):
        done = self.submitted('quick', '--cpus', '1,4')
        self.assertEqual(self.calls('sbatch'), [
            f'sbatch --parsable {self.results}/shards.sbatch',
            f'sbatch --parsable --dependency=afterany:12 {self.results}/merge.sbatch'])
        for text in ('squeue -j 12,13', f'{self.results}/merged', f'{self.results}/logs/merge.log'):
            self.assertIn(text, done.stdout)
        directives = '\n'.join(self.directives('shards'))
        for option in ('--exclusive', '--requeue', '--open-mode=append', '--nodes=1', '--array=1-3', '--cpus-per-task=4'):
            self.assertRegex(directives, rf'{option}(?![\w-])')
        self.assertIn(f'--output="{self.results}/logs/shard-%a.log"', directives)
        self.assertIn(f'--chdir="{self.elsewhere}"', directives)

    def test_each_task_runs_its_shard_of_the_same_seed(self):
        done = self.submitted('quick', '--filter', 'cpus!=1 x')
        seed = done.stdout.split()[-1]
        for task in '1', '3':
            self.log.unlink()
            self.assertEqual(self.job('shards', SLURM_ARRAY_TASK_ID=task).returncode, 0)
            self.assertEqual(self.calls('storsync'), [
                f'storsync run quick --filter cpus!=1 x --seed {seed} --shard {task}/3 -o {self.results}/shard-{task}'])

    def test_seeds_differ_and_a_given_one_is_kept(self):
        seeds = set()
        for _ in range(4):
            seeds.add(self.submitted('quick').stdout.split()[-1])
            shutil.rmtree(self.results)
        self.assertGreater(len(seeds), 1)
        self.submit('--shards', '1', '--output', 'the results', '--')
        self.log.unlink()
        self.job('shards', SLURM_ARRAY_TASK_ID='1')
        self.assertEqual(self.calls('storsync')[0].count('--seed'), 1, 'a single shard has one as well')
        shutil.rmtree(self.results)
        self.submitted('quick', '--seed', '5')
        self.log.unlink()
        self.job('shards', SLURM_ARRAY_TASK_ID='1')
        self.assertEqual(self.calls('storsync')[0].count('--seed'), 1)

    def test_program_is_a_copy(self):
        self.submitted('quick')
        (self.checkout / 'build/storsync').unlink()
        self.assertEqual(self.job('shards', SLURM_ARRAY_TASK_ID='1').returncode, 0)

    def test_cpus(self):
        for options, expected in ((['--cpus', '1-4'], 4), (['--cpus=1,2-8'], 8), (['-c', '1'], 1), (['-c16,3'], 16), ([], 2)):
            with self.subTest(options):
                self.submitted('quick', *options)
                self.assertRegex(self.directives('shards')[0], rf'--cpus-per-task={expected}(?!\d)')
                shutil.rmtree(self.results)

    def test_options_of_sbatch_are_in_both_jobs(self):
        self.submit('--shards', '3', '--output', 'the results', '--partition', 'lab', '--cpus-per-task', '6',
                    '--sbatch', '--account=a --comment="b c"', '--')
        for name in 'shards', 'merge':
            self.assertIn('#SBATCH  --partition=lab --account=a --comment="b c"', self.directives(name))
        self.assertRegex(self.directives('shards')[0], r'--cpus-per-task=6(?!\d)')

    def test_finished_shard_is_left_alone(self):
        self.submitted('quick')
        (self.results / 'shard-1').mkdir()
        (self.results / 'shard-1/done').touch()
        (self.results / 'logs/shard-1.host').write_text('another machine\n', encoding='utf-8')
        self.log.unlink()
        self.assertEqual(self.job('shards', SLURM_ARRAY_TASK_ID='1').returncode, 0)
        self.assertEqual([call.split()[1] for call in self.calls('storsync')], ['validate'])
        self.assertFalse((self.results / 'aside').exists())

    def test_another_machine_begins_anew(self):
        self.submitted('quick')
        self.job('shards', SLURM_ARRAY_TASK_ID='2')
        (self.results / 'shard-2/begun').touch()
        self.job('shards', SLURM_ARRAY_TASK_ID='2')
        self.assertTrue((self.results / 'shard-2/begun').exists(), 'the same machine goes on')
        (self.results / 'logs/shard-2.host').write_text('another\n', encoding='utf-8')
        done = self.job('shards', SLURM_ARRAY_TASK_ID='2', SLURM_RESTART_COUNT='1')
        self.assertIn('was begun on another', done.stdout)
        self.assertTrue((self.results / 'aside/shard-2-another-12-1/begun').exists())
        self.assertEqual([path.name for path in (self.results / 'shard-2').iterdir()], ['run.json'])

    def test_merge_takes_what_has_begun_and_names_the_rest(self):
        self.submitted('quick')
        done = self.job('merge')
        self.assertEqual(done.returncode, 3)
        self.assertIn('nothing to merge', done.stdout)
        for task in '1', '3':
            self.job('shards', SLURM_ARRAY_TASK_ID=task)
        (self.results / 'shard-2').mkdir()
        for status in '5', '0':
            self.log.unlink()
            done = self.job('merge', FAKE_MERGE=status)
            self.assertEqual(done.returncode, int(status))
            self.assertIn('shard 2 of 3: has not begun', done.stdout)
            self.assertEqual(self.calls('storsync'), [
                f'storsync merge {self.results}/shard-1 {self.results}/shard-3 -o {self.results}/merging'])
            self.assertTrue((self.results / 'merged').is_dir())
            self.assertFalse((self.results / 'merging').exists())

    def test_refused_merge_keeps_the_former(self):
        self.submitted('quick')
        self.job('shards', SLURM_ARRAY_TASK_ID='1')
        (self.results / 'merged').mkdir()
        (self.results / 'merged/former').touch()
        self.assertEqual(self.job('merge', FAKE_MERGE='2').returncode, 2)
        self.assertTrue((self.results / 'merged/former').exists())

    def test_resume_submits_what_is_unfinished(self):
        self.submitted('quick')
        for shard in '1', '3':
            (self.results / f'shard-{shard}').mkdir()
        (self.results / 'shard-1/done').touch()
        done = self.submit('--resume', 'the results')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.calls('sbatch'), [
            f'sbatch --parsable --array=2,3 {self.results}/shards.sbatch',
            f'sbatch --parsable --dependency=afterany:12 {self.results}/merge.sbatch'])
        (self.results / 'shard-2').mkdir()
        for shard in '2', '3':
            (self.results / f'shard-{shard}/done').touch()
        self.assertEqual(self.submit('--resume', self.results).returncode, 0)
        self.assertEqual(self.calls('sbatch'), [f'sbatch --parsable {self.results}/merge.sbatch'])

    def test_resume_waits_for_jobs_that_have_not_ended(self):
        self.submitted('quick')
        self.assert_mistake(self.submit('--resume', 'the results', FAKE_QUEUE='12_1 RUNNING'))
        self.assertEqual(self.calls('sbatch'), [])
        self.assertIn('-j 12,13', self.calls('squeue')[0])

    def test_refusals_of_slurm(self):
        done = self.submit('--shards', '3', '--output', 'the results', '--', FAKE_REFUSED='shards.sbatch')
        self.assertEqual((done.returncode, done.stdout), (1, ''))
        self.assertIn('nothing is submitted', done.stderr)
        shutil.rmtree(self.results)
        done = self.submit('--shards', '3', '--output', 'the results', '--', FAKE_REFUSED='merge.sbatch')
        self.assertEqual(done.returncode, 1)
        self.assertIn('the shards are job 12', done.stderr)
        self.assert_mistake(self.submit('--resume', 'the results', FAKE_QUEUE='12_1 RUNNING'))

    def test_what_is_wrong_with_the_matrix_is_told_before_anything_is_submitted(self):
        for status in '2', '3':
            done = self.submit('--shards', '3', '--output', 'the results', '--', 'quick', FAKE_WRONG='--shard 3/3',
                               FAKE_STATUS=status)
            self.assertEqual(done.returncode, 2)
            self.assertEqual(done.stderr.count('\n'), 1)
            self.assertIn('storsync plan: what is wrong', done.stderr)
            self.assertEqual(self.calls('sbatch'), [])
            self.assertFalse(self.results.exists())

    def test_more_shards_than_blocks(self):
        done = self.submit('--shards', '3', '--output', 'the results', '--', 'quick', FAKE_PLAN='shard 3 of 3: 0 of the blocks')
        self.assertEqual((done.returncode, done.stderr.count('\n'), self.calls('sbatch')), (2, 1, []))
        self.submitted('quick', FAKE_PLAN='shard 3 of 3: 10 of the blocks')

    def test_without_slurm(self):
        (self.bin / 'sbatch').unlink()
        done = self.submit('--shards', '3', '--')
        self.assertEqual((done.returncode, done.stdout, done.stderr.count('\n')), (4, '', 1))

    def test_help(self):
        done = self.submit('--help')
        self.assertEqual((done.returncode, done.stderr), (0, ''))

    def test_mistakes(self):
        (self.elsewhere / 'there').mkdir()
        few = ['--shards', '2']
        for arguments in ([], ['--'], few, ['--shards'], ['--shards', '', '--'], ['--shards', '0', '--'], ['--shards', 'x', '--'],
                          ['--shards', '-1', '--'], ['quick'], [*few, '--quack', '--'], [*few, '--output', 'there', '--'],
                          [*few, '--output', 'a%b', '--'], [*few, '--output', 'a"b', '--'], [*few, '--output', 'a\\b', '--'],
                          [*few, '--sbatch', 'a\nb', '--'], [*few, '--storsync', 'there', '--'],
                          [*few, '--cpus-per-task', '0', '--'],
                          [*few, '--', '--shard', '1/2'], [*few, '--', '-o', 'x'], [*few, '--', '-ox'],
                          [*few, '--', '--output=x'],
                          [*few, '--', '--fresh'], [*few, '--', '--help'], [*few, '--', '--print'],
                          ['--resume', 'nowhere'], ['--resume', 'there'], ['--resume', 'there', *few],
                          ['--resume', 'there', '--', 'quick']):
            with self.subTest(arguments):
                self.assert_mistake(self.submit(*arguments))
                self.assertEqual(self.calls('sbatch', 'storsync'), [])


if __name__ == '__main__':
    sys.dont_write_bytecode = True
    unittest.main()
