// `twinspan explain`, `drops` and `verify`: questions about the running gateway with a verdict.
#include <algorithm>
#include <charconv>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/ip_address.h"
#include "tools/twinspan/commands.h"
#include "tools/twinspan/render_answers.h"
#include "tools/twinspand/control_protocol.h"
#include "tools/twinspand/exit_code.h"

namespace twinspan::tools {
namespace {

using nlohmann::json;

// 0 when it is not said; nullopt: no such protocol.
std::optional<unsigned> protocol_number(const std::string& text) {
  if (text.empty()) return 0;
  if (text == "icmp") return 1;
  if (text == "tcp") return 6;
  if (text == "udp") return 17;
  if (text == "icmpv6") return 58;
  if (text == "sctp") return 132;
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number == 0 || number > 255)
    return std::nullopt;
  return number;
}

int refuse(const CommandOptions& options, const std::string& text) {
  return report_failed(options, kMethodExplain, {"", {}, text, true});
}

}  // namespace

int run_explain(const CommandOptions& options) {
  const ExplainArguments& asked = options.explain;
  for (const std::string& address : {asked.source, asked.destination}) {
    if (!IpAddress::parse(address)) return refuse(options, address + " is no IP address");
  }
  const auto protocol = protocol_number(asked.protocol);
  if (!protocol)
    return refuse(options, asked.protocol + ": tcp, udp, icmp, icmpv6, sctp or 1 to 255");
  const auto answer = call_daemon(options, kMethodExplain,
                                  {{"source", asked.source},
                                   {"destination", asked.destination},
                                   {"protocol", *protocol},
                                   {"source_port", asked.source_port},
                                   {"destination_port", asked.destination_port},
                                   {"length", asked.size},
                                   {"dont_fragment", asked.dont_fragment},
                                   {"from", asked.from}});
  if (!answer) return report_failed(options, kMethodExplain, answer.error());
  std::cout << (options.json ? answer->dump(2) + "\n" : render_explanation(*answer));
  return (*answer)["verdict"] == "delivered" ? kExitOk : kExitNegative;
}

int run_drops(const CommandOptions& options) {
  const auto answer = call_daemon(options, kMethodDrops, {{"last", options.last}});
  if (!answer) return report_failed(options, kMethodDrops, answer.error());
  std::cout << (options.json ? answer->dump(2) + "\n" : render_drops(*answer));
  return kExitOk;
}

int run_verify(const CommandOptions& options) {
  const auto answer = call_daemon(options, kMethodVerify, {{"connection", options.object}});
  if (!answer) return report_failed(options, kMethodVerify, answer.error());
  std::cout << (options.json ? answer->dump(2) + "\n" : render_checks(*answer));
  const bool has_failed = std::ranges::any_of(
      (*answer)["checks"], [](const json& check) { return check["result"] == "fail"; });
  return has_failed ? kExitNegative : kExitOk;
}

}  // namespace twinspan::tools
