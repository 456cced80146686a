#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# scripts/compare.py: what differs between two kernels, and which is worse;
# scripts/compare.sh: what it refuses.
#
# shellcheck disable=SC2030,SC2031 # run sets output

bats_require_minimum_version 1.5.0

setup()
{
	here=$BATS_TEST_DIRNAME/../..
	base=${BUILD:-$here/build}/base
	cd "$BATS_TEST_TMPDIR" || exit
	unset RESULTS KDIR
	for kernel in old new; do
		mkdir $kernel
		printf 's.%s\n' one two three > $kernel/tests
		rows $kernel tmpfs/append/4k/ubuf 1000 ext4/cached/1k/ubuf 500 loop-tmpfs/append/4k/ubuf 700
	done
	log old ok ok 'not ok'
	log new ok ok 'not ok'
}

# log KERNEL RESULT RESULT RESULT
log()
{
	cat > "$1/s.log" <<-END
		KTAP version 1
		1..1
		    KTAP version 1
		    # Subtest: s
		    1..3
		    $2 1 one
		    $3 2 two
		    $4 3 three
		# s: pass:3 fail:0 skip:0 total:3
		$([[ $* == *not* ]] && echo 'not ')ok 1 s
	END
}

# rows KERNEL NAME INSTRUCTIONS...: for 4 KiB, of a pass of two.
rows()
{
	local log=$1.rows

	shift
	: > "$log"
	while (($#)); do
		echo "write_bench: row $1 8192 $(($2 * 2))" >> "$log"
		shift 2
	done
}

compare()
{
	"$here/scripts/compare.py" 2 table.tsv 6.1 "$base" old old.rows 6.2 "$base" new new.rows
}

@test "two kernels that are the same" {
	run -0 compare
	[[ ${lines[0]} == "3 tests are the same on both" ]]
	[[ ${lines[1]} == "3 rows are the same to a thousandth;"* ]]
	[[ ${lines[-1]} == "== 6.2 against 6.1: 0 tests and 0 rows are worse" ]]
}

@test "a test that fails on the new kernel, and one that does not fail any more" {
	log new ok 'not ok' ok
	run -1 compare
	grep -qE '^s\.two +pass +fail +worse$' <<< "$output"
	grep -qE '^s\.three +fail +pass +better$' <<< "$output"
	run ! grep -q 's\.one' <<< "$output"
	grep -qxF $'test\ts.two\tpass\tfail\t-\tworse' table.tsv
	grep -qxF $'test\ts.one\tpass\tpass\t-\t=' table.tsv
}

@test "a test that is new is no worse, unless it fails" {
	sed -i /two/d old/tests
	sed -i -e /two/d -e s/1..3/1..2/ -e 's/3 three/2 three/' old/s.log
	run -0 compare
	grep -qE '^s\.two +absent +pass +differs$' <<< "$output"
	log new ok 'not ok' 'not ok'
	run -1 compare
	grep -qE '^s\.two +absent +fail +worse$' <<< "$output"
}

@test "rows, the worst first, marked beyond the threshold" {
	rows new tmpfs/append/4k/ubuf 1015 ext4/cached/1k/ubuf 540 loop-tmpfs/append/4k/ubuf 900
	run -1 compare
	grep -qE '^ext4/cached/1k/ubuf +500 +540 +1.080 +worse$' <<< "$output"
	grep -qE '^tmpfs/append/4k/ubuf +1000 +1015 +1.015$' <<< "$output"
	grep -qE '^loop-tmpfs/append/4k/ubuf +700 +900 +1.286 +not judged$' <<< "$output"
	[[ $output == *loop-*ext4/*tmpfs/append/4k/ubuf\ *1015* ]]
	grep -qxF $'row\text4/cached/1k/ubuf\t500.0\t540.0\t1.0800\tworse' table.tsv
}

@test "a row that got better is no reason to fail" {
	rows new tmpfs/append/4k/ubuf 500 ext4/cached/1k/ubuf 500 loop-tmpfs/append/4k/ubuf 700
	run -0 compare
	grep -qE '^tmpfs/append/4k/ubuf +1000 +500 +0.500 +better$' <<< "$output"
}

@test "rows alone, and tests alone" {
	rm -r old new
	run -0 compare
	[[ $output != *tests\ are\ the\ same* && $output == *"3 rows"* ]]
	rm ./*.rows
	run -0 compare
	[[ $output == "== 6.2 against 6.1: 0 tests and 0 rows are worse" ]]
}

# refused WORDS ARGS...
refused()
{
	BUILD=$PWD/build run -2 "$here/scripts/compare.sh" "${@:2}"
	[[ $output == "write-aops: error: "*"$1"* && ${#lines[@]} == 1 ]]
}

@test "compare.sh refuses what it cannot do" {
	refused "give OLD and NEW"
	refused "give OLD and NEW" 6.12.95
	refused "unknown option --fast" --fast 1 2
	refused "'much' is not a number of percent" --more-than=much 1 2
}
