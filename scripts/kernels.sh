#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# kernels.sh list [KERNEL]   the kernel sources that Debian's archive has
# kernels.sh find KERNEL     package and version of the newest one that matches
# kernels.sh fetch KERNEL    download it to build/debs, and print its path
# kernels.sh mirror          the mirror of Debian that this machine's apt uses
# kernels.sh unpack DEB DIR [FILE...]
#                            the kernel tree in such a package, or these files of it
#
# KERNEL is 6.12, which means the newest 6.12.y, or a release, 6.12.107, or the
# version of a package, 6.12.107-1~deb12u1. The suites that are looked at are
# release, security, updates and backports of Debian 12 and 13, and sid, whatever
# this machine runs. apt does that in a folder of its own, build/apt: this machine's
# package lists stay as they are, and root is not needed. Mirror, proxy and keys are
# those that this machine's apt is configured with; MIRROR= names another mirror.

. "$(dirname "$0")/common.sh"

usage="see scripts/kernels.sh --help"
folder=$BUILD/apt

private_apt()
{
	APT_CONFIG=$folder/apt.conf "apt-$1" -qq "${@:2}"
}

# The mirror, and that of the security suites, by the names of Debian's suites: other
# archives have others. What this prints of them apt knows without its lists.
mirrors()
{
	local mirror=${MIRROR-} security='' uri

	while [[ ! ${MIRROR-} ]] && read -r uri; do
		# A file of mirrors, of which one will do.
		[[ $uri != mirror+file:* ]] || uri=$(grep -Eom 1 '^https?://[^[:space:]]+' \
			"$(sed -E 's,^mirror\+file:(.*)/dists/.*,\1,' <<< "$uri")")/dists/${uri##*/dists/} || continue
		[[ $uri =~ ^(https?|ftp)://[^/]+/debian(-security)?/+dists/ ]] || continue
		if [[ $uri == *-security/InRelease ]]; then
			security=${security:-${uri%%/dists/*}}
		else
			mirror=${mirror:-${uri%%/dists/*}}
		fi
	done < <(apt-get --print-uris update 2> /dev/null | sed -n "s/^'\([^']*\/InRelease\)'.*/\1/p" |
		grep -E '/dists/((old)?stable|testing|unstable|sid|bookworm|trixie|forky)(-[a-z]+)*/InRelease$')
	[[ $mirror ]] ||
		die "this machine's apt has no mirror of Debian; set MIRROR= to one, or give KDIR= or TARBALL="
	mirror=${mirror%/}
	echo "$mirror ${security:-$mirror-security}"
}

# Lines of a sources.list, with these options.
sources()
{
	local both mirror security release

	both=$(mirrors)
	read -r mirror security <<< "$both"
	for release in bookworm trixie; do
		printf "deb $1%s %s main\n" "$mirror" $release "$mirror" $release-updates \
			"$mirror" $release-backports "$security" $release-security
	done
	echo "deb $1$mirror sid main"
}

configure()
{
	local keys=/usr/share/keyrings/debian-archive-keyring.gpg options=''

	command -v apt-get > /dev/null ||
		die "there is no apt-get, which finds the kernel source; give KDIR= or TARBALL="
	mkdir -p "$folder"/{lists,archives}/partial
	[[ -f $folder/status ]] || : > "$folder/status"
	[[ ! -f $keys ]] || options="[signed-by=$keys] "
	sources "$options" > "$folder/sources.new"
	# Lists are older than another mirror, not than the same one.
	cmp -s "$folder/sources.new" "$folder/sources.list" ||
		mv "$folder/sources.new" "$folder/sources.list"
	{
		# Proxies and the like. Not the rest: it has hooks that change this machine.
		apt-config dump Acquire | sed '/^Acquire::IndexTargets/d'
		cat <<-END
			Dir::Etc::main "/dev/null";
			Dir::Etc::parts "/dev/null";
			Dir::Etc::sourcelist "$folder/sources.list";
			Dir::Etc::sourceparts "/dev/null";
			Dir::State::lists "$folder/lists";
			Dir::State::status "$folder/status";
			Dir::Cache "$folder";
			Acquire::Languages "none";
			Acquire::Retries "3";
			APT::Sandbox::User "root";
		END
	} > "$folder/apt.conf"
}

# VERSION PACKAGE SUITES, the newest first. All suites of a version are in one
# word.
known()
{
	local packages

	mapfile -t packages < <(private_apt cache pkgnames linux-source- | grep -E '^linux-source-[0-9.]+$')
	((${#packages[@]})) || return 0
	private_apt cache madison "${packages[@]}" |
		awk '{
			split($6, suite, "/")
			if (!seen[$3]++) { order[++n] = $3; package[$3] = $1 }
			suites[$3] = suites[$3] (suites[$3] ? "," : "") suite[1]
		     }
		     END { for (i = 1; i <= n; i++) print order[i], package[order[i]], suites[order[i]] }' |
		sort -rV
}

# Of those, the ones that KERNEL means.
matching()
{
	known | awk -v kernel="${1-}" '
		kernel == "" || $1 == kernel || index($1, kernel ".") == 1 || index($1, kernel "-") == 1'
}

# Lists of a day are out of date, and so are lists that do not know a kernel.
update()
{
	[[ ${1-} == again || ! $(find "$folder/fetched" -mtime -1 2> /dev/null) ||
		$folder/sources.list -nt $folder/fetched ]] || return 0
	say "fetching Debian's package lists (30 MB)"
	need_space "$folder" 500
	private_apt get update --error-on=any > "$folder/update.log" 2>&1 || {
		[[ $(known) ]] || {
			sed 's/^/  /' "$folder/update.log" >&2
			die "Debian's package lists cannot be fetched; see above, or give KDIR= or TARBALL="
		}
		warn "not all of Debian's package lists can be fetched; $folder/update.log has more"
	}
	touch "$folder/fetched"
}

find_kernel()
{
	local found

	found=$(matching "$1" | sed -n 1p)
	[[ $found ]] || {
		update again
		found=$(matching "$1" | sed -n 1p)
	}
	[[ $found ]] || die "Debian's archive has no Linux $1; 'make kernels' lists what it has"
	echo "$found"
}

fetch()
{
	local found version package deb new

	found=$(find_kernel "$1")
	read -r version package _ <<< "$found"
	deb=$BUILD/debs/${package}_${version//:/%3a}_all.deb
	[[ -f $deb ]] || {
		say "downloading $package $version (140 MB)"
		mkdir -p "$BUILD/debs"
		need_space "$BUILD/debs" 200
		# Half a file has another name, and others may be downloading.
		new=$(mktemp -d "$BUILD/debs/.new.XXXXXX")
		at_exit+=("rm -rf ${new@Q}")
		download "$new" "$package=$version" || {
			# The archive may have another one by now.
			update again
			found=$(find_kernel "$1")
			read -r version package _ <<< "$found"
			deb=$BUILD/debs/${package}_${version//:/%3a}_all.deb
			download "$new" "$package=$version" ||
				die "$package $version cannot be downloaded; see above"
		}
		mv "$new"/*.deb "$deb"
	}
	echo "$deb"
}

download()
(
	cd "$1"
	private_apt get download "$2" >&2
)

unpack()
{
	local deb=$1 dir=$2 package

	shift 2
	need_tools source
	package=$(basename "$deb")
	package=${package%%_*}
	dpkg-deb --fsys-tarfile "$deb" | tar -xO "./usr/src/$package.tar.xz" |
		tar -C "$dir" --strip-components=1 -xJ "${@/#/$package/}"
}

show_all()
{
	local all

	all=$(matching "${1-}")
	[[ $all ]] || die "Debian's archive has no Linux ${1-}; 'make kernels' lists what it has"
	awk '{ printf "%-22s %-18s %s\n", $1, $2, $3 }' <<< "$all"
}

command=${1-}
shift || die "no command; $usage"
case $command/$# in
mirror/0) mirrors | cut -d ' ' -f 1 ;;
unpack/[2-9] | unpack/[1-9][0-9]*) unpack "$@" ;;
list/[01] | find/1 | fetch/1)
	lock_build
	configure
	update
	case $command in
	list) show_all "$@" ;;
	find) find_kernel "$1" | cut -d ' ' -f 1,2 ;;
	fetch) fetch "$1" ;;
	esac
	;;
*) die "wrong arguments; $usage" ;;
esac
