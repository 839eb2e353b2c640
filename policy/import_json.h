// JSON text to a tree of values that know their places, strictly: no key twice, bounded depth,
// size, members and texts.
//
// The JSON library stays inside; its positions are not handed on by its values, so the tree is made
// from its events.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/config_error.h"

namespace twinspan::policy {

inline constexpr size_t kJsonDepthMax = 64;  // Levels; templates nest a dozen.
inline constexpr size_t kJsonValuesMax = 500000;
inline constexpr size_t kJsonMembersMax = 2000;   // Of one object: looking for one takes time.
inline constexpr size_t kJsonTextMax = 64 << 10;  // Bytes of one text: certificates stand in some.

enum class JsonKind : uint8_t { Null, Flag, Number, Text, List, Object };

struct JsonMember;

struct JsonNode {
  JsonKind kind = JsonKind::Null;
  SourceMark mark;
  std::string text;  // Of a Text its value; of a Flag or a Number as it is written.
  std::vector<JsonNode> items;
  std::vector<JsonMember> members;
  size_t weight = 1;  // Values in it, itself counted.

  // Case does not count: az and templates differ in it. nullptr when there is none.
  const JsonNode* find(std::string_view key) const;
  bool is_true() const { return kind == JsonKind::Flag && text == "true"; }
  // Says nothing: null, false, 0, an empty text, list or object.
  bool is_blank() const;
};

struct JsonMember {
  std::string key;
  SourceMark key_mark;
  JsonNode value;
};

// Letters of ASCII count as equal in either case.
bool equal_without_case(std::string_view a, std::string_view b);

// No byte of a value is in the error: any of them may be a key.
Result<JsonNode, ConfigError> read_json(std::string_view text, const std::string& file_name);

}  // namespace twinspan::policy
