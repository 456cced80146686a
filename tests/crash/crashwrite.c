// SPDX-License-Identifier: GPL-2.0-only
/*
 * crashwrite - writes files on a disk that logs what reaches it, in which order.
 *
 *	crashwrite DISK LOG TYPE OPTIONS SEED ACTIONS
 *
 * Runs in the guest of scripts/crash.sh. DISK has a filesystem; it goes below a
 * device-mapper target, log-writes, whose log goes to LOG. Each action that is
 * done leaves a mark in the log: its number, from 1.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../boot/bootwrite.h"
#include "history.h"

#define DIR	"/mnt/fs"

static int control;		/* the device-mapper */

/* A device-mapper command, for the one device that we have. */
static int dm(unsigned long command, const void *data, size_t len)
{
	static union {
		struct dm_ioctl head;
		char all[1024];
	} buf;

	memset(&buf, 0, sizeof(buf));
	buf.head.version[0] = DM_VERSION_MAJOR;
	buf.head.data_size = sizeof(buf);
	buf.head.data_start = sizeof(buf.head);
	buf.head.target_count = 1;
	snprintf(buf.head.name, sizeof(buf.head.name), "crash");
	memcpy(buf.all + sizeof(buf.head), data, len);
	return ioctl(control, command, &buf);
}

static void create_device(const char *disk, const char *log)
{
	struct {
		struct dm_target_spec spec;
		char params[128];
	} table = { .spec.target_type = "log-writes" };
	__u64 bytes;
	int fd = open(disk, O_RDONLY);

	must(fd >= 0 && !ioctl(fd, BLKGETSIZE64, &bytes), "size", disk);
	close(fd);
	control = open("/dev/mapper/control", O_RDWR);
	must(control >= 0, "open", "/dev/mapper/control");
	table.spec.length = bytes / 512;
	snprintf(table.params, sizeof(table.params), "%s %s", disk, log);
	must(!dm(DM_DEV_CREATE, NULL, 0), "DM_DEV_CREATE", disk);
	must(!dm(DM_TABLE_LOAD, &table, sizeof(table)), "DM_TABLE_LOAD", disk);
	/* Without a flag it resumes. */
	must(!dm(DM_DEV_SUSPEND, NULL, 0), "DM_DEV_SUSPEND", disk);
}

static void leave_mark(unsigned int nr)
{
	struct {
		struct dm_target_msg msg;
		char text[32];
	} message = { .msg.sector = 0 };

	snprintf(message.msg.message, sizeof(message.text), "mark %u", nr);
	must(!dm(DM_TARGET_MSG, &message, sizeof(message)), "DM_TARGET_MSG", "mark");
}

/* All of it, as often as a call does a part. */
static void write_all(int fd, const struct action *a, unsigned char *src)
{
	size_t done;
	long n = 0;

	for (done = 0; done < a->len; done += n) {
		size_t left = a->len - done;
		struct iovec iov[] = {
			{ src + done, left / 3 }, { NULL, 0 },
			{ src + done + left / 3, left - left / 3 },
		};
		loff_t pos = a->pos + done;
		int pipe[2];

		switch (a->kind) {
		case WRITEV:
			n = pwritev(fd, iov, ARRAY_SIZE(iov), pos);
			break;
		case SPLICE:
			must(!pipe2(pipe, 0), "pipe", "");
			n = write(pipe[1], src + done, left < 65536 ? left : 65536);
			n = splice(pipe[0], NULL, fd, &pos, n, SPLICE_F_MOVE);
			close(pipe[0]);
			close(pipe[1]);
			break;
		case WRITE_DSYNC:
			n = pwritev2(fd, iov, ARRAY_SIZE(iov), pos, RWF_DSYNC);
			break;
		default:
			n = pwrite(fd, src + done, left, pos);
			break;
		}
		must(n > 0, "write", "file");
	}
}

static void act(const struct action *a, unsigned int nr)
{
	static unsigned char src[LEN_MAX];
	char name[32];
	int fd;

	snprintf(name, sizeof(name), DIR "/file%d", a->file);
	if (a->kind == SYNC) {
		sync();
		return;
	}
	if (a->kind == UNLINK) {
		must(!unlink(name), "unlink", name);
		return;
	}
	fd = open(name, O_RDWR | O_CREAT, 0644);
	must(fd >= 0, "open", name);
	for (size_t i = 0; i < a->len; i++)
		src[i % LEN_MAX] = content(a->file, a->pos + i, nr);
	if (is_write(a))
		write_all(fd, a, src);
	else if (a->kind == TRUNCATE)
		must(!ftruncate(fd, a->pos), "ftruncate", name);
	else if (a->kind == PUNCH)
		must(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, a->pos,
				a->len), "punch", name);
	else
		must(!fsync(fd), "fsync", name);
	close(fd);
}

int main(int argc, char **argv)
{
	unsigned int nr, actions;
	struct history h;

	if (argc != 7) {
		fprintf(stderr, "usage: crashwrite DISK LOG TYPE OPTIONS SEED ACTIONS\n");
		return 2;
	}
	actions = strtoul(argv[6], NULL, 0);
	create_device(argv[1], argv[2]);
	must(!mount("/dev/dm-0", DIR, argv[3], 0, strcmp(argv[4], "-") ? argv[4] : NULL),
	     "mount", argv[1]);
	history_start(&h, strtoull(argv[5], NULL, 0));
	for (nr = 1; nr <= actions; nr++) {
		struct action a = history_next(&h);

		act(&a, nr);
		leave_mark(nr);
	}
	must(!umount(DIR), "umount", DIR);
	must(!dm(DM_DEV_REMOVE, NULL, 0), "DM_DEV_REMOVE", argv[1]);
	return 0;
}
