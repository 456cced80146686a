// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file with a model on a real file system.
 */
#include <linux/mm.h>

#include "test_fs.h"

static void reopened(void *data, struct file *file)
{
	struct write_file *wf = data;

	/* A mapping is a reference to the mount as well. */
	if (!file && wf->mapped)
		KUNIT_EXPECT_EQ(wf->test, 0, vm_munmap(wf->mapped, wf->capacity));
	wf->file = file;
	if (file && wf->mapped)
		write_file_map(wf);
}

/**
 * test_fs_write_file - open an empty file, and model it
 * @fs: the file system
 * @name: the file's path
 * @flags: as for open(2); it must be open for reading
 * @capacity: of the model, in bytes
 *
 * Mounting opens it again: its ->file is then another one, the model stays.
 */
struct write_file *test_fs_write_file(struct test_fs *fs, const char *name,
				      int flags, size_t capacity)
{
	struct file *file = test_fs_open(fs, name, flags | O_TRUNC);
	struct write_file *wf = write_file_create(fs->test, file, capacity);

	test_fs_keep_open(fs, reopened, wf);
	return wf;
}
