#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# series.sh apply TREE       put the series and a copy of the suites into a
#                            user's tree
#   --topic=TOPIC            the series up to and including that topic: fixes,
#                            engine, filesystems, splice, debug or docs
# series.sh unapply TREE     take both out again
# series.sh sync TREE        bring a tree under build/ up to date with patches/;
#                            the suites are linked, not copied
#   --base                   sync the suites alone, for the untouched kernel
#   --strict                 refuse edits that no patch holds even where they
#                            could stay
#   --discard                throw such edits away
#
# series.sh check TREE       does each patch apply, with no fuzz, to what TREE is?
#                            And each fix alone, with no more than it says that it
#                            needs? TREE stays as it is
#
# The series is the one for the kernel that TREE is: patches/6.12, for example.
#
# Everything is made ready in TREE/.write-aops first, on copies of the files in
# question. Only when the last patch is in are the results moved into place, and
# only files that change are touched. A failure or Ctrl-C leaves the tree byte
# for byte as it was; after a power cut, the next run puts it back.
#
# In the tree, the series is applied with quilt (state in .pc), so that its
# patches can be popped, edited and refreshed one by one.

. "$(dirname "$0")/common.sh"

base='' strict='' discard='' topic=''
usage="see scripts/series.sh --help"
command=${1-}
shift || die "no command; $usage"
while [[ ${1-} == --* ]]; do
	case $1 in
	--base) base=1 ;;
	--strict) strict=1 ;;
	--discard) discard=1 ;;
	--topic=*) topic=${1#*=} ;;
	*) die "unknown option $1; $usage" ;;
	esac
	shift
done
[[ $# == 1 && $1 ]] || die "no tree given; say KDIR=path-of-the-kernel-tree"
[[ -d $1 ]] || die "$1 is not a directory; give KDIR= a kernel source tree"
tree=$(cd "$1" && pwd -P)

work=$tree/.write-aops
stage=$work/stage
undo=$work/undo
series_for "$(kernel_version "$tree" 2> /dev/null)"
# What we know of a tree that carries the suites, and maybe the series.
state=.pc/.write-aops
suites=fs/write_kunit

#
# The transaction.
#
recover()
{
	! kill -0 "$(cat "$work/pid" 2> /dev/null)" 2> /dev/null ||
		die "another apply or unapply is at work in $tree; wait for it"
	warn "an earlier run was cut off in $tree; putting its files back"
	rollback
}

begin()
{
	mkdir "$work" 2> /dev/null ||
		die "$tree is not writable, or in use by another run; run as its owner"
	at_exit+=(rollback)
	echo $$ > "$work/pid"
	# The touched files, twice, with quilt's backups.
	need_space "$tree" 64
	mkdir "$stage" "$undo"
}

# Puts paths of the tree, where they exist, into the stage.
take()
{
	local path

	for path; do
		[[ -e $tree/$path || -L $tree/$path ]] || continue
		mkdir -p "$stage/$(dirname "$path")"
		cp -a "$tree/$path" "$stage/$path"
	done
}

same()
{
	if [[ -L $1 || -L $2 ]]; then
		[[ $(readlink "$1") == "$(readlink "$2")" ]]
	else
		[[ -f $1 && -f $2 ]] && cmp -s "$1" "$2"
	fi
}

present()
{
	[[ -e $1 || -L $1 ]]
}

# commit PATH...: make these paths of the tree what they are in the stage.
commit()
{
	local path

	for path; do
		if ! present "$stage/$path"; then
			! present "$tree/$path" || echo "$path"
		elif ! same "$stage/$path" "$tree/$path"; then
			echo "$path"
		fi
	done > "$work/changing"
	while read -r path; do
		present "$tree/$path" || continue
		[[ -w $(dirname "$tree/$path") ]] ||
			die "$tree/$path is not writable; run as the owner of the tree"
		mkdir -p "$undo/$(dirname "$path")"
		cp -a "$tree/$path" "$undo/$path"
	done < "$work/changing"
	# From here on there is something to put back.
	mv "$work/changing" "$work/changed"
	while read -r path; do
		[[ ! -d $tree/$path || -L $tree/$path ]] || rm -rf "${tree:?}/$path"
		if present "$stage/$path"; then
			mkdir -p "$(dirname "$tree/$path")"
			# Root does not leave its own files in a user's tree.
			((EUID)) || present "$tree/$path" ||
				chown -hR --reference="$tree/Makefile" "$stage/$path"
			mv -T "$stage/$path" "$tree/$path"
		else
			remove "$path"
		fi
	done < "$work/changed"
	# From here on there is not.
	rm "$work/changed"
}

# With the directories that are empty without it.
remove()
{
	rm -rf "${tree:?}/$1"
	(cd "$tree" && rmdir -p --ignore-fail-on-non-empty "$(dirname "$1")" 2> /dev/null) || true
}

rollback()
{
	local path

	if [[ -f $work/changed ]]; then
		while read -r path; do
			if ! present "$undo/$path"; then
				remove "$path"
			elif ! same "$undo/$path" "$tree/$path"; then
				rm -rf "${tree:?}/$path"
				mkdir -p "$(dirname "$tree/$path")"
				cp -a "$undo/$path" "$tree/$path"
			fi
		done < "$work/changed"
	fi
	rm -rf "$work"
}

#
# What happens in the stage.
#

# Has the tree, or the stage, our suites and maybe our series?
is_ours()
{
	[[ -d $1/$state ]]
}

# Changes when the hook or, where it is applied, the series does.
checksum()
{
	{
		cat "$HOOK"
		[[ $base ]] || {
			series
			series_files | xargs -r cat
		}
	} | sha256sum
}

# All files that the transaction is about, the suites aside.
paths()
{
	local patches

	mapfile -t patches < <(series_up_to "$topic" | sed "s,^,$PATCHES/,")
	{
		touched_by "$HOOK" ${patches+"${patches[@]}"}
		! is_ours "$tree" || cut -c 67- "$tree/$state/manifest"
		# What a developer added to a patch since.
		[[ ! -s $tree/.pc/applied-patches ]] || quilt_in "$tree" files -a
	} | sort -u
}

# manifest TREE PATH...: a checksum and a path per line.
manifest()
(
	cd "$1" || exit
	shift
	for path; do
		if [[ -f $path ]]; then
			sha256sum "$path"
		else
			printf '%-64s  %s\n' absent "$path"
		fi
	done
)

# Paths that are not what the last run left in the tree.
edited()
{
	local left

	mapfile -t left < <(cut -c 67- "$tree/$state/manifest")
	manifest "$tree" "${left[@]}" | diff "$tree/$state/manifest" - |
		sed -n 's/^> .\{66\}//p'
}

as_we_left_it()
{
	[[ ! $(edited) ]]
}

all_applied()
{
	[[ $base ]] || [[ $(cat "$tree/.pc/applied-patches" 2> /dev/null) == "$(series)" ]]
}

# Takes the series and the hook out of the stage. With "verify", fails where an
# edit that no patch holds would be lost.
undress()
{
	local how=-f

	[[ ${1-} != verify ]] || how=-R
	[[ ! -s $stage/.pc/applied-patches ]] ||
		quilt_in "$stage" pop -a $how -q > "$work/quilt.log" 2>&1 || return
	patch_in -F0 -R < "$stage/$state/hook.patch" && rm -rf "$stage/.pc"
}

dress()
{
	local name

	patch_in -F0 < "$HOOK" ||
		die "tests/kunit/hook.patch does not apply to $tree, which is unchanged; use an unmodified release"
	if [[ ! $base && $(series_up_to "$topic") ]]; then
		quilt_in "$stage" push --fuzz=0 -q "$(series_up_to "$topic" | tail -n 1)" > "$work/quilt.log" 2>&1 || {
			name=$(quilt_in "$stage" next 2> /dev/null) || true
			is_in_already
			tail -n 4 "$work/quilt.log" | sed 's/^/  /' >&2
			die "${name##*/} does not apply to $tree, which is unchanged; use an unmodified 6.12.y release"
		}
	fi
	mkdir -p "$stage/$state"
	cp "$HOOK" "$stage/$state/hook.patch"
	checksum > "$stage/$state/checksum"
	manifest "$stage" "${files[@]}" > "$stage/$state/manifest"
}

patch_in()
{
	patch -d "$stage" -p1 -s -f -r - --no-backup-if-mismatch "$@"
}

# Says so where a patch does not apply because the tree has it: git trees, say.
is_in_already()
{
	local name

	quilt_in "$stage" pop -a -f -q > /dev/null 2>&1 || true
	while read -r name; do
		! patch_in -F0 -R --dry-run < "$PATCHES/$name" > /dev/null 2>&1 ||
			die "$tree already carries $name; take the series out of it first"
	done < <(series | tac)
}

#
# The commands.
#
apply()
{
	check_kernel_tree "$tree"
	need_series
	[[ ! $topic ]] || grep -qxF -e "$topic" < <(topics) ||
		die "there is no topic '$topic'; there are $(topics | paste -sd ' ')"
	! is_ours "$tree" ||
		die "$tree already carries the series; 'make unapply KDIR=$tree' takes it out"
	! present "$tree/.pc" ||
		die "$tree carries a quilt series of its own; 'quilt pop -a' there and move .pc away first"
	if present "$tree/$suites" || grep -q write_kunit "$tree/fs/Makefile"; then
		die "$tree carries part of the series already ($suites); restore its fs/ first"
	fi
	mapfile -t files < <(paths)
	check_git_clean "$tree" "${files[@]}" "$suites"
	need_tools series
	begin
	take "${files[@]}"
	dress
	mkdir -p "$stage/fs"
	cp -rL "$SUITES_DIR" "$stage/$suites"
	mapfile -t copied < <(cd "$stage" && find $suites -type f | sort)
	manifest "$stage" "${copied[@]}" > "$stage/$state/suites"
	commit "${files[@]}" .pc "$suites"
	say "$(series_up_to "$topic" | wc -l) patches and the suites are in $tree"
}

unapply()
{
	local lost path

	is_ours "$tree" || die "$tree does not carry the series; there is nothing to take out"
	need_tools series
	# What the build leaves in fs/write_kunit goes, what a developer does stays.
	if [[ -f $tree/$state/suites ]]; then
		lost=$(cd "$tree" && {
			sha256sum --quiet -c $state/suites 2> /dev/null | sed 's/: FAILED.*//'
			find $suites -type f ! -name '*.o' ! -name '*.a' ! -name '.*.cmd' \
				! -name 'modules.order' | sort |
				comm -23 - <(cut -c 67- $state/suites | sort)
		} | head -n 1) || true
		[[ -z $lost ]] ||
			die "$tree/$lost was edited since it was applied; move the change to tests/kunit first"
	fi
	mapfile -t files < <(paths)
	begin
	take "${files[@]}" .pc
	if as_we_left_it; then
		undress
	else
		undress verify || die_edited "save the edit, or 'quilt refresh' there"
	fi || die "$tree does not give the series back; see 'quilt pop -a' there"
	commit "${files[@]}" .pc "$suites"
	# 'quilt pop' by hand leaves the directories of new files.
	for path in "${files[@]}"; do
		present "$tree/$path" || remove "$path"
	done
	say "the series and the suites are out of $tree"
}

sync_tree()
{
	[[ $base ]] || need_series
	mapfile -t files < <(paths)
	begin
	take "${files[@]}" .pc
	if is_ours "$tree"; then
		if as_we_left_it; then
			if all_applied && checksum | cmp -s - "$tree/$state/checksum"; then
				return
			fi
			undress
		elif [[ $discard ]]; then
			undress
		elif ! undress verify; then
			if [[ ! $strict ]] && all_applied && checksum | cmp -s - "$tree/$state/checksum"; then
				warn "$tree has edits that no patch holds ($(edited | head -n 1)); they are built as they are"
				return
			fi
			die_edited "'quilt refresh' there or 'make clean'"
		fi || die "$tree does not give the series back; see 'quilt pop -a' there, or 'make clean'"
	elif present "$tree/.pc"; then
		die "$tree was not made by these scripts; move it away or 'make clean'"
	fi
	say "bringing ${tree##*/} up to date: suites$([[ $base ]] || echo " and $(series | wc -l) patches")"
	dress
	mkdir -p "$stage/fs"
	ln -s "$(realpath -m --relative-to="$tree/fs" "$SUITES_DIR")" "$stage/$suites"
	commit "${files[@]}" .pc "$suites"
}

check()
{
	local name rc=0

	need_series
	mapfile -t files < <(paths)
	begin
	take "${files[@]}"
	say "applying $(series | wc -l) patches one by one, with no fuzz"
	# It is in already, and took no fuzz either.
	! is_ours "$tree" || result pass "applies: tests/kunit/hook.patch"
	while read -r name; do
		if quilt_in "$stage" push --fuzz=0 -q > "$work/quilt.log" 2>&1; then
			result pass "applies: $name"
		else
			result fail "applies: $name"
			sed 's/^/   /' "$work/quilt.log"
			rc=1
		fi
	done < <(series)
	say "applying each of $(of_topic fixes | wc -l) fixes alone"
	while read -r name; do
		if stands_alone "$name" > "$work/alone.log" 2>&1; then
			result pass "applies alone: $name"
		else
			result fail "applies alone: $name"
			echo "   $name does not apply with what its lines 'Needs:' name"
			sed 's/^/     /' "$work/alone.log"
			rc=1
		fi
	done < <(of_topic fixes)
	return $rc
}

stands_alone()
{
	local needed path

	mapfile -t needed < <(needed_by "$1")
	needed+=("$1")
	rm -rf "$work/alone"
	mkdir "$work/alone"
	for path in $(touched_by "${needed[@]/#/$PATCHES/}"); do
		[[ ! -e $tree/$path ]] || (cd "$tree" && cp --parents -t "$work/alone" "$path")
	done
	for path in "${needed[@]}"; do
		patch -d "$work/alone" -p1 -F0 -s -f -r - --no-backup-if-mismatch < "$PATCHES/$path" || return
	done
}

die_edited()
{
	die "$tree has edits that no patch holds ($(edited | head -n 1)); $1"
}

[[ ! -d $work ]] || recover
case $command in
apply | unapply | check) "$command" ;;
sync) sync_tree ;;
*) die "unknown command $command; $usage" ;;
esac
