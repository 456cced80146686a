#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
results.py suite [--quiet] TREE RESULTS SUITE SECONDS
    What came of a suite in a line and, unless --quiet, each test that failed with
    what the kernel said in it.

results.py counts [--quiet] TREE RESULTS
    The names of the tests that failed in a run of scripts/kunit.sh, unless --quiet,
    and how many passed. Records each test as a counted result of `make check`.
    Fails if a test did.

results.py compare TREE BEFORE AFTER
    The results of two runs side by side: every test that differs or that does
    not pass, then the totals per suite.

results.py passed TREE RESULTS
results.py failed TREE RESULTS
    The names of the tests that did.

results.py broken TREE BEFORE AFTER
    The names of the tests that fail in AFTER and did not in BEFORE.

results.py complaints LOG
    The lines of a console log with which a kernel complains of itself or of a
    disk. Fails if there are any.

RESULTS, BEFORE and AFTER are directories under build/results. The kernels' logs
are read with the KTAP parser of TREE, a kernel tree. A test has a name down to
its parameters and one of these states:

    pass fail skip   as the test said
    crash            the kernel died in it
    no sign of life  the kernel said nothing for too long in it, and was stopped
    too much output  it did not stop to say something
    not reached      the kernel died or was stopped before it
    absent           the run did not have it
"""

import collections
import contextlib
import functools
import inspect
import io
import os
import re
import sys

# After the first test has started: a kernel may complain while it boots.
COMPLAINT = re.compile(r'WARNING: |BUG: |BUG at|Oops|Kernel panic|INFO: (task|trying|rcu)|UBSAN: ')
# What differs between two runs, or builds, with the same complaint.
ACCIDENTAL = re.compile(r' CPU: \d+ PID: \d+|, CPU#\d+: .*|\+0x[0-9a-f]+/0x[0-9a-f]+')
# Suites provoke these; no other workload has a reason to.
DISK_COMPLAINT = re.compile(r'Call Trace:|EXT[234]-fs.*error|I/O error|JBD2: .*[Ee]rror')
# A test that provokes a warning names the file; one from there is no complaint.
PROVOKED = re.compile(r'provokes a warning of (\S+)')
# What scripts/run.sh writes into the log of a kernel that it stops.
STOPPED = re.compile(r'write-aops: stopped: (no sign of life|too much output)')
STOPS = ('no sign of life', 'too much output')
BAD = ('fail', 'crash', *STOPS, 'not reached')
# Of what the kernel said in a test, and of tests that are shown in full.
SHOWN_LINES = 60
SHOWN_TESTS = 10


def load_parser(tree):
    sys.path.insert(0, os.path.join(tree, 'tools/testing/kunit'))
    sys.dont_write_bytecode = True
    # It prints what it reads, to what is stdout now; that was seen in the run.
    with contextlib.redirect_stdout(io.StringIO()):
        import kunit_parser
        import kunit_printer
    # In newer kernels it has to be told what to print with.
    if len(inspect.signature(kunit_parser.parse_run_tests).parameters) > 1:
        kunit_parser.parse_run_tests = functools.partial(
            kunit_parser.parse_run_tests, printer=kunit_printer.stdout)
    return kunit_parser


class Run:
    """The results of one run: a state for each test, in the order of the run."""

    def __init__(self, parser, directory, only=None):
        status = parser.TestStatus
        self.states = {
            status.SUCCESS: 'pass',
            status.SKIPPED: 'skip',
            status.TEST_CRASHED: 'crash',
        }
        self.tests = collections.OrderedDict()
        # What the kernel said in those that are bad.
        self.said = {}
        with open(os.path.join(directory, 'tests'), encoding='utf-8') as f:
            listed = f.read().split()
        for suite in dict.fromkeys(name.split('.')[0] for name in listed):
            if only not in (None, suite):
                continue
            with open(os.path.join(directory, suite + '.log'), encoding='utf-8',
                      errors='replace') as f:
                log = f.read().splitlines(keepends=True)
            self.died = 'crash'
            for stop in filter(None, map(STOPPED.match, log)):
                self.died = stop[1]
            try:
                subtests = parser.parse_run_tests(log).subtests
            except ValueError:
                # So much was printed that lines in between are missing.
                self.tests[suite + '.(kernel log) lines are missing'] = 'fail'
                subtests = []
            for test in subtests:
                self.add(test, '')
            self.add_missing([name for name in listed if name.split('.')[0] == suite], log)
            self.add_complaints(suite, log)
            # After its last test: nothing else tells.
            if self.died != 'crash' and not any(
                    state == self.died for name, state in self.tests.items()
                    if name.startswith(suite + '.')):
                name = f'{suite}.(kernel log) after the last test'
                self.tests[name] = self.died
                self.said[name] = log[-SHOWN_LINES:]

    def add(self, test, group):
        """Adds a test or, for a group, its tests; true if one is bad."""
        if not test.name:
            # The parser's stand-in for a test that did not start.
            return False
        name = group + test.name
        state = self.states.get(test.status, 'fail')
        state = self.died if state == 'crash' else state
        bad = False
        for subtest in test.subtests:
            bad |= self.add(subtest, name + '.')
        # A group may also fail on its own account: in its init or exit
        # function, or because the kernel died in it.
        if not test.subtests or (state in BAD and not bad):
            self.tests[name] = state
            bad = state in BAD
            if bad:
                self.said[name] = test.log
        return bad

    def add_missing(self, listed, log):
        """Tests without a result: the kernel died in the first, if in none before."""
        suite = listed[0].split('.')[0]
        died = any(state == self.died for name, state in self.tests.items()
                   if name.startswith(suite + '.'))
        for name in listed:
            if name in self.tests or any(t.startswith(name + '.') for t in self.tests):
                continue
            self.tests[name] = 'not reached' if died else self.died
            if not died:
                self.said[name] = log[-SHOWN_LINES:]
            died = True
        # That one died is told by the tests.
        if died and self.tests.get(suite) == self.died:
            del self.tests[suite]

    def add_complaints(self, suite, log):
        started = False
        provoked = set()
        for n, line in enumerate(log):
            started = started or 'KTAP version' in line
            provoked.update(PROVOKED.findall(line))
            expected = {file for file in provoked if f' {file}:' in line}
            if expected:
                provoked -= expected
            elif started and COMPLAINT.search(line):
                name = f"{suite}.(kernel log) {ACCIDENTAL.sub('', line.strip())[:100]}"
                self.tests[name] = 'fail'
                self.said.setdefault(name, log[n:n + SHOWN_LINES // 2])

    def state(self, name):
        """Of a test or of a parameter, also where this run did not get there."""
        if name in self.tests:
            return self.tests[name]
        inside = [state for other, state in self.tests.items() if other.startswith(name + '.')]
        if inside:
            return next((state for state in inside if state in BAD), inside[0])
        # A test that died or was not reached has none of its parameters.
        lost = self.tests.get(test_of(name)) in (*STOPS, 'crash', 'not reached')
        return 'not reached' if lost else 'absent'

    def count(self, suite=None):
        return collections.Counter(
            state for name, state in self.tests.items()
            if suite is None or name.split('.')[0] == suite)


def describe(count):
    return ', '.join(f'{count[state]} {word}' for state, word in (
        ('pass', 'passed'), ('fail', 'failed'), ('crash', 'crashed'),
        *((stop, stop) for stop in STOPS),
        ('not reached', 'not reached'), ('skip', 'skipped')) if count[state]) or 'no tests'


def suite_line(run, name, seconds, quiet):
    print(f'   {name:<18} {describe(run.count()):<34} {seconds:>4} s')
    bad = [(name, state) for name, state in run.tests.items() if state in BAD]
    if not quiet:
        for name, state in bad[:SHOWN_TESTS]:
            print(f'     {state}: {name}')
            said = [line.rstrip() for line in run.said.get(name, ())]
            if len(said) > SHOWN_LINES:
                said = ['...', *said[-SHOWN_LINES:]]
            for line in said:
                print(f'       | {line}')
        if len(bad) > SHOWN_TESTS:
            print(f'     and {len(bad) - SHOWN_TESTS} more; their names are at the end')
    return bool(bad)


def counts(run, quiet):
    if 'RESULTS' in os.environ:
        with open(os.environ['RESULTS'], 'a', encoding='utf-8') as f:
            for name, state in run.tests.items():
                verdict = 'fail' if state in BAD else state
                f.write(f'{verdict} kunit {name}{"" if verdict == state else ": " + state}\n')
    for name, state in run.tests.items():
        if state in BAD and not quiet:
            print(f'   {state}: {name}')
    print(f'== kunit: {describe(run.count())}')
    return any(state in BAD for state in run.tests.values())


def test_of(name):
    """suite.test, of suite.test.parameter."""
    return '.'.join(name.split('.')[:2])


def compare(before, after):
    names = list(dict.fromkeys([*before.tests, *after.tests]))
    # One line will do for all parameters of a test that was not reached.
    shown = [(name, before.state(name), after.state(name)) for name in names
             if name == test_of(name)
             or 'not reached' not in (before.tests.get(test_of(name)), after.tests.get(test_of(name)))]
    # Tests of what only the patched kernel has are no difference, but count.
    shown = [row for row in shown
             if row[1:] != ('absent', 'pass') and (row[1] != row[2] or row[1] in BAD)]
    print_table([('test', 'untouched', 'patched'), *shown])
    if not shown:
        print('(no test differs or fails)')
    print()
    print_table([('suite', 'untouched', 'patched')] + [
        (suite, describe(before.count(suite)), describe(after.count(suite)))
        for suite in dict.fromkeys(name.split('.')[0] for name in names)
    ] + [('all', describe(before.count()), describe(after.count()))])
    return any(state in BAD for state in after.tests.values())


def print_table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for i, row in enumerate(rows):
        print('  '.join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
        if i == 0:
            print('  '.join('-' * width for width in widths))


def passed(run):
    return show(name for name, state in run.tests.items() if state == 'pass')


def failed(run):
    return show(name for name, state in run.tests.items() if state in BAD)


def broken(before, after):
    return show(name for name, state in after.tests.items()
                if state in BAD and before.tests.get(name) not in BAD)


def complaints(log):
    with open(log, encoding='utf-8', errors='replace') as f:
        found = [f'{n}:{line.rstrip()}' for n, line in enumerate(f, 1)
                 if COMPLAINT.search(line) or DISK_COMPLAINT.search(line)]
    for line in found:
        print(line)
    return bool(found)


def show(names):
    for name in names:
        print(name)
    return False


def main(argv):
    commands = {
        'passed': (passed, 1), 'failed': (failed, 1), 'counts': (counts, 1),
        'compare': (compare, 2), 'broken': (broken, 2), 'suite': (suite_line, 3),
    }
    if len(argv) > 1 and argv[1] in ('-h', '--help'):
        print(__doc__.strip())
        return 0
    if len(argv) == 3 and argv[1] == 'complaints':
        return int(complaints(argv[2]))
    quiet = '--quiet' in argv[2:3]
    command, *args = (argv[1:2] or ['']) + argv[2 + quiet:]
    if command not in commands or len(args) != 1 + commands[command][1]:
        print('write-aops: error: wrong arguments; see scripts/results.py --help', file=sys.stderr)
        return 2
    parser = load_parser(args[0])
    try:
        if command == 'suite':
            return int(suite_line(Run(parser, args[1], args[2]), args[2], args[3], quiet))
        runs = [Run(parser, directory) for directory in args[1:]]
    except FileNotFoundError as e:
        print(f'write-aops: error: {e.filename} is missing; the run was cut off, start it again',
              file=sys.stderr)
        return 2
    return int(commands[command][0](*runs, *([quiet] if command == 'counts' else [])))


if __name__ == '__main__':
    sys.exit(main(sys.argv))
