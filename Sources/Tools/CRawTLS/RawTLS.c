#include "CRawTLS.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

// A request is a frame of its own length; the payload's first four bytes say how long the reply should be.
enum { header_bytes = 4, request_bytes_min = 4, buffer_bytes = 1 << 17, message_bytes_max = 1 << 30 };

struct raw_tls {
  SSL *session;
  int descriptor;
};

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

// The same version, ciphers and certificates as the RPC, so that only the RPC makes the difference.
static SSL_CTX *make_context(raw_tls_files files, const SSL_METHOD *method, int verify) {
  SSL_CTX *context = SSL_CTX_new(method);
  if (context == NULL) return NULL;
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256");
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_verify(context, verify, NULL);
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate) == 1 &&
      SSL_CTX_use_PrivateKey_file(context, files.key, SSL_FILETYPE_PEM) == 1 &&
      SSL_CTX_load_verify_locations(context, files.authority, NULL) == 1)
    return context;
  SSL_CTX_free(context);
  return NULL;
}

static void without_delay(int descriptor) {
  int one = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static int read_all(SSL *session, char *bytes, size_t count) {
  while (count > 0) {
    int wanted = count > (1 << 30) ? 1 << 30 : (int)count;
    int got = SSL_read(session, bytes, wanted);
    if (got <= 0) return 0;
    bytes += got;
    count -= (size_t)got;
  }
  return 1;
}

// Reads and drops what does not fit the buffer: the payload of a large request.
static int drop(SSL *session, char *buffer, size_t count) {
  while (count > 0) {
    size_t wanted = count < buffer_bytes ? count : buffer_bytes;
    int got = SSL_read(session, buffer, (int)wanted);
    if (got <= 0) return 0;
    count -= (size_t)got;
  }
  return 1;
}

// Answers all requests that lie complete in the buffer with one write; returns bytes used, or -1.
static long answer(SSL *session, const char *input, size_t held, char **replies, size_t *room) {
  size_t used = 0, output = 0;
  while (held - used >= header_bytes + request_bytes_min) {
    uint32_t length, reply;
    memcpy(&length, input + used, sizeof length);
    memcpy(&reply, input + used + header_bytes, sizeof reply);
    if (length < request_bytes_min || length > message_bytes_max || reply > message_bytes_max)
      return -1;
    if (held - used - header_bytes < length) break;
    used += header_bytes + length;
    if (output + header_bytes + reply > *room) {
      *room = 2 * (output + header_bytes + reply);
      char *grown = realloc(*replies, *room);
      if (grown == NULL) return -1;
      *replies = grown;
    }
    memcpy(*replies + output, &reply, sizeof reply);
    memset(*replies + output + header_bytes, 7, reply);
    output += header_bytes + reply;
  }
  if (output > 0 && SSL_write(session, *replies, (int)output) <= 0) return -1;
  return (long)used;
}

static void serve(SSL *session) {
  char *input = malloc(buffer_bytes), *scratch = malloc(buffer_bytes), *replies = NULL;
  size_t held = 0, room = 0;
  while (input != NULL && scratch != NULL) {
    int got = SSL_read(session, input + held, (int)(buffer_bytes - held));
    if (got <= 0) break;
    held += (size_t)got;
    uint32_t length = 0, reply = 0;
    if (held >= header_bytes + request_bytes_min) {
      memcpy(&length, input, sizeof length);
      memcpy(&reply, input + header_bytes, sizeof reply);
    }
    if (header_bytes + (size_t)length > buffer_bytes) {
      // Too large for the buffer, so it came alone.
      if (!drop(session, scratch, header_bytes + (size_t)length - held)) break;
      if (reply > buffer_bytes - header_bytes) break;
      memcpy(scratch, &reply, sizeof reply);
      if (SSL_write(session, scratch, (int)(header_bytes + reply)) <= 0) break;
      held = 0;
      continue;
    }
    long used = answer(session, input, held, &replies, &room);
    if (used < 0) break;
    held -= (size_t)used;
    memmove(input, input + used, held);
  }
  free(input);
  free(scratch);
  free(replies);
}

static void *serve_connection(void *argument) {
  SSL *session = argument;
  int descriptor = SSL_get_fd(session);
  if (SSL_accept(session) == 1) serve(session);
  SSL_free(session);
  close(descriptor);
  return NULL;
}

struct listener {
  SSL_CTX *context;
  int descriptor;
};

static void *accept_connections(void *argument) {
  struct listener *listener = argument;
  for (;;) {
    int descriptor = accept(listener->descriptor, NULL, NULL);
    if (descriptor < 0) continue;
    without_delay(descriptor);
    SSL *session = SSL_new(listener->context);
    pthread_t thread;
    if (session == NULL || SSL_set_fd(session, descriptor) != 1 ||
        pthread_create(&thread, NULL, serve_connection, session) != 0) {
      SSL_free(session);
      close(descriptor);
      continue;
    }
    pthread_detach(thread);
  }
  return NULL;
}

int raw_tls_serve(raw_tls_files files) {
  signal(SIGPIPE, SIG_IGN);
  struct listener *listener = malloc(sizeof *listener);
  if (listener == NULL) return -1;
  int verify = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  listener->context = make_context(files, TLS_server_method(), verify);
  listener->descriptor = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  pthread_t thread;
  if (listener->context == NULL || listener->descriptor < 0 ||
      bind(listener->descriptor, (struct sockaddr *)&address, size) != 0 ||
      listen(listener->descriptor, 1024) != 0 ||
      getsockname(listener->descriptor, (struct sockaddr *)&address, &size) != 0 ||
      pthread_create(&thread, NULL, accept_connections, listener) != 0) {
    free(listener);
    return -1;
  }
  pthread_detach(thread);
  return ntohs(address.sin_port);
}

raw_tls *raw_tls_open(raw_tls_files files, int port, const char *alpn) {
  // One context for all connections of a program, as a program would have it.
  static SSL_CTX *context = NULL;
  if (context == NULL) {
    signal(SIGPIPE, SIG_IGN);
    context = make_context(files, TLS_client_method(), SSL_VERIFY_PEER);
  }
  raw_tls *connection = calloc(1, sizeof *connection);
  if (context == NULL || connection == NULL) return NULL;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  connection->descriptor = socket(AF_INET, SOCK_STREAM, 0);
  connection->session = SSL_new(context);
  if (connection->session == NULL || connection->descriptor < 0 ||
      connect(connection->descriptor, (struct sockaddr *)&address, sizeof address) != 0) {
    raw_tls_close(connection);
    return NULL;
  }
  without_delay(connection->descriptor);
  unsigned char offer[256];
  size_t count = alpn == NULL ? 0 : strlen(alpn);
  if (count > 0 && count < sizeof offer) {
    offer[0] = (unsigned char)count;
    memcpy(offer + 1, alpn, count);
    SSL_set_alpn_protos(connection->session, offer, (unsigned)count + 1);
  }
  if (SSL_set_fd(connection->session, connection->descriptor) == 1 &&
      SSL_connect(connection->session) == 1)
    return connection;
  raw_tls_close(connection);
  return NULL;
}

void raw_tls_close(raw_tls *connection) {
  if (connection == NULL) return;
  SSL_free(connection->session);
  if (connection->descriptor >= 0) close(connection->descriptor);
  free(connection);
}

long raw_tls_exchange(raw_tls *connection, int depth, size_t request_bytes, size_t reply_bytes,
                      double seconds, double *microseconds, long count_max) {
  if (request_bytes < request_bytes_min || depth < 1) return -1;
  size_t frame = header_bytes + request_bytes, answer = header_bytes + reply_bytes;
  char *requests = malloc(frame * (size_t)depth), *replies = malloc(answer * (size_t)depth);
  long count = requests == NULL || replies == NULL ? -1 : 0;
  for (int i = 0; count == 0 && i < depth; i++) {
    uint32_t length = (uint32_t)request_bytes, reply = (uint32_t)reply_bytes;
    char *request = requests + frame * (size_t)i;
    memset(request, 'p', frame);
    memcpy(request, &length, sizeof length);
    memcpy(request + header_bytes, &reply, sizeof reply);
  }
  double start = now(), before = start;
  while (count >= 0 && count < count_max && before - start < seconds) {
    if (!raw_tls_write(connection, requests, frame * (size_t)depth) ||
        !read_all(connection->session, replies, answer * (size_t)depth)) {
      count = -1;
      break;
    }
    double after = now();
    microseconds[count++] = (after - before) * 1e6;
    before = after;
  }
  free(requests);
  free(replies);
  return count;
}

int raw_tls_write(raw_tls *connection, const void *bytes, size_t count) {
  const char *next = bytes;
  while (count > 0) {
    int wanted = count > (1 << 30) ? 1 << 30 : (int)count;
    int written = SSL_write(connection->session, next, wanted);
    if (written <= 0) return 0;
    next += written;
    count -= (size_t)written;
  }
  return 1;
}

int raw_tls_read(raw_tls *connection, void *bytes, size_t count) {
  return SSL_read(connection->session, bytes, count > (1 << 30) ? 1 << 30 : (int)count);
}
