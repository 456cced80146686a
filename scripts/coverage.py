#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
coverage.py TREE OUT SERIES EXCEPTIONS INFO
    Which of the lines and branches that the series adds or changes were executed by
    a kernel that counts them: per patch, then what is not covered, per function.
    Fails if less than 95 % of the lines or 90 % of the branches are covered or
    explained, or if nobody says why a patch is not in that kernel at all.

coverage.py owners TREE SERIES
    Which patch added or changed which lines: file, line, patch.

TREE is a kernel tree in which quilt has applied the series whose directory is
SERIES, OUT is where it was built, INFO the counts as a file for genhtml.

A line belongs to the last patch that changed it. It counts if it has code that the
compiler made instructions of. A branch is one way out of a line with several, if there
is a condition in the line itself: not in a function that was put in its place. Those
that the kernel takes when it has a bug, in WARN_ON() and its like, are no branches
here.

EXCEPTIONS says what no test reaches. An entry is a file and a function, or a patch of
which nothing is in that kernel; then the text of lines, each behind a tab; then why.
Entries have an empty line between them:

    mm/filemap.c: generic_perform_write
    	return -ENOMEM;
    No test runs out of memory there.
"""

import collections
import json
import os
import re
import subprocess
import sys

LINES, BRANCHES = 95, 90
FUNCTION = re.compile(r'(?:[A-Za-z_][\w\s*]*[\s*])?(\w+)\(')
BUG = re.compile(r'\b(?:(?:VM_)?(?:WARN|BUG)(?:_ON)?(?:_ONCE)?(?:_[A-Z]+)?|write_warn)\(')
CONDITION = re.compile(r'\b(?:if|while|for|for_each\w*|switch|min|max|min_t|max_t)\b|&&|\|\||\?')


def read_lines(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding='utf-8', errors='replace') as f:
        return f.read().split('\n')


#
# Whose a line is.
#
def read_series(directory):
    """Patches, in order, and the topic of each."""
    topic_of, topic = {}, ''
    for line in read_lines(os.path.join(directory, 'series')):
        if line.startswith('# Topic: '):
            topic = line.split()[2]
        elif line.split('#')[0].strip():
            topic_of[line.split()[0]] = topic
    return topic_of


def backups(directory):
    """The files that a patch touches, as quilt has kept them from before it."""
    return sorted(os.path.relpath(os.path.join(base, name), directory)
                  for base, _, names in os.walk(directory) for name in names
                  if name.endswith(('.c', '.h')))


def hand_on(owners, before, after, patch):
    """The owners of the lines of AFTER, from those of BEFORE."""
    # Normal output: "3,5c4", "7a8,9", "2d1".
    diff = subprocess.run(['diff', before if os.path.getsize(before) else '/dev/null', after],
                          stdout=subprocess.PIPE, check=False).stdout
    result, done = [], 0
    for old, how, new in re.findall(rb'^(\d[\d,]*)([acd])(\d[\d,]*)$', diff, re.M):
        (first, last), (start, end) = ((int(span.split(b',')[0]), int(span.split(b',')[-1]))
                                       for span in (old, new))
        # Nothing of one side: the line before.
        first, last = (first + 1, first) if how == b'a' else (first, last)
        result += owners[done:first - 1]
        result += [patch] * (0 if how == b'd' else end - start + 1)
        done = last
    return result + owners[done:]


def find_owners(tree, topic_of):
    """For each file that the series touches, a patch or None for each line."""
    stages = collections.defaultdict(list)
    for patch in topic_of:
        directory = os.path.join(tree, '.pc', patch)
        for path in backups(directory):
            stages[path].append((patch, os.path.join(directory, path)))
    owners = {}
    for path, before in stages.items():
        own = [None] * len(read_lines(before[0][1]))
        now = os.path.join(tree, path)
        for (patch, old), (_, new) in zip(before, [*before[1:], (None, now)]):
            own = hand_on(own, old, new if os.path.exists(new) else '/dev/null', patch)
        owners[path] = own
    return owners


def find_functions(text):
    """The function that each line is in, in the kernel's style."""
    functions, name = [], ''
    for line in text:
        match = FUNCTION.match(line)
        name = match[1] if match else name
        functions.append(name)
    return functions


#
# What was executed.
#
class Counts:
    """How often each line of a file was executed, and each branch of it."""

    def __init__(self):
        self.lines = collections.Counter()
        self.copies = collections.defaultdict(dict)

    def add(self, line):
        number = line['line_number']
        self.lines[number] += line['count']
        taken = [branch['count'] for branch in line['branches']]
        # An inline function has a copy of its branches in each that it is in.
        copy = self.copies[number].get(len(taken), [0] * len(taken))
        self.copies[number][len(taken)] = [a + b for a, b in zip(copy, taken)]

    def branches(self, number):
        """Of the copies, those of which the compiler left most."""
        copies = self.copies[number]
        return copies[max(copies)] if copies else []


def read_counts(tree, out, files):
    notes = [os.path.join(base, name) for base, _, names in os.walk(out)
             for name in names if name.endswith('.gcno')]
    if not notes:
        raise FileNotFoundError(2, 'no counts', out)
    counts = collections.defaultdict(Counts)
    gcov = subprocess.run(['gcov', '--json-format', '--branch-probabilities', '--stdout', *notes],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    for text in gcov.stdout.splitlines():
        unit = json.loads(text)
        for file in unit['files']:
            path = os.path.relpath(os.path.realpath(
                os.path.join(unit['current_working_directory'], file['file'])), tree)
            if path in files:
                for line in file['lines']:
                    counts[path].add(line)
    return counts


#
# What need not be.
#
class Exceptions:
    def __init__(self, path):
        self.lines, self.patches, self.used = {}, {}, set()
        entries = '\n'.join(line for line in read_lines(path) if not line.startswith('#'))
        for entry in filter(None, re.split(r'\n\s*\n', entries.strip('\n'))):
            head, *rest = entry.split('\n')
            why = ' '.join(line.strip() for line in rest if not line.startswith('\t'))
            if not why:
                raise ValueError(f'{path}: no reason for {head}')
            if ': ' not in head:
                self.patches[head] = why
            for line in rest:
                if line.startswith('\t'):
                    self.lines[*head.split(': '), line.strip()] = why

    def explain(self, path, function, text):
        key = path, function, text.strip()
        if key in self.lines:
            self.used.add(key)
        return self.lines.get(key)


def has_condition(text, number):
    """In that line, or at the end of the one before."""
    line = text[number - 1]
    return not BUG.search(line) and (
        CONDITION.search(line) or text[number - 2].rstrip().endswith(('&&', '||')))


class Line:
    def __init__(self, where, text, function, count, branches):
        self.where, self.text, self.function = where, text, function
        self.count, self.branches = count, branches
        self.why = None

    @property
    def missed(self):
        """Branches that were not taken; of a line that was not reached, all."""
        return sum(not taken for taken in self.branches)


Share = collections.namedtuple('Share', 'hit explained all')


def share(lines):
    """Of lines, and of their branches."""
    explained = [line for line in lines if line.why]
    return (Share(sum(line.count > 0 for line in lines),
                  sum(not line.count for line in explained), len(lines)),
            Share(sum(len(line.branches) - line.missed for line in lines),
                  sum(line.missed for line in explained),
                  sum(len(line.branches) for line in lines)))


def percent(of):
    return 100 * (of.hit + of.explained) / of.all if of.all else 100


def cells(of):
    if not of.all:
        return ['', '', '']
    return [f'{of.hit}/{of.all}', f'{of.explained or ""}', f'{percent(of):.0f} %']


def print_table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        first, *rest = (cell.ljust(width) if i == 0 else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(row, widths)))
        print('  '.join([first, *rest]).rstrip())


def print_missed(title, lines):
    """Lines, and branches of lines, that were not executed, by function."""
    if not lines:
        return
    print(f'\n{title}')
    place = None
    for line in lines:
        path, number = line.where
        if place != (path, line.function):
            place = path, line.function
            print(f'\n{path}: {line.function}')
        branches = f'{line.missed} of {len(line.branches)}' if line.count else 'line'
        print(f'{number:6} {branches:>8} {line.text.expandtabs(8)}')
        if line.why:
            print(f'{"":16}{line.why}')


def write_info(path, tree, by_file):
    """For genhtml: the lines of the series alone."""
    with open(path, 'w', encoding='utf-8') as f:
        for file, lines in sorted(by_file.items()):
            print(f'TN:\nSF:{os.path.join(tree, file)}', file=f)
            for line in lines:
                number = line.where[1]
                for i, taken in enumerate(line.branches):
                    print(f'BRDA:{number},0,{i},{taken if line.count else "-"}', file=f)
                print(f'DA:{number},{line.count}', file=f)
            print('end_of_record', file=f)


def report(tree, out, series, exceptions, info):
    tree = os.path.realpath(tree)
    topic_of = read_series(series)
    owners = find_owners(tree, topic_of)
    exceptions = Exceptions(exceptions)
    counts = read_counts(tree, out, owners)
    by_patch = {patch: [] for patch in topic_of}
    by_file = collections.defaultdict(list)
    for path, own in owners.items():
        text = read_lines(os.path.join(tree, path))
        functions = find_functions(text)
        for number in sorted(counts[path].lines):
            patch = own[number - 1]
            if not patch:
                continue
            line = Line((path, number), text[number - 1], functions[number - 1],
                        counts[path].lines[number],
                        counts[path].branches(number) if has_condition(text, number) else [])
            if not line.count or line.missed:
                line.why = exceptions.explain(path, line.function, line.text)
            by_patch[patch].append(line)
            by_file[path].append(line)
    write_info(info, tree, by_file)

    # Patches to files that are not in this kernel.
    absent = [patch for patch in topic_of if not by_patch[patch] and any(
        path.endswith('.c') and patch in own and not counts[path].lines
        for path, own in owners.items())]
    rows = [('patch', 'lines', 'explained', '', 'branches', 'explained', '')]
    for topic in dict.fromkeys(topic_of.values()):
        patches = [patch for patch in topic_of if topic_of[patch] == topic and by_patch[patch]]
        for name, lines in [(topic, sum((by_patch[patch] for patch in patches), []))] + [
                ('  ' + patch.removesuffix('.patch'), by_patch[patch]) for patch in patches]:
            rows.append((name, *sum(map(cells, share(lines)), [])))
    everything = sum(by_file.values(), [])
    rows.append(('all', *sum(map(cells, share(everything)), [])))
    print_table(rows)

    missed = [line for line in everything if not line.count or line.missed]
    print_missed('Not executed: lines, or so many of the branches of a line',
                 [line for line in missed if not line.why])
    print_missed('Explained', [line for line in missed if line.why])
    if absent:
        print('\nNot in this kernel')
        for patch in absent:
            print(f'  {patch}: {exceptions.patches.get(patch, "nobody says why")}')
    useless = [key for key in exceptions.lines if key not in exceptions.used]
    if useless:
        print('\nExceptions for what is executed, or is not in this kernel')
        for path, function, text in useless:
            print(f'  {path}: {function}: {text}')
    lines, branches = share(everything)
    print(f'\n== coverage: {percent(lines):.1f} % of {lines.all} lines, '
          f'{percent(branches):.1f} % of {branches.all} branches, executed or explained')
    return (percent(lines) < LINES or percent(branches) < BRANCHES
            or any(patch not in exceptions.patches for patch in absent))


def show_owners(tree, series):
    for path, own in find_owners(tree, read_series(series)).items():
        for number, patch in enumerate(own, 1):
            if patch:
                print(f'{path}:{number}: {patch}')
    return False


def main(argv):
    if len(argv) > 1 and argv[1] in ('-h', '--help'):
        print(__doc__.strip())
        return 0
    try:
        if len(argv) == 4 and argv[1] == 'owners':
            return int(show_owners(*argv[2:]))
        if len(argv) == 6:
            return int(report(*argv[1:]))
    except (FileNotFoundError, ValueError) as e:
        print(f'write-aops: error: {e}', file=sys.stderr)
        return 2
    print('write-aops: error: wrong arguments; see scripts/coverage.py --help', file=sys.stderr)
    return 2


if __name__ == '__main__':
    sys.exit(main(sys.argv))
