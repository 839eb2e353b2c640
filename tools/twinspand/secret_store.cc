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

enum class Readers : uint8_t { OwnerAlone, Anybody };

Result<void, std::string> admit(const std::string& path, const tun::UniqueFd& file,
                                Readers readers) {
  struct stat status{};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return Err<std::string>(fmt::format("{}: not a regular file", path));
  if (readers == Readers::OwnerAlone && (status.st_mode & 0077) != 0) {
    return Err<std::string>(fmt::format(
        "{}: readable or writable by others than its owner (mode {:04o}); run chmod 600 {}", path,
        status.st_mode & 07777, path));
  }
  return {};
}

// One byte more than `size_max` shows that a file is too long.
Result<SecretBytes, std::string> read_whole(const std::string& path, const tun::UniqueFd& file,
                                            size_t size_max) {
  SecretBytes buffer(size_max + 1);
  size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t got = ::read(file.get(), buffer.data() + size, buffer.size() - size);
    if (got < 0) return Err<std::string>(fmt::format("{}: {}", path, std::strerror(errno)));
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  if (size == 0) return Err<std::string>(fmt::format("{}: the file is empty", path));
  if (size > size_max)
    return Err<std::string>(fmt::format("{}: longer than {} bytes", path, size_max));
  return SecretBytes(buffer.view().first(size));
}

Result<SecretBytes, std::string> read_file(const std::string& configured_path, Readers readers,
                                           size_t size_max) {
  const std::string path = locate(configured_path);
  const int flags =
      O_RDONLY | O_CLOEXEC | O_NONBLOCK | (readers == Readers::OwnerAlone ? O_NOFOLLOW : 0);
  const tun::UniqueFd file(::open(path.c_str(), flags));
  if (!file && errno == ELOOP)
    return Err<std::string>(fmt::format("{}: is a symbolic link; name the key file itself", path));
  if (!file) return Err<std::string>(fmt::format("{}: {}", path, std::strerror(errno)));
  TRY(admit(path, file, readers));
  return read_whole(path, file, size_max);
}

}  // namespace

bool key_file_exists(const std::string& path) {
  // A link to nowhere is there, and refused when it is read.
  std::error_code ignored;
  return std::filesystem::symlink_status(locate(path), ignored).type() !=
         std::filesystem::file_type::not_found;
}

Result<SecretBytes, std::string> read_private_file(const std::string& path, size_t size_max) {
  return read_file(path, Readers::OwnerAlone, size_max);
}

Result<SecretBytes, std::string> read_public_file(const std::string& path, size_t size_max) {
  return read_file(path, Readers::Anybody, size_max);
}

Result<std::shared_ptr<const SecretBytes>, std::string> read_psk(const std::string& path) {
  // The newline is not part of the key.
  TRY_ASSIGN(const SecretBytes file, read_private_file(path, kPskSizeMax + 1));
  const size_t size = file.size() - (file.data()[file.size() - 1] == '\n' ? 1 : 0);
  if (size == 0) return Err<std::string>(fmt::format("{}: the key is empty", path));
  if (size > kPskSizeMax)
    return Err<std::string>(fmt::format("{}: the key is longer than {} bytes", path, kPskSizeMax));
  return std::make_shared<const SecretBytes>(file.view().first(size));
}

}  // namespace twinspan::tools
