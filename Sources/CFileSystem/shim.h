// statfs(2) and the parts of a device number, which Swift's Glibc module leaves out.
#include <sys/statfs.h>
#include <sys/sysmacros.h>
