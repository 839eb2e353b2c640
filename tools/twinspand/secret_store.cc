#include "tools/twinspand/secret_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "tun/unique_fd.h"

namespace twinspan::tools {
namespace {

using std::filesystem::path;
using tun::UniqueFd;
using Kind = KeyFileFault::Kind;

constexpr int kRead = O_RDONLY | O_CLOEXEC | O_NONBLOCK;  // A FIFO must not be waited for.

std::unexpected<KeyFileFault> fault(Kind kind, const path& file, std::string_view what) {
  return Err<KeyFileFault>({kind, fmt::format("{}: {}", file.string(), what)});
}

// Of an open() with O_NOFOLLOW.
std::unexpected<KeyFileFault> fault_of(int code, const path& file) {
  if (code == ELOOP)
    return fault(Kind::Unfit, file, "is a symbolic link; name the key file itself");
  const Kind kind = code == ENOENT                    ? Kind::Missing
                    : code == EACCES || code == EPERM ? Kind::Forbidden
                                                      : Kind::Unfit;
  return fault(kind, file, std::strerror(code));
}

bool is_link(const UniqueFd& file) {
  struct stat status{};
  return ::fstat(file.get(), &status) == 0 && S_ISLNK(status.st_mode);
}

// One step down, without leaving the tree: the folder `name` in `parent`.
KeyFileResult<UniqueFd> enter(const UniqueFd& parent, const path& name, const path& whole) {
  UniqueFd child(::openat(parent.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!child) return fault_of(errno, whole);
  if (is_link(child)) {
    return fault(Kind::Unfit, whole,
                 "is a symbolic link; below the estate's folder none is followed to a key, move "
                 "the key here or give a path from '/' on that leads elsewhere");
  }
  return child;
}

// Step by step instead of openat2(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS): any kernel and any
// sandbox has it, and it knows which step was a link.
KeyFileResult<UniqueFd> open_beneath(const path& folder, const path& name) {
  UniqueFd parent(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!parent) return fault_of(errno, folder);
  path done = folder;
  for (const path& step : name.parent_path()) {
    done /= step;
    if (step == "..")
      return fault(Kind::Unfit, folder / name, "goes through '..'; name the file without it");
    TRY_ASSIGN(parent, enter(parent, step, done));
  }
  UniqueFd file(::openat(parent.get(), name.filename().c_str(), kRead | O_NOFOLLOW));
  if (!file) return fault_of(errno, folder / name);
  return file;
}

struct Place {
  path folder;  // Empty: the file's path is the operator's own word.
  path name;
  path whole() const { return folder / name; }
};

bool is_there(const path& file) {
  // A link to nowhere is there, and refused when it is read.
  std::error_code ignored;
  return std::filesystem::symlink_status(file, ignored).type() !=
         std::filesystem::file_type::not_found;
}

Place locate(const std::string& folder, const path& file) {
  const char* const credentials = std::getenv("CREDENTIALS_DIRECTORY");
  if (credentials != nullptr && !is_there(file) && is_there(credentials / file.filename()))
    return {credentials, file.filename()};
  const std::string text = file.string();
  if (text.starts_with(folder)) return {folder, text.substr(folder.size())};
  return {"", file};
}

KeyFileResult<UniqueFd> open_private(const Place& place) {
  if (!place.folder.empty()) return open_beneath(place.folder, place.name);
  UniqueFd file(::open(place.name.c_str(), kRead | O_NOFOLLOW));
  if (!file) return fault_of(errno, place.name);
  return file;
}

KeyFileResult<UniqueFd> open_public(const Place& place) {
  UniqueFd file(::open(place.whole().c_str(), kRead));
  if (!file) return fault_of(errno, place.whole());
  return file;
}

enum class Readers : uint8_t { OwnerAlone, Anybody };

KeyFileResult<void> admit(const path& name, const UniqueFd& file, Readers readers) {
  struct stat status{};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return fault(Kind::Unfit, name, "not a regular file");
  if (readers == Readers::OwnerAlone && (status.st_mode & 0077) != 0) {
    return fault(Kind::Exposed, name,
                 fmt::format("readable or writable by others than its owner (mode {:04o}); run "
                             "chmod 600 {}",
                             status.st_mode & 07777, name.string()));
  }
  return {};
}

struct SizeLimit {
  size_t bytes;
  std::string fault;  // Of what is longer.
};
SizeLimit at_most(size_t bytes) {
  return {bytes, fmt::format("longer than {} bytes", bytes)};
}

// One byte more than the limit shows that a file is too long.
KeyFileResult<SecretBytes> read_whole(const path& name, const UniqueFd& file,
                                      const SizeLimit& limit) {
  SecretBytes buffer(limit.bytes + 1);
  size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t got = ::read(file.get(), buffer.data() + size, buffer.size() - size);
    if (got < 0) return fault_of(errno, name);
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  if (size == 0) return fault(Kind::Unfit, name, "the file is empty");
  if (size > limit.bytes) return fault(Kind::Unfit, name, limit.fault);
  return SecretBytes(buffer.view().first(size));
}

KeyFileResult<SecretBytes> read_owned(const Place& place, const SizeLimit& limit) {
  TRY_ASSIGN(const UniqueFd file, open_private(place));
  TRY(admit(place.whole(), file, Readers::OwnerAlone));
  return read_whole(place.whole(), file, limit);
}

}  // namespace

KeyFolder KeyFolder::of_estate(const std::string& estate_path) {
  return KeyFolder((std::filesystem::absolute(estate_path).parent_path() / "").string());
}

std::string KeyFolder::path_of(const std::string& name) const {
  return name.starts_with('/') ? name : path_ + name;
}

KeyFileResult<SecretBytes> KeyFolder::read_private(const std::string& name, size_t size_max) const {
  return read_owned(locate(path_, path_of(name)), at_most(size_max));
}

KeyFileResult<SecretBytes> KeyFolder::read_public(const std::string& name, size_t size_max) const {
  const Place place = locate(path_, path_of(name));
  TRY_ASSIGN(const UniqueFd file, open_public(place));
  TRY(admit(place.whole(), file, Readers::Anybody));
  return read_whole(place.whole(), file, at_most(size_max));
}

// However long it is beyond any key, it is the key that is too long.
KeyFileResult<SecretBytes> KeyFolder::read_key(const std::string& name) const {
  const SizeLimit limit{policy::kSharedKeyFileMax,
                        fmt::format("the key is longer than {} bytes", policy::kSharedKeyMax)};
  return read_owned(locate(path_, path_of(name)), limit);
}

KeyFileResult<std::shared_ptr<const SecretBytes>> KeyFolder::read_psk(
    const std::string& name, const policy::KeyForm& form) const {
  TRY_ASSIGN(const SecretBytes file, read_key(name));
  auto key = policy::decode_key(file.view(), form);
  if (!key) return fault(Kind::Unfit, path_of(name), key.error());
  return std::make_shared<const SecretBytes>(*std::move(key));
}

KeyFileResult<std::shared_ptr<const SecretBytes>> KeyFolder::read_ppk(
    const std::string& name) const {
  TRY_ASSIGN(const SecretBytes file, read_key(name));
  auto key = policy::decode_ppk(file.view());
  if (!key) return fault(Kind::Unfit, path_of(name), key.error());
  return std::make_shared<const SecretBytes>(*std::move(key));
}

}  // namespace twinspan::tools
