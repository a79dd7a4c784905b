// Runs the conversations of Tests/Vectors/wire that have a client under test through the machine of
// the C client, in one piece and in small ones.
//
//   vectors FOLDER
#include "../../../Sources/Clients/c/morlaif.c"

#include <dirent.h>

static int failures;

struct run {
  const char *name;
  morlaif_client client;
  morlaif_call *calls[8];
  bool has_opened, is_unary, is_for_client;
  int opens;
  size_t piece;
};

static void complain(const struct run *run, const char *what) {
  fprintf(stderr, "%s in pieces of %zu: %s\n", run->name, run->piece, what);
  failures++;
}

// Words of hexadecimal digits; HEX*N stands for N times the same bytes.
static struct buffer read_bytes(char *words) {
  struct buffer all = {0};
  char *rest = NULL;
  for (char *word = strtok_r(words, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest)) {
    struct buffer once = {0};
    char *star = strchr(word, '*');
    long times = star ? atol(star + 1) : 1;
    if (star) *star = 0;
    for (size_t i = 0; word[i] && word[i + 1]; i += 2) {
      char digits[3] = {word[i], word[i + 1], 0};
      uint8_t byte = (uint8_t)strtoul(digits, NULL, 16);
      append(&once, &byte, 1);
    }
    while (times-- > 0) append(&all, once.bytes, once.count);
    drop(&once);
  }
  reserve(&all, 1);
  return all;
}

// A client only believes in calls it has opened itself.
static void open_its_calls(struct run *run) {
  if (run->has_opened || !run->client.is_ready || run->client.has_failed) return;
  static const uint8_t nothing[1];
  run->has_opened = true;
  for (int i = 0; i < run->opens; i++) {
    morlaif_status status = {0};
    const uint8_t *message = run->is_unary ? nothing : NULL;
    run->calls[i] = open_call(&run->client, "a/b", NULL, message, 0, true, &status);
    if (!run->calls[i]) complain(run, status.message);
  }
}

static void receive(struct run *run, char *words) {
  struct buffer bytes = read_bytes(words);
  if (!run->is_for_client) run->client.receive_window = run->client.local.connection_window;
  run->is_for_client = true;
  for (size_t start = 0; start < bytes.count;) {
    size_t count = bytes.count - start < run->piece ? bytes.count - start : run->piece;
    feed(&run->client, bytes.bytes + start, count);
    open_its_calls(run);
    start += count;
  }
  drop(&bytes);
}

// Whether the last frame sent is a GO_AWAY with the code and the number of this rule (W37).
static bool is_refused_by(const struct run *run, const char *rule) {
  const struct buffer *output = &run->client.output;
  size_t at = 0, last = 0;
  while (at + HEADER_BYTES <= output->count) {
    last = at;
    at += HEADER_BYTES + (size_t)big_endian(output->bytes + at, 4);
  }
  int number = atoi(rule + 1);
  uint8_t code = number == 6 || number == 35 ? 8 : number == 11 ? 9 : 3;
  char wanted[16];
  int count = snprintf(wanted, sizeof wanted, "%s: ", rule);
  const uint8_t *payload = output->bytes + last + HEADER_BYTES;
  return run->client.has_failed && at == output->count && output->bytes[last + 4] == GO_AWAY &&
         payload[1] == code && memmem(payload, at - last - HEADER_BYTES, wanted, (size_t)count);
}

static void expect_message(struct run *run, morlaif_call *call, char *words) {
  struct buffer wanted = read_bytes(words);
  struct message *message = call->first;
  if (!message || message->count != wanted.count ||
      memcmp(message->bytes, wanted.bytes, wanted.count)) {
    complain(run, "another message, or none");
  } else if (!run->is_unary) {
    morlaif_status status = {0};
    size_t count;
    free(morlaif_receive_bytes(call, &count, &status));
  }
  drop(&wanted);
}

static void expect_end(struct run *run, morlaif_call *call, char *words) {
  morlaif_status status = {0};
  size_t count = 0;
  if (call->is_open) return complain(run, "the call goes on");
  if (run->is_unary) {
    free(only_reply(call, &count, &status));
  } else {
    for (uint8_t *bytes; (bytes = morlaif_receive_bytes(call, &count, &status));) free(bytes);
  }
  char *rest = NULL, *code = strtok_r(words, " \n", &rest);
  bool unprocessed = strtok_r(NULL, " \n", &rest) != NULL;
  if (strcmp(morlaif_code_name(status.code), code) != 0) complain(run, status.message);
  if (status.unprocessed != unprocessed) complain(run, "unprocessed is wrong");
  morlaif_status_clear(&status);
}

static void expect(struct run *run, char *words) {
  char *rest = NULL, *what = strtok_r(words, " \n", &rest);
  if (strcmp(what, "ok") == 0) {
    if (strstr(run->client.failure.message, "wire protocol")) {
      complain(run, run->client.failure.message);
    }
  } else if (what[0] == 'W') {
    if (!is_refused_by(run, what)) complain(run, run->client.failure.message);
  } else if (strcmp(what, "sends") == 0) {
    struct buffer frame = read_bytes(rest);
    const struct buffer *output = &run->client.output;
    if (!memmem(output->bytes, output->count, frame.bytes, frame.count)) complain(run, "not sent");
    drop(&frame);
  } else {
    char *number = strtok_r(NULL, " \n", &rest);
    int id = number ? atoi(number) : 0;
    morlaif_call *call = id >= 1 && id <= run->opens ? run->calls[id - 1] : NULL;
    if (!call) complain(run, "there is no such call");
    else if (strcmp(what, "message") == 0) expect_message(run, call, rest);
    else if (strcmp(what, "ends") == 0) expect_end(run, call, rest);
    else complain(run, what);
  }
}

static void announce_limits(struct run *run, char *words) {
  char *rest = NULL;
  struct limits *local = &run->client.local;
  for (char *word = strtok_r(words, "= \n", &rest); word; word = strtok_r(NULL, "= \n", &rest)) {
    char *value = strtok_r(NULL, " \n", &rest);
    int64_t number = value ? atol(value) : 0;
    if (strcmp(word, "message_bytes_max") == 0) local->message = number;
    else if (strcmp(word, "call_window_bytes") == 0) local->call_window = number;
    else if (strcmp(word, "connection_window_bytes") == 0) local->connection_window = number;
  }
}

static void choose_calls(struct run *run, char *words) {
  char *rest = NULL;
  run->opens = 0;
  for (char *word = strtok_r(words, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest)) {
    run->opens++;
    run->is_unary = strcmp(word, "unary") == 0;
  }
}

// Runs a file; false when it has no client under test, or one that knows a feature.
static bool run_file(const char *path, const char *name, size_t piece) {
  FILE *file = fopen(path, "r");
  char *line = NULL;
  size_t capacity = 0;
  struct run run = {.name = name, .opens = 2, .piece = piece};
  run.client.local = default_limits;
  run.client.socket = -1;
  run.client.last_received = now_us();
  while (file && getline(&line, &capacity, file) >= 0) {
    if (strncmp(line, "needs ", 6) == 0 && strcmp(line + 6, "calls\n") != 0) break;
    if (strncmp(line, "limits ", 7) == 0) announce_limits(&run, line + 7);
    else if (strncmp(line, "opens ", 6) == 0) choose_calls(&run, line + 6);
    else if (strncmp(line, "server ", 7) == 0) receive(&run, line + 7);
    else if (strncmp(line, "expect client ", 14) == 0) expect(&run, line + 14);
    else if (strncmp(line, "closes", 6) == 0) {
      run.client.flushed = UINT64_MAX - 1;  // Everything was written.
      lose(&run.client, "the connection was closed by the server");
    }
  }
  free(line);
  if (file) fclose(file);
  for (int i = 0; i < 8; i++) morlaif_finish(run.calls[i]);
  if (run.client.calls || run.client.incomplete_bytes) complain(&run, "calls left something");
  morlaif_status_clear(&run.client.failure);
  drop(&run.client.output);
  drop(&run.client.payload);
  return run.is_for_client;
}

int main(int count, char **arguments) {
  struct dirent **entries;
  int entry_count = count == 2 ? scandir(arguments[1], &entries, NULL, alphasort) : -1;
  if (entry_count < 0) return fprintf(stderr, "usage: vectors FOLDER\n"), 2;
  static const size_t pieces[] = {1, 7, 4099, SIZE_MAX};
  int passed = 0, failed = 0;
  for (int i = 0; i < entry_count; i++) {
    const char *name = entries[i]->d_name, *dot = strrchr(name, '.');
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", arguments[1], name);
    if (dot && strcmp(dot, ".wire") == 0) {
      int before = failures;
      bool is_for_client = false;
      for (int k = 0; k < 4; k++) is_for_client |= run_file(path, name, pieces[k]);
      passed += is_for_client && failures == before;
      failed += failures != before;
    }
    free(entries[i]);
  }
  free(entries);
  printf("vectors: %d passed, %d failed\n", passed, failed);
  return failed > 0 || passed == 0;
}
