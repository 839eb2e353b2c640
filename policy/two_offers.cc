#include "policy/two_offers.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/identity.h"
#include "policy/ipsec_suite.h"

namespace twinspan::policy {
namespace {

template <class Proposal>
bool have_common(const std::vector<Proposal>& a, const std::vector<Proposal>& b) {
  return std::ranges::any_of(a, [&](const Proposal& proposal) {
    return std::ranges::any_of(b, [&](Proposal other) {
      // Extended sequence numbers are an offer, not a demand.
      if constexpr (requires { other.esn; }) other.esn = proposal.esn;
      return other == proposal;
    });
  });
}

// What an end takes: its policy, and where another program is configured, whatever that has
// besides.
std::optional<IpsecSuite> offer_of(const End& end) {
  auto suite = policy_suite_of(end.model, end.connection);
  if (!suite || !end.connection.latitude) return suite;
  const Latitude& more = *end.connection.latitude;
  std::ranges::copy(more.ike_proposals, std::back_inserter(suite->ike_proposals));
  std::ranges::copy(more.esp_proposals, std::back_inserter(suite->esp_proposals));
  return suite;
}

void add_difference(const IkeProposal& a, const IkeProposal& b, std::vector<std::string>& fields) {
  if (a.encryption != b.encryption) fields.push_back("ike_encryption");
  if (a.integrity != b.integrity) fields.push_back("ike_integrity");
  if (a.prf != b.prf) fields.push_back("ike_prf");
  if (a.group != b.group) fields.push_back("dh_group");
}

void add_difference(const EspProposal& a, const EspProposal& b, std::vector<std::string>& fields) {
  if (a.encryption != b.encryption) fields.push_back("ipsec_encryption");
  if (a.integrity != b.integrity) fields.push_back("ipsec_integrity");
  if (a.pfs_group != b.pfs_group) fields.push_back("pfs_group");
}

// In words, for the first proposals of both sides: what stands apart where nothing is in common.
std::string difference(const IpsecSuite& there, const IpsecSuite& back) {
  std::vector<std::string> fields;
  if (!have_common(there.ike_proposals, back.ike_proposals))
    add_difference(there.ike_proposals.front(), back.ike_proposals.front(), fields);
  if (!have_common(there.esp_proposals, back.esp_proposals))
    add_difference(there.esp_proposals.front(), back.esp_proposals.front(), fields);
  return fields.empty() ? "" : fmt::format(" (it differs in {})", fmt::join(fields, ", "));
}

bool do_differ(const std::optional<Identity>& a, const std::optional<Identity>& b) {
  return a && b && *a != *b;
}

bool is_address(const Identity& identity) {
  return identity.type == IdentityType::Ipv4 || identity.type == IdentityType::Ipv6;
}

// `there` expects an address, and `back` calls itself another one, for `there` leads to a wrong
// one. That is a finding of its own, and who mends it mends both.
bool follows_from_address(const TwoEnds& ends, const Identity& expected, const Identity& shown) {
  const bool is_written =
      ends.there.connection.remote_id.is_set && ends.back.connection.local_id.is_set;
  return !is_written && is_address(expected) && is_address(shown) &&
         compare_address(ends) == Verdict::Wrong;
}

std::vector<std::string> words_of(const AdditionalKeyExchanges& exchanges) {
  std::vector<std::string> words;
  for (const MarkedText& word : *exchanges.methods) words.push_back(*word);
  return words;
}

std::string mode_word(ConnectionMode mode) {
  return mode == ConnectionMode::InitiatorOnly ? "initiator-only" : "responder-only";
}

}  // namespace

void compare_identities(const TwoEnds& ends, RuleReport& report) {
  const KnownIdentities there = known_identities(ends.there.model, ends.there.connection,
                                                 instance_led_to(ends.reversed()).value_or(0));
  const KnownIdentities back =
      known_identities(ends.back.model, ends.back.connection, instance_led_to(ends).value_or(0));
  const Connection& own = ends.there.connection;
  const Connection& other = ends.back.connection;
  const auto takes_any = [](const Connection& connection) {
    return connection.latitude && connection.latitude->takes_any_identity;
  };
  if (do_differ(there.local, back.remote) && !takes_any(other) &&
      !follows_from_address(ends.reversed(), *back.remote, *there.local)) {
    report.error({own.local_id.mark, ends.objects(),
                  fmt::format("local_id is {}, but {} expects {}{}", in_quotes(there.local->text),
                              other.name, in_quotes(back.remote->text),
                              ends.back_place(other.remote_id.mark)),
                  fmt::format("make it the remote_id of {}", other.name)});
  }
  if (do_differ(there.remote, back.local) && !takes_any(own) &&
      !follows_from_address(ends, *there.remote, *back.local)) {
    report.error(
        {own.remote_id.mark, ends.objects(),
         fmt::format("remote_id is {}, but {} calls itself {}{}", in_quotes(there.remote->text),
                     other.name, in_quotes(back.local->text), ends.back_place(other.local_id.mark)),
         fmt::format("make it the local_id of {}", other.name)});
  }
}

void compare_policies(const TwoEnds& ends, RuleReport& report) {
  const auto there = offer_of(ends.there);
  const auto back = offer_of(ends.back);
  if (!there || !back) return;
  // The two objects of a vnet-to-vnet connection have one policy. Others need something in common.
  const bool is_one = ends.is_one_estate() && ends.there.connection.is_vnet_to_vnet();
  const bool do_agree = is_one ? there->ike_proposals == back->ike_proposals &&
                                     there->esp_proposals == back->esp_proposals
                               : have_common(there->ike_proposals, back->ike_proposals) &&
                                     have_common(there->esp_proposals, back->esp_proposals);
  if (do_agree) return;
  report.error(
      {ends.there.connection.ipsec_policy_name.mark, ends.objects(),
       is_one ? fmt::format("its IPsec policy differs from that of {}", ends.back.connection.name)
              : fmt::format("its IPsec policy has nothing in common with that of {}{}{}",
                            ends.back.connection.name, difference(*there, *back),
                            ends.back_place(ends.back.connection.ipsec_policy_name.mark)),
       "give both directions the same policy"});
}

// RFC 9370 2.2.1: a responder takes the methods that are offered, in their order, or none at all.
void compare_key_exchanges(const TwoEnds& ends, RuleReport& report) {
  const auto& there = ends.there.connection.additional_key_exchanges;
  const auto& back = ends.back.connection.additional_key_exchanges;
  const bool is_required = (there && *there->required) || (back && *back->required);
  if (!is_required || (there && back && words_of(*there) == words_of(*back))) return;
  const std::string& other = ends.back.connection.name;
  const std::string place = back ? ends.back_place(back->mark) : "";
  const std::string what =
      !there  ? fmt::format("it has no additional key exchanges, and {} requires {}{}", other,
                            fmt::join(words_of(*back), ", "), place)
      : !back ? fmt::format("additional key exchanges are required, and {} has none", other)
              : fmt::format("its additional key exchanges are {}, those of {} {}{}",
                            fmt::join(words_of(*there), ", "), other,
                            fmt::join(words_of(*back), ", "), place);
  report.error({there ? there->mark : ends.there.connection.mark, ends.objects(), what,
                "give both sides the same additional_key_exchanges, in the same order"});
}

void compare_ppks(const TwoEnds& ends, RuleReport& report) {
  const auto& there = ends.there.connection.ppk;
  const auto& back = ends.back.connection.ppk;
  const std::string& other = ends.back.connection.name;
  if (there && back && *there->id != *back->id) {
    report.error({there->id.mark, ends.objects(),
                  fmt::format("the ppk is called {}, that of {} {}{}", in_quotes(*there->id), other,
                              in_quotes(*back->id), ends.back_place(back->id.mark)),
                  "use one id on both sides"});
  } else if (there && !back && *there->required) {
    report.error({there->mark, ends.objects(),
                  fmt::format("a ppk is required here, and {} has none", other),
                  "give both sides the same one, or write required: false"});
  } else if (back && !there && *back->required) {
    report.error({ends.there.connection.mark, ends.objects(),
                  fmt::format("it has no ppk, and {} requires {}{}", other, in_quotes(*back->id),
                              ends.back_place(back->mark)),
                  "give both sides the same one, or write required: false there"});
  }
}

void compare_modes(const TwoEnds& ends, RuleReport& report) {
  const ConnectionMode mode = *ends.there.connection.connection_mode;
  if (mode == ConnectionMode::Default || mode != *ends.back.connection.connection_mode) return;
  report.error({ends.there.connection.connection_mode.mark, ends.objects(),
                fmt::format("{} is {} too, so the tunnel never comes up", ends.back.connection.name,
                            mode_word(mode)),
                "use default, or initiator-only on one side and responder-only on the other"});
}

void compare_encapsulation(const TwoEnds& ends, RuleReport& report) {
  if (*ends.there.connection.encapsulation == *ends.back.connection.encapsulation) return;
  report.warning({ends.there.connection.encapsulation.mark, ends.objects(),
                  fmt::format("encapsulation differs from that of {}", ends.back.connection.name),
                  "use one for both directions"});
}

void compare_aggfrag(const TwoEnds& ends, RuleReport& report) {
  const Marked<bool>& there = ends.there.connection.aggfrag;
  const Marked<bool>& back = ends.back.connection.aggfrag;
  if (*there == *back) return;
  report.warning({there.is_set ? there.mark : back.mark, ends.objects(),
                  "aggfrag is on in one direction only, so it has no effect",
                  "set it in both or in none"});
}

void compare_selector_kinds(const TwoEnds& ends, RuleReport& report) {
  // A vnet-to-vnet connection of a policy-based gateway is refused as such.
  const auto has_pairs = [](const End& end) {
    const bool is_policy_based = !end.connection.is_vnet_to_vnet() && has_exact_selectors(end);
    return is_policy_based || *end.connection.use_policy_based_traffic_selectors;
  };
  if (has_pairs(ends.there) == has_pairs(ends.back)) return;
  const bool is_here = has_pairs(ends.there);
  report.warning(
      {ends.there.connection.use_policy_based_traffic_selectors.mark, ends.objects(),
       is_here
           ? fmt::format("it proposes pairs of prefixes, {} any-to-any", ends.back.connection.name)
           : fmt::format("it proposes any-to-any, {} pairs of prefixes", ends.back.connection.name),
       "set use_policy_based_traffic_selectors: true on the side that has a route-based "
       "gateway"});
}

}  // namespace twinspan::policy
