#include "tools/twinspand/firewall_listing.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "policy/firewall_drops.h"

namespace twinspan::tools {
namespace {

using nlohmann::json;
using policy::FirewallItem;
using policy::FirewallTable;

std::string text(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// "lan0", 10.1.0.1, 10.1.0.0/16, and several joined: as nft takes them.
std::string words_of(const json& element) {
  if (element.is_string()) return element.get<std::string>();
  if (!element.is_object()) return element.dump();
  if (const auto prefix = element.find("prefix"); prefix != element.end() && prefix->is_object())
    return text(*prefix, "addr") + "/" + std::to_string(prefix->value("len", 0));
  const auto parts = element.find("concat");
  if (parts == element.end() || !parts->is_array()) return element.dump();
  std::string joined;
  for (const json& part : *parts) joined += (joined.empty() ? "" : " . ") + words_of(part);
  return joined;
}

// What a set holds by itself, because packets passed, is no part of what was put up.
bool is_filled_by_packets(const json& set) {
  return set.contains("timeout");
}

// Without what changes by itself.
json lasting(json object) {
  for (const char* const name : {"handle", "elem", "index"}) object.erase(name);
  if (const auto expressions = object.find("expr");
      expressions != object.end() && expressions->is_array()) {
    for (json& expression : *expressions) {
      if (expression.is_object() && expression.contains("counter")) expression["counter"] = nullptr;
    }
  }
  return object;
}

// By name as nft prints them; what has none there is a number.
uint8_t protocol_of(const json& word) {
  static const std::map<std::string, uint8_t, std::less<>> kNames = {
      {"icmp", 1}, {"tcp", 6},        {"udp", 17},    {"gre", 47},  {"esp", 50},
      {"ah", 51},  {"ipv6-icmp", 58}, {"icmpv6", 58}, {"sctp", 132}};
  if (word.is_number_unsigned() && word.get<uint64_t>() <= 255) return word.get<uint8_t>();
  const auto found = word.is_string() ? kNames.find(word.get<std::string>()) : kNames.end();
  return found == kNames.end() ? 0 : found->second;
}

uint64_t number(const json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() && found->is_number_unsigned() ? found->get<uint64_t>() : 0;
}

std::optional<policy::FirewallNote> note_of(const json& element) {
  const json& body = element.is_object() && element.contains("elem") ? element["elem"] : element;
  const json value = body.is_object() ? body.value("val", json()) : json();
  const json parts = value.is_object() ? value.value("concat", json()) : json();
  if (!parts.is_array() || parts.size() != 4 || !parts[0].is_string()) return std::nullopt;
  const auto source = IpAddress::parse(words_of(parts[1]));
  const auto destination = IpAddress::parse(words_of(parts[2]));
  if (!source || !destination || source->family() != destination->family()) return std::nullopt;
  return policy::FirewallNote{.input = parts[0].get<std::string>(),
                              .source = *source,
                              .destination = *destination,
                              .protocol = protocol_of(parts[3]),
                              .packets = number(body.value("counter", json()), "packets")};
}

class Reader {
 public:
  FirewallTable read(const json& root) {
    for (const json& entry : root.value("nftables", json::array())) {
      if (!entry.is_object() || entry.empty() || !entry.front().is_object()) continue;
      add(entry.begin().key(), entry.front());
    }
    return std::move(table_);
  }

 private:
  void add(const std::string& kind, const json& object) {
    const std::string name = text(object, "name");
    if (kind == "table") {
      table_.exists = true;
      add_item({FirewallItem::Kind::Table, name, "", lasting(object).dump()});
    } else if (kind == "chain") {
      table_.chains.push_back(name);
      add_item({FirewallItem::Kind::Chain, name, "", lasting(object).dump()});
    } else if (kind == "set") {
      add_set(name, object);
    } else if (kind == "rule") {
      add_rule(text(object, "chain"), object);
    }
  }

  void add_set(const std::string& name, const json& set) {
    add_item({FirewallItem::Kind::Set, name, "", lasting(set).dump()});
    std::vector<std::string>& plain = table_.sets[name];
    const auto elements = set.find("elem");
    if (elements == set.end() || !elements->is_array()) return;
    if (is_filled_by_packets(set)) return add_notes(name, *elements);
    for (const json& element : *elements) {
      const std::string words = words_of(element);
      const bool is_plain =
          element.is_string() || (element.is_object() && element.contains("prefix"));
      if (is_plain) plain.push_back(words);
      add_item({FirewallItem::Kind::Element, name, words, element.dump()});
    }
  }

  void add_notes(const std::string& set, const json& elements) {
    const size_t end = set.rfind(policy::kNotedSetStem);
    if (end == std::string::npos) return;
    std::vector<policy::FirewallNote>& notes = table_.drops[set.substr(0, end)].notes;
    for (const json& element : elements) {
      if (auto note = note_of(element)) notes.push_back(*std::move(note));
    }
  }

  void add_rule(const std::string& chain, const json& rule) {
    for (const json& expression : rule.value("expr", json::array())) {
      if (!expression.is_object() || !expression.contains("counter")) continue;
      policy::FirewallDrops& drops = table_.drops[chain];
      drops.packets += number(expression["counter"], "packets");
      drops.bytes += number(expression["counter"], "bytes");
    }
    const std::string comment = text(rule, "comment");
    add_item({FirewallItem::Kind::Rule, chain,
              fmt::format("{}{}", ++rules_[chain],
                          comment.empty() ? "" : fmt::format(" (\"{}\")", comment)),
              lasting(rule).dump()});
  }

  void add_item(FirewallItem item) { table_.items.push_back(std::move(item)); }

  FirewallTable table_;
  std::map<std::string, unsigned> rules_;  // Of a chain, so far.
};

}  // namespace

FirewallTable parse_firewall_table(const std::string& json_text) {
  const json root = json::parse(json_text, nullptr, false);
  return root.is_object() ? Reader().read(root) : FirewallTable{};
}

}  // namespace twinspan::tools
