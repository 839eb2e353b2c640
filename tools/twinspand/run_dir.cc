#include "tools/twinspand/run_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace twinspan::tools {
namespace {

std::string errno_text(const std::string& what) {
  return what + ": " + std::strerror(errno);
}

}  // namespace

Result<void, std::string> make_private_dir(const std::string& path) {
  std::error_code failure;
  const bool is_new = std::filesystem::create_directories(path, failure);
  if (failure) return Err<std::string>(path + ": " + failure.message());
  if (is_new) {
    if (::chmod(path.c_str(), 0700) != 0) return Err<std::string>(errno_text(path));
    return {};
  }
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return Err<std::string>(errno_text(path));
  if ((status.st_mode & 0002) != 0) {
    return Err<std::string>(path + ": everybody may write to it; name a directory of its own");
  }
  return {};
}

Result<tun::UniqueFd, RunDirError> lock_run_dir(const std::string& path) {
  if (const auto made = make_private_dir(path); !made) return Err(RunDirError{made.error()});
  const std::string lock_path = path + "/" + kLockName;
  tun::UniqueFd lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock) return Err(RunDirError{errno_text(lock_path)});
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return Err(RunDirError{path + " is in use by a running twinspand", errno == EWOULDBLOCK});
  }
  return lock;
}

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Result<void, std::string> write_file_atomically(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".new";
  tun::UniqueFd file(
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return Err<std::string>(errno_text(temporary));
  const ssize_t written = ::write(file.get(), text.data(), text.size());
  if (written != static_cast<ssize_t>(text.size())) return Err<std::string>(errno_text(temporary));
  if (::rename(temporary.c_str(), path.c_str()) != 0) return Err<std::string>(errno_text(path));
  return {};
}

}  // namespace twinspan::tools
