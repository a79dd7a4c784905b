// Memory that belongs to a thread, so that kernels need not allocate at each call.
#include <pthread.h>
#include <stdlib.h>

#include "CKernels.h"

typedef struct {
  float *memory;
  size_t count;
} scratch;

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void free_scratch(void *argument) {
  scratch *own = argument;
  free(own->memory);
  free(own);
}

static void make_key(void) { pthread_key_create(&key, free_scratch); }

float *kernel_thread_scratch(size_t count) {
  pthread_once(&once, make_key);
  scratch *own = pthread_getspecific(key);
  if (!own) {
    own = calloc(1, sizeof *own);
    if (!own) abort();
    pthread_setspecific(key, own);
  }
  if (own->count < count) {
    free(own->memory);
    void *memory = NULL;
    // Without memory for a few rows nothing can go on; Swift's own allocations stop here too.
    if (posix_memalign(&memory, 64, count * sizeof(float))) abort();
    own->memory = memory;
    own->count = count;
  }
  return own->memory;
}
