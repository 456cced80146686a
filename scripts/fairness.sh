#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# fairness.sh [OPTIONS] UNTOUCHED PATCHED: does a batch make anybody wait longer than a
# page did? Boots both kernels, for UML, and compares how long readers, handles and
# commits wait beside a writer, how much of the journal is only promised, and whether
# data is lost on a disk that gets full. tests/fairness/fairness is what the guest does.
#   --runs=N  how often to boot each kernel, by turns (3)
#
# The table has medians. The guest's disk takes 50 ms for everything: on a machine that
# is not too busy, what is measured is waiting for it. The exit status is 1 if anything
# is worse on the patched kernel by a quarter and, if it is a wait, by more than one for
# the disk; or if data is lost. The consoles are kept in build/fairness-KERNEL-N.log.

. "$(dirname "$0")/common.sh"
. "$REPO/scripts/guest.sh"

runs=3
while [[ ${1-} == --* ]]; do
	case $1 in
	--runs=*) runs=${1#*=} ;;
	*) die "unknown option $1; see scripts/fairness.sh --help" ;;
	esac
	shift
done
[[ $runs =~ ^[1-9][0-9]*$ ]] || die "'$runs' is not a number of runs; see scripts/fairness.sh --help"
(($# == 2)) || die "which two kernels? see scripts/fairness.sh --help"
# shellcheck disable=SC2034 # both are used by name
untouched=$(realpath -m "$1") patched=$(realpath -m "$2")
[[ -f $2 ]] || die "$2 is not there; 'make boot' builds it"
workload=fairness
guest_use "$untouched"
need_tools fairness

# median KERNEL NAME: of a figure, over all runs.
median()
{
	sed -nE "s/^boot: (wait|least|never) $2 //p" "$BUILD/fairness-$1"-*.log | sort -n |
		awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'
}

# worse KIND BEFORE AFTER
worse()
{
	case $1 in
	wait) (($3 > $2 + 50 && $3 * 4 > $2 * 5)) ;;
	least) (($3 * 5 < $2 * 4)) ;;
	never) (($3)) ;;
	esac
}

say "making the initramfs (a few seconds)"
guest_copy root fio dmsetup mke2fs e2fsck
cp "$REPO/tests/fairness/fairness" root/bin
chmod 755 root/bin/fairness
guest_initramfs
guest_memory=768
rm -f "$BUILD"/fairness-*.log
for ((run = 1; run <= runs; run++)); do
	for which in untouched patched; do
		log=$BUILD/fairness-$which-$run.log
		kernel=${!which}
		say "run $run of $runs, $which (two minutes)"
		guest_command workload=fairness brd.rd_nr=1 brd.rd_size=65536
		guest_run "$log"
		guest_judge "$log"
	done
done
printf '%-34s %10s %10s\n' '' untouched patched
while read -r kind name; do
	before=$(median untouched "$name") after=$(median patched "$name") mark=''
	if [[ ! $before || ! $after ]] || worse "$kind" "$before" "$after"; then
		mark='  worse'
		verdict fail "$name"
	else
		verdict pass "$name"
	fi
	printf '%-34s %10s %10s%s\n' "${name//-/ }" "${before:--}" "${after:--}" "$mark"
done < <(sed -nE 's/^boot: (wait|least|never) ([^ ]*) .*/\1 \2/p' "$BUILD/fairness-patched-1.log")
((!failed)) || {
	say "fairness: $failed FAILED"
	exit 1
}
say "fairness: nobody waits longer"
