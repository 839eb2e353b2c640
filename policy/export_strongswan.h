// The other end of a connection as strongSwan's swanctl.conf: local and remote changed over, in its
// words.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "policy/config_error.h"
#include "policy/model.h"

namespace twinspan::policy {

// Keys to write into the file. Without one, its place is marked by a comment.
struct ExportKeys {
  std::optional<ByteView> shared_key;
  std::optional<ByteView> ppk;
};

// Meant for a model without findings of severity error. Errors: there is no such connection, or no
// plan of its gateway's instance.
Result<std::string, ConfigErrors> export_strongswan(const Model& model, std::string_view connection,
                                                    unsigned instance, const ExportKeys& keys = {});

}  // namespace twinspan::policy
