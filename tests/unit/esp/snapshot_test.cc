// SA tables published at full rate while readers use them; meant for ASan and TSan.
#include "esp/snapshot.h"

#include <atomic>
#include <thread>

#include "tests/unit/esp/tunnel_pair.h"

namespace twinspan::esp {
namespace {

TEST(Snapshot, KeepsAnOldValueUntilItsReaderBeginsAnotherBatch) {
  Snapshot<int> snapshot(2, std::make_unique<const int>(1));
  const int& first = snapshot.begin_batch(0);
  snapshot.publish(std::make_unique<const int>(2));
  EXPECT_EQ(snapshot.reclaim(), 1u);
  EXPECT_EQ(first, 1) << "still readable";
  EXPECT_EQ(snapshot.begin_batch(0), 2);
  EXPECT_EQ(snapshot.reclaim(), 0u);
}

TEST(Snapshot, AReaderThatIsOfflineHoldsNothing) {
  Snapshot<int> snapshot(2, std::make_unique<const int>(1));
  snapshot.begin_batch(0);
  snapshot.begin_batch(1);
  snapshot.publish(std::make_unique<const int>(2));
  snapshot.go_offline(0);
  EXPECT_EQ(snapshot.reclaim(), 1u) << "the other one still may";
  snapshot.go_offline(1);
  EXPECT_EQ(snapshot.reclaim(), 0u);
}

TEST(Snapshot, ReadersNeverSeeAFreedTable) {
  constexpr int kReaders = 2;
  constexpr uint32_t kPublishes = 3000;
  Snapshot<std::vector<uint32_t>> snapshot(kReaders,
                                           std::make_unique<const std::vector<uint32_t>>(64, 0u));
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  for (size_t reader = 0; reader < kReaders; ++reader) {
    readers.emplace_back([&, reader] {
      uint32_t newest = 0;
      for (uint32_t round = 0; !stop.load(); ++round) {
        const std::vector<uint32_t>& table = snapshot.begin_batch(reader);
        for (const uint32_t value : table) ASSERT_EQ(value, table[0]);
        ASSERT_GE(table[0], newest);
        newest = table[0];
        if (round % 3 == 0) snapshot.go_offline(reader);
      }
      snapshot.go_offline(reader);
    });
  }
  for (uint32_t value = 1; value <= kPublishes; ++value) {
    snapshot.publish(std::make_unique<const std::vector<uint32_t>>(64, value));
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(snapshot.reclaim(), 0u);
}

// One worker seals, another opens, while the control thread rekeys, moves endpoints and publishes.
TEST(Snapshot, RekeysUnderTrafficLoseNothing) {
  constexpr EspTransforms kSuite{kGcm256, IntegrityId::None, true};
  constexpr uint32_t kRekeys = 40;
  TunnelPair pair(kSuite);
  Snapshot<SaTable> left(1, std::move(pair.left.table));
  Snapshot<SaTable> right(1, std::move(pair.right.table));
  std::atomic<uint64_t> accepted{0};
  std::atomic<bool> stop{false};
  const Bytes inner = make_inner({});

  std::thread worker([&] {
    while (!stop.load()) {
      const SaTable& sending = left.begin_batch(0);
      const TunnelEntry& tunnel = *sending.find_tunnel(kTunnel);
      OutboundSa& sa = *tunnel.only_any;
      Bytes frame(frame_size(sa, inner.size()));
      SealItem item{.inner = inner.data(), .inner_length = 60, .frame = frame.data()};
      ASSERT_EQ(seal(sa, {&item, 1}, tunnel.counters[0]->outbound), 1u);
      EXPECT_GE(sa.remote().port, 4500);
      sa.take_events();
      const SaTable& receiving = right.begin_batch(0);
      OpenItem opened{.frame = frame.data(), .frame_length = item.frame_length};
      open(receiving, {&opened, 1}, pair.right.orphans);
      ASSERT_EQ(opened.verdict, Verdict::Accept) << to_string(opened.verdict);
      opened.sa->take_events();
      accepted.fetch_add(1);
    }
    left.go_offline(0);
    right.go_offline(0);
  });

  const auto wait_for_traffic = [&] {
    for (const uint64_t goal = accepted.load() + 20; accepted.load() < goal;)
      std::this_thread::yield();
  };
  for (uint32_t number = 2; number < kRekeys + 2; ++number) {
    SaPairParams params = left_params(kSuite);
    params.child = {number};
    params.inbound_spi = {0x10000 + number};
    params.outbound_spi = {0x20000 + number};
    params.outbound_active = false;
    ASSERT_TRUE(pair.right.store.install(mirrored(params)).has_value());
    ASSERT_TRUE(pair.left.store.install(copy_of(params)).has_value());
    right.publish(pair.right.store.make_table());
    pair.left.store.activate_outbound({number});
    pair.left.store.update_remote({number}, params.local,
                                  {params.remote.address, static_cast<uint16_t>(4500 + number)});
    left.publish(pair.left.store.make_table());
    pair.left.store.remove_outbound({number - 1});
    left.publish(pair.left.store.make_table());
    wait_for_traffic();  // The worker has taken the new table.
    pair.right.store.remove_inbound({number == 2 ? kRightSpi.value : 0x20000 + number - 1});
    right.publish(pair.right.store.make_table());
    wait_for_traffic();
  }
  stop = true;
  worker.join();
  const auto counters = pair.right.store.counters(kTunnel).at(0);
  EXPECT_EQ(counters->inbound.packets.read(), accepted.load());
  EXPECT_EQ(all_drops(counters->inbound) + all_drops(pair.right.orphans), 0u);
}

}  // namespace
}  // namespace twinspan::esp
