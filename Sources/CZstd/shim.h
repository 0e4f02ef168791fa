// Zstandard, for ELF sections compressed with ELFCOMPRESS_ZSTD.
#pragma once
#include <zstd.h>
