#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""compare.py PERCENT TSV OLD... NEW...: what differs between the tests and the
instructions of two kernels. OLD and NEW are each four words: a label, a kernel tree,
a directory of results.py, and the log of a boot of the benchmark; what is not there
was not run. Writes all that it compared to TSV, and shows what differs. Fails if NEW
is worse."""

import os
import re
import sys

import results

ROW = re.compile(r'write_bench: row (\S+) (\d+) (\d+)$', re.M)


def read_rows(log):
    """Instructions for 4 KiB, by row."""
    if not os.path.exists(log):
        return {}
    with open(log, encoding='utf-8', errors='replace') as f:
        return {name: int(cost) * 4096 / int(size) for name, size, cost in ROW.findall(f.read())}


def read_tests(parser, directory):
    return results.Run(parser, directory) if os.path.isdir(directory) else None


def compare_tests(old, new):
    """(name, state, state, verdict), in the order of the run."""
    for name in dict.fromkeys([*old.tests, *new.tests]):
        states = old.state(name), new.state(name)
        if 'not reached' in states and name != results.test_of(name):
            # One line will do for all parameters of a test that was not reached.
            continue
        verdict = '='
        if states[0] != states[1]:
            # What was skipped or absent was no better.
            if states[1] in results.BAD and states[0] not in results.BAD:
                verdict = 'worse'
            elif states[0] in results.BAD and states[1] == 'pass':
                verdict = 'better'
            else:
                verdict = 'differs'
        yield name, *states, verdict


def compare_rows(old, new, limit):
    """(name, instructions, instructions, new/old, verdict), the worst first."""
    rows = []
    for name in dict.fromkeys([*old, *new]):
        if name not in old or name not in new:
            rows.append((name, old.get(name), new.get(name), 0, 'absent'))
            continue
        ratio = new[name] / old[name]
        verdict = '='
        if name.startswith('loop-'):
            verdict = 'not judged'
        elif ratio > 1 + limit:
            verdict = 'worse'
        elif ratio < 1 - limit:
            verdict = 'better'
        rows.append((name, old[name], new[name], ratio, verdict))
    return sorted(rows, key=lambda row: -row[3])


def show_tests(tests, labels):
    shown = [test for test in tests if test[3] != '=']
    if shown:
        results.print_table([('test', *labels, ''), *shown])
    count = len(tests) - len(shown)
    print(f'{count} {"other " if shown else ""}tests are the same on both')


def show_rows(rows, labels, percent):
    shown = [row for row in rows if f'{row[3]:.3f}' != '1.000']
    if shown:
        print('Instructions for 4 KiB, the ratio is new/old:')
        results.print_table([('row', *labels, 'ratio', '')] + [
            (name, *('-' if cost is None else f'{cost:.0f}' for cost in costs),
             f'{ratio:.3f}' if ratio else '-', '' if verdict == '=' else verdict)
            for name, *costs, ratio, verdict in shown])
    print(f'{len(rows) - len(shown)} {"other " if shown else ""}rows are the same to a thousandth;'
          f' worse or better is by more than {percent} %')


def main(argv):
    if len(argv) != 11:
        print(__doc__)
        return 2
    percent, tsv = argv[1:3]
    (*labels, ), trees, directories, logs = zip(argv[3:7], argv[7:11])
    parsers = [results.load_parser(trees[0])]
    runs = [read_tests(parsers[0], directory) for directory in directories]
    tests = list(compare_tests(*runs)) if all(runs) else []
    rows = compare_rows(*map(read_rows, logs), float(percent) / 100)
    with open(tsv, 'w', encoding='utf-8') as f:
        print('kind', 'name', *labels, 'ratio', 'verdict', sep='\t', file=f)
        for name, *states, verdict in tests:
            print('test', name, *states, '-', verdict, sep='\t', file=f)
        for name, *costs, ratio, verdict in rows:
            print('row', name, *('-' if cost is None else f'{cost:.1f}' for cost in costs),
                  f'{ratio:.4f}' if ratio else '-', verdict, sep='\t', file=f)
    if tests:
        show_tests(tests, labels)
    if rows:
        show_rows(rows, labels, percent)
    worse = [kind for kind, table in (('tests', tests), ('rows', rows))
             for each in table if each[-1] == 'worse']
    print(f'== {labels[1]} against {labels[0]}: {worse.count("tests")} tests and '
          f'{worse.count("rows")} rows are worse')
    return int(bool(worse))


if __name__ == '__main__':
    sys.exit(main(sys.argv))
