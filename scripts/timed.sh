#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# timed.sh TARGET COMMAND...: run the commands, each a line of shell in which
# patterns stay as they are, up to the first that fails, and say how long it took.

. "$(dirname "$0")/common.sh"

target=${1-}
shift || die "no TARGET; see scripts/timed.sh --help"

# At exit, whose status is in rc.
# shellcheck disable=SC2317,SC2154
took()
{
	local how=failed

	((rc)) || how='done'
	say "make $target: $how, $((SECONDS / 60)) min $((SECONDS % 60)) s"
}

at_exit+=(took)
for each; do
	run bash -fc "$each" || exit
done
