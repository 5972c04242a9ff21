# SPDX-License-Identifier: MIT
# What run.sh and test.sh share: the checkout's root, its packages, building a preset.
# To be sourced by a bash script that has set `program` to its own name.

unset CDPATH
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)

# Debian 12 names. GCC's sanitizers come with gcc itself.
build_packages=(gcc g++ cmake ninja-build pkgconf git
	libbenchmark-dev libhwloc-dev liburcu-dev libck-dev libjansson-dev libcsv-dev libcyaml-dev libyaml-dev libmd-dev
	libsqlite3-dev gnuplot-nox)
test_packages=(libcmocka-dev python3 python3-pandas python3-scipy libbenchmark-tools
	chromium chromium-driver python3-selenium)
slurm_packages=(munge slurmctld slurmd slurm-client)

note() {
	printf '%s: %s\n' "$program" "$*" >&2
}

# die STATUS TEXT
die() {
	local status=$1

	shift
	note "$@"
	exit "$status"
}

# Prints those of its arguments that are not installed, separated by spaces.
missing_packages() {
	local have package missing=()

	have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null) || true
	for package in "$@"; do
		grep -qxF "installed $package" <<<"$have" || missing+=("$package")
	done
	printf '%s' "${missing[*]}"
}

# Adds Slurm to what the tests need, where its packages start no daemons as they are installed: policy-rc.d forbids that in
# container images. Elsewhere it is the user's to install, and its test is skipped without.
want_slurm() {
	local status=0

	policy-rc.d munge start >/dev/null 2>&1 || status=$?
	[ "$status" -ne 101 ] || test_packages+=("${slurm_packages[@]}")
}

# Adds npm to what the tests need, unless there is one already, Debian's or another.
want_npm() {
	command -v npm >/dev/null || test_packages+=(npm)
}

# Puts what tests/package-lock.json names into build/npm. Silent and offline when it is there; where it cannot be had, the
# test that needs it is skipped, and says so.
ensure_node_modules() {
	local folder=$root/build/npm

	if [ -d "$folder/node_modules" ] && [ "$(cat "$folder/package-lock.json")" = "$(cat "$root/tests/package-lock.json")" ]; then
		return
	fi
	note "installs what a test needs from npm into build/npm/"
	mkdir -p "$folder"
	cp "$root/tests/package.json" "$root/tests/package-lock.json" "$folder"
	if ! (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund >&2); then
		rm -rf "$folder/node_modules"
		note "npm ci failed: see above; the test of reports in a browser will be skipped"
	fi
}

# Installs what is missing. Silent and offline when nothing is.
ensure_packages() {
	local all=("${build_packages[@]}" "${test_packages[@]}")
	local to_build to_test missing as_root=()

	if ! command -v dpkg-query >/dev/null; then
		note "no dpkg here, so nothing is checked or installed; Debian 12 calls what is needed: ${all[*]}"
		return
	fi
	to_build=$(missing_packages "${build_packages[@]}")
	to_test=$(missing_packages "${test_packages[@]}")
	[ -n "$to_build$to_test" ] || return 0
	read -ra missing <<<"$to_build $to_test"

	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null ||
			die 1 "neither root nor sudo to install what is missing; as root: apt-get install --no-install-recommends ${missing[*]}"
		as_root=(sudo)
	fi
	[ -z "$to_build" ] || note "installs what the build needs and is missing: $to_build"
	[ -z "$to_test" ] || note "installs what the tests need and is missing: $to_test"
	[ ${#as_root[@]} -eq 0 ] || note "installing takes root: runs apt-get through sudo, which may ask for your password"
	"${as_root[@]}" apt-get -q update >&2 || die 1 "apt-get update failed: see above"
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
		apt-get -q install -y --no-install-recommends "${missing[@]}" >&2 || die 1 "apt-get install failed: see above"
}

# build PRESET [TARGET...]: configures and builds; what the tools say goes to stderr, and only what matters.
build() {
	local preset=$1 log target quiet=()
	shift

	log=$(mktemp)
	if ! cmake --preset "$preset" >"$log" 2>&1; then
		cat "$log" >&2
		rm -f "$log"
		die 1 "configuring the preset '$preset' failed: see above"
	fi
	rm -f "$log"
	[ -t 2 ] || quiet=(-- --quiet)
	for target in "$@"; do
		set -- "$@" --target "$target"
		shift
	done
	cmake --build --preset "$preset" -j "$(nproc)" "$@" "${quiet[@]}" >&2 || die 1 "building the preset '$preset' failed: see above"
}
