// elfutils: libelf reads the ELF images that DWARFReader makes in memory, libdw the DWARF in them. Everything imports as
// it is; nothing is wrapped. libdwfl is left out on purpose: it looks for files and may ask the network.
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <libelf.h>
