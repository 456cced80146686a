// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loop devices over files of a filesystem: written raw, and mounted.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bootwrite.h"

#define DEVICE	MIB		/* size of those that are written raw */

static void attach(const char *file, char device[32])
{
	struct loop_config config = {};
	int fd = open(file, O_RDWR);
	int control = open("/dev/loop-control", O_RDWR);
	int nr = ioctl(control, LOOP_CTL_GET_FREE);
	int loop;

	must(fd >= 0, "open", file);
	must(nr >= 0, "LOOP_CTL_GET_FREE", file);
	snprintf(device, 32, "/dev/loop%d", nr);
	config.fd = fd;
	loop = open(device, O_RDWR);
	must(loop >= 0 && !ioctl(loop, LOOP_CONFIGURE, &config), "LOOP_CONFIGURE", file);
	close(loop);
	close(fd);
	close(control);
}

static void detach(const char *device)
{
	int loop = open(device, O_RDWR);

	must(loop >= 0 && !ioctl(loop, LOOP_CLR_FD), "LOOP_CLR_FD", device);
	close(loop);
}

static void do_device_write(struct row *r, int fd)
{
	static const struct extent extents[] = {
		{ 0, 1 }, { 511, 2 }, { 4095, 4099 }, { 100001, 200003 },
		{ DEVICE - 777, 777 }, { 512, 512 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(extents); i++)
		put(r, fd, extents[i].pos, data(extents[i].len), extents[i].len);
}

static void do_device_writev(struct row *r, int fd)
{
	put_vector(r, fd, 0, 17);
	put_vector(r, fd, 65537, 1024);
	put_vector(r, fd, DEVICE - 5003, 1);
}

static void do_device_direct(struct row *r, int fd)
{
	static const struct extent extents[] = {
		{ 0, 512 }, { 4096, 4096 }, { 8192 + 512, 65536 }, { DEVICE / 2, DEVICE / 2 },
		{ DEVICE - 512, 512 },
	};

	/* O_DIRECT asks for memory as aligned as the disk. */
	for (size_t i = 0; i < ARRAY_SIZE(extents); i++)
		put(r, fd, extents[i].pos, data_at((i + 1) * PAGE), extents[i].len);
}

static const struct {
	const char *path;
	int flags;
	void (*write)(struct row *r, int fd);
} devices[] = {
	{ "write", 0, do_device_write },
	{ "writev", 0, do_device_writev },
	{ "direct", O_DIRECT, do_device_direct },
};

/*
 * The data has to be found through the device and in the file below it. The
 * file is as large as the device and, like a new image, all holes.
 */
static void test_device(const char *subsystem, size_t which)
{
	char device[32];
	struct row r;
	int fd;

	printf("boot: step %s\n", devices[which].path);
	row_start(&r, subsystem, devices[which].path, BACKING);
	fd = create(&r);
	must(!ftruncate(fd, DEVICE), "ftruncate", r.name);
	close(fd);
	r.size = DEVICE;

	attach(r.name, device);
	fd = open(device, O_RDWR | devices[which].flags);
	must(fd >= 0, "open", device);
	devices[which].write(&r, fd);
	expect(&r, "fsync", result(fsync(fd)), 0);
	close(fd);

	moment = "written";
	compare(&r, device);
	compare(&r, r.name);
	empty_caches();
	moment = "caches dropped";
	compare(&r, device);
	compare(&r, r.name);
	detach(device);
	moment = "detached";
	compare(&r, r.name);
	row_end(&r);
	unlink(r.name);
}

/*
 * One write that the filesystem below has no room for: it must not succeed. Only
 * its last page is too much, so that the room ends within the last request,
 * however the write is cut into them: a request behind it would fail as a whole,
 * which is noticed anyway.
 */
void test_loop_full(void)
{
	const size_t room = MIB - PAGE, asked = MIB;
	char device[32];
	struct row r;
	int fd;

	printf("boot: doing raw-loop-full: %zu bytes, with room for %zu\n", asked, room);
	mount_at(BACKING, "none", "tmpfs", "size=1020k");
	row_start(&r, "raw-loop-full", "direct", BACKING);
	fd = create(&r);
	must(!ftruncate(fd, 2 * MIB), "ftruncate", r.name);
	close(fd);

	attach(r.name, device);
	fd = open(device, O_RDWR | O_DIRECT);
	must(fd >= 0, "open", device);
	expect(&r, "write", result(write(fd, data_at(0), asked)), -ENOSPC);
	close(fd);
	detach(device);

	/* What is there is right. The rest is a hole, in which mmap(2) has no page. */
	model(&r, 0, data_at(0), room);
	must(!truncate(r.name, room), "truncate", r.name);
	moment = "detached";
	compare(&r, r.name);
	row_end(&r);
	unmount(BACKING);
}

/* Copy a disk to a file, or back. */
static void copy(const char *from, const char *to)
{
	static char buffer[MIB];
	int in = open(from, O_RDONLY);
	int out = open(to, O_WRONLY | O_CREAT, 0644);
	long n;

	must(in >= 0, "open", from);
	must(out >= 0, "open", to);
	while ((n = read(in, buffer, sizeof(buffer))) > 0)
		must(write(out, buffer, n) == n, "write", to);
	must(n == 0, "read", from);
	must(!fsync(out), "fsync", to);
	close(in);
	close(out);
}

/*
 * The image of @d on a filesystem, as a loop device, mounted. It comes from
 * the disk and goes back there, so that e2fsck gets to see what became of it.
 */
static void test_loop_mount(const struct disk *d)
{
	static const char image[] = BACKING "/image";
	char device[32];

	printf("boot: doing %s: copy the image\n", d->name);
	copy(d->device, image);
	attach(image, device);
	test_filesystem(d->name, device, d->type, mount_options(d));
	detach(device);
	copy(image, d->device);
	unlink(image);
}

void test_loop(const struct disk *d, const struct disk *below)
{
	char raw[sizeof(d->name) + 4];

	if (below)
		mount_at(BACKING, below->device, below->type, mount_options(below));
	else
		mount_at(BACKING, "none", "tmpfs", NULL);
	snprintf(raw, sizeof(raw), "raw-%s", d->name);
	printf("boot: doing %s: a new file of %lu bytes for each path\n", raw, DEVICE);
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
		test_device(raw, i);
	test_loop_mount(d);
	unmount(BACKING);
}
