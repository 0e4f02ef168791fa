#!/usr/bin/env python3
"""Symbolist and its peers in one run: same machine, same files, same addresses. Started by bench.sh.

For each file: building the index, warm look-ups, and `addr2line` with nothing and with everything cached. Prints a
table with ratios and writes the same as JSON. Times are medians; memory is the largest resident set of any process of a
run, children included.
"""

import argparse
import json
import multiprocessing
import os
import pathlib
import platform
import random
import re
import shutil
import statistics
import subprocess
import sys
import time
from typing import NamedTuple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Check"))
import answers  # noqa: E402
import differential  # noqa: E402
import report  # noqa: E402

SEED = 20_260_101
COUNT = 10_000


class Run(NamedTuple):
    """A finished process."""

    seconds: float
    megabytes: float
    output: bytes


def once(command, environment=None, given=None):
    """Runs a program to its end; its resident set is that of its largest process.

    Status 1 of Symbolist is an index that lacks something, not a failure.
    """
    start = time.monotonic()
    with open(given or os.devnull, "rb") as source, open(options.work / "output", "w+b") as output:
        process = subprocess.Popen(command, stdin=source, stdout=output, stderr=subprocess.PIPE, env=environment)
        errors = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - start
        output.seek(0)
        text = output.read()
    if process.returncode > (1 if command[0] == options.symbolist else 0) or process.returncode < 0:
        raise SystemExit(f"{' '.join(map(str, command))}: status {status}\n{errors[:2000].decode(errors='replace')}")
    return Run(seconds, usage.ru_maxrss / 1000, text)


def median(command, environment=None, given=None, before=None, at_most=None):
    """The median of several runs: five, or fewer when one takes long."""
    runs = []
    while len(runs) < (at_most or options.repetitions):
        if before:
            before()
        runs.append(once(command, environment, given))
        if runs[0].seconds > 20:
            break
        if runs[0].seconds > 4 and len(runs) >= 3:
            break
    return Run(statistics.median(run.seconds for run in runs), statistics.median(run.megabytes for run in runs),
               runs[-1].output)


class Bench:
    """All figures of one file."""

    def __init__(self, name, file):
        self.name = name
        self.file = str(file)
        self.folder = options.work / "runs" / re.sub(r"\W", "_", name)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.environment = {
            **os.environ, "CACHE_DIRECTORY": str(self.folder / "cache"), "STATE_DIRECTORY": str(self.folder / "state"),
            "NO_COLOR": "1",
        }
        self.figures = {"file": self.file, "megabytes": os.path.getsize(file) / 1e6}

    def empty_cache(self):
        shutil.rmtree(self.folder / "cache", ignore_errors=True)

    def run(self):
        """Measures everything."""
        os.sync()
        with open(self.file, "rb") as file:  # every program finds the file in memory
            while file.read(1 << 24):
                pass
        self.build()
        self.choose_addresses()
        self.look_up()
        self.addr2line()
        return self.figures

    def build(self):
        """Building the index, whole processes."""
        symcache = self.folder / "peer.symcache"
        peer = median([options.peer, options.symbolic, "build", self.file, symcache])
        index = self.folder / "index"
        index.unlink(missing_ok=True)
        own = median([options.symbolist, "index", "build", "-o", index, self.file], self.environment,
                     before=lambda: (self.empty_cache(), index.unlink(missing_ok=True)))
        self.figures["build"] = {
            "symbolist": {"seconds": own.seconds, "megabytes": own.megabytes, "bytes": index.stat().st_size},
            "symbolic": {"seconds": json.loads(peer.output)["seconds"], "megabytes": peer.megabytes,
                         "bytes": symcache.stat().st_size},
        }

    def choose_addresses(self):
        """Random addresses inside functions of the debug information: where symbolic has a function and a line."""
        candidates = differential.choose(differential.code_ranges(self.file), 8 * COUNT, SEED)
        random.Random(SEED).shuffle(candidates)
        # In a process of its own: a child's resident set counts from that of the process that starts it.
        with multiprocessing.get_context("fork").Pool(1) as pool:
            known = pool.apply(answers.symbolic, (self.file, self.folder / "choice.symcache", candidates))
        self.addresses = [
            address for address, frames in zip(candidates, known) if frames and frames[0].function and frames[0].line
        ][:COUNT]
        self.list = self.folder / "addresses"
        self.list.write_text("".join(f"0x{address:x}\n" for address in self.addresses))
        self.one = self.folder / "address"
        self.one.write_text(f"0x{self.addresses[0]:x}\n")
        self.figures["addresses"] = len(self.addresses)

    def look_up(self):
        """Warm look-ups in a mapped index, the whole chain as pointers and lengths."""
        base = hex(answers.load_address(self.file))
        peer = json.loads(once([options.peer, options.symbolic, "lookup", self.folder / "peer.symcache", self.list,
                                base]).output)
        own = json.loads(once([options.lookup, self.folder / "index", self.list]).output)
        self.figures["look-up"] = {"symbolist": own, "symbolic": peer}

    def addr2line(self):
        """Whole processes: one address and all, with nothing cached and with the index cached."""
        own = [options.symbolist, "addr2line", "-e", self.file, "-a", "-f", "-i"]
        peers = {
            "llvm-symbolizer 19": ["llvm-symbolizer-19", "-e", self.file, "--inlines", "--no-demangle", "-a"],
            "GNU addr2line": ["addr2line", "-e", self.file, "-a", "-f", "-i"],
            "eu-addr2line": ["eu-addr2line", "-e", self.file, "-a", "-f", "-i"],
        }
        for count, given in (("1", self.one), (str(len(self.addresses)), self.list)):
            found = {"symbolist": median(own, self.environment, given, before=self.empty_cache)}
            found["symbolist, cached"] = median(own, self.environment, given)
            for name, command in peers.items():
                if name not in options.skip:
                    found[name] = median(command, given=given)
            self.figures[f"addr2line {count}"] = {
                name: {"seconds": run.seconds, "megabytes": run.megabytes} for name, run in found.items()
            }


def table(figures):
    """The rows of one file: figure, own value, best peer, ratio, goal."""
    rows = [("figure", "Symbolist", "best peer", "ratio", "goal", "met")]

    def row(figure, own, best, who, goal, unit, met):
        ratio = f"{best / own:.2f}x" if best else ""
        peer = f"{best:,.4g} {unit} ({who})" if best else ""
        rows.append((figure, f"{own:,.4g} {unit}", peer, ratio, goal, "yes" if met else "NO"))

    own, peer = figures["build"]["symbolist"], figures["build"]["symbolic"]
    row("index: time", own["seconds"], peer["seconds"], "symbolic", "1/4", "s", own["seconds"] <= peer["seconds"] / 4)
    row("index: peak memory", own["megabytes"], peer["megabytes"], "symbolic", "1/2", "MB",
        own["megabytes"] <= peer["megabytes"] / 2)
    row("index: size", own["bytes"] / 1e6, peer["bytes"] / 1e6, "symbolic", "no larger", "MB",
        own["bytes"] <= peer["bytes"])
    own, best = figures["look-up"]["symbolist"], figures["look-up"]["symbolic"]["single_ns"]
    row("look-up, single", own["single_ns"], best, "symbolic", "1/4", "ns", own["single_ns"] <= best / 4)
    row("look-up, batched", own["batched_ns"], best, "symbolic", "1/8", "ns", own["batched_ns"] <= best / 8)
    row("  with sorting", own["batched_with_sorting_ns"], best, "symbolic", "1/8", "ns",
        own["batched_with_sorting_ns"] <= best / 8)
    for key in (key for key in figures if key.startswith("addr2line ")):
        found = figures[key]
        seconds, who = min((run["seconds"], who) for who, run in found.items() if not who.startswith("symbolist"))
        many = key != "addr2line 1"
        own = found["symbolist"]["seconds"]
        row(f"{key}, nothing cached", own, seconds, who, "1/3" if many else "less", "s",
            own < (seconds / 3 if many else seconds))
        own, limit = found["symbolist, cached"]["seconds"], 0.1 if many else 0.03
        row(f"{key}, cached", own, seconds, who, f"{limit * 1000:.0f} ms", "s", own < limit)
    return rows


def heading(name, figures):
    """A file and its size."""
    return f"{name}: {figures['megabytes']:.0f} MB, {figures['addresses']:,} addresses"


def show(name, figures):
    """Prints the table of one file."""
    rows = table(figures)
    widths = [max(len(line[column]) for line in rows) for column in range(len(rows[0]))]
    print(f"\n{heading(name, figures)}")
    for line in rows:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
    sys.stdout.flush()


def every_peer(figures):
    """`addr2line` of all programs: time and memory."""
    keys = [key for key in figures if key.startswith("addr2line ")]
    rows = [("program", *keys)]
    for who in figures[keys[0]]:
        found = [figures[key][who] for key in keys]
        rows.append((who, *(f"{run['seconds']:.3g} s, {run['megabytes']:.0f} MB" for run in found)))
    return rows


def markdown(result):
    """The tables for Documentation/Benchmarks.md."""
    lines = ["; ".join(f"{key} {value}" for key, value in result["machine"].items()) + "."]
    for name, figures in result["files"].items():
        lines += ["", f"### {heading(name, figures)}"]
        for rows in (table(figures), every_peer(figures)):
            lines += ["", *(f"| {' | '.join(cell.strip() for cell in row)} |" for row in rows)]
            lines.insert(len(lines) - len(rows) + 1, "|---" * len(rows[0]) + "|")
    return "\n".join(lines)


def machine():
    """What the figures were measured on."""
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return {
        "processor": model[1] if model else platform.machine(), "cores": os.cpu_count(),
        "load before": os.getloadavg()[0], "symbolist": ", ".join(
            once([options.symbolist, "--version"]).output.decode().split("\n")[:2]),
        "llvm": once(["llvm-symbolizer-19", "--version"]).output.decode().split("\n")[1].strip(),
        "binutils": once(["addr2line", "--version"]).output.decode().split("\n")[0],
        "elfutils": once(["eu-addr2line", "--version"]).output.decode().split("\n")[0], "symbolic": "13.9.0",
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--symbolist", required=True)
    parser.add_argument("--lookup", required=True, help="the built symbolist-bench")
    parser.add_argument("--peer", required=True, help="the built symcache_peer")
    parser.add_argument("--symbolic", required=True, help="symbolic's shared library")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--skip", action="append", default=[], help="a peer to leave out, such as 'eu-addr2line'")
    parser.add_argument("--report", help="a Markdown file whose part between the markers is replaced")
    parser.add_argument("files", nargs="+", metavar="NAME=FILE")
    global options
    options = parser.parse_args()
    result = {"machine": machine(), "files": {}}
    for name, value in result["machine"].items():
        print(f"{name}: {value}")
    for argument in options.files:
        name, _, file = argument.partition("=")
        result["files"][name] = Bench(name, file).run()
        show(name, result["files"][name])
        with open(options.work / "bench.json", "w", encoding="utf-8") as output:
            json.dump(result, output, indent=2)
    if options.report:
        report.replace(options.report, markdown(result), "make bench")
    print(f"\n{options.work}/bench.json")


if __name__ == "__main__":
    main()
