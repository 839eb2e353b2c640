// Where in the estate file a connection's settings stand, under the names that failure records use
// for them: from "ipsec_policy.dh_group" to file, line and the object that really holds it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/model.h"

namespace twinspan::policy {

struct ConfigPlace {
  std::string field;  // As a record names it.
  std::string path;   // "ipsec_policies.named.dh_group"
  std::string file;
  uint32_t line = 0;  // 0: not written anywhere.
  uint32_t column = 0;
};
using ConfigPlaces = std::vector<ConfigPlace>;

// shared_key, authentication_type, certificate_authentication, local_id, remote_id, remote_address,
// local_selectors, remote_selectors, connection_mode, ppk, additional_key_exchanges, ipsec_policy,
// and each "ipsec_policy.FIELD". A setting that is left to its default stands where its object
// begins.
ConfigPlaces places_of(const Model& model, const Connection& connection);

const ConfigPlace* find_place(const ConfigPlaces& places, std::string_view field);  // Or nullptr.

}  // namespace twinspan::policy
