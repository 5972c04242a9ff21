#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Shares a matrix out over a Slurm cluster: an array job with one shard a task, and a job that merges what there is at the end.
set -euo pipefail
program=scripts/slurm/submit.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib.sh"

usage() {
	cat <<'END'
Usage: scripts/slurm/submit.sh --shards N [OPTION...] -- [MATRIX] [OPTION of `storsync run`...]
       scripts/slurm/submit.sh --resume DIR
Measure a matrix as an array job, one shard of its blocks a task, each alone on a node; then merge the shards.

  --shards N          tasks; at most as many as there are blocks, which is what --invocations says
  --output DIR        where everything goes: a folder that does not exist yet, on a file system that all nodes have
                      (default: results/slurm-<time>, from where you are)
  --partition P       of both jobs
  --cpus-per-task N   the least that a node must have (default: the largest of --cpus; 2 when it is not given)
  --sbatch "OPTIONS"  more options of sbatch, for both jobs, such as "--account=lab --time=2:00:00"
  --storsync FILE     the program (default: build/storsync of this checkout); it is copied into DIR
  --resume DIR        submit what is unfinished in DIR again, and the merge
  --help              print this

What follows -- goes to `storsync run`, except what is different in each task: --shard and --output. The seed is drawn here, once,
unless --seed or the matrix gives one. Relative paths start where you are.

Exit status: 0 submitted, 2 usage, 4 there is no Slurm here, 1 it refused.
END
}

# A #SBATCH line can say no backslash, %, quote or line break in a path.
check_path() {
	case $1 in
	*[\\%\"]* | *$'\n'*)
		die 2 "the path '$1' has a backslash, %, quote or line break, which Slurm would read otherwise; use another" ;;
	esac
}

# count OPTION VALUE
check_count() {
	case $2 in
	0* | *[!0-9]* | ?????* | '') die 2 "$1: '$2' is not a number from 1 to 9999" ;;
	esac
}

# What would differ in each task, or measure nothing.
check_run_options() {
	local option

	for option in "$@"; do
		case $option in
		--sh* | --ou* | -o*)
			die 2 "'$option' is not for all tasks: each has a shard and a folder of its own; use --shards and --output before --" ;;
		--fresh) die 2 "'$option' would throw away what a requeued task has measured; use another --output before --" ;;
		--help | --usage | '-?' | --print) die 2 "'$option' measures nothing; \`storsync run --help\` tells the options" ;;
		esac
	done
}

# largest_cpus OPTION...: the largest number that --cpus asks for, or else the default matrix's.
largest_cpus() {
	local largest=2 values='' number numbers

	while [ $# -gt 0 ]; do
		case $1 in
		--cpus | -c) values=${2-} ;;
		--cpus=*) values=${1#*=} ;;
		-c*) values=${1#-c} ;;
		esac
		shift
	done
	if [ -n "$values" ]; then
		largest=1
		IFS=',-' read -ra numbers <<<"$values"
		for number in "${numbers[@]}"; do
			[ "$number" -le "$largest" ] || largest=$number
		done
	fi
	printf '%s' "$largest"
}

# check_matrix OPTION...: sets seed_options, and plan to what `storsync plan` says of the last shard.
check_matrix() {
	seed_options=()
	# A share without a seed is refused, so this fails unless one is given, here or in the matrix.
	"$storsync" plan "$@" --shard 1/2 >/dev/null 2>&1 || seed_options=(--seed "$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')")
	plan=$("$storsync" plan "$@" "${seed_options[@]}" --shard "$shards/$shards" 2>&1) || die 2 "${plan##*$'\n'}"
	case $plan in
	*": 0 of the blocks"*) die 2 "--shards $shards: more than there are blocks; use at most as many, or more --invocations" ;;
	esac
}

# write_shards OPTION...
write_shards() {
	cat >"$directory/shards.sbatch" <<END
#!/usr/bin/env bash
# One shard a task. A task that starts again goes on in its own folder.
#SBATCH --job-name=storsync --nodes=1 --ntasks=1 --cpus-per-task=$cpus_per_task --exclusive --mem=0 --requeue --open-mode=append
#SBATCH $extra
#SBATCH --array=1-$shards
#SBATCH --chdir="$PWD"
#SBATCH --output="$directory/logs/shard-%a.log"
shard=\$SLURM_ARRAY_TASK_ID
directory=${directory@Q}
run=\$directory/shard-\$shard
host=\$directory/logs/shard-\$shard.host
echo "shard \$shard of $shards: job \$SLURM_JOB_ID (\${SLURM_ARRAY_JOB_ID}_\$shard), node \$SLURMD_NODENAME, \$(date -u +%FT%TZ)"
if [ -e "\$run" ] && "\$directory/storsync" validate "\$run" >/dev/null 2>&1; then
	echo "shard \$shard of $shards: is complete"
	exit 0
fi
# A block is measured on one machine, whole.
if [ -e "\$run" ] && [ -e "\$host" ] && [ "\$(<"\$host")" != "\$(uname -n)" ]; then
	aside=\$directory/aside/shard-\$shard-\$(<"\$host")-\$SLURM_JOB_ID-\${SLURM_RESTART_COUNT:-0}
	mkdir -p "\$directory/aside" && mv -- "\$run" "\$aside" || exit 1
	echo "shard \$shard of $shards: was begun on \$(<"\$host"), and begins anew here; what there was is in \$aside"
fi
uname -n >"\$host" || exit 1
exec "\$directory/storsync" run ${*@Q} --shard "\$shard/$shards" -o "\$run"
END
}

write_merge() {
	cat >"$directory/merge.sbatch" <<END
#!/usr/bin/env bash
# Merges the shards that there are, and names those that are not.
#SBATCH --job-name=storsync-merge --nodes=1 --ntasks=1 --cpus-per-task=1 --open-mode=append
#SBATCH $extra
#SBATCH --chdir="$PWD"
#SBATCH --output="$directory/logs/merge.log"
directory=${directory@Q}
found=()
for ((shard = 1; shard <= $shards; shard++)); do
	if [ -e "\$directory/shard-\$shard/run.json" ]; then
		found+=("\$directory/shard-\$shard")
	else
		echo "shard \$shard of $shards: has not begun; see \$directory/logs/shard-\$shard.log"
	fi
done
if [ \${#found[@]} -eq 0 ]; then
	echo "nothing to merge: no shard has begun"
	exit 3
fi
rm -rf -- "\$directory/merging"
"\$directory/storsync" merge "\${found[@]}" -o "\$directory/merging"
status=\$?
case \$status in
0 | 5) rm -rf -- "\$directory/merged" && mv -- "\$directory/merging" "\$directory/merged" || exit 1 ;;
esac
echo "merging ended with exit status \$status (0: everything is there, 5: something is missing)"
exit \$status
END
}

# submit JOB OPTION...: prints the id.
submit() {
	local job=$1 id
	shift

	id=$(sbatch --parsable "$@" "$directory/$job.sbatch") || return
	printf '%s' "${id%%;*}"
}

# submit_merge [ARRAY-JOB]
submit_merge() {
	local after=()

	printf '%s\n' "$1" >"$directory/jobs"
	[ -z "$1" ] || after=(--dependency="afterany:$1")
	merge_job=$(submit merge "${after[@]}") || die 1 "sbatch refused the merge: see above;" \
		"${1:+the shards are job $1; }when they have ended, use $program --resume ${directory@Q}"
	printf '%s\n' "${1:+$1,}$merge_job" >"$directory/jobs"
}

# tell ARRAY-JOB TASKS
tell() {
	[ -z "$1" ] || echo "shards  job $1, tasks $2, each alone on a node"
	cat <<END
merge   job $merge_job, once they have ended, whatever became of them
watch   squeue -j ${1:+$1,}$merge_job
logs    $directory/logs/shard-K.log, $directory/logs/merge.log
result  $directory/merged
stop    scancel ${1:+$1 }$merge_job; go on later with $program --resume ${directory@Q}
END
}

resume() {
	local id='' shard shards todo=''

	[ -e "$directory/shards.sbatch" ] || die 2 "--resume $1: the folder is none that $program has made"
	if [ -n "$(squeue -h -t PENDING,CONFIGURING,RUNNING,SUSPENDED,COMPLETING -j "$(<"$directory/jobs")" 2>/dev/null)" ]; then
		die 2 "--resume $1: its jobs $(<"$directory/jobs") have not ended; scancel them first, or wait"
	fi
	shards=$(sed -n 's/^#SBATCH --array=1-//p' "$directory/shards.sbatch")
	for ((shard = 1; shard <= shards; shard++)); do
		"$directory/storsync" validate "$directory/shard-$shard" >/dev/null 2>&1 || todo+=,$shard
	done
	todo=${todo#,}
	if [ -n "$todo" ]; then
		id=$(submit shards --array="$todo") || die 1 "sbatch refused the shards: see above"
	fi
	submit_merge "$id"
	tell "$id" "$todo"
}

start() {
	local id

	check_run_options "$@"
	[ -n "$directory" ] || directory=results/slurm-$(date -u +%Y%m%dT%H%M%SZ)
	case $directory in
	/*) ;;
	*) directory=$PWD/$directory ;;
	esac
	check_path "$PWD"
	check_path "$directory"
	[ ! -e "$directory" ] || die 2 "--output $directory: exists already; name a new folder, or go on in it with --resume"
	if [ ! -f "$storsync" ] || [ ! -x "$storsync" ]; then
		die 2 "--storsync $storsync: is no program; build it (scripts/run.sh does), or name another"
	fi
	check_matrix "$@"
	cpus_per_task=${cpus_per_task:-$(largest_cpus "$@")}

	mkdir -p -- "$directory/logs" 2>/dev/null || die 2 "--output $directory: cannot be made; name a folder that you may write"
	cp -- "$storsync" "$directory/storsync"
	printf '%s\n' "$plan" >"$directory/plan.txt"
	write_shards "$@" "${seed_options[@]}"
	write_merge
	id=$(submit shards) || die 1 "sbatch refused the shards: see above; nothing is submitted, and $directory can be removed"
	submit_merge "$id"
	tell "$id" "1-$shards"
	echo "seed    ${seed_options[1]:-as given}"
}

shards='' directory='' cpus_per_task='' resumed='' extra='' storsync=$root/build/storsync
separated=false
while [ $# -gt 0 ]; do
	case $1 in
	--help | -h) usage; exit 0 ;;
	--) separated=true; shift; break ;;
	--shards | --output | --partition | --cpus-per-task | --sbatch | --storsync | --resume)
		[ $# -gt 1 ] && [ -n "$2" ] || die 2 "$1 needs a value; --help tells which"
		case $2 in
		*$'\n'*) die 2 "$1: the value has a line break" ;;
		esac
		case $1 in
		--shards) shards=$2; check_count "$1" "$2" ;;
		--output) directory=$2 ;;
		--partition) extra+=" --partition=$2" ;;
		--cpus-per-task) cpus_per_task=$2; check_count "$1" "$2" ;;
		--sbatch) extra+=" $2" ;;
		--storsync) storsync=$2 ;;
		--resume) resumed=$2 ;;
		esac
		shift
		;;
	*) die 2 "'$1' is no option; options of \`storsync run\` come after --, and --help tells the rest" ;;
	esac
	shift
done

if [ -n "$resumed" ]; then
	if [ -n "$shards$directory$cpus_per_task$extra" ] || $separated; then
		die 2 "--resume takes everything from the folder; give nothing else with it"
	fi
else
	[ -n "$shards" ] || die 2 "--shards is missing: how many tasks, such as --shards 4; --help tells the rest"
	$separated || die 2 "-- is missing: after it come the matrix and options of \`storsync run\`; -- alone takes the default matrix"
fi
command -v sbatch >/dev/null || die 4 "there is no sbatch here; run it where jobs are submitted"
if [ -n "$resumed" ]; then
	[ -d "$resumed" ] || die 2 "--resume $resumed: there is no such folder"
	directory=$(cd -- "$resumed" && pwd -P)
	resume "$resumed"
else
	start "$@"
fi
