// Estate texts for the policy tests: one good estate, and ways to break it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/config_parse.h"
#include "policy/plan.h"
#include "policy/validate.h"

namespace twinspan::policy {

// Two gateways joined both ways and a branch: no finding at all.
extern const char* const kGoodEstate;

// The text with one occurrence replaced; fails the test when it is not there.
std::string replaced(std::string text, std::string_view from, std::string_view to);
// The good estate with replacements, in order.
using Changes = std::vector<std::pair<std::string_view, std::string_view>>;
std::string estate_with(const Changes& changes);

// The model of a text that must parse.
Model model_of(std::string_view text);

// "error connection.overlap" per finding of the text, in the file's order.
std::vector<std::string> findings_of(std::string_view text);
std::vector<std::string> findings_with(const Changes& changes);
// The only finding of the changed estate, as printed or whole; fails the test when there are
// others.
std::string only_finding(const Changes& changes);
Finding finding_with(const Changes& changes);

// The errors of a text that must not parse, as printed, the file being "e.yaml".
std::vector<std::string> errors_of(std::string_view text);

// A file under the project's root.
std::string read_source_file(std::string_view path);

}  // namespace twinspan::policy
