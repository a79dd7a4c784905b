// The whole of libprotobuf-c; it needs no shims, since it has no macros or variadics that we use.
#include <protobuf-c/protobuf-c.h>
