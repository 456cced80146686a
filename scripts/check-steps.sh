#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# check-steps.sh [OPTIONS] [SUITE...]: after each patch of the series, does the
# kernel build, do all tests still pass that passed before, and are the files that
# the patch touches free of new warnings, from the compiler (W=1) and from sparse
# (C=2)?
#   --from=PATCH  from that one on
#   --compile     run nothing: do the suites and the files of all patches compile?
#
# SUITEs are globs of those to run; all, if there are none. With all it takes
# hours, half of which are those that write to disks.
#
# It works on build/work. The table is kept in build/steps.txt.

. "$(dirname "$0")/common.sh"

from='' compile=''
while [[ ${1-} == --* ]]; do
	case $1 in
	--from=*) from=${1#*=} ;;
	--compile) compile=1 ;;
	*) die "unknown option $1; see scripts/check-steps.sh --help" ;;
	esac
	shift
done
globs=("$@")
[[ ! $compile || ! ${globs+x} ]] || die "--compile runs no suites; leave '$*' out"

lock_build
"$REPO/scripts/tree.sh" work
need_tools build um sparse
tree=$BUILD/work
# W=1 would rebuild everything.
objdir=$tree/.kunit-warnings
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

# The .c files of patches; where these have headers only, those of the series.
sources()
{
	touched_by "$@" | grep '\.c$' || touched_by "${patches[@]}" | grep '\.c$' || true
}

# Warnings in these files of the tree, without line numbers.
warnings()
{
	local log=$BUILD/warnings.log objects

	mapfile -t objects < <(objects_of "$@")
	((${#objects[@]})) || return 0
	rm -f "${objects[@]/#/$objdir/}"
	make_objects "$log" C=2 "${objects[@]}"
	{ grep -E '(warning|error):' "$log" || true; } |
		sed -E 's/:[0-9]+(:[0-9]+)?:/:/' | sort
}

# Of the source files that the tree has.
objects_of()
{
	local file

	for file; do
		[[ ! -f $tree/$file ]] || echo "${file%.c}.o"
	done
}

# make_objects LOG [ARGUMENT...] OBJECT...
make_objects()
{
	local log=$1

	shift
	mkdir -p "$objdir"
	# With what this patch may have added, and all filesystems that patches touch, or
	# their files would not be built as they are.
	cat "$tree/.kunit-um/.config" "$SUITES_DIR"/{series,filesystems}.kunitconfig > "$objdir/.config"
	# By itself: beside it, make takes one object after the other.
	{ run make -C "$tree" ARCH=um O="$objdir" olddefconfig &&
		run make -k -C "$tree" ARCH=um O="$objdir" W=1 -j"$(nproc)" "$@"; } > "$log" 2>&1 ||
		{ grep -E -A 5 'error:|Error ' "$log" | tail -n 30 >&2; die "W=1 does not build; see above"; }
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

# compile_step N: what the series touches anywhere, and the suites.
compile_step()
{
	local log=$BUILD/step.log files objects

	run "$REPO/scripts/kunit.sh" --configure work > "$log" 2>&1 || {
		tail -n 40 "$log" >&2
		die "the tree cannot be configured at step $1; see above"
	}
	mapfile -t files < <(sources "${patches[@]}")
	mapfile -t objects < <(objects_of "${files[@]}")
	make_objects "$log" "${objects[@]}" fs/write_kunit/
}

# step N: build and test the tree as it is, and keep the results.
step()
{
	local rc=0

	[[ ! $compile ]] || {
		compile_step "$1"
		return
	}
	run "$REPO/scripts/kunit.sh" --quiet work "${globs[@]}" > "$BUILD/step.log" 2>&1 || rc=$?
	if ((rc > 1)); then
		tail -n 40 "$BUILD/step.log"
		die "the tree does not build or boot at step $1; see above"
	fi
	rm -rf "$BUILD/results/step-$1"
	mv "$BUILD/results/work-um" "$BUILD/results/step-$1"
}

first_takes=' (7 minutes)' takes=' (2 minutes, 5 where a header of many is touched)'
[[ ! $compile ]] || first_takes='' takes=''
say "first the kernel before ${names[first]-any patch}$first_takes"
[[ ! -s $tree/.pc/applied-patches ]] || quilt_in "$tree" pop -a -q > /dev/null
((!first)) || quilt_in "$tree" push --fuzz=0 -q "$first" > /dev/null
step "$first"
: > "$BUILD/steps.txt"
row patch passed fixed broken warnings
before='(none)'
((!first)) || before=${names[first - 1]}
passed=- fixed=-
[[ $compile ]] || passed=$(tests passed "$first" | wc -l)
row "$before" "$passed" - - -
for ((next = first + 1; next <= ${#names[@]}; next++)); do
	patch=${names[next - 1]}
	say "$next of ${#patches[@]}: $patch$takes"
	mapfile -t files < <(sources "$PATCHES/$patch")
	warnings "${files[@]}" > "$BUILD/warnings.before"
	quilt_in "$tree" push --fuzz=0 -q > "$BUILD/step.log" 2>&1 || {
		cat "$BUILD/step.log"
		die "$patch does not apply; see above"
	}
	warnings "${files[@]}" > "$BUILD/warnings.after"
	comm -13 "$BUILD/warnings.before" "$BUILD/warnings.after" > "$BUILD/warnings.new"
	step $next
	: > "$BUILD/broken"
	[[ $compile ]] || {
		tests broken $((next - 1)) $next > "$BUILD/broken"
		passed=$(tests passed $next | wc -l)
		fixed=$(tests broken $next $((next - 1)) | wc -l)
	}
	row "$patch" "$passed" "$fixed" "$(wc -l < "$BUILD/broken")" "$(wc -l < "$BUILD/warnings.new")"
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
