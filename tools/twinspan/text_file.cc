#include "tools/twinspan/text_file.h"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "policy/import.h"

namespace twinspan::tools {
namespace {

namespace fs = std::filesystem;

// Sorted, as the shell does.
std::vector<std::string> expanded(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> paths;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0)
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  return paths;
}

bool is_inside(const fs::path& path, const fs::path& folder) {
  return std::ranges::mismatch(folder, path).in1 == folder.end();
}

}  // namespace

Result<std::string, std::string> read_text_file(const std::string& path, size_t size_max) {
  std::error_code failure;
  if (fs::is_directory(path, failure))
    return Err(fmt::format("{}: is a directory; a file is expected", path));
  std::ifstream file(path, std::ios::binary);
  if (!file) return Err(fmt::format("{}: {}", path, std::strerror(errno)));
  std::string text(size_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > size_max)
    return Err(fmt::format("{}: larger than {} MiB", path, size_max >> 20));
  return text;
}

policy::IncludeReader includes_inside(const std::string& path) {
  std::error_code ignored;
  const fs::path folder = fs::weakly_canonical(fs::absolute(path), ignored).parent_path();
  return [folder](
             std::string_view pattern,
             std::string_view including) -> Result<std::vector<policy::IncludedFile>, std::string> {
    // An absolute pattern replaces the folder.
    const fs::path wanted = fs::absolute(std::string(including)).parent_path() / pattern;
    std::vector<policy::IncludedFile> files;
    for (const std::string& name : expanded(wanted.string())) {
      std::error_code failure;
      const fs::path real = fs::canonical(name, failure);
      if (failure || !is_inside(real, folder))
        return Err(fmt::format("{} is not inside {}", name, folder.string()));
      if (!fs::is_regular_file(real, failure))
        return Err(fmt::format("{} is no regular file", name));
      if (files.size() >= policy::kSettingsFilesMax)
        return Err(fmt::format("more than {} files", policy::kSettingsFilesMax));
      auto text = read_text_file(real.string(), policy::kImportTextMax);
      if (!text) return Err(std::move(text).error());
      files.push_back({name, *std::move(text)});
    }
    return files;
  };
}

}  // namespace twinspan::tools
