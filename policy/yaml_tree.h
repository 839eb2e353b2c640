// YAML as a tree of texts, lists and mappings, each with its place, and the builder that makes it
// from parser events while enforcing what a YAML library lets pass: depth, aliases, duplicate keys,
// size.
//
// Scalars stay text: "no", "1e3" and "12:30:45" mean what the schema makes of them, never what YAML
// does. An alias shares its anchor's node, so hostile aliases cost no memory; what they would
// unfold to is bounded all the same, because readers walk it. Pure and single-threaded; knows no
// YAML library.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "policy/source_mark.h"

namespace twinspan::policy {

inline constexpr size_t kYamlTextMax = 4u << 20;  // Bytes; 1,000 connections take 0.5 MB.
inline constexpr size_t kYamlDepthMax = 32;       // Levels; the schema needs 7.
inline constexpr size_t kYamlAliasesMax = 64;     // In one file.
inline constexpr size_t kYamlScalarMax = 4096;    // Bytes of one text.
inline constexpr size_t kYamlExpandedSizeMax =
    500000;  // Nodes after aliases, 64 bytes of text counting as one.
inline constexpr size_t kYamlErrorsMax = 100;

enum class YamlKind : uint8_t { Empty, Text, List, Mapping };

struct YamlEntry;

struct YamlNode {
  YamlKind kind = YamlKind::Empty;
  SourceMark mark;
  std::string text;                    // Text only.
  std::vector<const YamlNode*> items;  // List only.
  std::vector<YamlEntry> entries;      // Mapping only; keys are unique, in the file's order.
  size_t height = 1;                   // Levels, this one included.
  size_t expanded_size = 1;
};

struct YamlEntry {
  std::string key;
  SourceMark key_mark;
  const YamlNode* value = nullptr;
};

struct YamlError {
  SourceMark mark;
  std::string message;
  std::string remedy;
};

class YamlTree {
 public:
  YamlTree(std::deque<YamlNode> nodes, const YamlNode* root)
      : nodes_(std::move(nodes)), root_(root) {}
  YamlTree(YamlTree&&) = default;
  YamlTree& operator=(YamlTree&&) = default;

  const YamlNode& root() const { return *root_; }

 private:
  std::deque<YamlNode> nodes_;  // Moving a deque leaves its elements in place.
  const YamlNode* root_;
};

// Fed with events in document order. After the first fatal error the rest is ignored, so a caller
// that cannot stop its parser may go on feeding.
class YamlTreeBuilder {
 public:
  using Anchor = size_t;  // 0: none.

  void add_text(SourceMark mark, Anchor anchor, std::string text);
  void add_empty(SourceMark mark, Anchor anchor);
  void add_alias(SourceMark mark, Anchor anchor);
  void open(YamlKind kind, SourceMark mark, Anchor anchor);  // List or Mapping.
  void close();
  void fail(YamlError error);  // Fatal.

  bool has_failed() const { return has_failed_; }
  // At most once, after the last event. Errors are in the file's order.
  Result<YamlTree, std::vector<YamlError>> finish();

 private:
  struct Frame {
    YamlNode* node = nullptr;
    Anchor anchor = 0;
    const YamlNode* key = nullptr;           // Mapping only: read, its value not yet.
    std::map<std::string, SourceMark> keys;  // Mapping only.
  };

  YamlNode* add_node(YamlKind kind, SourceMark mark);
  void attach(const YamlNode* node, SourceMark mark);
  void attach_to_mapping(Frame& frame, const YamlNode* node, SourceMark mark);
  void take_key(Frame& frame, const YamlNode* key, SourceMark mark);
  void grow(YamlNode& parent, const YamlNode& child, SourceMark mark);
  void report(YamlError error);

  std::deque<YamlNode> nodes_;
  std::vector<Frame> frames_;
  std::map<Anchor, const YamlNode*>
      anchors_;  // Finished ones only: an alias inside its own anchor finds nothing.
  const YamlNode* root_ = nullptr;
  std::vector<YamlError> errors_;
  size_t aliases_ = 0;
  bool has_failed_ = false;
};

}  // namespace twinspan::policy
