#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# boot.sh KERNEL           boot it and have it write files
# boot.sh --shell KERNEL   boot it into a shell
# boot.sh --run=SCRIPT KERNEL
#                          have it run SCRIPT, for busybox's shell, with the prefix of
#                          its disks' names (/dev/ubd) and their list as arguments;
#                          status 1 if that fails, 2 if it does not end
#
# KERNEL is a UML binary, or an x86_64 bzImage, which runs in QEMU. It gets disks
# that mke2fs makes here (tests/boot/disks). tests/boot/bootwrite writes to all
# file systems through every path; a table says how much, and whether it was read
# back equal; then e2fsck judges the disks. The exit status is 1 if anything
# differed, if the kernel complained or did not get to its end, or if a disk is
# not clean. A guest that says nothing for SILENCE=300 seconds is stopped. The
# console is kept in build/boot.log.
#
# In the shell Ctrl-C ends the guest, as 'exit' does; a command in it is
# interrupted by Ctrl-G.

. "$(dirname "$0")/common.sh"
. "$REPO/scripts/guest.sh"

shell='' script='' kernel=''
while (($#)); do
	case $1 in
	--shell) shell=1 ;;
	--run=?*) script=$(realpath "${1#*=}") ;;
	-*) die "unknown option $1; see scripts/boot.sh --help" ;;
	*)
		[[ ! $kernel ]] || die "one KERNEL at a time; see scripts/boot.sh --help"
		kernel=$1
		;;
	esac
	shift
done
[[ $kernel ]] || die "which KERNEL? see scripts/boot.sh --help"
[[ ! $script || -f $script ]] || die "there is no script $script"
[[ ! $shell || -t 0 ]] || die "--shell needs a terminal"
guest_use "$kernel"

workload=boot
boot=$REPO/tests/boot
log=$BUILD/boot.log

# NAME SIZE BLOCKSIZE TYPE, and what only the guest needs.
disks()
{
	sed '/^#/d' "$boot/disks"
}

make_disks()
{
	local name size block type rest

	while read -r name size block type rest; do
		guest_disks+=("$name.img")
		truncate -s "$size" "$name.img"
		# Not by chance, so that a failure repeats: UUID and hash seed.
		mke2fs -q -F -t "$type" -b "$block" -L "$name" \
			-U 00000000-0000-4000-8000-000000000001 \
			-E hash_seed=00000000-0000-4000-8000-000000000002 "$name.img"
	done < <(disks)
}

# The guest never sees the terminal itself, only pipes. It thus cannot leave it
# in a strange mode, and Ctrl-C remains ours.
run_shell()
{
	local rows columns

	read -r rows columns < <(stty size)
	# Some terminals do not know their size.
	((rows && columns)) || rows=24 columns=80
	guest_command boot_shell=1 "boot_rows=$rows" "boot_columns=$columns" quiet
	at_exit+=("stty '$(stty -g)' 2> /dev/null || true")
	stty -icanon -echo
	mkfifo keys screen
	cat < /dev/tty > keys &
	at_exit+=("kill $! 2> /dev/null || true")
	cat screen &
	start "${command[@]}" < keys > screen 2>&1
	wait "$child" || true
}

# A line per subsystem, a column per path, as the guest reported them.
print_table()
{
	awk '
	/^boot: row / {
		if (!($3 in known_line)) { known_line[$3]; line[++lines] = $3 }
		if (!($4 in known_path)) { known_path[$4]; path[++paths] = $4 }
		cell[$3, $4] = $7 == "matched" ? $5 : "DIFFERS"
		if ($7 != "matched")
			reason[++reasons] = substr($0, length("boot: row ") + 1)
	}
	END {
		printf "%-18s", "bytes written by"
		for (j = 1; j <= paths; j++)
			printf " %11s", path[j]
		for (i = 1; i <= lines; i++) {
			printf "\n%-18s", line[i]
			for (j = 1; j <= paths; j++)
				printf " %11s", (line[i], path[j]) in cell ? cell[line[i], path[j]] : "-"
		}
		print ""
		for (i = 1; i <= reasons; i++)
			print "   " reason[i]
	}' "$log"
}

judge_guest()
{
	local rc subsystem path

	if grep -q '^boot: row ' "$log"; then
		echo
		print_table
		echo "A number: read back equal, also after the caches were dropped and a disk mounted anew."
		echo
	fi
	while read -r rc subsystem path; do
		verdict "$rc" "$subsystem $path"
	done < <(awk '/^boot: row / { print $7 == "matched" ? "pass" : "fail", $3, $4 }' "$log")
	guest_judge "$log"
}

judge_disks()
{
	local name rest

	while read -r name rest; do
		if e2fsck -fn "$name.img" > e2fsck.out 2>&1; then
			printf '%-18s e2fsck: clean,%s\n' "$name" "$(sed -n '$s/.*://p' e2fsck.out)"
			verdict pass "e2fsck $name"
		else
			printf '%-18s e2fsck: NOT CLEAN\n' "$name"
			sed 's/^/   /' e2fsck.out
			verdict fail "e2fsck $name"
		fi
	done < <(disks)
}

say "making disks and initramfs (a few seconds)"
make_disks
guest_program bootwrite "$boot"/*.c
cp "$boot/disks" root
guest_initramfs
if [[ $shell ]]; then
	run_shell
	exit
fi
if [[ $script ]]; then
	cp "$script" root/bin/script
	chmod 755 root/bin/script
	guest_initramfs
	guest_command workload=script
	guest_run "$log"
	grep -v '^boot: ' "$log" | sed -n '/Run \/init as init process/,$p' | tail -n +2
	grep -q '^boot: status ' "$log" || die "the guest did not get to its end; see $log"
	grep -q '^boot: status 0$' "$log"
	exit
fi
guest_command
guest_run "$log"
judge_guest
judge_disks
((!failed)) || {
	say "boot: $failed FAILED"
	exit 1
}
say "boot: everything matched, all disks are clean"
