// Ends that speak IKEv1 alone. Twinspan answers nothing but IKEv2, so nothing comes up between the
// two: policy-based gateways of the cloud, and connections that ask for IKEv1.
#pragma once

#include <optional>
#include <string>

#include "policy/two_ends.h"

namespace twinspan::policy {

struct OlderIke {
  FieldPlace place;  // What makes it so: a gateway's vpn_type, or connection_protocol.
  std::string message;
  std::string remedy;
};

// nullopt: the end speaks IKEv2.
std::optional<OlderIke> older_ike_of(const End& end);

}  // namespace twinspan::policy
