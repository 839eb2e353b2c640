#include "tools/twinspan/client.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "tools/twinspand/control_protocol.h"
#include "tools/twinspand/run_dir.h"

namespace twinspan::tools {
namespace {

using nlohmann::json;

Err<ControlError> unreachable(const std::string& text) {
  return Err(ControlError{.name = "", .parameters = {}, .text = text});
}

}  // namespace

Result<ControlClient, ControlError> ControlClient::connect(const std::string& run_dir) {
  const std::string path = run_dir + "/" + kControlSocketName;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path))
    return unreachable(path + ": too long for a UNIX socket");
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  tun::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket ||
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return unreachable(path + ": " + std::strerror(errno) + "; is twinspand running?");
  }
  return ControlClient(std::move(socket));
}

Result<json, ControlError> ControlClient::call(const std::string& method, const json& parameters,
                                               const std::function<void(const json&)>& progress) {
  json request = {{"method", method}, {"parameters", parameters}};
  if (progress) request["more"] = true;
  std::string text = request.dump();
  text.push_back('\0');
  for (size_t sent = 0; sent < text.size();) {
    const ssize_t n = ::send(socket_.get(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return unreachable(std::string("the daemon broke off: ") + std::strerror(errno));
    sent += static_cast<size_t>(n);
  }
  while (true) {
    TRY_ASSIGN(const json reply, read_message());
    if (reply.contains("error")) {
      return Err(ControlError{reply["error"].get<std::string>(),
                              reply.value("parameters", json::object()), "", false});
    }
    const json result = reply.value("parameters", json::object());
    if (!reply.value("continues", false)) return result;
    if (progress) progress(result);
  }
}

Result<json, ControlError> ControlClient::read_message() {
  while (true) {
    if (const size_t end = input_.find('\0'); end != std::string::npos) {
      json message =
          json::parse(input_.begin(), input_.begin() + static_cast<ptrdiff_t>(end), nullptr, false);
      input_.erase(0, end + 1);
      if (!message.is_object()) return unreachable("the daemon's answer is not JSON");
      return message;
    }
    char buffer[65536];
    const ssize_t n = ::recv(socket_.get(), buffer, sizeof(buffer), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return unreachable("the daemon closed the connection");
    input_.append(buffer, static_cast<size_t>(n));
  }
}

}  // namespace twinspan::tools
