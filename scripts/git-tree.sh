#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# git-tree.sh: make build/git, a git repository of the kernel with each patch as
# a commit, for bisecting and for posting.
#
# Its tags: "source" is the kernel as it came, "suites" has the suites hooked in
# (fs/write_kunit is a link to tests/kunit), so that they run at each commit,
# and "imported" is the end of the series. When patches/ changes, the branch
# "series" is made anew, unless it has commits or changes of yours.
#
# Before the patches of each topic comes an empty commit with the text for its cover
# letter, the tag "cover/TOPIC". The branch "topic/TOPIC" ends with the topic, and has
# the same text for a description, so that this has it, too:
#
#   git format-patch --cover-letter cover/fixes..topic/fixes

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
	in_git config format.coverFromDescription auto
	tree=$BUILD/git
	mv "$new" "$tree"
}

import_topic()
{
	local topic=$1

	in_git commit -q --allow-empty -F "$PATCHES/$topic.cover"
	in_git tag -f "cover/$topic" > /dev/null
	of_topic "$topic" > "$BUILD/git.series"
	in_git quiltimport --patches "$PATCHES" --series "$BUILD/git.series" > "$BUILD/git.log" 2>&1 || {
		tail -n 20 "$BUILD/git.log" >&2
		die "git quiltimport fails; see above"
	}
	in_git branch -f "topic/$topic"
	in_git config "branch.topic/$topic.description" "$(cat "$PATCHES/$topic.cover")"
}

import()
{
	local topic

	say "importing $(series | wc -l) patches"
	in_git checkout -q -B series source
	patch -d "$tree" -p1 -F0 -s < "$HOOK"
	ln -s "$(realpath -m --relative-to="$tree/fs" "$SUITES_DIR")" "$tree/fs/write_kunit"
	in_git add -f fs
	in_git commit -q -m "fs: build the buffered-write KUnit suites"
	in_git tag -f suites > /dev/null
	for topic in $(topics); do
		import_topic "$topic"
	done
	in_git tag -f imported > /dev/null
}

[[ -d $tree ]] || make_repository
[[ $(in_git log -1 --format=%s source) == "Linux $(kernel_version "$BUILD/base")" ]] ||
	die "$tree is $(in_git log -1 --format=%s source) and build/base is not; move it away, or remove it"
if in_git rev-parse -q --verify imported > /dev/null; then
	[[ $(in_git rev-parse series) == "$(in_git rev-parse imported)" ]] ||
		die "$tree has commits of yours on the branch series; rename it"
	for branch in $(in_git for-each-ref --format='%(refname:short)' refs/heads/topic); do
		in_git merge-base --is-ancestor "$branch" imported ||
			die "$tree has commits of yours on the branch $branch; rename it"
	done
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
say "build/git: $(series | wc -l) patches in $(topics | wc -l) topics, from 'suites' to 'series'"
