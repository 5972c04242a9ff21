#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""scripts/slurm on a real Slurm of this machine alone: own key, own folders, two nodes, loopback only.

Usage: slurm_test.py STORSYNC [unittest options]     as root, with munge, slurmctld, slurmd and slurm-client installed
Exit status: 0 passed, 1 failed, 77 skipped, with the reason.
"""
import csv
import ctypes
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
SUBMIT = ROOT / 'scripts/slurm/submit.sh'
PROGRAMS = ['munged', 'slurmctld', 'slurmd', 'sbatch', 'scancel', 'scontrol', 'sinfo', 'squeue']
NODES = ['node1', 'node2']
START_S, JOBS_S, ALL_S = 30, 90, 270
PR_SET_CHILD_SUBREAPER, PR_SET_PDEATHSIG = 36, 1
CONFIGURATION = '''ClusterName=storsync-test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={base}/munge.socket
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={base}/state
SlurmctldPidFile={base}/slurmctld.pid
SlurmctldLogFile={base}/slurmctld.log
SlurmdPidFile={base}/%n.pid
SlurmdLogFile={base}/%n.log
SlurmdSpoolDir={base}/%n
SlurmdParameters=config_overrides
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
MailProg=/bin/true
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1,sched_min_interval=0,batch_sched_delay=0,bf_interval=1
ReturnToService=2
KillWait=10
{nodes}
PartitionName=lab Nodes={names} Default=YES MaxTime=10 State=UP
'''
TINY = ['--backends', 'spinlock,ticket', '--cpus', '1', '--routing', 'same', '--invocations', '2']
# Long enough to be stopped between a shard's first invocation and its last.
LONG = [*TINY, '--duration', '2s']
SHORT = [*TINY, '--duration', '20ms']
cluster = None
storsync = None


def skip(reason):
    print(f'slurm_test.py: skipped: {reason}')
    sys.exit(77)


def wait_until(predicate, seconds, what):
    deadline = time.monotonic() + seconds
    while not predicate():
        if time.monotonic() > deadline:
            raise TimeoutError(f'{what}: not within {seconds} s')
        time.sleep(0.1)


def descendants():
    """Of this process, which adopts whatever its daemons leave behind."""
    parents = {}
    for stat in pathlib.Path('/proc').glob('[0-9]*/stat'):
        try:
            fields = stat.read_text(encoding='utf-8', errors='replace').rpartition(')')[2].split()
        except OSError:
            continue
        parents[int(stat.parent.name)] = int(fields[1])
    found = {os.getpid()}
    while True:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        if not more:
            return found - {os.getpid()}
        found |= more


def end_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Cluster:
    def __init__(self):
        self.daemons = []
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
        self.base = pathlib.Path(tempfile.mkdtemp(prefix='storsync-slurm-'))
        self.environment = {**os.environ, 'SLURM_CONF': str(self.base / 'slurm.conf'), 'LC_ALL': 'C'}
        for name in [name for name in self.environment if re.match(r'(SBATCH|SLURM|SQUEUE|SCANCEL|SINFO)_', name)]:
            if name != 'SLURM_CONF':
                del self.environment[name]

    def daemon(self, *command):
        with open(self.base / f'{len(self.daemons)}.out', 'wb') as output:
            self.daemons.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                                 env=self.environment, preexec_fn=end_with_parent))

    def start(self):
        base = self.base
        base.chmod(0o711) # Its socket has to be within reach of everybody, says munged.
        for folder in ['state', *NODES]:
            (base / folder).mkdir()
        (base / 'key').write_bytes(os.urandom(128))
        (base / 'key').chmod(0o600)
        sockets = [socket.create_server(('127.0.0.1', 0)) for _ in range(1 + len(NODES))]
        ports = [one.getsockname()[1] for one in sockets]
        for one in sockets:
            one.close()
        host = socket.gethostname().split('.')[0]
        nodes = '\n'.join(f'NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=2 RealMemory=100'
                          for name, port in zip(NODES, ports[1:]))
        configuration = CONFIGURATION.format(host=host, ports=ports, base=base, nodes=nodes, names=','.join(NODES))
        (base / 'slurm.conf').write_text(configuration, encoding='utf-8')
        self.daemon('munged', '-F', f'--key-file={base}/key', f'--socket={base}/munge.socket', f'--pid-file={base}/munged.pid',
                    f'--seed-file={base}/munged.seed', f'--log-file={base}/munged.log')
        wait_until((base / 'munge.socket').exists, START_S, 'munged')
        self.daemon('slurmctld', '-D')
        for name in NODES:
            self.daemon('slurmd', '-D', '-N', name)
        wait_until(lambda: self.ask('sinfo', '-h', '-N', '-o', '%T').split() == ['idle'] * len(NODES), START_S, 'idle nodes')

    def ask(self, *command):
        return subprocess.run(command, capture_output=True, text=True, timeout=30, env=self.environment).stdout

    def logs(self):
        return ''.join(f'--- {path.name}\n' + ''.join(path.read_text(errors='replace').splitlines(True)[-15:])
                       for path in sorted([*self.base.glob('*.log'), *self.base.glob('*.out')]))

    def stop(self):
        signal.alarm(0)
        try:
            if len(self.daemons) == 2 + len(NODES):
                self.ask('scancel', '-u', 'root')
                wait_until(lambda: not self.ask('squeue', '-h'), 15, 'an empty queue')
        except (TimeoutError, subprocess.TimeoutExpired) as error:
            print(f'slurm_test.py: {error}', file=sys.stderr)
        for daemon in reversed(self.daemons):
            daemon.terminate()
            try:
                daemon.wait(timeout=10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        deadline = time.monotonic() + 20
        while descendants() and time.monotonic() < deadline:
            for pid in descendants():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            try:
                os.waitpid(-1, 0)
            except ChildProcessError:
                break
        shutil.rmtree(self.base)


class Slurm(unittest.TestCase):
    def setUp(self):
        self.base = pathlib.Path(tempfile.mkdtemp(prefix='a case ', dir=cluster.base))
        self.directory = self.base / 'results'

    def submit(self, *arguments):
        """Returns the ids that it printed: (array or None, merge)."""
        done = subprocess.run([SUBMIT, *arguments], cwd=self.base, capture_output=True, text=True, timeout=60,
                              env=cluster.environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        array = re.search(r'^shards +job (\d+)', done.stdout, re.M)
        return array and array.group(1), re.search(r'^merge +job (\d+)', done.stdout, re.M).group(1)

    def submit_matrix(self, run_options, program=None):
        return self.submit('--shards', '2', '--output', self.directory, '--storsync', program or storsync, '--partition', 'lab',
                           '--sbatch', '--time=5', '--', 'default', *run_options)

    def job(self, job):
        """What Slurm says of a job or a task 1_2, as a dictionary."""
        return dict(re.findall(r'(\w+)=(\S*)', cluster.ask('scontrol', '-o', 'show', 'job', job)))

    def has_ended(self, job):
        return self.job(job)['JobState'] not in ('PENDING', 'CONFIGURING', 'RUNNING', 'COMPLETING')

    def wait_for(self, *jobs):
        try:
            wait_until(lambda: all(map(self.has_ended, jobs)), JOBS_S, f'jobs {jobs}')
        except TimeoutError:
            self.fail(cluster.ask('squeue') + self.all_logs())

    def wait_for_first_invocation(self, array, shard):
        wait_until(lambda: self.invocations_of(shard) or self.has_ended(f'{array}_{shard}'), JOBS_S, 'a first invocation')
        self.assertEqual(self.invocations_of(shard), 1, self.all_logs())

    def all_logs(self):
        return ''.join(f'--- {path.name}\n{path.read_text(errors="replace")}' for path in sorted(self.directory.glob('logs/*')))

    def log(self, name):
        return (self.directory / 'logs' / f'{name}.log').read_text(errors='replace')

    def rows(self):
        with open(self.directory / 'merged/summary.csv', newline='', encoding='utf-8') as file:
            return list(csv.DictReader(file))

    def assert_complete(self, merge_job):
        self.assertEqual(self.job(merge_job)['ExitCode'], '0:0', self.all_logs())
        rows = self.rows()
        self.assertEqual({row['status'] for row in rows}, {'ok'})
        self.assertEqual(len(rows), 4)
        self.assertEqual(len({(row['cell_id'], row['invocation']) for row in rows}), 4, 'a row is there twice')
        validated = subprocess.run([storsync, 'validate', self.directory / 'merged'], capture_output=True, text=True, timeout=60)
        self.assertEqual(validated.returncode, 0, validated.stdout + validated.stderr)

    def invocations_of(self, shard):
        """Those that its journal tells; a line that is being written is none."""
        try:
            lines = (self.directory / f'shard-{shard}/journal.jsonl').read_text(encoding='utf-8').split('\n')[:-1]
        except OSError:
            return 0
        return sum(json.loads(line)['event'] == 'invocation' for line in lines)

    def test_every_row_is_merged_once(self):
        array, merge = self.submit_matrix(SHORT)
        self.wait_for(f'{array}_1', f'{array}_2', merge)
        for task in (1, 2):
            job = self.job(f'{array}_{task}')
            self.assertEqual((job['JobState'], job['ExitCode']), ('COMPLETED', '0:0'), self.all_logs())
            self.assertIn(f'shard {task} of 2: ', self.log(f'shard-{task}'))
        self.assert_complete(merge)
        self.assertEqual(len({row['run_id'] for row in self.rows()}), 2, 'rows keep the run that they are of')

    def test_a_shard_without_blocks_is_refused(self):
        done = subprocess.run([SUBMIT, '--shards', '3', '--output', self.directory, '--storsync', storsync, '--', 'default', *SHORT],
                              capture_output=True, text=True, timeout=60, env=cluster.environment)
        self.assertEqual((done.returncode, done.stderr.count('\n')), (2, 1), done.stderr)
        self.assertFalse(self.directory.exists())

    def test_cancelled_shard_is_named_and_resumed(self):
        array, merge = self.submit_matrix(LONG)
        self.wait_for_first_invocation(array, 2)
        nodes = [self.job(f'{array}_{task}')['NodeList'] for task in (1, 2)]
        cluster.ask('scancel', f'{array}_2')
        self.wait_for(f'{array}_1', f'{array}_2', merge)
        self.assertEqual(sorted(nodes), NODES, 'both shards at the same time, each on a node of its own')
        self.assertEqual(self.job(f'{array}_2')['JobState'], 'CANCELLED')
        self.assertEqual(self.job(merge)['ExitCode'], '5:0', self.all_logs())
        self.assertRegex(self.log('merge'), r'shard 2\b')
        self.assertEqual(len(self.rows()), 3)

        array, merge = self.submit('--resume', self.directory)
        self.wait_for(f'{array}_2', merge)
        self.assertFalse(self.job(f'{array}_1').get('JobState'), 'the finished shard is not submitted again')
        self.assert_complete(merge)
        self.assertEqual(self.invocations_of(2), 2, 'what was measured before is not measured again')

        array, merge = self.submit('--resume', self.directory)
        self.assertIsNone(array, 'nothing is unfinished')
        self.wait_for(merge)
        self.assert_complete(merge)

    def test_requeued_shard_goes_on(self):
        array, merge = self.submit_matrix(LONG)
        self.wait_for_first_invocation(array, 1)
        cluster.ask('scontrol', 'requeue', f'{array}_1')
        # Slurm would let a requeued job wait for two minutes. No time at all is too short: a node refuses a job's new credential in
        # the second in which it revoked the old one.
        wait_until(lambda: self.job(f'{array}_1')['JobState'] == 'PENDING', JOBS_S, 'the requeued task')
        cluster.ask('scontrol', 'update', f'JobId={array}_1', 'StartTime=now+3seconds')
        self.wait_for(f'{array}_1', f'{array}_2', merge)
        self.assertEqual(self.log('shard-1').count('shard 1 of 2: job'), 2, 'both starts stand in its log')
        self.assertEqual(self.invocations_of(1), 2, 'what was measured before is not measured again')
        self.assert_complete(merge)

    def test_failing_shard_is_named(self):
        program = self.base / 'storsync'
        program.write_text(f'#!/bin/sh\ncase "$*" in\n"run "*"--shard 2/2"*) echo "no such luck" >&2; exit 1 ;;\nesac\n'
                           f"exec '{storsync}' \"$@\"\n", encoding='utf-8')
        program.chmod(0o755)
        array, merge = self.submit_matrix(SHORT, program)
        self.wait_for(f'{array}_1', f'{array}_2', merge)
        job = self.job(f'{array}_2')
        self.assertEqual((job['JobState'], job['ExitCode']), ('FAILED', '1:0'))
        self.assertIn('no such luck', self.log('shard-2'))
        self.assertEqual(self.job(merge)['ExitCode'], '5:0', self.all_logs())
        self.assertRegex(self.log('merge'), r'shard 2\b')
        self.assertEqual(len(self.rows()), 2)


def interrupted(number, frame):
    # unittest would count any other exception as one test's, and go on.
    raise KeyboardInterrupt(f'not done within {ALL_S} s' if number == signal.SIGALRM else 'told to end')


def main():
    global cluster, storsync
    if len(sys.argv) < 2 or sys.argv[1].startswith('-'):
        sys.exit(__doc__)
    os.environ['PATH'] += ':/usr/sbin:/sbin'
    storsync = pathlib.Path(sys.argv[1]).resolve()
    missing = [program for program in PROGRAMS if not shutil.which(program)]
    if missing:
        skip(f'not installed: {" ".join(missing)} (Debian: munge slurmctld slurmd slurm-client)')
    if os.geteuid() != 0:
        skip('daemons that start jobs need root')
    for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, interrupted)
    signal.alarm(ALL_S)
    cluster = Cluster()
    try:
        try:
            cluster.start()
        except (TimeoutError, OSError, subprocess.TimeoutExpired) as error:
            print(cluster.logs())
            skip(f'Slurm does not start here: {error}')
        print(cluster.ask('sinfo', '-N', '-l'), end='', flush=True)
        result = unittest.main(argv=[sys.argv[0], *sys.argv[2:]], exit=False).result
        if not result.wasSuccessful():
            print(cluster.logs())
    finally:
        cluster.stop()
    sys.exit(not result.wasSuccessful())


if __name__ == '__main__':
    sys.dont_write_bytecode = True
    main()
