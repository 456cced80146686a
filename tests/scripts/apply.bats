#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# make apply and make unapply: what they refuse, and that a tree is byte for
# byte what it was after a failure, an interrupt, or unapply.
#
# The tree is a small one: the files of build/base that matter. The series is one
# of three patches of our own, in two topics, in a copy of the repository, so that a
# test can spoil it; the last test takes the real one.

bats_require_minimum_version 1.5.0

setup()
{
	unset RESULTS
	here=$BATS_TEST_DIRNAME/../..
	base=${BUILD:-$here/build}/base
	repo=$BATS_TEST_TMPDIR/repo
	tree=$BATS_TEST_TMPDIR/tree
	mkdir -p "$repo/tests" "$repo/patches/6.12" "$tree"
	cp -r "$here/scripts" "$repo"
	cp -r "$here/tests/kunit" "$here/tests/bench" "$repo/tests"

	kernel_files Makefile Kbuild fs/Kconfig fs/Makefile fs/libfs.c mm/filemap.c
	# The line of the kernel's own that matters here.
	echo '.*' > "$tree/.gitignore"
	patch -d "$tree" -p1 -R -s -F0 < "$repo/tests/kunit/hook.patch"
	make_series
	before=$(snapshot)
}

kernel_files()
{
	(cd "$base" && cp --parents -pt "$tree" "$@")
}

# Changes a file twice, and adds one in a directory of its own.
make_series()
{
	local new=$BATS_TEST_TMPDIR/new n

	cp -a "$tree" "$new"
	for n in 1 2 3; do
		rm -rf "$new.$n"
		cp -a "$new" "$new.$n"
		sed -i "1a /* patch $n */" "$new/fs/libfs.c"
		case $n in
		1) sed -i '$a /* patch 1 */' "$new/mm/filemap.c" ;;
		2) mkdir -p "$new/lib/new" && echo 'new' > "$new/lib/new/file.c" ;;
		esac
		{
			printf 'From: a <a@b>\nSubject: [PATCH] fs: change %s\n\nBecause.\n---\n' $n
			(cd "$new" && diff -urN "../new.$n" .) || true
		} | sed -e 's,^--- \.\./new\.[0-9]/,--- a/,' -e 's,^+++ \./,+++ b/,' \
			> "$repo/patches/6.12/$n.patch"
		case $n in
		1) echo '# Topic: fixes' ;;
		2) printf '\n# Topic: engine\n' ;;
		esac >> "$repo/patches/6.12/series"
		echo "$n.patch" >> "$repo/patches/6.12/series"
	done
	rm -rf "$new" "$new".?
}

# Every name, mode and link, and every byte; with "times", of files, also when
# they changed.
snapshot()
{
	(
		cd "$tree" || exit
		find . -path ./.git -prune -o -printf '%p %y %m %l\n' | sort
		find . -path ./.git -prune -o -type f -print0 | sort -z | xargs -0 sha256sum
		[[ ${1-} != times ]] || find . -path ./.git -prune -o -type f -printf '%p %T@\n' | sort
	)
}

unchanged()
{
	diff <(echo "$before") <(snapshot)
}

series()
{
	"$repo/scripts/series.sh" "$@"
}

# One line, which starts as all our errors do and has these words.
refused()
{
	[[ $status -ne 0 ]]
	[[ ${#lines[@]} -eq 1 ]]
	[[ $output == "write-aops: error: "*"$1"* ]]
}

make_git()
{
	git -C "$tree" init -q
	git -C "$tree" add -A
	git -C "$tree" -c user.name=a -c user.email=a@b commit -q -m 1
}

# A command of this name, ahead of the real one: at its n-th call it runs the
# given code, in which $PPID is the script.
trap_command()
{
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	cat > "$BATS_TEST_TMPDIR/bin/$1" <<-END
		#!/bin/bash
		echo >> "$BATS_TEST_TMPDIR/calls"
		[[ \$(wc -l < "$BATS_TEST_TMPDIR/calls") != $2 ]] || { $3; }
		exec $(command -v "$1") "\$@"
	END
	chmod +x "$BATS_TEST_TMPDIR/bin/$1"
	: > "$BATS_TEST_TMPDIR/calls"
}

with_trap()
{
	PATH=$BATS_TEST_TMPDIR/bin:$PATH "$@"
}

@test "apply puts the series and the suites in, unapply takes them out" {
	series apply "$tree"
	[[ $(sed -n 2,4p "$tree/fs/libfs.c") == *"patch 3"*"patch 2"*"patch 1"* ]]
	[[ -f $tree/lib/new/file.c ]]
	grep -q write_kunit "$tree/fs/Makefile"
	diff -r "$repo/tests/kunit" "$tree/fs/write_kunit"
	[[ ! -e $tree/.write-aops ]]
	series unapply "$tree"
	unchanged
}

@test "a topic: it goes in with those before it and the suites, and comes out" {
	run -0 series apply --topic=fixes "$tree"
	[[ $output == *"1 patches and the suites are in $tree"* ]]
	[[ $(sed -n 2p "$tree/fs/libfs.c") == *"patch 1"* && ! -e $tree/lib/new ]]
	diff -r "$repo/tests/kunit" "$tree/fs/write_kunit"
	series unapply "$tree"
	unchanged
	series apply --topic=engine "$tree"
	[[ $(sed -n 2,4p "$tree/fs/libfs.c") == *"patch 3"*"patch 2"*"patch 1"* ]]
	series unapply "$tree"
	unchanged
}

@test "a topic, and then more by quilt" {
	series apply --topic=fixes "$tree"
	(cd "$tree" && QUILT_PATCHES=$repo/patches/6.12 quilt push)
	[[ -e $tree/lib/new/file.c ]]
	series unapply "$tree"
	unchanged
}

@test "a topic asks only for its own files to be clean" {
	make_git
	mkdir -p "$tree/lib/new"
	touch "$tree/lib/new/file.c"
	run series apply --topic=engine "$tree"
	refused "uncommitted changes"
	series apply --topic=fixes "$tree"
	series unapply "$tree"
	[[ $(git -C "$tree" status --porcelain) == '?? lib/' ]]
}

@test "refuses a topic that there is not" {
	for topic in fix 'fixes engine' .; do
		run series apply --topic="$topic" "$tree"
		refused "there is no topic '$topic'; there are fixes engine"
		unchanged
	done
}

@test "unapply works after patches/ and the suites have changed" {
	series apply "$tree"
	sed -i 's/patch 2/patch two/' "$repo/patches/6.12/2.patch"
	sed -i /3.patch/d "$repo/patches/6.12/series"
	echo '/* more */' >> "$repo/tests/kunit/Makefile"
	series unapply "$tree"
	unchanged
}

@test "unapply works after quilt pop" {
	series apply "$tree"
	(cd "$tree" && QUILT_PATCHES=$repo/patches/6.12 quilt pop 2)
	series unapply "$tree"
	unchanged
}

@test "unapply removes what a build leaves among the suites" {
	series apply "$tree"
	touch "$tree/fs/write_kunit/"{x.o,built-in.a,.x.o.cmd,modules.order}
	series unapply "$tree"
	unchanged
}

@test "apply keeps modes, and the files of others their links" {
	chmod 640 "$tree/fs/libfs.c"
	ln "$tree/fs/libfs.c" "$BATS_TEST_TMPDIR/other"
	before=$(snapshot)
	series apply "$tree"
	[[ $(stat -c %a "$tree/fs/libfs.c") == 640 ]]
	run ! grep -q 'patch 1' "$BATS_TEST_TMPDIR/other"
	series unapply "$tree"
	unchanged
}

@test "refuses what is not a kernel tree" {
	run series apply "$BATS_TEST_TMPDIR"
	refused "is not a kernel source tree"
	run series apply "$BATS_TEST_TMPDIR/nothing"
	refused "is not a directory"
	run series apply ""
	refused "say KDIR="
}

@test "refuses another version" {
	for version in 'PATCHLEVEL = 11' 'PATCHLEVEL = 13' 'VERSION = 5'; do
		cp -p "$base/Makefile" "$tree/Makefile"
		sed -i "s/^${version%% *} = .*/$version/" "$tree/Makefile"
		before=$(snapshot times)
		run series apply "$tree"
		refused "and the series is for 6.12.y"
		diff <(echo "$before") <(snapshot times)
	done
}

@test "refuses a git tree that is dirty where the series goes" {
	make_git
	echo >> "$tree/fs/libfs.c"
	before=$(snapshot times)
	run series apply "$tree"
	refused "uncommitted changes where the series goes (fs/libfs.c)"
	diff <(echo "$before") <(snapshot times)
}

@test "refuses an untracked file that the series adds" {
	make_git
	mkdir -p "$tree/lib/new"
	touch "$tree/lib/new/file.c"
	run series apply "$tree"
	refused "uncommitted changes"
}

@test "takes a git tree that is dirty elsewhere, and leaves git status as it was" {
	make_git
	echo >> "$tree/Kbuild"
	before=$(snapshot)
	series apply "$tree"
	series unapply "$tree"
	unchanged
	[[ $(git -C "$tree" status --porcelain) == ' M Kbuild' ]]
}

@test "refuses to apply twice, or to unapply what is not there" {
	run series unapply "$tree"
	refused "does not carry the series"
	series apply "$tree"
	before=$(snapshot times)
	run series apply "$tree"
	refused "already carries the series"
	diff <(echo "$before") <(snapshot times)
}

@test "refuses a tree that carries the series without quilt" {
	for patch in 1 2 3; do
		patch -d "$tree" -p1 -s < "$repo/patches/6.12/$patch.patch"
	done
	before=$(snapshot)
	run series apply "$tree"
	refused "already carries 3.patch"
	unchanged
}

@test "refuses a tree with the suites alone" {
	cp -rL "$repo/tests/kunit" "$tree/fs/write_kunit"
	run series apply "$tree"
	refused "carries part of the series"
	rm -r "$tree/fs/write_kunit"
	patch -d "$tree" -p1 -s < "$repo/tests/kunit/hook.patch"
	run series apply "$tree"
	refused "carries part of the series"
}

@test "refuses a tree with somebody else's quilt series" {
	(cd "$tree" && QUILT_PATCHES=$BATS_TEST_TMPDIR/theirs quilt new x.patch)
	before=$(snapshot)
	run series apply "$tree"
	refused "a quilt series of its own"
	unchanged
	run series unapply "$tree"
	refused "does not carry the series"
}

@test "a patch that does not apply leaves the tree as it was" {
	sed -i 's/patch 1/patch one/' "$tree/fs/libfs.c"
	sed -i '/patch 1/s/^ /  /' "$repo/patches/6.12/3.patch"
	before=$(snapshot times)
	run series apply "$tree"
	[[ $status -ne 0 && $output == *"error: 3.patch does not apply"* ]]
	diff <(echo "$before") <(snapshot times)
}

@test "a patch that needs fuzz does not apply" {
	# The context of the first hunk, two lines away from its change.
	sed -i '3s/$/ changed/' "$tree/fs/libfs.c"
	before=$(snapshot times)
	run series apply "$tree"
	[[ $status -ne 0 && $output == *"error: 1.patch does not apply"* ]]
	diff <(echo "$before") <(snapshot times)
}

@test "a hook that does not apply leaves the tree as it was" {
	sed -i '$d' "$tree/fs/Makefile"
	before=$(snapshot times)
	run series apply "$tree"
	[[ $status -ne 0 && $output == *"hook.patch does not apply"* ]]
	diff <(echo "$before") <(snapshot times)
}

@test "a patch that is listed and missing leaves the tree as it was" {
	rm "$repo/patches/6.12/3.patch"
	before=$(snapshot times)
	run series apply "$tree"
	[[ $status -ne 0 && $output == *"error: "* ]]
	diff <(echo "$before") <(snapshot times)
}

@test "refuses to unapply over an edit of a file that the series touches" {
	series apply "$tree"
	echo '/* mine */' >> "$tree/fs/libfs.c"
	before=$(snapshot times)
	run series unapply "$tree"
	refused "has edits that no patch holds (fs/libfs.c)"
	diff <(echo "$before") <(snapshot times)
}

@test "refuses to unapply over an edit of a file that the series adds" {
	series apply "$tree"
	echo '/* mine */' >> "$tree/lib/new/file.c"
	before=$(snapshot times)
	run series unapply "$tree"
	refused "has edits that no patch holds (lib/new/file.c)"
	diff <(echo "$before") <(snapshot times)
}

@test "refuses to unapply over an edited or a new suite" {
	series apply "$tree"
	echo '/* mine */' >> "$tree/fs/write_kunit/Makefile"
	run series unapply "$tree"
	refused "fs/write_kunit/Makefile was edited"
	cp "$repo/tests/kunit/Makefile" "$tree/fs/write_kunit/Makefile"
	touch "$tree/fs/write_kunit/mine.c"
	run series unapply "$tree"
	refused "fs/write_kunit/mine.c was edited"
}

@test "an edit that was refreshed into a patch does not stop unapply" {
	series apply "$tree"
	echo '/* mine */' >> "$tree/fs/libfs.c"
	(cd "$tree" && QUILT_PATCHES=$repo/patches/6.12 quilt refresh)
	series unapply "$tree"
	unchanged
}

@test "an interrupt at any move leaves the tree as it was" {
	before=$(snapshot times)
	for signal in INT TERM HUP; do
		for call in 1 2 3 4 5 6 7; do
			trap_command mv $call "kill -$signal \$PPID"
			run with_trap series apply "$tree"
			[[ $status -gt 128 ]]
			diff <(echo "$before") <(snapshot times)
		done
	done
}

@test "an interrupt of unapply at any move leaves the tree as it was" {
	series apply "$tree"
	before=$(snapshot times)
	for call in 1 2 3 4 5; do
		trap_command mv $call "kill -INT \$PPID"
		run with_trap series unapply "$tree"
		[[ $status -eq 130 ]]
		diff <(echo "$before") <(snapshot times)
	done
}

@test "after a power cut the next run puts the tree back" {
	for call in 1 2 3 4 5 6 7; do
		trap_command mv $call "kill -KILL \$PPID"
		run with_trap series apply "$tree"
		[[ $status -eq 137 ]]
		run series unapply "$tree"
		[[ $output == *"putting its files back"*"does not carry the series"* ]]
		unchanged
	done
}

@test "two at a time: the second is refused" {
	trap_command mv 2 'sleep 5'
	PATH=$BATS_TEST_TMPDIR/bin:$PATH "$repo/scripts/series.sh" apply "$tree" 3>&- &
	while [[ $(wc -l < "$BATS_TEST_TMPDIR/calls") -lt 2 ]]; do
		sleep 0.1
	done
	run series apply "$tree"
	refused "another apply or unapply is at work"
	wait $!
	series unapply "$tree"
	unchanged
}

@test "a write that fails leaves the tree as it was" {
	before=$(snapshot times)
	# Room for the small files, not for mm/filemap.c.
	run bash -c "ulimit -f 64; exec '$repo/scripts/series.sh' apply '$tree'"
	[[ $status -ne 0 ]]
	diff <(echo "$before") <(snapshot times)
}

# As root, and where the kernel lets users have namespaces.
mounted()
{
	unshare -rm true 2> /dev/null || skip "no mount namespaces here"
	unshare -rm bash -c "$1 && exec '$repo/scripts/series.sh' apply '$tree'"
}

@test "refuses a read-only file system" {
	unshare -rm true 2> /dev/null || skip "no mount namespaces here"
	run mounted "mount --bind '$tree' '$tree' && mount -o remount,bind,ro '$tree'"
	[[ $status -ne 0 && $output == *"is not writable"* ]]
	unchanged
}

@test "refuses a full file system" {
	unshare -rm true 2> /dev/null || skip "no mount namespaces here"
	run mounted "cp -a '$tree' '$tree.copy' && mount -t tmpfs -o size=8m none '$tree' &&
		cp -a '$tree.copy/.' '$tree'"
	refused "64 MiB are needed"
}

@test "the real series goes in and comes out" {
	rm -r "$repo/patches"
	cp -r "$here/patches" "$repo"
	while read -r file; do
		[[ -e $tree/$file || ! -e $base/$file ]] || kernel_files "$file"
	done < <(. "$repo/scripts/common.sh"
		series_for "$(kernel_version "$tree")"
		series_files | xargs -r cat | touched_by -)
	before=$(snapshot)
	for topic in '' fixes splice; do
		series apply ${topic:+--topic=$topic} "$tree"
		series unapply "$tree"
		unchanged
	done
}
