#include "tun/linux_host_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>

#include "tun/unique_fd.h"

namespace twinspan::tun {
namespace {

constexpr const char* kSysctlRoot = "/proc/sys/";

int write_all(int fd, const std::string& text) {
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t written = ::write(fd, text.data() + done, text.size() - done);
    if (written < 0 && errno != EINTR) return errno;
    if (written > 0) done += static_cast<size_t>(written);
  }
  return 0;
}

void sync_directory_of(const std::string& path) {
  const UniqueFd directory(
      ::open(path.substr(0, path.rfind('/') + 1).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory) ::fsync(directory.get());
}

}  // namespace

std::optional<std::string> read_file(const std::string& path, size_t bytes_max) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return std::nullopt;
  std::string text;
  char part[16 * 1024];
  for (;;) {
    const ssize_t got = ::read(fd.get(), part, sizeof(part));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) return text;
    text.append(part, static_cast<size_t>(got));
    if (text.size() > bytes_max) {
      errno = EFBIG;
      return std::nullopt;
    }
  }
}

int write_file_atomically(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  UniqueFd fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!fd) return errno;
  int code = write_all(fd.get(), text);
  if (code == 0 && ::fsync(fd.get()) != 0) code = errno;
  if (code == 0 && ::rename(fresh.c_str(), path.c_str()) != 0) code = errno;
  if (code != 0) ::unlink(fresh.c_str());
  if (code == 0) sync_directory_of(path);
  return code;
}

std::optional<int> read_sysctl(const std::string& path) {
  const auto text = read_file(kSysctlRoot + path, 64);
  if (!text) return std::nullopt;
  int value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc()) return std::nullopt;
  return value;
}

int write_sysctl(const std::string& path, int value) {
  const UniqueFd fd(::open((kSysctlRoot + path).c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) return errno;
  return write_all(fd.get(), std::to_string(value));
}

}  // namespace twinspan::tun
