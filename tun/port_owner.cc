#include "tun/port_owner.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <functional>
#include <memory>

#include "tun/linux_host_files.h"

namespace twinspan::tun {
namespace {

constexpr const char* kUnseenOwner = "a process that cannot be seen from here";
// /proc/net tables of a busy host; past it the owner stays unnamed.
constexpr size_t kProcTableBytesMax = 16 * 1024 * 1024;

std::vector<std::string_view> split_fields(std::string_view line) {
  std::vector<std::string_view> fields;
  while (!line.empty()) {
    const size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string_view::npos) break;
    const size_t end = std::min(line.find_first_of(" \t", begin), line.size());
    fields.push_back(line.substr(begin, end - begin));
    line.remove_prefix(end);
  }
  return fields;
}

void for_each_line(std::string_view text, const std::function<void(std::string_view)>& visit) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    visit(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

template <class Number>
std::optional<Number> parse_number(std::string_view text, int base) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// "0100007F:1194": words of 32 bits as this machine holds them in memory, and the port in hex.
std::optional<Endpoint> parse_hex_endpoint(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon != 8 && colon != 32) return std::nullopt;
  uint8_t bytes[16];
  for (size_t at = 0; at < colon; at += 8) {
    const auto word = parse_number<uint32_t>(text.substr(at, 8), 16);
    if (!word) return std::nullopt;
    std::memcpy(bytes + at / 2, &*word, sizeof(*word));
  }
  const auto port = parse_number<uint16_t>(text.substr(colon + 1), 16);
  if (!port) return std::nullopt;
  return Endpoint{colon == 8 ? IpAddress::v4(bytes) : IpAddress::v6(bytes), *port};
}

std::string read_proc_net(const std::string& table) {
  // The thread's namespace, which may differ from the process's.
  return read_file("/proc/thread-self/net/" + table, kProcTableBytesMax).value_or("");
}

std::string read_link(const std::string& path) {
  char target[256];
  const ssize_t length = ::readlink(path.c_str(), target, sizeof(target));
  return length < 0 ? std::string() : std::string(target, static_cast<size_t>(length));
}

std::vector<std::string> list_directory(const std::string& path) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
  if (!directory) return names;
  while (const dirent* entry = ::readdir(directory.get())) names.emplace_back(entry->d_name);
  return names;
}

// The first process with an open file for which `matches(directory "/proc/PID", file descriptor)`.
std::string find_process(
    const std::function<bool(const std::string&, const std::string&)>& matches) {
  for (const std::string& pid : list_directory("/proc")) {
    if (!parse_number<int>(pid, 10)) continue;
    const std::string directory = "/proc/" + pid;
    for (const std::string& descriptor : list_directory(directory + "/fd")) {
      if (!matches(directory, descriptor)) continue;
      std::string name = read_file(directory + "/comm", 64).value_or("a process");
      while (!name.empty() && name.back() == '\n') name.pop_back();
      return name + " (pid " + pid + ")";
    }
  }
  return kUnseenOwner;
}

std::string find_process_of_inode(uint64_t inode) {
  const std::string wanted = "socket:[" + std::to_string(inode) + "]";
  return find_process([&](const std::string& directory, const std::string& descriptor) {
    return read_link(directory + "/fd/" + descriptor) == wanted;
  });
}

std::string find_owner(const std::vector<std::string>& tables, const Endpoint& wanted) {
  std::vector<BoundSocket> sockets;
  for (const std::string& table : tables) {
    const auto rows = parse_bound_sockets(read_proc_net(table));
    sockets.insert(sockets.end(), rows.begin(), rows.end());
  }
  const auto conflicts = find_conflicts(sockets, wanted);
  if (conflicts.empty()) return {};
  std::string owner = find_process_of_inode(conflicts.front().inode);
  if (conflicts.front().local.address.is_unspecified()) {
    owner += ", which holds the port on every address";
  }
  return owner;
}

}  // namespace

std::vector<BoundSocket> parse_bound_sockets(std::string_view table) {
  constexpr size_t kLocalField = 1;
  constexpr size_t kInodeField = 9;
  std::vector<BoundSocket> sockets;
  for_each_line(table, [&](std::string_view line) {
    const auto fields = split_fields(line);
    if (fields.size() <= kInodeField) return;
    const auto local = parse_hex_endpoint(fields[kLocalField]);
    const auto inode = parse_number<uint64_t>(fields[kInodeField], 10);
    if (local && inode) sockets.push_back({*local, *inode});
  });
  return sockets;
}

std::vector<BoundSocket> find_conflicts(const std::vector<BoundSocket>& sockets,
                                        const Endpoint& wanted) {
  std::vector<BoundSocket> exact;
  std::vector<BoundSocket> wildcard;
  for (const BoundSocket& socket : sockets) {
    if (socket.local == wanted) exact.push_back(socket);
    const IpAddress& address = socket.local.address;
    // The IPv6 wildcard takes IPv4 too, unless its owner asked for IPv6 only, which the table
    // hides.
    const bool covers = address.family() == wanted.address.family() || address.is_v6();
    if (socket.local.port == wanted.port && address.is_unspecified() && covers) {
      wildcard.push_back(socket);
    }
  }
  exact.insert(exact.end(), wildcard.begin(), wildcard.end());
  return exact;
}

std::optional<uint64_t> find_unix_inode(std::string_view table, std::string_view name) {
  constexpr size_t kInodeField = 6;
  constexpr size_t kPathField = 7;
  std::optional<uint64_t> inode;
  for_each_line(table, [&](std::string_view line) {
    const auto fields = split_fields(line);
    if (fields.size() <= kPathField || fields[kPathField] != name) return;
    inode = parse_number<uint64_t>(fields[kInodeField], 10);
  });
  return inode;
}

std::string describe_udp_owner(const Endpoint& local) {
  const std::string owner = find_owner({"udp", "udp6"}, local);
  return owner.empty() ? kUnseenOwner : owner;
}

std::string describe_raw_owner(const IpAddress& local, uint8_t protocol) {
  const char* table = local.is_v4() ? "raw" : "raw6";
  std::vector<BoundSocket> sockets = parse_bound_sockets(read_proc_net(table));
  std::erase_if(sockets, [&](const BoundSocket& socket) {
    return socket.local != Endpoint{local, protocol};
  });
  return sockets.empty() ? std::string() : find_process_of_inode(sockets.front().inode);
}

std::string describe_unix_owner(const std::string& name) {
  const auto inode = find_unix_inode(read_proc_net("unix"), name);
  return inode ? find_process_of_inode(*inode) : kUnseenOwner;
}

std::string describe_tun_owner(const std::string& device) {
  const std::string space = read_link("/proc/thread-self/ns/net");
  const std::string wanted = "iff:\t" + device + "\n";
  return find_process([&](const std::string& directory, const std::string& descriptor) {
    if (read_link(directory + "/fd/" + descriptor) != "/dev/net/tun") return false;
    if (read_link(directory + "/ns/net") != space) return false;
    const auto details = read_file(directory + "/fdinfo/" + descriptor, 4096);
    return details && details->find(wanted) != std::string::npos;
  });
}

}  // namespace twinspan::tun
