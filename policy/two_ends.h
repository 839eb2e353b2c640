// One connection seen from both of its ends: the objects that two administrators wrote, in one
// estate or in two. Each comparison reports what `there` has to change, or what does not fit
// `back`; marks are those of `there`.
#pragma once

#include <functional>

#include "policy/connection_ends.h"
#include "policy/rules.h"

namespace twinspan::policy {

class Counterparts;

struct End {
  const Model& model;
  const Connection& connection;
};
// BGP is asked for on the connection, and its gateway speaks it.
bool is_bgp_spoken(const End& end);
bool is_classic(const End& end);  // Its network; false when the reference leads nowhere.
// Pairs of prefixes, not any-to-any.
bool proposes_pairs(const End& end);
// Pairs of prefixes are taken as they are, or not at all.
bool has_exact_selectors(const End& end);

struct TwoEnds {
  End there;
  End back;

  bool is_one_estate() const { return &there.model == &back.model; }
  TwoEnds reversed() const { return {back, there}; }
  // An object of `back`'s estate: with its file's name when that is another one.
  std::string back_path(const std::string& path) const;
  // " (other.yaml:12)", or nothing in one estate: where `back` says what a finding is about.
  std::string back_place(SourceMark mark) const;
  std::vector<std::string> objects() const;
};

// What the connection sends into its tunnel; nullopt: its end is missing. That of another program
// which takes its peer from any address has prefixes all the same.
std::optional<MarkedList<IpPrefix>> prefixes_sent(const End& end);

// The prefixes that a connection sends into its tunnel, against what is really behind the other
// end.
struct PrefixDifference {
  struct Wide {
    IpPrefix listed;  // Here.
    SourceMark mark;
    std::vector<IpPrefix> covered;  // What of it is behind the other end.
    std::vector<IpPrefix> excess;   // What is not.
  };
  // Of the other network, not listed here. Nobody misses those of a family that nothing on this
  // side has.
  std::vector<IpPrefix> missing;
  std::vector<IpPrefix> unknown;  // Listed here, behind nothing that the other estate has.
  SourceMark unknown_mark;        // Of the first one.
  std::vector<Wide> wider;        // Listed here, where the other estate has but a part.

  bool is_none() const { return missing.empty() && unknown.empty() && wider.empty(); }
};
// "10.2.0.0/15, which is wider than 10.2.0.0/16"
std::string words_of(const PrefixDifference::Wide& wide);
// "10.3.0.0/16", of many the first ones.
std::string excess_of(const PrefixDifference::Wide& wide);
// nullopt when an end is missing, when BGP tells the prefixes, when nothing is behind `back`, which
// is a fault of its own estate, or when another program's configuration leaves them open.
std::optional<PrefixDifference> compare_prefixes(const TwoEnds& ends);

// What stands for the connection back of a gateway that has none, when prefixes and addresses are
// compared.
Connection missing_back(const Connection& connection, const VirtualNetworkGateway& other);

// Where a wrong remote prefix or address is mended: "local_network_gateways.branch" and
// "address_prefixes".
struct FieldPlace {
  std::string object;
  std::string field;
  SourceMark mark;
};
FieldPlace place_of_prefixes(const End& end);
FieldPlace place_of_address(const End& end);
FieldPlace place_of_key(const End& end);

// The public addresses of `back`'s active/active gateway that no connection of `there`'s gateway
// leads to, although `there` leads to another one: nothing answers that instance. None where the
// remote follows by itself. `counterparts` are of `there`'s estate.
std::vector<IpAddress> instances_left_out(const TwoEnds& ends, const Counterparts& counterparts);

enum class Verdict : uint8_t { Right, Wrong, Unknown };
// Whether `there` leads to a public address of `back`'s gateway; Unknown: it leads to a name,
// or another program's end takes any address.
Verdict compare_address(const TwoEnds& ends);
// Which instance of `back`'s gateway has that address; nullopt: none, or a vnet-to-vnet connection
// leads to all of them.
std::optional<size_t> instance_led_to(const TwoEnds& ends);

// Whether two connections have equal keys of a kind; both name one. The caller reads the files and
// keeps the bytes to itself.
enum class KeyKind : uint8_t { PreShared, PostQuantum };
struct KeyComparison {
  KeyComparison(Verdict of) : verdict(of) {}
  KeyComparison(Verdict of, std::string why) : verdict(of), obstacle(std::move(why)) {}

  Verdict verdict;
  std::string obstacle;  // Of Unknown: "there is no key file /etc/twinspan/a.psk here", or nothing.
};
using CompareKeys = std::function<KeyComparison(const End& a, const End& b, KeyKind kind)>;

void report_address(const TwoEnds& ends, const Counterparts& counterparts, RuleReport& report);
// A gateway at the other end, of that estate; `path`: how findings call it.
struct OtherGateway {
  const Model& model;
  const VirtualNetworkGateway& gateway;
  std::string path;
};
// That no connection leads to those addresses of `other`.
void report_instances(const End& there, const OtherGateway& other,
                      const std::vector<IpAddress>& left_out, RuleReport& report);
void report_prefixes(const TwoEnds& ends, RuleReport& report);
// Of what is behind the two gateways, networks that use them over peerings included.
void report_overlap(const TwoEnds& ends, RuleReport& report);

}  // namespace twinspan::policy
