// Reads the fields of one mapping as its schema says, and reports every fault with its place.
//
// The reader's caller names each field and gives the C++ value to fill; type, default and limits
// come from the schema, so a field exists in exactly one table. A faulty field keeps its default
// value: reading goes on, and the log says that the model must not be used.
#pragma once

#include <functional>

#include "base/check.h"
#include "policy/config_error.h"
#include "policy/connection.h"
#include "policy/model.h"
#include "policy/schema.h"
#include "policy/yaml_tree.h"

namespace twinspan::policy {

// Errors of one file, bounded, with its name filled in.
class ErrorLog {
 public:
  explicit ErrorLog(std::string file_name) : file_name_(std::move(file_name)) {}
  void add(SourceMark mark, std::string path, std::string message, std::string remedy);
  ConfigErrors take() { return std::move(errors_); }

 private:
  std::string file_name_;
  ConfigErrors errors_;
};

// A mapping of the tree, or a list item, with what its place is called: "connections.a-to-b".
struct Place {
  const YamlNode* node = nullptr;
  SourceMark mark;  // Of the key that introduced it, where there is one.
  std::string path;
};

class ObjectReader {
 public:
  // Reports keys that the schema does not know, and a node that is no mapping.
  // `fields` gets the place of each field that is written.
  ObjectReader(ErrorLog& log, FieldPlaces& fields, const ObjectSchema& schema, Place place);

  bool has(std::string_view field) const { return entry(field) != nullptr; }
  void read(std::string_view field, MarkedText& out) { read_one(field, out); }
  void read(std::string_view field, Marked<bool>& out) { read_one(field, out); }
  void read(std::string_view field, Marked<uint32_t>& out) { read_one(field, out); }
  void read(std::string_view field, Marked<uint64_t>& out) { read_one(field, out); }
  void read(std::string_view field, Marked<IpAddress>& out) { read_one(field, out); }
  template <class Enum>
    requires std::is_enum_v<Enum>
  void read(std::string_view field, Marked<Enum>& out) {
    Marked<ChoiceIndex> choice;
    read_one(field, choice);
    out = {static_cast<Enum>(choice->value), choice.mark, choice.is_set};
  }
  void read(std::string_view field, MarkedList<std::string>& out) { read_list(field, out); }
  void read(std::string_view field, MarkedList<IpAddress>& out) { read_list(field, out); }
  void read(std::string_view field, MarkedList<IpPrefix>& out) { read_list(field, out); }
  void read(std::string_view field, MarkedList<AddressRange>& out) { read_list(field, out); }

  // A name the author chose and its value: subnets.
  using PrefixVisitor = std::function<void(const std::string& name, SourceMark, Marked<IpPrefix>)>;
  void for_each_prefix(std::string_view field, const PrefixVisitor& visit);

  // Calls `visit` for the object(s) of a field of shape One, List or ByName; the name is empty but
  // for ByName.
  using ObjectVisitor = std::function<void(const std::string& name, ObjectReader&)>;
  void for_each_object(std::string_view field, const ObjectVisitor& visit);

  const SourceMark& mark() const { return place_.mark; }
  SourceMark mark_of(std::string_view field) const;
  // A NameOrObject field that holds a name (or its default) rather than a mapping.
  bool holds_name(std::string_view field) const;

 private:
  struct ChoiceIndex {
    size_t value = 0;
  };
  struct Scalar {
    std::string_view text;
    SourceMark mark;
    bool is_set = false;
  };

  const FieldSchema& schema_of(std::string_view field) const;
  const YamlEntry* entry(std::string_view field) const;
  std::string path_of(std::string_view field) const;
  bool expect_kind(const YamlNode& node, YamlKind kind, const Place& place,
                   std::string_view expected);
  void note(SourceMark mark, std::string path) {
    fields_.emplace_hint(fields_.end(), mark, std::move(path));
  }
  bool is_too_long(const YamlNode& list, const Place& place, size_t count);
  void report_unknown_keys();
  void report_missing_fields();
  bool is_usable_name(const YamlEntry& named, const std::string& path);
  Place place_of(const YamlEntry& named, std::string_view field) const;

  template <class Value>
  void read_one(std::string_view field, Marked<Value>& out);
  template <class Value>
  void read_list(std::string_view field, MarkedList<Value>& out);
  template <class Value>
  bool read_value(const FieldSchema& schema, const Scalar& scalar, const std::string& path,
                  Marked<Value>& out);

  static bool convert(const FieldSchema& schema, std::string_view text, std::string& out);
  static bool convert(const FieldSchema& schema, std::string_view text, bool& out);
  static bool convert(const FieldSchema& schema, std::string_view text, uint32_t& out);
  static bool convert(const FieldSchema& schema, std::string_view text, uint64_t& out);
  static bool convert(const FieldSchema& schema, std::string_view text, IpAddress& out);
  static bool convert(const FieldSchema& schema, std::string_view text, IpPrefix& out);
  static bool convert(const FieldSchema& schema, std::string_view text, AddressRange& out);
  static bool convert(const FieldSchema& schema, std::string_view text, ChoiceIndex& out);

  ErrorLog& log_;
  FieldPlaces& fields_;
  const ObjectSchema& schema_;
  Place place_;
};

}  // namespace twinspan::policy
