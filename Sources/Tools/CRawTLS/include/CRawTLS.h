// The floor under any RPC over TLS: blocking OpenSSL sockets and frames of four bytes of length and
// the bytes themselves. No protobuf, no event loop, no calls. What an RPC adds is its distance to this.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// Certificate, key and authority of one side, as paths of PEM files.
typedef struct {
  const char *certificate;
  const char *key;
  const char *authority;
} raw_tls_files;

/// One client's connection.
typedef struct raw_tls raw_tls;

/// Serves every connection of a new port of 127.0.0.1 with a thread of its own until the process ends: a request
/// of any size is answered by one of the size the first four bytes of the request ask for.
///
/// Returns the port, or -1.
int raw_tls_serve(raw_tls_files files);

/// Connects to a port of 127.0.0.1 and shakes hands, offering the protocol `alpn` when it is not null.
///
/// Returns null when that fails.
raw_tls *raw_tls_open(raw_tls_files files, int port, const char *alpn);

/// Closes a connection.
void raw_tls_close(raw_tls *connection);

/// Sends `depth` requests in one write and waits for all their replies, over and over for `seconds`.
///
/// Each round's time goes to `microseconds`, which has room for `count_max`. Returns the number of rounds, or -1.
long raw_tls_exchange(raw_tls *connection, int depth, size_t request_bytes, size_t reply_bytes,
                      double seconds, double *microseconds, long count_max);

/// Writes bytes as they are, with no frame around them; 0 when that fails.
int raw_tls_write(raw_tls *connection, const void *bytes, size_t count);

/// Reads whatever comes next, up to `count` bytes; 0 or less at the end.
int raw_tls_read(raw_tls *connection, void *bytes, size_t count);
