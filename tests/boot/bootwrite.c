// SPDX-License-Identifier: GPL-2.0-only
/*
 * bootwrite - what users do with the kernel's write path, compared byte for
 * byte.
 *
 *	bootwrite DISK TABLE
 *
 * Runs in the guest of scripts/boot.sh. DISK is the device name without its
 * letter (/dev/ubd), TABLE the list of the disks (tests/boot/disks).
 *
 * What was written is compared at once, after the caches were dropped, and
 * after the filesystem was mounted anew. Everything for boot.sh is printed on
 * lines that start with "boot: ":
 *
 *	boot: doing SUBSYSTEM: TEXT
 *	boot: step PATH
 *	boot: row SUBSYSTEM PATH BYTES CHECKSUM matched|DIFFERS: TEXT
 *	boot: stopped: TEXT
 */

#include <sys/stat.h>
#include <unistd.h>

#include "bootwrite.h"

static size_t read_table(const char *table, const char *prefix, struct disk *disks,
			 size_t max)
{
	FILE *file = fopen(table, "r");
	char line[256];
	size_t nr = 0;

	must(file, "open", table);
	while (fgets(line, sizeof(line), file)) {
		struct disk *d = &disks[nr];

		if (line[0] == '#')
			continue;
		if (nr == max || sscanf(line, "%31s %*s %*s %15s %63s %31s", d->name, d->type,
					d->options, d->below) != 4)
			die("cannot use this line of %s: %s", table, line);
		snprintf(d->device, sizeof(d->device), "%s%c", prefix, 'a' + (int)nr);
		nr++;
	}
	fclose(file);
	return nr;
}

int main(int argc, char **argv)
{
	static const char group[] = "/sys/kernel/config/nullb/bootwrite";
	static struct disk disks[26];
	size_t i, j, nr;

	if (argc != 3) {
		fprintf(stderr, "usage: bootwrite DISK TABLE\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	fill_pool();
	nr = read_table(argv[2], argv[1], disks, ARRAY_SIZE(disks));
	must(!mkdir(MOUNTED, 0755) || errno == EEXIST, "mkdir", MOUNTED);
	must(!mkdir(BACKING, 0755) || errno == EEXIST, "mkdir", BACKING);

	test_filesystem("tmpfs", "none", "tmpfs", NULL);
	for (i = 0; i < nr; i++)
		if (!strcmp(disks[i].below, "-"))
			test_filesystem(disks[i].name, disks[i].device, disks[i].type,
					mount_options(&disks[i]));

	for (i = 0; i < nr; i++) {
		if (!strcmp(disks[i].below, "-"))
			continue;
		for (j = 0; j < nr && strcmp(disks[j].name, disks[i].below); j++)
			;
		if (j == nr && strcmp(disks[i].below, "tmpfs"))
			die("%s: there is no %s", disks[i].name, disks[i].below);
		test_loop(&disks[i], j < nr ? &disks[j] : NULL);
	}
	test_loop_full();

	test_attributes("sysfs", "/sys/block/loop0/queue", "read_ahead_kb");
	must(!mkdir(group, 0755), "mkdir", group);
	test_attributes("configfs", group, "size");
	must(!rmdir(group), "rmdir", group);

	return all_matched ? 0 : 1;
}
