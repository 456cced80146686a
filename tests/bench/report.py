#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""report.py DIR TSV: from the logs of the benchmark's kernels in DIR, named
base-ns-1.log, patched-ns-1.log, base-ns-2.log and so on, and *-instr-1.log, write
the table TSV and show it, with the extremes of each kind of file."""

import collections
import math
import pathlib
import re
import statistics
import sys

ROW = re.compile(r"write_bench: row (\S+) (\d+) (\d+)$", re.M)
FIGURES = ("ns", "instr")


def read_logs(directory, kernel, figure):
    """Per row a list of costs per 4 KiB, one for each boot of the kernel."""
    rows = collections.defaultdict(list)
    logs = directory.glob(f"{kernel}-{figure}-*.log")
    for log in sorted(logs, key=lambda path: int(path.stem.split("-")[-1])):
        for name, size, cost in ROW.findall(log.read_text(errors="replace")):
            rows[name].append(int(cost) * 4096 / int(size))
    return rows


def compare(base, patched):
    """Both costs, by how much the second is faster, and how far to trust it."""
    if not base or not patched:
        return "-", "-", "-", "-"
    # The best that either can do, and how much worse the next best boot was:
    # what else the machine does makes no boot faster.
    noise = "-"
    if min(len(base), len(patched)) > 1:
        noise = max(sorted(each)[1] / min(each) - 1 for each in (base, patched))
    return min(base), min(patched), min(base) / min(patched), noise


def columns():
    yield from ("fs", "access", "size", "source")
    for figure in FIGURES:
        yield from (f"{figure}_base", f"{figure}_patched", f"{figure}_ratio", f"{figure}_noise")


def table(directory):
    logs = {figure: [read_logs(directory, kernel, figure) for kernel in ("base", "patched")]
            for figure in FIGURES}
    names = dict.fromkeys(name for pair in logs.values() for name in pair[0])
    for name in names:
        cells = name.split("/")
        for figure in FIGURES:
            cells += compare(*(rows[name] for rows in logs[figure]))
        yield dict(zip(columns(), cells))


def number(value, decimals):
    return value if isinstance(value, str) else f"{value:.{decimals}f}"


def show(rows):
    print("What 4 KiB cost, untouched and patched: nanoseconds in UML, and instructions on")
    print("x86_64. The ratio is untouched/patched: the patched kernel is faster above 1.")
    print()
    print(f"{'':31}{'nanoseconds':>36}{'instructions':>30}")
    print(f"{'row':31}{'untouched':>11}{'patched':>9}{'ratio':>16}"
          f"{'untouched':>13}{'patched':>9}{'ratio':>8}")
    for row in rows:
        name = "/".join(row[key] for key in ("fs", "access", "size", "source"))
        print(f"{name:31}{number(row['ns_base'], 0):>11}{number(row['ns_patched'], 0):>9}"
              f"{number(row['ns_ratio'], 3):>9} ±{number(row['ns_noise'], 3)}"
              f"{number(row['instr_base'], 0):>13}{number(row['instr_patched'], 0):>9}"
              f"{number(row['instr_ratio'], 3):>8}")


def show_extremes(rows):
    kinds = collections.defaultdict(list)
    for row in rows:
        kinds[f"{row['fs']}/{row['access']}"].append(row)
    print()
    print("Ratios, worst to best, and their geometric mean:")
    for kind, members in kinds.items():
        for figure in FIGURES:
            known = [row for row in members if row[f"{figure}_ratio"] != "-"]
            if not known:
                continue
            known.sort(key=lambda row: row[f"{figure}_ratio"])
            mean = math.exp(statistics.fmean(math.log(row[f"{figure}_ratio"]) for row in known))
            worst, best = (f"{row[f'{figure}_ratio']:.3f} {row['size']}/{row['source']}"
                           for row in (known[0], known[-1]))
            print(f"  {kind:18}{figure:6}{worst:>22}{best:>22}{mean:9.3f}")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    rows = list(table(pathlib.Path(sys.argv[1])))
    with open(sys.argv[2], "w", encoding="ascii") as tsv:
        print(*columns(), sep="\t", file=tsv)
        for row in rows:
            print(*(number(value, 4) for value in row.values()), sep="\t", file=tsv)
    show(rows)
    show_extremes(rows)


main()
