#include "tools/twinspand/control_server.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <nlohmann/json.hpp>

#include "tools/twinspand/control_protocol.h"

namespace twinspan::tools {

using boost::asio::local::stream_protocol;
using nlohmann::json;

// One client. Keeps itself alive through its pending operations.
class ControlServer::Session : public std::enable_shared_from_this<ControlServer::Session> {
 public:
  Session(stream_protocol::socket socket, ControlHandler handler, std::shared_ptr<size_t> count)
      : socket_(std::move(socket)), handler_(std::move(handler)), count_(std::move(count)) {
    ++*count_;
  }
  ~Session() { --*count_; }

  void read() {
    boost::asio::async_read_until(
        socket_, boost::asio::dynamic_buffer(input_, kRequestSizeMax), '\0',
        [self = shared_from_this()](const boost::system::error_code& error, size_t length) {
          if (error) return self->close();
          self->take_request(length);
          self->read();
        });
  }

  void send(const json& message) {
    if (closed_) return;
    std::string text = message.dump(-1, ' ', false, json::error_handler_t::replace);
    text.push_back('\0');
    queued_bytes_ += text.size();
    if (queued_bytes_ > kReplyQueueMax) return close();
    output_.push_back(std::move(text));
    if (output_.size() == 1) write();
  }

  bool closed() const { return closed_; }

 private:
  class Call;

  void take_request(size_t length);

  void write() {
    boost::asio::async_write(
        socket_, boost::asio::buffer(output_.front()),
        [self = shared_from_this()](const boost::system::error_code& error, size_t) {
          if (error) return self->close();
          self->queued_bytes_ -= self->output_.front().size();
          self->output_.pop_front();
          if (!self->output_.empty()) self->write();
        });
  }

  void close() {
    closed_ = true;
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

  stream_protocol::socket socket_;
  ControlHandler handler_;
  std::shared_ptr<size_t> count_;
  std::string input_;
  std::deque<std::string> output_;
  size_t queued_bytes_ = 0;
  bool closed_ = false;
};

class ControlServer::Session::Call : public ControlCall {
 public:
  Call(std::weak_ptr<Session> session, bool more) : session_(std::move(session)), more_(more) {}

  void reply(const json& parameters) override { send({{"parameters", parameters}}); }
  void progress(const json& parameters) override {
    if (more_) send({{"parameters", parameters}, {"continues", true}});
  }
  void fail(const std::string& error, const json& parameters) override {
    send({{"error", error}, {"parameters", parameters}});
  }
  bool wants_more() const override { return more_; }
  bool client_is_gone() const override {
    const auto session = session_.lock();
    return session == nullptr || session->closed();
  }

 private:
  void send(const json& message) {
    if (const auto session = session_.lock()) session->send(message);
  }

  std::weak_ptr<Session> session_;
  bool more_;
};

void ControlServer::Session::take_request(size_t length) {
  const json request =
      json::parse(input_.begin(), input_.begin() + static_cast<ptrdiff_t>(length) - 1, nullptr,
                  /*allow_exceptions=*/false);
  input_.erase(0, length);
  const bool well_formed =
      request.is_object() && request.contains("method") && request["method"].is_string();
  if (!well_formed) {
    send({{"error", kErrorInvalidParameter}, {"parameters", {{"parameter", "method"}}}});
    return;
  }
  const json parameters = request.value("parameters", json::object());
  const bool more =
      request.contains("more") && request["more"].is_boolean() && request["more"].get<bool>();
  handler_(request["method"].get<std::string>(),
           parameters.is_object() ? parameters : json::object(),
           std::make_shared<Call>(weak_from_this(), more));
}

ControlServer::ControlServer(boost::asio::io_context& context, ControlHandler handler)
    : handler_(std::move(handler)), acceptor_(context), retry_(context) {}

ControlServer::~ControlServer() {
  close();
}

Result<void, std::string> ControlServer::listen(const std::string& path) {
  ::unlink(
      path.c_str());  // Left by a daemon that died; the run directory's lock says that none lives.
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return Err<std::string>(path + ": too long for a UNIX socket; choose a shorter --run-dir");
  }
  boost::system::error_code error;
  acceptor_.open(stream_protocol(), error);
  const mode_t old_mask = ::umask(0077);
  if (!error) acceptor_.bind(stream_protocol::endpoint(path), error);
  ::umask(old_mask);
  if (!error) acceptor_.listen(static_cast<int>(kSessionsMax), error);
  if (error) return Err<std::string>(path + ": " + error.message());
  path_ = path;
  accept();
  return {};
}

void ControlServer::accept() {
  acceptor_.async_accept(
      [this](const boost::system::error_code& error, stream_protocol::socket socket) {
        if (error == boost::asio::error::operation_aborted || !acceptor_.is_open()) return;
        if (error) return accept_later();
        if (*session_count_ < kSessionsMax) {
          std::make_shared<Session>(std::move(socket), handler_, session_count_)->read();
        }
        accept();
      });
}

// Out of descriptors, most likely: trying again at once would spin.
void ControlServer::accept_later() {
  retry_.expires_after(std::chrono::milliseconds(200));
  retry_.async_wait([this](const boost::system::error_code& error) {
    if (!error) accept();
  });
}

void ControlServer::close() {
  retry_.cancel();
  if (!acceptor_.is_open()) return;
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  ::unlink(path_.c_str());
}

}  // namespace twinspan::tools
