#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# git-tree.sh: make build/git, a git repository of the kernel with each patch as
# a commit, for bisecting and for git's tools.
#
# Its tags: "source" is the kernel as it came, "suites" has the suites hooked in
# (fs/write_kunit is a link to tests/kunit), so that they run at each commit,
# and "imported" is the end of the series. When patches/ changes, the branch
# "series" is made anew, unless it has commits or changes of yours.

. "$(dirname "$0")/common.sh"

lock_build
"$REPO/scripts/tree.sh" base
series_for "$(kernel_version "$BUILD/base")"
need_series
tree=$BUILD/git

in_git()
{
	own_git -C "$tree" "$@"
}

make_repository()
{
	local new=$BUILD/.copy

	need_space "$BUILD" 2500
	say "making build/git (a minute)"
	rm -rf "$new"
	mkdir "$new"
	at_exit+=("rm -rf '$new'")
	tar -C "$BUILD/base" --exclude='./.kunit-*' --exclude=./.write-aops -cf - . | tar -C "$new" -xf -
	"$REPO/scripts/series.sh" unapply "$new"
	tree=$new
	in_git init -q -b series
	# The kernel's .gitignore hides a few files of its own.
	in_git add -f -A
	in_git commit -q -m "Linux $(kernel_version "$new")"
	in_git tag source
	tree=$BUILD/git
	mv "$new" "$tree"
}

import()
{
	say "importing $(series | wc -l) patches"
	in_git checkout -q -B series source
	patch -d "$tree" -p1 -F0 -s < "$HOOK"
	ln -s "$(realpath -m --relative-to="$tree/fs" "$SUITES_DIR")" "$tree/fs/write_kunit"
	in_git add -f fs
	in_git commit -q -m "fs: build the buffered-write KUnit suites"
	in_git tag -f suites > /dev/null
	[[ ! $(series) ]] || in_git quiltimport --patches "$PATCHES" > "$BUILD/git.log" 2>&1 || {
		tail -n 20 "$BUILD/git.log" >&2
		die "git quiltimport fails; see above"
	}
	in_git tag -f imported > /dev/null
}

[[ -d $tree ]] || make_repository
if in_git rev-parse -q --verify imported > /dev/null; then
	[[ $(in_git rev-parse series) == "$(in_git rev-parse imported)" ]] ||
		die "$tree has commits of yours on the branch series; rename it"
	[[ ! $(in_git status --porcelain -uno) ]] ||
		die "$tree has uncommitted changes; commit them to a branch of yours"
fi
import
# What git applied is what quilt applied.
"$REPO/scripts/tree.sh" patched
mapfile -t patches < <(series_files)
for path in $(touched_by "$HOOK" ${patches+"${patches[@]}"}); do
	cmp "$tree/$path" "$BUILD/patched/$path" ||
		die "git and quilt make different things of $path; a patch needs a refresh"
done
say "build/git: $(in_git rev-list --count suites..series) commits from 'suites' to 'series'"
