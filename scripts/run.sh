#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Sets up, builds, and measures: the project's main job in one command.
set -euo pipefail
program=scripts/run.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

usage() {
	cat <<END
Usage: scripts/run.sh [--quick] [-- OPTION...]
Install what is missing, build, and compare the back ends: a table, and CSV files in results/.

  --quick     the matrix \`quick\`: four back ends, one of each kind, in half a minute
  -- OPTION   all that follows goes to \`storsync run\`, after what --quick gives, so that it wins;
              \`scripts/run.sh -- --help\` tells. Relative paths start at the checkout.
  --help      print this

Without --quick it is what \`storsync run\` does by itself: every sound back end, on 1 and 2 CPUs, 2 interrupt routings.
Exit status: that of \`storsync run\`; 1 when set-up or build fail; 2 for a mistake on the command line.
END
}

options=()
while [ $# -gt 0 ]; do
	case $1 in
	--quick) options=(quick) ;;
	--help | -h) usage; exit 0 ;;
	--) shift; break ;;
	*) die 2 "'$1' is no option; options of \`storsync run\` come after --, and --help tells the rest" ;;
	esac
	shift
done

cd "$root"
ensure_packages
note "building (build/)"
build release storsync
exec build/storsync run "${options[@]}" "$@"
