#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Sets up, builds, and tests: AddressSanitizer and UndefinedBehaviorSanitizer, ThreadSanitizer, then every test on
# the release build. It ends at the first preset that fails, so that its last lines are ctest's account of what counts.
set -euo pipefail
program=scripts/test.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage() {
	cat <<'END'
Usage: scripts/test.sh [--quick]
Install what is missing, build, and run the tests.

  --quick   the release build only, without the tests labelled `property`
  --help    print this

Exit status: 0 when every test passes; 1 when set-up or build fail; 2 for a mistake on the command line; else ctest's.
END
}

quick=false
while [ $# -gt 0 ]; do
	case $1 in
	--quick) quick=true ;;
	--help | -h) usage; exit 0 ;;
	*) die 2 "'$1' is no option; --help tells which there are" ;;
	esac
	shift
done

# run_tests DIRECTORY [CTEST-OPTION...]
run_tests() {
	"${launcher[@]}" ctest --test-dir "$@" --no-tests=error --output-on-failure -j "$(nproc)"
}

cd "$root"
want_slurm
want_npm
ensure_packages
ensure_node_modules
launcher=()
if $quick; then
	note "release: building (build/)"
	build release
	run_tests build -LE property
	exit
fi

# What a sanitizer cannot cover is labelled so; checks of texts and structure are the same under all of them.  For time,
# the sanitizers leave to the release build what executes little that is new to them: tests/README.md.
note "asan: building (build/asan/)"
build asan
run_tests build/asan -LE '^(check|caught|one-cpu|thread|no-asan)$'

# ThreadSanitizer needs its addresses where it expects them, which much address-space randomization moves away.
if setarch -R true 2>/dev/null; then
	launcher=(setarch -R)
fi
note "tsan: building (build/tsan/)"
build tsan
run_tests build/tsan -LE '^(check|caught|one-cpu|no-tsan)$'
launcher=()

note "release: building (build/)"
build release
run_tests build
