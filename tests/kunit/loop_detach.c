// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loop devices that are detached while their page cache has data that nobody has
 * synced: what the device accepted is in the file, or whoever detaches hears that
 * it is not.
 */
#include <linux/blkdev.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/loop.h>
#include <linux/prandom.h>
#include <linux/sizes.h>

#include "loop_disk.h"
#include "scripted_file.h"
#include "write_file.h"

#define DEVICE	SZ_1M
#define HALF	(DEVICE / 2)

struct mode {
	const char *name;
	u32 flags;
	u32 block_size;
	enum scripted_when when;
};

static const struct mode modes[] = {
	{ "sectors of 512", 0, 512 },
	{ "sectors of 512, direct", LO_FLAGS_DIRECT_IO, 512 },
	{ "sectors of 512, direct, done in softirq", LO_FLAGS_DIRECT_IO, 512,
	  SCRIPTED_SOFTIRQ },
	{ "sectors of 4096", 0, 4096 },
	{ "sectors of 4096, direct", LO_FLAGS_DIRECT_IO, 4096 },
};

KUNIT_ARRAY_PARAM_DESC(mode, modes, name);

/**
 * struct detach_test - a loop device over a file with a script
 * @test: the test
 * @sf: the file, as large as the device, or NULL
 * @ld: the device
 * @dev: its number
 * @data: what is to be written, as much as the device holds
 */
struct detach_test {
	struct kunit *test;
	struct scripted_file *sf;
	struct loop_disk *ld;
	dev_t dev;
	u8 *data;
};

static struct detach_test *detach_test_over(struct kunit *test, struct file *file, u32 flags)
{
	const struct mode *mode = test->param_value;
	struct detach_test *dt = kunit_kzalloc(test, sizeof(*dt), GFP_KERNEL);
	struct rnd_state rnd;

	KUNIT_ASSERT_NOT_NULL(test, dt);
	dt->test = test;
	dt->data = kunit_kmalloc(test, DEVICE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, dt->data);
	prandom_seed_state(&rnd, 1);
	prandom_bytes_state(&rnd, dt->data, DEVICE);

	dt->ld = loop_disk_create(test);
	dt->ld->block_size = mode->block_size;
	dt->dev = dt->ld->bdev->bd_dev;
	KUNIT_ASSERT_EQ(test, 0, loop_disk_bind(dt->ld, file, mode->flags | flags, 0));
	return dt;
}

static struct detach_test *detach_test_create(struct kunit *test, u32 flags)
{
	const struct mode *mode = test->param_value;
	struct scripted_file *sf = scripted_file_create(test, DEVICE);
	struct detach_test *dt = detach_test_over(test, sf->file, flags);

	sf->when = mode->when;
	sf->data = dt;
	dt->sf = sf;
	return dt;
}

/* To the page cache of the device. */
static void write_device(struct detach_test *dt, struct file *file, loff_t pos, size_t len)
{
	KUNIT_EXPECT_EQ(dt->test, (ssize_t)len, kernel_write(file, dt->data + pos, len, &pos));
}

static void expect_in_file(struct detach_test *dt, loff_t pos, size_t len)
{
	KUNIT_EXPECT_TRUE_MSG(dt->test, !memcmp(dt->sf->bytes + pos, dt->data + pos, len),
			      "%zu bytes at %lld are not in the file", len, pos);
}

static struct file *open_device(struct detach_test *dt)
{
	return bdev_file_open_by_dev(dt->dev, BLK_OPEN_READ | BLK_OPEN_WRITE, NULL, NULL);
}

static long detach(struct detach_test *dt)
{
	return loop_disk_ioctl(dt->ld, LOOP_CLR_FD, 0);
}

static bool is_bound(struct detach_test *dt)
{
	return !loop_disk_ioctl(dt->ld, LOOP_SET_CAPACITY, 0);
}

/* Nobody has it open any more. */
static void expect_unbound(struct detach_test *dt)
{
	struct file *file = open_device(dt);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(dt->test, file);
	KUNIT_EXPECT_EQ(dt->test, 0, bdev_nr_bytes(file_bdev(file)));
	KUNIT_EXPECT_EQ(dt->test, -ENXIO,
			file->f_op->unlocked_ioctl(file, LOOP_SET_CAPACITY, 0));
	__fput_sync(file);
}

static void close_last(struct detach_test *dt)
{
	loop_disk_close(dt->ld);
	expect_unbound(dt);
}

/* All writes to the file fail, or none. */
static void fail_writes(struct detach_test *dt, int error)
{
	int i;

	dt->sf->nr_calls = 0;
	dt->sf->nr_script = error ? SCRIPT_MAX : 0;
	for (i = 0; i < SCRIPT_MAX; i++)
		dt->sf->script[i] = error;
}

static void detach_unsynced(struct kunit *test)
{
	struct detach_test *dt = detach_test_create(test, 0);

	write_device(dt, dt->ld->file, 0, DEVICE);
	KUNIT_EXPECT_EQ(test, 0, detach(dt));
	expect_in_file(dt, 0, DEVICE);
	close_last(dt);
	expect_in_file(dt, 0, DEVICE);
}

/* To a program it has no file, and none of what could be changed of it is. */
static void expect_no_ioctls(struct kunit *test, struct loop_disk *ld)
{
	struct scripted_file *sf = scripted_file_create(test, DEVICE);
	struct user_mem *um = user_mem_create(test, PAGE_SIZE, 1);
	struct loop_info64 info = {};
	int fd = get_unused_fd_flags(O_CLOEXEC);
	unsigned int i;
	struct {
		unsigned int cmd;
		unsigned long arg;
	} ioctls[] = {
		{ LOOP_CLR_FD, 0 },
		{ LOOP_SET_STATUS64, um->addr },
		{ LOOP_GET_STATUS64, um->addr },
		{ LOOP_SET_CAPACITY, 0 },
		{ LOOP_SET_DIRECT_IO, 1 },
		{ LOOP_SET_BLOCK_SIZE, 1024 },
		{ LOOP_CHANGE_FD, fd },
	};

	KUNIT_ASSERT_GE(test, fd, 0);
	fd_install(fd, get_file(sf->file));
	KUNIT_ASSERT_EQ(test, 0UL, copy_to_user(user_mem_ptr(um, 0), &info, sizeof(info)));
	for (i = 0; i < ARRAY_SIZE(ioctls); i++)
		KUNIT_EXPECT_EQ_MSG(test, -ENXIO,
				    loop_disk_ioctl(ld, ioctls[i].cmd, ioctls[i].arg),
				    "ioctl %#x", ioctls[i].cmd);
	close_fd(fd);
	KUNIT_EXPECT_EQ(test, 1, file_count(sf->file));
}

/* As long as it has its file, all that works, and loses nothing. */
static void attached_has_ioctls(struct kunit *test)
{
	struct detach_test *dt = detach_test_create(test, 0);
	struct user_mem *um = user_mem_create(test, PAGE_SIZE, 1);
	int fd = get_unused_fd_flags(O_CLOEXEC);
	struct loop_info64 info;

	KUNIT_ASSERT_GE(test, fd, 0);
	fd_install(fd, get_file(dt->sf->file));
	write_device(dt, dt->ld->file, 0, HALF);
	KUNIT_EXPECT_EQ(test, 0, loop_disk_ioctl(dt->ld, LOOP_GET_STATUS64, um->addr));
	KUNIT_EXPECT_EQ(test, 0UL, copy_from_user(&info, user_mem_ptr(um, 0), sizeof(info)));
	KUNIT_EXPECT_EQ(test, 0, info.lo_offset);
	KUNIT_EXPECT_EQ(test, 0, loop_disk_ioctl(dt->ld, LOOP_SET_STATUS64, um->addr));
	KUNIT_EXPECT_EQ(test, 0, loop_disk_ioctl(dt->ld, LOOP_SET_CAPACITY, 0));
	KUNIT_EXPECT_EQ(test, 0, loop_disk_ioctl(dt->ld, LOOP_SET_DIRECT_IO, 0));
	KUNIT_EXPECT_EQ(test, 0, loop_disk_ioctl(dt->ld, LOOP_SET_BLOCK_SIZE,
						 dt->ld->block_size));
	/* It can be written. */
	KUNIT_EXPECT_EQ(test, -EINVAL, loop_disk_ioctl(dt->ld, LOOP_CHANGE_FD, fd));
	close_fd(fd);
	write_device(dt, dt->ld->file, HALF, HALF);
	KUNIT_EXPECT_EQ(test, 0, detach(dt));
	expect_in_file(dt, 0, DEVICE);
	close_last(dt);
}

/* What programs wait for: from then on only I/O goes on, and only up to the close. */
static void detach_twice(struct kunit *test)
{
	struct detach_test *dt = detach_test_create(test, 0);

	write_device(dt, dt->ld->file, 0, DEVICE);
	KUNIT_EXPECT_EQ(test, 0, detach(dt));
	/* Without LO_FLAGS_AUTOCLEAR it would stay. */
	expect_no_ioctls(test, dt->ld);
	close_last(dt);
	expect_in_file(dt, 0, DEVICE);
}

/* The device can be written as long as it is open, but not opened again. */
static void detach_then_write(struct kunit *test)
{
	struct detach_test *dt = detach_test_create(test, 0);

	write_device(dt, dt->ld->file, 0, HALF);
	KUNIT_EXPECT_EQ(test, 0, detach(dt));
	KUNIT_EXPECT_EQ(test, -ENXIO, PTR_ERR_OR_ZERO(open_device(dt)));
	write_device(dt, dt->ld->file, HALF, HALF);
	close_last(dt);
	expect_in_file(dt, 0, DEVICE);
}

/* Whoever syncs that hears of it if it fails. */
static void detach_then_sync(struct kunit *test)
{
	struct detach_test *dt = detach_test_create(test, 0);

	KUNIT_EXPECT_EQ(test, 0, detach(dt));
	write_device(dt, dt->ld->file, 0, HALF);
	KUNIT_EXPECT_EQ(test, 0, vfs_fsync(dt->ld->file, 0));
	expect_in_file(dt, 0, HALF);
	fail_writes(dt, -ENOSPC);
	write_device(dt, dt->ld->file, HALF, HALF);
	KUNIT_EXPECT_GT(test, 0, vfs_fsync(dt->ld->file, 0));
	close_last(dt);
}

static void write_last_page(struct scripted_file *sf)
{
	struct detach_test *dt = sf->data;

	sf->on_call = NULL;
	write_device(dt, dt->ld->file, DEVICE - PAGE_SIZE, PAGE_SIZE);
}

/* Data that comes while the device is detached. */
static void detach_and_write(struct kunit *test)
{
	struct detach_test *dt = detach_test_create(test, 0);

	write_device(dt, dt->ld->file, 0, DEVICE - PAGE_SIZE);
	dt->sf->on_call = write_last_page;
	KUNIT_EXPECT_EQ(test, 0, detach(dt));
	KUNIT_EXPECT_NULL(test, dt->sf->on_call);
	close_last(dt);
	expect_in_file(dt, 0, DEVICE);
}

/* It is detached when the last one closes it. */
static void detach_with_others(struct kunit *test)
{
	struct detach_test *dt = detach_test_create(test, 0);
	struct file *other = open_device(dt);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, other);
	write_device(dt, other, 0, HALF);
	KUNIT_EXPECT_EQ(test, 0, detach(dt));
	expect_in_file(dt, 0, HALF);
	KUNIT_EXPECT_TRUE(test, is_bound(dt));
	loop_disk_close(dt->ld);
	write_device(dt, other, HALF, HALF);
	__fput_sync(other);
	flush_delayed_fput();
	expect_in_file(dt, 0, DEVICE);
	expect_unbound(dt);
}

static void detach_autoclear(struct kunit *test)
{
	struct detach_test *dt = detach_test_create(test, LO_FLAGS_AUTOCLEAR);

	write_device(dt, dt->ld->file, 0, DEVICE);
	close_last(dt);
	expect_in_file(dt, 0, DEVICE);
}

/* The device stays, and what was lost can be written again. */
static void detach_fails(struct kunit *test)
{
	struct detach_test *dt = detach_test_create(test, 0);

	write_device(dt, dt->ld->file, 0, DEVICE);
	fail_writes(dt, -ENOSPC);
	KUNIT_EXPECT_GT(test, 0, detach(dt));
	KUNIT_EXPECT_TRUE(test, is_bound(dt));
	fail_writes(dt, 0);
	write_device(dt, dt->ld->file, 0, DEVICE);
	KUNIT_EXPECT_EQ(test, 0, detach(dt));
	expect_in_file(dt, 0, DEVICE);
	close_last(dt);
}

/* Others that have it open make no difference to whoever detaches. */
static void detach_with_others_fails(struct kunit *test)
{
	struct detach_test *dt = detach_test_create(test, 0);
	struct file *other = open_device(dt);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, other);
	write_device(dt, other, 0, HALF);
	fail_writes(dt, -EIO);
	KUNIT_EXPECT_GT(test, 0, detach(dt));
	__fput_sync(other);
	KUNIT_EXPECT_TRUE(test, is_bound(dt));
}

/* A file that stays broken is no reason to keep the device for ever. */
static void detach_again(struct kunit *test)
{
	struct detach_test *dt = detach_test_create(test, 0);

	write_device(dt, dt->ld->file, 0, DEVICE);
	fail_writes(dt, -EIO);
	KUNIT_EXPECT_GT(test, 0, detach(dt));
	KUNIT_EXPECT_EQ(test, 0, detach(dt));
	close_last(dt);
}

/* An error that somebody knows of is old news. */
static void detach_after_failed_sync(struct kunit *test)
{
	struct detach_test *dt = detach_test_create(test, 0);

	write_device(dt, dt->ld->file, 0, DEVICE);
	fail_writes(dt, -EIO);
	KUNIT_EXPECT_GT(test, 0, vfs_fsync(dt->ld->file, 0));
	KUNIT_EXPECT_EQ(test, 0, detach(dt));
	close_last(dt);
}

/* A real file that is full. */
static void detach_full(struct kunit *test)
{
	struct vfsmount *mnt = write_file_mount(test, "tmpfs", "size=256k");
	struct file *file = write_file_open(test, mnt, "file", O_CREAT | O_RDWR);
	struct detach_test *dt;
	unsigned int pages = 0;
	u8 *page;
	loff_t pos;

	KUNIT_ASSERT_EQ(test, 0, vfs_truncate(&file->f_path, DEVICE));
	dt = detach_test_over(test, file, 0);
	write_device(dt, dt->ld->file, 0, DEVICE);
	KUNIT_EXPECT_GT(test, 0, detach(dt));
	KUNIT_EXPECT_TRUE(test, is_bound(dt));
	KUNIT_EXPECT_EQ(test, 0, detach(dt));
	close_last(dt);

	page = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	for (pos = 0; pos < DEVICE;) {
		const u8 *data = dt->data + pos;

		KUNIT_ASSERT_EQ(test, PAGE_SIZE, kernel_read(file, page, PAGE_SIZE, &pos));
		pages += !memcmp(page, data, PAGE_SIZE);
	}
	KUNIT_EXPECT_EQ(test, pages, SZ_256K / PAGE_SIZE);
}

/* What is not bound has nothing to write, and can't be detached. */
static void detach_nothing(struct kunit *test)
{
	expect_no_ioctls(test, loop_disk_create(test));
}

/* A device whose file is changed can't be written, so there is nothing to lose. */
static void change_read_only(struct kunit *test)
{
	struct detach_test *dt = detach_test_create(test, LO_FLAGS_READ_ONLY);
	struct scripted_file *sf = scripted_file_create(test, DEVICE);
	u8 *bytes = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	int fd = get_unused_fd_flags(O_CLOEXEC);
	loff_t pos = 0;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	KUNIT_ASSERT_GE(test, fd, 0);
	fd_install(fd, get_file(sf->file));
	memset(sf->bytes, 0x77, sf->size);

	KUNIT_EXPECT_EQ(test, -EPERM, kernel_write(dt->ld->file, dt->data, PAGE_SIZE, &pos));
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, kernel_read(dt->ld->file, bytes, PAGE_SIZE, &pos));
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes, SCRIPT_POISON, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, loop_disk_ioctl(dt->ld, LOOP_CHANGE_FD, fd));
	close_fd(fd);
	pos = 0;
	KUNIT_EXPECT_EQ(test, -EPERM, kernel_write(dt->ld->file, dt->data, PAGE_SIZE, &pos));
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, kernel_read(dt->ld->file, bytes, PAGE_SIZE, &pos));
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes, 0x77, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, detach(dt));
	close_last(dt);
	KUNIT_EXPECT_NULL(test, memchr_inv(dt->sf->bytes, SCRIPT_POISON, DEVICE));
	KUNIT_EXPECT_NULL(test, memchr_inv(sf->bytes, 0x77, DEVICE));
}

static struct kunit_case loop_detach_cases[] = {
	KUNIT_CASE_PARAM(detach_unsynced, mode_gen_params),
	KUNIT_CASE_PARAM(attached_has_ioctls, mode_gen_params),
	KUNIT_CASE_PARAM(detach_twice, mode_gen_params),
	KUNIT_CASE_PARAM(detach_then_write, mode_gen_params),
	KUNIT_CASE_PARAM(detach_then_sync, mode_gen_params),
	KUNIT_CASE_PARAM(detach_and_write, mode_gen_params),
	KUNIT_CASE_PARAM(detach_with_others, mode_gen_params),
	KUNIT_CASE_PARAM(detach_autoclear, mode_gen_params),
	KUNIT_CASE_PARAM(detach_fails, mode_gen_params),
	KUNIT_CASE_PARAM(detach_with_others_fails, mode_gen_params),
	KUNIT_CASE_PARAM(detach_again, mode_gen_params),
	KUNIT_CASE_PARAM(detach_after_failed_sync, mode_gen_params),
	KUNIT_CASE_PARAM(detach_full, mode_gen_params),
	KUNIT_CASE(detach_nothing),
	KUNIT_CASE_PARAM(change_read_only, mode_gen_params),
	{}
};

static struct kunit_suite loop_detach_suite = {
	.name = "loop_detach",
	.test_cases = loop_detach_cases,
};

kunit_test_suite(loop_detach_suite);

MODULE_DESCRIPTION("KUnit tests of loop devices that are detached with dirty pages");
MODULE_LICENSE("GPL");
