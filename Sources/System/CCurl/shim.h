// libcurl's curl_easy_setopt and curl_easy_getinfo are variadic, which Swift cannot call. These
// inline functions give each option type that we use its own name.
#ifndef MORLAIF_CCURL_SHIM_H
#define MORLAIF_CCURL_SHIM_H

#include <curl/curl.h>

static inline CURLcode morlaif_curl_set_long(CURL *handle, CURLoption option, long value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode morlaif_curl_set_string(CURL *handle, CURLoption option, const char *value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode morlaif_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode morlaif_curl_set_list(CURL *handle, CURLoption option,
                                             struct curl_slist *value) {
  return curl_easy_setopt(handle, option, value);
}

typedef size_t (*morlaif_curl_data_callback)(char *data, size_t size, size_t count, void *context);

static inline CURLcode morlaif_curl_set_callback(CURL *handle, CURLoption option,
                                                 morlaif_curl_data_callback value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode morlaif_curl_get_long(CURL *handle, CURLINFO info, long *value) {
  return curl_easy_getinfo(handle, info, value);
}

// The message is a union in C, and Swift sees only its members by layout; this reads the result.
static inline CURLcode morlaif_curl_message_result(const CURLMsg *message) {
  return message->data.result;
}

static inline CURLMcode morlaif_curl_multi_set_long(CURLM *handle, CURLMoption option, long value) {
  return curl_multi_setopt(handle, option, value);
}

#endif
