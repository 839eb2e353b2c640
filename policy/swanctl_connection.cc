#include "policy/swanctl_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "policy/identity.h"
#include "policy/ipsec_suite.h"
#include "policy/model_reader.h"
#include "policy/swanctl_settings.h"
#include "policy/word_list.h"

namespace twinspan::policy {
namespace {

// strongSwan's defaults.
constexpr uint64_t kIkeRekeySeconds = 14400;
constexpr uint64_t kChildRekeySeconds = 3600;
// Ours, for who never rekeys.
constexpr uint64_t kIkeLifeTimeSeconds = 28800;
constexpr uint64_t kSaLifeTimeSeconds = 27000;
constexpr uint64_t kLifeTimeSecondsMax = 31536000;
constexpr uint64_t kDataSizeKilobytesMax = uint64_t{1} << 42;
constexpr uint64_t kDpdTimeoutMin = 9;
constexpr uint64_t kDpdTimeoutMax = 3600;
constexpr uint64_t kProbesUntilDead = 3;

// Of one connection, kept for comparing it with its other end.
constexpr size_t kAddressesMax = 16, kAlternativesMax = 10000;

uint64_t tenth_more(uint64_t value) {
  return value + value / 10;
}

// A prefix, or FIRST-LAST.
std::optional<AddressRange> read_range(std::string_view text) {
  if (const auto prefix = IpPrefix::parse(text))
    return AddressRange{prefix->address(), prefix->last_address()};
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = IpAddress::parse(text.substr(0, dash));
  const auto last = IpAddress::parse(text.substr(dash + 1));
  if (!first || !last || first->family() != last->family() || *last < *first) return std::nullopt;
  return AddressRange{*first, *last};
}

// "10.2.0.5/16", whose host bits strongSwan clears.
std::optional<IpPrefix> read_loose_prefix(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = IpAddress::parse(text.substr(0, slash));
  unsigned length = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, fault] = std::from_chars(text.data() + slash + 1, end, length);
  if (!address || fault != std::errc() || stop != end || length > address->bits())
    return std::nullopt;
  return IpPrefix(*address, length);
}

// "192.0.2.1", or with the length of a single address.
std::optional<IpAddress> read_address(std::string_view text) {
  const auto prefix = IpPrefix::parse(text);
  if (!prefix || prefix->length() != prefix->address().bits()) return std::nullopt;
  return prefix->address();
}

class ConnectionReader {
 public:
  ConnectionReader(const SettingsSection& section, SwanctlReading& reading)
      : section_(section), reading_(reading), path_("connections." + section.name) {}

  std::optional<SwanctlConnection> read() {
    out_.name = section_.name;
    out_.mark = section_.mark;
    out_.connection = blank_connection(section_.mark);
    out_.connection.latitude.emplace();
    out_.connection.connection_type = marked(ConnectionType::Ipsec, section_.mark);
    const bool is_admitted = admit_settings(section_, connection_settings(), path_, reading_.notes);
    if (!admit_version() || !is_admitted || !read_rounds()) return std::nullopt;
    read_addresses();  // Selectors may follow from them.
    if (!read_children() || !read_policy()) return std::nullopt;
    read_behaviour();
    return std::move(out_);
  }

 private:
  using Note = ImportNotes::Note;

  bool refuse(SourceMark mark, std::string_view key, std::string message, std::string remedy) {
    reading_.notes.left_out(
        {mark, fmt::format("{}.{}", path_, key), std::move(message), std::move(remedy)});
    return false;
  }
  void note_sections(const SettingsSection& section, const std::string& path, const char* why) {
    for (const SettingsSection& inner : section.sections)
      reading_.notes.not_carried({inner.mark, fmt::format("{}.{}", path, inner.name), why, ""});
  }
  void wrong(const SettingsValue& value, const std::string& path, std::string expected) {
    reading_.wrong(value.text_mark, path,
                   fmt::format("expected {}, not {}", expected, in_quotes(value.text)));
  }
  // The value in seconds or bytes, or `absent`.
  uint64_t quantity(const SettingsSection& section, const std::string& path, const char* key,
                    uint64_t absent) {
    const SettingsValue* const value = section.value(key);
    if (value == nullptr) return absent;
    const std::string_view name = key;
    const bool is_time = name.ends_with("_time") || name.ends_with("_delay");
    const auto number = is_time ? read_seconds(value->text) : read_bytes(value->text);
    if (number && *number <= UINT64_MAX / 16) return *number;
    wrong(*value, fmt::format("{}.{}", path, key),
          is_time ? "a time like 3600, 90m or 4h" : "a number like 1000000 or 5g");
    return absent;
  }

  bool admit_version();
  bool read_rounds();
  bool admit_rounds(const std::vector<const SettingsSection*>& rounds, const char* side);
  bool read_certificates(const SettingsSection& local, const SettingsSection& remote);
  void read_public_keys(const SettingsSection& local, const SettingsSection& remote);
  MarkedText identity(const SettingsSection& round, const char* side);
  bool read_children();
  bool read_child(const SettingsSection& child);
  std::optional<MarkedList<AddressRange>> ranges(const SettingsSection& child, const char* key);
  std::optional<AddressRange> own_range(const char* key);
  void read_addresses();
  Marked<IpAddress> first_address(const char* key, MarkedText* name, std::vector<IpAddress>& more);
  bool read_policy();
  // Everything of a list that is spoken here, the first being what a policy takes. None: nothing
  // is, which has been told.
  template <class Proposal>
  std::vector<Proposal> read_proposals(const SettingsValue* value, std::string_view key,
                                       std::vector<Proposal> (*read_word)(std::string_view,
                                                                          std::string&)) {
    const std::string place = fmt::format("{}.{}", path_, key);
    const SourceMark mark = value == nullptr ? section_.mark : value->text_mark;
    std::vector<Proposal> all;
    std::string first_unknown;
    const std::string_view text = value == nullptr ? "default" : std::string_view(value->text);
    for (const std::string_view word : comma_separated(text)) {
      std::string unknown;
      for (Proposal& proposal : read_word(word, unknown)) {
        if (all.size() < kAlternativesMax) all.push_back(std::move(proposal));
      }
      if (first_unknown.empty()) first_unknown = unknown;
    }
    if (all.empty()) {
      refuse(mark, key,
             fmt::format("no proposal that is spoken here: {}", in_quotes(first_unknown)),
             "agree on other algorithms with the peer");
      return all;
    }
    if (all.size() > 1) {
      reading_.notes.chosen({mark, place,
                             fmt::format("of the alternatives {} is taken; a policy is one "
                                         "combination",
                                         swanctl_proposal(all.front())),
                             "check that the peer takes it"});
    }
    if (!first_unknown.empty()) {
      reading_.notes.not_carried(
          {mark, place, fmt::format("{} is not spoken here", in_quotes(first_unknown)), ""});
    }
    return all;
  }
  std::vector<IkeProposal> ike_proposals();
  std::vector<EspProposal> esp_proposals();
  SourceMark mark_of(const SettingsSection& section, const char* key) const {
    const SettingsValue* const value = section.value(key);
    return value == nullptr ? section.mark : value->text_mark;
  }
  IpsecPolicy policy_of(const IkeProposal& ike, const EspProposal& esp);
  void set_lifetimes(IpsecPolicy& policy);
  void read_behaviour();

  const SettingsSection& section_;
  SwanctlReading& reading_;
  std::string path_;
  bool is_refused_ = false;  // For its identity.
  SwanctlConnection out_;
  std::vector<const SettingsSection*> carried_children_;
};

bool ConnectionReader::admit_version() {
  const SettingsValue* const version = section_.value("version");
  if (version != nullptr && version->text == "1") {
    if (reading_.purpose == ImportFor::Estate)
      return refuse(version->mark, "version", "IKEv1 is not spoken here, for good",
                    "have the peer use IKEv2");
    out_.connection.connection_protocol = marked(ConnectionProtocol::IkeV1, version->text_mark);
    return true;
  }
  if (version == nullptr || version->text == "0") {
    reading_.notes.chosen({version == nullptr ? section_.mark : version->mark, path_ + ".version",
                           "a peer that asks for IKEv1 was served as well, and is refused here",
                           "have it use IKEv2"});
  } else if (version->text != "2") {
    wrong(*version, path_ + ".version", "0, 1 or 2");
  }
  return true;
}

bool ConnectionReader::read_rounds() {
  static const SettingsSection kNone{};
  std::vector<const SettingsSection*> local, remote;
  for (const SettingsSection& inner : section_.sections) {
    if (inner.name.starts_with("local")) {
      local.push_back(&inner);
    } else if (inner.name.starts_with("remote")) {
      remote.push_back(&inner);
    } else if (inner.name != "children") {
      reading_.notes.not_carried(
          {inner.mark, fmt::format("{}.{}", path_, inner.name), "is not known here", ""});
    }
  }
  if (!admit_rounds(local, "local") || !admit_rounds(remote, "remote")) return false;
  const SettingsSection& own = local.empty() ? kNone : *local.front();
  const SettingsSection& theirs = remote.empty() ? kNone : *remote.front();
  const auto word = [](const SettingsSection& round) {
    const SettingsValue* const auth = round.value("auth");
    return auth == nullptr ? std::string_view("pubkey") : std::string_view(auth->text);
  };
  if ((word(own) == "psk") != (word(theirs) == "psk"))
    return refuse(section_.mark, "local.auth", "the two ends prove themselves in different ways",
                  "use the same auth for both");
  out_.connection.local_id = identity(own, "local");
  out_.connection.remote_id = identity(theirs, "remote");
  if (is_refused_) return false;
  if (word(own) == "psk") return true;
  if (own.value("pubkeys") == nullptr && theirs.value("pubkeys") == nullptr)
    return read_certificates(own, theirs);
  read_public_keys(own, theirs);
  return true;
}

bool ConnectionReader::admit_rounds(const std::vector<const SettingsSection*>& rounds,
                                    const char* side) {
  if (rounds.size() > 1)
    return refuse(rounds[1]->mark, rounds[1]->name, "there is one round of authentication here",
                  "leave the stronger one");
  if (rounds.empty()) return true;
  const SettingsSection& round = *rounds.front();
  const std::string path = fmt::format("{}.{}", path_, side);
  if (!admit_settings(round, round_settings(), path, reading_.notes)) return false;
  note_sections(round, path, "certificates and keys are named as files here");
  const SettingsValue* const auth = round.value("auth");
  if (auth == nullptr || auth->text == "psk" || auth->text == "pubkey") return true;
  const bool is_signature = auth->text.starts_with("pubkey") || auth->text.starts_with("rsa") ||
                            auth->text.starts_with("ecdsa") || auth->text.starts_with("ed") ||
                            auth->text.starts_with("ike:");
  if (!is_signature)
    return refuse(auth->text_mark, fmt::format("{}.auth", side),
                  fmt::format("{} is not spoken here", in_quotes(auth->text)),
                  "use psk or pubkey at both ends");
  if (std::string_view(side) == "remote")
    return refuse(auth->text_mark, "remote.auth",
                  "the peer would be admitted without what this asks of its key",
                  "use auth = pubkey and a CA that signs good keys alone");
  reading_.notes.not_carried({auth->text_mark, path + ".auth",
                              "how to sign is taken from the key and what the peer offers", ""});
  return true;
}

bool ConnectionReader::read_certificates(const SettingsSection& local,
                                         const SettingsSection& remote) {
  if (const SettingsValue* const pinned = remote.value("certs"))
    return refuse(pinned->mark, "remote.certs",
                  "the peer would be admitted with any certificate of its CA for its identity",
                  "use a CA that certifies this peer alone, or raw public keys");
  const auto list = [](const SettingsValue* value, SourceMark otherwise) {
    MarkedList<std::string> files{.mark = otherwise, .is_set = true};
    if (value == nullptr) return files;
    for (const std::string_view file : comma_separated(value->text))
      files.value.push_back(marked(std::string(file), value->text_mark));
    return files;
  };
  CertificateReference reference{.mark = section_.mark};
  const MarkedList<std::string> own = list(local.value("certs"), section_.mark);
  if (!own->empty()) reference.certificate = own->front();
  if (own->size() > 1) {
    reading_.notes.not_carried({own.mark, path_ + ".local.certs",
                                "a gateway has one certificate; the first is taken", ""});
  }
  reference.chain = list(remote.value("cacerts"), section_.mark);
  out_.connection.authentication_type = marked(AuthenticationType::Certificate, section_.mark);
  out_.connection.certificate = std::move(reference);
  return true;
}

void ConnectionReader::read_public_keys(const SettingsSection& local,
                                        const SettingsSection& remote) {
  RawKeyReference reference{.mark = section_.mark};
  const SettingsValue* const theirs = remote.value("pubkeys");
  const auto files =
      theirs == nullptr ? std::vector<std::string_view>() : comma_separated(theirs->text);
  if (!files.empty())
    reference.peer_public_key = marked(std::string(files.front()), theirs->text_mark);
  if (files.size() > 1) {
    reading_.notes.not_carried({theirs->text_mark, path_ + ".remote.pubkeys",
                                "the peer has one key here; the first is taken", ""});
  }
  if (const SettingsValue* const own = local.value("pubkeys")) {
    reading_.notes.chosen({own->mark, path_ + ".local.pubkeys",
                           "the gateway's public key follows from its private one", ""});
  }
  out_.connection.authentication_type = marked(AuthenticationType::RawPublicKey, section_.mark);
  out_.connection.raw_key = std::move(reference);
}

// Not set: the address, as here.
MarkedText ConnectionReader::identity(const SettingsSection& round, const char* side) {
  const SettingsValue* const id = round.value("id");
  const std::string key = fmt::format("{}.id", side);
  const bool is_any = id == nullptr || is_any_identity(id->text);
  if (is_any && std::string_view(side) == "local") return {.mark = section_.mark};
  if (is_any) {
    out_.connection.latitude->takes_any_identity = true;
    reading_.notes.chosen(
        {id == nullptr ? section_.mark : id->mark, fmt::format("{}.{}", path_, key),
         "a peer of any identity was served; here it has to be its address", "write remote_id"});
    return {.mark = section_.mark};
  }
  if (auto ours = read_swanctl_identity(id->text)) return marked(*std::move(ours), id->text_mark);
  refuse(id->text_mark, key,
         fmt::format("{} is no identity that can be written here", in_quotes(id->text)),
         "use an address, a name, an e-mail address or keyid:TEXT");
  is_refused_ = true;
  return {.mark = id->text_mark};
}

bool ConnectionReader::read_children() {
  const SettingsSection* const children = section_.section("children");
  if (children != nullptr) {
    for (const SettingsSection& child : children->sections) {
      if (read_child(child)) carried_children_.push_back(&child);
    }
  }
  if (carried_children_.empty())
    return refuse(children == nullptr ? section_.mark : children->mark, "children",
                  "no child of it can be carried", "");
  const auto is_any = [](const MarkedList<AddressRange>& ranges) {
    return std::ranges::all_of(*ranges, [](const Marked<AddressRange>& range) {
      const IpFamily family = range->first.family();
      return range->first.is_unspecified() && range->last == IpAddress::highest(family);
    });
  };
  const TrafficSelectorPolicy& first = out_.children.front();
  out_.is_any_to_any = out_.children.size() == 1 && is_any(first.local_address_ranges) &&
                       is_any(first.remote_address_ranges);
  out_.connection.latitude->routes_decide = out_.is_any_to_any;
  if (out_.is_any_to_any) return true;
  out_.connection.use_policy_based_traffic_selectors = marked(true, first.mark);
  out_.connection.traffic_selector_policies_mark = first.mark;
  out_.connection.traffic_selector_policies = out_.children;
  return true;
}

bool ConnectionReader::read_child(const SettingsSection& child) {
  const std::string path = fmt::format("{}.children.{}", path_, child.name);
  if (!admit_settings(child, child_settings(), path, reading_.notes)) return false;
  note_sections(child, path, "is not known here");
  auto local = ranges(child, "local_ts");
  auto remote = ranges(child, "remote_ts");
  if (!local || !remote) return false;
  out_.children.push_back({child.mark, *std::move(local), *std::move(remote)});
  return true;
}

// "dynamic": the end's own address.
std::optional<AddressRange> ConnectionReader::own_range(const char* key) {
  const Marked<IpAddress>& address =
      std::string_view(key) == "local_ts" ? out_.local_address : out_.remote_address;
  if (!address.is_set) return std::nullopt;
  return AddressRange{*address, *address};
}

std::optional<MarkedList<AddressRange>> ConnectionReader::ranges(const SettingsSection& child,
                                                                 const char* key) {
  const SettingsValue* const value = child.value(key);
  const std::string place = fmt::format("children.{}.{}", child.name, key);
  MarkedList<AddressRange> all{.mark = value == nullptr ? child.mark : value->text_mark,
                               .is_set = true};
  const std::string_view text = value == nullptr ? "dynamic" : std::string_view(value->text);
  for (const std::string_view word : comma_separated(text)) {
    if (word.find('[') != std::string_view::npos) {
      refuse(all.mark, place,
             fmt::format("{} is restricted to a protocol or port, which selectors are not here",
                         in_quotes(word)),
             "carry all protocols between these addresses and filter in nftables");
      return std::nullopt;
    }
    const auto range = word == "dynamic" ? own_range(key) : read_range(word);
    const auto loose = range ? std::nullopt : read_loose_prefix(word);
    if (word == "dynamic" && !range) {
      refuse(all.mark, place, "it follows from an address that is not in the file",
             fmt::format("write {} = PREFIX", key));
      return std::nullopt;
    }
    if (range) {
      all.value.push_back(marked(*range, all.mark));
    } else if (loose) {
      all.value.push_back(marked(AddressRange{loose->address(), loose->last_address()}, all.mark));
      reading_.notes.chosen({all.mark, fmt::format("{}.{}", path_, place),
                             fmt::format("{} is taken as {}", word, loose->to_string()), ""});
    } else {
      reading_.wrong(all.mark, fmt::format("{}.{}", path_, place),
                     fmt::format("expected a prefix like 10.1.0.0/16, not {}", in_quotes(word)));
    }
  }
  return all;
}

// Of a list the first that is one address or, where a name may stand, one name; further addresses
// are `more`. A list with a name alone tells no address, which whoever needs one says.
Marked<IpAddress> ConnectionReader::first_address(const char* key, MarkedText* name,
                                                  std::vector<IpAddress>& more) {
  const SettingsValue* const value = section_.value(key);
  if (value == nullptr) return {.mark = section_.mark};
  Marked<IpAddress> address{.mark = value->text_mark};
  std::vector<std::string> alternatives, passed_over;
  for (const std::string_view word : comma_separated(value->text)) {
    const bool is_taken = address.is_set || (name != nullptr && name->is_set);
    const auto parsed = read_address(word);
    const bool is_address = parsed && !parsed->is_unspecified();
    if (is_address && !is_taken) {
      address = marked(*parsed, value->text_mark);
    } else if (is_address && more.size() < kAddressesMax) {
      more.push_back(*parsed);
      alternatives.emplace_back(word);
    } else if (!is_taken && name != nullptr && is_host_name(word)) {
      *name = marked(std::string(word), value->text_mark);
    } else if (!word.starts_with('%')) {
      passed_over.emplace_back(word);
    }
  }
  const bool is_taken = address.is_set || (name != nullptr && name->is_set);
  if (!is_taken) std::erase_if(passed_over, [](const auto& word) { return is_host_name(word); });
  const auto note = [&](const std::vector<std::string>& words) {
    return Note{
        value->text_mark, fmt::format("{}.{}", path_, key),
        fmt::format("{} {} not taken: {}", fmt::join(words, ", "), words.size() == 1 ? "is" : "are",
                    is_taken ? "a connection has one address" : "it is no single address"),
        is_taken ? "write a connection for each" : "write one address"};
  };
  if (!alternatives.empty()) reading_.notes.alternative(note(alternatives));
  if (!passed_over.empty()) reading_.notes.not_carried(note(passed_over));
  return address;
}

void ConnectionReader::read_addresses() {
  Latitude& latitude = *out_.connection.latitude;
  out_.local_address = first_address("local_addrs", nullptr, latitude.local_addresses);
  out_.remote_address = first_address("remote_addrs", &out_.remote_name, latitude.remote_addresses);
  if (out_.remote_address.is_set || out_.remote_name.is_set) return;
  const SettingsValue* const remote = section_.value("remote_addrs");
  reading_.notes.incomplete({remote ? remote->mark : section_.mark, path_ + ".remote_addrs",
                             "remote_addrs tells no address and no name of the other end",
                             "write gateway_ip_address or fqdn"});
}

std::vector<IkeProposal> ConnectionReader::ike_proposals() {
  return read_proposals(section_.value("proposals"), "proposals", read_ike_proposals);
}

std::vector<EspProposal> ConnectionReader::esp_proposals() {
  const SettingsSection& child = *carried_children_.front();
  const SettingsValue* const value = child.value("esp_proposals");
  const std::string key = fmt::format("children.{}.esp_proposals", child.name);
  for (const SettingsSection* const other : carried_children_) {
    const SettingsValue* const theirs = other->value("esp_proposals");
    if ((theirs == nullptr ? "" : theirs->text) == (value == nullptr ? "" : value->text)) continue;
    reading_.notes.not_carried(
        {other->mark, fmt::format("{}.children.{}.esp_proposals", path_, other->name),
         "a connection has one policy for all its children; that of the first one is taken", ""});
  }
  return read_proposals(value, key, read_esp_proposals);
}

bool ConnectionReader::read_policy() {
  const std::vector<IkeProposal> ike_list = ike_proposals();
  const std::vector<EspProposal> esp_list = esp_proposals();
  if (ike_list.empty() || esp_list.empty()) return false;
  const IkeProposal& ike = ike_list.front();
  const EspProposal& esp = esp_list.front();
  if (ike.additional != esp.additional && esp.pfs_group != DhGroupId::None)
    return refuse(section_.mark, "proposals", "IKE and ESP have different additional key exchanges",
                  "use the same ones in both");
  IpsecPolicy policy = policy_of(ike, esp);
  if (!ike.additional.empty()) {
    const SourceMark mark = policy.mark;
    AdditionalKeyExchanges more{.mark = mark};
    more.methods = {.mark = mark, .is_set = true};
    for (const DhGroupId id : ike.additional)
      more.methods.value.push_back(marked(std::string(key_exchange_name(id)), mark));
    more.required = marked(true, mark);
    out_.connection.additional_key_exchanges = std::move(more);
  }
  const std::vector<std::string> weak = legacy_words(*suite_of(policy));
  if (!weak.empty()) {
    out_.connection.legacy = marked(true, policy.mark);
    reading_.notes.chosen({policy.mark, path_ + ".proposals",
                           fmt::format("{} is weak; legacy: true admits it", fmt::join(weak, ", ")),
                           "agree on better algorithms with the peer"});
  }
  out_.connection.ipsec_policy_name.mark = policy.mark;
  out_.connection.ipsec_policy = std::move(policy);
  out_.connection.latitude->ike_proposals = ike_list;
  out_.connection.latitude->esp_proposals = esp_list;
  return true;
}

IpsecPolicy ConnectionReader::policy_of(const IkeProposal& ike, const EspProposal& esp) {
  const SourceMark ike_mark = mark_of(section_, "proposals");
  const SourceMark esp_mark = mark_of(*carried_children_.front(), "esp_proposals");
  const auto word = [](const char* name, SourceMark mark) {
    return marked(std::string(name), mark);
  };
  IpsecPolicy policy{.mark = ike_mark};
  policy.ike_encryption = word(find_encryption(ike.encryption)->name, ike_mark);
  policy.ike_integrity = ike.integrity == IntegrityId::None
                             ? policy.ike_encryption
                             : word(find_integrity(ike.integrity)->name, ike_mark);
  policy.ike_prf = word(find_prf(ike.prf)->name, ike_mark);
  policy.dh_group = word(find_dh_group(ike.group)->name, ike_mark);
  policy.ipsec_encryption = word(find_encryption(esp.encryption)->name, esp_mark);
  policy.ipsec_integrity = esp.integrity == IntegrityId::None
                               ? policy.ipsec_encryption
                               : word(find_integrity(esp.integrity)->name, esp_mark);
  policy.pfs_group = word(
      esp.pfs_group == DhGroupId::None ? "None" : find_dh_group(esp.pfs_group)->name, esp_mark);
  policy.esn = marked(esp.esn, esp_mark);
  set_lifetimes(policy);
  return policy;
}

// Ours is the time at which an SA is gone, which strongSwan's rekeying comes a tenth before.
void ConnectionReader::set_lifetimes(IpsecPolicy& policy) {
  const SettingsSection& child = *carried_children_.front();
  const std::string child_path = fmt::format("{}.children.{}", path_, child.name);
  const uint64_t rekey = quantity(section_, path_, "rekey_time", kIkeRekeySeconds);
  const uint64_t over = quantity(section_, path_, "over_time", rekey / 10);
  const uint64_t child_rekey = quantity(child, child_path, "rekey_time", kChildRekeySeconds);
  const uint64_t life = quantity(child, child_path, "life_time", tenth_more(child_rekey));
  const uint64_t bytes = quantity(child, child_path, "life_bytes",
                                  tenth_more(quantity(child, child_path, "rekey_bytes", 0)));
  const uint64_t packets = quantity(child, child_path, "life_packets",
                                    tenth_more(quantity(child, child_path, "rekey_packets", 0)));
  const auto seconds = [&](uint64_t rekeyed, uint64_t lived, uint64_t otherwise,
                           const std::string& path) {
    if (rekeyed != 0)
      return marked(std::clamp<uint64_t>(lived, 1, kLifeTimeSecondsMax), section_.mark);
    reading_.notes.chosen({section_.mark, path + ".rekey_time",
                           fmt::format("SAs are not for ever here, but for {} s", otherwise), ""});
    return marked(otherwise, section_.mark);
  };
  policy.ike_life_time_seconds = seconds(rekey, rekey + over, kIkeLifeTimeSeconds, path_);
  policy.sa_life_time_seconds = seconds(child_rekey, life, kSaLifeTimeSeconds, child_path);
  policy.sa_data_size_kilobytes =
      marked(std::min((bytes + 1023) / 1024, kDataSizeKilobytesMax), section_.mark);
  if (packets != 0)
    policy.sa_life_packets = marked(std::min(packets, uint64_t{1} << 62), section_.mark);
}

void ConnectionReader::read_behaviour() {
  Connection& connection = out_.connection;
  const bool begins = std::ranges::any_of(carried_children_, [](const SettingsSection* child) {
    const SettingsValue* const action = child->value("start_action");
    return action != nullptr && in_small_letters(action->text) != "none";
  });
  if (!begins) connection.connection_mode = marked(ConnectionMode::ResponderOnly, section_.mark);
  const SettingsValue* const encap = section_.value("encap");
  if (const auto does_force = encap == nullptr ? std::nullopt : read_boolean(encap->text)) {
    connection.encapsulation =
        marked(*does_force ? Encapsulation::Udp : Encapsulation::Esp, encap->mark);
  }
  const SettingsValue* const fragmentation = section_.value("fragmentation");
  if (fragmentation != nullptr && read_boolean(fragmentation->text) == false)
    connection.ike_fragment_size = marked(uint32_t{0}, fragmentation->mark);
  const uint64_t delay = quantity(section_, path_, "dpd_delay", 0);
  if (delay != 0) {
    connection.dpd_timeout_seconds =
        marked(std::clamp(std::min(delay, kDpdTimeoutMax) * kProbesUntilDead, kDpdTimeoutMin,
                          kDpdTimeoutMax),
               section_.value("dpd_delay")->mark);
  }
  const SettingsSection& child = *carried_children_.front();
  if (const SettingsValue* const copy = child.value("copy_dscp"))
    connection.copy_dscp = marked(
        read_boolean(copy->text) == true || in_small_letters(copy->text) == "out", copy->mark);
}

}  // namespace

std::optional<SwanctlConnection> read_swanctl_connection(const SettingsSection& section,
                                                         SwanctlReading& reading) {
  return ConnectionReader(section, reading).read();
}

}  // namespace twinspan::policy
