#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# scripts/coverage.py: whose a line is, in a tree with three patches of our own; what
# counts as executed, by what gcov says of it; what is explained.
#
# shellcheck disable=SC2030,SC2031 # run sets output

bats_require_minimum_version 1.5.0

setup()
{
	here=$BATS_TEST_DIRNAME/../..
	tree=$BATS_TEST_TMPDIR/tree out=$BATS_TEST_TMPDIR/tree/out
	series=$BATS_TEST_TMPDIR/patches exceptions=$BATS_TEST_TMPDIR/exceptions.txt
	mkdir -p "$tree/fs" "$out" "$series" "$BATS_TEST_TMPDIR/bin"
	: > "$exceptions"
	printf '%s\n' 'int old(int a)' '{' $'\treturn a;' '}' '' 'int odd(int a)' '{' \
		$'\treturn a & 1;' '}' > "$tree/fs/a.c"
	echo '# Topic: fixes' > "$series/series"
	# Two lines are new, and move what is below.
	patched one fs/a.c '/return a;/i\\tif (a < 0)\n\t\treturn -1;'
	# One of them is changed, and one of the kernel's own.
	patched two fs/a.c 's/return -1/return a ? -2 : 0/; s/return a & 1/return a ? 2 : 1/'
	echo '# Topic: engine' >> "$series/series"
	# One goes that was new, and a file comes.
	patched three fs/a.c '/a < 0/d'
	patched three fs/b.c 'add'
}

# patched NAME FILE SED: as quilt keeps it, with the file from before the patch.
patched()
{
	mkdir -p "$tree/.pc/$1/fs"
	if [[ $3 == add ]]; then
		: > "$tree/.pc/$1/$2"
		printf '%s\n' 'int new(int a)' '{' $'\treturn WARN_ON(a) || a;' '}' > "$tree/$2"
	else
		cp "$tree/$2" "$tree/.pc/$1/$2"
		sed -i "$3" "$tree/$2"
	fi
	grep -qx "$1" "$series/series" || echo "$1" >> "$series/series"
}

# counted FILE:LINE COUNT BRANCHES...: what gcov will say.
counted()
{
	local taken=("${@:3}")

	touch "$out/a.gcno"
	printf '{"current_working_directory": "%s", "files": [{"file": "../%s", "lines": [{"line_number": %d, "count": %d, "branches": [%s]}]}]}\n' \
		"$out" "${1%:*}" "${1#*:}" "$2" \
		"$(printf '%s\n' ${taken+"${taken[@]/#/"{\"count\": "}"} | sed 's/$/}/; /^}$/d' | paste -sd ,)" \
		>> "$BATS_TEST_TMPDIR/counts"
	printf '#!/bin/sh\ncat "%s/counts"\n' "$BATS_TEST_TMPDIR" > "$BATS_TEST_TMPDIR/bin/gcov"
	chmod +x "$BATS_TEST_TMPDIR/bin/gcov"
}

report()
{
	PATH=$BATS_TEST_TMPDIR/bin:$PATH "$here/scripts/coverage.py" "$tree" "$out" "$series" \
		"$exceptions" "$BATS_TEST_TMPDIR/lines.info"
}

@test "a line belongs to the last patch that changed it" {
	run -0 "$here/scripts/coverage.py" owners "$tree" "$series"
	diff - <(echo "$output") <<-END
		fs/a.c:3: two
		fs/a.c:9: two
		fs/b.c:1: three
		fs/b.c:2: three
		fs/b.c:3: three
		fs/b.c:4: three
	END
}

@test "only lines of the series count, each for its patch" {
	counted fs/a.c:3 0
	counted fs/a.c:4 0
	counted fs/a.c:9 7
	counted fs/b.c:3 1
	run -1 report
	grep -qE '^  two +1/2 +50 %$' <<< "$output"
	grep -qE '^  three +1/1 +100 %$' <<< "$output"
	grep -qE '^all +2/3 +67 %$' <<< "$output"
	grep -qx 'fs/a.c: old' <<< "$output"
	grep -qE '^ +3 +line +return a \? -2 : 0;$' <<< "$output"
	[[ $output != *"return a;"* ]]
	grep -qx 'DA:3,0' "$BATS_TEST_TMPDIR/lines.info"
}

@test "a function whose type has a line of its own" {
	sed -i 's/^int odd/odd/' "$tree/fs/a.c"
	counted fs/a.c:9 0
	counted fs/b.c:3 1
	run -1 report
	grep -qx 'fs/a.c: odd' <<< "$output"
}

@test "copies of a line add up" {
	counted fs/a.c:9 0 0 0
	counted fs/a.c:9 2 2 0
	counted fs/a.c:9 3 0 3
	# One in which the compiler knows better.
	counted fs/a.c:9 1
	counted fs/b.c:3 1
	run -0 report
	grep -qE '^  two +1/1 +100 % +2/2 +100 %$' <<< "$output"
}

@test "branches that are not taken, but for those to a warning" {
	counted fs/a.c:9 4 4 0
	counted fs/b.c:3 4 0 4
	run -1 report
	grep -qE '^ +9 +1 of 2 +return a \? 2 : 1;$' <<< "$output"
	[[ $output != *"WARN_ON(a)"* ]]
}

@test "an exception explains a line in that function, and says when it does not" {
	counted fs/a.c:3 0 0 0
	counted fs/a.c:9 1 1 1
	counted fs/b.c:3 1
	printf '%s\n' '# Text.' '' 'fs/a.c: old' $'\treturn a ? -2 : 0;' 'No test' 'is negative.' '' \
		'fs/a.c: odd' $'\treturn a ? -2 : 0;' 'Neither here.' > "$exceptions"
	run -0 report
	grep -qE '^  two +1/2 +1 +100 % +2/4 +2 +100 %$' <<< "$output"
	grep -qE '^ +No test is negative.$' <<< "$output"
	grep -qx '  fs/a.c: odd: return a ? -2 : 0;' <<< "$output"
}

@test "a patch of which nothing is in the kernel must say why" {
	counted fs/a.c:9 1
	run -1 report
	grep -qx '  three: nobody says why' <<< "$output"
	printf 'three\nNobody builds it.\n' > "$exceptions"
	run -0 report
	grep -qx '  three: Nobody builds it.' <<< "$output"
}

@test "an exception without a reason is refused" {
	counted fs/a.c:9 1
	printf 'fs/a.c: odd\n\treturn a;\n' > "$exceptions"
	run -2 report
	[[ $output == *"no reason for fs/a.c: odd" ]]
}
