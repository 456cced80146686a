#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# compare.sh [OPTIONS] OLD NEW: what differs between two kernels? Runs the suites,
# and counts the instructions of the benchmark's rows, on both.
#   --patched=none|both|new   on which to apply the series (none)
#   --suites=GLOBS            of suites or suite.test, none to run none (all)
#   --rows=GLOB               of rows like ext4/cached/1k/ubuf, none to run none (all)
#   --more-than=PERCENT       what makes a row worse, or better (2)
#
# OLD and NEW are each a version that 'make kernels' lists, a kernel tree, or a
# revision of the git tree KDIR=. If only one of --suites and --rows is given, only
# that is run. Tests that differ are shown by name; rows with the instructions for
# 4 KiB on both, worst first. The table is kept in build/compare.tsv, and drawn in
# build/compare.svg.
#
# The exit status is 1 if NEW is worse anywhere: a test that passed and does not any
# more, or a row that takes more than PERCENT more instructions. Loop rows are shown
# and not judged, since two threads take turns in them.

. "$(dirname "$0")/common.sh"

patched=none suites='' rows='' percent=2
while [[ ${1-} == --* ]]; do
	case $1 in
	--patched=none | --patched=both | --patched=new) patched=${1#*=} ;;
	--suites=*) suites=${1#*=} ;;
	--rows=*) rows=${1#*=} ;;
	--more-than=*) percent=${1#*=} percent=${percent%\%} ;;
	*) die "unknown option $1; see scripts/compare.sh --help" ;;
	esac
	shift
done
[[ $# == 2 && $1 && $2 ]] || die "give OLD and NEW; see scripts/compare.sh --help"
[[ $percent =~ ^[0-9]+(\.[0-9]+)?$ ]] || die "'$percent' is not a number of percent"
[[ $suites || ! $rows || $rows == none ]] || suites=none
[[ $rows || ! $suites || $suites == none ]] || rows=none
[[ $suites != none || $rows != none ]] || die "no suites and no rows: there is nothing to compare"
read -ra globs <<< "$suites"
declare -A spec=([old]=$1 [new]=$2)
kdir=${KDIR-}
unset KDIR TARBALL KERNEL

lock_build
[[ $rows == none ]] || need_tools bench
need_tools build

# on SIDE COMMAND...: in the side's own build directory, of the side's kernel.
on()
{
	local side=$1 kernel=${spec[$1]} source=()

	shift
	if [[ -d $kernel ]]; then
		source=("KDIR=$(realpath "$kernel")")
	elif [[ $kdir ]] && is_revision "$kernel"; then
		source=("KDIR=$(source_of "$side")")
	else
		source=("KERNEL=$kernel")
	fi
	run env "BUILD=$BUILD/compare/$side" "${source[@]}" "$@"
}

# Where a revision is checked out: of another one the trees are not up to date.
source_of()
{
	echo "$BUILD/compare/$1/source-$(own_git -C "$kdir" rev-parse "${spec[$1]}^{commit}")"
}

is_revision()
{
	own_git -C "$kdir" rev-parse -q --verify "$1^{commit}" > /dev/null 2>&1
}

# The directory, and the revision checked out next to the user's own tree.
prepare()
{
	local side=$1 dir=$BUILD/compare/$1

	share_packages "$dir"
	[[ ! -d ${spec[$side]} && $kdir ]] && is_revision "${spec[$side]}" || return 0
	say "checking ${spec[$side]} of $kdir out"
	need_space "$BUILD" 2000
	rm -rf "$dir"/source-*
	mkdir "$(source_of "$side")"
	own_git -C "$kdir" archive "${spec[$side]}" | tar -C "$(source_of "$side")" -xf -
}

# The tree of a side: "base", or "patched".
tree_of()
{
	[[ $patched == both || $patched == "$1" ]] && echo patched || echo base
}

for side in old new; do
	prepare $side
	say "$side: ${spec[$side]}"
	tree=$(tree_of $side)
	on $side "$REPO/scripts/tree.sh" "$tree" || exit 2
	rm -rf "$BUILD/compare/$side/results"
	if [[ $suites != none ]]; then
		on $side "$REPO/scripts/kunit.sh" --quiet "$tree" ${globs+"${globs[@]}"} ||
			(($? == 1)) || exit 2
		[[ -s $BUILD/compare/$side/results/$tree-um/tests ]] || exit 2
	fi
	if [[ $rows != none ]]; then
		on $side "$REPO/scripts/bench.sh" --count="$tree" "${rows:-*}" || exit 2
	fi
done

# A label, the tree, and where its results are.
side()
{
	local tree

	tree=$(tree_of "$1")
	printf '%s\n' "$(kernel_version "$BUILD/compare/$1/$tree")$([[ $tree == base ]] || echo ' patched')" \
		"$BUILD/compare/$1/$tree" "$BUILD/compare/$1/results/$tree-um" \
		"$BUILD/compare/$1/results/bench/$tree-instr-1.log"
}

mapfile -t old < <(side old)
mapfile -t new < <(side new)
[[ ${old[0]} != "${new[0]}" ]] || {
	old[0]+=" (${spec[old]})"
	new[0]+=" (${spec[new]})"
}
rm -f "$BUILD"/compare.{tsv,svg}
rc=0
"$REPO/scripts/compare.py" "$percent" "$BUILD/compare.tsv" "${old[@]}" "${new[@]}" || rc=$?
[[ -s $BUILD/compare.tsv ]] || exit 2
[[ $rows == none ]] || gnuplot -e "tsv='$BUILD/compare.tsv'; svg='$BUILD/compare.svg'; \
	old='${old[0]}'; new='${new[0]}'" "$REPO/tests/bench/compare.gp" || exit 2
say "this table is in $BUILD/compare.tsv$([[ $rows == none ]] || echo " and, as a picture, in $BUILD/compare.svg")"
exit $rc
