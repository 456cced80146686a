#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# check-versions.sh: does the series apply, with no fuzz, to every version of
# linux-source-6.12 that the package archive offers? The packages (140 MB each)
# are kept in build/debs.

. "$(dirname "$0")/common.sh"

lock_build
need_tools series versions
command -v apt-cache > /dev/null || die "there is no apt-cache; this needs Debian's archive"
mapfile -t versions < <(apt-cache madison linux-source-6.12 | awk '{ print $3 }' | sort -uV)
((${#versions[@]})) || die "the archive has no linux-source-6.12; run 'apt-get update' as root"
mkdir -p "$BUILD/debs" "$BUILD/versions"
need_space "$BUILD" $((200 * ${#versions[@]}))
failed=0

fetch()
{
	local deb="linux-source-6.12_${1//:/%3a}_all.deb"

	cd "$BUILD/debs"
	[[ -f $deb ]] || {
		# Half a file has another name.
		rm -rf part
		mkdir part
		(cd part && apt-get -qq -o APT::Sandbox::User=root -o Acquire::Retries=3 \
			download "linux-source-6.12=$1") &&
			mv part/*.deb "$deb" && rmdir part || return
	}
	echo "$PWD/$deb"
}

# The files that matter out of a tarball in a package. Those that the series
# adds are not in it, which tar tells with a bad status.
extract()
{
	local tree=$BUILD/versions/$2

	rm -rf "$tree"
	mkdir -p "$tree"
	dpkg-deb --fsys-tarfile "$1" | tar -xO ./usr/src/linux-source-6.12.tar.xz |
		tar -C "$tree" --strip-components=1 -xJ "${members[@]}" 2> /dev/null || true
	check_kernel_tree "$tree"
}

mapfile -t patches < <(series_files)
mapfile -t members < <({
	printf '%s\n' Makefile Kbuild mm/filemap.c
	touched_by "$HOOK" ${patches+"${patches[@]}"}
} | sort -u | sed 's,^,linux-source-6.12/,')
say "${#versions[@]} versions of linux-source-6.12 (a minute each the first time)"
for version in "${versions[@]}"; do
	deb=$(fetch "$version") || die "cannot fetch linux-source-6.12 $version; see above"
	extract "$deb" "$version"
	if "$REPO/scripts/series.sh" apply "$BUILD/versions/$version" > "$BUILD/versions.log" 2>&1; then
		printf '   %-24s applies\n' "$version"
		result pass "version $version"
	else
		printf '   %-24s DOES NOT APPLY\n' "$version"
		sed 's/^/     /' "$BUILD/versions.log"
		result fail "version $version"
		failed=1
	fi
	rm -rf "$BUILD/versions/$version"
done
exit $failed
