#include "tools/twinspand/event_journal.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace twinspan::tools {
namespace {

TEST(EventJournal, EveryEventHasTimeNameAndConnection) {
  EventJournal journal;
  journal.add("child-gone", "a-to-b", {{"reason", "x"}});
  const nlohmann::json& event = journal.recent().back();
  EXPECT_EQ(event["event"], "child-gone");
  EXPECT_EQ(event["connection"], "a-to-b");
  EXPECT_EQ(event["reason"], "x");
  EXPECT_EQ(event["time"].get<std::string>().back(), 'Z');
}

TEST(EventJournal, KeepsTheNewestEventsOnly) {
  EventJournal journal;
  for (size_t i = 0; i < EventJournal::kEventsMax + 5; ++i)
    journal.add("tick", "", {{"number", i}});
  EXPECT_EQ(journal.recent().size(), EventJournal::kEventsMax);
  EXPECT_EQ(journal.recent().front()["number"], 5);
}

TEST(EventJournal, SubscriberMayLeaveWhileItIsTold) {
  EventJournal journal;
  int heard = 0;
  int id = 0;
  id = journal.subscribe([&](const nlohmann::json&) {
    ++heard;
    journal.unsubscribe(id);
  });
  journal.add("one", "", nlohmann::json::object());
  journal.add("two", "", nlohmann::json::object());
  EXPECT_EQ(heard, 1);
}

}  // namespace
}  // namespace twinspan::tools
