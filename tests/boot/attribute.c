// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes of the kernel as files: sysfs and configfs.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bootwrite.h"

/* The value is in the model, and what the file says has to be that. */
static void test_attribute(const char *subsystem, const char *path, const char *dir,
			   const char *attribute, const struct iovec *iov, int count)
{
	struct row r;
	int i, fd;

	row_start(&r, subsystem, path, dir);
	snprintf(r.name, sizeof(r.name), "%s/%s", dir, attribute);
	for (i = 0; i < count; i++)
		model(&r, r.size, iov[i].iov_base, iov[i].iov_len);
	fd = open(r.name, O_WRONLY);
	must(fd >= 0, "open", r.name);
	if (count == 1)
		expect(&r, "write", result(write(fd, iov->iov_base, iov->iov_len)), r.size);
	else
		expect(&r, "writev", result(writev(fd, iov, count)), r.size);
	close(fd);

	for (i = 0; i < 2; i++) {
		unsigned char got[PAGE] = "";

		moment = i ? "caches dropped" : "written";
		fd = open(r.name, O_RDONLY);
		must(fd >= 0, "open", r.name);
		expect(&r, "read", result(read(fd, got, sizeof(got))), r.size);
		same(&r, got, "read", r.name);
		r.sum = checksum(got, r.size);
		close(fd);
		empty_caches();
	}
	row_end(&r);
}

void test_attributes(const char *subsystem, const char *dir, const char *attribute)
{
	const struct iovec whole = { "256\n", 4 };
	const struct iovec parts[] = {
		{ "", 0 }, { "1", 1 }, { "02", 2 }, { "", 0 }, { "4", 1 }, { "\n", 1 }, { "", 0 },
	};

	printf("boot: doing %s: %s/%s\n", subsystem, dir, attribute);
	test_attribute(subsystem, "write", dir, attribute, &whole, 1);
	test_attribute(subsystem, "writev", dir, attribute, parts, ARRAY_SIZE(parts));
}
