#include "tools/twinspand/control_server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>

#include "tools/twinspand/control_protocol.h"
#include "tun/unique_fd.h"

namespace twinspan::tools {
namespace {

using nlohmann::json;

class Server : public testing::Test {
 protected:
  Server()
      : path_(testing::TempDir() + "control-" + std::to_string(::getpid())),
        server_(context_, [this](const std::string& method, const json& parameters, auto call) {
          calls_.push_back(call);
          if (method == "echo") call->reply(parameters);
          if (method == "stream") {
            call->progress({{"step", 1}});
            call->reply({{"step", 2}});
          }
          if (method == "flood") {
            for (int i = 0; i < 100 && !call->client_is_gone(); ++i) {
              call->progress({{"bulk", std::string(100'000, 'x')}});
            }
          }
        }) {
    EXPECT_TRUE(server_.listen(path_).has_value());
    thread_ = std::thread([this] { context_.run(); });
  }
  ~Server() override {
    context_.stop();
    thread_.join();
  }

  tun::UniqueFd connect() {
    tun::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, path_.c_str());
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    return fd;
  }
  static void send(const tun::UniqueFd& fd, const std::string& text) {
    EXPECT_EQ(::send(fd.get(), text.c_str(), text.size() + 1, MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size() + 1));
  }
  // The next message, or "" when the server closed.
  static std::string receive(const tun::UniqueFd& fd) {
    std::string text;
    char byte = 0;
    while (::recv(fd.get(), &byte, 1, 0) == 1) {
      if (byte == '\0') return text;
      text.push_back(byte);
    }
    return "";
  }

  std::string path_;
  boost::asio::io_context context_;
  std::vector<std::shared_ptr<ControlCall>> calls_;
  ControlServer server_;
  std::thread thread_;
};

TEST_F(Server, AnswersInVarlinkFraming) {
  const auto client = connect();
  send(client, R"({"method":"echo","parameters":{"a":1}})");
  EXPECT_EQ(json::parse(receive(client)), (json{{"parameters", {{"a", 1}}}}));
}

TEST_F(Server, ProgressGoesOnlyToClientsThatAskedForMore) {
  const auto client = connect();
  send(client, R"({"method":"stream"})");
  EXPECT_EQ(json::parse(receive(client))["parameters"]["step"], 2);
  send(client, R"({"method":"stream","more":true})");
  const json first = json::parse(receive(client));
  EXPECT_EQ(first["continues"], true);
  EXPECT_EQ(first["parameters"]["step"], 1);
  EXPECT_EQ(json::parse(receive(client))["parameters"]["step"], 2);
}

TEST_F(Server, MalformedRequestsAreAnsweredAndTheClientGoesOn) {
  const auto client = connect();
  for (const char* const text : {"{", "[]", "7", R"({"method":5})", ""}) {
    send(client, text);
    EXPECT_EQ(json::parse(receive(client))["error"], kErrorInvalidParameter) << text;
  }
  send(client, R"({"method":"echo","parameters":[]})");
  EXPECT_EQ(json::parse(receive(client))["parameters"], json::object());
}

TEST_F(Server, RequestWithoutEndIsCutOffAtTheLimit) {
  const auto client = connect();
  const std::string endless(kRequestSizeMax + 4096, 'x');
  [[maybe_unused]] const ssize_t sent =
      ::send(client.get(), endless.data(), endless.size(), MSG_NOSIGNAL);
  EXPECT_EQ(receive(client), "");
}

TEST_F(Server, ClientThatDoesNotReadIsCutOffAndOthersAreServed) {
  const auto stuck = connect();
  send(stuck, R"({"method":"flood","more":true})");
  const auto client = connect();
  send(client, R"({"method":"echo","parameters":{"b":2}})");
  EXPECT_EQ(json::parse(receive(client))["parameters"]["b"], 2);
  // 100 replies of 100 kB pass the 4 MiB bound: the server closed after what was queued.
  size_t received = 0;
  while (!receive(stuck).empty()) ++received;
  EXPECT_LT(received, 100u);
}

}  // namespace
}  // namespace twinspan::tools
