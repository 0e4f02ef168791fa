// zlib, for ELF sections compressed with ELFCOMPRESS_ZLIB and for `.zdebug_*` sections.
#pragma once
#include <zlib.h>
