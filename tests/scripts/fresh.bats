#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# scripts/fresh.sh: bad input is refused. That it makes a machine, and what runs on
# that, is for 'make fresh' and CI to show.

bats_require_minimum_version 1.5.0

setup()
{
	scripts=$BATS_TEST_DIRNAME/../../scripts
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

@test "fresh.sh needs root" {
	((EUID == 0)) || { refused "can only be made by root" true; return; }
	command -v setpriv > /dev/null || skip "no setpriv"
	chmod 755 "$BATS_TEST_TMPDIR"
	run -2 setpriv --reuid=65534 --clear-groups bash "$scripts/fresh.sh" true
	[[ $output == *"can only be made by root" ]]
}
