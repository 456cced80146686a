#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# check.sh           all that must hold before a change goes in: lint, the scripts'
#                    own tests and, for each kernel that has a series, whether it
#                    applies with no fuzz, the KUnit suites in UML, the boot test,
#                    two minutes of stress, and ten crashes of each filesystem
# check.sh --count   what the last run came to
#
# With KERNEL=, KDIR= or TARBALL= it is that kernel alone. Otherwise 6.12 is built in
# build/, and each other one in build/kernels; and stress and crash take turns: each
# commit of the project has them on one of the kernels.
#
# Each check, patch, test and row is a line in build/results.txt: pass, fail or
# skip, and a name. The last line of the output counts them. A stage that ends
# badly without saying what failed is a failure itself.

. "$(dirname "$0")/common.sh"

results=$BUILD/results.txt

count()
{
	[[ -s $results ]] || { echo "0 passed, 1 failed, 0 skipped"; return 1; }
	awk '{ n[$1]++ }
	     END {
		printf "%d passed, %d failed, %d skipped\n", n["pass"], n["fail"], n["skip"]
		exit n["fail"] > 0 || n["pass"] == 0
	     }' "$results"
}

# stage NAME COMMAND...: what that counts gets the name of the kernel, if there are
# several.
stage()
{
	local name=${kernel:+$kernel: }$1 rc=0 before failures

	shift
	current=$name
	before=$(wc -l < "$results")
	run "$@" || rc=$?
	[[ ! $kernel ]] || sed -i "$((before + 1)),\$ s/^[a-z]* /&$kernel: /" "$results"
	current=
	failures=$(tail -n "+$((before + 1))" "$results" | grep -c ^fail) || true
	if ((rc && !failures)); then
		result fail "$name: ended with status $rc"
	elif (($(wc -l < "$results") == before)); then
		result fail "$name: reported nothing"
	fi
}

finish()
{
	[[ ! ${current-} ]] || result fail "$current: interrupted"
	if grep -q ^fail "$results"; then
		say "failed:"
		sed -n 's/^fail /   /p' "$results" >&2
	fi
	say "$results has all results ($((SECONDS / 60)) min $((SECONDS % 60)) s)"
	count
}

# bats speaks TAP.
scripts_tests()
{
	local log=$BUILD/bats.log rc=0

	need_tools lint build
	say "the scripts' own tests (a minute or two)"
	# In the background of some shells interrupts are ignored, for good.
	env --default-signal=INT bats --tap "$REPO/tests/scripts" > "$log" || rc=$?
	((!rc)) || cat "$log"
	sed -nE -e 's/^ok [0-9]+ (.*) # skip.*/skip scripts: \1/p; t' \
		-e 's/^ok [0-9]+ /pass scripts: /p; t' \
		-e 's/^not ok [0-9]+ /fail scripts: /p' "$log" >> "$RESULTS"
	return $rc
}

patched_tree()
{
	"$REPO/scripts/tree.sh" --strict patched && result pass "tree: patched holds the series"
}

# That they are found is for 'make mutants' to say; here, that they can be.
mutants_apply()
{
	local mutant version failed=0

	version=$(kernel_version "$BUILD/patched")
	for mutant in "$REPO"/tests/mutants/*.patch; do
		is_for "$version" "$mutant" || continue
		patch -d "$BUILD/patched" -p1 -F0 -s --dry-run < "$mutant" || {
			result fail "mutants: ${mutant##*/} applies"
			failed=1
		}
	done
	((failed)) || result pass "mutants: all of them apply"
	return $failed
}

# check_kernel DIR [KERNEL]: the kernel that is built in DIR, or is to be.
check_kernel()
{
	local -x BUILD=$1 KERNEL=${2-${KERNEL-}}
	local linux=$BUILD/patched/.kunit-um/linux

	# Which release of it that is, a later check need not ask.
	[[ ! $kernel || $(kernel_version "$BUILD/base" 2> /dev/null) != "$kernel".* ]] || KERNEL=
	stage tree patched_tree
	stage series "$REPO/scripts/series.sh" check "$BUILD/base"
	stage mutants mutants_apply
	stage kunit "$REPO/scripts/kunit.sh" patched
	stage boot "$REPO/scripts/boot.sh" "$linux"
	[[ ! $kernel || $kernel == "$turn" ]] || {
		say "stress and crash: on Linux $turn this time; make check KERNEL=$kernel has them on this"
		return
	}
	stage stress "$REPO/scripts/stress.sh" --minutes=2 "$linux"
	stage crash "$REPO/scripts/crash.sh" --points=10 "$linux"
}

if [[ ${1-} == --count ]]; then
	count
	exit
fi

lock_build
export RESULTS=$results
: > "$results"
# For whatever happens before the first stage has a name.
current=start kernel=''
at_exit+=(finish)
stage lint "$REPO/scripts/lint.sh"
stage scripts scripts_tests
if [[ ${KERNEL-}${KDIR-}${TARBALL-} ]]; then
	check_kernel "$BUILD"
	exit
fi
mapfile -t kernels < <(ls "$REPO/patches")
commits=$(own_git -C "$REPO" rev-list --count HEAD 2> /dev/null) || commits=0
turn=${kernels[commits % ${#kernels[@]}]}
for kernel in "${kernels[@]}"; do
	dir=$BUILD/kernels/$kernel
	# Where the other commands have it, whose default it is.
	[[ $kernel != 6.12 ]] || dir=$BUILD
	say "Linux $kernel"
	share_packages "$dir"
	check_kernel "$dir" "$kernel"
done
