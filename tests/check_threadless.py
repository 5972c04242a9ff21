#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs that cannot start a thread: none has linked a function that does.

  check_threadless.py PROGRAM...
  check_threadless.py --self-test PROGRAM   this one has threads, and is caught

ThreadSanitizer leaves such programs out: tests/CMakeLists.txt names them.  What is linked statically is all there is, and
libraries that are not the project's would not be instrumented anyway.
Exit status: 0 none can, 1 some can, 2 usage.
"""
import subprocess
import sys

STARTS_A_THREAD = {'pthread_create', 'thrd_create', 'clone', 'clone3', 'timer_create', 'mq_notify', 'getaddrinfo_a'}


def starters(program):
    """What a program takes from libraries to start threads with."""
    listed = subprocess.run(['nm', '-D', '--undefined-only', program], capture_output=True, text=True, check=True).stdout
    # Each line ends in NAME@VERSION.
    taken = {line.split()[-1].partition('@')[0] for line in listed.splitlines()}
    if '__libc_start_main' not in taken:
        sys.exit(f'{program}: takes no main program\'s start from libc, so what it takes is not known')
    return sorted(taken & STARTS_A_THREAD)


def main(arguments):
    if len(arguments) == 2 and arguments[0] == '--self-test':
        found = starters(arguments[1])
        print(f'{arguments[1]}: {", ".join(found) or "nothing found, though it has threads"}')
        return 0 if found else 1
    if not arguments or arguments[0].startswith('-'):
        print(__doc__, file=sys.stderr)
        return 2
    failed = 0
    for program in arguments:
        found = starters(program)
        if found:
            print(f'{program}: may start a thread, by {", ".join(found)}: take it off threadless_unit_tests in tests/CMakeLists.txt')
            failed = 1
    return failed


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
