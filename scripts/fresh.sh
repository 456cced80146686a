#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# fresh.sh [OPTIONS] [COMMAND]: run COMMAND, a line of shell, in a clone of what is
# committed here, on a machine that has nothing but gcc, make, git and apt. Without
# COMMAND: the two commands that README gives.
#   --debian=NAME   bookworm (Debian 12, the default) or trixie (13)
#   --prepare       make the machine, if it is not there yet, and run nothing
#
# The machine is a root directory made by debootstrap, kept as build/fresh/NAME.tar.
# Each run unpacks it anew, and enters it in mount, process and IPC namespaces of
# its own: what is mounted or started there ends with the run, however that ends.
# It shares this machine's network, compiler cache, and downloaded packages. Its
# results, logs and tables are left in build/fresh/NAME. Root is needed.
#
# The exit status is that of COMMAND, or 2 if it did not come to that.

. "$(dirname "$0")/common.sh"

debian=bookworm prepare=''
while [[ ${1-} == --* ]]; do
	case $1 in
	--debian=bookworm | --debian=trixie) debian=${1#*=} ;;
	--debian=*) die "no Debian '${1#*=}'; there are bookworm and trixie" ;;
	--prepare) prepare=1 ;;
	*) die "unknown option $1; see scripts/fresh.sh --help" ;;
	esac
	shift
done
(($# <= 1)) || die "one COMMAND, in quotes; see scripts/fresh.sh --help"
commands=("make boot" "make check")
((!$#)) || commands=("$1")

fresh=$BUILD/fresh
machine=$fresh/$debian.root
tarball=$fresh/$debian.tar
home=/root/write-aops

((EUID == 0)) || die "a machine of its own can only be made by root"
unshare --mount true 2> /dev/null ||
	die "mount namespaces are not to be had here; a container that may mount has them"
need_tools fresh
mkdir -p "$fresh"/{ccache,"$debian-packages/partial","$debian-debootstrap"} "$BUILD/debs"
exec {lock_fd}> "$fresh/.$debian.lock"
flock -n "$lock_fd" || die "another fresh.sh is at work on $debian; wait for it"

# It lets a root that is half made, or a run that was cut off, be known.
rm -rf --one-file-system "$machine"
at_exit+=("rm -rf --one-file-system '$machine'")

make_machine()
{
	local mirror

	need_space "$fresh" 2000
	mirror=$("$REPO/scripts/kernels.sh" mirror)
	say "making a machine of $debian (a minute or two; log: $fresh/$debian.log)"
	run debootstrap --variant=minbase --include=gcc,make,git \
		--cache-dir="$fresh/$debian-debootstrap" "$debian" "$machine" "$mirror" \
		> "$fresh/$debian.log" 2>&1 || {
		tail -n 5 "$fresh/$debian.log" >&2
		die "debootstrap cannot make $debian from $mirror; see above"
	}
	# debootstrap's own, of which apt fetches a newer one.
	rm -rf "$machine"/var/lib/apt/lists/* "$machine"/var/cache/apt/archives/*.deb
	tar -C "$machine" -cf "$tarball.new" .
	mv "$tarball.new" "$tarball"
}

# What a machine has besides its disk: a name server, a proxy, its clock.
furnish()
{
	cp -L /etc/resolv.conf /etc/hosts "$machine/etc"
	apt-config dump Acquire | grep -iE '::(Proxy|Check-)' > "$machine/etc/apt/apt.conf.d/90host" || true
	[[ ! $(git -C "$REPO" status --porcelain) ]] ||
		warn "there are uncommitted changes, which the clone has not"
	git clone -q --no-local "$REPO" "$machine$home" ||
		die "git clone fails; see above"
	mkdir -p "$machine$home/build/debs" "$machine/root/.cache/ccache" "$machine/var/cache/apt/archives"
}

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
exec env -i ${TERM:+TERM="$TERM"} ${CI:+CI="$CI"} ${SILENCE:+SILENCE="$SILENCE"} \
	HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	bash -c "$6"
'

run_in_machine()
{
	local rc=0 start=$SECONDS

	say "$debian: $1"
	run unshare --mount --pid --ipc --uts --fork --kill-child \
		bash -c "$enter" enter "$machine" "$cache" "$fresh/$debian-packages" \
		"$BUILD/debs" "$home" "$1" || rc=$?
	say "$debian: '$1' ended with status $rc ($((SECONDS - start)) s)"
	return $rc
}

# Of each run, as of any other, the latest.
# shellcheck disable=SC2317 # called at exit
keep_results()
{
	rm -rf "${fresh:?}/$debian"
	mkdir "$fresh/$debian"
	find "$machine$home/build" -maxdepth 1 \( -name '*.log' -o -name '*.txt' -o -name '*.tsv' \
		-o -name results \) -exec cp -r -t "$fresh/$debian" {} + 2> /dev/null || true
}

[[ -f $tarball ]] || make_machine
[[ ! $prepare ]] || exit 0
need_space "$fresh" 12000
mkdir -p "$machine"
tar -C "$machine" -xf "$tarball"
furnish
cache=$(ccache -k cache_dir 2> /dev/null) && mkdir -p "$cache" || cache=$fresh/ccache
at_exit+=(keep_results)
rc=0
for each in "${commands[@]}"; do
	run_in_machine "$each" || { rc=$?; break; }
done
exit $rc
