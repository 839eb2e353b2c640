// The model to the plan of one gateway instance. Pure.
//
// Meant for a model that policy/validate.h finds no error in; given another one, it reports what
// stops it and never makes half a plan.
#pragma once

#include <string_view>

#include "base/result.h"
#include "policy/config_error.h"
#include "policy/model.h"
#include "policy/plan.h"

namespace twinspan::policy {

// `directory`: where relative key files lie; empty: the working directory. Tunnels stand in the
// order of their connections' names. `facts`: by them other networks count as attached.
Result<Plan, ConfigErrors> compile(const Model& model, std::string_view gateway, unsigned instance,
                                   std::string_view directory, const HostFacts& facts = {});

}  // namespace twinspan::policy
