#!/usr/bin/env python3
"""Golden answers: what other tools say of every address of an object's functions.

    golden.py make [--with llvm,gnu] [--addr2line PROGRAM] [--symbols PATTERN] OBJECT >GOLDEN
    golden.py check [--with llvm,gnu] [--addr2line PROGRAM] [--shift N] GOLDEN OBJECT
    golden.py sections OBJECT LINKED <GOLDEN >GOLDEN

A golden file has one JSON object a line: a range of addresses and its frames, innermost first, each [function, file,
line, column]; the function is the linkage name, or the plain name of a function that has none; null is not known.

`make` takes llvm-symbolizer's answers and has GNU addr2line confirm functions and lines. `check` asks whether another
object, with the same code, gets the same answers. Both fail on the first difference without a known reason (`confirmed`).
`sections` turns the addresses of a linked file into sections and offsets of the relocatable file it was linked from.
"""
import argparse
import json
import re
import subprocess
import sys

LLVM = "llvm-symbolizer-19"


def fail(text):
    sys.exit(f"golden.py: {text}")


def run(*command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode:
        fail(f"{' '.join(command)}: {done.stderr}")
    return done.stdout.splitlines()


class Object:
    """Sections with code, and the functions of the symbol table that have a size."""

    def __init__(self, path, symbols=""):
        self.path = path
        self.sections = {}
        self.functions = set()
        is_arm = any(re.search(r"Machine:\s+ARM$", line) for line in run("readelf", "-hW", path))
        for line in run("readelf", "-SW", path):
            match = re.match(r"\s*\[\s*(\d+)\]\s(.*)", line)
            words = match[2].split() if match else []
            if len(words) > 6 and "A" in words[6] and "X" in words[6]:
                self.sections[match[1]] = (words[0], int(words[2], 16), int(words[4], 16))
        for line in run("readelf", "-sW", path):
            words = re.sub(r"\[[^]]*\]", "", line).split()
            if len(words) < 8 or words[3] != "FUNC" or words[6] not in self.sections or not re.search(symbols, words[7]):
                continue
            # Thumb code has an odd symbol.
            start = int(words[1], 16) & (~1 if is_arm else ~0)
            if int(words[2], 0):
                self.functions.add((start, start + int(words[2], 0)))

    def addresses(self):
        return sorted({address for start, end in self.functions for address in range(start, end)})


def part(name):
    """The function that a symbol such as `grind.cold` is a part of."""
    return re.sub(r"\.(cold|part|constprop|isra|lto_priv|llvm)\b.*$", "", name or "")


def llvm(path, addresses):
    text = "".join(f"{address:#x}\n" for address in addresses)
    answers = []
    for line in run(LLVM, "-e", path, "--inlines", "--no-demangle", "--output-style=JSON", text=text):
        frames = []
        for symbol in json.loads(line)["Symbol"]:
            name, file, number, column = (symbol[key] for key in ("FunctionName", "FileName", "Line", "Column"))
            # Swift's compiler puts it in folder /; it is no file.
            file = "<compiler-generated>" if file == "/<compiler-generated>" else file
            if name or file:
                frames.append([part(name) or None, file or None, number, column])
        # Without debug information LLVM names the symbol table's last file before the symbol: a guess.
        if len(frames) == 1 and frames[0][2] == 0 and not (frames[0][1] or "").startswith(("/", "<")):
            frames[0][1] = None
        answers.append(frames)
    return answers


def gnu(program, path, addresses, section=None):
    text = "".join(f"{address:#x}\n" for address in addresses)
    command = [program, "-e", path, "-a", "-f", "-i"] + (["-j", section] if section else [])
    answers, name = [], None
    for line in run(*command, text=text):
        if name is None and re.fullmatch(r"0x([0-9a-f]{8}|[0-9a-f]{16})", line):
            answers.append([])
        elif name is None:
            name = line
        else:
            file, _, number = re.sub(r" \(discriminator \d+\)$", "", line).rpartition(":")
            answers[-1].append(["" if name == "??" else name, "" if file == "??" else file,
                                int(number) if number.isdigit() else 0])
            name = None
    return answers


def confirmed(golden, theirs):
    """How GNU's answer confirms a golden one, or None."""
    own = [(part(frame[0]), frame[1] or "", frame[2]) for frame in golden]
    other = [(part(frame[0]), frame[1], frame[2]) for frame in theirs]
    if own == other:
        return "same"
    if not own:
        return "hole" if all(frame[1:] == ("", 0) for frame in other) else None

    def variant(name):
        """GNU names the declaration of a constructor or destructor (C4, D4), which has no code."""
        return re.sub(r"(?<=[a-z])([CD])[0-5](?=E)", r"\1", name)

    def name_fits(a, b):
        # Without a linkage name: GNU prints the bare name, or the symbol around an inlined function.
        return variant(a) == variant(b) or b in ("", own[-1][0])

    def place_fits(a, b):
        # In DWARF 5 a sequence that never names its file is in file 1; GNU takes file 0, the unit's own source.
        return a[1:] == b[1:] or (a[2] == b[2] and a[1].endswith(".h") and not b[1].endswith(".h"))

    if len(own) == len(other):
        fits = all(name_fits(a[0], b[0]) and place_fits(a, b) for a, b in zip(own, other))
        return "known difference" if fits else None
    # GNU leaves out inlined functions whose ranges are an index (DW_FORM_rnglistx); the next one gets their line.
    if len(other) < len(own) and name_fits(own[-1][0], other[-1][0]) and place_fits(own[0], other[0]):
        return "inlined left out"
    return None


def merged(addresses, answers):
    ranges = []
    for address, frames in zip(addresses, answers):
        if ranges and ranges[-1][1] == address and ranges[-1][2] == frames:
            ranges[-1][1] = address + 1
        else:
            ranges.append([address, address + 1, frames])
    return ranges


def write(ranges):
    for start, end, frames, *section in ranges:
        line = {"section": section[0]} if section else {}
        line |= {"address": f"{start:#x}", "end": f"{end:#x}", "frames": frames}
        print(json.dumps(line, separators=(",", ":")))


def read(path):
    with (open(path) if path != "-" else sys.stdin) as file:
        for text in file:
            line = json.loads(text)
            yield int(line["address"], 16), int(line["end"], 16), line["frames"], line.get("section")


def confirm(path, addresses, golden, theirs):
    counts = {}
    for address, mine, other in zip(addresses, golden, theirs, strict=True):
        reason = confirmed(mine, other)
        if reason is None:
            fail(f"{path}: {address:#x} is {mine}, GNU has {other}")
        counts[reason] = counts.get(reason, 0) + 1
    return counts


def make(options):
    addresses = Object(options.object, options.symbols).addresses()
    answers = llvm(options.object, addresses)
    counts = "not asked"
    if "gnu" in options.tools:
        counts = confirm(options.object, addresses, answers, gnu(options.addr2line, options.object, addresses))
    write(merged(addresses, answers))
    print(f"{options.object}: {len(addresses)} addresses; GNU: {counts}", file=sys.stderr)


def check(options):
    by_section = {}
    for start, end, frames, section in read(options.golden):
        by_section.setdefault(section, []).extend((address + options.shift, frames) for address in range(start, end))
    for section, pairs in by_section.items():
        addresses = [address for address, _ in pairs]
        golden = [frames for _, frames in pairs]
        if "gnu" in options.tools:
            theirs = gnu(options.addr2line, options.object, addresses, section)
            print(f"{options.object}: GNU: {confirm(options.object, addresses, golden, theirs)}", file=sys.stderr)
        if "llvm" in options.tools:
            for address, mine, theirs in zip(addresses, golden, llvm(options.object, addresses), strict=True):
                if mine != theirs:
                    fail(f"{options.object}: {address:#x} is {mine}, LLVM has {theirs}")


def sections(options):
    """The linked file has the relocatable's sections under their own names."""
    placed = sorted((address, size, name) for name, address, size in Object(options.linked).sections.values())
    known = {name for name, _, _ in Object(options.object).sections.values()}
    ranges = []
    for start, end, frames, _ in read("-"):
        base, _, name = next(place for place in placed if place[0] <= start < place[0] + place[1])
        if name not in known:
            fail(f"{options.object} has no section {name}")
        ranges.append((start - base, end - base, frames, name))
    write(ranges)


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    for action in (make, check, sections):
        command = commands.add_parser(action.__name__)
        command.set_defaults(action=action)
        command.add_argument("--addr2line", default="addr2line")
        command.add_argument("--with", dest="tools", default="llvm,gnu")
        command.add_argument("--symbols", default="")
        command.add_argument("--shift", type=lambda text: int(text, 0), default=0)
        if action is check:
            command.add_argument("golden")
        command.add_argument("object")
        if action is sections:
            command.add_argument("linked")
    options = parser.parse_args()
    options.action(options)


main()
