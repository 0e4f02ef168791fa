#!/bin/bash
# Has the real systemd-coredump describe a real crash, without a running systemd and without a change to the machine:
# Debian's packages are unpacked into a temporary folder and run in a mount namespace. Needs root, gdb, gcc, python3.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$(mktemp -d)}
mkdir -p "$folder"
cd "$folder"
if [ ! -d root ]; then
    apt-get download systemd-coredump libsystemd-shared systemd >/dev/null
    for package in *.deb; do dpkg -x "$package" root; done
fi
note='{"type":"deb","os":"debian","name":"till","version":"1.2-1","architecture":"amd64"}'
gcc -g -O0 -shared -fPIC -Wl,--build-id=none "$here/drawer.c" -o libdrawer.so
gcc -g -O0 -Wl,--build-id=sha1 -Xlinker --package-metadata="$note" "$here/till.c" -o till -L. -ldrawer -Wl,-rpath,'$ORIGIN'
unshare -m --propagation private "$here/inside.sh" "$here" "$folder/root" "$folder" >/dev/null 2>log.txt || { cat log.txt; exit 1; }
# What names this machine goes; what the decoder never reads goes too, the process's environment first of all.
python3 - "$folder" "$here" <<'PYTHON'
import json, re, sys
folder, here = sys.argv[1:]
def clean(text):
    text = text.replace(folder, "/srv/till")
    return re.sub(r"\b[0-9a-f]{32}\b", lambda m: m.group() if m.group().startswith("fc2e22bc") else "0" * 31 + "1", text)
gone = ("COREDUMP_ENVIRON", "COREDUMP_PROC_MOUNTINFO", "COREDUMP_OPEN_FDS", "COREDUMP_PROC_LIMITS", "COREDUMP_PROC_AUXV", "COREDUMP_PROC_CGROUP", "COREDUMP_PROC_STATUS", "_CMDLINE", "_EXE", "_SYSTEMD_CGROUP", "COREDUMP_CGROUP")
with open(here + "/journal.json", "w") as out:
    for line in open(folder + "/journal.json"):
        entry = json.loads(line)
        if entry.get("SYSLOG_IDENTIFIER") == "systemd-journald": continue
        for key in gone: entry.pop(key, None)
        entry = json.loads(clean(json.dumps(entry)))
        entry["_HOSTNAME"] = "web1"
        out.write(json.dumps(entry) + "\n")
for name in ("info.txt", "journal.txt", "journal-precise.txt"):
    text = clean(open(folder + "/" + name).read())
    host = re.search(r"^(?:\S+ +\d+ [\d:.]+) (\S+) ", text)
    if host: text = re.sub(r"(?m)^(\S+ +\d+ [\d:.]+) " + re.escape(host[1]) + " ", lambda m: m[1] + " " + "web1"[:len(host[1])].ljust(len(host[1]), "1") + " ", text)
    open(here + "/" + name, "w").write("".join(l + "\n" for l in text.split("\n")[:-1] if "systemd-journald" not in l))
PYTHON
