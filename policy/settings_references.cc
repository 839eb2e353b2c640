#include "policy/settings_references.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace twinspan::policy {
namespace {

const SettingsSection* find_section(const SettingsSection& root, std::string_view path) {
  const SettingsSection* section = &root;
  while (section != nullptr && !path.empty()) {
    const std::string_view name = path.substr(0, path.find('.'));
    path.remove_prefix(std::min(name.size() + 1, path.size()));
    section = section->section(name);
  }
  return section;
}

class Unfolder {
 public:
  explicit Unfolder(const Settings& settings) : settings_(settings) {}

  // nullopt: there is an error.
  std::optional<SettingsSection> unfold(const SettingsSection& section) {
    if (std::ranges::count(open_, &section) != 0)
      return fail(section.mark,
                  fmt::format("the section {} inherits from itself", in_quotes(section.name)));
    if (open_.size() > kSettingsDepthMax)
      return fail(section.mark, fmt::format("nested deeper than {} levels once references are "
                                            "unfolded",
                                            kSettingsDepthMax));
    open_.push_back(&section);
    auto result = unfold_open(section);
    open_.pop_back();
    return result;
  }
  std::optional<ConfigError> take_error() { return std::move(error_); }

 private:
  std::optional<SettingsSection> unfold_open(const SettingsSection& section) {
    nodes_ += 1 + section.values.size();
    if (nodes_ > kSettingsNodesMax)
      return fail(section.mark, fmt::format("more than {} sections and values once references are "
                                            "unfolded",
                                            kSettingsNodesMax));
    SettingsSection result{.name = section.name, .mark = section.mark};
    result.values = section.values;
    for (const SettingsSection& inner : section.sections) {
      auto unfolded = unfold(inner);
      if (!unfolded) return std::nullopt;
      result.sections.push_back(*std::move(unfolded));
    }
    for (const SettingsReference& reference : section.references) {
      const SettingsSection* const other = find_section(settings_.root, reference.name);
      if (other == nullptr)
        return fail(reference.mark,
                    fmt::format("there is no section {}", in_quotes(reference.name)));
      const auto inherited = unfold(*other);
      if (!inherited) return std::nullopt;
      inherit(*inherited, result);
    }
    return result;
  }

  static void inherit(const SettingsSection& from, SettingsSection& into) {
    for (const SettingsValue& value : from.values) {
      if (std::ranges::find(into.values, value.key, &SettingsValue::key) == into.values.end())
        into.values.push_back(value);
    }
    for (const SettingsSection& section : from.sections) {
      const auto own = std::ranges::find(into.sections, section.name, &SettingsSection::name);
      if (own == into.sections.end()) {
        into.sections.push_back(section);
      } else {
        inherit(section, *own);
      }
    }
  }

  std::nullopt_t fail(SourceMark mark, std::string message) {
    if (!error_)
      error_ = ConfigError{settings_.files[mark.file],
                           mark.line,
                           mark.column,
                           "",
                           std::move(message),
                           "name sections by their full path, as they stand in the file"};
    return std::nullopt;
  }

  const Settings& settings_;
  std::vector<const SettingsSection*> open_;
  size_t nodes_ = 0;
  std::optional<ConfigError> error_;
};

}  // namespace

Result<Settings, ConfigErrors> resolve_references(Settings settings) {
  Unfolder unfolder(settings);
  auto root = unfolder.unfold(settings.root);
  if (!root) return Err(ConfigErrors{*unfolder.take_error()});
  settings.root = *std::move(root);
  return settings;
}

}  // namespace twinspan::policy
