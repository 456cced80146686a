#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# fresh.sh [OPTIONS] [COMMAND]: run COMMAND, a line of shell, in a clone of what is
# committed here, on a machine that has nothing but gcc, make, git and apt. Without
# COMMAND: the two commands that README gives.
#   --debian=NAME   bookworm (Debian 12, the default) or trixie (13)
#
# The machine is a root directory made by debootstrap, kept as build/fresh/NAME.tar
# for a month. Each run unpacks it anew, and enters it in mount, process and IPC
# namespaces of its own: what is mounted or started there ends with the run, however
# that ends. It shares this machine's network, compiler cache, and downloaded
# packages, and gets KERNEL=, MIRROR=, SILENCE= and V=. Its results, logs and tables
# are left in build/fresh/NAME. Root is needed.
#
# The exit status is that of COMMAND, or 125 if no machine can be made here.

. "$(dirname "$0")/common.sh"

debian=bookworm
while [[ ${1-} == --* ]]; do
	case $1 in
	--debian=bookworm | --debian=trixie) debian=${1#*=} ;;
	--debian=*) die "no Debian '${1#*=}'; there are bookworm and trixie" ;;
	*) die "unknown option $1; see scripts/fresh.sh --help" ;;
	esac
	shift
done
(($# <= 1)) || die "one COMMAND, in quotes; see scripts/fresh.sh --help"
commands=("make boot" "make check")
((!$#)) || commands=("$1")
[[ ! ${KDIR-} && ! ${TARBALL-} ]] || die "the machine has no KDIR= or TARBALL=; KERNEL= names a source"

fresh=$BUILD/fresh
machine=$fresh/$debian.root
tarball=$fresh/$debian.tar
home=/root/write-aops

# No machine: one line, too, and a status that says so.
no_machine()
{
	(die "$@") || exit 125
}

((EUID == 0)) || no_machine "a machine of its own can only be made by root"
unshare --mount true 2> /dev/null ||
	no_machine "mount namespaces are not to be had here; a container that may mount has them"
(need_tools fresh) || exit 125
mkdir -p "$fresh"/{"$debian-packages/partial","$debian-debootstrap"} "$BUILD/debs"
exec {lock_fd}> "$fresh/.$debian.lock"
flock -n "$lock_fd" || die "another fresh.sh is at work on $debian; wait for it"
# Not what an earlier run has left.
rm -rf --one-file-system "$machine" "${fresh:?}/$debian"
at_exit+=("rm -rf --one-file-system ${machine@Q}")

make_machine()
{
	need_space "$fresh" 2000
	say "making a machine of $debian (a minute or two; log: $fresh/$debian.log)"
	mkdir -p "$machine"
	# What it mounts there ends with it. It knows no spaces in names.
	# shellcheck disable=SC2016
	run unshare --mount bash -c 'mount --bind "$1" /mnt && exec debootstrap --variant=minbase \
			--include=gcc,make,git --cache-dir="$2" "$3" /mnt "$4"' \
		debootstrap "$machine" "$fresh/$debian-debootstrap" "$debian" "$mirror" \
		> "$fresh/$debian.log" 2>&1 || {
		tail -n 5 "$fresh/$debian.log" >&2
		no_machine "debootstrap cannot make $debian from $mirror; see above"
	}
	# debootstrap's own, of which apt fetches newer ones.
	rm -rf "$machine"/var/lib/apt/lists/* "$machine"/var/cache/apt/archives/*.deb
	tar -C "$machine" -cf "$tarball.new" .
	mv "$tarball.new" "$tarball"
	rm -rf --one-file-system "$machine"
}

# What a machine has besides its disk: a mirror, a name server, a proxy.
furnish()
{
	echo "deb $mirror $debian main" > "$machine/etc/apt/sources.list"
	apt-config dump Acquire | sed -nE '/Auto-Detect/!{ /::(Proxy|Check-)/p }' \
		> "$machine/etc/apt/apt.conf.d/90host"
	for each in /etc/resolv.conf /etc/hosts; do
		[[ ! -f $each ]] || cp -L "$each" "$machine/etc"
	done
	[[ ! $(git -c safe.directory='*' -C "$REPO" status --porcelain) ]] ||
		warn "there are uncommitted changes, which the clone has not"
	# It may be somebody else's, as in a container.
	git clone -q --no-local -u 'git -c safe.directory=* upload-pack' "$REPO" "$machine$home" ||
		die "git clone fails; see above"
	mkdir -p "$machine$home/build/debs" "$machine/root/.cache/ccache" "$machine/var/cache/apt/archives"
}

# Of the environment, what a command there may need.
environment=(HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)
for each in TERM CI KERNEL MIRROR SILENCE VERBOSE {http,https,ftp,no}_proxy; do
	[[ ! ${!each-} ]] || environment+=("$each=${!each}")
done

# In the namespaces, before the machine's own root is entered.
# shellcheck disable=SC2016 # what it is given expands there
enter='
set -e
cd "$1"
mount --bind . .
cd "$1"
mount -t proc proc proc
mount -t tmpfs -o mode=755 dev dev
for node in null zero full random urandom tty; do
	touch dev/$node
	mount --bind /dev/$node dev/$node
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
mount -t tmpfs -o mode=1777 shm dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s fd/0 dev/stdin
ln -s fd/1 dev/stdout
ln -s fd/2 dev/stderr
mount -t tmpfs -o mode=1777 tmp tmp
mount --bind "$2" root/.cache/ccache
mount --bind "$3" var/cache/apt/archives
mount --bind "$4" ".$5/build/debs"
pivot_root . mnt
cd "$5"
umount -l /mnt
shift 5
exec env -i "$@"
'

# in_machine COMMAND: a line of shell.
in_machine()
{
	run unshare --mount --pid --ipc --uts --fork --kill-child \
		bash -c "$enter" enter "$machine" "$cache" "$fresh/$debian-packages" "$BUILD/debs" \
		"$home" "${environment[@]}" bash -c "$1"
}

# Of each run, as of any other, the latest.
# shellcheck disable=SC2317 # called at exit
keep_results()
{
	mkdir -p "$fresh/$debian"
	find "$machine$home/build" -maxdepth 1 \( -name '*.log' -o -name '*.txt' -o -name '*.tsv' \
		-o -name results \) -exec cp -r -t "$fresh/$debian" {} + 2> /dev/null || true
}

mirror=$("$REPO/scripts/kernels.sh" mirror) || exit 125
[[ $(find "$tarball" -mtime -30 2> /dev/null) ]] || make_machine
need_space "$fresh" 12000
mkdir -p "$machine"
tar -C "$machine" -xf "$tarball"
furnish
# Where ccache has it, or will have it once it is installed here.
cache=$(ccache -k cache_dir 2> /dev/null) || cache=${CCACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/ccache}
mkdir -p "$cache"
in_machine true || no_machine "the machine cannot be entered; see above"
at_exit+=(keep_results)
for each in "${commands[@]}"; do
	say "$debian: $each"
	in_machine "$each" || exit
done
