#!/usr/bin/env python3
"""Keeps one of several golden files with the same content: share.py FOLDER"""
import json
import pathlib
import sys

folder = pathlib.Path(sys.argv[1])
plain = {"gcc.golden.jsonl", "clang.golden.jsonl"}
kept, renamed = {}, {}
for path in sorted(folder.glob("*.golden.jsonl"), key=lambda path: (path.name not in plain, path.name)):
    name = path.name.removesuffix(".golden.jsonl")
    renamed[name] = kept.setdefault(path.read_bytes(), name)
used = set()
for path in folder.glob("*.forms.jsonl"):
    lines = [json.loads(text) for text in path.read_text().splitlines()]
    for line in lines:
        for key in ("golden", "less"):
            if key in line:
                line[key] = renamed[line[key]]
                used.add(line[key])
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
for name in renamed.keys() - used:
    (folder / f"{name}.golden.jsonl").unlink()
