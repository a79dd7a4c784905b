// The fork-join pool: persistent threads that take the next index from one counter.
#include "CKernels.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#if defined(__x86_64__)
#define RELAX() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define RELAX() __asm__ volatile("yield")
#else
#define RELAX() ((void)0)
#endif

// How often a thread looks before it goes to sleep: about 30 microseconds. Decoding forks every
// few hundred microseconds, and waking a sleeping thread costs about 50.
enum { SPIN_MAX = 2000 };

struct kernel_pool {
  pthread_mutex_t callers;   // held by the caller for the length of one run
  pthread_mutex_t mutex;     // guards sleeping and waking
  pthread_cond_t work_ready;
  pthread_cond_t work_done;
  atomic_size_t generation;  // odd or even, it only ever grows: one more for every run
  atomic_size_t next;        // the next index to hand out
  atomic_size_t active;      // workers that have not yet left the present run
  size_t count;
  size_t workers;
  kernel_pool_body body;
  void *context;
};

static _Thread_local int nested = 0;

static void take_indices(kernel_pool *pool) {
  nested++;
  for (;;) {
    size_t index = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed);
    if (index >= pool->count) break;
    pool->body(pool->context, index);
  }
  nested--;
}

static void *work(void *argument) {
  kernel_pool *pool = argument;
  size_t seen = 0;
  for (;;) {
    int spins = 0;
    while (atomic_load_explicit(&pool->generation, memory_order_acquire) == seen) {
      if (++spins < SPIN_MAX) {
        RELAX();
        continue;
      }
      pthread_mutex_lock(&pool->mutex);
      while (atomic_load_explicit(&pool->generation, memory_order_acquire) == seen) {
        pthread_cond_wait(&pool->work_ready, &pool->mutex);
      }
      pthread_mutex_unlock(&pool->mutex);
    }
    seen++;
    take_indices(pool);
    if (atomic_fetch_sub_explicit(&pool->active, 1, memory_order_acq_rel) == 1) {
      pthread_mutex_lock(&pool->mutex);
      pthread_cond_signal(&pool->work_done);
      pthread_mutex_unlock(&pool->mutex);
    }
  }
  return NULL;
}

kernel_pool *kernel_pool_create(size_t threads) {
  kernel_pool *pool = calloc(1, sizeof *pool);
  if (!pool) return NULL;
  pthread_mutex_init(&pool->callers, NULL);
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_cond_init(&pool->work_ready, NULL);
  pthread_cond_init(&pool->work_done, NULL);
  for (size_t i = 1; i < threads; i++) {
    pthread_t thread;
    // Fewer threads than asked for is slower, never wrong: indices do not belong to threads.
    if (pthread_create(&thread, NULL, work, pool)) break;
    pthread_detach(thread);
    pool->workers++;
  }
  return pool;
}

void kernel_pool_run(kernel_pool *pool, size_t count, kernel_pool_body body, void *context) {
  if (count == 0) return;
  if (!pool || pool->workers == 0 || count == 1 || nested
      || pthread_mutex_trylock(&pool->callers)) {
    for (size_t index = 0; index < count; index++) body(context, index);
    return;
  }
  pool->body = body;
  pool->context = context;
  pool->count = count;
  atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
  atomic_store_explicit(&pool->active, pool->workers, memory_order_relaxed);
  pthread_mutex_lock(&pool->mutex);
  atomic_fetch_add_explicit(&pool->generation, 1, memory_order_release);
  pthread_cond_broadcast(&pool->work_ready);
  pthread_mutex_unlock(&pool->mutex);

  take_indices(pool);
  for (int spins = 0; spins < SPIN_MAX; spins++) {
    if (atomic_load_explicit(&pool->active, memory_order_acquire) == 0) break;
    RELAX();
  }
  if (atomic_load_explicit(&pool->active, memory_order_acquire) != 0) {
    pthread_mutex_lock(&pool->mutex);
    while (atomic_load_explicit(&pool->active, memory_order_acquire) != 0) {
      pthread_cond_wait(&pool->work_done, &pool->mutex);
    }
    pthread_mutex_unlock(&pool->mutex);
  }
  pthread_mutex_unlock(&pool->callers);
}

int kernel_pool_is_nested(void) { return nested; }
