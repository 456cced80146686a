#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# sanitize.sh [--minutes=N]: build the patched kernel for UML with KASAN,
# PROVE_LOCKING and DEBUG_ATOMIC_SLEEP, run all suites in it and then
# scripts/stress.sh for N minutes (2), and count what the three report. The exit
# status is 1 if they report anything, or a test fails.

. "$(dirname "$0")/common.sh"

minutes=2
while (($#)); do
	case $1 in
	--minutes=*) minutes=${1#*=} ;;
	*) die "unknown option $1; see scripts/sanitize.sh --help" ;;
	esac
	shift
done
[[ $minutes =~ ^[1-9][0-9]*$ ]] || die "'$minutes' is not a number of minutes"

lock_build
logs=$BUILD/results/patched-um-sanitize
rc=0
run "$REPO/scripts/kunit.sh" --sanitize patched || rc=$?
((rc < 2)) || exit $rc
# What KASAN keeps, so as to see that it is used after it was freed, has to fit.
run "$REPO/scripts/stress.sh" --minutes="$minutes" --memory=256 \
	"$BUILD/patched/.kunit-um-sanitize/linux" || rc=$?

# A kernel that had them off would have nothing to report either.
config=$BUILD/patched/.kunit-um-sanitize/.config
for option in KASAN PROVE_LOCKING DEBUG_ATOMIC_SLEEP; do
	grep -qx "CONFIG_$option=y" "$config" || die "$config does not have $option"
done

# reports PATTERN FILE...: how many there are in all.
reports()
{
	cat "${@:2}" | grep -cE "$1" || true
}

total=0
printf '\n%-24s %8s %8s\n' reports suites stress
while read -r name pattern; do
	suites=$(reports "$pattern" "$logs"/*.log)
	stress=$(reports "$pattern" "$BUILD/stress.log")
	printf '%-24s %8d %8d\n' "$name" "$suites" "$stress"
	total=$((total + suites + stress))
done <<-'END'
	KASAN BUG: KASAN
	PROVE_LOCKING WARNING: (possible|inconsistent|bad|suspicious|lock|nested)|BUG: (Invalid|held|MAX_)|INFO: (trying|lockdep is turned off)
	DEBUG_ATOMIC_SLEEP BUG: (sleeping|scheduling)
END
((!total && !rc)) || {
	say "sanitize: $total reports, and the tests ended with $rc"
	exit 1
}
say "sanitize: no reports"
