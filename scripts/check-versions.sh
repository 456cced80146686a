#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# check-versions.sh [KERNEL]: does the series apply, with no fuzz, to every release
# of its kernel that Debian's archive offers, or to those that KERNEL matches (6.12)?
# See scripts/kernels.sh for the suites. The packages (140 MB each) are kept in
# build/debs.

. "$(dirname "$0")/common.sh"

lock_build
need_tools series source
kernel=${1:-${KERNEL:-6.12}}
series_for "$kernel"
need_series
kernels=$("$REPO/scripts/kernels.sh" list "$kernel")
mapfile -t versions < <(awk '{ print $1 }' <<< "$kernels")
mkdir -p "$BUILD/versions"
need_space "$BUILD" 500
failed=0

# The files that matter out of a package. Those that the series adds are not in
# it, which tar tells with a bad status.
extract()
{
	rm -rf "$2"
	mkdir -p "$2"
	"$REPO/scripts/kernels.sh" unpack "$1" "$2" "${members[@]}" 2> /dev/null || true
	check_kernel_tree "$2"
}

mapfile -t patches < <(series_files)
mapfile -t members < <({
	printf '%s\n' Makefile Kbuild mm/filemap.c
	touched_by "$HOOK" ${patches+"${patches[@]}"}
} | sort -u)
say "${#versions[@]} packages of the kernel's source (half a minute each)"
for version in "${versions[@]}"; do
	tree=$BUILD/versions/$version
	deb=$("$REPO/scripts/kernels.sh" fetch "$version")
	extract "$deb" "$tree"
	if "$REPO/scripts/series.sh" apply "$tree" > "$BUILD/versions.log" 2>&1; then
		printf '   %-24s applies\n' "$version"
		result pass "version $version"
	else
		printf '   %-24s DOES NOT APPLY\n' "$version"
		tail -n 3 "$BUILD/versions.log" | sed 's/^/     /'
		result fail "version $version"
		failed=1
	fi
	rm -rf "$tree"
done
exit $failed
