// What the certificate and the trust store share of OpenSSL. Private to ike/crypto.
#pragma once

#include <openssl/pem.h>

#include <string>
#include <vector>

#include "ike/crypto/certificate.h"
#include "ike/crypto/provider_openssl_pkey.h"

namespace twinspan::ike {

// Printable ASCII of bounded length whatever the certificate holds (RFC 4514 escapes the rest).
std::string name_text(const X509_NAME* name);
std::string subject_of(const X509* certificate);
WallTime to_wall_time(const ASN1_TIME* time);
Validity validity_of(const X509* certificate, const char* role);

OpenSslHandle<X509> parse_der(ByteView der);              // nullptr: no certificate, or too large.
OpenSslHandle<EVP_PKEY> key_of(const X509* certificate);  // nullptr: of a type that is not known.
bool is_self_signed(X509* certificate);
std::unique_ptr<const Certificate> make_certificate(OpenSslHandle<X509> certificate,
                                                    std::shared_ptr<const PublicKey> key);

// Every object of a file, PEM or DER; `read_pem` and `read_der` are OpenSSL's for the type. Empty:
// there is none, or one is broken.
template <class T, class ReadPem, class ReadDer>
std::vector<OpenSslHandle<T>> read_all(ByteView file, ReadPem read_pem, ReadDer read_der) {
  std::vector<OpenSslHandle<T>> objects;
  if (is_pem(file)) {
    const auto bio = read_only(file);
    while (T* const object = read_pem(bio.get(), nullptr, refuse_passphrase, nullptr))
      objects.emplace_back(object);
    // A block that is broken ends the reading as the end of the file does.
    const unsigned long error = ERR_peek_last_error();
    if (ERR_GET_LIB(error) != ERR_LIB_PEM || ERR_GET_REASON(error) != PEM_R_NO_START_LINE)
      objects.clear();
    return objects;
  }
  const uint8_t* position = file.data();
  OpenSslHandle<T> object(read_der(nullptr, &position, static_cast<long>(file.size())));
  if (object != nullptr && position == file.data() + file.size())
    objects.push_back(std::move(object));
  return objects;
}

std::vector<OpenSslHandle<X509>> read_certificates(ByteView file);

}  // namespace twinspan::ike
