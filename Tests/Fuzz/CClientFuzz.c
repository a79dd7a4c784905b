// Whatever a server sends after the handshake, the C client ends in statuses.
//
// The first byte chooses what the application does meanwhile; the rest is what the server sends.
#include "../../Sources/Clients/c/morlaif.c"

#include "morlaif/v1/scalarizer.pb-c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

static void check_output(const struct buffer *output) {
  size_t at = 0;
  while (at + HEADER_BYTES <= output->count)
    at += HEADER_BYTES + (size_t)big_endian(output->bytes + at, 4);
  if (at != output->count) abort();
}

static void take(morlaif_call *call, unsigned choice) {
  morlaif_status status = {0};
  size_t size = 0;
  // Never waits: there is a reply, or the call is over.
  if (!call->first && call->is_open) return;
  if (choice & 1) {
    morlaif_free(morlaif_receive(call, &morlaif__v1__scalarize_reply__descriptor, &status));
  } else if (choice & 2) {
    morlaif_free(
        morlaif_receive(call, &morlaif__v1__describe_configuration_reply__descriptor, &status));
  } else {
    free(morlaif_receive_bytes(call, &size, &status));
  }
  morlaif_status_clear(&status);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count) {
  if (count < 2) return 0;
  unsigned choice = *data++;
  count--;
  morlaif_client client = {.local = default_limits, .socket = -1, .last_received = now_us()};
  if (choice & 128) client.local.message = 1024;
  if (choice & 64) client.local.call_window = client.local.connection_window = 65536;
  client.receive_window = client.local.connection_window;
  morlaif_call *calls[2] = {NULL};
  for (size_t start = 0; start < count;) {
    size_t piece = 1 + (start * choice) % 97;
    if (piece > count - start) piece = count - start;
    if (!feed(&client, data + start, piece)) break;
    start += piece;
    // Nothing is asked for that would wait.
    bool may_open = client.is_ready && !client.is_leaving && !client.has_failed &&
                    client.send_window > 8192 && client.peer.calls > 2;
    for (int i = 0; i < 2 && may_open; i++) {
      morlaif_status status = {0};
      if (!calls[i]) calls[i] = open_call(&client, "a/b", NULL, data, start % 9, false, &status);
      else if (choice & 4) take(calls[i], choice);
      morlaif_status_clear(&status);
    }
    if (calls[1] && (choice & 8) && calls[1]->send_window > 8192 && client.send_window > 8192) {
      uint8_t request[4096] = {0};
      morlaif_send_bytes(calls[1], request, sizeof request);
    }
    if (calls[0] && (choice & 16)) {
      morlaif_finish(calls[0]);
      calls[0] = NULL;
    }
    check_output(&client.output);
  }
  check_output(&client.output);
  for (int i = 0; i < 2; i++) {
    if (calls[i]) take(calls[i], choice);
    morlaif_finish(calls[i]);
  }
  if (client.calls || client.incomplete_bytes) abort();
  morlaif_status_clear(&client.failure);
  drop(&client.output);
  drop(&client.payload);
  return 0;
}
