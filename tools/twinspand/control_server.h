// The control socket: accepts clients, frames requests and replies, bounds what a client may cost.
// It knows no method; those are the handler's. Answers are queued, never waited for, so a client
// that stopped reading can hold up nothing but itself. Thread: the control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.h"

namespace twinspan::tools {

// One request being answered. Outlives its client: replies to a client that left go nowhere.
class ControlCall {
 public:
  virtual ~ControlCall() = default;
  virtual void reply(const nlohmann::json& parameters) = 0;     // The last reply.
  virtual void progress(const nlohmann::json& parameters) = 0;  // One of several; only with `more`.
  virtual void fail(const std::string& error, const nlohmann::json& parameters) = 0;
  virtual bool wants_more() const = 0;
  virtual bool client_is_gone() const = 0;
};

using ControlHandler =
    std::function<void(const std::string& method, const nlohmann::json& parameters,
                       std::shared_ptr<ControlCall> call)>;

class ControlServer {
 public:
  ControlServer(boost::asio::io_context& context, ControlHandler handler);
  ~ControlServer();

  Result<void, std::string> listen(const std::string& path);  // Replaces a stale socket file.
  void close();

  class Session;

 private:
  void accept();
  void accept_later();

  ControlHandler handler_;
  boost::asio::local::stream_protocol::acceptor acceptor_;
  boost::asio::steady_timer retry_;
  std::string path_;
  std::shared_ptr<size_t> session_count_ = std::make_shared<size_t>(0);
};

}  // namespace twinspan::tools
