// SPDX-License-Identifier: GPL-2.0-only
/*
 * The paths by which bytes get into the files and symlinks of a filesystem.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bootwrite.h"

static void do_write(struct row *r)
{
	static const size_t sizes[] = {
		1, 3, 511, 513, 1023, 1025, 4095, 4097, 65535, 65537, 300001,
	};
	static const struct extent middle[] = {
		{ 1, 1 }, { 1022, 5 }, { 4093, 7 }, { 8192, 4096 }, { 12345, 54321 },
		{ 65530, 140001 },
	};
	unsigned char *map;
	int append, fd = create(r);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		put(r, fd, r->size, data(sizes[i]), sizes[i]);
	for (i = 0; i < ARRAY_SIZE(middle); i++)
		put(r, fd, middle[i].pos, data(middle[i].len), middle[i].len);

	/* Whatever the offset, O_APPEND writes at the end. */
	append = open(r->name, O_WRONLY | O_APPEND);
	must(append >= 0, "open", r->name);
	for (i = 0; i < 3; i++) {
		const void *src = data(8191);

		expect(r, "append", result(write(append, src, 8191)), 8191);
		model(r, r->size, src, 8191);
	}
	close(append);

	put(r, fd, r->size + 100003, data(5003), 5003);
	put(r, fd, r->size + MIB, data(1), 1);

	/*
	 * The source is a mapping of the page written to, not yet faulted in:
	 * to fault with that page locked is to wait for oneself.
	 */
	map = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	must(map != MAP_FAILED, "mmap", r->name);
	put(r, fd, 2049, map + 5, 1001);
	put(r, fd, PAGE + 300, map + PAGE - 100, 200);
	munmap(map, 2 * PAGE);
	close(fd);
}

static void do_writev(struct row *r)
{
	static const int counts[] = { 1, 17, 1024 };
	int fd = create(r);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counts); i++)
		put_vector(r, fd, r->size, counts[i]);
	for (i = 0; i < ARRAY_SIZE(counts); i++)
		put_vector(r, fd, 1021 + i, counts[i]);
	close(fd);
}

static void make_pipe(int pipe[2])
{
	must(!pipe2(pipe, 0), "pipe", "");
	/* Room for what we put in, however it is cut into pages. */
	must(fcntl(pipe[1], F_SETPIPE_SZ, 64 * PAGE) >= 0, "F_SETPIPE_SZ", "");
}

static void close_pipe(int pipe[2])
{
	close(pipe[0]);
	close(pipe[1]);
}

/* Splice what is in a pipe to @pos. */
static void put_pipe(struct row *r, int pipe, int fd, size_t pos, const void *src,
		     size_t len, unsigned int flags)
{
	loff_t off = pos;
	size_t done;
	long n;

	for (done = 0; done < len; done += n) {
		n = splice(pipe, NULL, fd, &off, len - done, flags);
		if (n <= 0) {
			wrong(r, "splice of %zu bytes to %zu returned %ld after %zu",
			      len, pos, result(n), done);
			break;
		}
	}
	model(r, pos, src, len);
}

/* From a pipe that was written to: aligned pages, which may move, and others. */
static void splice_extents(struct row *r, unsigned int flags)
{
	static const struct extent extents[] = {
		{ 0, PAGE }, { PAGE, 16 * PAGE }, { 17 * PAGE, 5003 }, { 80001, 30001 },
		{ 100, 1 }, { 2 * PAGE, PAGE }, { 3 * PAGE + 1, PAGE }, { 200001, 4099 },
	};
	int pipe[2], fd = create(r);

	make_pipe(pipe);
	for (size_t i = 0; i < ARRAY_SIZE(extents); i++) {
		size_t len = extents[i].len;
		const void *src = data(len);

		must(write(pipe[1], src, len) == (long)len, "write", "pipe");
		put_pipe(r, pipe[0], fd, extents[i].pos, src, len, flags);
	}
	close_pipe(pipe);
	close(fd);
}

static void do_splice(struct row *r)
{
	splice_extents(r, 0);
}

static void do_splice_move(struct row *r)
{
	splice_extents(r, SPLICE_F_MOVE);
}

/* For each other of the operations of a row. */
static unsigned int move_each_other(size_t i)
{
	return i % 2 ? 0 : SPLICE_F_MOVE;
}

/*
 * From a pipe that shares the pages of our memory. Pages that were a gift are
 * left alone; the others remain ours, and what we write to them afterwards has
 * no business in the file.
 */
static void do_vmsplice(struct row *r)
{
	static const struct {
		struct extent to;
		size_t skip;		/* start of the data within its first page */
		unsigned int flags;
	} steps[] = {
		{ { 0, 16 * PAGE }, 0, SPLICE_F_GIFT },
		{ { 16 * PAGE, 16 * PAGE }, 0, 0 },
		{ { 32 * PAGE + 77, 20001 }, 123, 0 },
		{ { PAGE, PAGE }, 0, SPLICE_F_GIFT },
		{ { 3 * PAGE, PAGE }, 0, 0 },
	};
	int pipe[2], fd = create(r);

	make_pipe(pipe);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		size_t len = steps[i].to.len;
		unsigned char *page, *copy = data(len);
		struct iovec iov;

		page = mmap(NULL, 17 * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		must(page != MAP_FAILED, "mmap", "gift");
		memcpy(page + steps[i].skip, copy, len);
		iov.iov_base = page + steps[i].skip;
		iov.iov_len = len;
		must(vmsplice(pipe[1], &iov, 1, steps[i].flags) == (long)len,
		     "vmsplice", "pipe");
		put_pipe(r, pipe[0], fd, steps[i].to.pos, copy, len, move_each_other(i));
		if (!(steps[i].flags & SPLICE_F_GIFT))
			memset(page, 0xee, 17 * PAGE);
		munmap(page, 17 * PAGE);
	}
	close_pipe(pipe);
	close(fd);
}

/* From another file, which has to stay as it was. */
static void do_splice_file(struct row *r)
{
	static const struct extent extents[] = {
		{ 0, 16 * PAGE }, { 16 * PAGE, 10007 }, { 5001, 8191 }, { 150001, 3 * PAGE },
	};
	struct row source;
	int pipe[2], from, fd = create(r);

	row_start(&source, r->subsystem, "source-of-splice", MOUNTED);
	from = create(&source);
	put(&source, from, 0, data(40 * PAGE), 40 * PAGE);
	/* Clean pages are the ones that could be taken away from the source. */
	fsync(from);

	make_pipe(pipe);
	for (size_t i = 0; i < ARRAY_SIZE(extents); i++) {
		loff_t off = extents[i].pos;
		size_t len = extents[i].len;
		long n = splice(from, &off, pipe[1], NULL, len, SPLICE_F_MOVE);

		expect(r, "splice to pipe", result(n), len);
		if (n == (long)len)
			put_pipe(r, pipe[0], fd, extents[i].pos,
				 source.want + extents[i].pos, len, move_each_other(i));
	}
	close_pipe(pipe);
	close(fd);
	close(from);

	compare_file(&source);
	if (source.wrong[0])
		wrong(r, "%s", source.wrong);
	free(source.want);
}

/*
 * Sources with bytes that cannot be read. A write ends with what comes before
 * the first of them; if that is nothing, it fails and changes nothing.
 */
static void do_badaddr(struct row *r)
{
	unsigned char *area = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char *hole = area + 2 * PAGE;
	struct iovec bad_first[] = { { hole, 100 }, { area, 1000 } };
	struct iovec bad_later[] = { { area, 1001 }, { hole, 100 }, { area, 1000 } };
	int fd = create(r);

	must(area != MAP_FAILED, "mmap", "area");
	memcpy(area, data(2 * PAGE), 2 * PAGE);
	must(!munmap(hole, 2 * PAGE), "munmap", "hole");

	put(r, fd, 0, data(20001), 20001);
	put_some(r, fd, 1001, hole - 5003, 5003 + 301, 5003);
	put_some(r, fd, 2 * PAGE, hole - PAGE, 2 * PAGE, PAGE);
	put_some(r, fd, 3 * PAGE, hole - 1, 2, 1);
	put_some(r, fd, r->size, hole - 3333, 3333 + PAGE, 3333);
	put_some(r, fd, r->size + 70001, hole - 101, 5000, 101);

	lseek(fd, 300, SEEK_SET);
	expect(r, "writev of a bad first segment", result(writev(fd, bad_first, 2)),
	       -EFAULT);
	expect(r, "writev of a bad second segment", result(writev(fd, bad_later, 3)),
	       1001);
	model(r, 300, area, 1001);

	lseek(fd, r->size + 9999, SEEK_SET);
	expect(r, "write of nothing readable", result(write(fd, hole, 5000)), -EFAULT);

	munmap(area, 2 * PAGE);
	close(fd);
}

/* Short targets live in the inode, long ones go through the page cache. */

static size_t link_lengths(struct row *r, size_t lengths[8])
{
	struct statvfs st;
	size_t limit;

	must(!statvfs(r->name, &st), "statvfs", r->name);
	limit = (st.f_bsize < PATH_MAX ? st.f_bsize : PATH_MAX) - 1;
	lengths[0] = 1;
	lengths[1] = 2;
	lengths[2] = 59;
	lengths[3] = 60;
	lengths[4] = 61;
	lengths[5] = 512;
	lengths[6] = limit - 1;
	lengths[7] = limit;
	return limit;
}

static void link_name(struct row *r, size_t len, char name[PATH_MAX])
{
	must(snprintf(name, PATH_MAX, "%s/%zu", r->name, len) < PATH_MAX, "name", "");
}

static void link_target(size_t len, char *target)
{
	for (size_t i = 0; i < len; i++)
		target[i] = 'a' + data_at(len)[i] % 26;
	target[len] = '\0';
}

static void do_symlink(struct row *r)
{
	char name[PATH_MAX], target[PATH_MAX + 1];
	size_t i, lengths[8], limit;

	must(!mkdir(r->name, 0755), "mkdir", r->name);
	limit = link_lengths(r, lengths);
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		link_name(r, lengths[i], name);
		link_target(lengths[i], target);
		expect(r, "symlink", result(symlink(target, name)), 0);
		r->written += lengths[i];
	}
	link_name(r, limit + 1, name);
	link_target(limit + 1, target);
	expect(r, "symlink of a too long target", result(symlink(target, name)),
	       -ENAMETOOLONG);
	expect(r, "lstat of what was refused", result(access(name, F_OK)), -ENOENT);
}

static void compare_links(struct row *r)
{
	char name[PATH_MAX], want[PATH_MAX + 1], got[PATH_MAX];
	size_t i, lengths[8];
	struct stat st;

	link_lengths(r, lengths);
	r->sum = 0;
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		link_name(r, lengths[i], name);
		link_target(lengths[i], want);
		if (result(readlink(name, got, sizeof(got))) != (long)lengths[i] ||
		    memcmp(got, want, lengths[i]))
			wrong(r, "%s, readlink of the target of %zu bytes", moment,
			      lengths[i]);
		else if (lstat(name, &st) || (size_t)st.st_size != lengths[i])
			wrong(r, "%s, lstat of the target of %zu bytes", moment,
			      lengths[i]);
		else
			r->sum ^= checksum((unsigned char *)got, lengths[i]);
	}
}

static const struct {
	const char *path;
	void (*write)(struct row *r);
	void (*compare)(struct row *r);
} files[] = {
	{ "write", do_write, compare_file },
	{ "writev", do_writev, compare_file },
	{ "splice", do_splice, compare_file },
	{ "splice-move", do_splice_move, compare_file },
	{ "vmsplice", do_vmsplice, compare_file },
	{ "splice-file", do_splice_file, compare_file },
	{ "symlink", do_symlink, compare_links },
	{ "badaddr", do_badaddr, compare_file },
};

void mount_at(const char *dir, const char *device, const char *type, const char *options)
{
	must(!mount(device, dir, type, 0, options), "mount", device);
}

void unmount(const char *dir)
{
	must(!umount(dir), "umount", dir);
}

static void compare_all(struct row *rows, const char *when)
{
	moment = when;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		files[i].compare(&rows[i]);
}

void test_filesystem(const char *subsystem, const char *device, const char *type,
		     const char *options)
{
	static struct row rows[ARRAY_SIZE(files)];
	size_t i;

	printf("boot: doing %s: mount -t %s -o %s %s\n", subsystem, type,
	       options ?: "defaults", device);
	mount_at(MOUNTED, device, type, options);
	moment = "written";
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		printf("boot: step %s\n", files[i].path);
		row_start(&rows[i], subsystem, files[i].path, MOUNTED);
		files[i].write(&rows[i]);
	}
	compare_all(rows, "written");
	empty_caches();
	compare_all(rows, "caches dropped");

	/* tmpfs, which has no device, ends with its mount. */
	if (device[0] == '/') {
		unmount(MOUNTED);
		mount_at(MOUNTED, device, type, options);
		compare_all(rows, "mounted anew");
	}
	unmount(MOUNTED);
	for (i = 0; i < ARRAY_SIZE(files); i++)
		row_end(&rows[i]);
}
