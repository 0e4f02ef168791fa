#!/usr/bin/env python3
"""Changes that no tool makes, to little-endian 64-bit ELF files; see the groups that use them.

    patch.py wrong-crc IN OUT          the CRC in .gnu_debuglink is another one
"""
import struct
import sys


class ELF:
    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = bytearray(file.read())
        assert self.data[:6] == b"\x7fELF\x02\x01", path
        table, = struct.unpack_from("<Q", self.data, 0x28)
        size, count, names = struct.unpack_from("<HHH", self.data, 0x3A)
        headers = [struct.unpack_from("<IIQQQQIIQQ", self.data, table + size * number) for number in range(count)]
        strings = headers[names][4]
        self.sections = {}
        for header in headers:
            start = strings + header[0]
            name = self.data[start:self.data.index(0, start)].decode()
            self.sections[name] = (header[4], header[5])

    def section(self, name):
        offset, size = self.sections[name]
        return self.data[offset:offset + size]

    def write(self, name, offset, new):
        start, size = self.sections[name]
        assert offset + len(new) <= size, (name, offset)
        self.data[start + offset:start + offset + len(new)] = new

    def save(self, path):
        with open(path, "wb") as file:
            file.write(self.data)


def wrong_crc(source, target):
    elf = ELF(source)
    _, size = elf.sections[".gnu_debuglink"]
    old = elf.section(".gnu_debuglink")[-4:]
    elf.write(".gnu_debuglink", size - 4, bytes(byte ^ 0xFF for byte in old))
    elf.save(target)


{"wrong-crc": wrong_crc}[sys.argv[1]](*sys.argv[2:])
