// Estates as files: from a path to the model; and whatever else describes the other side.
#pragma once

#include <string>

#include "base/result.h"
#include "policy/config_error.h"
#include "policy/model.h"
#include "policy/peer_file.h"

namespace twinspan::tools {

// The model of an estate file. The errors name the file. Refused: a directory, and more bytes than
// the estate format has.
Result<policy::Model, policy::ConfigErrors> read_model(const std::string& path);

// A file of any kind that policy/peer_file.h tells by its content, as of the administrator of the
// other side.
struct PeerFile {
  policy::PeerFileKind kind = policy::PeerFileKind::Estate;
  // Of an estate the model alone. Else the keys are those of the file, and the names that the model
  // has for them lead to no files.
  policy::Import content;
};
// For a new estate.
Result<PeerFile, policy::ConfigErrors> read_as(policy::PeerFileKind kind, const std::string& path);
// To be compared with ours.
Result<PeerFile, policy::ConfigErrors> read_peer_file(const std::string& path);

}  // namespace twinspan::tools
