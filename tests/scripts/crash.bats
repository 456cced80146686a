#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# tests/crash/crashcheck: a crash is what a disk can do, and what it may not
# leave behind is found.

bats_require_minimum_version 1.5.0

setup_file()
{
	here=$BATS_TEST_DIRNAME/../..
	export crashcheck=$BATS_FILE_TMPDIR/crashcheck
	"${CC:-gcc}" -O2 -o "$crashcheck" "$here"/tests/crash/{crashcheck,replay,judge,history}.c
}

setup()
{
	cd "$BATS_TEST_TMPDIR" || exit
	mkdir files
	seed=7
}

# state DONE: the files as they are after so many actions.
state()
{
	rm -rf files
	mkdir files
	"$crashcheck" files "$seed" "$1" files
}

# judge RULE DONE: after DONE actions.
judge()
{
	"$crashcheck" judge "$1" "$seed" "$2" files
}

@test "the files as they were, at each moment and by each rule" {
	for done in 0 1 2 10 57 100 199; do
		state $done
		for rule in ordered writeback journal; do
			run -0 judge $rule $done
		done
	done
}

@test "the action that was going on may be done" {
	state 61
	run -0 judge journal 60
}

@test "what is still to be done is not there" {
	for done in 40 80 120; do
		state $((done + 12))
		run -1 judge ordered $done
		run -1 judge journal $done
	done
}

@test "what was synced is not lost" {
	for done in 40 80 120; do
		state $((done - 35))
		run -1 judge ordered $done
		run -1 judge writeback $done
	done
}

# The largest file, in which there is room for harm.
largest()
{
	find files -type f -printf '%s %p\n' | sort -n | tail -n 1 | cut -d ' ' -f 2
}

@test "a byte that was never there" {
	state 100
	printf 'Z' | dd of="$(largest)" bs=1 seek=4000 conv=notrunc status=none
	run -1 judge ordered 100
	[[ $output == *"1 bytes cannot be there, the first at 4000 is 0x5a"* ]]
	run -1 judge journal 100
}

@test "a block from another place of the same file" {
	state 100
	file=$(largest)
	dd if="$file" of=block bs=1k skip=1 count=1 status=none
	dd if=block of="$file" bs=1k seek=3 conv=notrunc status=none
	run -1 judge ordered 100
}

@test "a file that nobody made" {
	state 100
	touch files/other
	run -1 judge writeback 100
}

# The files of two moments between which nothing was synced: any order of writes
# may bring them about, but no journal of data.
@test "files of two moments" {
	mixed=0
	for ((done = 20; done < 200 && mixed < 3; done++)); do
		state $((done - 4))
		mv files old
		state $done
		for file in files/*; do
			[[ -f old/${file#files/} ]] || continue
			cp "$file" keep
			cp "old/${file#files/}" "$file"
			if judge ordered $done > /dev/null && ! cmp -s keep "$file" &&
				! judge journal $done > /dev/null; then
				mixed=$((mixed + 1))
			fi
			cp keep "$file"
		done
		rm -rf old
	done
	((mixed == 3))
}

# entry SECTOR SECTORS FLAGS DATA: as the target logs it.
entry()
{
	perl -e '
		my ($sector, $n, $flags, $data) = @ARGV;
		print pack("Q<4 a480", $sector, $n, $flags, length $data, $flags & 8 ? $data : "");
		print $data x (512 * $n) unless $flags & 8;
	' -- "$@" >> log
}

make_log()
{
	perl -e 'print pack("Q<3 L< x484", 0x6a736677736872, 1, 9, 512)' > log
	entry 0 1 0 a
	entry 1 1 0 a
	entry 0 0 1 ''
	entry 0 0 8 1
	entry 0 1 0 b
	entry 1 1 2 b
	entry 2 1 0 c
	entry 0 0 1 ''
	entry 0 0 8 2
	truncate -s 1M log
}

# disk POINT HOW SEED: the first byte of each sector then.
disk()
{
	printf '%1536s' '' > image
	"$crashcheck" replay log image "$1" "$2" "$3"
	for sector in 0 1 2; do
		dd if=image bs=1 skip=$((sector * 512)) count=1 status=none
	done
}

@test "a log is replayed up to any entry" {
	make_log
	run -0 "$crashcheck" log log
	[[ $output == "9 3 2" ]]
	[[ $(disk 1 all 0) == $'0\na  ' ]]
	[[ $(disk 4 all 0) == $'1\naa ' ]]
	[[ $(disk 7 all 0) == $'1\nbbc' ]]
	[[ $(disk 9 all 0) == $'2\nbbc' ]]
}

@test "a disk loses what was not flushed, and nothing else" {
	make_log
	for seed in {1..40}; do
		disk 7 cache "$seed"
		echo
	done > seen
	# Flushed was "aa", and "b" went to the second sector past the cache.
	[[ $(grep -v '^1$' seen | sort -u | tr '\n' ,) == 'ab ,abc,bb ,bbc,' ]]
	for seed in {1..40}; do
		[[ $(disk 9 cache "$seed") == $'2\nbbc' ]]
	done
}

@test "a disk that lies loses what was flushed" {
	make_log
	for seed in {1..40}; do
		disk 9 lies "$seed"
		echo
	done > seen
	grep -q '^  *b' seen
}

@test "a log that is none, or is cut off" {
	make_log
	truncate -s 2k log
	run -2 "$crashcheck" log log
	[[ $output == *"ends in entry"* ]]
	head -c 4k /dev/zero > log
	run -2 "$crashcheck" log log
}
