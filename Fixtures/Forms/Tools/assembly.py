#!/usr/bin/env python3
"""Adds to the debug information in gcc's assembly (gcc -S -dA) what must not change any answer.

    assembly.py empty <IN >OUT       every range list also has empty and dead ranges
    assembly.py reversed <IN >OUT    every range list also has ranges whose end is before their start
    assembly.py overlap <IN >OUT     the unit's own range list also has 2 KiB from its first code on: that of other units, too
"""
import re
import sys

kind = sys.argv[1]
text = sys.stdin.read()
first = re.search(r"\.quad\s+\.LFB(\d+)\s+# DW_AT_low_pc", text)[1]
start, end = f".LFB{first}", f".LFE{first}"
own = re.search(r"\.long\s+(\S+)\s+# DW_AT_ranges", text)[1]

# DWARF 5: 5 base address, 4 offset pair, 6 start and end, 7 start and length.
lists = {
    "empty": [
        f".byte 6; .quad {end}; .quad {end}", f".byte 7; .quad {start}; .uleb128 0",
        ".byte 7; .quad 0; .uleb128 0x20", ".byte 7; .quad -1; .uleb128 0x20", ".byte 7; .quad -2; .uleb128 0x20",
        ".byte 5; .quad -1; .byte 4; .uleb128 0; .uleb128 0x20", f".byte 5; .quad {start}; .byte 4; .uleb128 4; .uleb128 4",
    ],
    "reversed": [
        f".byte 6; .quad {end}; .quad {start}", f".byte 5; .quad {start}; .byte 4; .uleb128 8; .uleb128 4",
    ],
    "overlap": [f".byte 7; .quad {start}; .uleb128 0x800"],
}
# DWARF 2 to 4: pairs; -1 starts a base address.
pairs = {
    "empty": [f".quad {end}, {end}", ".quad 0, 0x20", ".quad -2, -2", f".quad -1, {start}; .quad 4, 4; .quad -1, 0"],
    "reversed": [f".quad {end}, {start}", f".quad -1, {start}; .quad 8, 4; .quad -1, 0"],
    "overlap": [f".quad {start}, {start} + 0x800"],
}

# gcc refers to lists of DWARF 4 by offset: give each a label instead.
text = re.sub(r"\.Ldebug_ranges0\+(0x[0-9a-f]+)(\s+# DW_AT_ranges)", r".Llist\1\2", text)
text = re.sub(r"\.Ldebug_ranges0(\s+# DW_AT_ranges)", r".Llist0\1", text)
text = re.sub(r"^(\s*\.quad\s+\S+\s+# Offset (0(?:x[0-9a-f]+)?))$", r".Llist\2:\n\1", text, flags=re.M)
own = own.replace(".Ldebug_ranges0+", ".Llist") if "+" in own else own.replace(".Ldebug_ranges0", ".Llist0")

out, section, current, rest = [], "", None, iter(text.split("\n"))
for line in rest:
    if match := re.match(r"\s*\.section\s+(\S+?),", line):
        section = match[1]
    if match := re.match(r"(\.LLRL\d+|\.Llist\w+):", line):
        current = match[1]
    wanted = kind != "overlap" or current == own
    if section == ".debug_rnglists" and "DW_RLE_end_of_list" in line and wanted:
        out += lists[kind]
    if section == ".debug_ranges" and re.fullmatch(r"\s*\.quad\s+0", line):
        out += (pairs[kind] if wanted else []) + [line]
        line = next(rest)
    out.append(line)
print("\n".join(out))
