# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# How the scripts run what takes long: started, watched, and ended with all that
# it has started in turn. Sourced by common.sh, never run.

child='' mark=''
# The longest that a kernel may say nothing, in seconds in which it had a CPU.
silence=${SILENCE:-300}
# The most that it may say, in MiB: a loop that prints does not end either.
flood=256

# Starts a command as "child", which on_exit ends with everything that it has
# started: make starts compilers, kunit.py kernels. A UML kernel leaves its process
# group and outlives its parent, so processes are known by their environment.
start()
{
	mark=$$.$SECONDS.$RANDOM
	set -m
	WRITE_AOPS_RUN="${WRITE_AOPS_RUN-}:$mark:" "$@" &
	child=$!
	set +m
}

# Runs a command to its end, and ends what it has left running.
run()
{
	local rc=0

	start "$@" < /dev/null
	wait "$child" || rc=$?
	reap_child
	return "$rc"
}

# run_kernel LOG COMMAND...: as run. What the command says goes to LOG. It is stopped
# if it says nothing for too long, or too much; a line of LOG then begins with
# "write-aops: stopped: ", and the status is 124.
run_kernel()
{
	local log=$1 rc=0 watcher

	: > "$log"
	start "${@:2}" < /dev/null >> "$log" 2>&1
	set -m
	stop_if_silent "$log" &
	watcher=$!
	set +m
	at_exit+=("kill -- -$watcher 2> /dev/null || true")
	wait "$child" || rc=$?
	# It may be at work: it is what has ended the command.
	stopped "$log" > /dev/null || kill -- "-$watcher" 2> /dev/null || true
	wait "$watcher" 2> /dev/null || true
	unset 'at_exit[-1]'
	reap_child
	! stopped "$log" >&2 || rc=124
	return "$rc"
}

# Why the kernel with that log was; fails if it was not.
stopped()
{
	grep -a '^write-aops: stopped: ' "$1"
}

stop_if_silent()
{
	local log=$1 pause=$(((silence + 59) / 60)) quiet=0 why='' size said=-1
	local now waited before had_waited own

	read -r before had_waited < <(clocks)
	while [[ ! $why ]] && kill -0 $$ 2> /dev/null; do
		sleep $pause
		read -r now waited < <(clocks)
		size=$(stat -c %s "$log")
		# On a busy machine a kernel that wants to go on waits for a CPU. That
		# is not its silence, but for a tenth: no wait is without end.
		own=$((now - before - (waited - had_waited)))
		((own <= now - before)) || own=$((now - before))
		((own >= (now - before) / 10)) || own=$(((now - before) / 10))
		quiet=$((size == said ? quiet + own : 0))
		said=$size before=$now had_waited=$waited
		if ((quiet >= silence * 1000)); then
			why="no sign of life for $silence s; SILENCE= raises the limit"
		elif ((size > flood << 20)); then
			why="too much output, $flood MiB"
		fi
	done
	printf '\nwrite-aops: stopped: %s\n' "$why" >> "$log"
	stop_started
}

# The time, and for how long the processes of the command have waited for a CPU,
# by the scheduler's account; in milliseconds.
clocks()
{
	local pid files=()

	for pid in $(started); do
		((pid < 0)) || files+=("/proc/$pid"/task/*/schedstat)
	done
	echo "$((${EPOCHREALTIME/./} / 1000)) $(cat /dev/null "${files[@]}" 2> /dev/null |
		awk '{ sum += $2 } END { printf "%d", sum / 1000000 }')"
}

reap_child()
{
	[[ $child ]] || return 0
	stop_started
	child=
}

stop_started()
{
	local signal i pids

	for signal in TERM KILL; do
		for ((i = 0; i < 100; i++)); do
			pids=$(started) || true
			[[ $pids ]] || break 2
			# shellcheck disable=SC2086 # a list
			((i)) || kill -$signal -- $pids 2> /dev/null || true
			sleep 0.1
		done
	done
}

# Process groups and processes of the command, as arguments for kill.
started()
{
	grep -lsz "^WRITE_AOPS_RUN=.*:$mark:" /proc/[0-9]*/environ |
		sed 's,/proc/\([0-9]*\)/environ,-\1 \1,'
}

[[ $silence =~ ^[1-9][0-9]{0,8}$ ]] || die "SILENCE='$silence' is not a number of seconds"
