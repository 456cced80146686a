#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# check-bisect.sh: does bisect-writes find what it should? In a history of 20 commits,
# patches of the series, a bug, and a bug that only costs time, of which one commit
# does not build and one does not boot, it has to find the first by a test that fails,
# interrupted and resumed, and the second by a row that takes more instructions; with
# good and bad the wrong way round it has to refuse. The tree has changes of its own
# all the while, and must keep them. What it printed is kept in build/bisect-*.txt.

# Some functions are called by their names.
# shellcheck disable=SC2317
. "$(dirname "$0")/common.sh"

lock_build
"$REPO/scripts/tree.sh" base
tree=$BUILD/history
bisect=$REPO/scripts/bisect-writes
test=iov_iter_write.fault_in_for_reading
row=ext2-1k/overwrite/4k/ubuf
failed=0

commit()
{
	own_git -C "$tree" add -f -A
	own_git -C "$tree" commit -q -m "$1"
	own_git -C "$tree" tag "c$((++commits))"
}

next_patch()
{
	local name=${names[applied++]}

	patch -d "$tree" -p1 -F0 -s < "$PATCHES/$name"
	commit "$(sed -n 's/^Subject: //p' "$PATCHES/$name")"
}

# A mutant of the tests, in a part of the kernel that no patch here touches.
add_bug()
{
	patch -d "$tree" -p1 -F0 -s < "$REPO/tests/mutants/iov-fault-in-ends-at-empty-segment.patch"
	commit "iov_iter: do not look behind an empty segment"
}

# Right, but it walks all buffers of a folio again, many times, to be more than what
# the patches change.
add_delay()
{
	sed -i '/^static void __block_commit_write(/,/^}/s/^\tblocksize = bh->b_size;$/&\n\tfor (int n = 0; n < 64; n++)\n\tdo {\n\t\tbarrier();\n\t\tbh = bh->b_this_page;\n\t} while (bh != head);/' \
		"$tree/fs/buffer.c"
	commit "buffer: look at all buffers of a folio"
}

break_build()
{
	echo '#error not yet' >> "$tree/fs/sync.c"
	commit "sync: half of a change"
}

break_boot()
{
	printf '%s\n' '' 'static int __init not_yet(void)' '{' '	panic("not yet");' '}' \
		'core_initcall(not_yet);' >> "$tree/fs/sync.c"
	commit "sync: start early"
}

mend()
{
	own_git -C "$tree" revert --no-edit HEAD > /dev/null
	own_git -C "$tree" tag "c$((++commits))"
}

make_history()
{
	say "making a history of 20 commits (a minute)"
	rm -rf "$tree"
	mkdir "$tree"
	tar -C "$BUILD/base" --exclude='./.kunit-*' --exclude=./.write-aops -cf - . | tar -C "$tree" -xf -
	"$REPO/scripts/series.sh" unapply "$tree"
	own_git init -q "$tree"
	series_for "$(kernel_version "$tree")"
	mapfile -t names < <(series)
	commits=-1 applied=0
	commit "Linux $(kernel_version "$tree")"
	for each in next_patch{,,,} add_delay next_patch{,,,} break_build mend next_patch{,} add_bug \
		next_patch{,} break_boot mend next_patch{,}; do
		"$each"
	done
	# Someone's work in progress.
	echo '/* mine */' >> "$tree/fs/buffer.c"
	echo '/* mine */' > "$tree/fs/mine.c"
}

expect()
{
	local name=$1

	shift
	if "$@"; then
		result pass "bisect: $name"
	else
		say "NOT SO: $name"
		result fail "bisect: $name"
		failed=1
	fi
}

user_tree()
{
	own_git -C "$tree" status --porcelain
	own_git -C "$tree" diff
	own_git -C "$tree" symbolic-ref HEAD
	own_git -C "$tree" for-each-ref
	own_git -C "$tree" worktree list
}

# found FILE SUBJECT
found()
{
	sed -n '/the first bad commit:/,$p' "$1" | grep -qF "$2"
}

skipped()
{
	grep -qF "$2" "$1"
}

# Ctrl-C when the first step of the bisection proper has begun.
interrupt()
{
	start env --default-signal=INT "$bisect" --test="$test" --good=c0 --bad=c20 "$tree" \
		> "$BUILD/bisect-test.txt" 2>&1
	until grep -q 'revisions left' "$BUILD/bisect-test.txt"; do
		kill -0 "$child" 2> /dev/null || return 1
		sleep 1
	done
	kill -INT "$child"
	wait "$child" || (($? == 130))
	reap_child
	grep -q 'interrupted; scripts/bisect-writes --resume goes on' "$BUILD/bisect-test.txt"
}

[[ ! -f $BUILD/bisect.state/how ]] || "$bisect" --abort
make_history
before=$(user_tree)
say "a test that fails from some commit on, interrupted and resumed"
expect "the first step is interrupted" interrupt
run "$bisect" --resume >> "$BUILD/bisect-test.txt" 2>&1 || true
cat "$BUILD/bisect-test.txt"
expect "finds the bug" found "$BUILD/bisect-test.txt" "do not look behind an empty segment"
expect "skips what does not build" skipped "$BUILD/bisect-test.txt" "does not build"
expect "skips what does not boot" skipped "$BUILD/bisect-test.txt" "does not list its tests"
say "a row that takes more instructions from some commit on"
run "$bisect" --row=$row --good=c0 --bad=c20 "$tree" > "$BUILD/bisect-row.txt" 2>&1 || true
cat "$BUILD/bisect-row.txt"
expect "finds the delay" found "$BUILD/bisect-row.txt" "look at all buffers of a folio"
say "good and bad the wrong way round"
run "$bisect" --test="$test" --good=c20 --bad=c0 "$tree" > "$BUILD/bisect-wrong.txt" 2>&1 || true
expect "refuses it" grep -q "are they the wrong way round?" "$BUILD/bisect-wrong.txt"
expect "the user's tree is as it was" diff <(echo "$before") <(user_tree)
exit $failed
