#include "policy/two_speakers.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/bgp.h"
#include "policy/word_list.h"

namespace twinspan::policy {
namespace {

// What an estate knows of the speaker at the other end, and of whom.
struct KnownSpeaker {
  const BgpSettings* settings = nullptr;
  std::string object;
  std::string addresses_field;
};

KnownSpeaker known_speaker(const End& end) {
  if (const auto* const remote = remote_gateway(end.model, end.connection))
    return {&remote->bgp_settings, path_of(*remote), "bgp_settings.bgp_peering_addresses"};
  if (const auto* const peer = site_of(end.model, end.connection))
    return {&peer->bgp_settings, path_of(*peer), "bgp_settings.bgp_peering_address"};
  return {};
}

bool holds(const std::vector<IpAddress>& addresses, const IpAddress& address) {
  return std::ranges::find(addresses, address) != addresses.end();
}

// "instance 1 (192.0.2.11)", counted as `twinspand --instance` does.
std::string name_of(const VirtualNetworkGateway& gateway, size_t instance) {
  return fmt::format("instance {} ({}) of {}", instance,
                     gateway.ip_configurations[instance].public_ip_address->to_string(),
                     gateway.name);
}

// Judges the addresses that `there` has of the other side's speaker.
class AddressComparison {
 public:
  AddressComparison(const TwoEnds& ends, const VirtualNetworkGateway& gateway)
      : model_(ends.back.model), gateway_(gateway) {
    const bool has_several = gateway.ip_configurations.size() > 1;
    if (has_several) instance_ = instance_led_to(ends);
    expected_ = instance_ ? bgp_addresses_of(model_, gateway, *instance_)
                          : all_bgp_addresses(model_, gateway);
  }

  // nullopt: it is right, or nothing is known of the other side's.
  std::optional<SpeakerFault> fault_of(const Marked<IpAddress>& address,
                                       const KnownSpeaker& known) const {
    if (expected_.empty() || holds(expected_, *address)) return std::nullopt;
    return SpeakerFault{
        {known.object, known.addresses_field, address.mark},
        instance_ ? fmt::format("the BGP address {} is not that of {}, to which it leads and which "
                                "has {}{}",
                                address->to_string(), name_of(gateway_, *instance_),
                                listed(expected_, " or "), words_of_owner(*address))
                  : fmt::format("the BGP address {} is not the other side's, which is {}",
                                address->to_string(), listed(expected_, " or ")),
        fmt::format("write {}", listed(expected_, " or "))};
  }

 private:
  std::string words_of_owner(const IpAddress& address) const {
    for (size_t other = 0; other < gateway_.ip_configurations.size(); ++other) {
      if (holds(bgp_addresses_of(model_, gateway_, other), address))
        return fmt::format("; it is that of {}", name_of(gateway_, other));
    }
    return "";
  }

  const Model& model_;
  const VirtualNetworkGateway& gateway_;
  std::optional<size_t> instance_;
  std::vector<IpAddress> expected_;
};

}  // namespace

std::vector<SpeakerFault> speaker_faults(const TwoEnds& ends) {
  const KnownSpeaker known = known_speaker(ends.there);
  const auto* const gateway = local_gateway(ends.back.model, ends.back.connection);
  if (known.settings == nullptr || !known.settings->is_set || gateway == nullptr ||
      !gateway->bgp_settings.is_set)
    return {};
  std::vector<SpeakerFault> faults;
  const uint32_t asn = *gateway->bgp_settings.asn;
  if (*known.settings->asn != asn) {
    faults.push_back(
        {{known.object, "bgp_settings.asn", known.settings->asn.mark},
         fmt::format("asn is {}, but the other side's gateway has {}", *known.settings->asn, asn),
         "write the other side's number"});
  }
  const AddressComparison comparison(ends, *gateway);
  for (const auto& address : *known.settings->peering_addresses) {
    if (auto fault = comparison.fault_of(address, known)) faults.push_back(*std::move(fault));
  }
  return faults;
}

void report_speakers(const TwoEnds& ends, RuleReport& report) {
  for (SpeakerFault& fault : speaker_faults(ends)) {
    const auto& gateway = *local_gateway(ends.back.model, ends.back.connection);
    report.error(
        {fault.place.mark,
         {fault.place.object, ends.back_path(path_of(gateway)), path_of(ends.there.connection)},
         std::move(fault.message),
         std::move(fault.remedy)});
  }
}

}  // namespace twinspan::policy
