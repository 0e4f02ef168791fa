#!/usr/bin/env python3
"""A person at a terminal: starts a supervised program in an interactive shell and uses the keys.

    terminal.py SUPERVISOR FOLDER PROGRAM

Prints one line a step; a step that never gets there ends the script with status 1."""
import os
import pty
import re
import signal
import sys
import time

supervisor_path, folder, program = sys.argv[1:4]
shell, terminal = pty.fork()
if shell == 0:
    os.environ["PS1"] = "$ "
    os.execv("/bin/bash", ["bash", "--norc", "--noprofile", "-i"])
os.set_blocking(terminal, False)
output = b""


def until(what, condition):
    global output
    end = time.time() + 120
    while time.time() < end:
        try:
            output += os.read(terminal, 4096)
        except BlockingIOError:
            time.sleep(0.01)
        except OSError:
            break
        if condition():
            print(what, flush=True)
            return
    print(f"never: {what}\n{output!r}", flush=True)
    os.kill(shell, signal.SIGKILL)
    sys.exit(1)


def field(process, number):
    with open(f"/proc/{process}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()[number]


def both(state):
    return lambda: (field(supervisor, 0) == "T") == (field(child, 0) == "T") == (state == "stopped")


until("prompt", lambda: output.endswith(b"$ "))
os.write(terminal, f"'{supervisor_path}' run '{folder}' -- '{program}' signals\n".encode())
until("running", lambda: re.search(rb"ready (\d+)\r", output))
child = int(re.search(rb"ready (\d+)\r", output).group(1))
supervisor = int(field(child, 1))
os.write(terminal, b"\x03")
until("interrupted", lambda: b"got 2\r" in output)
os.write(terminal, b"\x1a")
until("stopped by key", both("stopped"))
os.write(terminal, b"fg\n")
until("continued", both("running"))
os.kill(supervisor, signal.SIGTSTP)
until("stopped by kill", both("stopped"))
os.write(terminal, b"fg\n")
until("continued again", both("running"))
os.kill(supervisor, signal.SIGUSR1)
until("signalled", lambda: b"got 10\r" in output)
# What the terminal sent came once: the program has it from the terminal, and not a second time.
print("interrupts", output.count(b"got 2\r"))
os.kill(supervisor, signal.SIGUSR2)
until("ended", lambda: output.endswith(b"$ "))
os.write(terminal, b"echo status $?\n")
until("status 7", lambda: b"status 7\r" in output)
os.write(terminal, b"exit\n")
os.waitpid(shell, 0)
