#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# bench.sh [OPTIONS] [GLOB]: measure buffered writes on the untouched and on the
# patched kernel, row by row, and show how much faster the patched one is.
#   --runs=N      how often to boot each kernel in UML, by turns (5)
#   --no-icount   leave out instructions, which QEMU counts
#   --count=NAME  only count the instructions of the tree build/NAME, as it is. The
#                 log with the rows is build/results/bench/NAME-instr-1.log
#
# GLOB selects rows, which have names like ramfs/append/4k/ubuf. The table is
# kept in build/bench.tsv and drawn in build/bench.svg. See
# Documentation/benchmark.rst for what the figures mean.

. "$(dirname "$0")/common.sh"

runs=5 icount=1 names=(base patched) count=''
while [[ ${1-} == --* ]]; do
	case $1 in
	--runs=*) runs=${1#*=} ;;
	--no-icount) icount='' ;;
	--count=?*) count=${1#*=} names=("$count") ;;
	*) die "unknown option $1; see scripts/bench.sh --help" ;;
	esac
	shift
done
rows=${1:-*}
[[ $runs =~ ^[1-9][0-9]*$ ]] || die "'$runs' is not a number of runs; see scripts/bench.sh --help"
[[ $rows != *[[:space:]]* ]] || die "'$rows' has a space in it; give one pattern of rows"

lock_build
archs=(um ${icount:+x86_64})
if [[ $count ]]; then
	[[ -d $BUILD/$count ]] || die "no tree build/$count; scripts/tree.sh makes one"
	runs=0 archs=(x86_64)
fi
need_tools build bench tools "${archs[@]}"

bench=$REPO/tests/bench
results=$BUILD/results/bench
# Newer kernels run tests by themselves only if they are told to.
parameters=(kunit.autorun=1 kunit.filter_glob=write_bench "write_bench.rows=$rows")

# Not by kunit.py: this configuration starts from all options off, which takes
# a tenth of the time to build.
build_bench()
{
	local name=$1 arch=$2 out=$BUILD/$1/.kunit-bench-$2

	need_space "$BUILD" 300
	mkdir -p "$out"
	cat "$bench/common.config" "$bench/$arch.config" > "$out/bench.config"
	build_kernel "$name" "$arch" "$out" "$BUILD/build-$name-bench-$arch.log" \
		"three minutes the first time on two CPUs" run make -C "$BUILD/$name" ARCH="$arch" O="$out" \
		KCONFIG_ALLCONFIG="$out/bench.config" allnoconfig
	# An option that has gone from Kconfig, or lost a dependency.
	grep '^CONFIG_' "$out/bench.config" | while read -r option; do
		grep -qx "$option" "$out/.config" ||
			die "build/$name for $arch is without $option; see tests/bench"
	done
}

# boot NAME LOG COMMAND...: a kernel, which measures and then ends by itself.
boot()
{
	local name=$1 log=$results/$2.log start=$SECONDS

	shift 2
	run_kernel "$log" "$@" || true
	tr -d '\r' < "$log" > "$log.text"
	mv "$log.text" "$log"
	grep -q '^ok 1 write_bench' "$log" || {
		grep -E 'not ok|ASSERT|EXPECT|panic|BUG' "$log" | tail -n 20 >&2 || tail -n 20 "$log" >&2
		die "the benchmark fails on build/$name; see above and $log"
	}
	grep -q 'write_bench: row ' "$log" ||
		die "no row matches '$rows'; rows have names like ramfs/append/4k/ubuf"
	say "build/$name: $(grep -c 'write_bench: row ' "$log") rows in $((SECONDS - start)) s"
}

# With much memory, of which little is used: a cached file that is dirty must stay
# below the share of it at which the kernel begins to write back.
boot_um()
{
	boot "$1" "$1-ns-$2" "$BUILD/$1/.kunit-bench-um/linux" mem=2G \
		"initrd=$initramfs" kunit_shutdown=halt "${parameters[@]}"
}

# One guest instruction is one nanosecond of the guest's time, which stands
# still otherwise: what the guest takes for nanoseconds are instructions. The
# rates of its clock are given, since it would measure them with an error.
boot_icount()
{
	local append="kunit_shutdown=reboot ${parameters[*]}"

	append+=" write_bench.ms_per_row=1 console=ttyS0 panic=-1"
	append+=" tsc=reliable tsc_early_khz=1000000"
	boot "$1" "$1-instr-1" qemu-system-x86_64 -M pc -cpu qemu64 -m 2048 -accel tcg \
		-icount shift=0,sleep=off -display none -serial stdio -monitor none \
		-nic none -no-reboot -append "$append" -initrd "$initramfs" \
		-kernel "$BUILD/$1/.kunit-bench-x86_64/arch/x86/boot/bzImage"
}

for name in "${names[@]}"; do
	[[ $count ]] || "$REPO/scripts/tree.sh" "$name"
	for arch in "${archs[@]}"; do
		build_bench "$name" "$arch"
	done
done

rm -rf "$results"
mkdir -p "$results"
"$SUITES_DIR/initramfs.sh" "$BUILD/tools.cpio"
# UML takes no name with a space.
cd "$BUILD"
initramfs=tools.cpio
# By turns, so that whatever else the machine does meets both alike.
for ((n = 1; n <= runs; n++)); do
	say "run $n of $runs, in UML (half a minute)"
	boot_um base "$n"
	boot_um patched "$n"
done
if [[ $icount ]]; then
	say "counting instructions with QEMU (a few minutes)"
	for name in "${names[@]}"; do
		boot_icount "$name"
	done
fi
[[ ! $count ]] || exit 0

"$bench/report.py" "$results" "$BUILD/bench.tsv"
gnuplot -e "tsv='$BUILD/bench.tsv'; svg='$BUILD/bench.svg'" "$bench/plot.gp"
say "this table is in $BUILD/bench.tsv and, as a picture, in $BUILD/bench.svg"
