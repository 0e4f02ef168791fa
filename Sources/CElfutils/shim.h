// elfutils: libdwfl unwinds the threads of dumps, in the sandboxed child, from files that it is handed; the callbacks by
// which it would look for files or ask the network are never set. libdw is the tests' other reader of DWARF. Everything
// imports as it is; nothing is wrapped.
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <libelf.h>
