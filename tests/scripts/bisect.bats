#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# scripts/bisect-writes, on a small history: a file "value" in each revision says
# what the kernel there would do. What builds and boots kernels is replaced; make
# check-bisect does the same with kernels.
#
# shellcheck disable=SC2016,SC2030,SC2031 # scripts in quotes; run sets output

bats_require_minimum_version 1.5.0

setup()
{
	here=$BATS_TEST_DIRNAME/../..
	repo=$BATS_TEST_TMPDIR/repo
	tree=$BATS_TEST_TMPDIR/tree
	export BUILD=$BATS_TEST_TMPDIR/build calls=$BATS_TEST_TMPDIR/calls
	unset KDIR TARBALL KERNEL RESULTS WRITE_AOPS_LOCK
	mkdir -p "$repo/tests/kunit" "$repo/patches/6.12" "$tree/fs" "$BUILD"
	touch "$repo/patches/6.12/series" "$calls"
	cp -r "$here/scripts" "$repo"
	replace kunit.sh '
		case $value in
		broken) echo "write-aops: error: build/bisect does not build" >&2; exit 2 ;;
		dead) echo "write-aops: error: it does not boot" >&2; exit 2 ;;
		moody) mkdir "$BUILD/moody" 2> /dev/null && exit 2; exit 0 ;;
		slow) sleep 30 ;;
		bad) printf "     fail: s.t\n       | it is bad\n"; exit 1 ;;
		esac'
	replace results.py '[[ $1 != failed || $value != bad ]] || echo s.t; [[ $1 != passed ]] || echo s.u'
	replace bench.sh '
		[[ $value != broken ]] || { echo "does not build"; exit 2; }
		mkdir -p "$BUILD/results/bench"
		echo "write_bench: row r/r/r/r 4096 $value" > "$BUILD/results/bench/bisect-instr-1.log"'
	git init -q -b trunk "$tree"
	git -C "$tree" config user.name a
	git -C "$tree" config user.email a@b
	touch "$tree"/fs/{Makefile,Kconfig}
}

# replace SCRIPT BODY: which has the revision's value, and is recorded.
replace()
{
	printf '#!/bin/bash\nread -r value _ < "$BUILD/bisect/value"\n[[ -e $BUILD/bisect/fs/write_kunit ]] || exit 2\necho "%s $value" >> "$calls"\n%s\nexit 0\n' \
		"$1" "$2" > "$repo/scripts/$1"
}

# history VALUE...: a revision for each, tagged r0, r1 and so on.
history()
{
	local n=0 value

	for value; do
		echo "$value $n" > "$tree/value"
		git -C "$tree" add -A
		git -C "$tree" commit -q -m "change $n"
		git -C "$tree" tag "r$n"
		n=$((n + 1))
	done
	before=$(snapshot)
}

# All of a user's tree, but for the bookkeeping of worktrees.
snapshot()
{
	git -C "$tree" status --porcelain
	git -C "$tree" for-each-ref
	git -C "$tree" symbolic-ref HEAD
	git -C "$tree" worktree list
	(cd "$tree" && find . -name .git -prune -o -type f -print0 | sort -z | xargs -0 sha256sum)
}

bisect()
{
	"$repo/scripts/bisect-writes" "$@"
}

cleaned_up()
{
	[[ ! -e $BUILD/bisect && ! -e $BUILD/bisect.state ]]
	diff <(echo "$before") <(snapshot)
}

found()
{
	[[ $output == *"the first bad commit:"*" change $1"* ]]
	[[ $output == *"value | 2 +-"* ]]
}

@test "a test that fails, from some revision on" {
	history good good good good good bad bad bad bad bad bad
	run -0 bisect --test=s.t --good=r0 --bad=r10 "$tree"
	found 5
	[[ $output == *"| it is bad"* && $output == *" revisions left, about "*" steps of "* ]]
	# Both ends first, and then by halves.
	[[ $(grep -c kunit.sh "$calls") -le 6 ]]
	grep kunit.sh "$calls" | head -n 2 | diff - <(printf 'kunit.sh %s\n' good bad)
	cleaned_up
}

@test "revisions that do not build or boot are skipped, a moody one is tried again" {
	history good good good good moody good broken good bad
	run -0 bisect --test=s.t --good=r0 --bad=r8 "$tree"
	[[ $output == *"does not build"* && -e $BUILD/moody ]]
	found 8
	cleaned_up
}

@test "where what is left can not be tried, it says so" {
	history good broken dead broken bad
	run -2 bisect --test=s.t --good=r0 --bad=r4 "$tree"
	[[ $output == *"only"*"skip"*"what is left does not build, boot, or run that"* ]]
	cleaned_up
}

@test "a kernel that dies without a result is tried twice, one that does not build once" {
	history good dead dead dead bad
	run bisect --test=s.t --good=r0 --bad=r4 "$tree"
	[[ $(grep -c 'kunit.sh dead' "$calls") == 6 ]]
}

@test "a kernel that does not build is tried once" {
	history good broken broken bad
	run bisect --test=s.t --good=r0 --bad=r3 "$tree"
	[[ $(grep -c 'kunit.sh broken' "$calls") == 2 ]]
}

@test "a row that gets slower: halfway between good and bad" {
	history 100 101 99 100 102 100 131 130 129 131 132
	run -0 bisect --row=r/r/r/r --good=r0 --bad=r10 "$tree"
	found 6
	[[ $output == *"more than 116.0 instructions are bad"* ]]
	[[ $output == *"r/r/r/r takes 131.0 instructions for 4 KiB"* ]]
	cleaned_up
	run -0 bisect --row=r/r/r/r --more-than=1.5% --good=r0 --bad=r10 "$tree"
	[[ $output == *"more than 101.5 instructions are bad"* ]]
}

@test "good that is not good, and bad that is not bad" {
	history bad bad bad
	run -2 bisect --test=s.t --good=r0 --bad=r2 "$tree"
	[[ $output == *"error: r0 is bad, not good; nothing to bisect"* ]]
	cleaned_up
	git -C "$tree" tag -d r0 r1 r2 > /dev/null
	history good good good
	run -2 bisect --test=s.t --good=r0 --bad=r2 "$tree"
	[[ $output == *"error: r2 is good, not bad; nothing to bisect"* ]]
	run -2 bisect --test=s.t --good=r2 --bad=r0 "$tree"
	[[ $output == *"'r2' is not an ancestor of 'r0'; are they the wrong way round?"* ]]
	cleaned_up
}

@test "a row that is no slower" {
	history 100 100 99
	run -2 bisect --row=r/r/r/r --good=r0 --bad=r2 "$tree"
	[[ $output == *"r2 takes 99.0 instructions and r0 takes 100.0; nothing to bisect"* ]]
	cleaned_up
}

@test "a tree with changes of its own keeps them" {
	history good good bad bad
	echo mine >> "$tree/value"
	echo mine > "$tree/fs/mine.c"
	git -C "$tree" checkout -q -b other
	before=$(snapshot)
	run -0 bisect --test=s.t --good=r0 --bad=r3 "$tree"
	found 2
	cleaned_up
}

@test "a revision that is no kernel" {
	history good good good bad bad
	git -C "$tree" checkout -q r2
	git -C "$tree" rm -q -r fs
	git -C "$tree" commit -q -m "all gone"
	git -C "$tree" tag gone
	git -C "$tree" checkout -q trunk
	before=$(snapshot)
	run -2 bisect --test=s.t --good=r0 --bad=gone "$tree"
	[[ $output == *"skipped: this is no kernel"* ]]
	[[ $output == *"gone does not build, boot, or run that; take another one"* ]]
	cleaned_up
}

@test "--keep can be given to --resume" {
	history good slow slow bad
	env --default-signal=INT "$repo/scripts/bisect-writes" --test=s.t --good=r0 --bad=r3 "$tree" > /dev/null 2>&1 3>&- &
	pid=$!
	while ! grep -q 'kunit.sh slow' "$calls"; do kill -0 $pid; sleep 0.1; done
	kill -INT $pid
	wait $pid || true
	sed -i 's/sleep 30/exit 0/' "$repo/scripts/kunit.sh"
	run -0 bisect --resume --keep
	[[ -d $BUILD/bisect ]]
}

@test "Ctrl-C, and on from there" {
	history good good good good slow slow bad bad bad bad
	env --default-signal=INT "$repo/scripts/bisect-writes" --test=s.t --good=r0 --bad=r9 "$tree" > "$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	pid=$!
	while ! grep -q 'kunit.sh slow' "$calls"; do kill -0 $pid; sleep 0.1; done
	kill -INT $pid
	wait $pid || status=$?
	((status == 130))
	grep -q "interrupted; scripts/bisect-writes --resume goes on" "$BATS_TEST_TMPDIR/out"
	run -2 bisect --test=s.t --good=r0 --bad=r9 "$tree"
	[[ $output == *"a bisection was interrupted; --resume goes on with it, --abort forgets it"* ]]
	sed -i 's/sleep 30/exit 0/' "$repo/scripts/kunit.sh"
	run -0 bisect --resume
	found 6
	cleaned_up
	run -2 bisect --resume
}

@test "Ctrl-C, and no more of it" {
	history good good good good slow slow bad bad bad bad
	env --default-signal=INT "$repo/scripts/bisect-writes" --test=s.t --good=r0 --bad=r9 "$tree" > /dev/null 2>&1 3>&- &
	pid=$!
	while ! grep -q 'kunit.sh slow' "$calls"; do kill -0 $pid; sleep 0.1; done
	kill -INT $pid
	wait $pid || true
	run -0 bisect --abort
	cleaned_up
}

@test "a branch that is checked out, and HEAD" {
	history good good bad bad
	run -0 bisect --test=s.t --good=HEAD~3 --bad=trunk "$tree"
	found 2
	run -0 bisect --test=s.t --good=r0 --bad=HEAD "$tree"
	found 2
	cleaned_up
}

@test "releases of Debian's archive, of which each is one commit" {
	printf '#!/bin/bash\n%s\n' '
		case $1 in
		list) printf "%s package\n" 6.12.9-1~bpo13+1 6.12.11-1 6.12.10-2 6.12.10-1 6.12.12-1~deb13u1 ;;
		fetch) echo "$2" ;;
		unpack)
			mkdir "$3/fs"
			touch "$3"/fs/{Makefile,Kconfig}
			[[ $2 < 6.12.11 || $2 == 6.12.9* ]] && value=good || value=bad
			echo "$value $2" > "$3/value" ;;
		esac' > "$repo/scripts/kernels.sh"
	run -0 bisect --test=s.t --kernels=6.12.9..6.12.12
	[[ $output == *"4 releases: 6.12.9-1~bpo13+1 6.12.10-2 6.12.11-1 6.12.12-1~deb13u1 "* ]]
	[[ $output == *"the first bad commit:"*" Linux 6.12.11-1"* ]]
	[[ ! -e $BUILD/bisect && ! -e $BUILD/bisect.state ]]
	before=$(snapshot)
	refused "has no Linux 6.12.8" --test=s.t --kernels=6.12.8..6.12.12
}

@test "a change of more files than anybody reads, as that of a release" {
	history 100
	mkdir "$tree/files"
	for n in {1..1200}; do echo > "$tree/files/$n-$(printf '%060d' 0)"; done
	echo "130 1" > "$tree/value"
	git -C "$tree" add -A
	git -C "$tree" commit -q -m "change 1"
	git -C "$tree" tag r1
	before=$(snapshot)
	run -0 bisect --row=r/r/r/r --good=r0 --bad=r1 "$tree"
	[[ $output == *"1201 files changed"*"good:"*"takes 100.0 instructions"*"bad:"*"takes 130.0 instructions"* ]]
	((${#lines[@]} < 70))
	cleaned_up
}

@test "worktrees of the user's that are not there just now stay known" {
	history good good bad bad
	git -C "$tree" worktree add -q --detach "$BATS_TEST_TMPDIR/usb"
	before=$(snapshot)
	mv "$BATS_TEST_TMPDIR/usb" "$BATS_TEST_TMPDIR/away"
	run -0 bisect --test=s.t --good=r0 --bad=r3 "$tree"
	mv "$BATS_TEST_TMPDIR/away" "$BATS_TEST_TMPDIR/usb"
	git -C "$BATS_TEST_TMPDIR/usb" status > /dev/null
	cleaned_up
}

@test "a machine in trouble is not a revision in trouble" {
	history good good full bad bad
	replace kunit.sh '
		[[ $value != full || -e $BUILD/room ]] || { echo "write-aops: error: 3 MiB free, 1700 MiB are needed" >&2; exit 2; }
		[[ $value != bad ]]'
	run -2 bisect --test=s.t --good=r0 --bad=r4 "$tree"
	[[ $output == *"1700 MiB are needed"*"--resume goes on"* ]]
	touch "$BUILD/room"
	run -0 bisect --resume
	found 3
	cleaned_up
}

@test "a pattern of rows is none, and a row without a figure is skipped" {
	history 100 100 130
	replace bench.sh 'mkdir -p "$BUILD/results/bench"
		printf "write_bench: row r/%s/r/r 4096 1\n" a b > "$BUILD/results/bench/bisect-instr-1.log"'
	run -130 bisect --row='*' --good=r0 --bad=r2 "$tree"
	[[ $output == *"matches several rows; give one"* ]]
	replace bench.sh 'mkdir -p "$BUILD/results/bench"
		echo "write_bench: row r/r/r/r 40" > "$BUILD/results/bench/bisect-instr-1.log"'
	run -2 bisect --row='*' --good=r0 --bad=r2 "$tree"
	[[ $output == *"does not build, boot, or run that"* ]]
	cleaned_up
}

@test "--keep leaves the tree at the first bad commit" {
	history good good bad bad
	run -0 bisect --keep --test=s.t --good=r0 --bad=r3 "$tree"
	[[ -e $BUILD/bisect/value && ! -e $BUILD/bisect.state ]]
	run -2 bisect --test=s.t --good=r0 --bad=r3 "$tree"
	[[ $output == *"is there already"* ]]
}

# refused WORDS ARGS...
refused()
{
	run -2 bisect "${@:2}"
	[[ $output == "write-aops: error: "*"$1"* && ${#lines[@]} == 1 ]]
	cleaned_up
}

@test "what it refuses" {
	history good bad
	refused "give one of --test, --row and --boot" --good=r0 --bad=r1 "$tree"
	refused "give one of --test, --row and --boot" --test=a --row=b --good=r0 --bad=r1 "$tree"
	refused "give one of KDIR, --series and --kernels" --test=a --good=r0 --bad=r1
	refused "give --good=REV and --bad=REV" --test=a "$tree"
	refused "has no revision 'nothing'" --test=a --good=nothing --bad=r1 "$tree"
	refused "is not a git tree" --test=a --good=r0 --bad=r1 /
	refused "there is no script" --boot=/nothing --good=r0 --bad=r1 "$tree"
	refused "unknown option --fast" --fast
	refused "unknown argument '--keep'" --test=a --good=r0 --bad=r1 "$tree" --keep
	refused "'abc' is not a number of percent" --row=a --more-than=abc --good=r0 --bad=r1 "$tree"
	refused "there is no bisection to resume" --resume
}
