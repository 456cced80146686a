# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the scripts share that boot a kernel into a workload. Sourced after
# common.sh, never run.
#
# The guest's root file system is an initramfs and not this machine's (hostfs):
# the same one serves UML and QEMU, nothing here is within the guest's reach,
# and what is installed here does not change the test. Root is not needed.
#
# The guest talks to the script on lines of its console that start with "boot: ".

# mke2fs and e2fsck
PATH=$PATH:/usr/sbin:/sbin

# guest_use KERNEL: a UML binary, or an x86_64 bzImage, which runs in QEMU. All
# names are relative to a new working directory from here: UML takes ':' and ','
# in them as separators.
guest_use()
{
	[[ -f $1 ]] || die "$1 is not there; 'make boot' builds it"
	kernel=$(realpath "$1")
	# After ELF's magic number: a bzImage has none.
	[[ $(head -c 4 "$kernel" | tail -c 3) == ELF ]] && arch=um || arch=x86_64
	need_tools build boot "$arch"
	! readelf -l "$(command -v busybox)" | grep -q INTERP ||
		die "$(command -v busybox) needs shared libraries; install busybox-static"

	mkdir -p "$BUILD"
	export RESULTS=${RESULTS:+$(realpath "$RESULTS")}
	work=$(mktemp -d)
	at_exit+=("rm -rf '$work'")
	cd "$work" || exit
	mkdir -p root/bin
	guest_disks=() guest_memory=512
}

# guest_program NAME SOURCE...: a program for the guest, without shared
# libraries.
guest_program()
{
	"${CC:-gcc}" -static -O2 -Wall -Wextra -o "root/bin/$1" "${@:2}"
}

# guest_copy DIR PROGRAM...: programs of this machine into DIR/bin, with the libraries
# that they name, and what mke2fs reads.
guest_copy()
{
	local dir=$1 program path

	mkdir -p "$dir"/{bin,etc}
	for program in "${@:2}"; do
		path=$(command -v "$program")
		cp -L "$path" "$dir/bin"
		ldd "$path" | grep -o '/[^ ]*' | while read -r path; do
			mkdir -p "$dir${path%/*}"
			cp -L "$path" "$dir$path"
		done
	done
	cp /etc/mke2fs.conf "$dir/etc"
}

# What is in root/ by now, and the first process of all guests. /dev/console
# comes from the initramfs that every kernel has built in.
guest_initramfs()
{
	cp "$(command -v busybox)" root/bin/busybox
	cp "$REPO/tests/boot/init" root
	chmod 755 root/init
	(cd root && find . | cpio --quiet -o -H newc -R 0:0) > initramfs
}

# guest_command PARAMETER...: into the array "command". The disks are the images
# in guest_disks. The suites that a kernel may have built in stay off, and
# null_blk, which is there for its configfs directory, makes no disk of its own.
guest_command()
{
	local image letter=a parameters=(kunit.enable=0 null_blk.nr_devices=0 "$@")

	if [[ $arch == um ]]; then
		command=("$kernel" mem="${guest_memory}M" initrd=initramfs uml_dir=./ umid=guest
			con=null "con0=fd:0,fd:1" "${parameters[@]}")
		for image in "${guest_disks[@]}"; do
			command+=("ubd$letter=$image")
			letter=$(tr a-y b-z <<< "$letter")
		done
	else
		command=(qemu-system-x86_64 -accel tcg -m "$guest_memory" -nographic -nic none
			-no-reboot -kernel "$kernel" -initrd initramfs
			-append "console=ttyS0 panic=-1 ${parameters[*]}")
		for image in "${guest_disks[@]}"; do
			command+=(-drive "file=$image,if=virtio,format=raw")
		done
	fi
}

# guest_run LOG: until it ends, or is stopped. What the guest says it is doing is
# shown, its console is kept in LOG.
guest_run()
{
	local start=$SECONDS screen

	say "booting $kernel (log: $1)"
	exec {screen}>&2
	run_kernel "$1" guest_console "$screen" || true
	exec {screen}>&-
	say "the guest is down ($((SECONDS - start)) s)"
}

guest_console()
{
	"${command[@]}" 2>&1 | sed -u 's/\r//g' | tee >(sed -un 's/^boot: doing /   /p' >&"$1")
}

# verdict pass|fail WHAT: of the workload, which has a name
failed=0 workload=
verdict()
{
	result "$1" "$workload: $2"
	[[ $1 == pass ]] || failed=$((failed + 1))
}

# guest_judge LOG: did it get to its end, and did the kernel keep quiet?
guest_judge()
{
	if grep -q '^boot: status [01]$' "$1"; then
		verdict pass "the guest got to its end"
	else
		say "the guest did not get to its end; its last lines:"
		tail -n 15 "$1" >&2
		verdict fail "the guest got to its end"
	fi
	if "$REPO/scripts/results.py" complaints "$1" > complained; then
		verdict pass "the kernel did not complain"
	else
		say "the kernel complained; $1 has more:"
		head -n 30 complained >&2
		verdict fail "the kernel did not complain"
	fi
}
