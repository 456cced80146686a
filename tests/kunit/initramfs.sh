#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# initramfs.sh FILE: make an initramfs of mke2fs, e2fsck and their kin, for the
# suites that write to real file systems. They skip without it. Give it to
#   kunit.py run --kernel_args=initrd=FILE ...
#   kunit.py run --arch=x86_64 --qemu_args='-initrd FILE' ...
# with a FILE that has no spaces in its name.

set -euo pipefail
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin

die()
{
	printf 'initramfs.sh: error: %s\n' "$*" >&2
	exit 2
}

if [[ $# != 1 || $1 == -* || ! $1 ]]; then
	[[ ${1-} == --help || ${1-} == -h ]] || die "give one FILE; see initramfs.sh --help"
	awk 'NR > 3 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"
	exit
fi

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"
mkdir "$root/dev" "$root/etc" "$root/sbin"
# They want to see that nothing is mounted, and a file of this name, which they
# do not use.
touch "$root/etc/mtab" "$root/dev/null"

for tool in mke2fs e2fsck tune2fs dumpe2fs debugfs; do
	program=$(command -v "$tool") || die "there is no $tool; install e2fsprogs"
	cp -L "$program" "$root/sbin"
	# The shared libraries, and the loader, at the paths where they are sought.
	ldd "$program" | grep -o '/[^ ]*' | (cd / && xargs -r cp -L --parents -t "$root")
done

command -v cpio > /dev/null || die "there is no cpio; install cpio"
(cd "$root" && find . | sort | cpio --quiet -o -H newc -R 0:0) > "$1.new"
mv "$1.new" "$1"
