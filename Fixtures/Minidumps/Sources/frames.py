"""Run inside gdb on a stopped process: prints each thread's physical frames, for `Minidumps/make.sh`.

    thread 4711 sifter
      0x55d0c0a01234 pc     /tmp/x/mill  mill::rest()
      0x55d0c0a0126b return /tmp/x/mill  mill::sift(int)

Frames above a signal's trampoline are left out: they are the handler that wrote the dump.
"""

import os

import gdb


def file_of(address):
    library = gdb.solib_name(address)
    if library:
        return os.path.basename(library)
    # gdb.solib_name() is silent about the program itself.
    program = gdb.current_progspace().filename
    return os.path.basename(program) if gdb.block_for_pc(address) or gdb.find_pc_line(address) else "?"


def main():
    for thread in sorted(gdb.selected_inferior().threads(), key=lambda thread: thread.ptid[1]):
        thread.switch()
        frames = []
        frame = gdb.newest_frame()
        while frame is not None:
            if frame.type() == gdb.SIGTRAMP_FRAME:
                frames = []
            elif frame.type() != gdb.INLINE_FRAME:
                frames.append((frame.pc(), frame.name() or "?"))
            frame = frame.older()
        print("thread %d %s" % (thread.ptid[1], thread.name))
        for number, (address, name) in enumerate(frames):
            kind = "return" if number else "pc"
            print("  0x%x %s %s %s" % (address, kind, file_of(address), name))


main()
