// A blocking client of the control socket: varlink framing, one request at a time.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "base/result.h"
#include "tun/unique_fd.h"

namespace twinspan::tools {

struct ControlError {
  std::string name;  // Empty: the daemon could not be reached or broke off.
  nlohmann::json parameters;
  std::string text;           // For people.
  bool is_ambiguous = false;  // It is not said which daemon is meant, or there is none.
};

class ControlClient {
 public:
  static Result<ControlClient, ControlError> connect(const std::string& run_dir);

  // `progress` hears every reply but the last; without it the daemon sends only the last.
  Result<nlohmann::json, ControlError> call(
      const std::string& method, const nlohmann::json& parameters,
      const std::function<void(const nlohmann::json&)>& progress = {});

 private:
  explicit ControlClient(tun::UniqueFd socket) : socket_(std::move(socket)) {}
  Result<nlohmann::json, ControlError> read_message();

  tun::UniqueFd socket_;
  std::string input_;
};

}  // namespace twinspan::tools
