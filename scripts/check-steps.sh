#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# check-steps.sh [--from=PATCH] [SUITE...]: after each patch of the series, or
# from one on, does the kernel build, do all tests still pass that passed before,
# and are the files that the patch touches free of new warnings, from the compiler
# (W=1) and from sparse (C=2)?
#
# SUITEs are globs of those to run; all, if there are none. With all it takes
# hours, half of which are those that write to disks.
#
# It works on build/work. The table is kept in build/steps.txt.

. "$(dirname "$0")/common.sh"

from=''
while [[ ${1-} == --* ]]; do
	case $1 in
	--from=*) from=${1#*=} ;;
	*) die "unknown option $1; see scripts/check-steps.sh --help" ;;
	esac
	shift
done
globs=("$@")

lock_build
"$REPO/scripts/tree.sh" work
need_tools build um sparse
tree=$BUILD/work
failed=0
series_for "$(kernel_version "$tree")"
mapfile -t names < <(series)
mapfile -t patches < <(series_files)
# How many patches come before the first one to look at.
first=0
while [[ $from && ${names[first]-} != "${from%.patch}.patch" ]]; do
	first=$((first + 1))
	((first < ${#names[@]})) || die "no patch '$from'; $PATCHES/series has their names"
done

# The .c files of a patch; where it has headers only, those of the series.
sources()
{
	touched_by "$1" | grep '\.c$' || touched_by "${patches[@]}" | grep '\.c$' || true
}

# Warnings in these files of the tree, without line numbers. They have a build
# directory of their own: W=1 would rebuild everything.
warnings()
{
	local out=$tree/.kunit-warnings file objects=() log=$BUILD/warnings.log

	[[ -d $out ]] || mkdir "$out"
	# With what this patch may have added, or its files would not be built so.
	cat "$tree/.kunit-um/.config" "$SUITES_DIR/series.kunitconfig" > "$out/.config"
	for file; do
		[[ ! -f $tree/$file ]] || objects+=("${file%.c}.o")
	done
	((${#objects[@]})) || return 0
	(cd "$out" && rm -f "${objects[@]}")
	run make -k -C "$tree" ARCH=um O="$out" W=1 C=2 -j"$(nproc)" olddefconfig "${objects[@]}" \
		> "$log" 2>&1 || { tail -n 30 "$log" >&2; die "W=1 C=2 does not build; see above"; }
	{ grep -E '(warning|error):' "$log" || true; } |
		sed -E 's/:[0-9]+(:[0-9]+)?:/:/' | sort
}

row()
{
	printf '%-44s %7s %7s %7s %9s\n' "$@" | tee -a "$BUILD/steps.txt"
}

# tests WHICH STEP...: their names.
tests()
{
	local which=$1

	shift
	"$REPO/scripts/results.py" "$which" "$tree" "${@/#/$BUILD/results/step-}"
}

# step N: build and test the tree as it is, and keep the results.
step()
{
	local rc=0

	run "$REPO/scripts/kunit.sh" --quiet work "${globs[@]}" > "$BUILD/step.log" 2>&1 || rc=$?
	if ((rc > 1)); then
		tail -n 40 "$BUILD/step.log"
		die "the tree does not build or boot at step $1; see above"
	fi
	rm -rf "$BUILD/results/step-$1"
	mv "$BUILD/results/work-um" "$BUILD/results/step-$1"
}

say "first the kernel before ${names[first]-any patch} (7 minutes)"
[[ ! -s $tree/.pc/applied-patches ]] || quilt_in "$tree" pop -a -q > /dev/null
((!first)) || quilt_in "$tree" push --fuzz=0 -q "$first" > /dev/null
step "$first"
: > "$BUILD/steps.txt"
row patch passed fixed broken warnings
before='(none)'
((!first)) || before=${names[first - 1]}
row "$before" "$(tests passed "$first" | wc -l)" - - -
for ((next = first + 1; next <= ${#names[@]}; next++)); do
	patch=${names[next - 1]}
	say "$next of ${#patches[@]}: $patch (2 minutes, 5 where a header of many is touched)"
	mapfile -t files < <(sources "$PATCHES/$patch")
	warnings "${files[@]}" > "$BUILD/warnings.before"
	quilt_in "$tree" push --fuzz=0 -q > "$BUILD/step.log" 2>&1 || {
		cat "$BUILD/step.log"
		die "$patch does not apply; see above"
	}
	warnings "${files[@]}" > "$BUILD/warnings.after"
	comm -13 "$BUILD/warnings.before" "$BUILD/warnings.after" > "$BUILD/warnings.new"
	step $next
	tests broken $((next - 1)) $next > "$BUILD/broken"
	row "$patch" "$(tests passed $next | wc -l)" \
		"$(tests broken $next $((next - 1)) | wc -l)" \
		"$(wc -l < "$BUILD/broken")" "$(wc -l < "$BUILD/warnings.new")"
	if [[ -s $BUILD/broken || -s $BUILD/warnings.new ]]; then
		sed 's/^/   broken: /' "$BUILD/broken"
		sed 's/^/   new: /' "$BUILD/warnings.new"
		result fail "step $patch"
		failed=1
	else
		result pass "step $patch"
	fi
done
say "all steps:"
cat "$BUILD/steps.txt"
exit $failed
