int middle(int (*call)(int), int value) { return call(value) + 1; }
