#include "tests/support/ladder.h"

#include <fmt/format.h>

namespace twinspan::ike {
namespace {

const char* exchange_name(uint8_t exchange) {
  switch (static_cast<ExchangeType>(exchange)) {
    case ExchangeType::IkeSaInit:
      return "IKE_SA_INIT";
    case ExchangeType::IkeAuth:
      return "IKE_AUTH";
    case ExchangeType::CreateChildSa:
      return "CREATE_CHILD_SA";
    case ExchangeType::Informational:
      return "INFORMATIONAL";
  }
  return "?";
}

}  // namespace

std::string to_string(const WireMessage& message, const std::vector<std::string>& names) {
  return fmt::format(
      "{} --{} {} {} [{:04x}]--> {}", names[message.from], exchange_name(message.header.exchange),
      message.header.is_response ? "response" : "request", message.header.message_id.value,
      static_cast<unsigned>(message.header.initiator_spi.value >> 48), names[message.to]);
}

std::string Ladder::render() const {
  std::string text;
  for (const std::string& line : lines_) text += line + "\n";
  return text;
}

}  // namespace twinspan::ike
