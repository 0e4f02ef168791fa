#pragma once
#ifdef __cplusplus
extern "C" {
#endif

/// Rounds to the nearest multiple of `step`; with `step` 0 the C++ code aborts.
long round_to(long cents, long step);

#ifdef __cplusplus
}
#endif
