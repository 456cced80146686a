#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# kunit.sh [OPTIONS] TREE [GLOB...]: build a tree of build/ with the suites, and
# run those that match, with the tree's own kunit.py.
#   --arch=um|x86_64   um is the default; x86_64 runs in QEMU, without KVM
#   --build            build only
#   --configure        not even that: only say what to build
#   --quiet            a line per suite, whatever fails in it
#   --suite            GLOB is one suite.tests of a tree that is built: how the others
#                      are run
#   --sanitize         a kernel of its own that checks memory accesses and locks
#   --coverage         one that counts what it executes of the files that the series
#                      touches, for UML; scripts/coverage.sh
#
# Each suite gets a kernel of its own: one that crashes takes no other with it. There
# are as many at a time as there are CPUs. A line says what came of each, and what
# failed is shown with what the kernel said. V=1 shows all that the kernels say, one
# after the other. They are kept in build/results/TREE-ARCH; see
# scripts/results.py. The exit status is 1 if a test failed, 2 if it did not come to
# that. A kernel that says nothing for SILENCE=300 seconds is stopped.

. "$(dirname "$0")/common.sh"

arch=um build='' configure='' quiet='' single='' kind='' options=()
while [[ ${1-} == --* ]]; do
	options+=("$1")
	case $1 in
	--arch=um | --arch=x86_64) arch=${1#*=} ;;
	--build) build=1 ;;
	--configure) configure=1 ;;
	--quiet) quiet=1 ;;
	--suite) single=1 ;;
	--sanitize | --coverage) kind=${1/-/} ;;
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
export PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1

configs=(--kunitconfig="$SUITES_DIR/.kunitconfig" --kunitconfig="$out.config")
# What only one architecture has.
[[ ! -f $SUITES_DIR/$arch.kunitconfig ]] || configs+=(--kunitconfig="$SUITES_DIR/$arch.kunitconfig")
[[ $kind != -sanitize ]] || configs+=(--kunitconfig="$SUITES_DIR/sanitize.kunitconfig")
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
	python3 "$tree/tools/testing/kunit/kunit.py" "$command" \
		--arch="$arch" --build_dir="$out" "${configs[@]}" "$@"
}

# kernel LOG ARGS...: a kernel, booted by kunit.py, which also has a limit. The raw
# output: UML drops lines that its reader is too slow to take, as a parser can be.
kernel()
{
	run_kernel "$1" kunit exec --raw_output=all --timeout=$((30 * 86400)) "${@:2}"
}

# suite.test for all that match, in the order in which they run.
list_tests()
{
	local glob log=$results/list.log

	for glob in "${globs[@]}"; do
		[[ $glob == *.* ]] || glob+='.*'
		kernel "$log" --list_tests "$glob" || {
			tail -n 30 "$log" >&2
			die "the kernel of build/$name does not list its tests; see above"
		}
		grep -aE '^[^ .]+\.[^ .]+$' "$log" || true
	done > "$results/listed"
	awk '!seen[$0]++' "$results/listed" > "$results/tests"
	[[ -s $results/tests ]] ||
		die "no suite matches '${globs[*]}'; 'make kunit' without SUITES= runs all"
}

run_suite()
{
	local suite=$1 tests=$2 start=$SECONDS log=$results/$1.log

	[[ $VERBOSE != 1 ]] || {
		: > "$log"
		tail -n +1 --pid=$$ -f "$log" &
		at_exit+=("kill $! 2> /dev/null || true")
	}
	kernel "$log" "${boot[@]}" "$suite.$tests" || true
	[[ $VERBOSE != 1 ]] || {
		sleep 0.2
		eval "${at_exit[-1]}"
		unset 'at_exit[-1]'
	}
	"$REPO/scripts/results.py" suite ${quiet:+--quiet} "$tree" "$results" "$suite" \
		$((SECONDS - start)) || true
}

[[ ! $single ]] || {
	cd "$tree"
	run_suite "${globs[0]%%.*}" "${globs[0]#*.}"
	exit 0
}

series_options > "$out.config"
if [[ $kind == -coverage ]]; then
	[[ $arch == um ]] || die "only a kernel for UML can count what it executes; leave ARCH=x86_64 away"
	# As an option of the configuration, gcov would be in all files. Here make alone
	# has it, for the link. Its library has a mangle_path() that nothing calls, and
	# the kernel has another: the first is taken.
	kernel_make=(CONFIG_GCOV=y CFLAGS-y= GCOV_OPT='--coverage -Wl,-z,muldefs -Wl,-u,__gcov_dump -Wl,-fini,__gcov_dump')
	# It is in files with a name that one of the series has, in whichever directory.
	# A loop counts as it goes: it may not get to its end.
	series_for "$(kernel_version "$tree")"
	mapfile -t -O 3 kernel_make < <(series_files | xargs cat | touched_by - |
		sed -n 's,^.*/\(.*\)\.c$,CFLAGS_\1.o=--coverage -fno-tree-loop-im,p' | sort -u)
fi
need_space "$BUILD" 1700
[[ ! $configure ]] || {
	run kunit config
	exit 0
}
build_kernel "$name" "$arch" "$out" "$BUILD/build-$name-$arch$kind.log" \
	"about 6 minutes the first time on two CPUs" run kunit config
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
# One kernel per suite, which takes one pattern: of two, it runs all its tests.
done | awk '!($1 in tests) { order[++n] = $1; tests[$1] = $2 }
	    tests[$1] != $2 { tests[$1] = "*" }
	    END { for (i = n; i > 0; i--) print order[i] "." tests[order[i]] }' > "$results/suites"
# The last ones write to disks, which takes longest: they are started first. One at a
# time where all add to the same counts, or are read as they run.
jobs=$(nproc)
[[ $kind != -coverage && $VERBOSE != 1 ]] || jobs=1
run xargs -a "$results/suites" -P "$jobs" -n 1 "$REPO/scripts/kunit.sh" \
	${options+"${options[@]}"} --suite "$name" || exit 2

"$REPO/scripts/results.py" counts ${quiet:+--quiet} "$tree" "$results"
