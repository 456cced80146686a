// SPDX-License-Identifier: GPL-2.0-only
/*
 * Symlinks: on mounted filesystems, and page_symlink() by itself over
 * operations that accept what the test tells them to.
 *
 * ramfs and ext2 write the target of a symlink with page_symlink(), ext2 only if
 * it does not fit the inode; tmpfs and ext3 have their own ways, for which the
 * same must hold.
 */
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>
#include <linux/statfs.h>
#include <linux/swap.h>

#include "compat.h"
#include "fail_page_alloc.h"
#include "test_fs.h"
#include "write_file.h"

/* A string of @len letters without a period that a copy could be off by. */
static char *target_create(struct kunit *test, size_t len)
{
	char *target = kunit_kzalloc(test, len + 1, GFP_KERNEL);
	struct rnd_state rnd;
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, target);
	prandom_seed_state(&rnd, len);
	for (i = 0; i < len; i++)
		target[i] = 'a' + random_below(&rnd, 26);
	return target;
}

/*
 * The first folio of @mapping, if there is one, holds @target and zeros, is
 * unlocked, and nobody has forgotten a reference to it.
 */
static void check_folio(struct kunit *test, struct address_space *mapping,
			const char *target, const char *label)
{
	size_t len = strlen(target);
	struct folio *folio;
	const char *bytes;

	/* Folios on their way to the LRU lists are held by per-CPU batches. */
	lru_add_drain_all();
	folio = filemap_get_folio(mapping, 0);
	if (IS_ERR(folio))
		return;
	KUNIT_EXPECT_FALSE_MSG(test, folio_test_locked(folio), "locked, %s", label);
	KUNIT_EXPECT_EQ_MSG(test, folio_ref_count(folio),
			    folio_nr_pages(folio) + !!folio_get_private(folio) + 1,
			    "references, %s", label);
	bytes = folio_address(folio);
	if (folio_test_uptodate(folio)) {
		KUNIT_EXPECT_TRUE_MSG(test, !memcmp(bytes, target, len),
				      "target in the page cache, %s", label);
		KUNIT_EXPECT_NULL_MSG(test, memchr_inv(bytes + len, 0, folio_size(folio) - len),
				      "page cache behind the target, %s", label);
	}
	folio_put(folio);
}

/*
 * page_symlink() over operations under test control
 */

#define MAX_STEPS	12
#define REST		UINT_MAX
/* So many calls for a single name are a spin. */
#define MAX_CALLS	100

struct end_case {
	const char *name;
	int result;
	/* How much each ->write_end() accepts; the last is for all that follow. */
	unsigned int nr_steps;
	unsigned int accepts[MAX_STEPS];
	/* The call that fails, counted from 1, and how. */
	unsigned int fail_begin;
	unsigned int fail_end;
	int error;
};

#define ACCEPTS(...)							\
	.nr_steps = sizeof((unsigned int []){ __VA_ARGS__ }) / sizeof(int), \
	.accepts = { __VA_ARGS__ }

static const struct end_case end_cases[] = {
	{ "all", 0, ACCEPTS(REST) },
	{ "nothing once", 0, ACCEPTS(0, REST) },
	{ "nothing three times", 0, ACCEPTS(0, 0, 0, REST) },
	{ "nothing ever", -EIO, ACCEPTS(0) },
	{ "some, then the rest", 0, ACCEPTS(7, REST) },
	{ "some, then nothing ever", -EIO, ACCEPTS(7, 0) },
	{ "some, always", 0, ACCEPTS(7) },
	{ "nothing and some in turn", 0, ACCEPTS(0, 0, 0, 1, 0, 0, 0, 1, 0, 0, REST) },
	{ "write_begin fails", -ENOSPC, ACCEPTS(REST), .fail_begin = 1, .error = -ENOSPC },
	{ "write_begin fails later", -ENOMEM, ACCEPTS(0, 7, REST), .fail_begin = 3,
	  .error = -ENOMEM },
	{ "write_end fails", -EDQUOT, ACCEPTS(REST), .fail_end = 1, .error = -EDQUOT },
	{ "write_end fails later", -EIO, ACCEPTS(7, REST), .fail_end = 2, .error = -EIO },
};

KUNIT_ARRAY_PARAM_DESC(end, end_cases, name);

/**
 * struct link_inode - an inode to write targets into
 * @test: the test that owns it
 * @inode: of a ramfs file, which is written as its symlinks are
 * @real: the operations it had, which those of the test call
 * @script: what those of the test do
 * @nofs: whether they have to be called in NOFS context
 * @begins: calls of write_begin
 * @ends: calls of write_end
 * @wrong_context: calls of either that were not, or were, in NOFS context
 * @stale_fsdata: calls of write_begin that found fsdata set
 */
struct link_inode {
	struct kunit *test;
	struct inode *inode;
	const struct address_space_operations *real;
	const struct end_case *script;
	bool nofs;
	unsigned int begins;
	unsigned int ends;
	unsigned int wrong_context;
	unsigned int stale_fsdata;
};

/* Counted, and not said each time: the log would overflow where calls spin. */
static void check_context(struct link_inode *li)
{
	if (li->nofs != !!(current->flags & PF_MEMALLOC_NOFS))
		li->wrong_context++;
}

static int link_write_begin(aops_writer_t *writer, struct address_space *mapping,
			    loff_t pos, unsigned int len, struct folio **foliop,
			    void **fsdata)
{
	struct link_inode *li = mapping->host->i_private;

	KUNIT_EXPECT_NULL(li->test, writer);
	if (*fsdata)
		li->stale_fsdata++;
	check_context(li);
	if (++li->begins == li->script->fail_begin)
		return li->script->error;
	*fsdata = li;
	return li->real->write_begin(writer, mapping, pos, len, foliop, fsdata);
}

static int link_write_end(aops_writer_t *writer, struct address_space *mapping,
			  loff_t pos, unsigned int len, unsigned int copied,
			  struct folio *folio, void *fsdata)
{
	struct link_inode *li = mapping->host->i_private;
	const struct end_case *script = li->script;
	unsigned int step = min(li->ends, script->nr_steps - 1);
	unsigned int accepts = script->accepts[step];

	KUNIT_EXPECT_PTR_EQ(li->test, fsdata, li);
	KUNIT_EXPECT_EQ(li->test, copied, len);
	check_context(li);
	if (++li->ends == script->fail_end)
		accepts = 0;
	/* Have an end of it, also where nobody else sees to that. */
	if (li->ends > MAX_CALLS)
		accepts = REST;
	accepts = li->real->write_end(writer, mapping, pos, len, min(copied, accepts),
				      folio, fsdata);
	return li->ends == script->fail_end ? script->error : accepts;
}

static const struct address_space_operations link_aops = {
	.dirty_folio	= noop_dirty_folio,
	.write_begin	= link_write_begin,
	.write_end	= link_write_end,
};

static void link_inode_restore(void *data)
{
	struct link_inode *li = data;

	li->inode->i_mapping->a_ops = li->real;
	li->inode->i_private = NULL;
}

static struct link_inode *link_inode_create(struct kunit *test)
{
	struct link_inode *li = kunit_kzalloc(test, sizeof(*li), GFP_KERNEL);
	struct address_space *mapping;

	KUNIT_ASSERT_NOT_NULL(test, li);
	li->test = test;
	li->inode = file_inode(write_file_open_ramfs(test));
	mapping = li->inode->i_mapping;
	li->real = mapping->a_ops;
	mapping->a_ops = &link_aops;
	li->inode->i_private = li;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, link_inode_restore, li));
	return li;
}

static void link_inode_write(struct link_inode *li, const struct end_case *script, size_t len)
{
	char *target = target_create(li->test, len);
	char label[64];

	snprintf(label, sizeof(label), "%zu bytes%s", len, li->nofs ? ", NOFS" : "");
	truncate_inode_pages(li->inode->i_mapping, 0);
	i_size_write(li->inode, 0);
	write_file_poison_free_memory(li->test);
	li->script = script;
	li->begins = 0;
	li->ends = 0;
	li->wrong_context = 0;
	li->stale_fsdata = 0;

	KUNIT_EXPECT_EQ_MSG(li->test, page_symlink(li->inode, target, len + 1), script->result,
			    "%s", label);
	KUNIT_EXPECT_LE_MSG(li->test, li->ends, MAX_CALLS, "did not end, %s", label);
	KUNIT_EXPECT_EQ_MSG(li->test, li->wrong_context, 0, "calls, %s", label);
	KUNIT_EXPECT_EQ_MSG(li->test, li->stale_fsdata, 0, "calls, %s", label);
	KUNIT_EXPECT_EQ_MSG(li->test, li->begins,
			    li->ends + (li->begins == script->fail_begin),
			    "calls of write_begin, %s", label);
	KUNIT_EXPECT_FALSE_MSG(li->test, current->flags & PF_MEMALLOC_NOFS,
			       "still in NOFS context, %s", label);
	if (script->result)
		return;
	KUNIT_EXPECT_EQ_MSG(li->test, i_size_read(li->inode), len, "i_size, %s", label);
	KUNIT_EXPECT_EQ_MSG(li->test, li->inode->i_mapping->nrpages, 1UL, "pages, %s", label);
	check_folio(li->test, li->inode->i_mapping, target, label);
}

/* From one byte to all of the page, with a mapping that reclaim may enter or not. */
static void symlink_write_end_accepts(struct kunit *test)
{
	/* Not so short that a script comes to its end before its point. */
	static const size_t lens[] = { 16, 60, 1024, PAGE_SIZE - 1, PAGE_SIZE };
	const struct end_case *script = test->param_value;
	struct link_inode *li = link_inode_create(test);
	struct address_space *mapping = li->inode->i_mapping;
	gfp_t gfp = mapping_gfp_mask(mapping);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		/* Seven bytes at a time would take too many calls. */
		if (script->accepts[script->nr_steps - 1] == 7 && lens[i] > 60)
			continue;
		li->nofs = false;
		mapping_set_gfp_mask(mapping, gfp);
		link_inode_write(li, script, lens[i]);
		li->nofs = true;
		mapping_set_gfp_mask(mapping, gfp & ~__GFP_FS);
		link_inode_write(li, script, lens[i]);
	}
	mapping_set_gfp_mask(mapping, gfp);
}

#ifdef CONFIG_BLOCK_PERFORM_WRITE
/*
 * Nothing to write through: the untouched kernel does not look.  What looks has no
 * symbol of its own, and this one is set by a later patch.
 */
static void symlink_write_no_operations(struct kunit *test)
{
	static const struct address_space_operations no_aops = {
		.dirty_folio	= noop_dirty_folio,
	};
	struct link_inode *li = link_inode_create(test);

	li->inode->i_mapping->a_ops = &no_aops;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, page_symlink(li->inode, "target", 7));
	KUNIT_EXPECT_EQ(test, i_size_read(li->inode), 0);
	KUNIT_EXPECT_EQ(test, li->inode->i_mapping->nrpages, 0UL);
}
#endif

/*
 * Mounted filesystems
 */

struct fs_case {
	const char *name;
	const char *type;
	const char *options;
	/* For mke2fs, if it lives on a disk. */
	const char *mkfs_options;
	/* The longest target, in bytes. */
	size_t max_len;
};

static const struct fs_case fs_cases[] = {
	{ "ramfs", "ramfs", "", NULL, PAGE_SIZE - 1 },
	{ "tmpfs", "tmpfs", "size=1m", NULL, PAGE_SIZE - 1 },
	{ "ext2, 1k blocks", "ext2", NULL, "-b 1024", 1023 },
	{ "ext2, 4k blocks", "ext2", NULL, "-b 4096", PAGE_SIZE - 1 },
	{ "ext3, 1k blocks", "ext3", NULL, "-b 1024", 1023 },
	{ "ext3, 4k blocks", "ext3", NULL, "-b 4096", PAGE_SIZE - 1 },
};

KUNIT_ARRAY_PARAM_DESC(fs, fs_cases, name);

#define DISK_SIZE	SZ_16M

/**
 * struct link_fs - a mounted filesystem to make symlinks on
 * @test: the test that owns it
 * @mnt: the filesystem
 * @disk_fs: the same, if it lives on a disk
 */
struct link_fs {
	struct kunit *test;
	struct vfsmount *mnt;
	struct test_fs *disk_fs;
};

static void link_fs_mount(struct link_fs *lf, struct kunit *test, const struct fs_case *param)
{
	lf->test = test;
	lf->disk_fs = NULL;
	if (param->mkfs_options) {
		lf->disk_fs = test_fs_create(test, param->type, param->mkfs_options,
					     param->options, DISK_SIZE);
		lf->mnt = lf->disk_fs->mnt;
	} else {
		lf->mnt = write_file_mount(test, param->type, param->options);
	}
}

static struct dentry *link_fs_lookup(struct link_fs *lf)
{
	struct dentry *root = lf->mnt->mnt_root, *dentry;

	inode_lock(d_inode(root));
	dentry = lookup_child(root, "link");
	inode_unlock(d_inode(root));
	KUNIT_ASSERT_FALSE(lf->test, IS_ERR(dentry));
	return dentry;
}

static int link_fs_symlink(struct link_fs *lf, struct dentry *dentry, const char *target)
{
	struct inode *dir = d_inode(lf->mnt->mnt_root);
	int error;

	inode_lock(dir);
	error = dir->i_op->symlink(&nop_mnt_idmap, dir, dentry, target);
	inode_unlock(dir);
	return error;
}

static void link_fs_unlink(struct link_fs *lf, struct dentry *dentry)
{
	struct inode *dir = d_inode(lf->mnt->mnt_root);

	inode_lock_nested(dir, I_MUTEX_PARENT);
	KUNIT_EXPECT_EQ(lf->test, 0, vfs_unlink(&nop_mnt_idmap, dir, dentry, NULL));
	inode_unlock(dir);
}

/* Read as readlink(2) does, and compare. */
static void link_fs_check(struct link_fs *lf, struct dentry *dentry, const char *target,
			  const char *label)
{
	struct inode *inode = d_inode(dentry);
	DEFINE_DELAYED_CALL(done);
	const char *link;

	KUNIT_ASSERT_NOT_NULL_MSG(lf->test, inode, "%s", label);
	KUNIT_EXPECT_EQ_MSG(lf->test, i_size_read(inode), strlen(target), "i_size, %s", label);
	/* First what the write has left, then what the reader brought. */
	check_folio(lf->test, inode->i_mapping, target, label);
	link = vfs_get_link(dentry, &done);
	KUNIT_ASSERT_FALSE_MSG(lf->test, IS_ERR(link), "%s", label);
	KUNIT_EXPECT_STREQ_MSG(lf->test, link, target, "%s", label);
	do_delayed_call(&done);
	check_folio(lf->test, inode->i_mapping, target, label);
}

/*
 * Each block of the disk that starts with the target goes on with zeros, and if
 * the symlink has a block there is at least one; a journal may have another.
 */
static void check_disk(struct link_fs *lf, const struct inode *inode, const char *target,
		       const char *label)
{
	size_t len = strlen(target), blocksize = i_blocksize(inode), pos;
	const struct test_disk *disk = lf->disk_fs->disk;
	unsigned int found = 0;

	KUNIT_EXPECT_EQ_MSG(lf->test, inode->i_blocks,
			    len < 60 ? 0 : blocksize >> SECTOR_SHIFT, "blocks, %s", label);
	if (!inode->i_blocks)
		return;
	for (pos = 0; pos < disk->size; pos += blocksize) {
		if (memcmp(disk->bytes + pos, target, len))
			continue;
		found++;
		KUNIT_EXPECT_NULL_MSG(lf->test,
				      memchr_inv(disk->bytes + pos + len, 0, blocksize - len),
				      "disk behind the target, %s", label);
	}
	KUNIT_EXPECT_GT_MSG(lf->test, found, 0, "not on the disk, %s", label);
}

/* A mount that knows nothing of it finds the symlink. */
static void link_fs_check_on_disk(struct link_fs *lf, const char *target, const char *label)
{
	struct dentry *dentry;

	test_fs_remount(lf->disk_fs);
	lf->mnt = lf->disk_fs->mnt;
	dentry = link_fs_lookup(lf);
	link_fs_check(lf, dentry, target, label);
	check_disk(lf, d_inode(dentry), target, label);
	dput(dentry);
}

/* Each length at which a filesystem changes its ways, and both sides of it. */
static const size_t target_lens[] = {
	1, 2, 58, 59, 60, 61, 126, 127, 128, 129, 500, 1022, 1023, 1024, 2000, 4094, 4095,
};

static void symlink_write_targets(struct kunit *test)
{
	const struct fs_case *param = test->param_value;
	struct dentry *dentry;
	struct link_fs lf;
	char label[32];
	unsigned int i;
	char *target;

	link_fs_mount(&lf, test, param);
	for (i = 0; i < ARRAY_SIZE(target_lens); i++) {
		if (target_lens[i] > param->max_len)
			break;
		snprintf(label, sizeof(label), "%zu bytes", target_lens[i]);
		target = target_create(test, target_lens[i]);
		write_file_poison_free_memory(test);
		dentry = link_fs_lookup(&lf);
		KUNIT_EXPECT_EQ_MSG(test, 0, link_fs_symlink(&lf, dentry, target), "%s", label);
		link_fs_check(&lf, dentry, target, label);
		dput(dentry);
		if (lf.disk_fs)
			link_fs_check_on_disk(&lf, target, label);
		dentry = link_fs_lookup(&lf);
		link_fs_unlink(&lf, dentry);
		dput(dentry);
	}

	/* The next one does not fit. On ramfs only the system call has a limit. */
	if (strcmp(param->type, "ramfs")) {
		target = target_create(test, param->max_len + 1);
		dentry = link_fs_lookup(&lf);
		KUNIT_EXPECT_EQ(test, -ENAMETOOLONG, link_fs_symlink(&lf, dentry, target));
		dput(dentry);
	}
}

/* What a symlink that was not made must not have used up. */
struct usage {
	u64 free_blocks;
	u64 free_inodes;
	unsigned int inodes;
};

static struct usage link_fs_usage(struct link_fs *lf)
{
	struct path path = { .mnt = lf->mnt, .dentry = lf->mnt->mnt_root };
	struct usage usage = {};
	struct kstatfs statfs;
	struct inode *inode;

	KUNIT_EXPECT_EQ(lf->test, 0, vfs_statfs(&path, &statfs));
	usage.free_blocks = statfs.f_bfree;
	usage.free_inodes = statfs.f_ffree;
	spin_lock(&lf->mnt->mnt_sb->s_inode_list_lock);
	list_for_each_entry(inode, &lf->mnt->mnt_sb->s_inodes, i_sb_list)
		usage.inodes++;
	spin_unlock(&lf->mnt->mnt_sb->s_inode_list_lock);
	return usage;
}

static void check_nothing_used(struct link_fs *lf, const struct usage *before,
			       struct dentry *dentry, const char *label)
{
	struct usage now = link_fs_usage(lf);

	KUNIT_EXPECT_EQ_MSG(lf->test, now.free_blocks, before->free_blocks, "blocks, %s", label);
	KUNIT_EXPECT_EQ_MSG(lf->test, now.free_inodes, before->free_inodes,
			    "free inodes, %s", label);
	KUNIT_EXPECT_EQ_MSG(lf->test, now.inodes, before->inodes, "inodes, %s", label);
	KUNIT_EXPECT_NULL_MSG(lf->test, d_inode(dentry), "%s", label);
}

/* What a journal makes of it is not the subject here. */
static const struct fs_case memory_cases[] = {
	{ "ramfs", "ramfs", "" },
	{ "tmpfs", "tmpfs", "size=1m" },
	{ "ext2", "ext2", NULL, "-b 1024" },
};

KUNIT_ARRAY_PARAM_DESC(memory, memory_cases, name);

/* Without the first page, without the second, ... until none is missed. */
static void symlink_write_no_memory(struct kunit *test)
{
	static const size_t lens[] = { 30, 200, 1000 };
	const struct fs_case *param = test->param_value;
	unsigned int i, skip, failed = 0;
	struct usage before;
	struct dentry *dentry;
	struct link_fs lf;
	char label[64];
	char *target;
	int error;

	link_fs_mount(&lf, test, param);
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		target = target_create(test, lens[i]);
		dentry = link_fs_lookup(&lf);
		before = link_fs_usage(&lf);
		for (skip = 0; skip < MAX_CALLS; skip++) {
			snprintf(label, sizeof(label), "%zu bytes, %u pages", lens[i], skip);
			fail_page_alloc_arm(test, skip, FAIL_ALWAYS);
			error = link_fs_symlink(&lf, dentry, target);
			fail_page_alloc_disarm();
			if (!error)
				break;
			failed++;
			check_nothing_used(&lf, &before, dentry, label);
		}
		KUNIT_ASSERT_EQ_MSG(test, 0, error, "%s", label);
		link_fs_check(&lf, dentry, target, label);
		link_fs_unlink(&lf, dentry);
		dput(dentry);
	}
	/* Some are short enough to do without a page, but not all. */
	KUNIT_EXPECT_GT(test, failed, 0);
}

/*
 * One file that takes nearly all the space, and others for the blocks that it
 * had no use for without an indirect block.
 */
static void fill_up(struct link_fs *lf)
{
	void *page = kunit_kzalloc(lf->test, PAGE_SIZE, GFP_KERNEL);
	unsigned int files = 0;
	ssize_t n, written;

	KUNIT_ASSERT_NOT_NULL(lf->test, page);
	do {
		struct file *file;
		char name[16];
		loff_t pos = 0;

		snprintf(name, sizeof(name), "full%u", files++);
		file = file_open_root_mnt(lf->mnt, name, O_CREAT | O_RDWR, 0600);
		KUNIT_ASSERT_FALSE(lf->test, IS_ERR(file));
		for (written = 0; ; written += n) {
			n = kernel_write(file, page, files > 1 ? 1 : PAGE_SIZE, &pos);
			if (n <= 0)
				break;
		}
		KUNIT_EXPECT_EQ(lf->test, n, -ENOSPC);
		__fput_sync(file);
	} while (written && files < 100);
}

static const struct fs_case full_cases[] = {
	{ "tmpfs", "tmpfs", "size=64k" },
	{ "ext2, 1k blocks", "ext2", NULL, "-b 1024" },
	{ "ext2, 4k blocks", "ext2", NULL, "-b 4096" },
	{ "ext3, 1k blocks", "ext3", NULL, "-b 1024" },
};

KUNIT_ARRAY_PARAM_DESC(full, full_cases, name);

static void symlink_write_no_space(struct kunit *test)
{
	char *target = target_create(test, 1000);
	struct usage before;
	struct dentry *dentry;
	struct link_fs lf;

	link_fs_mount(&lf, test, test->param_value);
	fill_up(&lf);
	dentry = link_fs_lookup(&lf);
	before = link_fs_usage(&lf);
	KUNIT_EXPECT_EQ(test, -ENOSPC, link_fs_symlink(&lf, dentry, target));
	check_nothing_used(&lf, &before, dentry, "no space");
	dput(dentry);
}

static struct kunit_case symlink_write_cases[] = {
	KUNIT_CASE_PARAM(symlink_write_end_accepts, end_gen_params),
#ifdef CONFIG_BLOCK_PERFORM_WRITE
	KUNIT_CASE(symlink_write_no_operations),
#endif
	KUNIT_CASE_PARAM(symlink_write_targets, fs_gen_params),
	KUNIT_CASE_PARAM(symlink_write_no_memory, memory_gen_params),
	KUNIT_CASE_PARAM(symlink_write_no_space, full_gen_params),
	{}
};

static struct kunit_suite symlink_write_suite = {
	.name = "symlink_write",
	.test_cases = symlink_write_cases,
};

kunit_test_suite(symlink_write_suite);

MODULE_DESCRIPTION("KUnit tests of writing symlinks");
MODULE_LICENSE("GPL");
