#!/usr/bin/env python3
"""Symbolist's answers against llvm-symbolizer 19 and symbolic, address by address.

    differential.py --symbolist BINARY --work FOLDER [--count N] [--seed N] [--report FILE.md] [--json FILE] FILE…

For each file: random addresses of its code, the answers of all three, and every difference put into a class of
differences.py or counted against Symbolist. The exit status is 1 when less than 99.8 % are left equal.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import re
import sys

import answers
import differences
import report

REQUIRED = 0.998
PEERS = {"llvm-symbolizer 19": True, "symbolic": False}  # whether it knows columns


def code_ranges(file):
    """The executable sections of a file: start and size."""
    ranges = []
    for line in answers.run(["readelf", "-SW", file]).splitlines():
        match = re.match(r"\s*\[ *\d+\] (\.text\S*) +(?:PROGBITS|NOBITS) +([0-9a-f]+) [0-9a-f]+ ([0-9a-f]+)", line)
        if match and int(match[3], 16):
            ranges.append((int(match[2], 16), int(match[3], 16)))
    return ranges


def choose(ranges, count, seed):
    """`count` random addresses, or all when the code has no more; rising."""
    total = sum(size for _, size in ranges)
    offsets = range(total) if total <= count else sorted(random.Random(seed).sample(range(total), count))
    chosen = []
    start = position = 0
    for offset in offsets:
        while offset >= start + ranges[position][1]:
            start += ranges[position][1]
            position += 1
        chosen.append(ranges[position][0] + offset - start)
    return chosen


class Comparison:
    """One file against one peer."""

    def __init__(self, addresses, own, peer, with_columns):
        self.total = len(addresses)
        self.classes = collections.Counter()
        self.unexplained = []
        self.different = [
            (address, mine, theirs) for address, mine, theirs in zip(addresses, own, peer)
            if differences.places(mine, with_columns) != differences.places(theirs, with_columns)
        ]
        self.with_columns = with_columns

    def classify(self, third_tools, facts):
        """`third_tools` are maps of addresses to answers."""
        for address, mine, theirs in self.different:
            others = [tool[address] for tool in third_tools]
            name = differences.explain(mine, theirs, others, facts, self.with_columns)
            if name:
                self.classes[name] += 1
            else:
                self.unexplained.append((address, mine, theirs, others[0]))

    @property
    def equal(self):
        return self.total - len(self.different)

    @property
    def share(self):
        """Equal ones among those that no class explains away."""
        judged = self.total - sum(self.classes.values())
        return self.equal / judged if judged else 1.0


def compare(file, options):
    """The comparisons of one file by peer."""
    ranges = code_ranges(file)
    addresses = choose(ranges, options.count, options.seed)
    if not addresses:
        raise SystemExit(f"{file}: no code")
    work = pathlib.Path(options.work)
    cache = work / "cache"
    environment = {**os.environ, "CACHE_DIRECTORY": str(cache), "STATE_DIRECTORY": str(work / "state"), "NO_COLOR": "1"}
    own = answers.symbolist(options.symbolist, file, addresses, environment)
    theirs = {
        "llvm-symbolizer 19": answers.llvm(file, addresses),
        "symbolic": answers.symbolic(file, work / "check.symcache", addresses),
    }
    theirs = {peer: given for peer, given in theirs.items() if given is not None}
    if any(len(given) != len(addresses) for given in [own, *theirs.values()]):
        raise SystemExit(f"{file}: a tool did not answer every address")
    found = {
        peer: Comparison(addresses, own, given, PEERS[peer]) for peer, given in theirs.items()
    }
    doubtful = sorted({address for comparison in found.values() for address, _, _ in comparison.different})
    third = dict(zip(doubtful, answers.gnu(file, doubtful))) if doubtful else {}
    facts = differences.Facts(file)
    for peer, comparison in found.items():
        others = [dict(zip(addresses, given)) for other, given in theirs.items() if other != peer]
        comparison.classify([third, *others], facts)
    return found


def main():
    parser = argparse.ArgumentParser(description="Compares Symbolist's answers with those of its peers.")
    parser.add_argument("--symbolist", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=20_260_101)
    parser.add_argument("--report", help="a Markdown file whose part between the markers is replaced")
    parser.add_argument("--json")
    parser.add_argument("--show", type=int, default=3, help="unexplained differences to print")
    parser.add_argument("files", nargs="+", metavar="[NAME=]FILE")
    options = parser.parse_args()

    os.makedirs(options.work, exist_ok=True)
    results = {}
    for argument in options.files:
        name, _, file = argument.rpartition("=")
        name = name or os.path.basename(file)
        results[name] = compare(file, options)
        for peer, comparison in results[name].items():
            classes = ", ".join(f"{key} {count}" for key, count in comparison.classes.most_common())
            print(f"{name}: {peer}: {comparison.equal} of {comparison.total} equal, "
                  f"{len(comparison.unexplained)} unexplained ({comparison.share:.3%}); {classes or 'no classes'}",
                  flush=True)
            for address, mine, other, third in comparison.unexplained[:options.show]:
                for who, frames in (("Symbolist", mine), (peer, other), ("GNU addr2line", third)):
                    print(f"  {address:#x} {who}:", *map(str, frames), sep="\n      ")
    if options.json:
        write_json(results, options.json)
    if options.report:
        report.replace(options.report, report.tables(results), "make check")
    return 0 if all(each.share >= REQUIRED for found in results.values() for each in found.values()) else 1


def write_json(results, path):
    """The counts, for machines."""
    document = {
        name: {
            peer: {
                "addresses": each.total, "equal": each.equal, "classes": dict(each.classes),
                "unexplained": len(each.unexplained), "share": each.share,
            } for peer, each in found.items()
        } for name, found in results.items()
    }
    with open(path, "w", encoding="utf-8") as output:
        json.dump(document, output, indent=2)


if __name__ == "__main__":
    sys.exit(main())
