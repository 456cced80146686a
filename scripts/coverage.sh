#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# coverage.sh [--more] [GLOB...]: which of the lines and branches that the series adds
# or changes do the suites execute? Builds the patched kernel for UML with gcov, runs
# the suites that match in it, and prints a table per patch, then each line and branch
# that was not executed.
#   --more   add to what was executed before, by other suites
#
# tests/coverage-exceptions.txt says why no test reaches some. The report is kept in
# build/coverage/report.txt, index.html there shows it in the source. The exit status
# is 1 if less than 95 % of the lines or 90 % of the branches are executed or
# explained, or if a test fails. See Documentation/testing.rst.

. "$(dirname "$0")/common.sh"

more=''
while [[ ${1-} == --* ]]; do
	case $1 in
	--more) more=1 ;;
	*) die "unknown option $1; see scripts/coverage.sh --help" ;;
	esac
	shift
done

# How often a process of a kernel has left its counts: some leave theirs at boot, the
# kernel itself when it ends.
runs()
{
	find "$out" -name '*.gcda' -exec gcov-dump {} + 2> /dev/null |
		awk 'match($0, /runs=[0-9]+/) { n = substr($0, RSTART + 5, RLENGTH - 5) } END { print n + 0 }'
}

lock_build
need_tools coverage
tree=$BUILD/patched
out=$tree/.kunit-um-coverage
report=$BUILD/coverage
rc=0
# A kernel adds its counts to these as it ends.
[[ $more || ! -d $out ]] || find "$out" -name '*.gcda' -delete
before=$([[ ! -d $out ]] || runs)
run "$REPO/scripts/kunit.sh" --coverage patched "$@" || rc=$?
((rc < 2)) || exit $rc
[[ $(find "$out" -name '*.gcda' -print -quit) ]] || die "no kernel has left counts in $out"
# Each kernel leaves its counts as often, those that have only listed tests too.
globs=("${@:-*}")
kernels=$((${#globs[@]} + $(wc -l < "$BUILD/results/patched-um-coverage/suites")))
(($(runs) - ${before:-0} > 0 && ($(runs) - ${before:-0}) % kernels == 0)) || {
	warn "one of $kernels kernels has not left all its counts; run the suites again, with MORE=1 to keep these"
	rc=1
}

series_for "$(kernel_version "$tree")"
rm -rf "$report"
mkdir "$report"
"$REPO/scripts/coverage.py" "$tree" "$out" "$PATCHES" "$REPO/tests/coverage-exceptions.txt" \
	"$report/lines.info" > "$report/report.txt" || rc=$?
cat "$report/report.txt"
((rc < 2)) || exit $rc
genhtml --quiet --branch-coverage --no-function-coverage --prefix "$tree" \
	--title "Linux $(kernel_version "$tree") with the series" \
	--output-directory "$report" "$report/lines.info" || die "genhtml fails; see above"
say "coverage: $report/report.txt, and $report/index.html"
exit $rc
