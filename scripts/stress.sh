#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# stress.sh [OPTIONS] KERNEL: boot it with little memory, and use the filesystems
# of tests/stress/filesystems hard, one after the other, while the copies of
# writes come up short at random (fail_write_copy, if the kernel has it).
#   --minutes=N        for all of them (2)
#   --only=FILESYSTEM  one of them
#   --seed=N           other operations (1)
#   --memory=MIB       of the guest (128)
#   --ops=N            that many operations of opcheck alone; --full: on a full
#                      disk. This is how a failure is repeated.
#
# On each: tests/stress/opcheck does random operations and compares the file to a
# model of it; it does so again with the disk full; fio writes and verifies; and
# the stressors of stress-ng run beside opcheck. Then e2fsck judges the disk. The
# table at the end has the number of operations. The exit status is 1 if anything
# failed or the kernel complained. A guest that says nothing for SILENCE=300 seconds
# more than it should is stopped. The console is kept in build/stress.log.

. "$(dirname "$0")/common.sh"
. "$REPO/scripts/guest.sh"

minutes=2 seed=1 memory=128 kernel='' parameters=()
while (($#)); do
	case $1 in
	--minutes=*) minutes=${1#*=} ;;
	--seed=*) seed=${1#*=} ;;
	--memory=*) memory=${1#*=} ;;
	--only=*) only=${1#*=} ;;
	--ops=*) ops=${1#*=} ;;
	--full) parameters+=(stress_full=1) ;;
	-*) die "unknown option $1; see scripts/stress.sh --help" ;;
	*)
		[[ ! $kernel ]] || die "one KERNEL at a time; see scripts/stress.sh --help"
		kernel=$1
		;;
	esac
	shift
done
[[ $kernel ]] || die "which KERNEL? see scripts/stress.sh --help"
[[ $minutes =~ ^[1-9][0-9]*$ ]] || die "'$minutes' is not a number of minutes"
[[ $memory =~ ^[1-9][0-9]*$ ]] || die "'$memory' is not a number of MiB; --memory takes one"
[[ $seed =~ ^[0-9]+$ ]] || die "'$seed' is not a number; --seed takes one"
[[ ${ops-1} =~ ^[1-9][0-9]*$ ]] || die "'$ops' is not a number of operations"

stress=$REPO/tests/stress
mapfile -t filesystems < <(sed '/^#/d; s/ .*//' "$stress/filesystems")
if [[ ${only-} ]]; then
	[[ " ${filesystems[*]} " == *" $only "* ]] ||
		die "no filesystem '$only'; there are ${filesystems[*]}"
	filesystems=("$only")
	parameters+=("stress_only=$only")
fi
[[ ! ${ops-} ]] || parameters+=("stress_ops=$ops")
seconds=$((minutes * 60 / ${#filesystems[@]}))
parameters+=("stress_seconds=$seconds" "stress_seed=$seed")

workload=stress
log=$BUILD/stress.log
guest_use "$kernel"
need_tools stress

# The programs, and the libraries that they name, on a disk of their own: in the
# initramfs they would take most of the guest's memory.
make_tools()
{
	guest_copy tools fio stress-ng mke2fs e2fsck
	truncate -s "$(($(du -sm tools | cut -f 1) * 5 / 4 + 16))M" tools.img
	mke2fs -q -F -t ext2 -b 4096 -d tools tools.img
	guest_disks+=(tools.img)
}

# Full of what is in no file.
make_disk()
{
	head -c 24M /dev/zero | tr '\0' '\132' > disk.img
	guest_disks+=(disk.img)
}

# A line per operation, a column per filesystem.
print_table()
{
	awk '
	/^boot: count / {
		if (!($3 in known_column)) { known_column[$3]; column[++columns] = $3 }
		if (!($4 in known_line)) { known_line[$4]; line[++lines] = $4 }
		times[$3, $4] += $5
		bytes[$3] += $6
	}
	END {
		printf "%-14s", "operations"
		for (i = 1; i <= columns; i++)
			printf " %14s", column[i]
		for (j = 1; j <= lines; j++) {
			printf "\n%-14s", line[j]
			for (i = 1; i <= columns; i++) {
				n = times[column[i], line[j]]
				printf " %14s", n ? n : "-"
			}
		}
		printf "\n%-14s", "KiB, not ng"
		for (i = 1; i <= columns; i++)
			printf " %14d", bytes[column[i]] / 1024
		print ""
	}' "$log"
}

judge()
{
	local name what rc text

	while read -r name what rc text; do
		verdict "$rc" "$name $what"
		[[ $rc == pass ]] || echo "   $name $what: $text"
	done < <(sed -n 's/^boot: check //p' "$log")
	for name in "${filesystems[@]}"; do
		grep -q "^boot: check $name umount pass" "$log" || verdict fail "$name was finished"
	done
	grep -a '^boot: repeat ' "$log" | sed "s,^boot: repeat,   to repeat: scripts/stress.sh,; s,\$, $kernel," || true
	guest_judge "$log"
}

say "making disks and initramfs (a few seconds)"
make_tools
make_disk
guest_memory=$memory
guest_program opcheck "$stress"/*.c "$REPO/tests/boot/row.c"
cp "$stress/stress" root/bin
chmod 755 root/bin/stress
cp "$stress/filesystems" root
guest_initramfs
guest_command workload=stress "${parameters[@]}"
# Its programs are quiet while they are at work, up to half of the time each.
silence=$((silence + seconds))
guest_run "$log"
if grep -q '^boot: count ' "$log"; then
	echo
	print_table
	echo
fi
judge
((!failed)) || {
	say "stress: $failed FAILED, with seed $seed"
	exit 1
}
say "stress: no difference, all disks are clean"
