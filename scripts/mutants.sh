#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# mutants.sh [NAME...]: put each deliberate bug of tests/mutants, or those named,
# into a copy of the patched kernel and run the suites that its header names
# ("Suite: name"). At least one test must fail, or the suites have a hole.
#
# The bugs go into build/work, never into build/patched.

. "$(dirname "$0")/common.sh"

lock_build
shopt -s nullglob
mutants=()
for name in "${@:-*}"; do
	# shellcheck disable=SC2206 # a pattern
	found=("$REPO"/tests/mutants/${name%.patch}.patch)
	((${#found[@]})) || die "no mutant matches '$name'; see tests/mutants"
	mutants+=("${found[@]}")
done

"$REPO/scripts/tree.sh" work
tree=$BUILD/work
failed=0
table=''

# row MUTANT WHAT: WHAT is the test that found it, or why that was not to be.
row()
{
	table+=$(printf '%-32s  %s' "$1" "$2")$'\n'
}

# try NAME PATCH: a patch that an interrupted run leaves in is taken out by
# tree.sh the next time.
try()
{
	local name=$1 suites rc=0 found

	mapfile -t suites < <(sed -n 's/^Suite: *//p' "$2")
	((${#suites[@]})) || { row "$name" "BAD: its header has no 'Suite: name'"; return 1; }
	patch -d "$tree" -p1 -F0 -s --dry-run < "$2" ||
		{ row "$name" "BAD: it does not apply"; return 1; }
	say "mutant $name (a minute)"
	cp "$2" "$tree/.mutant"
	patch -d "$tree" -p1 -F0 -s < "$2"
	run "$REPO/scripts/kunit.sh" --quiet work "${suites[@]}" > "$BUILD/mutant-$name.log" 2>&1 || rc=$?
	take_out_mutant "$tree"
	case $rc in
	0) row "$name" "SURVIVED: ${suites[*]} did not see it" ;;
	1)
		found=$("$REPO/scripts/results.py" failed "$tree" "$BUILD/results/work-um") || true
		row "$name" "found by $(head -n 1 <<< "$found") ($(wc -l <<< "$found") in all)"
		return 0
		;;
	*) row "$name" "BAD: it does not build or boot; see $BUILD/mutant-$name.log" ;;
	esac
	return 1
}

for mutant in "${mutants[@]}"; do
	name=$(basename "$mutant" .patch)
	if try "$name" "$mutant"; then
		result pass "mutant $name"
	else
		result fail "mutant $name"
		failed=1
	fi
done
printf '%-32s  %s\n%s' mutant result "$table" | tee "$BUILD/mutants.txt"
exit $failed
