// Has the preference models score one answer, one line for each principle.
//
//   score HOST PORT CERTIFICATES PROMPT RESPONSE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "morlaif.h"
#include "morlaif/v1/preference_model.pb-c.h"

int main(int count, char **arguments) {
  if (count != 6) {
    return fprintf(stderr, "usage: score HOST PORT CERTIFICATES PROMPT RESPONSE\n"), 2;
  }
  char paths[3][4096];
  static const char *const names[] = {"ca.pem", "client.pem", "client.key"};
  for (int i = 0; i < 3; i++) snprintf(paths[i], sizeof paths[i], "%s/%s", arguments[3], names[i]);
  morlaif_options options = {.host = arguments[1],
                             .port = (uint16_t)atoi(arguments[2]),
                             .authority_file = paths[0],
                             .certificate_file = paths[1],
                             .key_file = paths[2]};
  morlaif_status status = {0};
  morlaif_client *client = morlaif_connect(&options, &status);
  Morlaif__V1__ScoreReply *reply = NULL;
  if (client) {
    Morlaif__V1__TextItem item = MORLAIF__V1__TEXT_ITEM__INIT, *items[] = {&item};
    item.id = "1";
    item.prompt_utf8 =
        (ProtobufCBinaryData){.len = strlen(arguments[4]), .data = (uint8_t *)arguments[4]};
    item.response_utf8 =
        (ProtobufCBinaryData){.len = strlen(arguments[5]), .data = (uint8_t *)arguments[5]};
    Morlaif__V1__ScoreRequest request = MORLAIF__V1__SCORE_REQUEST__INIT;
    request.n_items = 1;
    request.items = items;
    morlaif_call_options call = {.timeout_us = 60000000};
    reply = (Morlaif__V1__ScoreReply *)morlaif_unary(
        client, "morlaif.v1.PreferenceModel/Score", &call, &request.base,
        &morlaif__v1__score_reply__descriptor, &status);
  }
  const Morlaif__V1__ScoreMatrix *scores = reply ? reply->scores : NULL;
  if (reply && (!scores || scores->n_values != scores->n_principle_ids)) {
    fprintf(stderr, "the scores do not fit their principles\n");
  } else if (scores) {
    for (size_t i = 0; i < scores->n_values; i++) {
      printf("%s\t%g\n", scores->principle_ids[i], (double)scores->values[i]);
    }
  } else {
    fprintf(stderr, "%s: %s\n", morlaif_code_name(status.code), status.message);
  }
  int failed = scores == NULL;
  if (reply) morlaif_free(&reply->base);
  morlaif_status_clear(&status);
  morlaif_close(client);
  return failed;
}
