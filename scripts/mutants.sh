#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# mutants.sh [NAME...]: put each deliberate bug of tests/mutants, or those named,
# into a copy of the patched kernel and run the suites that its header names
# ("Suite: name"), or scripts/stress.sh or crash.sh on a filesystem ("Stress: name",
# "Crash: name"). At least one test must fail, or the tests have a hole. A bug that
# only one kernel can have says so, "Only-for: 6.12".
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

# 1 if the bug of that patch is found.
look_for()
{
	local suites kind name script=stress options=(--ops=3000)

	read -r kind name < <(sed -nE 's/^(Suite|Stress|Crash): */\1 /p' "$1") || true
	if [[ $kind == Suite ]]; then
		mapfile -t suites < <(sed -n 's/^Suite: *//p' "$1")
		run "$REPO/scripts/kunit.sh" --quiet work "${suites[@]}"
		return
	fi
	[[ $kind != Crash ]] || script=crash options=(--points=60)
	run "$REPO/scripts/kunit.sh" --build work || return 2
	run "$REPO/scripts/$script.sh" --only="$name" "${options[@]}" "$tree/.kunit-um/linux"
}

# By what it was found, from the log.
finder()
{
	local found

	if grep -q '^Suite:' "$1"; then
		found=$("$REPO/scripts/results.py" failed "$tree" "$BUILD/results/work-um") || true
		echo "$(head -n 1 <<< "$found") ($(wc -l <<< "$found") in all)"
	else
		sed -nE 's/^== ((stress|crash): .*FAILED).*/\1/p' "$2"
	fi
}

# try NAME PATCH: a patch that an interrupted run leaves in is taken out by
# tree.sh the next time.
try()
{
	local name=$1 rc=0

	grep -qE '^(Suite|Stress|Crash): ' "$2" ||
		{ row "$name" "BAD: its header has no 'Suite: name'"; return 1; }
	patch -d "$tree" -p1 -F0 -s --dry-run < "$2" ||
		{ row "$name" "BAD: it does not apply"; return 1; }
	say "mutant $name (a minute)"
	cp "$2" "$tree/.mutant"
	patch -d "$tree" -p1 -F0 -s < "$2"
	look_for "$2" > "$BUILD/mutant-$name.log" 2>&1 || rc=$?
	take_out_mutant "$tree"
	case $rc in
	0) row "$name" "SURVIVED: $(grep -E '^(Suite|Stress|Crash): ' "$2" | tr '\n' ' ')did not see it" ;;
	1)
		row "$name" "found by $(finder "$2" "$BUILD/mutant-$name.log")"
		return 0
		;;
	*) row "$name" "BAD: it does not build or boot; see $BUILD/mutant-$name.log" ;;
	esac
	return 1
}

version=$(kernel_version "$tree")
for mutant in "${mutants[@]}"; do
	is_for "$version" "$mutant" || continue
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
