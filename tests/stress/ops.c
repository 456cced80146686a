// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operations of opcheck. Each does a thing to the file, and what that thing
 * promises to the model.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#include "opcheck.h"

/* splitmix64 */
__u32 roll(struct step *s, __u32 limit)
{
	__u64 z = s->random += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (z >> 32) % limit;
}

#define say(s, ...)	snprintf((s)->text, sizeof((s)->text), __VA_ARGS__)

/* Most errors are made where pages, blocks and the file end. */
static size_t some_pos(struct target *t, struct step *s, size_t limit)
{
	static const size_t units[] = { 512, 1024, 4096, 4096, 16384 };
	size_t unit = units[roll(s, ARRAY_SIZE(units))];
	size_t pos;

	switch (roll(s, 4)) {
	case 0:
		pos = t->row.size + roll(s, 9000) - 4500;
		break;
	case 1:
		pos = roll(s, limit / unit + 1) * unit;
		break;
	case 2:
		pos = roll(s, limit / unit + 1) * unit + roll(s, 41) - 20;
		break;
	default:
		pos = roll(s, limit);
	}
	/* Below zero is above all. */
	return pos < limit ? pos : roll(s, limit);
}

static size_t some_len(struct step *s)
{
	switch (roll(s, 5)) {
	case 0:
		return 1 + roll(s, 600);
	case 1:
		return (1 + roll(s, 8)) * 512;
	case 2:
		return (1 + roll(s, LEN_MAX / PAGE)) * PAGE;
	case 3:
		return 1 + roll(s, 9000);
	default:
		return 1 + roll(s, LEN_MAX);
	}
}

/* A range within what there is of the file; false if there is nothing. */
static bool some_range(struct target *t, struct step *s, size_t *pos, size_t *len)
{
	*len = some_len(s);
	if (!t->row.size)
		return false;
	*pos = some_pos(t, s, t->row.size);
	if (*len > t->row.size - *pos)
		*len = t->row.size - *pos;
	return true;
}

/*
 * @want bytes at @src were to be written to @pos, and @got is what came of it.
 * An error means that nothing was.
 */
static void accepted(struct target *t, struct step *s, size_t pos, const void *src,
		     long want, long got)
{
	bool early = t->full && (got == -ENOSPC || (got > 0 && got < want));

	s->done = true;
	t->early += early;
	if (got != want && !early)
		wrong(&t->row, "returned %ld, not %ld", got, want);
	if (got > 0 && got <= want) {
		model(&t->row, pos, src, got);
		s->bytes += got;
	}
}

/* The calls of which one may do a part have been made to do all they will. */
static long total(long done, long n)
{
	return done || n >= 0 ? done : n;
}

static void do_write(struct target *t, struct step *s)
{
	size_t pos = some_pos(t, s, FILE_SIZE_MAX), len = some_len(s);
	const void *src = data(len);

	say(s, "write %zu bytes to %zu", len, pos);
	accepted(t, s, pos, src, len, result(pwrite(t->fd, src, len, pos)));
}

static void do_append(struct target *t, struct step *s)
{
	size_t len = some_len(s);
	const void *src = data(len);

	if (t->row.size > FILE_SIZE_MAX)
		return;
	say(s, "append %zu bytes to %zu", len, t->row.size);
	accepted(t, s, t->row.size, src, len, result(write(t->append, src, len)));
}

/*
 * Segments of all lengths, empty ones with an address that is none, and in half
 * of the calls one that cannot be read, from its start or from somewhere in it.
 */
static void do_writev(struct target *t, struct step *s)
{
	static unsigned char all[LEN_MAX * 2];
	static unsigned char *area;
	size_t pos = some_pos(t, s, FILE_SIZE_MAX), len = 0, good;
	int i, count = 1 + roll(s, 20), bad = roll(s, 2 * count);
	int flags = t->full || roll(s, 8) ? 0 : RWF_DSYNC;
	struct iovec iov[20];

	if (!area) {
		area = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		must(area != MAP_FAILED, "mmap", "area");
		must(!munmap(area + PAGE, PAGE), "munmap", "area");
	}
	for (i = 0; i < count; i++) {
		good = roll(s, 4) ? roll(s, 6000) : 0;
		iov[i].iov_base = good ? data(good) : NULL;
		iov[i].iov_len = good;
		if (i == bad) {
			good %= 2000;
			memcpy(area + PAGE - good, data(good), good);
			iov[i].iov_base = area + PAGE - good;
			iov[i].iov_len = good + 1 + roll(s, 3000);
		}
		if (i <= bad && good)
			memcpy(all + len, iov[i].iov_base, good);
		if (i <= bad)
			len += good;
	}
	say(s, "writev %d segments to %zu, flags %d, %zu bytes%s", count, pos, flags, len,
	    bad < count ? ", then a bad address" : "");
	accepted(t, s, pos, all, len || bad >= count ? (long)len : -EFAULT,
		 result(pwritev2(t->fd, iov, count, pos, flags)));
}

/* From a mapping of the file itself that has to be faulted in. */
static void do_write_self(struct target *t, struct step *s)
{
	size_t from, len, pos = some_pos(t, s, FILE_SIZE_MAX);
	unsigned char *map, copy[LEN_MAX];

	if (!some_range(t, s, &from, &len) || (pos < from + len && from < pos + len))
		return;
	say(s, "write %zu bytes of the file's own from %zu to %zu", len, from, pos);
	map = mmap(NULL, from + len, PROT_READ, MAP_SHARED, t->fd, 0);
	must(map != MAP_FAILED, "mmap", t->row.name);
	memcpy(copy, t->row.want + from, len);
	accepted(t, s, pos, copy, len, result(pwrite(t->fd, map + from, len, pos)));
	munmap(map, from + len);
}

static void do_mmap_write(struct target *t, struct step *s)
{
	unsigned char *map;
	size_t pos, len;
	bool flush = !roll(s, 4);

	if (!some_range(t, s, &pos, &len))
		return;
	say(s, "mmap write %zu bytes to %zu%s", len, pos, flush ? ", msync" : "");
	map = mmap(NULL, pos + len, PROT_READ | PROT_WRITE, MAP_SHARED, t->fd, 0);
	must(map != MAP_FAILED, "mmap", t->row.name);
	memcpy(map + pos, data(len), len);
	accepted(t, s, pos, map + pos, len, len);
	if (flush)
		expect(&t->row, "msync", result(msync(map, pos + len, MS_SYNC)), 0);
	munmap(map, pos + len);
}

static void do_truncate(struct target *t, struct step *s)
{
	size_t size = some_pos(t, s, FILE_SIZE_MAX);

	say(s, "truncate to %zu from %zu", size, t->row.size);
	expect(&t->row, "ftruncate", result(ftruncate(t->fd, size)), 0);
	if (size < t->row.size)
		memset(t->row.want + size, 0, t->row.size - size);
	t->row.size = size;
	s->done = true;
}

/* False if the filesystem does not have it, or it has failed. */
static bool fallocated(struct target *t, struct step *s, int mode, size_t pos, size_t len)
{
	long ret = result(fallocate(t->fd, mode, pos, len));

	if (ret == -EOPNOTSUPP)
		return false;
	s->done = true;
	expect(&t->row, "fallocate", ret, 0);
	return !ret;
}

static void do_punch(struct target *t, struct step *s)
{
	size_t pos = some_pos(t, s, FILE_SIZE_MAX), len = some_len(s);

	say(s, "punch %zu bytes at %zu", len, pos);
	if (fallocated(t, s, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, pos, len))
		memset(t->row.want + pos, 0, len);
}

static void do_zero(struct target *t, struct step *s)
{
	size_t pos = some_pos(t, s, FILE_SIZE_MAX), len = some_len(s);
	int keep = roll(s, 2) ? FALLOC_FL_KEEP_SIZE : 0;

	say(s, "zero %zu bytes at %zu%s", len, pos, keep ? ", keep the size" : "");
	if (!fallocated(t, s, FALLOC_FL_ZERO_RANGE | keep, pos, len))
		return;
	memset(t->row.want + pos, 0, len);
	if (!keep && t->row.size < pos + len)
		t->row.size = pos + len;
}

static void do_allocate(struct target *t, struct step *s)
{
	size_t pos = some_pos(t, s, FILE_SIZE_MAX), len = some_len(s);
	int keep = roll(s, 2) ? FALLOC_FL_KEEP_SIZE : 0;

	say(s, "allocate %zu bytes at %zu%s", len, pos, keep ? ", keep the size" : "");
	if (fallocated(t, s, keep, pos, len) && !keep && t->row.size < pos + len)
		t->row.size = pos + len;
}

static void do_collapse(struct target *t, struct step *s)
{
	size_t pos = roll(s, 32) * PAGE, len = (1 + roll(s, 8)) * PAGE;

	if (pos + len >= t->row.size)
		return;
	say(s, "collapse %zu bytes at %zu", len, pos);
	if (!fallocated(t, s, FALLOC_FL_COLLAPSE_RANGE, pos, len))
		return;
	memmove(t->row.want + pos, t->row.want + pos + len, t->row.size - pos - len);
	t->row.size -= len;
	memset(t->row.want + t->row.size, 0, len);
}

static void do_insert(struct target *t, struct step *s)
{
	size_t pos = roll(s, 32) * PAGE, len = (1 + roll(s, 8)) * PAGE;

	if (pos >= t->row.size || t->row.size > FILE_SIZE_MAX)
		return;
	say(s, "insert %zu bytes at %zu", len, pos);
	if (!fallocated(t, s, FALLOC_FL_INSERT_RANGE, pos, len))
		return;
	memmove(t->row.want + pos + len, t->row.want + pos, t->row.size - pos);
	t->row.size += len;
	memset(t->row.want + pos, 0, len);
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

static long splice_all(int pipe, int fd, loff_t pos, size_t len, unsigned int flags)
{
	size_t done;
	long n = 0;

	for (done = 0; done < len; done += n) {
		n = result(splice(pipe, NULL, fd, &pos, len - done, flags));
		if (n <= 0)
			break;
	}
	return total(done, n);
}

static void do_splice(struct target *t, struct step *s)
{
	size_t pos = some_pos(t, s, FILE_SIZE_MAX), len = some_len(s);
	unsigned int flags = roll(s, 2) ? SPLICE_F_MOVE : 0;
	const void *src = data(len);
	int pipe[2];

	/* Else hardly a page could move. */
	if (roll(s, 2))
		pos = pos / PAGE * PAGE;
	say(s, "splice %zu bytes to %zu, flags %u", len, pos, flags);
	make_pipe(pipe);
	must(write(pipe[1], src, len) == (long)len, "write", "pipe");
	accepted(t, s, pos, src, len, splice_all(pipe[0], t->fd, pos, len, flags));
	close_pipe(pipe);
}

/* From pages of the source, which stays as it is. */
static void do_splice_file(struct target *t, struct step *s)
{
	size_t pos = some_pos(t, s, FILE_SIZE_MAX), len = some_len(s);
	size_t done, from = roll(s, SOURCE_SIZE - len);
	unsigned int flags = roll(s, 2) ? SPLICE_F_MOVE : 0;
	loff_t off;
	int pipe[2];
	long n;

	if (roll(s, 2)) {
		pos = pos / PAGE * PAGE;
		from = from / PAGE * PAGE;
	}
	say(s, "splice %zu bytes from %zu of the source to %zu, flags %u", len, from, pos,
	    flags);
	off = from;
	make_pipe(pipe);
	for (done = 0; done < len; done += n) {
		n = splice(t->from, &off, pipe[1], NULL, len - done, 0);
		must(n > 0, "splice", t->source.name);
	}
	accepted(t, s, pos, t->source.want + from, len,
		 splice_all(pipe[0], t->fd, pos, len, flags));
	close_pipe(pipe);
}

/*
 * From pages of ours, given away or only lent. What we write to those lent
 * afterwards has no business in the file.
 */
static void do_vmsplice(struct target *t, struct step *s)
{
	size_t pos = some_pos(t, s, FILE_SIZE_MAX), len = some_len(s);
	size_t skip = roll(s, 2) ? 0 : roll(s, PAGE);
	unsigned int flags = roll(s, 2) ? SPLICE_F_MOVE : 0;
	bool gift = roll(s, 2);
	const void *src = data(len);
	unsigned char *pages;
	struct iovec iov;
	int pipe[2];

	if (roll(s, 2))
		pos = pos / PAGE * PAGE;
	say(s, "vmsplice %zu bytes from %zu of a page to %zu, flags %u%s", len, skip, pos,
	    flags, gift ? ", a gift" : "");
	pages = mmap(NULL, LEN_MAX + 2 * PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(pages != MAP_FAILED, "mmap", "gift");
	memcpy(pages + skip, src, len);
	iov.iov_base = pages + skip;
	iov.iov_len = len;
	make_pipe(pipe);
	must(vmsplice(pipe[1], &iov, 1, gift ? SPLICE_F_GIFT : 0) == (long)len,
	     "vmsplice", "pipe");
	accepted(t, s, pos, src, len,
		 splice_all(pipe[0], t->fd, pos, len, flags));
	close_pipe(pipe);
	if (!gift)
		memset(pages, 0xee, LEN_MAX + 2 * PAGE);
	munmap(pages, LEN_MAX + 2 * PAGE);
}

static void do_sendfile(struct target *t, struct step *s)
{
	size_t pos = some_pos(t, s, FILE_SIZE_MAX), len = some_len(s);
	size_t done, from = roll(s, SOURCE_SIZE - len);
	off_t off = from;
	long n = 0;

	say(s, "sendfile %zu bytes from %zu of the source to %zu", len, from, pos);
	must(lseek(t->fd, pos, SEEK_SET) == (off_t)pos, "lseek", t->row.name);
	for (done = 0; done < len; done += n) {
		n = result(sendfile(t->fd, t->from, &off, len - done));
		if (n <= 0)
			break;
	}
	accepted(t, s, pos, t->source.want + from, len, total(done, n));
}

static void do_copy_range(struct target *t, struct step *s)
{
	size_t pos = some_pos(t, s, FILE_SIZE_MAX), len = some_len(s), from, done;
	bool own = roll(s, 2);
	unsigned char copy[LEN_MAX];
	loff_t in, out = pos;
	long n = 0;

	if (!own)
		from = roll(s, SOURCE_SIZE - len);
	else if (!some_range(t, s, &from, &len) || (pos < from + len && from < pos + len))
		return;
	say(s, "copy_file_range %zu bytes from %zu of %s to %zu", len, from,
	    own ? "itself" : "the source", pos);
	memcpy(copy, (own ? t->row.want : t->source.want) + from, len);
	in = from;
	for (done = 0; done < len; done += n) {
		n = result(copy_file_range(own ? t->fd : t->from, &in, t->fd, &out,
					   len - done, 0));
		if (n <= 0)
			break;
	}
	accepted(t, s, pos, copy, len, total(done, n));
}

static void do_direct_write(struct target *t, struct step *s)
{
	size_t pos = some_pos(t, s, FILE_SIZE_MAX) & -512UL;
	size_t len = (some_len(s) + 511) & -512UL;
	const void *src = data_at(roll(s, 256) * PAGE);

	if (t->direct < 0)
		return;
	say(s, "write %zu bytes directly to %zu", len, pos);
	accepted(t, s, pos, src, len, result(pwrite(t->direct, src, len, pos)));
}

/* Reads, compared to the model */

static void do_read(struct target *t, struct step *s)
{
	size_t pos, len;

	if (!some_range(t, s, &pos, &len))
		return;
	say(s, "read %zu bytes at %zu", len, pos);
	compare_range(t, t->fd, pos, len, "read");
	s->done = true;
	s->bytes = len;
}

static void do_direct_read(struct target *t, struct step *s)
{
	size_t pos, len;

	if (t->direct < 0 || !some_range(t, s, &pos, &len))
		return;
	pos &= -512UL;
	len = (len + 511) & -512UL;
	say(s, "read %zu bytes directly at %zu", len, pos);
	compare_range(t, t->direct, pos, len, "direct read");
	s->done = true;
	s->bytes = len;
}

static void do_mmap_read(struct target *t, struct step *s)
{
	unsigned char *map;
	size_t pos, len;

	if (!some_range(t, s, &pos, &len))
		return;
	say(s, "mmap read %zu bytes at %zu", len, pos);
	map = mmap(NULL, pos + len, PROT_READ, MAP_SHARED, t->fd, 0);
	must(map != MAP_FAILED, "mmap", t->row.name);
	if (memcmp(map + pos, t->row.want + pos, len))
		wrong(&t->row, "mmap of %zu bytes at %zu differs", len, pos);
	munmap(map, pos + len);
	s->done = true;
	s->bytes = len;
}

/* What may not change anything */

static void do_fsync(struct target *t, struct step *s)
{
	bool data_only = roll(s, 2);

	say(s, data_only ? "fdatasync" : "fsync");
	expect(&t->row, "fsync", result(data_only ? fdatasync(t->fd) : fsync(t->fd)), 0);
	s->done = true;
}

static void do_drop_caches(struct target *t, struct step *s)
{
	say(s, "sync, drop caches");
	empty_caches();
	s->done = true;
	compare_whole(t, "caches dropped");
}

static void do_remount(struct target *t, struct step *s)
{
	if (!t->device)
		return;
	say(s, "mount anew");
	close_files(t);
	must(!umount(t->dir), "umount", t->dir);
	must(!mount(t->device, t->dir, t->type, 0, t->options), "mount", t->device);
	open_files(t);
	s->done = true;
	compare_whole(t, "mounted anew");
}

/* Its blocks are there for others now, with what is in them. */
static void do_replace(struct target *t, struct step *s)
{
	say(s, "unlink, create");
	close_files(t);
	must(!unlink(t->row.name), "unlink", t->row.name);
	open_files(t);
	memset(t->row.want, 0, t->row.size);
	t->row.size = 0;
	s->done = true;
}

const struct op ops[] = {
	{ "write", do_write, 60, true },
	{ "append", do_append, 20, true },
	{ "writev", do_writev, 80, true },
	{ "write-self", do_write_self, 20, false },
	{ "mmap-write", do_mmap_write, 40, false },
	{ "truncate", do_truncate, 30, true },
	{ "punch", do_punch, 20, false },
	{ "zero", do_zero, 20, false },
	{ "allocate", do_allocate, 10, false },
	{ "collapse", do_collapse, 5, false },
	{ "insert", do_insert, 5, false },
	{ "splice", do_splice, 30, true },
	{ "splice-file", do_splice_file, 30, true },
	{ "vmsplice", do_vmsplice, 30, true },
	{ "sendfile", do_sendfile, 20, true },
	{ "copy-range", do_copy_range, 20, true },
	{ "direct-write", do_direct_write, 30, false },
	{ "read", do_read, 40, true },
	{ "direct-read", do_direct_read, 20, true },
	{ "mmap-read", do_mmap_read, 20, false },
	{ "fsync", do_fsync, 10, true },
	{ "drop-caches", do_drop_caches, 4, true },
	{ "remount", do_remount, 2, true },
	{ "replace", do_replace, 3, true },
};

const size_t nr_ops = ARRAY_SIZE(ops);
