"""Where a peer answers otherwise, which class it is, and what proves the peer wrong.

A class holds only where a third tool speaks: GNU addr2line or the other peer gives our depth, files and lines; or
readelf shows the fact that the rule leans on. What no class explains counts against us.
"""

import posixpath
import re
import subprocess
from functools import cached_property

import answers

# What each class is, and why ours is right, for the documentation.
CLASSES = {
    "file-of-symbol-table": (
        "No debug information at the address: the peer names the last `STT_FILE` before the symbol, a guess.",
        "readelf: the file is such a symbol, and the peer has no line for it."),
    "directory-twice": (
        "A relative compilation directory. Directory 0 of a DWARF 5 line table *is* the compilation directory (6.2.4); "
        "the peer joins it to itself.",
        "readelf: `DW_AT_comp_dir` is relative, and the peer's path begins with it twice."),
    "line-without-function": (
        "The line table goes on between functions (padding, thunks without an entry). The peer says nothing there.",
        "A third tool gives the line that we give."),
    "part-loses-innermost": (
        "A function in several parts (`.cold`): the peer leaves out the innermost inlined call.",
        "A third tool has all frames that we have."),
    "inlined-call-left-out": (
        "The peer leaves out an inlined call in the middle of the chain.",
        "A third tool has all frames that we have."),
    "line-left-out": (
        "The peer has the function, and neither file nor line.",
        "A third tool gives the line that we give."),
    "bracketed-name": (
        "A source given on standard input is `<stdin>` in the compilation directory; the peer takes it for a path.",
        "A third tool joins as we do."),
    "code-left-out": (
        "The peer knows nothing of code that the debug information covers, mostly at the beginning of a `.cold` part.",
        "A third tool has all frames that we have."),
    "column-above-65535": (
        "The peer keeps 16 bits of a column.",
        "readelf: the line program sets the column that we give."),
    "other-place": (
        "The peer has another file or line.",
        "A third tool gives ours."),
    "other-depth": (
        "The peer has other frames.",
        "A third tool gives ours."),
}


def places(frames, with_columns):
    """What is compared: depth, files, lines and, where the peer knows them, columns."""
    return [(frame.file, frame.line, frame.column if with_columns else 0) for frame in frames]


class Facts:
    """What readelf says of a file."""

    def __init__(self, file):
        self.file = file

    @cached_property
    def file_symbols(self):
        """The names of `STT_FILE` symbols."""
        output = answers.run(["readelf", "-sW", self.file])
        found = re.findall(r" FILE +LOCAL +\S+ +ABS (\S.*)", output)
        return {answers.normalized(name.strip()) for name in found}

    @cached_property
    def columns(self):
        """The columns that line programs set, above 65535."""
        output = answers.run(["readelf", "--debug-dump=rawline", self.file])
        return {int(column) for column in re.findall(r"Set column to (\d{5,})", output) if int(column) > 0xFFFF}

    @cached_property
    def relative_directories(self):
        """The relative compilation directories of the units."""
        command = ["readelf", "--debug-dump=info", "--dwarf-depth=1", self.file]
        output = subprocess.run(command, capture_output=True, text=True, errors="replace").stdout
        found = re.findall(r"DW_AT_comp_dir +: (?:\([^)]*\): )?(?:\(alt [^)]*\) )?(\S.*)", output)
        return {directory.strip() for directory in found if not directory.startswith("/")}


def explain(own, peer, others, facts, with_columns):
    """The class of a difference; `None` when nothing proves the peer wrong. `others` are third tools' answers."""
    third_agrees = any(places(own, False) == places(other, False) for other in others)
    if len(own) == len(peer):
        return _same_depth(own, peer, third_agrees, facts, with_columns)
    if not third_agrees:
        return None
    if not peer:
        return "line-without-function" if len(own) == 1 and not own[0].function else "code-left-out"
    if len(peer) < len(own):
        left = [frame for frame in places(own, False)]
        theirs = places(peer, False)
        if left[1:] == theirs:
            return "part-loses-innermost" if ".cold" in peer[-1].function or ".part" in peer[-1].function else \
                "inlined-call-left-out"
        iterator = iter(left)
        if all(frame in iterator for frame in theirs):
            return "inlined-call-left-out"
    return "other-depth"


def _same_depth(own, peer, third_agrees, facts, with_columns):
    found = None
    for mine, theirs in zip(own, peer):
        if mine.line != theirs.line or with_columns and mine.column != theirs.column:
            if mine[1:3] == theirs[1:3] and mine.column in facts.columns and theirs.column == mine.column & 0xFFFF:
                found = "column-above-65535"
                continue
            if not third_agrees:
                return None
            if with_columns and mine.line == theirs.line and mine.file == theirs.file:
                return None  # no third tool knows columns
            return "line-left-out" if theirs.line == 0 and not theirs.file else "other-place"
        if mine.file == theirs.file:
            continue
        rule = _file(mine, theirs, own, facts) or ("other-place" if third_agrees else None)
        if mine.file.endswith("/" + theirs.file) and theirs.file.startswith("<") and third_agrees:
            rule = "bracketed-name"
        if rule == "other-place" and _is_joined(mine.file, theirs.file, facts):
            return None  # other tools join directory 0 to itself too: their word does not make it right
        if rule is None:
            return None
        found = found or rule
    return found


def _file(mine, theirs, own, facts):
    if len(own) == 1 and not mine.file and mine.line == 0 and theirs.file in facts.file_symbols:
        return "file-of-symbol-table"
    return "directory-twice" if _is_joined(theirs.file, mine.file, facts) else None


def _is_joined(longer, shorter, facts):
    """One path begins with a relative compilation directory twice, the other once."""
    for directory in map(posixpath.normpath, facts.relative_directories):
        if shorter.startswith(directory + "/") and longer == f"{directory}/{shorter}":
            return True
    return False
