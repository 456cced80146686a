# SPDX-License-Identifier: GPL-2.0-only

SHELL := /bin/bash
ARCH ?= um
TREE ?= patched
override BUILD := $(or $(BUILD),build)
# As it was given, dollars included.
override COMMAND := $(value COMMAND)
export BUILD KDIR TARBALL KERNEL MIRROR SILENCE V COMMAND

# Each target says in the end how long it took.
timed = @scripts/timed.sh $@
# Of a kernel that was built for UML.
um = '$(BUILD)/$(1)/.kunit-um/linux'

.NOTPARALLEL:
.PHONY: help boot shell kunit baseline apply unapply check check-steps check-versions \
	check-bisect mutants stress crash fairness sanitize coverage lint bench compare fresh kernels git-tree \
	trees clean

##@ See it work
help: ## this text
	@echo 'Buffered-write address-space operations for Linux 6.12.y and 7.3.y: tree, tests, tools.'
	@awk 'BEGIN { FS = ":.*## " } /^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  %-16s%s\n", $$1, $$2 }' Makefile
	@echo
	@echo 'Variables:'
	@echo '  SUITES=globs    of suites or suite.test, for kunit, baseline, coverage, check-steps'
	@echo '  MORE=1          with what other suites executed before, for coverage'
	@echo '  FROM=patch      the first one to look at, for check-steps'
	@echo '  COMPILE=1       compile after each patch and run nothing, for check-steps'
	@echo '  TOPIC=topic     the series up to that topic, for apply: fixes, engine,'
	@echo '                  filesystems, splice, debug or docs (docs, which is all of it)'
	@echo '  ROWS=glob       of rows like ramfs/append/4k/ubuf, for bench'
	@echo '  RUNS=n          how often bench (5) and fairness (3) boot each kernel in UML'
	@echo '  MINUTES=n       how long stress takes (2)'
	@echo '  POINTS=n        how many crashes of each filesystem crash looks at (200)'
	@echo '  SEED=n          other operations for stress and crash (1)'
	@echo '  OLD=, NEW=      for compare: a version (6.12.95), a tree, or a revision of KDIR='
	@echo '  PATCHED=which   none, new or both, for compare (none)'
	@echo '  TREE=base       the untouched kernel, for kunit, stress and crash (patched)'
	@echo '  ARCH=um|x86_64  for kunit; x86_64 runs in QEMU (um)'
	@echo '  KDIR=tree       a kernel tree of your own: to apply to, or to copy from'
	@echo '  KERNEL=version  a kernel source of Debian'\''s: 6.12, the newest 6.12.y, 6.12.107, or 7.3'
	@echo '                  (6.12; check: all that have a series); with TREE=base also others'
	@echo '  TARBALL=file    a kernel tarball instead'
	@echo '  MIRROR=url      a mirror of Debian, if the one that apt uses will not do'
	@echo '  DEBIAN=name     bookworm or trixie, for fresh (bookworm)'
	@echo "  COMMAND='...'   what to run there, for fresh (make boot, then make check)"
	@echo '  SILENCE=n       after how many seconds without a word a kernel is stopped (300)'
	@echo '  V=1             all that the kernels say, for kunit and check'
	@echo '  BUILD=dir       where everything is built, 4 GB for each kernel (build)'
	@echo
	@echo 'Times are for two CPUs and include building; the second run is quicker. See Documentation/testing.rst.'

boot: ## boot the patched kernel; it writes files and reads them back (8 to 13 min)
	$(timed) 'scripts/tree.sh patched' 'scripts/kunit.sh --build patched' \
		"scripts/boot.sh $(call um,patched)"

shell: ## boot the patched kernel into a shell; Ctrl-C or exit ends it (8 to 13 min)
	@scripts/tree.sh patched
	@scripts/kunit.sh --build patched
	@scripts/boot.sh --shell $(call um,patched)

##@ Test
kunit: ## the KUnit suites on the patched kernel (13 min; x86_64 30 min)
	$(timed) 'scripts/tree.sh $(TREE)' 'scripts/kunit.sh --arch=$(ARCH) $(TREE) $(SUITES)'

baseline: ## the same suites on the untouched and the patched kernel, compared
	$(timed) 'scripts/baseline.sh $(SUITES)'

check: ## all that must hold before a change goes in, on each kernel
	$(timed) scripts/check.sh

lint: ## checkpatch, shellcheck and the series' consistency alone
	$(timed) scripts/lint.sh

stress: ## random operations, fio and stress-ng, with copies cut short (MINUTES=, 2)
	$(timed) 'scripts/tree.sh $(TREE)' 'scripts/kunit.sh --build $(TREE)' \
		"scripts/stress.sh $(MINUTES:%=--minutes=%) $(SEED:%=--seed=%) $(call um,$(TREE))"

crash: ## what is on disk after a crash, at hundreds of moments
	$(timed) 'scripts/tree.sh $(TREE)' 'scripts/kunit.sh --build $(TREE)' \
		"scripts/crash.sh $(POINTS:%=--points=%) $(SEED:%=--seed=%) $(call um,$(TREE))"

fairness: ## how long others wait beside a writer, on both kernels
	$(timed) 'scripts/tree.sh base' 'scripts/tree.sh patched' 'scripts/kunit.sh --build base' \
		'scripts/kunit.sh --build patched' "scripts/fairness.sh $(RUNS:%=--runs=%) $(call um,base) $(call um,patched)"

sanitize: ## the suites and stress with KASAN and PROVE_LOCKING
	$(timed) 'scripts/tree.sh patched' 'scripts/sanitize.sh $(MINUTES:%=--minutes=%)'

coverage: ## which lines and branches of the series the suites execute
	$(timed) 'scripts/tree.sh --strict patched' 'scripts/coverage.sh $(if $(filter 1,$(MORE)),--more) $(SUITES)'

check-steps: ## build and test after each patch
	$(timed) 'scripts/check-steps.sh $(FROM:%=--from=%) $(if $(filter 1,$(COMPILE)),--compile) $(SUITES)'

check-versions: ## the series on all versions of 6.12 that the archive has (4 min)
	$(timed) scripts/check-versions.sh

check-bisect: ## does scripts/bisect-writes find two bugs in 20 commits?
	$(timed) scripts/check-bisect.sh

mutants: ## deliberate bugs, each of which a suite must find
	$(timed) scripts/mutants.sh

bench: ## how fast both kernels write, row by row
	$(timed) 'scripts/bench.sh $(RUNS:%=--runs=%) $(ROWS)'

compare: ## what differs between two kernels: make compare OLD=6.12.95 NEW=6.12
	$(timed) 'scripts/compare.sh $(PATCHED:%=--patched=%) $(if $(SUITES),--suites="$(SUITES)") \
		$(ROWS:%=--rows=%) "$(OLD)" "$(NEW)"'

fresh: ## make boot and make check on a machine with only gcc, make, git, apt
	$(timed) 'scripts/fresh.sh $(DEBIAN:%=--debian=%) $${COMMAND:+"$$COMMAND"}'

##@ Use and develop
apply: ## put the series and the suites into your tree: make apply KDIR=tree TOPIC=fixes
	$(timed) 'scripts/series.sh apply $(TOPIC:%=--topic=%) "$$KDIR"'

unapply: ## take them out again: make unapply KDIR=tree
	$(timed) 'scripts/series.sh unapply "$$KDIR"'

kernels: ## the kernel sources that KERNEL= can name (10 s)
	$(timed) 'scripts/kernels.sh list'

trees: ## build/base and build/patched (a quilt tree), to look at or to edit
	$(timed) 'scripts/tree.sh base' 'scripts/tree.sh patched'

git-tree: ## build/git, the series as git commits, for bisecting and posting
	$(timed) scripts/git-tree.sh

clean: ## remove all that is built or unpacked, edits in build/patched included
	@! cd -- "$(BUILD)" 2> /dev/null || rm -rf base patched work git boot results coverage compare \
		bisect bisect.state history releases .release kernels debs versions apt fresh .unpack .copy .lock *.log *.txt *.tsv *.svg crash-*.img
