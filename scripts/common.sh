# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the scripts here share. Sourced, never run.

set -euo pipefail
# What fails in $(...) ends it.
shopt -s inherit_errexit
export LC_ALL=C

# The comment at the top of each script, below the licence, is its help text.
if [[ ${1-} == --help || ${1-} == -h ]]; then
	awk 'NR > 3 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"
	exit 0
fi

# Command-line variables of our make (KDIR=, ARCH=, BUILD=) would otherwise
# reach the kernel's make and override its own.
export VERBOSE=${VERBOSE-${V-}}
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL GNUMAKEFLAGS
unset ARCH O W C V M KBUILD_OUTPUT
# So would a developer's own quilt and patch settings.
unset QUILT_PATCHES QUILT_SERIES QUILT_PC QUILT_PATCH_OPTS POSIXLY_CORRECT

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
BUILD=$(realpath -m "${BUILD:-$REPO/build}")
# shellcheck disable=SC2034 # for the scripts that source this
SUITES_DIR=$REPO/tests/kunit
# shellcheck disable=SC2034
HOOK=$SUITES_DIR/hook.patch
export BUILD

# The trees under build/ are compiled at the same relative paths, so that one
# serves as the compiler cache of the other, and on other machines with the same
# compiler, whatever its date.
export PATH=/usr/lib/ccache:$PATH CCACHE_BASEDIR=$BUILD CCACHE_NOHASHDIR=1
export CCACHE_COMPILERCHECK=content

# Progress. On standard error, as all that no script reads: $(...) around a
# function that has something to say gets its value alone.
say()
{
	printf '== %s\n' "$*" >&2
}

# One line, with what to do about it. Status 1 is for tests that fail.
die()
{
	printf 'write-aops: error: %s\n' "$*" >&2
	exit 2
}

warn()
{
	printf 'write-aops: warning: %s\n' "$*" >&2
}

# A counted result: pass, fail or skip, and a name. Only `make check` counts.
result()
{
	if [[ ${RESULTS-} ]]; then
		printf '%s %s\n' "$1" "$2" >> "$RESULTS"
	fi
}

need_tools()
{
	"$REPO/scripts/deps.sh" "$@"
}

# need_space DIR MIB: DIR exists and its file system has that much room.
need_space()
{
	local free

	free=$(df -Pm "$1" | awk 'NR == 2 { print $4 }')
	((free >= $2)) ||
		die "$1 has $free MiB free, $2 MiB are needed; free some space or set BUILD= to another disk"
}

# share_packages DIR: what is downloaded, with another build directory.
share_packages()
{
	[[ $1 != "$BUILD" ]] || return 0
	mkdir -p "$1" "$BUILD"/{debs,apt}
	ln -sfnr "$BUILD/debs" "$1/debs"
	ln -sfnr "$BUILD/apt" "$1/apt"
}

# is_for VERSION PATCH: for that kernel, as its header says.
is_for()
{
	local only

	only=$(sed -n 's/^Only-for: //p' "$2")
	[[ ! $only || $only == "$(cut -d . -f 1,2 <<< "$1")" ]]
}

# git, without the hooks, the keys and the settings of whoever runs this.
own_git()
{
	git -c safe.directory='*' -c advice.detachedHead=false -c core.autocrlf=false \
		-c core.hooksPath=/dev/null -c gc.auto=0 -c commit.gpgsign=false -c tag.gpgsign=false \
		-c user.name=write-aops -c user.email=write-aops@localhost "$@"
}

#
# Cleaning up. Scripts put commands into at_exit; they run last to first,
# however the script ends.
#
at_exit=()

on_exit()
{
	local rc=$? i

	trap '' INT TERM HUP
	reap_child
	for ((i = ${#at_exit[@]} - 1; i >= 0; i--)); do
		eval "${at_exit[i]}" || rc=1
	done
	exit "$rc"
}
trap on_exit EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

. "$REPO/scripts/run.sh"

# What else make is told.
kernel_make=()

# build_kernel NAME ARCH OUT LOG TIME CONFIGURE...: builds the tree of that name
# in OUT, as CONFIGURE has configured it. TIME is what that takes.
build_kernel()
{
	local name=$1 arch=$2 out=$3 log=$4 start=$SECONDS progress total
	local make=(make -C "$BUILD/$name" ARCH="$arch" O="$out" -j"$(nproc)"
		${kernel_make+"${kernel_make[@]}"})

	say "building build/$name for $arch ($5; log: $log)"
	"${@:6}" > "$log" 2>&1 || {
		tail -n 30 "$log" >&2
		die "the kernel configuration fails; see above"
	}
	# It need not get to its end to know.
	total=$("${make[@]}" -n 2> /dev/null | grep -cE "echo '  (CC|AS) ") || true
	# In a group of its own: its sleep has to go with it.
	set -m
	show_progress "$log" "$total" &
	progress=$!
	set +m
	at_exit+=("kill -- -$progress 2> /dev/null || true")
	run "${make[@]}" >> "$log" 2>&1 || {
		grep -E -A 8 'error:|Error [0-9]|undefined reference' "$log" | tail -n 60 >&2 || true
		die "build/$name does not build; see above and $log"
	}
	kill -- "-$progress" 2> /dev/null || true
	unset 'at_exit[-1]'
	[[ ! -t 2 ]] || printf '\r\033[K' >&2
	our_warnings "$log" "$BUILD/$name" >&2
	say "build/$name is built ($((SECONDS - start)) s)"
}

# show_progress LOG TOTAL: in place on a terminal, otherwise a line now and then.
show_progress()
{
	local start=$SECONDS pause=15 format='   %4d s, %d of %d files compiled\n' compiled

	[[ ! -t 2 ]] || pause=1 format="\r${format%\\n}"
	# Not for longer than the script lives, whose lock it has.
	while sleep $pause && kill -0 $$ 2> /dev/null; do
		compiled=$(grep -cE '^  (CC|AS) ' "$1") || true
		# shellcheck disable=SC2059 # it is one of two
		printf "$format" $((SECONDS - start)) "$compiled" $(($2 > compiled ? $2 : compiled)) >&2
	done
}

# our_warnings LOG TREE: what the compiler has to say of the suites and of files that
# the series touches.
our_warnings()
{
	local patches files

	series_for "$(kernel_version "$2")"
	mapfile -t patches < <(series_files)
	files=$(touched_by ${patches+"${patches[@]}"} | grep '\.[ch]$' | paste -sd '|') || true
	grep -E -A 6 "(write_kunit/.*${files:+|$files}):[0-9:]+ warning:" "$1" || true
}

#
# The series: a directory for each kernel, 6.12 for example, whose file "series" has
# the patches by topics. A topic begins with a line "# Topic: name", and needs those
# before it.
#

# series_for VERSION: what follows is about the series for that kernel. There may be
# none, and the suites run all the same.
series_for()
{
	PATCHES=$REPO/patches/$(cut -d . -f 1,2 <<< "$1")
}

need_series()
{
	[[ -f $PATCHES/series ]] ||
		die "there is no series for Linux ${PATCHES##*/}; the suites run on it as it is, with TREE=base"
}

topics()
{
	[[ ! -f $PATCHES/series ]] || sed -n 's/^# Topic: //p' "$PATCHES/series"
}

# The names of the patches, in order, up to the end of that topic; of all, if it has
# no name.
series_up_to()
{
	[[ ! -f $PATCHES/series ]] || awk -v last="$1" '
		/^# Topic: / { if (topic != "" && topic == last) exit; topic = $3 }
		{ sub(/#.*/, "") } NF { print $1 }' "$PATCHES/series"
}

series()
{
	series_up_to ''
}

# Those of that topic alone.
of_topic()
{
	awk -v wanted="$1" '
		/^# Topic: / { topic = $3 }
		{ sub(/#.*/, "") } NF && topic == wanted { print $1 }' "$PATCHES/series"
}

series_files()
{
	series | sed "s,^,$PATCHES/,"
}

# The patches that a fix needs, as its header says, in order.
needed_by()
{
	local name

	while read -r name; do
		needed_by "$name"
		echo "$name"
	done < <(sed -n 's/^Needs: //p' "$PATCHES/$1")
}

# Paths in the kernel tree that the given patches create, change or remove.
touched_by()
{
	(($#)) || return 0
	awk '/^--- / { from = $2; next }
	     /^\+\+\+ / && from {
		if (from != "/dev/null") { sub("^[^/]*/", "", from); print from }
		if ($2 != "/dev/null") { sub("^[^/]*/", "", $2); print $2 }
	     }
	     { from = "" }' "$@" | sort -u
}

# quilt_in TREE ARGS...: without anybody's quiltrc.
quilt_in()
(
	cd "$1"
	shift
	QUILT_PATCHES=$PATCHES QUILT_PC=.pc quilt --quiltrc - "$@"
)

# What mutants.sh puts into a tree; an interrupted run may not have got that far.
take_out_mutant()
{
	[[ -f $1/.mutant ]] || return 0
	! patch -d "$1" -p1 -F0 -s -R --dry-run < "$1/.mutant" > /dev/null 2>&1 ||
		patch -d "$1" -p1 -F0 -s -R < "$1/.mutant"
	rm "$1/.mutant"
}

kernel_version()
{
	awk '/^(VERSION|PATCHLEVEL|SUBLEVEL) *=/ { v = v s $3; s = "." }
	     /^NAME *=/ { exit } END { print v }' "$1/Makefile"
}

# Is there a series for this version?
has_series()
{
	[[ -f $REPO/patches/$(cut -d . -f 1,2 <<< "$1")/series ]]
}

# check_kernel_tree TREE [base]: is it a kernel that the series is made for or, with
# "base", one that the suites run on?
check_kernel_tree()
{
	[[ -d $1 ]] || die "$1 is not a directory; give KDIR= a kernel source tree"
	[[ -f $1/Makefile && -f $1/Kbuild && -f $1/fs/Kconfig && -f $1/mm/filemap.c ]] ||
		die "$1 is not a kernel source tree; give KDIR= a Linux 6.12.y tree"
	check_version "$(kernel_version "$1")" "$@"
}

# check_version VERSION WHOSE [base]: the same, of a version.
check_version()
{
	if [[ ${3-} == base ]]; then
		printf '%s\n' 6.12 "$1" | sort -CV ||
			die "$2 is Linux $1 and the suites are for 6.12 and later; take a later release"
	else
		has_series "$1" ||
			die "$2 is Linux $1 and the series is for 6.12.y; give a 6.12.y (KERNEL=6.12), or TREE=base for the suites alone"
	fi
}

# Refuses a git tree with changes where the series goes.
check_git_clean()
{
	local dirty

	[[ -e $1/.git ]] || return 0
	# No locks: not even the index of the user's tree is rewritten.
	dirty=$(git --no-optional-locks -c safe.directory='*' -C "$1" \
		status --porcelain --untracked-files=all -- "${@:2}") ||
		die "git status fails in $1; see above"
	[[ -z $dirty ]] ||
		die "$1 has uncommitted changes where the series goes ($(awk '{ print $2; exit }' <<< "$dirty")); commit or stash them"
}

# One make at a time in a build directory. The lock goes with the process that
# took it; scripts called from it see that it is held.
lock_build()
{
	mkdir -p "$BUILD" || die "cannot create $BUILD; set BUILD= to a writable directory"
	[[ ${WRITE_AOPS_LOCK-} != "$BUILD" ]] || return 0
	exec {lock_fd}> "$BUILD/.lock"
	flock -n "$lock_fd" ||
		die "another make is at work in $BUILD; wait for it or set BUILD= to another directory"
	export WRITE_AOPS_LOCK=$BUILD
}
