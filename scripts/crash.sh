#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# crash.sh [OPTIONS] KERNEL: is what is on disk good after a crash?
#   --points=N         crashes for each filesystem (200)
#   --only=FILESYSTEM  one of those in tests/crash/filesystems
#   --seed=N           other files, and other writes lost (1)
#
# The guest writes files on a disk below the kernel's log-writes target, which
# records the order in which writes reached it, and what was flushed when. For
# each of N points of that log the disk is made what it was then, on this
# machine; at each second point it has also lost, at random, writes that were not
# yet flushed. Journal recovery (e2fsck -p) has to leave a filesystem that is
# clean (e2fsck -fn), and files that hold what their rule in tests/crash/judge.c
# allows: what was synced, and nothing that was never written there. The disk was
# full of poison to begin with.
#
# Last, the test is tested: crashes of a disk that loses what was flushed, and
# data=writeback judged by the rule of data=ordered, have to fail.
#
# The console is kept in build/crash.log, the disk of the first crash that fails
# in build/crash-FILESYSTEM.img.

. "$(dirname "$0")/common.sh"
. "$REPO/scripts/guest.sh"

points=200 seed=1 kernel=''
while (($#)); do
	case $1 in
	--points=*) points=${1#*=} ;;
	--seed=*) seed=${1#*=} ;;
	--only=*) only=${1#*=} ;;
	-*) die "unknown option $1; see scripts/crash.sh --help" ;;
	*)
		[[ ! $kernel ]] || die "one KERNEL at a time; see scripts/crash.sh --help"
		kernel=$1
		;;
	esac
	shift
done
[[ $kernel ]] || die "which KERNEL? see scripts/crash.sh --help"
[[ $points =~ ^[1-9][0-9]*$ ]] || die "'$points' is not a number of points"
[[ $seed =~ ^[0-9]+$ ]] || die "'$seed' is not a number; --seed takes one"

crash=$REPO/tests/crash
# Few crashes do not need a long story.
actions=$((points < 100 ? 120 : 400))
workload=crash
log=$BUILD/crash.log

filesystems()
{
	sed '/^#/d' "$crash/filesystems" | awk -v only="${only-}" 'only == "" || only == $1'
}

[[ $(filesystems) ]] || die "no filesystem '$only'; see tests/crash/filesystems"
guest_use "$kernel"
rm -f "$BUILD"/crash-*.img

make_disks()
{
	local name type block rest

	while read -r name type block rest; do
		# The byte that judge.c says no file holds.
		head -c 16M /dev/zero | tr '\0' '\132' > "$name.img"
		mke2fs -q -F -t "$type" -b "$block" -J size=4 \
			-U 00000000-0000-4000-8000-000000000001 \
			-E hash_seed=00000000-0000-4000-8000-000000000002 \
			-E nodiscard,lazy_itable_init=0,lazy_journal_init=0 "$name.img"
		cp "$name.img" "$name.first"
		truncate -s 1G "$name.log"
		guest_disks+=("$name.img" "$name.log")
	done < <(filesystems)
}

# crash NAME POINT HOW RULE: a crash, and what is wrong after it.
crash()
{
	local rc=0 actions_done

	cp "$1.first" crash.img
	actions_done=$(./crashcheck replay "$1.log" crash.img "$2" "$3" "$seed")
	e2fsck -p crash.img > e2fsck.out 2>&1 || rc=$?
	# 1: it has corrected errors. Only what a mount does, too, is no error.
	if ((rc > 1)) || grep -vE '^crash.img: (recovering journal|[Cc]lear|clean,)|^$' e2fsck.out; then
		echo "recovery is more than a replay of the journal (e2fsck -p: $rc)"
		return 1
	fi
	if ! e2fsck -fn crash.img > e2fsck.out 2>&1; then
		cat e2fsck.out
		return 1
	fi
	rm -rf files
	mkdir files
	debugfs -R "rdump / files" crash.img > /dev/null 2>&1
	./crashcheck judge "$4" "$seed" "$actions_done" files
}

# each_point NAME HOW RULE COMMAND...: COMMAND POINT STATUS for each, as long as
# it returns 0; what is wrong is in wrong.out.
each_point()
{
	local name=$1 how=$2 rule=$3 total first i point rc

	shift 3
	read -r total first _ < <(./crashcheck log "$name.log")
	for ((i = 0; i < points; i++)); do
		point=$((first + (total - first) * (2 * i + 1) / (2 * points)))
		rc=0
		if ((i % 2)) && [[ $how == all ]]; then
			crash "$name" $point cache "$rule" > wrong.out || rc=$?
		else
			crash "$name" $point "$how" "$rule" > wrong.out || rc=$?
		fi
		((rc < 2)) || die "crashcheck fails; see above"
		"$@" "$name" $point $rc || return 0
	done
}

# shellcheck disable=SC2317 # called by each_point, like the next one
count()
{
	crashes=$((crashes + 1))
	verdict "$([[ $3 == 0 ]] && echo pass || echo fail)" "$1, at entry $2"
	[[ $3 != 0 ]] || return 0
	bad=$((bad + 1))
	((bad > 3)) || sed "s/^/   $1, at entry $2: /" wrong.out
	[[ -f $BUILD/crash-$1.img ]] || cp crash.img "$BUILD/crash-$1.img"
}

# shellcheck disable=SC2317
stop_when_found()
{
	crashes=$((crashes + 1))
	[[ $3 == 0 ]] || { bad=1; return 1; }
}

# bites NAME HOW RULE WHAT: the crashes have to fail somewhere.
bites()
{
	[[ -f $1.log ]] || return 0
	crashes=0 bad=0
	each_point "$1" "$2" "$3" stop_when_found
	if ((bad)); then
		printf '   %-36s found, at crash %d: %s\n' "$4" $crashes "$(head -n 1 wrong.out)"
		verdict pass "finds $4"
	else
		printf '   %-36s NOT FOUND in %d crashes\n' "$4" $crashes
		verdict fail "finds $4"
	fi
}

say "making disks and initramfs (a few seconds)"
make_disks
"${CC:-gcc}" -O2 -Wall -Wextra -o crashcheck "$crash"/{crashcheck,replay,judge,history}.c
guest_program crashwrite "$crash"/{crashwrite,history}.c "$REPO/tests/boot/row.c"
cp "$crash/crash" root/bin
chmod 755 root/bin/crash
filesystems > root/filesystems
guest_initramfs
guest_command workload=crash "crash_seed=$seed" "crash_actions=$actions"
guest_run "$log"
guest_judge "$log"

while read -r name _ _ _ rule; do
	start=$SECONDS crashes=0 bad=0
	read -r total first marks < <(./crashcheck log "$name.log" || echo 0 0 0)
	if ((marks != actions)); then
		say "$name: $marks of $actions actions are in the log"
		verdict fail "$name: the log is complete"
		rm "$name.log"
		continue
	fi
	each_point "$name" all "$rule" count
	printf '   %-16s %d of %d crashes were good (%d actions, %d log entries, %d s)\n' "$name" \
		$((crashes - bad)) $crashes "$marks" "$total" $((SECONDS - start))
done < <(filesystems)
bites ext3-ordered lies ordered "a disk that loses what was flushed"
bites ext3-writeback all ordered "stale data of data=writeback"

((!failed)) || {
	say "crash: $failed FAILED, with seed $seed"
	exit 1
}
say "crash: every filesystem was clean, every byte had been written where it was"
