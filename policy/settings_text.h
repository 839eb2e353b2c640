// strongSwan's settings format (strongswan.conf(5)): sections in braces, `key = value` lines,
// comments, quotes, `name : other, another { ... }` references, and include statements, as a tree
// of which every value knows its place.
//
// Files are not read here: whoever calls hands in what an include statement names, or refuses it.
// As strongSwan does, a later value replaces an earlier one of the same key, and sections of the
// same name are one.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/config_error.h"

namespace twinspan::policy {

inline constexpr size_t kSettingsDepthMax = 32;      // Levels of sections.
inline constexpr size_t kSettingsNodesMax = 100000;  // Sections and values, references unfolded.
// In one section; looking for one takes time that grows with their number.
inline constexpr size_t kSettingsValuesMax = 1000;
inline constexpr size_t kSettingsSectionsMax = 2000;
inline constexpr size_t kSettingsValueMax = 4096;  // Bytes of one.
inline constexpr size_t kSettingsFilesMax = 64;    // Includes in includes among them.
inline constexpr size_t kIncludesMax = 64;         // Statements.
inline constexpr size_t kIncludeDepthMax = 8;

struct SettingsValue {
  std::string key;
  SourceMark mark;  // Of the key.
  std::string text;
  SourceMark text_mark;
};

struct SettingsReference {
  std::string name;  // "connections.base"
  SourceMark mark;
};

struct SettingsSection {
  std::string name;
  SourceMark mark;
  std::vector<SettingsReference> references;
  std::vector<SettingsValue> values;
  std::vector<SettingsSection> sections;  // In the file's order.

  // nullptr when there is none, or when it was cleared by an empty value.
  const SettingsValue* value(std::string_view key) const;
  const SettingsSection* section(std::string_view wanted) const;
};

// One file that an include statement names.
struct IncludedFile {
  std::string name;  // For messages, and as `including` of what it includes itself.
  std::string text;
};
// The files of the pattern as written in the file `including`, in the order in which they are read;
// or why they are not read.
using IncludeReader = std::function<Result<std::vector<IncludedFile>, std::string>(
    std::string_view pattern, std::string_view including)>;

// Refuses every include statement.
Result<std::vector<IncludedFile>, std::string> refuse_includes(std::string_view pattern,
                                                               std::string_view including);

struct Settings {
  SettingsSection root;            // References are resolved, and none is left.
  std::vector<std::string> files;  // SourceMark::file is an index into it; the first is the file.
  std::vector<SettingsReference> empty_includes;  // Statements that named no file.
};

// No byte of a value is in an error: any of them may be a key. The same goes for what stands where
// a name is expected, which a brace or quote inside a key may have made of it. Patterns of include
// statements and names of sections that others refer to are quoted.
Result<Settings, ConfigErrors> read_settings(std::string_view text, const std::string& file_name,
                                             const IncludeReader& include);

}  // namespace twinspan::policy
