#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# boot.sh [--timeout SECONDS] KERNEL   boot it and have it write files
# boot.sh --shell KERNEL               boot it into a shell
#
# KERNEL is a UML binary, or an x86_64 bzImage, which runs in QEMU. It gets disks
# that mke2fs makes here (tests/boot/disks). tests/boot/bootwrite writes to all
# file systems through every path; a table says how much, and whether it was read
# back equal; then e2fsck judges the disks. The exit status is 1 if anything
# differed, if the kernel complained or did not get to its end, or if a disk is
# not clean. After SECONDS (300) the guest is stopped. The console is kept in
# build/boot.log.
#
# In the shell Ctrl-C ends the guest, as 'exit' does; a command in it is
# interrupted by Ctrl-G.
#
# The root file system is an initramfs and not this machine's (hostfs): the same
# one serves UML and QEMU, nothing here is within the guest's reach, and what is
# installed here does not change the test. Root is not needed.

. "$(dirname "$0")/common.sh"

limit=300 shell='' kernel=''
while (($#)); do
	case $1 in
	--shell) shell=1 ;;
	--timeout)
		limit=${2-}
		[[ $limit =~ ^[1-9][0-9]*$ ]] || die "--timeout is in seconds; see scripts/boot.sh --help"
		shift
		;;
	-*) die "unknown option $1; see scripts/boot.sh --help" ;;
	*)
		[[ ! $kernel ]] || die "one KERNEL at a time; see scripts/boot.sh --help"
		kernel=$1
		;;
	esac
	shift
done
[[ $kernel ]] || die "which KERNEL? see scripts/boot.sh --help"
[[ -f $kernel ]] || die "$kernel is not there; 'make boot' builds it"
kernel=$(realpath "$kernel")
# After ELF's magic number: a bzImage has none.
[[ $(head -c 4 "$kernel" | tail -c 3) == ELF ]] && arch=um || arch=x86_64
[[ ! $shell || -t 0 ]] || die "--shell needs a terminal"

need_tools build boot "$arch"
# mke2fs and e2fsck
PATH=$PATH:/usr/sbin:/sbin
! readelf -l "$(command -v busybox)" | grep -q INTERP ||
	die "$(command -v busybox) needs shared libraries; install busybox-static"

boot=$REPO/tests/boot
mkdir -p "$BUILD"
log=$BUILD/boot.log
results=${RESULTS:+$(realpath "$RESULTS")}
export RESULTS=$results

work=$(mktemp -d)
at_exit+=("rm -rf '$work'")
# All names are relative from here: UML takes ':' and ',' in them as separators.
cd "$work"

# NAME SIZE BLOCKSIZE TYPE, and what only the guest needs.
disks()
{
	sed '/^#/d' "$boot/disks"
}

make_disks()
{
	local name size block type rest

	while read -r name size block type rest; do
		truncate -s "$size" "$name.img"
		# Not by chance, so that a failure repeats: UUID and hash seed.
		mke2fs -q -F -t "$type" -b "$block" -L "$name" \
			-U 00000000-0000-4000-8000-000000000001 \
			-E hash_seed=00000000-0000-4000-8000-000000000002 "$name.img"
	done < <(disks)
}

# /dev/console comes from the initramfs that every kernel has built in.
make_initramfs()
{
	mkdir -p root/bin
	cp "$(command -v busybox)" root/bin/busybox
	"${CC:-gcc}" -static -O2 -Wall -Wextra -o root/bin/bootwrite "$boot"/*.c
	cp "$boot/init" "$boot/disks" root
	chmod 755 root/init
	(cd root && find . | cpio --quiet -o -H newc -R 0:0) > initramfs
}

# guest_command PARAMETER...: into the array "command". The suites that a kernel
# may have built in stay off, and null_blk, which is there for its configfs
# directory, makes no disk of its own.
guest_command()
{
	local name rest letter=a parameters=(kunit.enable=0 null_blk.nr_devices=0 "$@")

	if [[ $arch == um ]]; then
		command=("$kernel" mem=512M initrd=initramfs uml_dir=./ umid=guest
			con=null "con0=fd:0,fd:1" "${parameters[@]}")
		while read -r name rest; do
			command+=("ubd$letter=$name.img")
			letter=$(tr a-y b-z <<< "$letter")
		done < <(disks)
	else
		command=(qemu-system-x86_64 -accel tcg -m 512 -nographic -nic none -no-reboot
			-kernel "$kernel" -initrd initramfs
			-append "console=ttyS0 panic=-1 ${parameters[*]}")
		while read -r name rest; do
			command+=(-drive "file=$name.img,if=virtio,format=raw")
		done < <(disks)
	fi
}

# The guest in a process group of its own, which on_exit ends: with UML go the
# processes that it traces.
start_guest()
{
	set -m
	"$@" &
	child=$!
	set +m
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
	start_guest "${command[@]}" < keys > screen 2>&1
	wait "$child" || true
}

run_test()
{
	local start=$SECONDS rc=0 reader

	guest_command
	say "booting $kernel (half a minute, $limit s at most; log: $log)"
	mkfifo console
	tr -d '\r' < console | tee "$log" | sed -un 's/^boot: doing /   /p' &
	reader=$!
	start_guest timeout -k 5 "$limit" "${command[@]}" < /dev/null > console 2>&1
	wait "$reader" || true
	wait "$child" || rc=$?
	((rc != 124 && rc != 137)) || say "the guest was stopped after $limit s"
	say "the guest is down ($((SECONDS - start)) s)"
}

failed=0
verdict()
{
	result "$1" "boot: $2"
	[[ $1 == pass ]] || failed=$((failed + 1))
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

	if grep -q '^boot: status [01]$' "$log"; then
		verdict pass "the guest got to its end"
	else
		say "the guest did not get to its end; its last lines:"
		tail -n 15 "$log"
		verdict fail "the guest got to its end"
	fi

	if grep -nE 'WARNING:|BUG:|BUG at|Oops|Kernel panic|Call Trace:|EXT[234]-fs.*error|I/O error|blocked for more than' \
		"$log" > complaints; then
		say "the kernel complained; $log has more:"
		cat complaints
		verdict fail "the kernel did not complain"
	else
		verdict pass "the kernel did not complain"
	fi
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
make_initramfs
if [[ $shell ]]; then
	run_shell
	exit
fi
run_test
judge_guest
judge_disks
((!failed)) || {
	say "boot: $failed FAILED"
	exit 1
}
say "boot: everything matched, all disks are clean"
