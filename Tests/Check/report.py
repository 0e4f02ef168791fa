"""Writes tables into the documentation, between two markers."""

import collections

import differences

END = "<!-- end of tables -->"


def tables(results):
    """Counts by file and peer, then by class."""
    lines = [
        "| file | peer | addresses | equal | in a class | unexplained | equal of the rest |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    by_class = collections.defaultdict(collections.Counter)
    for name, found in results.items():
        for peer, each in found.items():
            lines.append(
                f"| {name} | {peer} | {each.total:,} | {each.equal:,} | {sum(each.classes.values()):,} | "
                f"{len(each.unexplained):,} | {each.share:.2%} |")
            for key, count in each.classes.items():
                by_class[key][peer] += count
    lines += ["", "| class | what it is | what proves it | addresses |", "|---|---|---|---|"]
    for key, (what, proof) in differences.CLASSES.items():
        counts = ", ".join(f"{peer}: {count:,}" for peer, count in sorted(by_class[key].items()))
        if counts:
            lines.append(f"| `{key}` | {what} | {proof} | {counts} |")
    return "\n".join(lines)


def replace(path, text, command):
    """Puts a text between the markers that `command` owns in a Markdown file."""
    begin = f"<!-- tables: written by {command} -->"
    with open(path, encoding="utf-8") as file:
        before, _, rest = file.read().partition(begin)
    _, marker, after = rest.partition(END)
    if not marker:
        raise SystemExit(f"{path}: no markers")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}{begin}\n\n{text}\n\n{END}{after}")
