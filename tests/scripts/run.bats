#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# scripts/run.sh: a kernel is stopped for its silence, and for nothing else.
#
# shellcheck disable=SC2016 # what a shell gets to run

bats_require_minimum_version 1.5.0

setup()
{
	scripts=$BATS_TEST_DIRNAME/../../scripts
	log=$BATS_TEST_TMPDIR/log
	export BUILD=$BATS_TEST_TMPDIR/build
	unset RESULTS
}

# watched COMMAND: a line of shell, as a kernel whose log is $log.
watched()
{
	bash -c '. "$1/common.sh"; rc=0; run_kernel "$2" bash -c "$3" || rc=$?; exit $rc' \
		"$scripts/watched" "$scripts" "$log" "$1"
}

@test "a kernel that ends, well or not" {
	run -0 watched 'echo fine; echo too >&2'
	[[ ! $output && $(cat "$log") == $'fine\ntoo' ]]
	run -3 watched 'echo bad; exit 3'
}

@test "a kernel that goes on saying something takes as long as it takes" {
	SILENCE=2 run -0 watched 'for i in {1..10}; do echo $i; sleep 0.5; done'
	[[ $(wc -l < "$log") == 10 ]]
}

@test "a kernel that says nothing is stopped, with all that it has started" {
	SILENCE=1 run -124 watched 'echo hello; (exec -a silent sleep 1000) & sleep 1000'
	[[ $output == *"write-aops: stopped: no sign of life for 1 s; SILENCE= raises the limit" ]]
	grep -qx 'write-aops: stopped: no sign of life for 1 s; SILENCE= raises the limit' "$log"
	run ! pgrep -f '^silent 1000'
}

@test "a kernel that has no CPU is not silent" {
	taskset -c 0 true || skip "CPU 0 is not ours"
	for _ in {1..9}; do
		taskset -c 0 timeout 60 bash -c 'while :; do :; done' 3>&- &
	done
	# A second of work, which takes a multiple of the time that it may be silent.
	SECONDS=0
	SILENCE=4 run -0 watched 'taskset -pc 0 $$ > /dev/null
		for ((i = 0; i < 500000; i++)); do :; done
		echo through'
	((SECONDS > 4))
	# shellcheck disable=SC2046 # a list
	kill $(jobs -p) || true
	[[ $(cat "$log") == through ]]
}

@test "a kernel that does not stop saying something is stopped" {
	SILENCE=60 run -124 watched 'yes "a long line, to be quick about it: $(seq -s " " 1000)"'
	[[ $output == *"stopped: too much output, 256 MiB" ]]
}

@test "a limit that is none" {
	SILENCE=soon run -2 watched true
	[[ $output == *"error: SILENCE='soon' is not a number of seconds" ]]
}

@test "progress is no value" {
	value=$(bash -c '. "$1/common.sh"; say a; warn b; echo c' "$scripts/x" "$scripts" 2> /dev/null)
	[[ $value == c ]]
}
