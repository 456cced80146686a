#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# scripts/stress.sh, crash.sh and what they share: bad input is refused, and
# what a kernel says is read right.

bats_require_minimum_version 1.5.0

setup()
{
	scripts=$BATS_TEST_DIRNAME/../../scripts
	log=$BATS_TEST_TMPDIR/log
}

# refused WORDS COMMAND...: one line, which has the words, and status 2.
refused()
{
	run -2 --separate-stderr "${@:2}"
	# shellcheck disable=SC2154 # run sets it
	[[ ${#stderr_lines[@]} == 1 && $stderr == *"$1"* && ! $output ]]
}

@test "stress.sh refuses what it cannot do" {
	refused "which KERNEL?" "$scripts/stress.sh"
	refused "one KERNEL at a time" "$scripts/stress.sh" a b
	refused "'soon' is not a number of minutes" "$scripts/stress.sh" --minutes=soon a
	refused "'0' is not a number of operations" "$scripts/stress.sh" --ops=0 a
	refused "'x' is not a number" "$scripts/stress.sh" --seed=x a
	refused "no filesystem 'fat'; there are ramfs" "$scripts/stress.sh" --only=fat a
	refused "unknown option --fast" "$scripts/stress.sh" --fast a
	refused "no-kernel is not there" "$scripts/stress.sh" no-kernel
}

@test "crash.sh refuses what it cannot do" {
	refused "which KERNEL?" "$scripts/crash.sh"
	refused "'0' is not a number of points" "$scripts/crash.sh" --points=0 a
	refused "no filesystem 'ext2'" "$scripts/crash.sh" --only=ext2 a
	refused "no-kernel is not there" "$scripts/crash.sh" no-kernel
}

@test "sanitize.sh refuses what it cannot do" {
	refused "'0' is not a number of minutes" "$scripts/sanitize.sh" --minutes=0
	refused "unknown option 3" "$scripts/sanitize.sh" 3
}

@test "a kernel that is content" {
	printf '%s\n' 'Linux version 6.12' 'EXT4-fs (ubda): mounted filesystem' > "$log"
	run -0 "$scripts/results.py" complaints "$log"
	[[ ! $output ]]
}

@test "each kind of complaint" {
	while read -r line; do
		printf '%s\n' 'Linux version 6.12' "$line" > "$log"
		run -1 "$scripts/results.py" complaints "$log"
		[[ $output == "2:$line" ]]
	done <<-END
		WARNING: CPU: 0 PID: 9 at fs/x.c:1
		WARNING: possible circular locking dependency detected
		WARNING: inconsistent lock state
		BUG: KASAN: slab-use-after-free in x
		BUG: sleeping function called from invalid context at x
		INFO: task opcheck:40 blocked for more than 60 seconds.
		INFO: rcu_sched self-detected stall on CPU
		kernel BUG at fs/buffer.c:1!
		EXT4-fs error (device ubdb): ext4_x:1: bad
		JBD2: Error -5 detected when updating journal superblock
		Kernel panic - not syncing: x
	END
}
