#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# kunit.sh [OPTIONS] TREE [GLOB...]: build a tree of build/ with the suites, and
# run those that match, with the tree's own kunit.py.
#   --arch=um|x86_64   um is the default; x86_64 runs in QEMU, without KVM
#   --build            build only
#   --quiet            progress and totals only
#   --sanitize         a kernel of its own that checks memory accesses and locks
#
# Each suite gets a kernel of its own: one that crashes takes no other with it.
# Results are kept in build/results/TREE-ARCH; see scripts/results.py. The exit
# status is 1 if a test failed, 2 if it did not come to that. KUNIT_TIMEOUT= is
# the limit for one suite in seconds.

. "$(dirname "$0")/common.sh"

arch=um build='' quiet='' kind=''
while [[ ${1-} == --* ]]; do
	case $1 in
	--arch=um | --arch=x86_64) arch=${1#*=} ;;
	--build) build=1 ;;
	--quiet) quiet=1 ;;
	--sanitize) kind=-sanitize ;;
	*) die "unknown option $1; see scripts/kunit.sh --help" ;;
	esac
	shift
done
name=${1-}
[[ $name && -d $BUILD/$name ]] || die "no tree build/$name; scripts/tree.sh makes one"
shift
globs=("${@:-*}")

lock_build
need_tools build tools "$arch"

tree=$BUILD/$name
# Directly in the tree: kbuild then compiles with relative paths, and the
# compiler cache serves all trees.
out=$tree/.kunit-$arch$kind
results=$BUILD/results/$name-$arch$kind
timeout=${KUNIT_TIMEOUT:-$([[ $arch == um ]] && echo 300 || echo 1800)}
export PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1

configs=(--kunitconfig="$SUITES_DIR/.kunitconfig" --kunitconfig="$out.config")
# What only one architecture has.
[[ ! -f $SUITES_DIR/$arch.kunitconfig ]] || configs+=(--kunitconfig="$SUITES_DIR/$arch.kunitconfig")
[[ ! $kind ]] || configs+=(--kunitconfig="$SUITES_DIR/sanitize.kunitconfig")
# What the boot test needs, so that one build serves both.
[[ $arch != um ]] || configs+=(--kunitconfig="$REPO/tests/boot/boot.config")

# What suites on real file systems run in the guest. By a name relative to the
# tree, since UML and kunit.py have no way to quote spaces.
initramfs=.kunit-tools
case $arch in
um) boot=(--kernel_args="initrd=$initramfs") ;;
x86_64) boot=(--qemu_args="-initrd $initramfs") ;;
esac

# kunit.py refuses an option that the tree does not have, and which of those of
# the series it has depends on how far the series is applied.
series_options()
{
	local option

	while IFS='=' read -r option _; do
		! grep -rqsx --include='Kconfig*' "config ${option#CONFIG_}" "$tree"/{fs,lib,mm} ||
			echo "$option=y"
	done < <(grep '^CONFIG_' "$SUITES_DIR/series.kunitconfig")
}

kunit()
{
	local command=$1

	shift
	run python3 "$tree/tools/testing/kunit/kunit.py" "$command" \
		--arch="$arch" --build_dir="$out" "${configs[@]}" "$@"
}

# suite.test for all that match, in the order in which they run.
list_tests()
{
	local glob log=$results/list.log

	for glob in "${globs[@]}"; do
		[[ $glob == *.* ]] || glob+='.*'
		kunit exec --timeout="$timeout" --list_tests "$glob" >> "$log" 2>&1 || {
			tail -n 30 "$log" >&2
			die "the kernel of build/$name does not list its tests; see above"
		}
	done
	grep -E '^[^ .]+\.[^ .]+$' "$log" | awk '!seen[$0]++' > "$results/tests" ||
		die "no suite matches '${globs[*]}'; 'make kunit' without SUITES= runs all"
}

run_suite()
{
	local suite=$1 tests=$2

	rm -f "$out/test.log"
	if [[ $quiet ]]; then
		say "running $suite on build/$name"
		# As it is: UML drops lines that kunit.py is too slow to take, and
		# to parse them, with several failures each, can be too slow.
		kunit exec --raw_output=all --timeout="$timeout" "${boot[@]}" "$suite.$tests" \
			> "$results/$suite.out" 2>&1
	else
		kunit exec --timeout="$timeout" "${boot[@]}" "$suite.$tests"
	fi || true
	# All that the kernel said, which is what results.py goes by.
	cp "$out/test.log" "$results/$suite.log" || : > "$results/$suite.log"
}

series_options > "$out.config"
need_space "$BUILD" 1700
build_kernel "$name" "$arch" "$out" "$BUILD/build-$name-$arch$kind.log" \
	"about 4 minutes the first time on two CPUs" kunit config
[[ ! $build ]] || exit 0

rm -rf "$results"
mkdir -p "$results"
cd "$tree"
"$SUITES_DIR/initramfs.sh" $initramfs
list_tests
for glob in "${globs[@]}"; do
	tests='*'
	[[ $glob != *.* ]] || tests=${glob#*.}
	# shellcheck disable=SC2053 # the right side is a pattern
	while read -r suite; do
		[[ $suite != ${glob%%.*} ]] || echo "$suite $tests"
	done < <(cut -d . -f 1 "$results/tests" | uniq)
done > "$results/suites"
while read -r suite tests <&3; do
	run_suite "$suite" "$tests"
done 3< "$results/suites"

"$REPO/scripts/results.py" counts "$tree" "$results" |
	tail -n "${quiet:-+1}"
