// What glibc's allocator offers beyond C, which Swift's Glibc module leaves out.
#pragma once
#include <malloc.h>
