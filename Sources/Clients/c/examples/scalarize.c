// Sets the scalarizer to the linear rule and asks it for the rewards of two answers.
//
//   scalarize HOST PORT CERTIFICATES
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "morlaif.h"
#include "morlaif/v1/scalarizer.pb-c.h"

static morlaif_options options_from(char **arguments, char paths[3][4096]) {
  static const char *const names[] = {"ca.pem", "client.pem", "client.key"};
  for (int i = 0; i < 3; i++) snprintf(paths[i], 4096, "%s/%s", arguments[3], names[i]);
  return (morlaif_options){.host = arguments[1],
                           .port = (uint16_t)atoi(arguments[2]),
                           .authority_file = paths[0],
                           .certificate_file = paths[1],
                           .key_file = paths[2]};
}

static int fail(const char *what, const morlaif_status *status) {
  fprintf(stderr, "%s: %s: %s\n", what, morlaif_code_name(status->code), status->message);
  return 1;
}

int main(int count, char **arguments) {
  if (count != 4) return fprintf(stderr, "usage: scalarize HOST PORT CERTIFICATES\n"), 2;
  char paths[3][4096];
  morlaif_options options = options_from(arguments, paths);
  morlaif_status status = {0};
  morlaif_client *client = morlaif_connect(&options, &status);
  if (!client) return fail("connect", &status);

  // Standardised by hand here; without a normaliser the statistics that come with the scores are used.
  char *principles[] = {"conciseness", "relevance"}, *items[] = {"first", "second"};
  Morlaif__V1__Normaliser plain = MORLAIF__V1__NORMALISER__INIT;
  plain.standard_deviation = 1;
  Morlaif__V1__PrincipleWeight weights[2], *weight_list[2];
  for (int i = 0; i < 2; i++) {
    weights[i] = (Morlaif__V1__PrincipleWeight)MORLAIF__V1__PRINCIPLE_WEIGHT__INIT;
    weights[i].principle_id = principles[i];
    weights[i].weight = i + 1;
    weights[i].normaliser = &plain;
    weight_list[i] = &weights[i];
  }
  Morlaif__V1__ScalarizationConfiguration configuration =
      MORLAIF__V1__SCALARIZATION_CONFIGURATION__INIT;
  configuration.method = MORLAIF__V1__SCALARIZATION_METHOD__SCALARIZATION_METHOD_LINEAR;
  configuration.n_weights = 2;
  configuration.weights = weight_list;
  Morlaif__V1__ConfigureRequest configure = MORLAIF__V1__CONFIGURE_REQUEST__INIT;
  configure.configuration = &configuration;

  morlaif_call_options call = {.timeout_us = 5000000};
  ProtobufCMessage *configured =
      morlaif_unary(client, "morlaif.v1.Scalarizer/Configure", &call, &configure.base,
                    &morlaif__v1__configure_reply__descriptor, &status);
  if (!configured) return fail("Configure", &status);

  float values[] = {1, 0.5f, -1, 2};  // B x K, row by row
  Morlaif__V1__ScoreMatrix scores = MORLAIF__V1__SCORE_MATRIX__INIT;
  scores.n_principle_ids = scores.n_item_ids = 2;
  scores.principle_ids = principles;
  scores.item_ids = items;
  scores.n_values = 4;
  scores.values = values;
  Morlaif__V1__ScalarizeRequest request = MORLAIF__V1__SCALARIZE_REQUEST__INIT;
  request.scores = &scores;
  Morlaif__V1__ScalarizeReply *reply = (Morlaif__V1__ScalarizeReply *)morlaif_unary(
      client, "morlaif.v1.Scalarizer/Scalarize", &call, &request.base,
      &morlaif__v1__scalarize_reply__descriptor, &status);
  if (!reply) return fail("Scalarize", &status);
  for (size_t i = 0; i < reply->n_rewards && i < 2; i++) {
    printf("%s\t%g\n", items[i], reply->rewards[i]);
  }
  printf("version %" PRIu64 "\n", reply->configuration_version);

  morlaif_free(configured);
  morlaif_free(&reply->base);
  morlaif_close(client);
  return 0;
}
