#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# scripts/tree.sh and kernels.sh: what a tree is made from, on a machine that lacks
# the tools for it. The machine is a PATH with all commands but some, and an apt
# whose archive has two kernels of a few files each.
#
# shellcheck disable=SC2030,SC2031 # run sets output

bats_require_minimum_version 1.5.0

setup_file()
{
	here=$BATS_TEST_DIRNAME/../..
	export archive=$BATS_FILE_TMPDIR/archive
	mkdir "$archive"
	make_package 6.12.7-1
	make_package 6.12.9-1
	make_package 7.3.4-1
}

# make_package VERSION: of the kernel source, with the files that matter here.
make_package()
{
	local dir=$BATS_FILE_TMPDIR/$1 tree=$BATS_FILE_TMPDIR/$1/linux-source-6.12

	mkdir -p "$tree" "$dir/deb/DEBIAN" "$dir/deb/usr/src"
	(cd "${BUILD:-$here/build}/base" &&
		cp --parents -t "$tree" Makefile Kbuild fs/{Kconfig,Makefile} mm/filemap.c)
	patch -d "$tree" -p1 -R -s -F0 < "$here/tests/kunit/hook.patch"
	[[ $1 != 7.* ]] || sed -i 's/^VERSION = .*/VERSION = 7/; s/^PATCHLEVEL = .*/PATCHLEVEL = 3/' "$tree/Makefile"
	sed -i "s/^SUBLEVEL = .*/SUBLEVEL = $(cut -d . -f 3 <<< "${1%-*}")/" "$tree/Makefile"
	tar -C "$dir" -cJf "$dir/deb/usr/src/linux-source-6.12.tar.xz" linux-source-6.12
	printf '%s\n' 'Package: linux-source-6.12' "Version: $1" 'Architecture: all' \
		'Maintainer: a <a@b>' 'Description: a kernel' > "$dir/deb/DEBIAN/control"
	dpkg-deb -b "$dir/deb" "$archive/linux-source-6.12_$1_all.deb" > /dev/null
}

setup()
{
	((EUID == 0)) || skip "installs packages, if only in appearance"
	here=$BATS_TEST_DIRNAME/../..
	export BUILD=$BATS_TEST_TMPDIR/build bin=$BATS_TEST_TMPDIR/bin calls=$BATS_TEST_TMPDIR/calls
	unset KDIR TARBALL KERNEL MIRROR RESULTS WRITE_AOPS_LOCK
	mkdir "$bin"
	touch "$calls"
	# No quilt series of ours: its patches do not apply to so few files.
	repo=$BATS_TEST_TMPDIR/repo
	mkdir -p "$repo/tests" "$repo/patches/6.12"
	cp -r "$here/scripts" "$repo"
	cp -r "$here/tests/kunit" "$here/tests/bench" "$repo/tests"
	touch "$repo/patches/6.12/series"
	machine
}

# machine [COMMAND...]: without these. Its apt chats, as the real one does.
machine()
{
	local command

	rm -rf "${bin:?}"
	mkdir "$bin"
	find /usr/bin /usr/sbin /bin /sbin -maxdepth 1 ! -type d -exec ln -sf -t "$bin" {} +
	for command in apt-get apt-cache apt-config "$@"; do
		rm -f "$bin/$command"
	done
	cat > "$bin/apt-get" <<-'END'
		#!/bin/bash
		echo "apt-get $*" >> "$calls"
		echo "Reading package lists..."
		case " $* " in
		*" --print-uris "*)
			echo "'http://other/linux/debian/dists/bookworm/InRelease' other_InRelease 0 "
			echo "'${uri-http://mirror/debian}/dists/bookworm/InRelease' mirror_InRelease 0 "
			;;
		*" install "*)
			for package; do
				case $package in
				quilt | patch | perl) ln -sf "/usr/bin/$package" "$bin" ;;
				xz-utils) ln -sf /usr/bin/xz "$bin" ;;
				dpkg) ln -sf /usr/bin/dpkg-deb "$bin" ;;
				esac
			done
			echo "Setting up what was asked for ..."
			;;
		*" download "*) sleep "${pause-0}"; cp "$archive/${!#//=/_}_all.deb" . ;;
		*" update "*)
			[[ -e $bin/no-network ]] || exit 0
			echo "W: Some index files failed to download." >&2
			# Without this option it takes that for a success.
			[[ " $* " != *" --error-on=any "* ]] || exit 100
			;;
		esac
	END
	cat > "$bin/apt-cache" <<-'END'
		#!/bin/bash
		case " $* " in
		*" policy "*) echo "  Candidate: 1" ;;
		*" pkgnames "*) [[ -e $bin/no-network ]] || printf 'linux-source-6.12\nlinux-source\n' ;;
		*" madison "*)
			echo " linux-source-6.12 | 6.12.7-1 | http://mirror/debian bookworm/main amd64 Packages"
			echo " linux-source-6.12 | 7.3.4-1 | http://mirror/debian sid/main amd64 Packages"
			echo " linux-source-6.12 | 6.12.9-1 | http://mirror/debian sid/main amd64 Packages"
			;;
		esac
	END
	printf '#!/bin/bash\n' > "$bin/apt-config"
	chmod +x "$bin"/apt-*
}

on_machine()
{
	PATH=$bin "$repo/scripts/$1" "${@:2}"
}

# The commands of a group of deps.sh.
commands_of()
{
	sed -n "/^	$1)/,/;;/p" "$here/scripts/deps.sh" | tr -d ';' | grep -o 'echo .*' |
		xargs -n 1 | grep -v '^echo$' | awk 'NR % 2 == 0' | sed 's,.*/,,'
}

took()
{
	[[ $(cat "$BUILD/base/.write-aops-source") == "$1" ]]
}

@test "a machine that lacks any group of tools takes the same source" {
	for group in series source; do
		mapfile -t lacking < <(commands_of $group)
		((${#lacking[@]} > 1))
		machine "${lacking[@]}"
		rm -rf "$BUILD"
		run -0 on_machine tree.sh base
		[[ $output == *"== installing "* ]]
		took "KERNEL 6.12.9-1 linux-source-6.12"
		grep -qx 'SUBLEVEL = 9' "$BUILD/base/Makefile"
	done
}

@test "what is said is not what is read" {
	machine quilt xz
	run -0 --separate-stderr on_machine tree.sh base
	[[ ! $output ]]
	# shellcheck disable=SC2154 # run sets it
	[[ $stderr == *"== installing "* ]]
	run -0 --separate-stderr on_machine kernels.sh fetch 6.12
	[[ $output == "$BUILD/debs/linux-source-6.12_6.12.9-1_all.deb" ]]
}

@test "KERNEL= is the newest that matches, or that one" {
	run -0 --separate-stderr on_machine kernels.sh find 6.12
	[[ $output == "6.12.9-1 linux-source-6.12" ]]
	run -0 --separate-stderr on_machine kernels.sh find 6.12.7
	[[ $output == "6.12.7-1 linux-source-6.12" ]]
	run -0 --separate-stderr on_machine kernels.sh find 6.12.7-1
	[[ $output == "6.12.7-1 linux-source-6.12" ]]
	run -2 --separate-stderr on_machine kernels.sh find 6.1
	[[ $stderr == *"error: Debian's archive has no Linux 6.1; 'make kernels' lists what it has" ]]
	KERNEL=6.12.7 on_machine tree.sh base
	took "KERNEL 6.12.7-1 linux-source-6.12"
	# It stays until another one is named.
	on_machine tree.sh base
	took "KERNEL 6.12.7-1 linux-source-6.12"
	KERNEL=6.12 on_machine tree.sh base
	took "KERNEL 6.12.9-1 linux-source-6.12"
}

@test "the archive is asked once a day, a package is downloaded once" {
	on_machine kernels.sh fetch 6.12
	on_machine kernels.sh fetch 6.12
	[[ $(grep -c ' update --error' "$calls") == 1 && $(grep -c ' download ' "$calls") == 1 ]]
	touch -d '2 days ago' "$BUILD/apt/fetched"
	on_machine kernels.sh fetch 6.12
	[[ $(grep -c ' update --error' "$calls") == 2 && $(grep -c ' download ' "$calls") == 1 ]]
	MIRROR=http://elsewhere/debian on_machine kernels.sh fetch 6.12
	[[ $(grep -c ' update --error' "$calls") == 3 ]]
	grep -q 'http://elsewhere/debian-security trixie-security main' "$BUILD/apt/sources.list"
}

@test "a version that the archive has replaced since" {
	on_machine kernels.sh find 6.12
	mv "$archive/linux-source-6.12_6.12.9-1_all.deb" "$archive/gone"
	run -2 on_machine kernels.sh fetch 6.12.9
	mv "$archive/gone" "$archive/linux-source-6.12_6.12.9-1_all.deb"
	# It has asked once more, and left no half of a file.
	[[ $(grep -c ' update --error' "$calls") == 2 && ! $(ls -A "$BUILD/debs") ]]
	[[ $output == *"linux-source-6.12 6.12.9-1 cannot be downloaded; see above" ]]
}

@test "two that share the packages download at the same time" {
	mkdir -p "$BATS_TEST_TMPDIR"/{debs,b1,b2}
	for n in 1 2; do
		ln -s ../debs "$BATS_TEST_TMPDIR/b$n/debs"
	done
	export pause=1
	BUILD=$BATS_TEST_TMPDIR/b1 on_machine kernels.sh fetch 6.12.7 3>&- &
	sleep 0.5
	BUILD=$BATS_TEST_TMPDIR/b2 run -0 on_machine kernels.sh fetch 6.12.9
	wait $!
	[[ $(find "$BATS_TEST_TMPDIR/debs" -type f | wc -l) == 2 ]]
}

@test "a source that is none, or not one for the series, does not cost the trees" {
	on_machine tree.sh base
	touch -d '1 year ago' "$BUILD/base/canary"
	echo nothing > "$BATS_TEST_TMPDIR/x.tar"
	TARBALL=$BATS_TEST_TMPDIR/x.tar run -2 on_machine tree.sh base
	[[ $output == *"is it a kernel source tarball?" && -e $BUILD/base/canary ]]
	KERNEL=7.3 run -2 on_machine tree.sh patched
	[[ $output == *"KERNEL=7.3 is Linux 7.3.4 and the series is for 6.12.y"* && -e $BUILD/base/canary ]]
	[[ ! -e $BUILD/debs/linux-source-6.12_7.3.4-1_all.deb ]]
}

# refuses WORDS: all that is said is one line of error.
refuses()
{
	run -2 on_machine tree.sh "${@:2}"
	[[ ${#lines[@]} == 1 && $output == "write-aops: error: $1"* ]]
}

@test "a kernel without a series is for the suites alone" {
	KERNEL=7.3 run -0 on_machine tree.sh base
	[[ ${lines[-1]} == "== build/base: Linux 7.3.4, untouched; there is no series for it" ]]
	took "KERNEL 7.3.4-1 linux-source-6.12"
	grep -q write_kunit "$BUILD/base/fs/Makefile"
	# It stays until another one is named, also for those that want the series.
	refuses "$BUILD/base is Linux 7.3.4 and the series is for 6.12.y; " patched
	refuses "$BUILD/base is Linux 7.3.4 and the series is for 6.12.y; " --strict work
	KDIR=$BUILD/base refuses "$BUILD/base is Linux 7.3.4 and the series is for 6.12.y; " patched
	took "KERNEL 7.3.4-1 linux-source-6.12"
	run -0 on_machine tree.sh base
	KERNEL=6.12 run -0 on_machine tree.sh base
	[[ ${lines[-1]} == "== build/base: Linux 6.12.9, untouched" ]]
}

@test "a kernel that is too old for the suites" {
	on_machine tree.sh base
	on_machine series.sh unapply "$BUILD/base"
	sed -i 's/^PATCHLEVEL = .*/PATCHLEVEL = 11/' "$BUILD/base/Makefile"
	mv "$BUILD/base" "$BATS_TEST_TMPDIR/old"
	KDIR=$BATS_TEST_TMPDIR/old refuses \
		"$BATS_TEST_TMPDIR/old is Linux 6.11.9 and the suites are for 6.12 and later" base
}

@test "a mirror out of a list of mirrors" {
	printf '# near\nhttps://near/debian\thigh\nhttps://far/debian\n' > "$BATS_TEST_TMPDIR/mirrors"
	export uri=mirror+file:$BATS_TEST_TMPDIR/mirrors
	run -0 on_machine kernels.sh mirror
	[[ $output == https://near/debian ]]
}

@test "this machine's lists and configuration stay as they are" {
	on_machine kernels.sh fetch 6.12
	grep -qx "Dir::State::lists \"$BUILD/apt/lists\";" "$BUILD/apt/apt.conf"
	grep -qx 'Dir::Etc::parts "/dev/null";' "$BUILD/apt/apt.conf"
	run ! grep -q other "$BUILD/apt/sources.list"
}

# fails_with WORDS: one line of error, and nothing that looks like a tree.
fails_with()
{
	run -2 --separate-stderr on_machine tree.sh base
	[[ $(grep -c '^write-aops: error: ' <<< "$stderr") == 1 && $stderr == *"$1"* && ! $output ]]
	[[ ! -e $BUILD/base && ! -e $BUILD/.unpack ]]
}

@test "what there is to do where there is no network, no apt, or no mirror" {
	touch "$bin/no-network"
	fails_with "package lists cannot be fetched; see above, or give KDIR= or TARBALL="
	rm "$bin/no-network"
	KERNEL=6.12.8 fails_with "no Linux 6.12.8"
	KERNEL=6.12 KDIR=/ fails_with "KDIR= and KERNEL= are given; give one"
	rm "$bin/apt-get"
	fails_with "there is no apt-get, which finds the kernel source; give KDIR= or TARBALL="
	printf '#!/bin/bash\n' > "$bin/apt-get"
	chmod +x "$bin/apt-get"
	fails_with "has no mirror of Debian; set MIRROR= to one"
}

@test "a package that is damaged" {
	mkdir -p "$BUILD/debs"
	echo nothing > "$BUILD/debs/linux-source-6.12_6.12.9-1_all.deb"
	fails_with "remove it to have it downloaded again"
}
