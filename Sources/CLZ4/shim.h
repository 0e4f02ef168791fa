// liblz4: the frame format, in which systemd-coredump may write cores.
#include <lz4frame.h>
