// A library to be preloaded into a service: kills the process as kill -9 would, at a place that a test names.
//
//   CRASH_FOLDER                 only operations on files below a folder of this name count
//   CRASH_AT_FILE_OPERATION=N    dies at the Nth of them; a write is then half done, anything else not at all
//   CRASH_AFTER_CPU_MICROS=N     dies after so much processor time, counted from the first of them
//
// Operations are write, fsync, fdatasync, ftruncate, rename and unlink: between two of them a file does not change.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static atomic_long operations;

static long setting(const char *name) {
  const char *text = getenv(name);
  return text ? atol(text) : 0;
}

static void die(void) { kill(getpid(), SIGKILL); }

static int counts(const char *path) {
  const char *folder = getenv("CRASH_FOLDER");
  return folder && path && strstr(path, folder) != NULL;
}

static int descriptor_counts(int descriptor) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return counts(path);
}

// Whether this operation is the one to die at; the first operation starts the clock.
static int is_last(void) {
  long number = atomic_fetch_add(&operations, 1) + 1;
  long micros = setting("CRASH_AFTER_CPU_MICROS");
  if (number == 1 && micros > 0) {
    struct itimerval timer = {{0, 0}, {micros / 1000000, micros % 1000000}};
    signal(SIGPROF, (void (*)(int))die);
    setitimer(ITIMER_PROF, &timer, NULL);
  }
  return number == setting("CRASH_AT_FILE_OPERATION");
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int descriptor, const void *bytes, size_t count) {
  if (descriptor_counts(descriptor) && is_last()) {
    NEXT(write)(descriptor, bytes, count / 2);
    die();
  }
  return NEXT(write)(descriptor, bytes, count);
}

int fsync(int descriptor) {
  if (descriptor_counts(descriptor) && is_last()) die();
  return NEXT(fsync)(descriptor);
}

int fdatasync(int descriptor) {
  if (descriptor_counts(descriptor) && is_last()) die();
  return NEXT(fdatasync)(descriptor);
}

int ftruncate(int descriptor, off_t length) {
  if (descriptor_counts(descriptor) && is_last()) die();
  return NEXT(ftruncate)(descriptor, length);
}

int rename(const char *from, const char *to) {
  if (counts(to) && is_last()) die();
  return NEXT(rename)(from, to);
}

int unlink(const char *path) {
  if (counts(path) && is_last()) die();
  return NEXT(unlink)(path);
}
