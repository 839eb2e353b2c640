// Whether a tunnel's Child SAs can be renewed, as far as it has been seen: what IKE_AUTH makes says
// nothing about the DH group that CREATE_CHILD_SA will ask for, hours later
// (docs/decisions/0010-childless.md). A value; kept by the supervisor for as long as the
// configuration stands.
#pragma once

#include <optional>

#include "ike/core/failure_record.h"

namespace twinspan::ike {

struct Renewal {
  std::optional<bool>
      by_create_child;               // CREATE_CHILD_SA made a child, or was refused for its offer.
  std::optional<bool> by_ike_auth;   // IKE_AUTH made a child, or did not.
  std::optional<Diagnosis> refusal;  // Of CREATE_CHILD_SA; while IKE_AUTH has not been tried.

  // RFC 6023: IKE_AUTH without a child, so that the first one shows what the later ones need.
  bool goes_childless() const {
    return by_create_child.value_or(true) || !by_ike_auth.value_or(true);
  }
  // A child that CREATE_CHILD_SA cannot make may still come with IKE_AUTH.
  bool may_come_with_auth() const { return by_ike_auth.value_or(true); }
  bool is_unknown() const { return !by_create_child.has_value(); }
};

}  // namespace twinspan::ike
