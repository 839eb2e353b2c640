#include "tools/twinspand/name_resolver.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <cstring>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace twinspan::tools {
namespace {

std::optional<IpAddress> address_of(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    return IpAddress::v4(reinterpret_cast<const uint8_t*>(&v4.sin_addr));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    return IpAddress::v6(reinterpret_cast<const uint8_t*>(&v6.sin6_addr));
  }
  return std::nullopt;
}

}  // namespace

NameAnswer look_up(const std::string& name) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* list = nullptr;
  if (const int error = ::getaddrinfo(name.c_str(), nullptr, &hints, &list); error != 0) {
    return Err<std::string>(error == EAI_SYSTEM ? std::generic_category().message(errno)
                                                : ::gai_strerror(error));
  }
  std::vector<IpAddress> addresses;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    if (const auto address = address_of(*entry->ai_addr)) addresses.push_back(*address);
  }
  ::freeaddrinfo(list);
  return addresses;
}

// Outlives the resolver for as long as a look-up hangs.
struct NameResolver::WayBack {
  std::mutex mutex;
  NameResolver* resolver;  // nullptr: it is gone.
};

NameResolver::NameResolver(boost::asio::io_context& context, LookUp look_up,
                           std::chrono::milliseconds wait_max)
    : context_(context),
      look_up_(std::move(look_up)),
      wait_max_(wait_max),
      way_back_(std::make_shared<WayBack>()) {
  way_back_->resolver = this;
}

NameResolver::~NameResolver() {
  const std::lock_guard lock(way_back_->mutex);
  way_back_->resolver = nullptr;
}

void NameResolver::resolve(const std::string& name, Tell tell) {
  const uint64_t id = ++last_id_;
  auto patience = std::make_unique<boost::asio::steady_timer>(context_, wait_max_);
  patience->async_wait([this, id](const boost::system::error_code& error) {
    if (!error) this->tell(id, Err<std::string>("the name service does not answer"));
  });
  wishes_.emplace(id, Wish{name, std::move(tell), std::move(patience)});
  waiting_.push_back(id);
  begin_waiting();
}

void NameResolver::begin_waiting() {
  while (running_ < kThreadsMax && !waiting_.empty()) {
    const uint64_t id = waiting_.front();
    waiting_.pop_front();
    const auto wish = wishes_.find(id);
    if (wish == wishes_.end()) continue;
    const auto work = [way_back = way_back_, &context = context_, look_up = look_up_,
                       name = wish->second.name, id] {
      NameAnswer answer = look_up(name);
      const std::lock_guard lock(way_back->mutex);
      if (way_back->resolver == nullptr) return;
      boost::asio::post(context, [way_back, id, answer = std::move(answer)] {
        // On the control thread, which alone ends the resolver.
        if (way_back->resolver != nullptr) way_back->resolver->finish(id, answer);
      });
    };
    try {
      std::thread(work).detach();
      ++running_;
    } catch (const std::system_error& error) {
      boost::asio::post(context_, [way_back = way_back_, id, text = std::string(error.what())] {
        if (way_back->resolver != nullptr)
          way_back->resolver->tell(id, Err<std::string>("no thread for a look-up: " + text));
      });
    }
  }
}

void NameResolver::finish(uint64_t id, const NameAnswer& answer) {
  --running_;
  tell(id, answer);
  begin_waiting();
}

void NameResolver::tell(uint64_t id, const NameAnswer& answer) {
  const auto found = wishes_.find(id);
  if (found == wishes_.end()) return;  // Told already.
  const Wish wish = std::move(found->second);
  wishes_.erase(found);
  wish.tell(answer);
}

}  // namespace twinspan::tools
