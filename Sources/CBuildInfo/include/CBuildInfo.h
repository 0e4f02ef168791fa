#pragma once

// A C target of its own, because its one definition changes with every commit: only this file is compiled anew then.

/// The git commit of the sources, with `+` behind it when files had changed; `unknown` outside a checkout.
const char *symbolist_commit(void);
