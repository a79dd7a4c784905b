// A blocking client of the morlaif services in C11, on protobuf-c and OpenSSL.
//
// It speaks Protos/WIRE.md over mutual TLS and takes the messages that protoc-c generates from
// Protos/morlaif/v1. A client holds one connection and belongs to one thread at a time; calls on it
// may be interleaved. Nothing that a server sends can crash the program: it ends in a status.
//
// Texts that are returned are valid until the call says otherwise and always end in NUL.
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// How a call ended; gRPC's numbers (WIRE.md section 9).
enum morlaif_code {
  MORLAIF_OK = 0,
  MORLAIF_CANCELLED = 1,
  MORLAIF_UNKNOWN = 2,
  MORLAIF_INVALID_ARGUMENT = 3,
  MORLAIF_DEADLINE_EXCEEDED = 4,
  MORLAIF_NOT_FOUND = 5,
  MORLAIF_ALREADY_EXISTS = 6,
  MORLAIF_PERMISSION_DENIED = 7,
  MORLAIF_RESOURCE_EXHAUSTED = 8,
  MORLAIF_FAILED_PRECONDITION = 9,
  MORLAIF_ABORTED = 10,
  MORLAIF_OUT_OF_RANGE = 11,
  MORLAIF_UNIMPLEMENTED = 12,
  MORLAIF_INTERNAL = 13,
  MORLAIF_UNAVAILABLE = 14,
  MORLAIF_DATA_LOSS = 15,
  MORLAIF_UNAUTHENTICATED = 16,
};

// One key and value beside a call or a status (W25).
typedef struct morlaif_metadata {
  const char *key;    // 1 to 64 of a-z 0-9 . _ -, not beginning with "morlaif-"
  const char *value;  // any UTF-8
} morlaif_metadata;

// How something ended. Begin with `{0}`; what it holds is freed by `morlaif_status_clear` and by
// the next function that fills it.
typedef struct morlaif_status {
  enum morlaif_code code;
  // No handler saw the call, so it may be sent again (W38).
  bool unprocessed;
  // What went wrong, naming the field or limit; empty when OK.
  char message[2304];
  // What the server sent with its status.
  size_t n_metadata;
  morlaif_metadata *metadata;
} morlaif_status;

void morlaif_status_clear(morlaif_status *status);

// The name of a code, as in "INVALID_ARGUMENT".
const char *morlaif_code_name(enum morlaif_code code);

// Whom to call and as whom. Times and limits of 0 stand for the defaults of WIRE.md.
typedef struct morlaif_options {
  const char *host;
  uint16_t port;
  // PEM files as `morlaif certificates` makes them: who signs, and who we are.
  const char *authority_file;
  const char *certificate_file;
  const char *key_file;
  // The name that the server's certificate must have; NULL for `host`.
  const char *server_name;
  // For connecting, handshake and HELLO together (W4); 10,000,000 by default.
  uint64_t connect_timeout_us;
  // What this side will receive at most, announced in HELLO (WIRE.md section 8).
  uint32_t message_bytes_max;
  uint32_t metadata_bytes_max;
  uint32_t call_window_bytes;
  uint32_t connection_window_bytes;
} morlaif_options;

typedef struct morlaif_client morlaif_client;
typedef struct morlaif_call morlaif_call;

// Connects. NULL with a status when that fails. A connection that is lost or drained later is made
// anew by the next call that finds no other call open.
morlaif_client *morlaif_connect(const morlaif_options *options, morlaif_status *status);

// Ends every call and the connection, and frees the client; its calls must have been freed.
void morlaif_close(morlaif_client *client);

// What goes with a call; NULL where it may be given means none of it.
typedef struct morlaif_call_options {
  // 0 for the default: 600 s for calls with one reply, none for streams. At most a year counts (W24).
  uint64_t timeout_us;
  size_t n_metadata;
  const morlaif_metadata *metadata;
} morlaif_call_options;

// A method with one request and one reply. The reply is freed by `morlaif_free`; NULL with a status
// when the call fails.
ProtobufCMessage *morlaif_unary(morlaif_client *client, const char *method,
                                const morlaif_call_options *options,
                                const ProtobufCMessage *request,
                                const ProtobufCMessageDescriptor *reply_type,
                                morlaif_status *status);

// Opens a call for the three streaming kinds: then send the requests, END, and receive. NULL with a
// status when it cannot be opened. The call is freed by `morlaif_finish`.
morlaif_call *morlaif_open(morlaif_client *client, const char *method,
                           const morlaif_call_options *options, morlaif_status *status);

// Sends one request; waits while the server gives no room. False when the call is over:
// `morlaif_receive` then says how, after the replies that came.
bool morlaif_send(morlaif_call *call, const ProtobufCMessage *request);
bool morlaif_send_bytes(morlaif_call *call, const void *bytes, size_t byte_count);

// No further request follows.
bool morlaif_send_end(morlaif_call *call);

// The next reply, to be freed by `morlaif_free`; NULL when there are no more, with the status of
// the call: OK at the regular end of a stream.
ProtobufCMessage *morlaif_receive(morlaif_call *call, const ProtobufCMessageDescriptor *type,
                                  morlaif_status *status);

// The same without decoding. The bytes are freed by `free`; an empty message is not NULL.
uint8_t *morlaif_receive_bytes(morlaif_call *call, size_t *byte_count, morlaif_status *status);

// The only reply of a client-streaming method; anything but one reply and OK is INTERNAL (W20).
ProtobufCMessage *morlaif_reply(morlaif_call *call, const ProtobufCMessageDescriptor *type,
                                morlaif_status *status);

// Frees a call, telling the server when it is not over (W19).
void morlaif_finish(morlaif_call *call);

// Frees a reply.
void morlaif_free(ProtobufCMessage *message);

#ifdef __cplusplus
}
#endif
