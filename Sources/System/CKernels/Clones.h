// Function multi-versioning, and the exponential that every kernel shares.
#ifndef MORLAIF_CLONES_H
#define MORLAIF_CLONES_H

#include <stdint.h>
#include <string.h>

#if defined(__x86_64__) && defined(__linux__)
#define KERNEL_CLONES \
  __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define KERNEL_CLONES
#endif

// Lets the compiler split a reduction over vector lanes. The order is fixed when compiled, so
// results are the same on every run. Only inside kernels: exp_fast depends on exact order.
#if defined(__clang__)
#define KERNEL_REASSOCIATE _Pragma("clang fp reassociate(on)")
#else
#define KERNEL_REASSOCIATE
#endif

#define KERNEL_INLINE static inline __attribute__((always_inline))

// exp(x) within 2e-7 relative for x in [-87.3, 88.3]; clamped outside (to about 1e-38 below).
// x = n ln 2 + r, |r| <= ln 2 / 2; e^r by the degree-6 polynomial of Cephes' expf.
KERNEL_INLINE float exp_fast(float x) {
  x = x < -87.3f ? -87.3f : x;
  x = x > 88.3f ? 88.3f : x;
  float n = __builtin_rintf(x * 1.44269504088896341f);
  float r = x - n * 0.693359375f;
  r = r - n * -2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  int32_t bits = ((int32_t)n + 127) << 23;
  float power;
  memcpy(&power, &bits, sizeof power);
  return p * power;
}

#endif
