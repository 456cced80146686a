#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# deps.sh GROUP...: install the Debian packages that a step needs and that are
# not there. Groups: series source build tools um x86_64 sparse lint boot stress
# fairness coverage bench fresh.
#
# Nothing is done for a tool that is already installed, from a package or not.

. "$(dirname "$0")/common.sh"

# Package, and the command or file that shows that its content is there.
group()
{
	case $1 in
	series) echo quilt quilt patch patch perl perl ;;
	source) echo xz-utils xz dpkg dpkg-deb ;;
	build)
		echo flex flex bison bison bc bc python3 python3 ccache ccache
		# gcc only recommends it.
		echo libc6-dev /usr/include/stdio.h
		;;
	tools) echo e2fsprogs mke2fs cpio cpio ;;
	um) ;;
	x86_64)
		echo qemu-system-x86 qemu-system-x86_64
		# objtool and certs/ are built for x86 only.
		echo libelf-dev /usr/include/gelf.h
		echo libssl-dev /usr/include/openssl/ssl.h
		;;
	sparse) echo sparse sparse ;;
	lint) echo perl perl shellcheck shellcheck bats bats ;;
	boot) echo e2fsprogs mke2fs busybox-static busybox cpio cpio ;;
	stress) echo fio fio stress-ng stress-ng ;;
	fairness) echo fio fio dmsetup dmsetup ;;
	coverage) echo lcov genhtml ;;
	fresh) echo debootstrap debootstrap ;;
	bench) echo gnuplot-nox gnuplot ;;
	*) die "unknown group $1; see scripts/deps.sh --help" ;;
	esac
}

missing()
{
	local package probe

	group "$1" | xargs -r -n 2 | while read -r package probe; do
		[[ -e $probe ]] || PATH=$PATH:/usr/sbin:/sbin command -v "$probe" > /dev/null ||
			echo "$package"
	done
}

apt()
{
	DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes apt-get -qq -o Acquire::Retries=3 \
		-o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" > /dev/null
}

known()
{
	local package

	for package; do
		[[ $(apt-cache policy "$package") == *Candidate:\ [0-9]* ]] || return 1
	done
}

packages=()
for name; do
	mapfile -t -O "${#packages[@]}" packages < <(missing "$name")
done
((${#packages[@]})) || exit 0

command -v apt-get > /dev/null ||
	die "missing: ${packages[*]}, and there is no apt-get; install them by hand"
((EUID == 0)) ||
	die "missing: ${packages[*]}; run 'apt-get install ${packages[*]}' as root"

say "installing ${packages[*]} (a minute or two)"
# The lists are fetched when they do not know a package, or know a version that
# the archive has replaced since.
known "${packages[@]}" || apt update || die "apt-get update fails; see above"
apt install -y --no-install-recommends "${packages[@]}" || {
	apt update && apt install -y --no-install-recommends "${packages[@]}"
} || die "apt-get cannot install ${packages[*]}; see above"
