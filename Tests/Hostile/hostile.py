#!/usr/bin/env python3
"""Makes objects that somebody built to do harm, and says what a reader must say of each.

    hostile.py FOLDER          writes the objects and FOLDER/manifest.json

The manifest is a list of {"name", "says", "build_id"}: `says` is a word of the place that an error or a problem must
name (a section, a limit), or null where the file is odd but readable and an answer of any kind will do.
"""

import hashlib
import itertools
import json
import os
import struct
import sys
import zlib

CODE = 0x401000
SIZE = 0x1000
# Every object gets another build id.
NUMBERS = itertools.count()


def uleb(value):
    """Unsigned LEB128."""
    out = bytearray()
    while True:
        value, byte = value >> 7, value & 0x7F
        out.append(byte | (0x80 if value else 0))
        if not value:
            return bytes(out)


def sleb(value):
    """Signed LEB128."""
    out = bytearray()
    while True:
        byte = value & 0x7F
        value >>= 7
        done = value == (-1 if byte & 0x40 else 0)
        out.append(byte | (0 if done else 0x80))
        if done:
            return bytes(out)


# MARK: ELF

SHT_PROGBITS, SHT_STRTAB, SHT_NOTE, SHT_NOBITS = 1, 3, 7, 8
SHF_ALLOC_EXEC, SHF_COMPRESSED = 6, 0x800


def elf(sections, patch=None):
    """An x86-64 executable: `.text` (no bytes), a build id, the sections given (name to bytes, or to (bytes, flags)).

    `patch` gets the section headers as lists of fields and may change them: name, type, flags, address, offset, size,
    link, info, alignment, entry size.
    """
    names = b"\0"
    headers = [[0] * 10]
    body = b""
    offset = 64 + 56

    def add(name, kind, flags, address, data, size=None):
        nonlocal names, body
        size = len(data) if size is None else size
        headers.append([len(names), kind, flags, address, offset + len(body), size, 0, 0, 1, 0])
        names += name.encode() + b"\0"
        body += data

    add(".text", SHT_NOBITS, SHF_ALLOC_EXEC, CODE, b"", SIZE)
    for name, data in sections.items():
        data, flags = data if isinstance(data, tuple) else (data, 0)
        add(name, SHT_PROGBITS, flags, 0, data)
    build_id = hashlib.sha1(b"%d" % next(NUMBERS)).digest()
    add(".note.gnu.build-id", SHT_NOTE, 0, 0, struct.pack("<III4s", 4, 20, 3, b"GNU") + build_id)
    names += b".shstrtab\0"
    headers.append([len(names) - 10, SHT_STRTAB, 0, 0, offset + len(body), len(names), 0, 0, 1, 0])
    body += names
    if patch:
        patch(headers)
    table = offset + len(body)
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    header = ident + struct.pack(
        "<HHIQQQIHHHHHH", 2, 62, 1, CODE, 64, table, 0, 64, 56, 1, 64, len(headers), len(headers) - 1)
    load = struct.pack("<IIQQQQQQ", 1, 5, 0, CODE - 0x1000, CODE - 0x1000, 0, SIZE + 0x1000, 0x1000)
    return header + load + body + b"".join(struct.pack("<IIQQQQIIQQ", *fields) for fields in headers)


def compressed(data, claim=None, kind=1):
    """A compressed section's bytes and flags; `claim` is the size that its header tells."""
    header = struct.pack("<IIQQ", kind, 0, len(data) if claim is None else claim, 1)
    return header + zlib.compress(data, 9), SHF_COMPRESSED


# MARK: DWARF

CU, SUBPROGRAM, INLINED, BLOCK, IMPORTED, SKELETON = 0x11, 0x2E, 0x1D, 0x0B, 0x3D, 0x4A
NAME, COMP_DIR, LOW, HIGH, STMT, SIBLING = 0x03, 0x1B, 0x11, 0x12, 0x10, 0x01
ORIGIN, SPECIFICATION, RANGES, CALL_LINE, DWO_NAME, IMPORT = 0x31, 0x47, 0x55, 0x59, 0x76, 0x18
ADDR, DATA8, DATA4, STRING, OFFSET, REF4, UDATA, BLOCK4, STRP, INDIRECT, RNGLISTX, PRESENT = \
    0x01, 0x07, 0x06, 0x08, 0x17, 0x13, 0x0F, 0x04, 0x0E, 0x16, 0x23, 0x19


def abbreviations(*entries):
    """Each entry: tag, has children, then (attribute, form)…; codes count from 1."""
    out = b""
    for code, (tag, children, *attributes) in enumerate(entries, 1):
        out += uleb(code) + uleb(tag) + bytes([children])
        for attribute, form in attributes:
            out += uleb(attribute) + uleb(form)
        out += b"\0\0"
    return out + b"\0"


def unit(entries, version=5, kind=1, length=None, extra=b""):
    """A unit of 32-bit DWARF; `entries` begin at offset 12 (version 5) or 11."""
    if version >= 5:
        header = struct.pack("<HBBI", version, kind, 8, 0) + extra
    else:
        header = struct.pack("<HIB", version, 0, 8)
    body = header + entries
    return struct.pack("<I", len(body) if length is None else length) + body


ROOT = (CU, 1, (NAME, STRING), (LOW, ADDR), (HIGH, DATA8))
FUNCTION = (SUBPROGRAM, 1, (NAME, STRING), (LOW, ADDR), (HIGH, DATA8))
ROOT_BYTES = b"\x01a.c\0" + struct.pack("<QQ", CODE, SIZE)
FUNCTION_BYTES = b"\x02main\0" + struct.pack("<QQ", CODE, SIZE)


def program(opcodes, directories=b"\x01\x01\x08\x01/d\0", files=b"\x02\x01\x08\x02\x0b\x01a.c\0\0", length=None,
            header_length=None):
    """A line program of DWARF 5: directory and file tables as bytes."""
    tables = directories + files
    fields = bytes([1, 1, 1, 0xFB, 14, 13]) + bytes([0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1])
    header_length = len(fields + tables) if header_length is None else header_length
    rest = struct.pack("<I", header_length) + fields + tables + opcodes
    body = struct.pack("<HBB", 5, 8, 0) + rest
    return struct.pack("<I", len(body) if length is None else length) + body


def set_address(address):
    """DW_LNE_set_address."""
    return b"\0\x09\x02" + struct.pack("<Q", address)


END = b"\x02\x10\0\x01\x01"  # advance by 16, end of the sequence

# MARK: The objects


def links(folder):
    """Names that lead to pipes, devices, sockets of the network and out of the folder."""
    targets = {
        "fifo": f"{folder}/pipe", "device": "/dev/zero", "terminal": "/dev/tty", "network": "//server/share/x.dwo",
        "url": "http://127.0.0.1:9/x.dwo", "up": "../../../../../../etc/passwd", "process": "/proc/self/mem",
    }
    for name, target in targets.items():
        yield f"dwo-{name}", None, elf({
            ".debug_abbrev": abbreviations((SKELETON, 0, (DWO_NAME, STRING), (LOW, ADDR), (HIGH, DATA8))),
            ".debug_info": unit(
                b"\x01" + target.encode() + b"\0" + struct.pack("<QQ", CODE, SIZE), kind=4,
                extra=struct.pack("<Q", 0x1122334455667788)),
        })
        yield f"altlink-{name}", None, elf({
            ".debug_abbrev": abbreviations(ROOT, (SUBPROGRAM, 0, (NAME, 0x1F21), (LOW, ADDR), (HIGH, DATA8))),
            ".debug_info": unit(ROOT_BYTES + b"\x02" + struct.pack("<IQQ", 0, CODE, SIZE) + b"\0"),
            ".gnu_debugaltlink": target.encode() + b"\0" + bytes(range(20)),
        })
        yield f"debuglink-{name}", None, elf({
            ".gnu_debuglink": (target.encode() + b"\0\0\0\0")[: len(target) + 4 & ~3] + struct.pack("<I", 0x12345678),
        })


def bombs():
    """Little that claims or becomes much."""
    sound = unit(ROOT_BYTES + FUNCTION_BYTES + b"\0\0")
    table = abbreviations(ROOT, FUNCTION)
    huge = zlib.compressobj(9)
    stream = b"".join(huge.compress(bytes(1 << 24)) for _ in range(16)) + huge.flush()
    zeros = (struct.pack("<IIQQ", 1, 0, 1 << 28, 1) + stream, SHF_COMPRESSED)
    yield "bomb-zeros", None, elf({".debug_abbrev": table, ".debug_info": zeros})
    for name, claim in (("4-gigabytes", 1 << 32), ("terabytes", 1 << 45), ("all", (1 << 64) - 1)):
        yield f"claim-{name}", ".debug_info", elf({".debug_abbrev": table, ".debug_info": compressed(sound, claim)})
    yield "claim-too-small", ".debug_info", elf({".debug_abbrev": table, ".debug_info": compressed(sound * 100, 50)})
    yield "claim-zero", ".debug_info", elf({".debug_abbrev": table, ".debug_info": compressed(sound, 0)})
    yield "unknown-compression", ".debug_info", elf({".debug_abbrev": table, ".debug_info": compressed(sound, kind=77)})
    yield "no-stream", ".debug_info", elf({
        ".debug_abbrev": table, ".debug_info": (struct.pack("<IIQQ", 1, 0, 4096, 1) + b"\x55" * 64, SHF_COMPRESSED)})
    yield "half-a-header", ".debug_info", elf({".debug_abbrev": table, ".debug_info": (b"\1\0\0\0", SHF_COMPRESSED)})
    yield "zdebug-claim", ".debug_info", elf({
        ".debug_abbrev": table, ".zdebug_info": b"ZLIB" + struct.pack(">Q", 1 << 40) + zlib.compress(sound)})
    yield "minidebuginfo-junk", ".gnu_debugdata", elf({".gnu_debugdata": b"\xfd7zXZ\0" + b"\xff" * 500})


def headers():
    """Section headers that lie."""
    sections = {
        ".debug_abbrev": abbreviations(ROOT, FUNCTION),
        ".debug_info": unit(ROOT_BYTES + FUNCTION_BYTES + b"\0\0"),
        ".debug_line": program(set_address(CODE) + b"\x14" + END),
    }

    def change(field, value, which=3):
        def patch(table):
            table[which][field] = value
        return patch

    yield "section-outside", ".debug_info", elf(sections, change(4, 1 << 40))
    yield "section-4-gigabytes", ".debug_info", elf(sections, change(5, 1 << 32))
    yield "section-wraps", ".debug_info", elf(sections, change(5, (1 << 64) - 16))
    yield "section-over-headers", None, elf(sections, change(4, 0))
    yield "section-name-outside", None, elf(sections, change(0, 0xFFFFFFFF))
    yield "sections-overlap", None, elf(sections, lambda table: table[3].__setitem__(slice(4, 6), table[2][4:6]))
    yield "all-sections-the-same", None, elf(
        sections, lambda table: [row.__setitem__(slice(4, 6), [0, 512]) for row in table[2:5]])
    whole = elf(sections)

    def field(place, value, size):
        return whole[:place] + value.to_bytes(size, "little") + whole[place + size:]

    yield "headers-outside", "section", field(0x28, 1 << 50, 8)
    yield "headers-many", "section", field(0x3C, 0xFFFF, 2)
    yield "headers-small", "e_shentsize", field(0x3A, 1, 2)
    yield "names-outside", None, field(0x3E, 0xFFFE, 2)
    yield "segments-outside", "segment", field(0x20, 1 << 60, 8)
    yield "segments-many", "segment", field(0x38, 0xFFFE, 2)


def trees():
    """Entries that never end, or begin again."""
    def with_children(entries, *more):
        return elf({".debug_abbrev": abbreviations(ROOT, FUNCTION, *more), ".debug_info": unit(ROOT_BYTES + entries)})

    end = b"\0\0\0"
    first = 12 + len(ROOT_BYTES)
    inlined = (INLINED, 1, (ORIGIN, REF4), (LOW, ADDR), (HIGH, DATA8))
    here = struct.pack("<QQ", CODE, 0x100)
    yield "origin-itself", None, with_children(
        FUNCTION_BYTES + b"\x03" + struct.pack("<I", first + len(FUNCTION_BYTES)) + here + b"\0" + end, inlined)
    at = first + len(FUNCTION_BYTES)
    pair = b"\x03" + struct.pack("<I", at + 21) + here + b"\x03" + struct.pack("<I", at) + here + b"\0\0"
    yield "origin-cycle", None, with_children(FUNCTION_BYTES + pair + end, inlined)
    yield "origin-outside", None, with_children(
        FUNCTION_BYTES + b"\x03" + struct.pack("<I", 0xFFFFFFF0) + here + b"\0" + end, inlined)
    yield "specification-cycle", None, with_children(
        b"\x03" + struct.pack("<IQQ", first, CODE, SIZE) + b"\0" + end,
        (SUBPROGRAM, 1, (SPECIFICATION, REF4), (LOW, ADDR), (HIGH, DATA8)))
    yield "sibling-itself", None, with_children(
        b"\x03" + struct.pack("<I", first) + b"s\0\0" + FUNCTION_BYTES + end,
        (0x13, 1, (SIBLING, REF4), (NAME, STRING)))
    yield "sibling-outside", None, with_children(
        b"\x03" + struct.pack("<I", 0x7FFFFFFF) + b"s\0\0" + FUNCTION_BYTES + end,
        (0x13, 1, (SIBLING, REF4), (NAME, STRING)))
    yield "import-itself", None, with_children(b"\x03" + struct.pack("<I", 12) + end, (IMPORTED, 0, (IMPORT, REF4)))
    yield "indirect-indirect", None, with_children(b"\x03" + b"\x16" * 5000 + b"\x0b\x01" + end,
                                                   (SUBPROGRAM, 0, (CALL_LINE, INDIRECT)))
    deep = FUNCTION_BYTES
    for _ in range(10_000):
        deep += b"\x03" + struct.pack("<I", first) + here
    yield "nesting-inlined", None, with_children(deep + bytes(10_003), inlined)
    yield "nesting-inlined-without-end", None, with_children(deep, inlined)
    yield "nesting-blocks", None, with_children(FUNCTION_BYTES + b"\x03" * 10_000 + bytes(10_003), (BLOCK, 1))
    yield "nesting-functions", None, with_children(FUNCTION_BYTES * 10_000 + bytes(10_003))
    yield "many-entries", None, with_children(FUNCTION_BYTES + b"\x03" * 2_000_000 + end, (BLOCK, 0))
    yield "block-4-gigabytes", ".debug_info", with_children(
        FUNCTION_BYTES + b"\x03\xff\xff\xff\xff" + end, (0x34, 0, (0x02, BLOCK4)))
    yield "string-outside", None, with_children(
        b"\x03" + struct.pack("<IQQ", 0xFFFFFFF0, CODE, SIZE) + b"\0" + end,
        (SUBPROGRAM, 1, (NAME, STRP), (LOW, ADDR), (HIGH, DATA8)))


def abbreviation_tables():
    """Abbreviations that lead nowhere or everywhere."""
    entries = unit(ROOT_BYTES + FUNCTION_BYTES + b"\0\0")
    yield "abbreviations-none", ".debug_info", elf({".debug_abbrev": b"\0", ".debug_info": entries})
    yield "abbreviations-without-end", None, elf({
        ".debug_abbrev": abbreviations(ROOT, FUNCTION)[:-3], ".debug_info": entries})
    yield "abbreviations-twice", None, elf({
        ".debug_abbrev": abbreviations(ROOT, FUNCTION)[:-1] + abbreviations((CU, 1), (BLOCK, 1)),
        ".debug_info": entries})
    many = b"".join(uleb(code) + uleb(BLOCK) + b"\0\0\0" for code in range(1, 100_000))
    yield "abbreviations-many", None, elf({".debug_abbrev": many + b"\0", ".debug_info": entries})
    wide = uleb(1) + uleb(CU) + b"\x01" + (uleb(NAME) + uleb(PRESENT)) * 100_000 + b"\0\0\0"
    yield "attributes-many", None, elf({".debug_abbrev": wide, ".debug_info": unit(b"\x01" * 100_000)})
    yield "abbreviations-leb", None, elf({".debug_abbrev": b"\xff" * 4000, ".debug_info": entries})
    yield "form-unknown", ".debug_info", elf({
        ".debug_abbrev": abbreviations((CU, 1, (NAME, 0x7E)), FUNCTION), ".debug_info": entries})


def units():
    """Unit headers that lie."""
    sound = unit(ROOT_BYTES + FUNCTION_BYTES + b"\0\0")
    table = abbreviations(ROOT, FUNCTION)

    def of(info):
        return elf({".debug_abbrev": table, ".debug_info": info})

    yield "units-of-length-zero", ".debug_info", of(bytes(4096))
    yield "unit-4-gigabytes", ".debug_info", of(unit(ROOT_BYTES, length=0xFFFFFFEF))
    yield "unit-64-bit-length", ".debug_info", of(b"\xff\xff\xff\xff" + b"\xff" * 8 + bytes(32))
    yield "unit-reserved-length", ".debug_info", of(struct.pack("<I", 0xFFFFFFF5) + bytes(64))
    yield "unit-version-99", ".debug_info", of(struct.pack("<IHBBI", 40, 99, 1, 8, 0) + bytes(32))
    yield "unit-address-size", ".debug_info", of(struct.pack("<IHBBI", 40, 5, 1, 3, 0) + bytes(32))
    yield "unit-abbreviations-outside", ".debug_abbrev", of(struct.pack("<IHBBI", 40, 5, 1, 8, 1 << 30) + bytes(32))
    yield "unit-then-junk", ".debug_info", of(sound + b"\x07" * 300)
    yield "units-many", None, of(b"".join(struct.pack("<IHBBI", 8, 5, 1, 8, 0) for _ in range(50_000)))


def lines():
    """Line programs that never end or claim much."""
    table = abbreviations((CU, 1, (NAME, STRING), (LOW, ADDR), (HIGH, DATA8), (STMT, OFFSET)), FUNCTION)
    info = unit(ROOT_BYTES + struct.pack("<I", 0) + FUNCTION_BYTES + b"\0\0")

    def of(line):
        return elf({".debug_abbrev": table, ".debug_info": info, ".debug_line": line})

    start = set_address(CODE)
    yield "lines-without-end", None, of(program(start + b"\x14" * 1000))
    yield "lines-many", None, of(program(start + b"\x01" * 3_000_000 + END))
    yield "lines-many-sequences", None, of(program((start + b"\x01" + END) * 100_000))
    yield "lines-backwards", None, of(program(
        start + b"\x01" + b"".join(set_address(CODE + 0x800 - n) + b"\x01" for n in range(2000)) + END))
    yield "lines-far", None, of(program(start + b"\x02" + uleb((1 << 64) - 1) + b"\x01" + END))
    yield "lines-below-zero", None, of(program(start + b"\x03" + sleb(-(1 << 40)) + b"\x01" + END))
    yield "lines-4-gigabytes", ".debug_line", of(program(start + END, length=0xFFFFFFEF))
    yield "lines-header-outside", ".debug_line", of(program(start + END, header_length=0x7FFFFFFF))
    yield "lines-directories-without-size", ".debug_line", of(program(start + END, directories=b"\0" + uleb(1 << 40)))
    yield "lines-files-without-size", ".debug_line", of(program(start + END, files=b"\0" + uleb((1 << 63) - 1)))
    yield "lines-files-many", ".debug_line", of(program(
        start + END, files=b"\x01\x01\x08" + uleb(0xFFFFFFFF) + b"a\0"))
    usual = bytes([0xFB, 14, 13])  # line base, line range, opcode base
    yield "lines-opcode-base-zero", None, of(program(start + END).replace(usual, bytes([0xFB, 14, 0])))
    yield "lines-range-zero", None, of(program(start + b"\x14" + END).replace(usual, bytes([0xFB, 0, 13])))
    yield "lines-extended-huge", None, of(program(start + b"\0" + uleb((1 << 64) - 1) + b"\x02" + END))
    yield "lines-extended-empty", None, of(program(start + b"\0\0" * 5000 + END))


def ranges():
    """Range lists that never end."""
    table = abbreviations(ROOT, (SUBPROGRAM, 1, (NAME, STRING), (RANGES, OFFSET)))

    def of(lists, at=12, section=".debug_rnglists", version=5):
        info = unit(ROOT_BYTES + b"\x02main\0" + struct.pack("<I", at) + b"\0\0", version=version)
        return elf({".debug_abbrev": table, ".debug_info": info, section: lists})

    header = struct.pack("<IHBBI", 0x7FFFFFFF, 5, 8, 0, 0)
    pair = b"\x04" + uleb(0) + uleb(16)
    base = b"\x05" + struct.pack("<Q", CODE)
    yield "ranges-without-end", None, of(header + base + pair * 1000)
    yield "ranges-many", None, of(header + base + pair * 500_000 + b"\0")
    yield "ranges-bases-only", None, of(header + base * 100_000)
    yield "ranges-reversed", None, of(header + base + b"\x04" + uleb(64) + uleb(8) + b"\0")
    yield "ranges-wrapping", None, of(header + b"\x07" + struct.pack("<Q", CODE) + uleb((1 << 64) - 1) + b"\0")
    yield "ranges-outside", ".debug_", of(header + base + pair + b"\0", at=0x7FFFFFFF)
    yield "ranges-index-outside", None, of(header + b"\x01" + uleb(1 << 40) + b"\0")
    yield "ranges-unknown-entry", None, of(header + b"\x63" * 100)
    old = struct.pack("<QQ", 0, 16)
    yield "ranges-4-without-end", None, of(old * 10_000, at=0, section=".debug_ranges", version=4)
    yield "ranges-4-reversed", None, of(struct.pack("<QQ", 1 << 40, 1) * 100 + bytes(16), at=0, section=".debug_ranges",
                                        version=4)


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    if not os.path.exists(f"{folder}/pipe"):
        os.mkfifo(f"{folder}/pipe")
    manifest = []
    for group in (links(folder), bombs(), headers(), trees(), abbreviation_tables(), units(), lines(), ranges()):
        for name, says, data in group:
            with open(f"{folder}/{name}", "wb") as output:
                output.write(data)
            note = data.index(b"GNU\0") + 4
            manifest.append({"name": name, "says": says, "build_id": data[note:note + 20].hex()})
    with open(f"{folder}/manifest.json", "w", encoding="utf-8") as output:
        json.dump(manifest, output, indent=1)


if __name__ == "__main__":
    main()
