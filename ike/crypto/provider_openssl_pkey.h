// What the two files about signatures and certificates share of OpenSSL. Private to ike/crypto.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <memory>

#include "ike/crypto/signature.h"

namespace twinspan::ike {

struct OpenSslFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_CRL* list) const { X509_CRL_free(list); }
  void operator()(X509_ALGOR* algorithm) const { X509_ALGOR_free(algorithm); }
  void operator()(X509_NAME* name) const { X509_NAME_free(name); }
  void operator()(X509_STORE* store) const { X509_STORE_free(store); }
  void operator()(X509_STORE_CTX* context) const { X509_STORE_CTX_free(context); }
  void operator()(STACK_OF(X509) * certificates) const {
    sk_X509_pop_free(certificates, X509_free);
  }
  void operator()(uint8_t* bytes) const { OPENSSL_free(bytes); }
};
template <class T>
using OpenSslHandle = std::unique_ptr<T, OpenSslFree>;

// OpenSSL leaves the reasons of a refusal in a queue of the thread; nobody else shall read them.
struct ErrorQueueGuard {
  ErrorQueueGuard() = default;
  ErrorQueueGuard(const ErrorQueueGuard&) = delete;
  ErrorQueueGuard& operator=(const ErrorQueueGuard&) = delete;
  ~ErrorQueueGuard() { ERR_clear_error(); }
};

bool is_pem(ByteView file);
// A pem_password_cb: OpenSSL would ask the terminal. `was_asked`: a bool, or nullptr.
int refuse_passphrase(char* buffer, int size, int is_writing, void* was_asked);
OpenSslHandle<BIO> read_only(ByteView bytes);  // `bytes` outlive it.

// A key of a peer or of a file: the error says why it is not admitted.
Result<std::shared_ptr<const PublicKey>, std::string> admit_public_key(OpenSslHandle<EVP_PKEY> key);

}  // namespace twinspan::ike
