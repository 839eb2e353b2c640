#include "policy/yaml_tree.h"

#include <fmt/format.h>

#include "base/check.h"
#include "policy/config_error.h"

namespace twinspan::policy {
namespace {

constexpr size_t kTextBytesPerNode = 64;
constexpr const char* kDepthRemedy = "an estate needs no more than eight: is a bracket not closed?";

bool has_control_character(const std::string& text) {
  for (const char byte : text) {
    if (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F) return true;
  }
  return false;
}

}  // namespace

void YamlTreeBuilder::add_text(SourceMark mark, Anchor anchor, std::string text) {
  if (has_failed_) return;
  if (text.size() > kYamlScalarMax) {
    return fail(
        {mark,
         fmt::format("a text of {} bytes, more than the {} allowed", text.size(), kYamlScalarMax),
         "is a quote or a line break missing?"});
  }
  if (has_control_character(text)) {
    report({mark, fmt::format("{} has a control character or a line break", in_quotes(text)),
            "write it on one line"});
  }
  YamlNode* const node = add_node(YamlKind::Text, mark);
  node->expanded_size = 1 + text.size() / kTextBytesPerNode;
  node->text = std::move(text);
  if (anchor != 0) anchors_[anchor] = node;
  attach(node, mark);
}

void YamlTreeBuilder::add_empty(SourceMark mark, Anchor anchor) {
  if (has_failed_) return;
  YamlNode* const node = add_node(YamlKind::Empty, mark);
  if (anchor != 0) anchors_[anchor] = node;
  attach(node, mark);
}

void YamlTreeBuilder::add_alias(SourceMark mark, Anchor anchor) {
  if (has_failed_) return;
  if (++aliases_ > kYamlAliasesMax) {
    return fail(
        {mark, fmt::format("more than {} aliases", kYamlAliasesMax), "write the values out"});
  }
  const auto found = anchors_.find(anchor);
  if (found == anchors_.end()) {
    return fail({mark, "this alias stands inside its own anchor", "write the value out"});
  }
  attach(found->second, mark);
}

void YamlTreeBuilder::open(YamlKind kind, SourceMark mark, Anchor anchor) {
  if (has_failed_) return;
  if (frames_.size() >= kYamlDepthMax) {
    return fail({mark, fmt::format("nested deeper than {} levels", kYamlDepthMax), kDepthRemedy});
  }
  frames_.push_back({.node = add_node(kind, mark), .anchor = anchor});
}

void YamlTreeBuilder::close() {
  if (has_failed_) return;
  CHECK(!frames_.empty());
  const Frame frame = std::move(frames_.back());
  frames_.pop_back();
  if (frame.anchor != 0) anchors_[frame.anchor] = frame.node;
  attach(frame.node, frame.node->mark);
}

void YamlTreeBuilder::fail(YamlError error) {
  if (has_failed_) return;
  errors_.push_back(std::move(error));
  has_failed_ = true;
}

Result<YamlTree, std::vector<YamlError>> YamlTreeBuilder::finish() {
  if (!errors_.empty()) return Err<std::vector<YamlError>>(std::move(errors_));
  CHECK(frames_.empty());
  if (root_ == nullptr) root_ = add_node(YamlKind::Empty, {});
  return YamlTree(std::move(nodes_), root_);
}

YamlNode* YamlTreeBuilder::add_node(YamlKind kind, SourceMark mark) {
  YamlNode& node = nodes_.emplace_back();
  node.kind = kind;
  node.mark = mark;
  return &node;
}

// `mark` is where the node stands in its parent: for an alias not the place of the node itself.
void YamlTreeBuilder::attach(const YamlNode* node, SourceMark mark) {
  if (frames_.empty()) {
    root_ = node;
    return;
  }
  Frame& frame = frames_.back();
  grow(*frame.node, *node, mark);
  if (frame.node->kind == YamlKind::List) {
    frame.node->items.push_back(node);
  } else {
    attach_to_mapping(frame, node, mark);
  }
}

void YamlTreeBuilder::attach_to_mapping(Frame& frame, const YamlNode* node, SourceMark mark) {
  if (frame.key == nullptr) return take_key(frame, node, mark);
  const auto [earlier, is_new] = frame.keys.try_emplace(frame.key->text, frame.key->mark);
  if (is_new) {
    frame.node->entries.push_back({frame.key->text, frame.key->mark, node});
  } else {
    report({frame.key->mark,
            fmt::format("{} is written twice, first in line {}", in_quotes(frame.key->text),
                        earlier->second.line),
            "keep one of them"});
  }
  frame.key = nullptr;
}

void YamlTreeBuilder::take_key(Frame& frame, const YamlNode* key, SourceMark mark) {
  if (key->kind == YamlKind::Text && !key->text.empty()) {
    frame.key = key;
    return;
  }
  fail({mark, "expected a key (a plain word) here", "write 'key: value'"});
}

void YamlTreeBuilder::grow(YamlNode& parent, const YamlNode& child, SourceMark mark) {
  parent.expanded_size += child.expanded_size;  // No overflow: both are bounded at each step.
  parent.height = std::max(parent.height, child.height + 1);
  if (parent.expanded_size > kYamlExpandedSizeMax) {
    fail({mark, fmt::format("more than {} values once aliases are expanded", kYamlExpandedSizeMax),
          "split the estate"});
  } else if (parent.height > kYamlDepthMax) {
    fail({mark,
          fmt::format("nested deeper than {} levels once aliases are expanded", kYamlDepthMax),
          kDepthRemedy});
  }
}

void YamlTreeBuilder::report(YamlError error) {
  if (errors_.size() < kYamlErrorsMax) return errors_.push_back(std::move(error));
  has_failed_ = true;
}

}  // namespace twinspan::policy
