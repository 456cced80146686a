// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs of the initramfs, run in the middle of a test.
 *
 * mke2fs and e2fsck know better than any test what a file system is.  The
 * initramfs that they come from is made by initramfs.sh.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/initrd.h>
#include <linux/namei.h>
#include <linux/shmem_fs.h>
#include <linux/string.h>
#include <linux/umh.h>

#include "compat.h"
#include "user_tool.h"

#define MAX_ARGS	32

/* Skips the test if the kernel was booted without the tools. */
void need_tools(struct kunit *test)
{
	struct path path;
	int err;

	/* Tests may run while it is still being unpacked. */
	wait_for_initramfs();
	scoped_with_init_fs()
		err = kern_path("/sbin/mke2fs", 0, &path);
	if (err)
		kunit_skip(test, "no mke2fs: boot with what fs/write_kunit/initramfs.sh makes");
	path_put(&path);
}

/* In the new process: stdin is empty, stdout and stderr are the file. */
static int redirect(struct subprocess_info *info, struct cred *new)
{
	struct file *output = info->data;
	unsigned int fd;

	for (fd = 0; fd <= 2; fd++) {
		int ret = replace_fd(fd, output, 0);

		if (ret < 0)
			return ret;
	}
	return 0;
}

static const char *output_of(struct kunit *test, struct file *file)
{
	size_t size = i_size_read(file_inode(file));
	char *output = kunit_kzalloc(test, size + 1, GFP_KERNEL);
	loff_t pos = 0;

	if (!output || kernel_read(file, output, size, &pos) != size)
		return "(its output was lost)";
	return output;
}

static int exec_tool(char **argv, struct file *output)
{
	static const char * const envp[] = { "PATH=/sbin", "HOME=/", NULL };
	char *path = kasprintf(GFP_KERNEL, "/sbin/%s", argv[0]);
	struct subprocess_info *info;
	int status = -ENOMEM;

	if (!path)
		return status;
	info = call_usermodehelper_setup(path, argv, (char **)envp, GFP_KERNEL,
					 redirect, NULL, output);
	if (info)
		status = call_usermodehelper_exec(info, UMH_WAIT_PROC);
	kfree(path);
	/* As wait(2) has it: the low bits are the signal that killed it. */
	if (status > 0)
		status = status & 0x7f ? -EINTR : status >> 8;
	return status;
}

/* As a shell does, which knows of spaces and single quotes only. */
static void split_words(char *command, char **argv)
{
	unsigned int n = 0;

	command = skip_spaces(command);
	while (*command && n < MAX_ARGS) {
		char end = ' ';

		if (*command == '\'')
			end = *command++;
		argv[n++] = command;
		command = strchrnul(command, end);
		if (*command)
			*command++ = '\0';
		command = skip_spaces(command);
	}
	argv[n] = NULL;
}

static __printf(2, 0)
struct tool_run run_command(struct kunit *test, const char *fmt, va_list args)
{
	char *command = kvasprintf(GFP_KERNEL, fmt, args);
	struct tool_run run = { -ENOMEM, "" };
	char *argv[MAX_ARGS + 1];
	struct file *output;

	if (!command)
		return run;
	output = shmem_file_setup("tool", 0, SHMEM_NORESERVE);
	if (!IS_ERR(output)) {
		split_words(command, argv);
		run.status = exec_tool(argv, output);
		run.output = output_of(test, output);
		__fput_sync(output);
	}
	kfree(command);
	return run;
}

/**
 * try_tool - run a program, whatever comes of it
 * @test: the test; the output goes away with it
 * @fmt: the command line; what has spaces in it goes in single quotes
 */
struct tool_run try_tool(struct kunit *test, const char *fmt, ...)
{
	struct tool_run run;
	va_list args;

	va_start(args, fmt);
	run = run_command(test, fmt, args);
	va_end(args);
	return run;
}

/**
 * run_tool - run a program that must succeed
 * @test: the test, which ends here if the program fails
 * @fmt: the command line; what has spaces in it goes in single quotes
 */
void run_tool(struct kunit *test, const char *fmt, ...)
{
	struct tool_run run;
	va_list args;

	va_start(args, fmt);
	run = run_command(test, fmt, args);
	va_end(args);
	KUNIT_ASSERT_EQ_MSG(test, run.status, 0, "%s:\n%s", fmt, run.output);
}
