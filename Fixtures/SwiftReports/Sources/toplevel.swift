// Ends with an error that nobody catches.
struct Broken: Error { var reason = "the till\nis empty" }

throw Broken()
