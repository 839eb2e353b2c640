#include "tests/support/ladder.h"

#include <fmt/format.h>

namespace twinspan::ike {

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
