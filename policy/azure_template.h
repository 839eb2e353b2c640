// The expressions of an Azure template, as far as they name things: parameters() with a default
// value, variables(), concat(), format(), and resourceId(). What else a template computes is known
// only to the cloud that deploys it.
//
// A value that is no expression means itself, so the output of `az` goes through the same door.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "policy/import_json.h"

namespace twinspan::policy {

inline constexpr size_t kExpressionDepthMax = 16;  // Calls in calls, and values in values.
inline constexpr size_t kExpressionTextMax = 4096;
// Of one file: calls, look-ups, and what they yield, each value and 64 bytes of text as one. So a
// few words cannot unfold to more than a file may have.
inline constexpr size_t kExpressionStepsMax = 100000;
inline constexpr size_t kExpressionBytesPerStep = 64;

class AzureTemplate {
 public:
  explicit AzureTemplate(const JsonNode& root) : root_(root) {}

  // The node itself, or what its expression comes to; nullptr when that is not known here.
  const JsonNode* resolve(const JsonNode& node) { return resolve(node, 0); }

  // "[...]", but not "[[...", which is a text that begins with a bracket.
  static bool is_expression(const JsonNode& node);

 private:
  struct Cursor;

  const JsonNode* resolve(const JsonNode& node, size_t depth);
  const JsonNode* evaluate(Cursor& cursor, size_t depth);
  const JsonNode* call(const std::string& function, const std::vector<const JsonNode*>& arguments,
                       const JsonNode& origin, size_t depth);
  const JsonNode* look_up(const char* section, std::string_view name, size_t depth);
  const JsonNode* make_text(std::string text, const JsonNode& origin);
  bool has_steps_for(const JsonNode& value);

  const JsonNode& root_;
  std::deque<JsonNode> made_;  // Stays in place as it grows.
  size_t steps_ = 0;
};

// The last segment of a resource's ID, and the one behind a segment like "virtualNetworks"; empty
// when there is none. Views into `id`.
std::string_view last_segment(std::string_view id);
std::string_view segment_after(std::string_view id, std::string_view segment);

}  // namespace twinspan::policy
