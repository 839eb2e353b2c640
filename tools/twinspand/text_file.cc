#include "tools/twinspand/text_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "policy/import.h"
#include "tun/unique_fd.h"

namespace twinspan::tools {
namespace {

namespace fs = std::filesystem;
using policy::IncludedFile;
using Paths = std::vector<fs::path>;

bool has_wildcard(const std::string& text) {
  return text.find_first_of("*?[\\") != std::string::npos;
}

bool is_inside(const fs::path& path, const fs::path& folder) {
  return std::ranges::mismatch(folder, path).in1 == folder.end();
}

// In the order of their names.
Paths matching(const fs::path& folder, const std::string& pattern) {
  Paths paths;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (::fnmatch(pattern.c_str(), name.c_str(), FNM_PERIOD) == 0) paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  return paths;
}

// The files of one include statement, one folder in which they may be.
class Includer {
 public:
  explicit Includer(fs::path folder) : folder_(std::move(folder)) {}

  Result<std::vector<IncludedFile>, std::string> read(const fs::path& pattern,
                                                      const fs::path& including) const {
    if (has_wildcard(pattern.parent_path().string()))
      return Err<std::string>("wildcards are for the last part of a name");
    std::error_code failure;
    // An absolute pattern replaces the including file's folder.
    const fs::path where = fs::weakly_canonical(
        (fs::absolute(including).parent_path() / pattern).parent_path(), failure);
    if (failure || !is_inside(where, folder_))
      return Err(fmt::format("it is not inside {}", folder_.string()));
    const std::string name = pattern.filename().string();
    Paths paths = has_wildcard(name) ? matching(where, name) : Paths{where / name};
    std::erase_if(paths, [&](const fs::path& path) {
      return fs::symlink_status(path, failure).type() == fs::file_type::not_found;
    });
    if (paths.size() > policy::kSettingsFilesMax)
      return Err(fmt::format("more than {} files", policy::kSettingsFilesMax));
    return read_all(paths);
  }

 private:
  Result<std::vector<IncludedFile>, std::string> read_all(const Paths& paths) const {
    std::vector<IncludedFile> files;
    size_t room = policy::kImportTextMax;
    for (const fs::path& path : paths) {
      std::error_code failure;
      const fs::path real = fs::canonical(path, failure);
      if (failure || !is_inside(real, folder_))
        return Err(fmt::format("{} is not inside {}", path.string(), folder_.string()));
      if (!fs::is_regular_file(real, failure))
        return Err(fmt::format("{} is no regular file", path.string()));
      auto text = read_text_file(real.string(), policy::kImportTextMax);
      if (!text) return Err(fmt::format("{}: {}", path.string(), text.error().why));
      if (text->size() > room)
        return Err(fmt::format("more than {} MiB in all", policy::kImportTextMax >> 20));
      room -= text->size();
      files.push_back({path.string(), *std::move(text)});
    }
    return files;
  }

  fs::path folder_;
};

using Fault = TextFileFault;

Err<Fault> no_regular_file() {
  return Err(Fault{"is no regular file, but a FIFO, a socket or a device",
                   "write the text to a file and name that, or pass it on as /dev/stdin"});
}

const char* remedy_of(int code) {
  switch (code) {
    case ENOENT:
    case ENOTDIR:
      return "correct the path; one without a leading '/' begins in the current folder";
    case EACCES:
    case EPERM:
      return "run this as a user who may read it, or let this one (chmod, chown)";
    case ELOOP:
      return "name the file itself instead of the symbolic link, which leads back to itself";
    default:
      return "name a file that can be read";
  }
}

Err<Fault> fault_of(int code) {
  // A socket is opened by nobody.
  return code == ENXIO ? no_regular_file() : Err(Fault{std::strerror(code), remedy_of(code)});
}

// What the shell has opened for us: a pipe is as good as a file there.
bool is_inherited(const std::string& path) {
  return path == "/dev/stdin" || path.starts_with("/dev/fd/");
}

Result<std::string, Fault> read_whole(const tun::UniqueFd& file, size_t size_max) {
  std::string text(size_max + 1, '\0');
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fault_of(errno);
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  if (size > size_max) {
    return Err(Fault{fmt::format("is larger than {} MiB", size_max >> 20),
                     "split it, as into a file for each gateway with what belongs to it"});
  }
  text.resize(size);
  return text;
}

}  // namespace

Result<std::string, TextFileFault> read_text_file(const std::string& path, size_t size_max) {
  // A FIFO without O_NONBLOCK would be waited for.
  const int wait = is_inherited(path) ? 0 : O_NONBLOCK;
  const tun::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | wait));
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0) return fault_of(errno);
  if (S_ISDIR(status.st_mode)) return Err(Fault{"is a directory, not a file", "name a file in it"});
  if (!S_ISREG(status.st_mode) && wait != 0) return no_regular_file();
  return read_whole(file, size_max);
}

policy::IncludeReader includes_inside(const std::string& path) {
  std::error_code failure;
  fs::path folder = fs::canonical(fs::absolute(path).parent_path(), failure);
  // An empty path would hold every other one.
  if (failure || folder.empty()) return policy::refuse_includes;
  return [includer = Includer(std::move(folder))](std::string_view pattern,
                                                  std::string_view including) {
    return includer.read(pattern, including);
  };
}

}  // namespace twinspan::tools
