#pragma once
#include <stddef.h>

/// Calls `rate` for each of `count` cents and returns the sum of cents and taxes.
long tax_add(const long *cents, size_t count, long (*rate)(long cents, void *context), void *context);

/// Reads the tax class of an article from `table`; a null table is a crash in C.
int tax_class(const int *table, size_t article);
