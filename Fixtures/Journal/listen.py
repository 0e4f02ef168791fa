"""What systemd-coredump.socket does: accepts one connection and starts the handler with it."""
import os
import socket
import sys

listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
listener.bind("/run/systemd/coredump")
listener.listen(1)
connection, _ = listener.accept()
os.dup2(connection.fileno(), 3)
os.set_inheritable(3, True)
os.execve(sys.argv[1], [sys.argv[1]], {**os.environ, "LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())})
