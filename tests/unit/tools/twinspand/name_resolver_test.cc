#include "tools/twinspand/name_resolver.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace twinspan::tools {
namespace {

using namespace std::chrono_literals;

// A name service that answers when the gate is opened.
struct Gate {
  std::mutex mutex;
  std::condition_variable opened;
  bool is_open = false;
  std::atomic<unsigned> entered = 0, left = 0;

  void open() {
    const std::lock_guard lock(mutex);
    is_open = true;
    opened.notify_all();
  }
  NameAnswer pass() {
    ++entered;
    std::unique_lock lock(mutex);
    opened.wait(lock, [this] { return is_open; });
    ++left;
    return std::vector{*IpAddress::parse("192.0.2.9")};
  }
};

class Resolver : public testing::Test {
 protected:
  NameResolver::LookUp gated() {
    return [gate = gate_](const std::string&) { return gate->pass(); };
  }
  void run_until(const std::function<bool()>& reached) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!reached() && std::chrono::steady_clock::now() < deadline) context_.run_one_for(10ms);
    ASSERT_TRUE(reached());
  }
  // Threads of a test end before its objects do.
  void TearDown() override {
    gate_->open();
    run_until([this] { return gate_->left == gate_->entered; });
  }

  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      context_.get_executor()};
  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  std::vector<NameAnswer> told_;
  NameResolver::Tell keep_ = [this](const NameAnswer& answer) { told_.push_back(answer); };
};

TEST_F(Resolver, KnowsNamesOfThisHostWithoutANameServer) {
  NameResolver resolver(context_);
  resolver.resolve("localhost", keep_);
  EXPECT_TRUE(told_.empty());
  run_until([this] { return told_.size() == 1; });
  ASSERT_TRUE(told_[0].has_value());
  EXPECT_TRUE(told_[0]->front().is_loopback());
}

TEST_F(Resolver, SaysInWordsThatThereIsNoSuchName) {
  NameResolver resolver(context_);
  resolver.resolve("no such name", keep_);  // No name has a space: no server is asked.
  run_until([this] { return told_.size() == 1; });
  ASSERT_FALSE(told_[0].has_value());
  EXPECT_NE(told_[0].error(), "");
}

TEST_F(Resolver, WaitsForNobodyWhoHangs) {
  NameResolver resolver(context_, gated(), 20ms);
  resolver.resolve("slow", keep_);
  run_until([this] { return told_.size() == 1; });
  EXPECT_EQ(told_[0].error(), "the name service does not answer");
  EXPECT_EQ(resolver.running_count(), 1u);
  gate_->open();
  run_until([&] { return resolver.running_count() == 0; });
  EXPECT_EQ(told_.size(), 1u);  // Once.
}

TEST_F(Resolver, HasSoManyThreadsAndTheRestWaits) {
  NameResolver resolver(context_, gated());
  for (size_t i = 0; i < 3 * NameResolver::kThreadsMax; ++i) resolver.resolve("slow", keep_);
  run_until([this] { return gate_->entered == NameResolver::kThreadsMax; });
  EXPECT_EQ(resolver.running_count(), NameResolver::kThreadsMax);
  gate_->open();
  run_until([this] { return told_.size() == 3 * NameResolver::kThreadsMax; });
  EXPECT_EQ(gate_->entered, 3 * NameResolver::kThreadsMax);
}

TEST_F(Resolver, WhoNeverGotAThreadIsToldAsWell) {
  NameResolver resolver(context_, gated(), 20ms);
  for (size_t i = 0; i < 2 * NameResolver::kThreadsMax; ++i) resolver.resolve("slow", keep_);
  run_until([this] { return told_.size() == 2 * NameResolver::kThreadsMax; });
  gate_->open();
  run_until([&] { return resolver.running_count() == 0; });
  EXPECT_EQ(gate_->entered, NameResolver::kThreadsMax);  // Nobody wants the others any more.
}

TEST_F(Resolver, MayEndWhileALookUpHangs) {
  {
    NameResolver resolver(context_, gated());
    resolver.resolve("slow", keep_);
    run_until([this] { return gate_->entered == 1; });
  }
  gate_->open();
  run_until([this] { return gate_->left == 1; });
  EXPECT_TRUE(told_.empty());
}

}  // namespace
}  // namespace twinspan::tools
