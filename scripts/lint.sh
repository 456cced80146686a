#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# lint.sh: checkpatch on every patch and every file of the suites, shellcheck on
# the scripts, and each series file against what is in its directory and in the
# others. A patch that only one kernel has says so in its header: Only-for: 6.12

. "$(dirname "$0")/common.sh"

lock_build
"$REPO/scripts/tree.sh" base
need_tools lint
failed=0

# check NAME COMMAND...: shows what the command says only if it fails.
check()
{
	local name=$1 output

	shift
	if output=$("$@" 2>&1); then
		result pass "$name"
	else
		result fail "$name"
		printf '   fail: %s\n     %s\n' "$name" "${output//$'\n'/$'\n'     }"
		failed=1
	fi
}

# No sign-off: the series has no author to sign for it. No MAINTAINERS entry:
# that is the project's own file.
# shellcheck disable=SC2317 # called by check, like the next one
checkpatch()
{
	local trace=()

	# TRACE_EVENT() is never written as checkpatch would have it.
	if [[ ${!#} == *.patch ]] && touched_by "${!#}" | grep -q '^include/trace/'; then
		trace=(--ignore=OPEN_ENDED_LINE --ignore=PARENTHESIS_ALIGNMENT)
	fi
	(cd "$BUILD/base" && perl scripts/checkpatch.pl --strict --quiet --no-summary \
		--ignore MISSING_SIGN_OFF,NO_AUTHOR_SIGN_OFF,FILE_PATH_CHANGES \
		${trace+"${trace[@]}"} "$@")
}

# As a mail: who, what, and why.
# shellcheck disable=SC2317
well_described()
{
	awk '
	/^From: ./ { from = 1 }
	/^Subject: / { subject = $0 }
	/^(---|diff |Index: )/ { exit }
	header_done && NF { body++ }
	/^$/ && subject { header_done = 1 }
	END {
		if (!from) print "no From: line"
		sub(/^Subject: (\[[^]]*\] )?/, "", subject)
		if (subject !~ /^[^ ]+: ./) print "no \"Subject: subsystem: what it does\" line"
		if (!body) print "no description"
		exit !(from && subject ~ /^[^ ]+: ./ && body)
	}' "$1"
}

# Has the patch a namesake for each other kernel that has its topic, or says why not?
# shellcheck disable=SC2317
has_namesakes()
{
	local name=${1##*/} dir=${1%/*} topic other missing=0

	! grep -qxF "Only-for: ${dir##*/}" "$1" || return 0
	for topic in $(topics); do
		of_topic "$topic" | grep -qxF "$name" || continue
		for other in "$REPO"/patches/*/; do
			! grep -qxF "# Topic: $topic" "$other/series" || [[ -f $other/$name ]] || {
				echo "patches/$(basename "$other") has none of that name"
				missing=1
			}
		done
	done
	return "$missing"
}

# As a mail, too: a subject, and why.
# shellcheck disable=SC2317
is_cover()
{
	awk 'NR == 1 && /^[^ ]+: ./ { subject = 1 } NR == 2 && NF { subject = 0 } NR > 2 && NF { body++ }
	     length > 75 { print "line " NR " is too long for a mail"; bad = 1 }
	     END { exit !subject || !body || bad }' "$1"
}

# The tests that a document names as suite.test.
# shellcheck disable=SC2317
names_tests()
{
	local suite test missing=0

	while IFS=. read -r suite test; do
		grep -qsE "KUNIT_CASE(_PARAM)?\(${test}[,)]" "$SUITES_DIR/$suite.c" ||
			{ echo "there is no test $suite.$test"; missing=1; }
	done < <(grep -oE '[a-z0-9_]+_write\.[a-z0-9_]{3,}' "$1" | sort -u)
	return "$missing"
}

# For the kernel whose series it is.
check_series()
{
	local name patch topic unlisted doubled dir

	series_for "$1"
	dir=patches/$1
	while read -r name; do
		patch=$PATCHES/$name
		check "series: $dir/$name exists" test -s "$patch"
		[[ -s $patch ]] || continue
		check "series: $dir/$name says what it is" well_described "$patch"
		check "checkpatch $dir/$name" checkpatch "$patch"
		check "series: $dir/$name has its like in the others" has_namesakes "$patch"
	done < <(series)

	unlisted=$(cd "$PATCHES" && find . -type f ! -name series ! -name '*.cover' | cut -c 3- | sort |
		comm -23 - <(series | sort))
	check "series: $dir/series lists every patch" test -z "$unlisted"
	[[ -z $unlisted ]] || echo "     not in $dir/series: $unlisted"
	doubled=$(series | sort | uniq -d)
	check "series: $dir/series lists no patch twice" test -z "$doubled"
	check "series: $dir/series has no patch before its first topic" test -z "$(of_topic '')"
	for topic in $(topics); do
		check "series: $dir/$topic.cover is a cover letter" is_cover "$PATCHES/$topic.cover"
	done
	check "series: each cover letter in $dir has a topic" \
		diff <(topics | sort) <(cd "$PATCHES" && find . -name '*.cover' | cut -c 3- | sed 's/\.cover$//' | sort)
}

check_sources()
{
	local file

	for file in "$SUITES_DIR"/{,bench/}{*.[ch],Kconfig,Makefile}; do
		file=${file#"$SUITES_DIR/"}
		check "checkpatch tests/kunit/$file" checkpatch --file "fs/write_kunit/$file"
	done
	for file in "$REPO"/tests/{boot,stress,crash}/*.[ch]; do
		check "checkpatch ${file#"$REPO/"}" checkpatch --file "$file"
	done
}

check_documents()
{
	local file

	cd "$REPO"
	for file in Documentation/*.rst; do
		check "tests named in $file" names_tests "$file"
	done
}

check_scripts()
{
	local file

	cd "$REPO"
	while read -r file; do
		check "shellcheck $file" shellcheck -x -P SCRIPTDIR "$file"
		[[ $file != scripts/*.sh || $file == scripts/@(common|guest|run).sh ]] ||
			check "help of $file" grep -q . <("./$file" --help)
	done < <(grep -rlE '^#!.*(bash|bats|/sh)|^# shellcheck shell=' scripts .ci tests | sort)
}

say "lint (a few minutes)"
# Beside each other; each ends with what it has found.
parts=()
for dir in "$REPO"/patches/*/; do
	(check_series "$(basename "$dir")"; exit $failed) &
	parts+=($!)
done
(check_sources; exit $failed) &
parts+=($!)
(check_documents; check_scripts; exit $failed) &
parts+=($!)
for part in "${parts[@]}"; do
	wait "$part" || failed=1
done
exit $failed
