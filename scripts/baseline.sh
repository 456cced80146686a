#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# baseline.sh [GLOB...]: run the suites on the untouched and on the patched
# kernel, and show side by side every test that differs or fails. The table is
# kept in build/baseline.txt.
#
# Fails if a test fails on the patched kernel; on the untouched one it may.

. "$(dirname "$0")/common.sh"

lock_build
for name in base patched; do
	"$REPO/scripts/tree.sh" $name
done
for name in base patched; do
	run "$REPO/scripts/kunit.sh" --quiet $name "$@" || (($? == 1)) || exit 2
done
rc=0
"$REPO/scripts/results.py" compare "$BUILD/patched" "$BUILD/results/base-um" \
	"$BUILD/results/patched-um" > "$BUILD/baseline.txt" || rc=$?
cat "$BUILD/baseline.txt"
say "this table is in $BUILD/baseline.txt"
exit $rc
