// SPDX-License-Identifier: GPL-2.0-only
/*
 * A swap area, for files whose pages are not in memory.
 *
 * It is on the first RAM disk, which nothing else may use, and is switched on
 * and off by the system calls: there is no other way in.
 */
#include <linux/blkdev.h>
#include <linux/file.h>
#include <linux/kthread.h>
#include <linux/major.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/ptrace.h>
#include <linux/sched/mm.h>
#include <linux/swap.h>
#include <linux/syscalls.h>
#include <linux/uaccess.h>
#include <asm/syscall.h>

#include "compat.h"
#include "test_fs.h"
#include "test_swap.h"

#define SWAP_DEV	MKDEV(RAMDISK_MAJOR, 0)
#define SWAP_PATH	"/write_kunit_swap"
/* What a RAM disk has by default is 4 MiB; most of that is not needed. */
#define SWAP_PAGES	256

#ifdef CONFIG_ARCH_HAS_SYSCALL_WRAPPER
/* Kconfig lets only x86_64 come here. */
static long test_swapon(const char __user *path)
{
	struct pt_regs regs = { .di = (unsigned long)path };

	return x64_sys_call(&regs, __NR_swapon);
}

static long test_swapoff(const char __user *path)
{
	struct pt_regs regs = { .di = (unsigned long)path };

	return x64_sys_call(&regs, __NR_swapoff);
}
#else
static long test_swapon(const char __user *path)
{
	return sys_swapon(path, 0);
}

static long test_swapoff(const char __user *path)
{
	return sys_swapoff(path);
}
#endif

/* As mkswap(8) does. */
static void write_header(struct kunit *test)
{
	union swap_header *header = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	struct file *file;
	loff_t pos = 0;

	KUNIT_ASSERT_NOT_NULL(test, header);
	header->info.version = 1;
	header->info.last_page = SWAP_PAGES - 1;
	memcpy(header->magic.magic, "SWAPSPACE2", sizeof(header->magic.magic));

	file = bdev_file_open_by_dev(SWAP_DEV, BLK_OPEN_READ | BLK_OPEN_WRITE,
				     NULL, NULL);
	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, kernel_write(file, header, PAGE_SIZE, &pos));
	KUNIT_EXPECT_EQ(test, 0, vfs_fsync(file, 0));
	__fput_sync(file);
}

/* The system calls read the name of the area from user memory. */
struct test_swap {
	struct user_mem *um;
	struct mm_struct *mm;
};

/* Called by a thread that has no memory of its own. */
static void test_swap_off(void *data)
{
	struct test_swap *ts = data;
	struct user_mem *um = ts->um;
	long err;

	kthread_use_mm(ts->mm);
	scoped_with_init_fs()
		err = test_swapoff(user_mem_ptr(um, 0));
	KUNIT_EXPECT_EQ(um->test, 0L, err);
	kthread_unuse_mm(ts->mm);
	mmput(ts->mm);
	/* The disk is not free for the next test before it is closed. */
	flush_delayed_fput();
}

/* Switch swapping on until the end of the test. */
void test_swap_on(struct kunit *test)
{
	struct test_swap *ts = kunit_kzalloc(test, sizeof(*ts), GFP_KERNEL);
	void __user *name;
	long err;

	KUNIT_ASSERT_NOT_NULL(test, ts);
	ts->um = user_mem_create(test, PAGE_SIZE, 1);
	name = user_mem_ptr(ts->um, 0);
	KUNIT_ASSERT_EQ(test, 0UL, copy_to_user(name, SWAP_PATH, sizeof(SWAP_PATH)));

	/* It stays, for the next test. */
	err = test_fs_make_device(SWAP_PATH, SWAP_DEV);
	KUNIT_ASSERT_TRUE(test, !err || err == -EEXIST);
	write_header(test);
	scoped_with_init_fs()
		err = test_swapon(name);
	KUNIT_ASSERT_EQ(test, 0L, err);

	ts->mm = current->mm;
	mmget(ts->mm);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, test_swap_off, ts));
}

bool test_swapped(struct write_file *wf, loff_t pos)
{
	return xa_is_value(xa_load(&wf->file->f_mapping->i_pages, pos / PAGE_SIZE));
}

/**
 * test_swap_out - move pages of a file to the swap area
 * @wf: the file, mapped, and shmem
 * @offset: where, in whole pages
 * @len: how much, in whole pages, all of which have been written
 */
void test_swap_out(struct write_file *wf, size_t offset, size_t len)
{
	unsigned long addr = wf->mapped + offset;
	size_t at;

	/* Only what is in the page table is looked at. */
	for (at = 0; at < len; at += PAGE_SIZE)
		KUNIT_ASSERT_EQ(wf->test, 0, fault_in_readable((u8 __user *)(addr + at), 1));
	KUNIT_ASSERT_EQ(wf->test, 0, do_madvise(current->mm, addr, len, MADV_PAGEOUT));
	for (at = offset; at < offset + len; at += PAGE_SIZE)
		KUNIT_ASSERT_TRUE_MSG(wf->test, test_swapped(wf, at),
				      "%zu is not swapped out, %s", at, wf->label);
}
