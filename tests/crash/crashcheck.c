// SPDX-License-Identifier: GPL-2.0-only
/*
 * crashcheck - crashes and what is left after them, on the host.
 *
 *	crashcheck log LOG
 *		The number of entries of a log, of those before the first action,
 *		and of marks.
 *	crashcheck replay LOG IMAGE POINT HOW SEED
 *		Make of IMAGE, the disk as it was at first, what it is after
 *		POINT entries of the log; print how many actions were done by then.
 *		HOW is "all"; or "cache": at random, writes are missing that were
 *		not yet flushed; or "lies": also such that were.
 *	crashcheck judge RULE SEED DONE DIR
 *		Are the files in DIR such as may be there after a crash when DONE
 *		actions were done?
 *	crashcheck files SEED DONE DIR
 *		Make in DIR the files as they are after DONE actions.
 */

#include "crashcheck.h"

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "log"))
		return show_log(argv[2]);
	if (argc == 7 && !strcmp(argv[1], "replay"))
		return replay(argv[2], argv[3], strtoul(argv[4], NULL, 0), argv[5],
			      strtoull(argv[6], NULL, 0));
	if (argc == 6 && !strcmp(argv[1], "judge"))
		return judge(argv[2], strtoull(argv[3], NULL, 0), strtoul(argv[4], NULL, 0),
			     argv[5]);
	if (argc == 5 && !strcmp(argv[1], "files"))
		return make_files(strtoull(argv[2], NULL, 0), strtoul(argv[3], NULL, 0),
				  argv[4]);
	die("see the comment at the top of crashcheck.c");
}
