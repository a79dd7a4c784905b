// OpenBLAS's CBLAS interface; nothing in it needs a shim.
#include <cblas.h>
