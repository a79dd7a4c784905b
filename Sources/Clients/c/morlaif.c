// The client of morlaif.h: the wire machine first (pure: bytes in, bytes out), then messages, TLS
// and calls. Rules are those of Protos/WIRE.md, cited where they are kept.
#define _GNU_SOURCE
#include "morlaif.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum frame_type { HELLO = 1, CALL, MESSAGE, END, STATUS, CANCEL, WINDOW, PING, PONG, GO_AWAY };
enum { FLAG_END = 1, FLAG_MESSAGE = 2, FLAG_MORE = 4 };
enum {
  HEADER_BYTES = 16,
  CONTROL_BYTES_MAX = 4096,     // W6
  FRAME_BYTES_MAX = 65536,      // what this side announces: the default
  PART_BYTES_MIN = 4096,        // smaller parts wait for more window
  BACKLOG_BYTES_MAX = 4194304,  // W35
  REASON_BYTES_MAX = 2048,      // W26
  ENTRIES_MAX = 64,             // W25
  DEPTH_MAX = 32,               // of messages inside each other
};
static const int64_t WINDOW_MAX = INT32_MAX;             // W29
static const uint64_t INCOMPLETE_BYTES_MAX = 268435456;  // W32
static const uint64_t YEAR_US = 31536000000000;          // W24
static const uint64_t SILENCE_US = 20000000;             // W34
static const uint64_t CONNECT_US = 10000000;             // W4
static const uint64_t ONE_REPLY_US = 600000000;          // section 12

struct buffer {
  uint8_t *bytes;
  size_t count, capacity;
};

struct message {
  struct message *next;
  uint8_t *bytes;
  size_t count;
  int64_t cost;
};

struct limits {
  int64_t frame, message, metadata, calls, call_window, connection_window;
};

struct morlaif_call {
  morlaif_client *client;
  morlaif_call *next;
  uint64_t id, deadline, written_from;
  bool is_open, has_sent_end, is_partial;
  int64_t send_window, receive_window, uncredited, gathered, part_cost;
  struct buffer partial;
  struct message *first, **last;
  morlaif_status status;
};

struct morlaif_client {
  // The machine.
  struct limits local, peer;
  bool is_ready, has_failed, is_leaving, is_out_of_memory;
  uint64_t last_id, leaving_id, incomplete_bytes;
  int64_t send_window, receive_window, gathered;
  struct buffer output, payload;
  uint8_t header[HEADER_BYTES];
  size_t header_count, payload_left;
  bool is_skipping;
  morlaif_call *calls;
  morlaif_status failure;
  // The transport.
  morlaif_options options;
  SSL_CTX *context;
  SSL *tls;
  int socket;
  struct buffer cipher;
  uint64_t queued, flushed, last_received, ping_sent;
};

// MARK: Small things

static uint64_t now_us(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

static bool reserve(struct buffer *buffer, size_t more) {
  if (more > SIZE_MAX / 4 - buffer->count) return false;
  if (buffer->count + more <= buffer->capacity) return true;
  size_t capacity = buffer->capacity ? buffer->capacity : 256;
  while (capacity < buffer->count + more) capacity *= 2;
  uint8_t *bytes = realloc(buffer->bytes, capacity);
  if (!bytes) return false;
  buffer->bytes = bytes;
  buffer->capacity = capacity;
  return true;
}

static bool append(struct buffer *buffer, const void *bytes, size_t count) {
  if (!reserve(buffer, count)) return false;
  if (count) memcpy(buffer->bytes + buffer->count, bytes, count);
  buffer->count += count;
  return true;
}

static void drop(struct buffer *buffer) {
  free(buffer->bytes);
  *buffer = (struct buffer){0};
}

static void put32(uint8_t *to, uint32_t value) {
  for (int i = 0; i < 4; i++) to[i] = (uint8_t)(value >> (24 - 8 * i));
}

static uint64_t big_endian(const uint8_t *from, int count) {
  uint64_t value = 0;
  for (int i = 0; i < count; i++) value = value << 8 | from[i];
  return value;
}

// The longest beginning of a text of at most `max` bytes that ends between characters (W26).
static size_t cut(const char *text, size_t count, size_t max) {
  if (count <= max) return count;
  while (max > 0 && ((uint8_t)text[max] & 0xC0) == 0x80) max--;
  return max;
}

static bool is_utf8(const uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count;) {
    uint8_t first = bytes[i];
    size_t length = first < 0x80   ? 1
                    : first < 0xC2 ? 0
                    : first < 0xE0 ? 2
                    : first < 0xF0 ? 3
                    : first < 0xF5 ? 4
                                   : 0;
    if (length == 0 || length > count - i) return false;
    for (size_t k = 1; k < length; k++) {
      if ((bytes[i + k] & 0xC0) != 0x80) return false;
    }
    if ((first == 0xE0 && bytes[i + 1] < 0xA0) || (first == 0xED && bytes[i + 1] > 0x9F) ||
        (first == 0xF0 && bytes[i + 1] < 0x90) || (first == 0xF4 && bytes[i + 1] > 0x8F)) {
      return false;
    }
    i += length;
  }
  return true;
}

const char *morlaif_code_name(enum morlaif_code code) {
  static const char *const names[] = {"OK",
                                      "CANCELLED",
                                      "UNKNOWN",
                                      "INVALID_ARGUMENT",
                                      "DEADLINE_EXCEEDED",
                                      "NOT_FOUND",
                                      "ALREADY_EXISTS",
                                      "PERMISSION_DENIED",
                                      "RESOURCE_EXHAUSTED",
                                      "FAILED_PRECONDITION",
                                      "ABORTED",
                                      "OUT_OF_RANGE",
                                      "UNIMPLEMENTED",
                                      "INTERNAL",
                                      "UNAVAILABLE",
                                      "DATA_LOSS",
                                      "UNAUTHENTICATED"};
  return (unsigned)code < sizeof names / sizeof *names ? names[code] : "UNKNOWN";
}

void morlaif_status_clear(morlaif_status *status) {
  for (size_t i = 0; i < status->n_metadata; i++) {
    free((char *)status->metadata[i].key);
    free((char *)status->metadata[i].value);
  }
  free(status->metadata);
  *status = (morlaif_status){0};
}

__attribute__((format(printf, 3, 4))) static bool say(morlaif_status *status,
                                                      enum morlaif_code code, const char *format,
                                                      ...) {
  morlaif_status_clear(status);
  status->code = code;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(status->message, sizeof status->message, format, arguments);
  va_end(arguments);
  return false;
}

// MARK: Protobuf fields of control messages (W7)

struct field {
  uint64_t number, value;
  int type;
  const uint8_t *bytes;
  size_t count;
};

static bool read_varint(const uint8_t **at, const uint8_t *end, uint64_t *value) {
  *value = 0;
  for (int shift = 0; *at < end && shift < 70; shift += 7) {
    uint8_t byte = *(*at)++;
    if (shift == 63 && byte > 1) return false;
    *value |= (uint64_t)(byte & 0x7F) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

static bool read_field(const uint8_t **at, const uint8_t *end, struct field *field) {
  uint64_t key;
  if (!read_varint(at, end, &key) || key >> 3 == 0) return false;
  *field = (struct field){.number = key >> 3, .type = (int)(key & 7), .bytes = *at};
  switch (field->type) {
    case 0: return read_varint(at, end, &field->value);
    case 1: field->count = 8; break;
    case 5: field->count = 4; break;
    case 2:
      if (!read_varint(at, end, &field->value) || field->value > (uint64_t)(end - *at))
        return false;
      field->bytes = *at;
      field->count = (size_t)field->value;
      break;
    default: return false;
  }
  if (field->count > (size_t)(end - *at)) return false;
  *at += field->count;
  return true;
}

static bool is_text(const struct field *field, bool is_identifier) {
  return field->type == 2 && is_utf8(field->bytes, field->count) &&
         !(is_identifier && memchr(field->bytes, 0, field->count));
}

static size_t put_varint(uint8_t *to, uint64_t value) {
  size_t count = 0;
  for (; value >= 0x80; value >>= 7) to[count++] = (uint8_t)value | 0x80;
  to[count++] = (uint8_t)value;
  return count;
}

static bool append_varint(struct buffer *buffer, uint64_t number, uint64_t value) {
  uint8_t bytes[20];
  size_t count = put_varint(bytes, number << 3);
  return value == 0 || append(buffer, bytes, count + put_varint(bytes + count, value));
}

static bool append_text(struct buffer *buffer, uint64_t number, const void *text,
                        size_t text_count) {
  uint8_t bytes[20];
  size_t count = put_varint(bytes, number << 3 | 2);
  count += put_varint(bytes + count, text_count);
  return append(buffer, bytes, count) && append(buffer, text, text_count);
}

// MARK: The machine, sending

static void append_frame(morlaif_client *client, enum frame_type type, int flags, uint64_t call_id,
                         const struct buffer *block, const void *message, size_t message_count) {
  bool has_block = type == CALL;
  size_t block_count = block ? block->count : 0;
  uint8_t header[HEADER_BYTES + 4] = {0};
  put32(header, (uint32_t)(block_count + message_count + (has_block ? 4 : 0)));
  header[4] = (uint8_t)type;
  header[5] = (uint8_t)flags;
  put32(header + 8, (uint32_t)(call_id >> 32));
  put32(header + 12, (uint32_t)call_id);
  put32(header + HEADER_BYTES, (uint32_t)block_count);
  size_t before = client->output.count;
  if (!append(&client->output, header, HEADER_BYTES + (has_block ? 4 : 0)) ||
      (block_count && !append(&client->output, block->bytes, block_count)) ||
      !append(&client->output, message, message_count)) {
    client->output.count = before;
    client->is_out_of_memory = true;
  }
}

static void append_control(morlaif_client *client, enum frame_type type, uint64_t call_id,
                           uint64_t number, const char *text) {
  uint8_t bytes[24];
  struct buffer payload = {0};
  size_t count = number ? put_varint(bytes + 1, number) + 1 : 0;
  bytes[0] = (type == GO_AWAY ? 2 : 1) << 3;
  size_t text_count = text ? cut(text, strlen(text), REASON_BYTES_MAX) : 0;
  bool is_whole =
      append(&payload, bytes, count) &&
      (text_count == 0 || append_text(&payload, type == GO_AWAY ? 3 : 2, text, text_count));
  if (is_whole) append_frame(client, type, 0, call_id, NULL, payload.bytes, payload.count);
  drop(&payload);
}

static morlaif_call *find(morlaif_client *client, uint64_t id) {
  morlaif_call *call = client->calls;
  while (call && !(call->is_open && call->id == id)) call = call->next;
  return call;
}

// W30: half a window of credit makes a WINDOW frame.
static void credit_connection(morlaif_client *client, int64_t cost) {
  client->gathered += cost;
  if (client->gathered < client->local.connection_window / 2 || client->has_failed) return;
  append_control(client, WINDOW, 0, (uint64_t)client->gathered, NULL);
  client->receive_window += client->gathered;
  client->gathered = 0;
}

static void credit_call(morlaif_call *call, int64_t cost) {
  if (!call->is_open) return;
  call->uncredited -= cost;
  call->gathered += cost;
  credit_connection(call->client, cost);
  if (call->gathered < call->client->local.call_window / 2) return;
  append_control(call->client, WINDOW, call->id, (uint64_t)call->gathered, NULL);
  call->receive_window += call->gathered;
  call->gathered = 0;
}

// The call is over on the wire; what it held of the windows goes back (W16, W19).
static void close_call(morlaif_call *call, enum morlaif_code code, const char *message,
                       bool unprocessed) {
  if (!call->is_open) return;
  call->is_open = false;
  call->client->incomplete_bytes -= call->partial.count;
  drop(&call->partial);
  credit_connection(call->client, call->uncredited);
  call->uncredited = 0;
  if (call->status.code != MORLAIF_OK) return;
  say(&call->status, code, "%s", message);
  call->status.unprocessed = unprocessed;
}

// W38: every call that is still open ends; those that the server cannot have seen say so.
static void lose(morlaif_client *client, const char *reason) {
  if (!client->has_failed) say(&client->failure, MORLAIF_UNAVAILABLE, "%s", reason);
  client->has_failed = true;
  for (morlaif_call *call = client->calls; call; call = call->next) {
    bool unprocessed = call->written_from >= client->flushed ||
                       (client->is_leaving && call->id > client->leaving_id);
    close_call(call, MORLAIF_UNAVAILABLE, reason, unprocessed);
  }
}

// W37: says which rule was broken; nothing is acted on afterwards.
__attribute__((format(printf, 3, 4))) static bool refuse(morlaif_client *client, int rule,
                                                         const char *format, ...) {
  char detail[160], reason[200];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(detail, sizeof detail, format, arguments);
  va_end(arguments);
  snprintf(reason, sizeof reason, "W%d: %s", rule, detail);
  enum morlaif_code code = rule == 6 || rule == 35 ? MORLAIF_RESOURCE_EXHAUSTED
                           : rule == 11            ? MORLAIF_FAILED_PRECONDITION
                                                   : MORLAIF_INVALID_ARGUMENT;
  append_control(client, GO_AWAY, 0, code, reason);
  char text[256];
  snprintf(text, sizeof text, "the server broke the wire protocol: %s", reason);
  lose(client, text);
  return false;
}

// W22, W32: this side ends a call over a limit.
static void give_up(morlaif_call *call, enum morlaif_code code, const char *message) {
  append_control(call->client, CANCEL, call->id, MORLAIF_CANCELLED, message);
  close_call(call, code, message, false);
}

// MARK: The machine, receiving

// W13 and section 8: reads an announced limit.
static bool read_limit(const struct field *field, int64_t *limit, int64_t min, int64_t max) {
  uint32_t value = (uint32_t)field->value;
  if (value == 0) return true;
  *limit = value;
  return value >= min && value <= max;
}

static const struct limits default_limits = {65536, 67108864, 8192, 1024, 262144, 16777216};

static bool receive_hello(morlaif_client *client, const uint8_t *at, const uint8_t *end) {
  struct limits limits = default_limits;
  uint32_t version_min = 0, version_max = 0;
  bool is_in_bounds = true;
  int features = 0;
  for (struct field field; at < end;) {
    if (!read_field(&at, end, &field)) return refuse(client, 7, "malformed HELLO");
    bool is_number = field.number <= 2 || (field.number >= 5 && field.number <= 10);
    if (is_number && field.type != 0)
      return refuse(client, 7, "field %d of HELLO has the wrong type", (int)field.number);
    switch (field.number) {
      case 1: version_min = (uint32_t)field.value; break;
      case 2: version_max = (uint32_t)field.value; break;
      case 3:
      case 4:
        // W12: this side names no feature, so none is in force and section 11 (W39 to W42) is
        // skipped; the server's names are only counted.
        if (!is_text(&field, true)) return refuse(client, 7, "a text of HELLO is not UTF-8");
        is_in_bounds &=
            field.number == 3 ? ++features <= 32 && field.count <= 64 : field.count <= 128;
        break;
      case 5: is_in_bounds &= read_limit(&field, &limits.frame, 32768, 16777216); break;
      case 6: is_in_bounds &= read_limit(&field, &limits.message, 1024, WINDOW_MAX); break;
      case 7: is_in_bounds &= read_limit(&field, &limits.metadata, 1024, 16384); break;
      case 8: is_in_bounds &= read_limit(&field, &limits.calls, 1, 1000000); break;
      case 9: is_in_bounds &= read_limit(&field, &limits.call_window, 65536, WINDOW_MAX); break;
      case 10:
        is_in_bounds &= read_limit(&field, &limits.connection_window, 65536, WINDOW_MAX);
        break;
      default: break;
    }
  }
  // W11: version 1 is all that this side speaks.
  if (version_min < 1 || version_min > version_max || version_min > 1) {
    return refuse(client, 11, "the server speaks versions %u to %u, this side 1", version_min,
                  version_max);
  }
  if (!is_in_bounds) return refuse(client, 13, "a limit or name in HELLO is out of bounds");
  client->peer = limits;
  client->send_window = limits.connection_window;
  client->is_ready = true;
  return true;
}

// W28: takes the cost of a frame from both windows.
static bool take_window(morlaif_client *client, morlaif_call *call, int64_t cost) {
  if (cost > client->receive_window)
    return refuse(client, 28, "%d bytes do not fit the window of the connection", (int)cost);
  if (call && cost > call->receive_window)
    return refuse(client, 28, "%d bytes do not fit the window of a call", (int)cost);
  client->receive_window -= cost;
  if (call) {
    call->receive_window -= cost;
    call->uncredited += cost;
  }
  return true;
}

// Judges a frame by its header alone (W5 to W8, W10, W15 to W18, W22, W28); false when it is
// refused.
static bool admit(morlaif_client *client) {
  const uint8_t *header = client->header;
  uint32_t length = (uint32_t)big_endian(header, 4);
  int type = header[4], flags = header[5];
  uint64_t id = big_endian(header + 8, 8);
  if (type < HELLO || type > GO_AWAY) return refuse(client, 5, "unknown frame type %d", type);
  int allowed = type == CALL      ? 7
                : type == MESSAGE ? FLAG_END | FLAG_MORE
                : type == STATUS  ? FLAG_MESSAGE
                                  : 0;
  if (header[6] || header[7] || (flags & ~allowed))
    return refuse(client, 5, "reserved bits or flags %d in a frame of type %d", flags, type);
  bool is_control = type == HELLO || type >= CANCEL;
  if (length > (is_control ? CONTROL_BYTES_MAX : FRAME_BYTES_MAX))
    return refuse(client, 6, "a payload of %u bytes in a frame of type %d", length, type);
  bool needs_call = type >= CALL && type <= CANCEL, may_have_call = needs_call || type == WINDOW;
  if (id > INT64_MAX || (id == 0 && needs_call) || (id != 0 && !may_have_call))
    return refuse(client, 7, "the call id of a frame of type %d", type);
  if ((flags & FLAG_END) && (flags & FLAG_MORE)) return refuse(client, 8, "END and MORE together");
  if (type == STATUS && length < 4) return refuse(client, 26, "a STATUS of %u bytes", length);
  if (!client->is_ready && type != HELLO && type != GO_AWAY)
    return refuse(client, 10, "a frame of type %d before HELLO", type);
  if (client->is_ready && type == HELLO) return refuse(client, 10, "a second HELLO");
  if (type == CALL || type == END || type == CANCEL || (type == MESSAGE && (flags & FLAG_END))) {
    return refuse(client, 5, "a frame of type %d that only a client may send", type);
  }
  if (!needs_call && !(type == WINDOW && id)) return true;
  if (id > client->last_id)
    return refuse(client, 15, "a frame of type %d for a call that was never opened", type);
  // W27: what costs window, with its header.
  int64_t cost = type == MESSAGE || (flags & FLAG_MESSAGE) ? HEADER_BYTES + (int64_t)length : 0;
  morlaif_call *call = find(client, id);
  if (!call) {  // W16: it crossed the end of its call on the way.
    if (!take_window(client, NULL, cost)) return false;
    credit_connection(client, cost);
    client->is_skipping = true;
    return true;
  }
  if (type == STATUS && call->is_partial && (flags & FLAG_MESSAGE))
    return refuse(client, 18, "STATUS with a message inside another");
  if (cost && !take_window(client, call, cost)) return false;
  if (type != MESSAGE) return true;
  if ((int64_t)(call->partial.count + length) > client->local.message) {
    client->is_skipping = true;
    give_up(call, MORLAIF_RESOURCE_EXHAUSTED, "a reply is longer than message_bytes_max");
  } else if ((flags & FLAG_MORE) && client->incomplete_bytes + length > INCOMPLETE_BYTES_MAX) {
    client->is_skipping = true;
    give_up(call, MORLAIF_RESOURCE_EXHAUSTED,
            "the incomplete replies of the connection are above 256 MiB");
  }
  return true;
}

static bool keep_message(morlaif_call *call, struct buffer bytes, int64_t cost) {
  struct message *message = malloc(sizeof *message);
  if (!message) {
    drop(&bytes);
    call->client->is_out_of_memory = true;
    return false;
  }
  *message = (struct message){.bytes = bytes.bytes, .count = bytes.count, .cost = cost};
  *call->last = message;
  call->last = &message->next;
  return true;
}

static bool receive_message(morlaif_call *call, int flags, const uint8_t *bytes, size_t count) {
  morlaif_client *client = call->client;
  int64_t cost = HEADER_BYTES + (int64_t)count;
  // One byte more, so that an empty message has bytes too.
  if (!reserve(&call->partial, count + 1) || !append(&call->partial, bytes, count)) {
    client->is_out_of_memory = true;
    return false;
  }
  client->incomplete_bytes += count;
  call->is_partial = flags & FLAG_MORE;
  if (call->is_partial) {  // W30: parts go back at once while no complete message waits.
    if (call->first) call->part_cost += cost;
    else credit_call(call, cost);
    return true;
  }
  struct buffer whole = call->partial;
  client->incomplete_bytes -= whole.count;
  call->partial = (struct buffer){0};
  cost += call->part_cost;
  call->part_cost = 0;
  return keep_message(call, whole, cost);
}

// W25: a key of the application's own; those of WIRE.md begin with "morlaif-".
static bool is_key(const char *key, size_t count) {
  static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
  if (count >= 8 && memcmp(key, "morlaif-", 8) == 0) return false;
  for (size_t i = 0; i < count; i++) {
    if (!memchr(allowed, key[i], sizeof allowed - 1)) return false;
  }
  return count >= 1 && count <= 64;
}

// What the entries of a status are and cost (W25).
struct metadata_tally {
  uint64_t entries, cost;
  bool has_bad_key;
};

static bool read_metadata(morlaif_status *status, const struct field *outer,
                          struct metadata_tally *tally) {
  const char *key = "", *value = "";
  size_t key_count = 0, value_count = 0;
  const uint8_t *at = outer->bytes, *end = at + outer->count;
  for (struct field field; at < end;) {
    if (!read_field(&at, end, &field)) return false;
    if ((field.number == 1 || field.number == 2) && !is_text(&field, field.number == 1))
      return false;
    if (field.number == 1) key = (const char *)field.bytes, key_count = field.count;
    if (field.number == 2) value = (const char *)field.bytes, value_count = field.count;
  }
  tally->entries++;
  tally->cost += key_count + value_count + 32;
  tally->has_bad_key |= !is_key(key, key_count);
  if (status->n_metadata == ENTRIES_MAX) return true;
  if (!status->metadata) status->metadata = calloc(ENTRIES_MAX, sizeof *status->metadata);
  if (!status->metadata) return true;
  morlaif_metadata entry = {strndup(key, key_count), strndup(value, value_count)};
  if (entry.key && entry.value) status->metadata[status->n_metadata++] = entry;
  else free((char *)entry.key), free((char *)entry.value);
  return true;
}

static bool receive_status(morlaif_call *call, int flags, const uint8_t *payload, size_t count) {
  morlaif_client *client = call->client;
  uint64_t block = big_endian(payload, 4), code = 0;
  struct metadata_tally tally = {0};
  bool has_message = flags & FLAG_MESSAGE, unprocessed = false;
  if (block > count - 4 || (int64_t)block > client->local.metadata + 16384)
    return refuse(client, 26, "a header block of %u bytes", (unsigned)block);
  if (!has_message && block != count - 4)
    return refuse(client, 8, "message bytes without MESSAGE in a STATUS frame");
  morlaif_status status = {0};
  const uint8_t *at = payload + 4, *end = at + block;
  for (struct field field; at < end;) {
    bool is_valid = read_field(&at, end, &field);
    if (is_valid && field.number == 1) is_valid = field.type == 0, code = field.value;
    if (is_valid && field.number == 4) is_valid = field.type == 0, unprocessed = field.value;
    if (is_valid && field.number == 2 && (is_valid = is_text(&field, false))) {
      snprintf(status.message, sizeof status.message, "%.*s",
               (int)cut((const char *)field.bytes, field.count, REASON_BYTES_MAX),
               (const char *)field.bytes);
    }
    if (is_valid && field.number == 3) {
      is_valid = field.type == 2 && read_metadata(&status, &field, &tally);
    }
    if (!is_valid) {
      morlaif_status_clear(&status);
      return refuse(client, 7, "malformed STATUS");
    }
  }
  if (code > MORLAIF_UNAUTHENTICATED) {  // Section 9.
    size_t used = strlen(status.message);
    snprintf(status.message + used, sizeof status.message - used, " (code %llu)",
             (unsigned long long)code);
    code = MORLAIF_UNKNOWN;
  }
  if ((code == MORLAIF_OK && call->is_partial) || (code != MORLAIF_OK && has_message)) {
    morlaif_status_clear(&status);
    return refuse(client, 18, "%s",
                  code == MORLAIF_OK ? "OK inside a message" : "an error with a message");
  }
  if (tally.entries > ENTRIES_MAX || (int64_t)tally.cost > client->local.metadata) {  // W25
    say(&status, MORLAIF_RESOURCE_EXHAUSTED, "the metadata of the status is above its limits");
  } else if (tally.has_bad_key) {
    say(&status, MORLAIF_INVALID_ARGUMENT,
        "a key of the status is not 1 to 64 of a-z 0-9 . _ -, or begins with morlaif-");
  }
  status.code = status.code ? status.code : (enum morlaif_code)code;
  status.unprocessed = unprocessed;
  size_t message_count = count - 4 - block;
  if (has_message && (int64_t)message_count > client->local.message) {  // W22
    say(&status, MORLAIF_RESOURCE_EXHAUSTED, "a reply is longer than message_bytes_max");
  } else if (has_message && status.code == MORLAIF_OK) {
    struct buffer copy = {0};
    if (!reserve(&copy, message_count + 1) || !append(&copy, end, message_count) ||
        !keep_message(call, copy, 0))
      client->is_out_of_memory = true;
  }
  close_call(call, MORLAIF_OK, "", false);
  if (call->status.code == MORLAIF_OK) call->status = status;
  else morlaif_status_clear(&status);
  return true;
}

static bool receive_window(morlaif_client *client, uint64_t id, const uint8_t *at,
                           const uint8_t *end) {
  uint64_t credit = 0;
  for (struct field field; at < end;) {
    if (!read_field(&at, end, &field) || (field.number == 1 && field.type != 0))
      return refuse(client, 7, "malformed WINDOW");
    if (field.number == 1) credit = field.value;
  }
  morlaif_call *call = id ? find(client, id) : NULL;
  int64_t *window = call ? &call->send_window : &client->send_window;
  if (credit < 1 || credit > (uint64_t)WINDOW_MAX || (int64_t)credit > WINDOW_MAX - *window)
    return refuse(client, 29, "a credit of %llu bytes", (unsigned long long)credit);
  *window += (int64_t)credit;
  return true;
}

static bool receive_ping(morlaif_client *client, int type, const uint8_t *at, const uint8_t *end) {
  const uint8_t *payload = at;
  size_t count = (size_t)(end - at);
  for (struct field field; at < end;) {
    if (!read_field(&at, end, &field) || (field.number == 1 && field.type != 1))
      return refuse(client, 7, "malformed PING");
  }
  if (type == PING) append_frame(client, PONG, 0, 0, NULL, payload, count);  // W33
  return true;
}

static bool receive_go_away(morlaif_client *client, const uint8_t *at, const uint8_t *end) {
  uint64_t last = 0, code = 0;
  char reason[400] = "the server is closing the connection";
  for (struct field field; at < end;) {
    bool is_valid = read_field(&at, end, &field);
    if (is_valid && field.number == 1) is_valid = field.type == 0, last = field.value;
    if (is_valid && field.number == 2) is_valid = field.type == 0, code = field.value;
    if (is_valid && field.number == 3 && (is_valid = is_text(&field, false)) && field.count) {
      snprintf(reason, sizeof reason, "the server is closing the connection: %.*s",
               (int)cut((const char *)field.bytes, field.count, 300), (const char *)field.bytes);
    }
    if (!is_valid) return refuse(client, 7, "malformed GO_AWAY");
  }
  client->is_leaving = true;
  client->leaving_id = last;
  for (morlaif_call *call = client->calls; call; call = call->next) {  // W36
    if (call->id > last) close_call(call, MORLAIF_UNAVAILABLE, reason, true);
  }
  if (code != MORLAIF_OK) lose(client, reason);
  return true;
}

static bool act(morlaif_client *client) {
  int type = client->header[4], flags = client->header[5];
  uint64_t id = big_endian(client->header + 8, 8);
  static const uint8_t nothing[1];
  const uint8_t *payload = client->payload.count ? client->payload.bytes : nothing,
                *end = payload + client->payload.count;
  morlaif_call *call = id ? find(client, id) : NULL;
  switch (type) {
    case HELLO: return receive_hello(client, payload, end);
    case MESSAGE: return !call || receive_message(call, flags, payload, client->payload.count);
    case STATUS: return !call || receive_status(call, flags, payload, client->payload.count);
    case WINDOW: return receive_window(client, id, payload, end);
    case GO_AWAY: return receive_go_away(client, payload, end);
    default: return receive_ping(client, type, payload, end);
  }
}

// Takes bytes as they came; false when the connection is over.
static bool feed(morlaif_client *client, const uint8_t *bytes, size_t count) {
  while (!client->has_failed && !client->is_out_of_memory) {
    if (client->header_count < HEADER_BYTES) {
      size_t taken = HEADER_BYTES - client->header_count;
      if (taken > count) taken = count;
      memcpy(client->header + client->header_count, bytes, taken);
      client->header_count += taken;
      bytes += taken;
      count -= taken;
      if (client->header_count < HEADER_BYTES) return true;
      client->payload.count = 0;
      client->payload_left = (size_t)big_endian(client->header, 4);
      client->is_skipping = false;
      if (!admit(client)) return false;
    }
    size_t taken = client->payload_left < count ? client->payload_left : count;
    if (!client->is_skipping && !append(&client->payload, bytes, taken)) break;
    client->payload_left -= taken;
    bytes += taken;
    count -= taken;
    if (client->payload_left) return true;
    client->header_count = 0;
    if (!client->is_skipping && !act(client)) break;
    if (client->output.count + client->cipher.count > BACKLOG_BYTES_MAX)
      return refuse(client, 35, "answers wait unread");
  }
  if (!client->has_failed) lose(client, "out of memory");
  return false;
}

// MARK: Messages

// protobuf-c cuts a string at an embedded NUL, recurses as deep as it is told and merges single
// messages that come twice wrongly (1.4.1), so the bytes are looked through first.
static bool is_sound(const ProtobufCMessageDescriptor *type, const uint8_t *at, const uint8_t *end,
                     int depth) {
  uint64_t seen = 0;
  for (struct field field; at < end;) {
    if (!read_field(&at, end, &field) || field.number >= 1 << 29) return false;
    const ProtobufCFieldDescriptor *known = NULL;
    unsigned index = 0;
    while (index < type->n_fields && type->fields[index].id != field.number) index++;
    if (index == type->n_fields) continue;
    known = &type->fields[index];
    bool is_repeated = known->label == PROTOBUF_C_LABEL_REPEATED;
    switch (known->type) {
      case PROTOBUF_C_TYPE_STRING:
        if (!is_text(&field, true)) return false;
        break;
      case PROTOBUF_C_TYPE_BYTES:
        if (field.type != 2) return false;
        break;
      case PROTOBUF_C_TYPE_MESSAGE:
        if (field.type != 2 || depth >= DEPTH_MAX || index >= 64 ||
            (!is_repeated && (seen >> index & 1)))
          return false;
        seen |= UINT64_C(1) << index;
        if (!is_sound(known->descriptor, field.bytes, field.bytes + field.count, depth + 1))
          return false;
        break;
      default: {
        bool is_32 = known->type == PROTOBUF_C_TYPE_FIXED32 ||
                     known->type == PROTOBUF_C_TYPE_SFIXED32 ||
                     known->type == PROTOBUF_C_TYPE_FLOAT;
        bool is_64 = known->type == PROTOBUF_C_TYPE_FIXED64 ||
                     known->type == PROTOBUF_C_TYPE_SFIXED64 ||
                     known->type == PROTOBUF_C_TYPE_DOUBLE;
        if (field.type != 2 && field.type != (is_32 ? 5 : is_64 ? 1 : 0)) return false;
        if (field.type != 2) break;
        bool is_whole = is_32   ? field.count % 4 == 0
                        : is_64 ? field.count % 8 == 0
                                : field.count == 0 || field.bytes[field.count - 1] < 0x80;
        if (!is_repeated || !is_whole) return false;
      }
    }
  }
  return true;
}

// Memory for one message that stops at a limit: a few bytes must not become gigabytes.
struct budget {
  ProtobufCAllocator allocator;
  size_t left;
};

static void *spend(void *data, size_t count) {
  struct budget *budget = data;
  if (count > budget->left) return NULL;
  budget->left -= count;
  return malloc(count ? count : 1);
}

static void give_back(void *data, void *bytes) {
  (void)data;
  free(bytes);
}

// Decodes a reply; NULL when it is not such a message or would take more than eight times its
// limit.
static ProtobufCMessage *decode(const ProtobufCMessageDescriptor *type, const uint8_t *bytes,
                                size_t count, int64_t bytes_max) {
  struct budget budget = {{spend, give_back, NULL}, (size_t)bytes_max * 8 + 65536};
  budget.allocator.allocator_data = &budget;
  if (!is_sound(type, bytes, bytes + count, 1)) return NULL;
  return protobuf_c_message_unpack(type, &budget.allocator, count, bytes);
}

void morlaif_free(ProtobufCMessage *message) {
  if (message) protobuf_c_message_free_unpacked(message, NULL);
}

// MARK: The transport

static void disconnect(morlaif_client *client) {
  if (client->tls) SSL_free(client->tls);
  if (client->socket >= 0) close(client->socket);
  client->tls = NULL;
  client->socket = -1;
}

static void say_tls(morlaif_client *client, const char *what) {
  char detail[200] = "";
  unsigned long error = ERR_peek_last_error();
  long verified = client->tls ? SSL_get_verify_result(client->tls) : X509_V_OK;
  if (verified != X509_V_OK)
    snprintf(detail, sizeof detail, ": %s", X509_verify_cert_error_string(verified));
  else if (error)
    snprintf(detail, sizeof detail, ": %s",
             ERR_reason_error_string(error) ? ERR_reason_error_string(error) : "unknown");
  ERR_clear_error();
  char text[256];
  snprintf(text, sizeof text, "%s%s", what, detail);
  lose(client, text);
}

// Moves what TLS wants to send to the socket, as far as that takes it.
static bool flush(morlaif_client *client) {
  if (!client->tls) return true;
  BIO *bio = SSL_get_wbio(client->tls);
  for (size_t waiting; (waiting = BIO_ctrl_pending(bio)) > 0;) {
    if (!reserve(&client->cipher, waiting)) return lose(client, "out of memory"), false;
    int count = BIO_read(bio, client->cipher.bytes + client->cipher.count, (int)waiting);
    if (count <= 0) break;
    client->cipher.count += (size_t)count;
  }
  size_t sent = 0;
  while (sent < client->cipher.count) {
    ssize_t count = send(client->socket, client->cipher.bytes + sent, client->cipher.count - sent,
                         MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
      lose(client, "the connection was closed by the server");
      return false;
    }
    if (count < 0) break;
    sent += (size_t)count;
  }
  if (sent) memmove(client->cipher.bytes, client->cipher.bytes + sent, client->cipher.count - sent);
  client->cipher.count -= sent;
  if (client->cipher.count == 0) client->flushed = client->queued;
  return true;
}

// Encrypts what the machine put out. A memory BIO takes everything.
static bool encrypt(morlaif_client *client) {
  struct buffer *output = &client->output;
  // Without a transport, as in the tests of the machine, the output gathers.
  if (!client->tls || output->count == 0 || !SSL_is_init_finished(client->tls)) return true;
  int written = SSL_write(client->tls, output->bytes, (int)output->count);
  if (written != (int)output->count) return say_tls(client, "TLS cannot send"), false;
  client->queued += output->count;
  output->count = 0;
  return true;
}

static bool decrypt(morlaif_client *client) {
  static _Thread_local uint8_t bytes[32768];
  ERR_clear_error();
  for (int count; (count = SSL_read(client->tls, bytes, sizeof bytes)) > 0;) {
    if (!feed(client, bytes, (size_t)count)) return false;
  }
  int error = SSL_get_error(client->tls, 0);
  if (SSL_get_shutdown(client->tls) & SSL_RECEIVED_SHUTDOWN)
    return lose(client, "the server closed the connection"), false;
  if (error == SSL_ERROR_SSL && ERR_peek_error()) return say_tls(client, "TLS failed"), false;
  return true;
}

// Reads once what has come; false when the connection is over.
static bool take_input(morlaif_client *client) {
  static _Thread_local uint8_t bytes[65536];
  ssize_t count = recv(client->socket, bytes, sizeof bytes, 0);
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return true;
  if (count <= 0) {
    if (!client->has_failed)
      say_tls(client, SSL_is_init_finished(client->tls)
                          ? "the connection was closed by the server"
                          : "the handshake was refused by the server");
    return false;
  }
  client->last_received = now_us();
  client->ping_sent = 0;
  BIO_write(SSL_get_rbio(client->tls), bytes, (int)count);
  if (!SSL_is_init_finished(client->tls)) {
    ERR_clear_error();
    int result = SSL_do_handshake(client->tls), error = SSL_get_error(client->tls, result);
    if (result <= 0 && error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
      flush(client);  // The alert, for the server's log.
      say_tls(client, "the TLS handshake failed");
      return false;
    }
    if (result <= 0) return true;
    const unsigned char *name;
    unsigned length;
    SSL_get0_alpn_selected(client->tls, &name, &length);
    if (length != 9 || memcmp(name, "morlaif/1", 9) != 0)
      return say_tls(client, "the server does not speak morlaif/1"), false;  // W2
  }
  return decrypt(client);
}

// One round: writes what can be written, then waits for the server until `until`. False when the
// connection is over; the time that has run out is the caller's to notice.
static bool step(morlaif_client *client, uint64_t until) {
  if (client->has_failed) return false;
  uint64_t now = now_us(), since = client->ping_sent ? client->ping_sent : client->last_received;
  if (client->is_ready && now >= since + SILENCE_US) {  // W34
    if (client->ping_sent) return lose(client, "the server is silent; taken for dead"), false;
    append_frame(client, PING, 0, 0, NULL, NULL, 0);
    client->ping_sent = since = now;
  }
  if (!encrypt(client) || !flush(client)) return false;
  uint64_t wake = until;
  if (client->is_ready && since + SILENCE_US < wake) wake = since + SILENCE_US;
  uint64_t wait_ms = wake <= now ? 0 : (wake - now + 999) / 1000;
  struct pollfd ready = {.fd = client->socket,
                         .events = POLLIN | (client->cipher.count ? POLLOUT : 0)};
  int count = poll(&ready, 1, wait_ms > 3600000 ? 3600000 : (int)wait_ms);
  if (count < 0 && errno != EINTR) return lose(client, "poll failed"), false;
  if (count > 0 && (ready.revents & (POLLIN | POLLHUP | POLLERR)) && !take_input(client)) {
    if (client->tls && encrypt(client)) flush(client);  // W37: the GO_AWAY.
    return false;
  }
  return encrypt(client) && flush(client);
}

static bool connect_socket(morlaif_client *client, uint64_t until) {
  char port[8];
  snprintf(port, sizeof port, "%u", client->options.port);
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
  int problem = getaddrinfo(client->options.host, port, &hints, &found);
  if (problem)
    return say(&client->failure, MORLAIF_UNAVAILABLE, "%s: %s", client->options.host,
               gai_strerror(problem));
  int error = 0;
  for (struct addrinfo *address = found; address && client->socket < 0;
       address = address->ai_next) {
    int descriptor = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) continue;
    struct pollfd ready = {.fd = descriptor, .events = POLLOUT};
    uint64_t now = now_us();
    error = connect(descriptor, address->ai_addr, address->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS &&
        (error = ETIMEDOUT, poll(&ready, 1, until > now ? (int)((until - now) / 1000) : 0) == 1)) {
      socklen_t size = sizeof error;
      getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error == 0) client->socket = descriptor;
    else close(descriptor);
  }
  freeaddrinfo(found);
  if (client->socket < 0)
    return say(&client->failure, MORLAIF_UNAVAILABLE, "%s:%s: %s", client->options.host, port,
               strerror(error));
  int one = 1;
  setsockopt(client->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return true;
}

static bool make_context(morlaif_client *client) {
  static const unsigned char protocol[] = "\x09morlaif/1";
  const morlaif_options *options = &client->options;
  SSL_CTX *context = client->context = SSL_CTX_new(TLS_client_method());
  const char *wrong = !context ? "TLS" : NULL;
  if (!wrong && SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1)
    wrong = "TLS 1.3";  // W1
  if (!wrong && SSL_CTX_set_alpn_protos(context, protocol, sizeof protocol - 1) != 0)
    wrong = "ALPN";  // W2
  if (!wrong && SSL_CTX_load_verify_locations(context, options->authority_file, NULL) != 1)
    wrong = options->authority_file;  // W3
  if (!wrong && SSL_CTX_use_certificate_chain_file(context, options->certificate_file) != 1)
    wrong = options->certificate_file;
  if (!wrong && SSL_CTX_use_PrivateKey_file(context, options->key_file, SSL_FILETYPE_PEM) != 1)
    wrong = options->key_file;
  if (!wrong && SSL_CTX_check_private_key(context) != 1) wrong = options->key_file;
  if (!wrong) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    return true;
  }
  unsigned long error = ERR_peek_error();  // The first is the cause, later ones its consequences.
  const char *reason = ERR_SYSTEM_ERROR(error) ? strerror(ERR_GET_REASON(error))
                                               : ERR_reason_error_string(error);
  say(&client->failure, MORLAIF_FAILED_PRECONDITION, "cannot use %s: %s", wrong,
      reason ? reason : "unknown reason");
  ERR_clear_error();
  return false;
}

static bool start_tls(morlaif_client *client) {
  const char *name =
      client->options.server_name ? client->options.server_name : client->options.host;
  client->tls = SSL_new(client->context);
  BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
  if (!client->tls || !in || !out) {
    BIO_free(in);
    BIO_free(out);
    return say(&client->failure, MORLAIF_INTERNAL, "out of memory");
  }
  BIO_set_mem_eof_return(in, -1);
  SSL_set_bio(client->tls, in, out);
  SSL_set_connect_state(client->tls);
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(client->tls), name) != 1) {  // W3
    if (SSL_set1_host(client->tls, name) != 1 || SSL_set_tlsext_host_name(client->tls, name) != 1) {
      return say(&client->failure, MORLAIF_INVALID_ARGUMENT, "%s is no name of a server", name);
    }
  }
  ERR_clear_error();
  SSL_do_handshake(client->tls);
  return true;
}

// Connects anew: a fresh machine over a fresh transport, up to the server's HELLO (W4, W10).
static bool reconnect(morlaif_client *client) {
  const morlaif_options *options = &client->options;
  uint64_t until =
      now_us() + (options->connect_timeout_us ? options->connect_timeout_us : CONNECT_US);
  disconnect(client);
  client->is_ready = client->has_failed = client->is_leaving = client->is_skipping = false;
  client->last_id = client->incomplete_bytes = client->queued = client->flushed =
      client->ping_sent = 0;
  client->output.count = client->cipher.count = client->header_count = client->payload_left = 0;
  client->gathered = 0;
  client->receive_window = client->local.connection_window;
  if (!connect_socket(client, until) || !start_tls(client)) {
    client->has_failed = true;
    return false;
  }
  struct buffer hello = {0};
  bool is_whole = append(&hello, "\x08\x01\x10\x01\x22\x07morlaif", 13);
  const int64_t *local = &client->local.frame, *defaults = &default_limits.frame;
  for (int i = 1; i < 6; i++) {
    if (i != 3 && local[i] != defaults[i])
      is_whole &= append_varint(&hello, 5 + (uint64_t)i, (uint64_t)local[i]);
  }
  if (is_whole) append_frame(client, HELLO, 0, 0, NULL, hello.bytes, hello.count);
  drop(&hello);
  client->last_received = now_us();
  while (!client->is_ready && !client->has_failed) {
    if (now_us() >= until) lose(client, "no handshake and HELLO in time");
    else step(client, until);
  }
  return !client->has_failed;
}

static bool announce(uint32_t wanted, int64_t *limit, int64_t min, int64_t max) {
  if (wanted) *limit = wanted;
  return *limit >= min && *limit <= max;
}

morlaif_client *morlaif_connect(const morlaif_options *options, morlaif_status *status) {
  morlaif_client *client = calloc(1, sizeof *client);
  if (!client) return say(status, MORLAIF_INTERNAL, "out of memory"), NULL;
  const char **texts[] = {&client->options.host, &client->options.authority_file,
                          &client->options.certificate_file, &client->options.key_file,
                          &client->options.server_name};
  client->options = *options;
  client->local = default_limits;
  client->socket = -1;
  bool is_complete = true;
  for (int i = 0; i < 5; i++) {
    if (*texts[i]) *texts[i] = strdup(*texts[i]);
    is_complete &= *texts[i] != NULL || i == 4;
  }
  struct limits *local = &client->local;
  bool is_in_bounds =
      announce(options->message_bytes_max, &local->message, 1024, WINDOW_MAX) &&
      announce(options->metadata_bytes_max, &local->metadata, 1024, 16384) &&
      announce(options->call_window_bytes, &local->call_window, 65536, WINDOW_MAX) &&
      announce(options->connection_window_bytes, &local->connection_window, 65536, WINDOW_MAX);
  morlaif_status_clear(status);
  if (!is_complete)
    say(&client->failure, MORLAIF_INVALID_ARGUMENT,
        "host, authority_file, certificate_file and key_file must be given");
  else if (!is_in_bounds)
    say(&client->failure, MORLAIF_INVALID_ARGUMENT,
        "a limit is outside the bounds of WIRE.md section 8");
  else if (make_context(client) && reconnect(client)) return client;
  *status = client->failure;
  client->failure = (morlaif_status){0};
  morlaif_close(client);
  return NULL;
}

void morlaif_close(morlaif_client *client) {
  if (!client) return;
  if (client->tls && !client->has_failed) {
    append_frame(client, GO_AWAY, 0, 0, NULL, NULL, 0);
    if (encrypt(client)) SSL_shutdown(client->tls), flush(client);
  }
  disconnect(client);
  SSL_CTX_free(client->context);
  drop(&client->output);
  drop(&client->cipher);
  drop(&client->payload);
  morlaif_status_clear(&client->failure);
  const char *texts[] = {client->options.host, client->options.authority_file,
                         client->options.certificate_file, client->options.key_file,
                         client->options.server_name};
  for (int i = 0; i < 5; i++) free((char *)texts[i]);
  free(client);
}

// MARK: Calls

// Waits for the server once; false when the call is over. Keeps the deadline (W24).
static bool wait_for(morlaif_call *call) {
  morlaif_client *client = call->client;
  if (!call->is_open) return false;
  if (call->deadline && now_us() >= call->deadline) {
    append_control(client, CANCEL, call->id, MORLAIF_DEADLINE_EXCEEDED, "");
    close_call(call, MORLAIF_DEADLINE_EXCEEDED, "no answer in time", false);
    if (!client->has_failed && encrypt(client)) flush(client);
    return false;
  }
  step(client, call->deadline ? call->deadline : now_us() + SILENCE_US);
  return call->is_open;
}

// W25: what the server would refuse anyway.
static bool check_metadata(morlaif_client *client, const morlaif_call_options *options,
                           morlaif_status *status) {
  size_t cost = 0;
  for (size_t i = 0; options && i < options->n_metadata; i++) {
    const char *key = options->metadata[i].key, *value = options->metadata[i].value;
    size_t length = strlen(key);
    if (!is_key(key, length) || !is_utf8((const uint8_t *)value, strlen(value))) {
      return say(
          status, MORLAIF_INVALID_ARGUMENT,
          "metadata key \"%.64s\" is not 1 to 64 of a-z 0-9 . _ - or begins with morlaif-, or its "
          "value is not UTF-8",
          key);
    }
    cost += length + strlen(value) + 32;
  }
  if (options && (options->n_metadata > ENTRIES_MAX || cost > (size_t)client->peer.metadata)) {
    return say(status, MORLAIF_RESOURCE_EXHAUSTED,
               "%zu metadata entries of %zu bytes are above the server's limit",
               options->n_metadata, cost);
  }
  return true;
}

// W24: the time that is left goes with the call; one that has none left still has a deadline.
static bool encode_header(struct buffer *block, const char *method,
                          const morlaif_call_options *options, uint64_t deadline) {
  uint64_t now = now_us(), timeout = deadline > now ? deadline - now : deadline ? 1 : 0;
  bool is_whole = append_text(block, 1, method, strlen(method)) && append_varint(block, 2, timeout);
  for (size_t i = 0; options && i < options->n_metadata && is_whole; i++) {
    struct buffer entry = {0};
    is_whole =
        append_text(&entry, 1, options->metadata[i].key, strlen(options->metadata[i].key)) &&
        append_text(&entry, 2, options->metadata[i].value, strlen(options->metadata[i].value)) &&
        append_text(block, 3, entry.bytes, entry.count);
    drop(&entry);
  }
  return is_whole;
}

// Writes a message in parts as the windows allow (W27, W28, W30); the first goes with the CALL when
// there is one (W9). A client has one message on its way at a time, so no other waits for a turn
// (W31).
static bool send_parts(morlaif_call *call, const struct buffer *block, const uint8_t *bytes,
                       size_t count, bool end) {
  morlaif_client *client = call->client;
  for (bool is_first = block != NULL, is_last = false; !is_last;) {
    int64_t overhead = HEADER_BYTES + (is_first ? 4 + (int64_t)block->count : 0);
    int64_t room =
        call->send_window < client->send_window ? call->send_window : client->send_window;
    int64_t part = client->peer.frame - overhead + HEADER_BYTES;
    if (part > (int64_t)count) part = (int64_t)count;
    if (room < overhead + (part < PART_BYTES_MIN ? part : PART_BYTES_MIN) || client->cipher.count) {
      if (!wait_for(call)) return false;
      continue;
    }
    if (part > room - overhead) part = room - overhead;
    is_last = part == (int64_t)count;
    int flags =
        (is_last ? (end ? FLAG_END : 0) : FLAG_MORE) | (is_first && bytes ? FLAG_MESSAGE : 0);
    if (is_first) call->written_from = client->queued;
    append_frame(client, is_first ? CALL : MESSAGE, flags, call->id, is_first ? block : NULL, bytes,
                 (size_t)part);
    call->send_window -= overhead + part;
    client->send_window -= overhead + part;
    bytes = bytes ? bytes + part : NULL;
    count -= (size_t)part;
    is_first = false;
    if (client->has_failed || !encrypt(client) || !flush(client)) return false;
  }
  call->has_sent_end = end;
  return call->is_open;
}

static size_t open_calls(const morlaif_client *client) {
  size_t count = 0;
  for (const morlaif_call *call = client->calls; call; call = call->next) count += call->is_open;
  return count;
}

// A connection that takes calls: looks at what has come meanwhile, and connects anew when nothing
// is lost by it.
static bool prepare(morlaif_client *client, uint64_t deadline, morlaif_status *status) {
  if (!client->has_failed) step(client, 0);
  if ((client->has_failed || client->is_leaving) && open_calls(client) == 0) reconnect(client);
  while (!client->has_failed && !client->is_leaving &&
         open_calls(client) >= (size_t)client->peer.calls) {  // W23
    if (deadline && now_us() >= deadline)
      return say(status, MORLAIF_DEADLINE_EXCEEDED, "no room for another call in time");
    step(client, deadline ? deadline : now_us() + SILENCE_US);
  }
  if (!client->has_failed && !client->is_leaving) return true;
  say(status, client->has_failed ? client->failure.code : MORLAIF_UNAVAILABLE, "%s",
      client->has_failed ? client->failure.message : "the server is stopping");
  status->unprocessed = status->code == MORLAIF_UNAVAILABLE;
  return false;
}

static morlaif_call *open_call(morlaif_client *client, const char *method,
                               const morlaif_call_options *options, const uint8_t *bytes,
                               size_t count, bool end, morlaif_status *status) {
  uint64_t timeout = options ? options->timeout_us : 0,
           deadline = timeout ? now_us() + (timeout > YEAR_US ? YEAR_US : timeout) : 0;
  morlaif_status_clear(status);
  if (!prepare(client, deadline, status) || !check_metadata(client, options, status)) return NULL;
  size_t length = strlen(method);
  if (length > 256 || !is_utf8((const uint8_t *)method, length))
    return say(status, MORLAIF_INVALID_ARGUMENT, "a method is at most 256 bytes of UTF-8"),
           NULL;  // W26
  if ((int64_t)count > client->peer.message)
    return say(status, MORLAIF_RESOURCE_EXHAUSTED,
               "the request has %zu bytes, the server takes at most %lld", count,
               (long long)client->peer.message),
           NULL;  // W22
  morlaif_call *call = calloc(1, sizeof *call);
  struct buffer block = {0};
  if (!call || !encode_header(&block, method, options, deadline)) {
    free(call);
    drop(&block);
    return say(status, MORLAIF_INTERNAL, "out of memory"), NULL;
  }
  *call = (morlaif_call){.client = client,
                         .next = client->calls,
                         .id = ++client->last_id,  // W14
                         .deadline = deadline,
                         .written_from = UINT64_MAX,
                         .is_open = true,
                         .send_window = client->peer.call_window,
                         .receive_window = client->local.call_window};
  call->last = &call->first;
  client->calls = call;
  send_parts(call, &block, bytes, count, end);
  drop(&block);
  return call;
}

morlaif_call *morlaif_open(morlaif_client *client, const char *method,
                           const morlaif_call_options *options, morlaif_status *status) {
  return open_call(client, method, options, NULL, 0, false, status);
}

bool morlaif_send_bytes(morlaif_call *call, const void *bytes, size_t byte_count) {
  if (!call->is_open || call->has_sent_end) return false;  // W17
  if ((int64_t)byte_count > call->client->peer.message) {
    give_up(call, MORLAIF_RESOURCE_EXHAUSTED, "a request is longer than the server takes");
    return false;
  }
  return send_parts(call, NULL, bytes, byte_count, false);
}

bool morlaif_send(morlaif_call *call, const ProtobufCMessage *request) {
  size_t count = protobuf_c_message_get_packed_size(request);
  uint8_t *bytes = malloc(count + 1);
  bool is_sent = bytes && protobuf_c_message_pack(request, bytes) == count &&
                 morlaif_send_bytes(call, bytes, count);
  free(bytes);
  return is_sent;
}

bool morlaif_send_end(morlaif_call *call) {
  if (!call->is_open || call->has_sent_end) return call->is_open;  // W17
  call->has_sent_end = true;
  append_frame(call->client, END, 0, call->id, NULL, NULL, 0);
  return encrypt(call->client) && flush(call->client) && call->is_open;
}

uint8_t *morlaif_receive_bytes(morlaif_call *call, size_t *byte_count, morlaif_status *status) {
  while (!call->first && wait_for(call)) continue;
  struct message *message = call->first;
  morlaif_status_clear(status);
  *byte_count = 0;
  if (!message) {
    // The status is given away once; later questions get its code and text.
    *status = call->status;
    call->status.metadata = NULL;
    call->status.n_metadata = 0;
    return NULL;
  }
  call->first = message->next;
  if (!call->first) call->last = &call->first;
  int64_t cost = message->cost;
  if (!call->first) cost += call->part_cost, call->part_cost = 0;
  credit_call(call, cost);  // W30
  uint8_t *bytes = message->bytes;
  *byte_count = message->count;
  free(message);
  return bytes;
}

// W21: a reply that cannot be decoded ends the call.
static ProtobufCMessage *decode_reply(morlaif_call *call, const ProtobufCMessageDescriptor *type,
                                      uint8_t *bytes, size_t count, morlaif_status *status) {
  if (!bytes) return NULL;
  ProtobufCMessage *message = decode(type, bytes, count, call->client->local.message);
  free(bytes);
  if (message) return message;
  say(status, MORLAIF_INTERNAL, "a reply is not a valid %s", type->name);
  if (call->is_open) give_up(call, MORLAIF_INTERNAL, status->message);
  return NULL;
}

ProtobufCMessage *morlaif_receive(morlaif_call *call, const ProtobufCMessageDescriptor *type,
                                  morlaif_status *status) {
  size_t count;
  uint8_t *bytes = morlaif_receive_bytes(call, &count, status);
  return decode_reply(call, type, bytes, count, status);
}

// W20: exactly one reply and OK.
static uint8_t *only_reply(morlaif_call *call, size_t *count, morlaif_status *status) {
  uint8_t *reply = morlaif_receive_bytes(call, count, status);
  if (!reply) {
    if (status->code == MORLAIF_OK) {
      say(status, MORLAIF_INTERNAL, "the call ended without a reply");
    }
    return NULL;
  }
  size_t second_count;
  uint8_t *second = morlaif_receive_bytes(call, &second_count, status);
  if (!second && status->code == MORLAIF_OK) return reply;
  if (second) say(status, MORLAIF_INTERNAL, "the server sent more than one reply");
  free(second);
  free(reply);
  return NULL;
}

ProtobufCMessage *morlaif_reply(morlaif_call *call, const ProtobufCMessageDescriptor *type,
                                morlaif_status *status) {
  size_t count;
  // Only here it is known that there is one reply (section 12).
  if (!call->deadline) call->deadline = now_us() + ONE_REPLY_US;
  uint8_t *bytes = only_reply(call, &count, status);
  return decode_reply(call, type, bytes, count, status);
}

ProtobufCMessage *morlaif_unary(morlaif_client *client, const char *method,
                                const morlaif_call_options *options,
                                const ProtobufCMessage *request,
                                const ProtobufCMessageDescriptor *reply_type,
                                morlaif_status *status) {
  size_t count = protobuf_c_message_get_packed_size(request);
  uint8_t *bytes = malloc(count + 1);
  if (!bytes || protobuf_c_message_pack(request, bytes) != count) {
    free(bytes);
    return say(status, MORLAIF_INTERNAL, "the request cannot be encoded"), NULL;
  }
  morlaif_call_options patient = options ? *options : (morlaif_call_options){0};
  if (!patient.timeout_us) patient.timeout_us = ONE_REPLY_US;
  morlaif_call *call = open_call(client, method, &patient, bytes, count, true, status);
  free(bytes);
  ProtobufCMessage *reply = call ? morlaif_reply(call, reply_type, status) : NULL;
  morlaif_finish(call);
  return reply;
}

void morlaif_finish(morlaif_call *call) {
  if (!call) return;
  morlaif_client *client = call->client;
  if (call->is_open) {
    give_up(call, MORLAIF_CANCELLED, "");
    if (client->tls && !client->has_failed && encrypt(client)) flush(client);
  }
  morlaif_call **link = &client->calls;
  while (*link && *link != call) link = &(*link)->next;
  if (*link) *link = call->next;
  for (struct message *message = call->first; message;) {
    struct message *next = message->next;
    free(message->bytes);
    free(message);
    message = next;
  }
  morlaif_status_clear(&call->status);
  free(call);
}
