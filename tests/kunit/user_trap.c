// SPDX-License-Identifier: GPL-2.0-only
/*
 * User memory that gets lost while it is faulted in, and how often it was.
 *
 * A write faults its source in, page by page, and copies with page faults
 * disabled.  The fault handler of the last page is the one moment at which a
 * test can take the first page away again and be sure, on any kernel and with
 * any filesystem, that the copy will miss it.
 */
#include <linux/mm.h>

#include "user_trap.h"

/*
 * Not in the test's memory: the mapping lives until the test's thread is
 * gone, and that may be after the test.
 */
static struct {
	const struct vm_operations_struct *vm_ops;
	unsigned long first_page;
	unsigned long last_page;
	unsigned int faults;
	bool gone;
	unsigned int taken[TRAP_PAGES];
} trap;

static vm_fault_t user_trap_fault(struct vm_fault *vmf)
{
	struct file *file = vmf->vma->vm_file;
	bool inside = vmf->pgoff >= trap.first_page && vmf->pgoff <= trap.last_page;

	if (vmf->pgoff < TRAP_PAGES)
		trap.taken[vmf->pgoff]++;
	if (inside && trap.faults) {
		if (trap.faults != TRAP_ALWAYS)
			trap.faults--;
		unmap_mapping_range(file->f_mapping, trap.first_page * PAGE_SIZE,
				    (trap.last_page - trap.first_page + 1) * PAGE_SIZE, 0);
	} else if (inside && trap.gone) {
		return VM_FAULT_SIGBUS;
	}
	return trap.vm_ops->fault(vmf);
}

/* No ->map_pages: each page faults for itself. */
static const struct vm_operations_struct user_trap_vm_ops = {
	.fault = user_trap_fault,
};

/**
 * user_trap_set - let pages of a source get lost
 * @um: the memory; nothing of [@offset, @offset + @len) is present afterwards
 * @offset: start of the trap
 * @len: length of the trap
 * @faults: so many faults in the trap take away all of its other pages; 0 if
 *	they are only to be counted;
 *	TRAP_ALWAYS: no two of them can ever be present together, so that
 *	source and position must be aligned to words: where a copy loads from
 *	two of them at once, it would not end
 * @gone: whether faults after these fail, or find memory as usual
 *
 * There is one trap at a time.  Holes may be made before or after; memory that
 * is mapped again later is out of the trap.  The faults of the first TRAP_PAGES
 * pages of the memory are counted, those outside of the trap as well.
 */
void user_trap_set(struct user_mem *um, size_t offset, size_t len,
		   unsigned int faults, bool gone)
{
	struct mm_struct *mm = current->mm;
	unsigned long start = um->addr + offset;
	struct vm_area_struct *vma;
	struct vma_iterator vmi;

	vma_iter_init(&vmi, mm, start);
	mmap_write_lock(mm);
	for_each_vma_range(vmi, vma, start + len) {
		if (vma->vm_ops == &user_trap_vm_ops)
			continue;
		trap.vm_ops = vma->vm_ops;
		vma->vm_ops = &user_trap_vm_ops;
	}
	mmap_write_unlock(mm);

	trap.first_page = offset / PAGE_SIZE;
	trap.last_page = (offset + len - 1) / PAGE_SIZE;
	trap.faults = faults;
	trap.gone = gone;
	memset(trap.taken, 0, sizeof(trap.taken));
	user_mem_zap(um, offset, len);
}

/* How many faults there were at [@offset, @offset + @len) since the trap was set. */
unsigned int user_trap_taken(size_t offset, size_t len)
{
	unsigned int taken = 0;
	size_t page;

	for (page = offset / PAGE_SIZE; page * PAGE_SIZE < offset + len; page++)
		taken += trap.taken[page];
	return taken;
}
