// Zstandard, for ELF sections compressed with ELFCOMPRESS_ZSTD and for dumps.
#pragma once
#include <zstd.h>
#include <zstd_errors.h>
