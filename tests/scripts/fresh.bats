#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# scripts/fresh.sh: bad input is refused; .ci/run: what it counts where there is no
# machine. That one is made, and what runs on it, is for 'make fresh' and CI to show.
#
# shellcheck disable=SC2016 # scripts in quotes

bats_require_minimum_version 1.5.0

setup()
{
	scripts=$BATS_TEST_DIRNAME/../../scripts
	unset KDIR TARBALL KERNEL MIRROR RESULTS WRITE_AOPS_LOCK
	export BUILD=$BATS_TEST_TMPDIR/build
}

# refused WORDS ARGS...: one line, which has the words, and nothing is made.
refused()
{
	run -2 --separate-stderr "$scripts/fresh.sh" "${@:2}"
	# shellcheck disable=SC2154 # run sets it
	[[ ${#stderr_lines[@]} == 1 && $stderr == *"$1"* && ! $output && ! -e $BUILD/fresh ]]
}

@test "fresh.sh refuses what it cannot do" {
	refused "no Debian 'sarge'; there are bookworm and trixie" --debian=sarge
	refused "unknown option --now" --now
	refused "one COMMAND, in quotes" make boot
}

@test "a machine cannot be made: that has a status of its own" {
	fake unshare 'exit 1'
	run -125 "$scripts/fresh.sh" true
	[[ ${#lines[@]} == 1 && $output == "write-aops: error: "*" can only be made by root" ||
		$output == "write-aops: error: mount namespaces are not to be had here;"* ]]
}

# fake COMMAND BODY: instead of the real one.
fake()
{
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/bash\n%s\n' "$2" > "$BATS_TEST_TMPDIR/bin/$1"
	chmod +x "$BATS_TEST_TMPDIR/bin/$1"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

@test "CI runs in place where it cannot make a machine, and says so" {
	fake unshare 'exit 1'
	fake make 'mkdir -p $BUILD; printf "pass a\npass b\nskip c\n" > $BUILD/results.txt'
	run -0 "$scripts/../.ci/run"
	[[ $output == *"no machine can be made here, see above; running in place"* ]]
	[[ ${lines[-1]} == "2 passed, 0 failed, 1 skipped" ]]
}

@test "CI is not content with a make check that was killed" {
	fake unshare 'exit 1'
	fake make 'mkdir -p $BUILD; echo "pass a" > $BUILD/results.txt; kill -KILL $$'
	run -1 "$scripts/../.ci/run"
	[[ ${lines[-1]} == "1 passed, 1 failed, 0 skipped" ]]
}

@test "CI does not count what an earlier run has left" {
	((EUID == 0)) || skip "makes a machine"
	mkdir -p "$BUILD/fresh/bookworm"
	echo broken > "$BUILD/fresh/bookworm.tar"
	echo 'pass old' > "$BUILD/fresh/bookworm/results.txt"
	echo 'pass old' > "$BUILD/results.txt"
	MIRROR=http://nowhere/debian run -1 "$scripts/../.ci/run"
	[[ ${lines[-1]} == "0 passed, 1 failed, 0 skipped" ]]
}

@test "Ctrl-C while CI makes its machine ends it" {
	((EUID == 0)) || skip "makes a machine"
	fake debootstrap 'touch $BUILD/making; sleep 60'
	fake make 'touch $BUILD/started'
	MIRROR=http://nowhere/debian setsid env --default-signal=INT "$scripts/../.ci/run" \
		> "$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	until [[ -e $BUILD/making ]]; do sleep 0.1; done
	kill -INT -- -$!
	wait $! || true
	[[ ! -e $BUILD/started && ! -e $BUILD/fresh/bookworm.root ]]
	tail -n 1 "$BATS_TEST_TMPDIR/out" | grep -qx '0 passed, 1 failed, 0 skipped'
}
