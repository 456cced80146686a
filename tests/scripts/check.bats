#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# scripts/check.sh: which kernel it checks where, and what it counts. What builds and
# boots kernels is replaced.
#
# shellcheck disable=SC2016 # scripts in quotes

bats_require_minimum_version 1.5.0

setup()
{
	here=$BATS_TEST_DIRNAME/../..
	repo=$BATS_TEST_TMPDIR/repo
	export BUILD=$BATS_TEST_TMPDIR/build calls=$BATS_TEST_TMPDIR/calls
	unset KDIR TARBALL KERNEL RESULTS WRITE_AOPS_LOCK
	mkdir -p "$repo"/{scripts,patches/{6.12,7.3},tests/{mutants,scripts}} "$BUILD"
	touch "$repo"/patches/{6.12,7.3}/series "$calls"
	cp "$here"/scripts/{common,run,check}.sh "$repo/scripts"
	printf '#!/usr/bin/env bats\n@test "a script" { true; }\n' > "$repo/tests/scripts/a.bats"
	printf -- '--- /dev/null\n+++ b/new\n@@ -0,0 +1 @@\n+new\n' > "$repo/tests/mutants/new.patch"
	for each in deps lint series kunit boot stress crash; do
		script $each.sh 'echo "pass '$each'" >> "$RESULTS"'
	done
	script deps.sh ''
	script tree.sh '
		version=${KERNEL:-$(sed "s/.* //" "$BUILD/kernel" 2> /dev/null)}
		mkdir -p "$BUILD"/{base,patched}
		echo "${version:-6.12}" > "$BUILD/kernel"
		printf "VERSION = %s\nPATCHLEVEL = %s\nSUBLEVEL = 4\nNAME =\n" \
			"$(cut -d. -f1 "$BUILD/kernel")" "$(cut -d. -f2 "$BUILD/kernel")" |
			tee "$BUILD/base/Makefile" > "$BUILD/patched/Makefile"'
}

# script NAME BODY: which is recorded, with the kernel that is asked for, and where.
script()
{
	printf '#!/bin/bash\necho "%s ${KERNEL:--} ${BUILD##*/}" >> "$calls"\n%s\n' \
		"${1%.sh}" "$2" > "$repo/scripts/$1"
	chmod +x "$repo/scripts/$1"
}

check()
{
	"$repo/scripts/check.sh"
}

# Stress and crash are on the second kernel, after one commit.
commit()
{
	git -C "$repo" init -q
	git -C "$repo" -c user.name=a -c user.email=a@b commit -q --allow-empty -m one
}

called()
{
	grep -qxF "$1" "$calls"
}

@test "each kernel that has a series, in a place of its own" {
	run -0 check
	[[ ${lines[-1]} == "14 passed, 0 failed, 0 skipped" ]]
	called "kunit 6.12 build"
	called "kunit 7.3 7.3"
	(($(grep -c ^lint "$calls") == 1))
	grep -qx 'pass lint' "$BUILD/results.txt"
	grep -qx 'pass 6.12: kunit' "$BUILD/results.txt"
	grep -qx 'pass 7.3: kunit' "$BUILD/results.txt"
	[[ $BUILD/kernels/7.3/debs -ef $BUILD/debs ]]
}

@test "stress and crash take turns" {
	run -0 check
	[[ $output == *"stress and crash: on Linux 6.12 this time; make check KERNEL=7.3 has them on this"* ]]
	called "stress 6.12 build"
	called "crash 6.12 build"
	run ! grep -E '^(stress|crash) 7.3' "$calls"
	: > "$calls"
	commit
	run -0 check
	called "stress - 7.3"
	called "crash - 7.3"
	run ! grep -E '^(stress|crash) .* build$' "$calls"
	: > "$calls"
	KERNEL=6.12 run -0 check
	called "crash 6.12 build"
}

@test "a kernel that is there need not be looked for" {
	run -0 check
	: > "$calls"
	run -0 check
	called "tree - build"
	called "tree - 7.3"
	# The other one is in its place.
	sed -i 's/^VERSION.*/VERSION = 7/; s/^PATCHLEVEL.*/PATCHLEVEL = 3/' "$BUILD/base/Makefile"
	run -0 check
	called "tree 6.12 build"
}

@test "KERNEL= is the only one" {
	KERNEL=7.3 run -0 check
	called "kunit 7.3 build"
	run ! grep -q 6.12 "$calls"
	grep -qx 'pass kunit' "$BUILD/results.txt"
	[[ ! -e $BUILD/kernels ]]
}

@test "a failure says which kernel it is of" {
	script boot.sh '[[ $KERNEL == 6.12 ]] || { echo "fail row x" >> "$RESULTS"; exit 1; }; echo "pass row x" >> "$RESULTS"'
	script stress.sh 'exit 3'
	commit
	run -1 check
	grep -qx 'pass 6.12: row x' "$BUILD/results.txt"
	grep -qx 'fail 7.3: row x' "$BUILD/results.txt"
	grep -qx 'fail 7.3: stress: ended with status 3' "$BUILD/results.txt"
	[[ ${lines[-1]} == *", 2 failed, 0 skipped" ]]
}

@test "a mutant is for the kernels that it says" {
	printf 'Only-for: 6.12\n\n--- a/Makefile\n+++ b/Makefile\n@@ -1 +1 @@\n-VERSION = 6\n+VERSION = 5\n' \
		> "$repo/tests/mutants/m.patch"
	run -0 check
	grep -qx 'pass 6.12: mutants: all of them apply' "$BUILD/results.txt"
	sed -i 1d "$repo/tests/mutants/m.patch"
	run -1 check
	grep -qx 'fail 7.3: mutants: m.patch applies' "$BUILD/results.txt"
}
