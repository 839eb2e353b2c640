// Rules about how the two sides of a connection prove who they are.
#include <fmt/format.h>

#include "policy/connection_ends.h"
#include "policy/counterparts.h"
#include "policy/rules.h"
#include "policy/shared_keys.h"

namespace twinspan::policy {
namespace {

// The object that goes with an authentication type.
struct Companion {
  AuthenticationType type;
  std::string_view type_name;
  std::string_view field;
  std::string_view form;
  bool (*is_set)(const Connection& connection);
  SourceMark (*mark)(const Connection& connection);
};

constexpr Companion kCompanions[] = {
    {AuthenticationType::Psk, "psk", "shared_key", "add shared_key: { file: NAME.psk }",
     [](const Connection& connection) { return connection.shared_key_file.is_set; },
     [](const Connection& connection) { return connection.shared_key_file.mark; }},
    {AuthenticationType::Certificate, "certificate", "certificate_authentication",
     "name the gateway's certificate, its private key, and the CAs of the peer",
     [](const Connection& connection) { return connection.certificate.has_value(); },
     [](const Connection& connection) { return connection.certificate->mark; }},
    {AuthenticationType::RawPublicKey, "raw-public-key", "raw_public_key_authentication",
     "name the gateway's private key and the peer's public key",
     [](const Connection& connection) { return connection.raw_key.has_value(); },
     [](const Connection& connection) { return connection.raw_key->mark; }},
};

void check_companion(const Connection& connection, const Companion& companion, RuleReport& report) {
  const AuthenticationType type = *connection.authentication_type;
  if (type == companion.type && !companion.is_set(connection)) {
    report.error({connection.mark,
                  {path_of(connection)},
                  fmt::format("{} is missing", companion.field),
                  std::string(companion.form)});
  }
  if (type != companion.type && companion.is_set(connection)) {
    report.error({companion.mark(connection),
                  {path_of(connection)},
                  fmt::format("{} has no effect without authentication_type: {}", companion.field,
                              companion.type_name),
                  "remove it, or change authentication_type"});
  }
}

void check_certificate(const Connection& connection, const CertificateReference& certificate,
                       RuleReport& report) {
  if (certificate.chain->empty()) {
    report.error({certificate.chain.mark,
                  {path_of(connection)},
                  "inbound_auth_certificate_chain names no CA",
                  "name the file with the root CA of the peer's certificate"});
  }
  if (*certificate.certificate == *certificate.private_key) {
    report.error({certificate.private_key.mark,
                  {path_of(connection)},
                  "the certificate and the private key are the same file",
                  "keep the private key in a file of its own, with mode 0600"});
  }
}

void refuse_key_id(const Connection& connection, const MarkedText& identity, std::string_view field,
                   RuleReport& report) {
  if (!identity.is_set || !identity->starts_with("keyid:")) return;
  report.error({identity.mark,
                {path_of(connection)},
                fmt::format("{} is a keyid, which no certificate can name", field),
                "give an address, a name or user@domain that the certificate holds"});
}

// What keeps a name inside the estate's folder, together with how the file is opened
// (docs/decisions/0025-key-files.md).
void refuse_climbing(const Connection& connection, const MarkedText& file, RuleReport& report) {
  if (!goes_up(*file)) return;
  report.error({file.mark,
                {path_of(connection)},
                fmt::format("the key file {} is reached over '..'", in_quotes(*file)),
                file->starts_with('/')
                    ? "give the path without '..'"
                    : "keep keys beneath the estate's folder, or give the path from '/' on"});
}

}  // namespace

void check_key_files(const Connection& connection, RuleReport& report) {
  refuse_climbing(connection, connection.shared_key_file, report);
  if (connection.ppk) refuse_climbing(connection, connection.ppk->file, report);
  if (connection.certificate)
    refuse_climbing(connection, connection.certificate->private_key, report);
  if (connection.raw_key) refuse_climbing(connection, connection.raw_key->private_key, report);
}

void check_key_files(const Model& model, RuleReport& report) {
  for (const auto& [name, connection] : model.connections) check_key_files(connection, report);
}

void check_authentication(const Model& model, RuleReport& report) {
  for (const auto& [name, connection] : model.connections) {
    for (const Companion& companion : kCompanions) check_companion(connection, companion, report);
    if (*connection.authentication_type != AuthenticationType::Certificate ||
        !connection.certificate)
      continue;
    check_certificate(connection, *connection.certificate, report);
    refuse_key_id(connection, connection.local_id, "local_id", report);
    refuse_key_id(connection, connection.remote_id, "remote_id", report);
  }
}

void check_authentication_reverse(const Model& model, RuleReport& report) {
  const Counterparts counterparts(model);
  for (const auto& [name, connection] : model.connections) {
    const Connection* const back = counterparts.counterpart_of(connection);
    if (back == nullptr || !counterparts.is_reported_by(connection, *back)) continue;
    if (*connection.authentication_type == *back->authentication_type) continue;
    report.error({connection.authentication_type.mark,
                  {path_of(connection), path_of(*back)},
                  fmt::format("authentication_type differs from that of {}", back->name),
                  "use one for both directions"});
  }
}

}  // namespace twinspan::policy
