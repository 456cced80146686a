#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# scripts/results.py: no test gets lost, however a kernel ends.

bats_require_minimum_version 1.5.0

setup()
{
	here=$BATS_TEST_DIRNAME/../..
	base=${BUILD:-$here/build}/base
	export RESULTS=$BATS_TEST_TMPDIR/results.txt
	run_dir=$BATS_TEST_TMPDIR/run
	mkdir "$run_dir"
	printf 's.%s\n' first param last > "$run_dir/tests"
	cat > "$run_dir/s.log" <<-END
		WARNING: CPU: 0 PID: 1 at boot
		KTAP version 1
		1..1
		    KTAP version 1
		    # Subtest: s
		    1..3
		    ok 1 first
		        KTAP version 1
		        # Subtest: param
		        ok 1 one byte
		        ok 2 1.5 pages # SKIP not here
		    # param: pass:1 fail:0 skip:1 total:2
		    ok 2 param
		    ok 3 last
		# s: pass:3 fail:0 skip:0 total:3
		ok 1 s
	END
}

results()
{
	local command=$1 quiet=()

	[[ $2 != --quiet ]] || { quiet=(--quiet); shift; }
	"$here/scripts/results.py" "$command" "${quiet[@]}" "$base" "${@:2}"
}

# died AFTER: the log ends with the line that matches.
died()
{
	sed -i "/$1/q" "$run_dir/s.log"
	echo 'Kernel panic - not syncing: boo' >> "$run_dir/s.log"
}

@test "counts tests down to parameters" {
	run -0 results counts "$run_dir"
	[[ ${lines[-1]} == "== kunit: 3 passed, 1 skipped" ]]
	diff "$RESULTS" - <<-END
		pass kunit s.first
		pass kunit s.param.one byte
		skip kunit s.param.1.5 pages
		pass kunit s.last
	END
}

@test "a test that fails" {
	sed -i 's/ok 3 last/not ok 3 last/; s/^ok 1 s/not &/' "$run_dir/s.log"
	run -1 results counts "$run_dir"
	grep -q '^fail kunit s.last$' "$RESULTS"
	[[ $(grep -c ^fail "$RESULTS") == 1 ]]
}

@test "a suite that fails where no test does" {
	sed -i 's/^ok 1 s/not &/' "$run_dir/s.log"
	run -1 results counts "$run_dir"
	grep -q '^fail kunit s$' "$RESULTS"
}

@test "a kernel that dies in a test" {
	died 'ok 1 first'
	run -1 results counts "$run_dir"
	grep -q '^fail kunit s.param: crash$' "$RESULTS"
	grep -q '^fail kunit s.last: not reached$' "$RESULTS"
	grep -q '^pass kunit s.first$' "$RESULTS"
}

@test "a kernel that dies among parameters" {
	died 'one byte'
	run -1 results counts "$run_dir"
	grep -q '^pass kunit s.param.one byte$' "$RESULTS"
	grep -q '^fail kunit s.param: crash$' "$RESULTS"
	grep -q '^fail kunit s.last: not reached$' "$RESULTS"
}

@test "a kernel that dies in the last test" {
	died 'ok 2 param'
	run -1 results counts "$run_dir"
	grep -q '^fail kunit s.last: crash$' "$RESULTS"
}

@test "a kernel that dies in the last parameter of the last test" {
	sed -i '1d' "$run_dir/tests" && sed -i '/last/d' "$run_dir/tests"
	sed -i '/ok 1 first/d; /ok 3 last/d; s/1\.\.3/1..1/; s/ok 2 param/ok 1 param/' "$run_dir/s.log"
	died '1.5 pages'
	run -1 results counts "$run_dir"
	grep -q '^fail kunit s.param: crash$' "$RESULTS"
}

@test "a kernel that dies before the first test" {
	died 'at boot'
	run -1 results counts "$run_dir"
	grep -q '^fail kunit s.first: crash$' "$RESULTS"
	[[ $(grep -c 'not reached$' "$RESULTS") == 2 ]]
}

@test "a kernel that complains during a test, not while it boots" {
	sed -i '/ok 1 first/a WARNING: CPU: 0 PID: 9 at fs/x.c:1 f+0x1/0x2' "$run_dir/s.log"
	run -1 results counts "$run_dir"
	# The same in each run: neither the process nor the address is.
	grep -q '^fail kunit s.(kernel log) WARNING: at fs/x.c:1 f$' "$RESULTS"
	[[ $(grep -c ^fail "$RESULTS") == 1 ]]
	# As newer kernels say it.
	sed -i 's/^WARNING: .* PID: 9.*/WARNING: fs\/x.c:1 at f+0x1\/0x2, CPU#1: a task\/9/' "$run_dir/s.log"
	run -1 results counts "$run_dir"
	[[ $output == *"fail: s.(kernel log) WARNING: fs/x.c:1 at f"$'\n'* ]]
}

@test "a warning that a test provokes, and another one" {
	sed -i -e '/ok 1 first/i # first: provokes a warning of fs/x.c' \
		-e '/ok 1 first/i WARNING: CPU: 0 PID: 9 at fs/x.c:1' \
		-e '/ok 1 first/a WARNING: CPU: 0 PID: 9 at fs/x.c:2' "$run_dir/s.log"
	run -1 results counts "$run_dir"
	grep -q '^fail kunit s.(kernel log) WARNING: .*x.c:2' "$RESULTS"
	[[ $(grep -c ^fail "$RESULTS") == 1 ]]
	sed -i 's/^WARNING: CPU.*PID: 9 at \(.*\)/WARNING: \1 at f+0x1\/0x2, CPU#0: a\/9/' "$run_dir/s.log"
	run -1 results counts "$run_dir"
	[[ $output == *"fail: s.(kernel log) WARNING: fs/x.c:2 at f"$'\n'* && $output != *x.c:1* ]]
}

@test "a parser that has to be told what to print with" {
	mkdir -p "$BATS_TEST_TMPDIR/tree/tools/testing"
	cp -r "$base/tools/testing/kunit" "$BATS_TEST_TMPDIR/tree/tools/testing"
	base=$BATS_TEST_TMPDIR/tree
	sed -i 's/^def parse_run_tests(\(.*\[str\]\)).*/def parse_run_tests(\1, printer):\n\tprinter.print_with_timestamp("")/' \
		"$base/tools/testing/kunit/kunit_parser.py"
	run -0 results counts "$run_dir"
	[[ $output == "== kunit: 3 passed, 1 skipped" ]]
}

@test "compare shows what differs, and what was not reached" {
	cp -r "$run_dir" "$run_dir.after"
	died 'ok 1 first'
	run -0 results compare "$run_dir" "$run_dir.after"
	grep -Eq '^s\.param +crash +pass$' <<< "$output"
	grep -Eq '^s\.param\.one byte +not reached +pass$' <<< "$output"
	grep -Eq '^s\.last +not reached +pass$' <<< "$output"
	run ! grep -q 's\.first' <<< "$output"
	run -1 results compare "$run_dir.after" "$run_dir"
}

@test "a kernel that was stopped did not crash" {
	died 'one byte'
	sed -i '$d' "$run_dir/s.log"
	printf '%s\n' '# param: still at it' '' \
		'write-aops: stopped: no sign of life for 300 s; SILENCE= raises the limit' >> "$run_dir/s.log"
	run -1 results counts "$run_dir"
	grep -q '^fail kunit s.param: no sign of life$' "$RESULTS"
	grep -q '^fail kunit s.last: not reached$' "$RESULTS"
	[[ ${lines[-1]} == "== kunit: 2 passed, 1 no sign of life, 1 not reached" ]]
	run ! grep crash "$RESULTS"
	run -1 results suite "$run_dir" s 321
	[[ ${lines[0]} =~ ^\ +s\ +2\ passed,\ 1\ no\ sign\ of\ life,\ 1\ not\ reached\ +321\ s$ ]]
	[[ $output == *"| # param: still at it"*"| write-aops: stopped: no sign of life for 300 s; SILENCE= raises the limit"* ]]
}

@test "a kernel that did not stop to say something" {
	died 'ok 2 param'
	sed -i '$d' "$run_dir/s.log"
	echo 'write-aops: stopped: too much output, 256 MiB' >> "$run_dir/s.log"
	run -1 results counts "$run_dir"
	grep -q '^fail kunit s.last: too much output$' "$RESULTS"
}

@test "a suite in a line, and what the kernel said in a test that fails" {
	run -0 results suite "$run_dir" s 7
	[[ ${#lines[@]} == 1 && $output =~ ^\ +s\ +3\ passed,\ 1\ skipped\ +7\ s$ ]]
	sed -i -e 's/ok 3 last/not ok 3 last/; s/^ok 1 s/not &/' \
		-e '/ok 3 last/i \    # last: EXPECTATION FAILED at s.c:9' \
		-e '/ok 1 first/i \    # first: all is well' "$run_dir/s.log"
	run -1 results suite "$run_dir" s 7
	[[ ${lines[0]} == *"2 passed, 1 failed, 1 skipped"* && ${lines[1]} == "     fail: s.last" ]]
	[[ $output == *"|     # last: EXPECTATION FAILED at s.c:9"* && $output != *"all is well"* ]]
	run -1 results suite --quiet "$run_dir" s 7
	[[ ${#lines[@]} == 1 ]]
}

@test "a kernel that was stopped after its last test is no success" {
	echo 'write-aops: stopped: no sign of life for 300 s; SILENCE= raises the limit' >> "$run_dir/s.log"
	run -1 results counts "$run_dir"
	grep -q '^fail kunit s.(kernel log) after the last test: no sign of life$' "$RESULTS"
}

@test "a log that is missing" {
	rm "$run_dir/s.log"
	run -2 results counts "$run_dir"
	[[ $output == "write-aops: error: $run_dir/s.log is missing; the run was cut off, start it again" ]]
}
