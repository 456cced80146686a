/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Programs of the initramfs, run in the middle of a test.
 */
#ifndef _WRITE_KUNIT_USER_TOOL_H
#define _WRITE_KUNIT_USER_TOOL_H

#include <kunit/test.h>

/**
 * struct tool_run - what has become of a program
 * @status: its exit status, or a negative error code if it could not be run or
 *	was killed
 * @output: all it said, on stdout and stderr
 */
struct tool_run {
	int status;
	const char *output;
};

void need_tools(struct kunit *test);
__printf(2, 3) struct tool_run try_tool(struct kunit *test, const char *fmt, ...);
__printf(2, 3) void run_tool(struct kunit *test, const char *fmt, ...);

#endif /* _WRITE_KUNIT_USER_TOOL_H */
