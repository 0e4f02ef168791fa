#!/bin/bash
# The part of make.sh that runs in a mount namespace of its own: journald, systemd-coredump and the program that dies.
set -eu
here=$1 root=$2 folder=$3
mount -t tmpfs none /run
mount -t tmpfs none /var/log
mount -t tmpfs none /var/lib/systemd/coredump
mkdir -p /run/systemd/journal /run/log/journal
export LD_LIBRARY_PATH=$root/usr/lib/x86_64-linux-gnu/systemd
cd "$folder"
"$root/lib/systemd/systemd-journald" &
journal=$!
trap "kill $journal" EXIT
sleep 1
python3 "$here/listen.py" "$root/lib/systemd/systemd-coredump" &
sleep 1
cat > commands.py <<PYTHON
import gdb, os, time
gdb.execute("run")
gdb.execute("generate-core-file core")
process = gdb.selected_inferior().pid
os.system("$root/lib/systemd/systemd-coredump %d 0 0 11 %d 18446744073709551615 web1 < core" % (process, time.time()))
time.sleep(4)
gdb.execute("kill")
PYTHON
env -i LD_LIBRARY_PATH="$LD_LIBRARY_PATH" PATH="$PATH" gdb -batch -ex 'set startup-with-shell off' -x commands.py \
    --args "$root/usr/bin/systemd-cat" -t till ./till
"$root/bin/journalctl" --sync
"$root/bin/journalctl" --no-pager -o json | grep -v '"_TRANSPORT":"kernel"' > journal.json
"$root/bin/journalctl" --no-pager -o short _TRANSPORT=stdout + _TRANSPORT=journal > journal.txt
"$root/bin/journalctl" --no-pager -o short-precise _TRANSPORT=stdout + _TRANSPORT=journal > journal-precise.txt
"$root/usr/bin/coredumpctl" --no-pager info > info.txt


