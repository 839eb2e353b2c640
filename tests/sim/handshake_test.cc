// IKE_SA_INIT and IKE_AUTH between two endpoints of ours: what must come up, and what must not.
#include "tests/sim/sim_pair.h"

namespace twinspan::ike {
namespace {

TEST(Handshake, ComesUpInTwoRoundTripsAndInstallsOnePairOnEachSide) {
  SimPair pair;
  pair.establish();
  EXPECT_EQ(pair.a().inbound.size(), 1u);
  EXPECT_EQ(pair.b().inbound.size(), 1u);
  EXPECT_EQ(pair.world.now() - Instant{} - 1000s, 120ms);
  pair.settle();
  pair.expect_at_rest();
}

}  // namespace
}  // namespace twinspan::ike
