// The key files of estates, for validation: what is wrong with them, and whether two are equal. No
// byte of a key leaves this class.
#pragma once

#include <string>

#include "policy/shared_keys.h"
#include "policy/two_ends.h"
#include "tools/twinspand/estate_file.h"

namespace twinspan::tools {

// A key file of the estate in `estate_path`.
policy::KeyReading read_key_of(const std::string& estate_path, const policy::KeyFile& file);

// Two connections that both have a key of the kind.
struct KeyPair {
  policy::End a;
  policy::End b;
  policy::KeyKind kind = policy::KeyKind::PreShared;
};

// Right when both name the same file or files with the same key, Unknown when one of them cannot be
// read, with the reason. The keys of `peer`, when it is no estate, are those that stand in it.
policy::KeyComparison compare_keys(const KeyPair& pair, const PeerFile* peer = nullptr);

}  // namespace twinspan::tools
