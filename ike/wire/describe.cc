// One line about a message in the RFC's words, for logs. It takes values and no state, so that
// printing a hostile message cannot touch an SA.
#include <fmt/format.h>

#include "ike/wire/message.h"

namespace twinspan::ike {

std::string exchange_name(uint8_t exchange) {
  switch (ExchangeType{exchange}) {
    case ExchangeType::IkeSaInit:
      return "IKE_SA_INIT";
    case ExchangeType::IkeAuth:
      return "IKE_AUTH";
    case ExchangeType::CreateChildSa:
      return "CREATE_CHILD_SA";
    case ExchangeType::Informational:
      return "INFORMATIONAL";
    case ExchangeType::IkeIntermediate:
      return "IKE_INTERMEDIATE";
    case ExchangeType::IkeFollowupKe:
      return "IKE_FOLLOWUP_KE";
  }
  return fmt::format("EXCHANGE({})", exchange);
}

namespace {

std::string opaque_name(uint8_t type) {
  switch (PayloadType{type}) {
    case PayloadType::Certificate:
      return "CERT";
    case PayloadType::CertificateRequest:
      return "CERTREQ";
    case PayloadType::Configuration:
      return "CP";
    case PayloadType::Eap:
      return "EAP";
    default:
      return fmt::format("PAYLOAD({})", type);
  }
}

struct PayloadName {
  bool is_response;

  std::string operator()(const SaPayload&) const { return "SA"; }
  std::string operator()(const KePayload&) const { return is_response ? "KEr" : "KEi"; }
  std::string operator()(const IdPayload& id) const { return id.of_initiator ? "IDi" : "IDr"; }
  std::string operator()(const CertPayload&) const { return "CERT"; }
  std::string operator()(const CertRequestPayload&) const { return "CERTREQ"; }
  std::string operator()(const AuthPayload&) const { return "AUTH"; }
  std::string operator()(const NoncePayload&) const { return is_response ? "Nr" : "Ni"; }
  std::string operator()(const NotifyPayload& notify) const {
    const char* name = notify_name(notify.type);
    return name ? fmt::format("N({})", name)
                : fmt::format("N({})", static_cast<uint16_t>(notify.type));
  }
  std::string operator()(const DeletePayload&) const { return "D"; }
  std::string operator()(const TsPayload& ts) const { return ts.of_initiator ? "TSi" : "TSr"; }
  std::string operator()(const VendorIdPayload&) const { return "V"; }
  std::string operator()(const OpaquePayload& opaque) const { return opaque_name(opaque.type); }
};

}  // namespace

std::string describe(const Header& header, const std::vector<Payload>& payloads) {
  std::string text =
      fmt::format("{} {} {} [", exchange_name(header.exchange),
                  header.is_response ? "response" : "request", header.message_id.value);
  const char* separator = "";
  for (const Payload& payload : payloads) {
    text += separator + std::visit(PayloadName{header.is_response}, payload);
    separator = ", ";
  }
  return text + "]";
}

}  // namespace twinspan::ike
