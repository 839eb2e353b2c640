// Small files of the kernel (procfs, sysctls) and the run directory's state file.
// Thread: any; nothing is kept.
#pragma once

#include <optional>
#include <string>

namespace twinspan::tun {

// nullopt with errno set when it cannot be read, or is longer than `bytes_max` (EFBIG).
std::optional<std::string> read_file(const std::string& path, size_t bytes_max);

// Complete or not at all, also across a crash: a new file is renamed over the old one. 0 or errno.
int write_file_atomically(const std::string& path, const std::string& text);

// "net/ipv4/ip_forward"; the path is spelled with slashes since device names may hold dots.
std::optional<int> read_sysctl(const std::string& path);
int write_sysctl(const std::string& path, int value);  // 0 or errno

}  // namespace twinspan::tun
