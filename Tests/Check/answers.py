"""What Symbolist and its peers answer to addresses, in one form.

An answer is the list of an address's frames, innermost first; an empty list says that nothing is known there.
"""

import json
import posixpath
import re
import subprocess
from typing import NamedTuple


class Frame(NamedTuple):
    """One frame; an empty text or 0 stands for what is not known."""

    function: str
    file: str
    line: int
    column: int

    def __str__(self):
        return f"{self.function or '??'} at {self.file or '??'}:{self.line}:{self.column}"


def run(command, addresses=None, environment=None):
    """The standard output of a program that gets the addresses as lines."""
    text = None if addresses is None else "".join(f"0x{address:x}\n" for address in addresses)
    done = subprocess.run(command, input=text, capture_output=True, text=True, errors="replace", env=environment)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stderr[:2000]}")
    return done.stdout


def normalized(path):
    """`a/./b/../c` as `a/c`: tools differ in how far they tidy a path, and none is wrong.

    Swift's line tables name `<compiler-generated>` in folder `/`: no file, with or without the folder.
    """
    if not path:
        return ""
    path = posixpath.normpath(path)
    if path.startswith("//"):
        path = path[1:]
    return path[1:] if path.startswith("/<") else path


def _json_lines(output):
    answers = []
    for line in output.splitlines():
        symbols = json.loads(line).get("Symbol") or []
        frames = [
            Frame(symbol.get("LinkageName") or symbol["FunctionName"], normalized(symbol["FileName"]), symbol["Line"],
                  symbol["Column"])
            for symbol in symbols
        ]
        # llvm-symbolizer says "nothing" as one frame of empty fields.
        if len(frames) == 1 and not any(frames[0]):
            frames = []
        answers.append(frames)
    return answers


def symbolist(binary, file, addresses, environment):
    """Answers of `symbolist addr2line`."""
    command = [binary, "addr2line", "-e", file, "-f", "-i", "--output-style=JSON"]
    return _json_lines(run(command, addresses, environment))


def llvm(file, addresses):
    """Answers of llvm-symbolizer 19."""
    command = ["llvm-symbolizer-19", "-e", file, "--inlines", "--no-demangle", "--output-style=JSON"]
    return _json_lines(run(command, addresses))


def symbolic(file, cache, addresses):
    """Answers of symbolic's SymCache, which is made first and left in `cache`; it knows no columns.

    `None` when it finds no object in the file.
    """
    from symbolic.debuginfo import Archive
    from symbolic.symcache import SymCache

    objects = list(Archive.open(str(file)).iter_objects())
    if not objects:
        return None
    with open(cache, "wb") as output:
        objects[0].make_symcache().dump_into(output)
    reader = SymCache.open(str(cache))
    base = load_address(file)
    return [
        [
            Frame(found.symbol or "", normalized(found.full_path), found.line, 0)
            for found in reader.lookup(address - base)
        ] for address in addresses
    ]


def load_address(file):
    """The first segment's address: a SymCache counts from there."""
    loads = re.findall(r"^ +LOAD +\S+ (0x[0-9a-f]+)", run(["readelf", "-lW", file]), re.MULTILINE)
    return min((int(load, 16) for load in loads), default=0)


def gnu(file, addresses):
    """Answers of GNU addr2line; it knows no columns."""
    answers = []
    name = None
    for line in run(["addr2line", "-e", file, "-a", "-f", "-i"], addresses).splitlines():
        if re.fullmatch(r"0x[0-9a-f]{8,16}", line) and name is None:
            answers.append([])
        elif name is None:
            name = line
        else:
            path, _, number = re.sub(r" \(discriminator \d+\)$", "", line).rpartition(":")
            frame = Frame("" if name == "??" else name, "" if path == "??" else normalized(path),
                          int(number) if number.isdigit() else 0, 0)
            name = None
            if any(frame):
                answers[-1].append(frame)
    return answers
