#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# scripts/lint.sh and series.sh check: what they want of the directories of patches.
# There are two kernels, of one file each; checkpatch and shellcheck are replaced.

bats_require_minimum_version 1.5.0

setup()
{
	here=$BATS_TEST_DIRNAME/../..
	repo=$BATS_TEST_TMPDIR/repo
	export BUILD=$BATS_TEST_TMPDIR/build
	unset KDIR TARBALL KERNEL WRITE_AOPS_LOCK
	export RESULTS=$BATS_TEST_TMPDIR/results
	mkdir -p "$repo"/{scripts,.ci,Documentation,tests/kunit} "$BUILD/base/scripts" "$BATS_TEST_TMPDIR/bin"
	cp "$here"/scripts/{common,run,lint,series}.sh "$repo/scripts"
	cp "$here/tests/kunit/hook.patch" "$repo/tests/kunit"
	for each in "$repo"/scripts/{tree,deps}.sh "$BATS_TEST_TMPDIR/bin/shellcheck"; do
		printf '#!/bin/sh\necho help\n' > "$each"
		chmod +x "$each"
	done
	touch "$BUILD/base/scripts/checkpatch.pl"
	for kernel in 6.12 7.3; do
		mkdir -p "$repo/patches/$kernel"
		printf '%s\n' '# Topic: fixes' one.patch two.patch > "$repo/patches/$kernel/series"
		printf '%s\n' 'fs: two fixes' '' Why. > "$repo/patches/$kernel/fixes.cover"
		make_patch $kernel one 1 2
		make_patch $kernel two 2 3
	done
	printf 'VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 9\nNAME = x\n' > "$BUILD/base/Makefile"
	echo 1 > "$BUILD/base/file"
}

# make_patch KERNEL NAME FROM TO
make_patch()
{
	printf '%s\n' 'From: a <a@b>' "Subject: fs: make it $4" '' 'Because.' '' \
		'--- a/file' '+++ b/file' '@@ -1 +1 @@' "-$3" "+$4" > "$repo/patches/$1/$2.patch"
}

edit_header()
{
	sed -i "s/^Because\\.$/&\n\n$2/" "$repo/patches/$1.patch"
}

run_lint()
{
	PATH=$BATS_TEST_TMPDIR/bin:$PATH "$repo/scripts/lint.sh" 2>&1
}

# finds_fault WORDS: that it has no other, all words that are expected say.
finds_fault()
{
	run -1 run_lint
	[[ $output == *"$1"* ]]
	[[ $(grep -c '^   fail: series' <<< "$output") == 1 ]]
}

@test "two kernels with the same patches are as they should be" {
	run_lint
	run ! grep fail "$RESULTS"
	grep -qx 'pass series: patches/7.3/two.patch has its like in the others' "$RESULTS"
}

@test "a patch that one kernel alone has says why" {
	for each in 6.12 7.3; do
		make_patch $each only-$each 3 4
		echo only-$each.patch >> "$repo/patches/$each/series"
	done
	edit_header 6.12/only-6.12 'Only-for: 6.12'
	finds_fault "patches/6.12 has none of that name"
	edit_header 7.3/only-7.3 'Only-for: 6.12'
	finds_fault "patches/6.12 has none of that name"
	edit_header 7.3/only-7.3 'Only-for: 7.3'
	run_lint
}

@test "a topic that the other kernel does not have yet is no fault" {
	make_patch 6.12 three 3 4
	printf '%s\n' '# Topic: engine' three.patch >> "$repo/patches/6.12/series"
	printf '%s\n' 'fs: an engine' '' Why. > "$repo/patches/6.12/engine.cover"
	run_lint
	echo '# Topic: engine' >> "$repo/patches/7.3/series"
	cp "$repo/patches/"{6.12,7.3}/engine.cover
	finds_fault "patches/7.3 has none of that name"
}

@test "each topic has a cover letter, and each cover letter a topic" {
	rm "$repo/patches/7.3/fixes.cover"
	run -1 run_lint
	[[ $output == *"fail: series: patches/7.3/fixes.cover is a cover letter"* ]]
	printf 'fs: two fixes\nno empty line\n' > "$repo/patches/7.3/fixes.cover"
	finds_fault "fail: series: patches/7.3/fixes.cover is a cover letter"
	printf '%s\n' 'fs: two fixes' '' Why. > "$repo/patches/7.3/fixes.cover"
	cp "$repo/patches/7.3/"{fixes,debug}.cover
	finds_fault "fail: series: each cover letter in patches/7.3 has a topic"
}

@test "the series lists what there is, once, below a topic" {
	echo one.patch >> "$repo/patches/6.12/series"
	finds_fault "fail: series: patches/6.12/series lists no patch twice"
	printf '%s\n' one.patch '# Topic: fixes' two.patch > "$repo/patches/6.12/series"
	finds_fault "fail: series: patches/6.12/series has no patch before its first topic"
	printf '%s\n' '# Topic: fixes' two.patch > "$repo/patches/6.12/series"
	finds_fault "not in patches/6.12/series: one.patch"
}

check_series()
{
	"$repo/scripts/series.sh" check "$BUILD/base" 2>&1
}

@test "a fix applies alone, or with what it says that it needs" {
	run -1 check_series
	[[ $output == *"two.patch does not apply with what its lines 'Needs:' name"* ]]
	grep -qx 'pass applies alone: one.patch' "$RESULTS"
	edit_header 6.12/two 'Needs: one.patch'
	check_series
	[[ $(cat "$BUILD/base/file") == 1 && ! -e $BUILD/base/.write-aops ]]
}

@test "the series is the one for the kernel that the tree is" {
	edit_header 7.3/two 'Needs: one.patch'
	run -1 check_series
	sed -i 's/^VERSION.*/VERSION = 7/; s/^PATCHLEVEL.*/PATCHLEVEL = 3/' "$BUILD/base/Makefile"
	check_series
	sed -i 's/^PATCHLEVEL.*/PATCHLEVEL = 2/' "$BUILD/base/Makefile"
	run -2 check_series
	[[ ${lines[0]} == "write-aops: error: there is no series for Linux 7.2; "* && ${#lines[@]} == 1 ]]
}
