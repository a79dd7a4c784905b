// System OpenSSL 3 for Swift: the headers, and inline functions for what the importer cannot see,
// because it is a macro or needs one.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

static inline int morlaif_ssl_ctx_only_tls_1_3(SSL_CTX *context) {
  return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
         SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1;
}

static inline void morlaif_ssl_ctx_set_defaults(SSL_CTX *context) {
  // Buffers go back when a record is done, so that an idle connection costs little.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_AUTO_RETRY);
  // Connections live long; resumption would only be another thing to secure.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
}

static inline int morlaif_ssl_set_server_name(SSL *session, const char *name) {
  return (int)SSL_set_tlsext_host_name(session, name);
}

static inline int morlaif_err_reason(unsigned long code) { return ERR_GET_REASON(code); }

static inline int morlaif_err_library(unsigned long code) { return ERR_GET_LIB(code); }

// Calls `found` for each DNS, URI and IP subject alternative name of a certificate. Addresses come
// as 4 or 16 raw bytes.
static inline void morlaif_x509_each_alternative_name(
    X509 *certificate, void *user,
    void (*found)(void *user, int is_address, const unsigned char *bytes, int count)) {
  GENERAL_NAMES *names = (GENERAL_NAMES *)X509_get_ext_d2i(certificate, NID_subject_alt_name, 0, 0);
  if (names == 0) return;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DNS) {
      found(user, 0, ASN1_STRING_get0_data(name->d.dNSName), ASN1_STRING_length(name->d.dNSName));
    } else if (name->type == GEN_URI) {
      const ASN1_IA5STRING *uri = name->d.uniformResourceIdentifier;
      found(user, 0, ASN1_STRING_get0_data(uri), ASN1_STRING_length(uri));
    } else if (name->type == GEN_IPADD) {
      found(user, 1, ASN1_STRING_get0_data(name->d.iPAddress),
            ASN1_STRING_length(name->d.iPAddress));
    }
  }
  GENERAL_NAMES_free(names);
}
