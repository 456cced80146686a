#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# tree.sh [--strict] NAME: make a kernel tree under build/, or bring it up to date.
#   base      the untouched kernel, with the suites hooked in
#   patched   the same with the series, for building and for editing with quilt
#   work      a copy of patched that other scripts change as they like
# Edits in patched that no patch holds are built as they are where they can be;
# with --strict they are refused.
#
# The source is KDIR=tree (copied: the files that git tracks or, without git,
# all), TARBALL=file, or KERNEL=version, one of those that 'make kernels' lists:
# 6.12, the default, is the newest 6.12.y. Once unpacked it stays until 'make
# clean' or until another one is named. The untouched kernel may also be a later
# one, for which there is no series.

. "$(dirname "$0")/common.sh"

how=''
[[ ${1-} != --strict ]] || { how=--strict; shift; }
name=${1-}
[[ $name == @(base|patched|work) ]] || die "no tree '$name'; see scripts/tree.sh --help"
lock_build
need_tools series

stamp=.write-aops-source
# A tree, and then a build in it.
tree_mib=3600

# One line that says what a tree was made from.
source_id()
{
	local found

	if [[ ${KDIR-} ]]; then
		printf 'KDIR %s' "$(realpath "$KDIR")"
		[[ ! -e $KDIR/.git ]] || {
			printf ' %s' "$(git -c safe.directory='*' -C "$KDIR" rev-parse HEAD)"
			printf ' %s' "$(git -c safe.directory='*' -C "$KDIR" --no-optional-locks \
				diff HEAD | sha256sum | cut -c 1-12)"
		}
		echo
	elif [[ ${TARBALL-} ]]; then
		echo "TARBALL $(realpath "$TARBALL") $(stat -c '%s %Y' "$TARBALL")"
	elif [[ ! ${KERNEL-} && -f $BUILD/base/$stamp ]]; then
		cat "$BUILD/base/$stamp"
	else
		found=$("$REPO/scripts/kernels.sh" find "${KERNEL:-6.12}")
		check_version "${found%%-*}" "KERNEL=${KERNEL:-6.12}" "$name"
		echo "KERNEL $found"
	fi
}

check_source()
{
	local given=(${KDIR:+KDIR=} ${TARBALL:+TARBALL=} ${KERNEL:+KERNEL=})

	((${#given[@]} < 2)) || die "${given[0]} and ${given[1]} are given; give one"
	[[ ! ${TARBALL-} || -f $TARBALL ]] || die "there is no file $TARBALL; check TARBALL="
	[[ ${KDIR-} ]] || return 0
	check_kernel_tree "$KDIR" "$name"
	series_for "$(kernel_version "$KDIR")"
	[[ ! -e $KDIR/.pc/.write-aops && ! -e $KDIR/fs/write_kunit ]] ||
		die "$KDIR already carries the series; 'make unapply KDIR=$KDIR' takes it out"
	mapfile -t patches < <(series_files)
	mapfile -t touched < <(touched_by "$HOOK" ${patches+"${patches[@]}"})
	check_git_clean "$KDIR" "${touched[@]}"
}

# Files of a tree that were edited since it was made, those aside that quilt
# looks after.
edited_since()
{
	(cd "$1" && find . \( -name .pc -o -name '.kunit-*' -o -name .write-aops \) -prune -o \
		-type f -newer $stamp ! -name $stamp -print) | cut -c 3- | sort |
		comm -23 - <(cut -c 67- "$1/.pc/.write-aops/manifest" 2> /dev/null | sort)
}

# Removes a tree that was made from something else, unless work would be lost.
discard_tree()
{
	local tree=$BUILD/$1 lost

	[[ -d $tree ]] || return 0
	if [[ $1 != work ]]; then
		[[ -f $tree/$stamp ]] ||
			die "$tree was not made by this script; move it away or 'make clean'"
		lost=$(edited_since "$tree" | head -n 1)
		[[ -z $lost ]] ||
			die "$tree/$lost was edited and the source is another one now; save it, then 'make clean'"
		[[ $1 == base ]] || "$REPO/scripts/series.sh" sync --strict "$tree"
	fi
	say "removing build/$1, which was made from another source"
	rm -rf "$tree"
}

unpack()
{
	local new=$BUILD/.unpack kind path deb

	read -r kind path _ <<< "$wanted"
	need_space "$BUILD" $tree_mib
	rm -rf "$new"
	mkdir -p "$new"
	at_exit+=("rm -rf ${new@Q}")
	case $kind in
	KERNEL)
		deb=$("$REPO/scripts/kernels.sh" fetch "$path")
		say "unpacking ${deb##*/} (half a minute)"
		"$REPO/scripts/kernels.sh" unpack "$deb" "$new" ||
			die "cannot unpack $deb; remove it to have it downloaded again"
		;;
	TARBALL)
		need_tools source
		say "unpacking $path (half a minute)"
		tar -C "$new" --strip-components=1 -xf "$path" ||
			die "cannot unpack $path; is it a kernel source tarball?"
		;;
	KDIR)
		say "copying $path (half a minute)"
		if [[ -e $path/.git ]]; then
			(cd "$path" && git -c safe.directory='*' ls-files -z |
				tar --null -T - -cf -) | tar -C "$new" -xf -
		else
			tar -C "$path" --exclude=./.pc -cf - . | tar -C "$new" -xf -
			# A tree that was built in cannot be built out of.
			[[ ! -e $new/.config && ! -d $new/include/config ]] ||
				make -s -C "$new" mrproper
		fi
		;;
	esac
	check_kernel_tree "$new" "$name"
	echo "$wanted" > "$new/$stamp"
}

# Without what was compiled in it: object files do not move well.
copy_tree()
{
	local new=$BUILD/.copy

	need_space "$BUILD" $tree_mib
	say "copying build/$1 to build/$2 (half a minute)"
	rm -rf "$new"
	mkdir "$new"
	at_exit+=("rm -rf ${new@Q}")
	tar -C "$BUILD/$1" --exclude='./.kunit-*' --exclude=./.write-aops -cf - . | tar -C "$new" -xf -
	touch "$new/$stamp"
	mv "$new" "$BUILD/$2"
}

check_source
wanted=$(source_id)
made_from()
{
	[[ $(cat "$BUILD/$1/$stamp" 2> /dev/null) == "$wanted" ]]
}

# What is there goes when what is to take its place is known to be good.
if made_from base; then
	check_kernel_tree "$BUILD/base" "$name"
else
	unpack
fi
for each in base $name; do
	made_from "$each" || discard_tree "$each"
done
[[ -d $BUILD/base ]] || mv "$BUILD/.unpack" "$BUILD/base"
"$REPO/scripts/series.sh" sync --base "$BUILD/base"
if [[ $name != base ]]; then
	[[ -d $BUILD/$name ]] || copy_tree base "$name"
	if [[ $name == work ]]; then
		how=--discard
		take_out_mutant "$BUILD/work"
	fi
	# shellcheck disable=SC2086 # one option or none
	"$REPO/scripts/series.sh" sync $how "$BUILD/$name"
fi
version=$(kernel_version "$BUILD/$name")
series_for "$version"
if [[ $name != base ]]; then
	say "build/$name: Linux $version, $(series | wc -l) patches"
elif has_series "$version"; then
	say "build/base: Linux $version, untouched"
else
	say "build/base: Linux $version, untouched; there is no series for it"
fi
