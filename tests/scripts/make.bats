#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The Makefile: what it hands to the scripts, and that they end with it.
#
# shellcheck disable=SC2016 # scripts in quotes

bats_require_minimum_version 1.5.0

# A copy, whose scripts a test replaces.
setup()
{
	here=$BATS_TEST_DIRNAME/../..
	repo=$BATS_TEST_TMPDIR/repo
	mkdir -p "$repo/scripts"
	cp "$here/Makefile" "$repo"
	cp "$here"/scripts/{common,run,timed}.sh "$repo/scripts"
	unset MAKEFLAGS MAKELEVEL KDIR KERNEL COMMAND RESULTS WRITE_AOPS_LOCK
	export BUILD=$BATS_TEST_TMPDIR/build HOME=$BATS_TEST_TMPDIR/home
	mkdir -p "$BUILD" "$HOME"
	cd "$HOME" || exit
}

# script NAME BODY
script()
{
	printf '#!/bin/bash\n%s\n' "$2" > "$repo/scripts/$1"
	chmod +x "$repo/scripts/$1"
}

in_repo()
{
	make -s -C "$repo" "$@"
}

@test "make clean BUILD= leaves the home directory alone" {
	mkdir work
	touch thesis.txt
	in_repo clean BUILD=
	[[ -e thesis.txt && -d work ]]
}

@test "a target says how long it took, and whether it failed" {
	script lint.sh 'exit 0'
	run -0 in_repo lint
	[[ $output =~ ^"== make lint: done, 0 min "[0-9]+" s"$ ]]
	script lint.sh 'exit 1'
	run -2 in_repo lint
	[[ ${lines[0]} =~ ^"== make lint: failed, 0 min "[0-9]+" s"$ ]]
}

@test "patterns, quotes and dollars get to the scripts as they are" {
	touch ext2_write
	for each in tree kunit fresh; do
		script $each.sh 'printf "<%s>" "$@"'
	done
	run -0 --separate-stderr in_repo kunit SUITES='ext*_write ext4_write.*' ARCH=x86_64
	[[ $output == "<patched><--arch=x86_64><patched><ext*_write><ext4_write.*>" ]]
	run -0 --separate-stderr in_repo kunit TREE=base
	[[ $output == "<base><--arch=um><base>" ]]
	run -0 --separate-stderr in_repo fresh DEBIAN=trixie COMMAND="echo \$HOME 'a  b'"
	[[ $output == "<--debian=trixie><echo \$HOME 'a  b'>" ]]
}

@test "apply hands over the tree and the topic" {
	script series.sh 'printf "<%s>" "$@"'
	run -0 --separate-stderr in_repo apply KDIR='a b'
	[[ $output == "<apply><a b>" ]]
	run -0 --separate-stderr in_repo apply KDIR='a b' TOPIC=fixes
	[[ $output == "<apply><--topic=fixes><a b>" ]]
}

@test "a build directory with a space in its name" {
	for each in tree kunit boot; do
		script $each.sh 'printf "<%s>" "$@"'
	done
	run -0 --separate-stderr in_repo boot BUILD="$HOME/a b"
	[[ $output == *"<$HOME/a b/patched/.kunit-um/linux>" ]]
	mkdir -p "$HOME/a b/base"
	in_repo clean BUILD="$HOME/a b"
	[[ ! -e $HOME/a\ b/base ]]
}

@test "what ends make ends the scripts" {
	script lint.sh 'echo $$ > "$BUILD/pid"; exec sleep 100'
	for signal in TERM INT; do
		rm -f "$BUILD/pid"
		setsid env --default-signal=INT make -C "$repo" lint > "$BUILD/out" 2>&1 3>&- &
		until [[ -s $BUILD/pid ]]; do sleep 0.1; done
		if [[ $signal == INT ]]; then
			# As the terminal does, to all of them.
			kill -INT -- -$!
		else
			kill -TERM $!
		fi
		wait $! || true
		for ((i = 0; i < 50; i++)); do
			kill -0 "$(< "$BUILD/pid")" 2> /dev/null || break
			sleep 0.1
		done
		((i < 50))
		run ! grep -q 'lint: done' "$BUILD/out"
	done
}
