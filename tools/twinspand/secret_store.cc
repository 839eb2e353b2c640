#include "tools/twinspand/secret_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "tun/unique_fd.h"

namespace twinspan::tools {
namespace {

std::string locate(const std::string& path) {
  const char* const credentials = std::getenv("CREDENTIALS_DIRECTORY");
  std::error_code ignored;
  if (credentials == nullptr || std::filesystem::exists(path, ignored)) return path;
  const auto candidate =
      std::filesystem::path(credentials) / std::filesystem::path(path).filename();
  return std::filesystem::exists(candidate, ignored) ? candidate.string() : path;
}

}  // namespace

Result<std::shared_ptr<const SecretBytes>, std::string> read_psk(
    const std::string& configured_path) {
  const std::string path = locate(configured_path);
  const tun::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file && errno == ELOOP) {
    return Err<std::string>(fmt::format("{}: is a symbolic link; name the key file itself", path));
  }
  if (!file) return Err<std::string>(fmt::format("{}: {}", path, std::strerror(errno)));
  struct stat status{};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return Err<std::string>(fmt::format("{}: not a regular file", path));
  }
  if ((status.st_mode & 0077) != 0) {
    return Err<std::string>(fmt::format(
        "{}: readable or writable by others than its owner (mode {:04o}); run chmod 600 {}", path,
        status.st_mode & 07777, path));
  }
  // One byte more than the longest key and its newline shows that a file is too long.
  SecretBytes buffer(kPskSizeMax + 2);
  const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
  if (got < 0) return Err<std::string>(fmt::format("{}: {}", path, std::strerror(errno)));
  auto size = static_cast<size_t>(got);
  if (size > 0 && buffer.data()[size - 1] == '\n') --size;
  if (size == 0) return Err<std::string>(fmt::format("{}: the key is empty", path));
  if (size > kPskSizeMax) {
    return Err<std::string>(fmt::format("{}: the key is longer than {} bytes", path, kPskSizeMax));
  }
  return std::make_shared<const SecretBytes>(buffer.view().first(size));
}

}  // namespace twinspan::tools
