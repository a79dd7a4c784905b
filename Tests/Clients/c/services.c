// Calls real services over mutual TLS: every kind of method, metadata, deadlines, refusals,
// restarts.
//
//   services CERTIFICATES SCALARIZER_PORT LABELER_PORT RESTART_COMMAND
//   services CERTIFICATES HOSTILE_PORT WORDS     the connection must fail with these words
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "morlaif.h"
#include "morlaif/v1/health.pb-c.h"
#include "morlaif/v1/labeler.pb-c.h"
#include "morlaif/v1/scalarizer.pb-c.h"

static int passed, failed;
static char paths[3][4096];
static uint16_t scalarizer_port, labeler_port;

static void check(bool is_so, const char *what, const morlaif_status *status) {
  passed += is_so;
  failed += !is_so;
  if (!is_so) {
    fprintf(stderr, "failed: %s (%s: %s)\n", what, morlaif_code_name(status->code),
            status->message);
  }
}

static morlaif_options options_for(uint16_t port) {
  return (morlaif_options){.host = "127.0.0.1",
                           .port = port,
                           .authority_file = paths[0],
                           .certificate_file = paths[1],
                           .key_file = paths[2]};
}

static ProtobufCMessage *check_health(morlaif_client *client, const morlaif_call_options *options,
                                      morlaif_status *status) {
  Morlaif__V1__HealthRequest request = MORLAIF__V1__HEALTH_REQUEST__INIT;
  return morlaif_unary(client, "morlaif.v1.Health/Check", options, &request.base,
                       &morlaif__v1__health_reply__descriptor, status);
}

static void test_unary(morlaif_client *client) {
  morlaif_status status = {0};
  morlaif_metadata metadata[] = {{"traceparent", "00-1-2-00"}, {"note", "zwölf"}};
  morlaif_call_options options = {5000000, 2, metadata};
  for (int i = 0; i < 300; i++) {
    ProtobufCMessage *reply = check_health(client, &options, &status);
    if (i == 0 || i == 299) check(reply != NULL, "a unary call brings back its reply", &status);
    morlaif_free(reply);
  }
  Morlaif__V1__HealthRequest unknown = MORLAIF__V1__HEALTH_REQUEST__INIT;
  unknown.service = "no.such.Service";
  ProtobufCMessage *reply = morlaif_unary(client, "morlaif.v1.Health/Check", NULL, &unknown.base,
                                          &morlaif__v1__health_reply__descriptor, &status);
  check(!reply && status.code == MORLAIF_NOT_FOUND, "a status travels with its text", &status);
  check(strstr(status.message, "no.such.Service") != NULL, "the text names the service", &status);
  reply = morlaif_unary(client, "morlaif.v1.Nothing/Here", NULL, &unknown.base,
                        &morlaif__v1__health_reply__descriptor, &status);
  check(!reply && status.code == MORLAIF_UNIMPLEMENTED, "an unknown method is said so", &status);
  // A reply of another type than expected: 100 is no field of it, or a field of another wire type.
  Morlaif__V1__HealthRequest plain = MORLAIF__V1__HEALTH_REQUEST__INIT;
  reply = morlaif_unary(client, "morlaif.v1.Health/Check", NULL, &plain.base,
                        &morlaif__v1__configure_request__descriptor, &status);
  check(!reply && status.code == MORLAIF_INTERNAL, "an undecodable reply is INTERNAL (W21)",
        &status);
  morlaif_status_clear(&status);
}

static void test_refusals(morlaif_client *client) {
  morlaif_status status = {0};
  morlaif_metadata bad = {"Key", "v"};
  morlaif_call_options options = {0, 1, &bad};
  check(!check_health(client, &options, &status) && status.code == MORLAIF_INVALID_ARGUMENT,
        "a bad metadata key is refused before it is sent", &status);
  bad.key = "morlaif-own";
  check(!check_health(client, &options, &status) && status.code == MORLAIF_INVALID_ARGUMENT,
        "a reserved metadata key is refused before it is sent (W25)", &status);
  char value[9000];
  memset(value, 'v', sizeof value - 1);
  value[sizeof value - 1] = 0;
  morlaif_metadata large = {"k", value};
  options.metadata = &large;
  check(!check_health(client, &options, &status) && status.code == MORLAIF_RESOURCE_EXHAUSTED,
        "too much metadata is refused before it is sent", &status);
  morlaif_options wrong = options_for(scalarizer_port);
  wrong.server_name = "elsewhere.example";
  check(!morlaif_connect(&wrong, &status) && strstr(status.message, "hostname mismatch"),
        "a server of another name is refused (W3)", &status);
  wrong = options_for(scalarizer_port);
  wrong.authority_file = paths[1];
  check(!morlaif_connect(&wrong, &status) && status.code == MORLAIF_UNAVAILABLE,
        "a server of another authority is refused (W3)", &status);
  wrong = options_for(scalarizer_port);
  wrong.key_file = paths[0];
  check(!morlaif_connect(&wrong, &status) && status.code == MORLAIF_FAILED_PRECONDITION,
        "a key file without a key is named", &status);
  wrong = options_for(scalarizer_port);
  wrong.certificate_file = "no/such/file.pem";
  check(!morlaif_connect(&wrong, &status) && strstr(status.message, "no/such/file.pem: No such file"),
        "a file that is missing is named with the system's reason", &status);
  wrong = options_for(scalarizer_port);
  wrong.message_bytes_max = 7;
  check(!morlaif_connect(&wrong, &status) && status.code == MORLAIF_INVALID_ARGUMENT,
        "a limit out of bounds is refused (W13)", &status);
  morlaif_status_clear(&status);
}

static uint64_t now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static morlaif_call *watch(morlaif_client *client, const morlaif_call_options *options,
                           morlaif_status *status) {
  Morlaif__V1__HealthRequest request = MORLAIF__V1__HEALTH_REQUEST__INIT;
  morlaif_call *call = morlaif_open(client, "morlaif.v1.Health/Watch", options, status);
  if (call && morlaif_send(call, &request.base)) morlaif_send_end(call);
  return call;
}

// Watch sends the state now, and nothing more for as long as nothing changes.
static void test_server_stream(morlaif_client *client) {
  const ProtobufCMessageDescriptor *type = &morlaif__v1__health_reply__descriptor;
  morlaif_status status = {0};
  morlaif_call *call = watch(client, NULL, &status);
  ProtobufCMessage *state = call ? morlaif_receive(call, type, &status) : NULL;
  check(state != NULL, "the first reply of a stream comes", &status);
  morlaif_free(state);
  ProtobufCMessage *other = check_health(client, NULL, &status);
  check(other != NULL, "another call goes on beside it", &status);
  morlaif_free(other);
  if (call) morlaif_finish(call);
  other = check_health(client, NULL, &status);
  check(other != NULL, "a cancelled call leaves the connection alone (W19)", &status);
  morlaif_free(other);

  morlaif_call_options options = {.timeout_us = 300000};
  uint64_t started = now_ms();
  call = watch(client, &options, &status);
  while (call && (state = morlaif_receive(call, type, &status))) morlaif_free(state);
  check(status.code == MORLAIF_DEADLINE_EXCEEDED, "time runs out (W24)", &status);
  check(now_ms() - started >= 300, "not before its time", &status);
  if (call) morlaif_finish(call);
  morlaif_status_clear(&status);
}

// Imports preferences (many requests, one reply), then has them exported (one request, many
// replies).
static void test_client_stream(morlaif_client *labeler) {
  enum { COUNT = 300, TEXT_BYTES = 2000 };
  morlaif_status status = {0};
  char text[TEXT_BYTES];
  memset(text, 'x', sizeof text);
  morlaif_call *call = morlaif_open(labeler, "morlaif.v1.Labeler/Import", NULL, &status);
  Morlaif__V1__ImportRequest first = MORLAIF__V1__IMPORT_REQUEST__INIT;
  first.kind_case = MORLAIF__V1__IMPORT_REQUEST__KIND_DATASET_ID;
  first.dataset_id = "from-c";
  bool is_sent = call && morlaif_send(call, &first.base);
  for (int i = 0; i < COUNT && is_sent; i++) {
    char id[32];
    snprintf(id, sizeof id, "pair-%d", i);
    ProtobufCBinaryData chosen = {sizeof text, (uint8_t *)text}, rejected = {1, (uint8_t *)"y"};
    Morlaif__V1__PreferencePair pair = MORLAIF__V1__PREFERENCE_PAIR__INIT;
    pair.id = id;
    pair.prompt_utf8 = (ProtobufCBinaryData){strlen(id), (uint8_t *)id};
    pair.response_a_utf8 = chosen;
    pair.response_b_utf8 = rejected;
    Morlaif__V1__Label label = MORLAIF__V1__LABEL__INIT;
    label.pair_id = id;
    label.principle_id = "conciseness";
    label.p_a = 1;
    Morlaif__V1__ImportedPreference preference = MORLAIF__V1__IMPORTED_PREFERENCE__INIT;
    preference.pair = &pair;
    preference.label = &label;
    Morlaif__V1__ImportRequest request = MORLAIF__V1__IMPORT_REQUEST__INIT;
    request.kind_case = MORLAIF__V1__IMPORT_REQUEST__KIND_PREFERENCE;
    request.preference = &preference;
    is_sent = morlaif_send(call, &request.base);
  }
  if (is_sent) morlaif_send_end(call);
  ProtobufCMessage *reply =
      call ? morlaif_reply(call, &morlaif__v1__import_reply__descriptor, &status) : NULL;
  check(reply && ((Morlaif__V1__ImportReply *)reply)->stored == COUNT,
        "a client stream larger than the window is taken", &status);
  morlaif_free(reply);
  if (call) morlaif_finish(call);

  Morlaif__V1__ExportRequest request = MORLAIF__V1__EXPORT_REQUEST__INIT;
  request.dataset_id = "from-c";
  call = morlaif_open(labeler, "morlaif.v1.Labeler/Export", NULL, &status);
  if (call && morlaif_send(call, &request.base)) morlaif_send_end(call);
  size_t pairs = 0;
  while (call && (reply = morlaif_receive(call, &morlaif__v1__export_reply__descriptor, &status))) {
    pairs += ((Morlaif__V1__ExportReply *)reply)->n_labels;
    morlaif_free(reply);
  }
  check(pairs == COUNT && status.code == MORLAIF_OK, "a server stream comes whole", &status);
  if (call) morlaif_finish(call);
  morlaif_status_clear(&status);
}

// Labels come back while pairs still go out.
static void test_both_streams(morlaif_client *labeler) {
  morlaif_status status = {0};
  morlaif_call *call = morlaif_open(labeler, "morlaif.v1.Labeler/Label", NULL, &status);
  char *principles[] = {"conciseness"};
  Morlaif__V1__LabelSettings settings = MORLAIF__V1__LABEL_SETTINGS__INIT;
  settings.dataset_id = "both";
  settings.n_principle_ids = 1;
  settings.principle_ids = principles;
  Morlaif__V1__LabelRequest first = MORLAIF__V1__LABEL_REQUEST__INIT;
  first.kind_case = MORLAIF__V1__LABEL_REQUEST__KIND_SETTINGS;
  first.settings = &settings;
  bool has_answer = call && morlaif_send(call, &first.base);
  for (int i = 0; i < 3 && has_answer; i++) {
    char id[32];
    snprintf(id, sizeof id, "both-%d", i);
    Morlaif__V1__PreferencePair pair = MORLAIF__V1__PREFERENCE_PAIR__INIT;
    pair.id = id;
    pair.prompt_utf8 = (ProtobufCBinaryData){8, (uint8_t *)"Say yes."};
    pair.response_a_utf8 = (ProtobufCBinaryData){4, (uint8_t *)"Yes."};
    pair.response_b_utf8 = (ProtobufCBinaryData){14, (uint8_t *)"Well, perhaps."};
    Morlaif__V1__LabelRequest request = MORLAIF__V1__LABEL_REQUEST__INIT;
    request.kind_case = MORLAIF__V1__LABEL_REQUEST__KIND_PAIR;
    request.pair = &pair;
    ProtobufCMessage *reply =
        morlaif_send(call, &request.base)
            ? morlaif_receive(call, &morlaif__v1__label_reply__descriptor, &status)
            : NULL;
    has_answer = reply != NULL;
    morlaif_free(reply);
  }
  if (call) morlaif_send_end(call);
  ProtobufCMessage *rest =
      call && has_answer ? morlaif_receive(call, &morlaif__v1__label_reply__descriptor, &status)
                         : NULL;
  check(has_answer && !rest && status.code == MORLAIF_OK, "both sides take turns", &status);
  morlaif_free(rest);
  if (call) morlaif_finish(call);
  morlaif_status_clear(&status);
}

// A service that is started again: one call fails at most when it is caught in the middle, the next
// goes through.
static void test_restart(morlaif_client *client, const char *command) {
  morlaif_status status = {0};
  bool is_restarted = system(command) == 0;
  ProtobufCMessage *reply = check_health(client, NULL, &status);
  check(is_restarted && reply, "a client finds a service that was started again", &status);
  morlaif_free(reply);
  morlaif_status_clear(&status);
}

static void test_hostile(uint16_t port, const char *words) {
  morlaif_status status = {0};
  morlaif_options options = options_for(port);
  options.connect_timeout_us = strcmp(words, "in time") == 0 ? 1000000 : 60000000;
  morlaif_client *client = morlaif_connect(&options, &status);
  check(!client && status.code == MORLAIF_UNAVAILABLE && strstr(status.message, words), words,
        &status);
  morlaif_close(client);
  morlaif_status_clear(&status);
}

static void test_services(const char *restart_command) {
  morlaif_status status = {0};
  morlaif_options options = options_for(scalarizer_port);
  morlaif_options labeler_options = options_for(labeler_port);
  morlaif_client *client = morlaif_connect(&options, &status);
  check(client != NULL, "a client with its certificate is let in", &status);
  morlaif_client *labeler = morlaif_connect(&labeler_options, &status);
  check(labeler != NULL, "the labeler lets it in too", &status);
  if (client) {
    test_unary(client);
    test_refusals(client);
    test_server_stream(client);
    test_restart(client, restart_command);
  }
  if (labeler) {
    test_client_stream(labeler);
    test_both_streams(labeler);
  }
  morlaif_close(labeler);
  morlaif_close(client);
  morlaif_status_clear(&status);
}

int main(int count, char **arguments) {
  if (count != 4 && count != 5) {
    return fprintf(stderr, "usage: services CERTIFICATES PORT LABELER_PORT RESTART_COMMAND\n"), 2;
  }
  static const char *const names[] = {"ca.pem", "client.pem", "client.key"};
  for (int i = 0; i < 3; i++) snprintf(paths[i], sizeof paths[i], "%s/%s", arguments[1], names[i]);
  scalarizer_port = (uint16_t)atoi(arguments[2]);
  if (count == 5) {
    labeler_port = (uint16_t)atoi(arguments[3]);
    test_services(arguments[4]);
  } else {
    test_hostile(scalarizer_port, arguments[3]);
  }
  printf("services: %d passed, %d failed\n", passed, failed);
  return failed > 0 || passed == 0;
}
