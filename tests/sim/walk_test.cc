// The random walks' own judgement, and walks that once failed.
#include "tests/sim/sim_pair.h"
#include "tests/support/random_walk.h"

namespace twinspan::ike {
namespace {

TEST(WalkJudgement, AnIkeRekeyThatIsUnderWayIsNoViolation) {
  //   A --rekey--> B
  //   A <--agreed- B   B has two IKE SAs from here
  //   A --D(old)-> B   to here, and A has one in each moment
  SimPair pair;
  pair.establish();
  pair.settle();
  EXPECT_EQ(check_comes_to_rest(pair.world), std::vector<std::string>{});
  for (const Duration at : {7ms, 12ms}) {
    pair.rekey_ike(kA);
    pair.world.run_for(at);
    EXPECT_FALSE(check_ike_sas(pair.world).empty()) << pair.world.picture();
    EXPECT_EQ(check_at_rest(pair.world), std::vector<std::string>{});
    EXPECT_EQ(check_comes_to_rest(pair.world), std::vector<std::string>{}) << pair.world.picture();
  }
}

TEST(WalkJudgement, AnIkeSaThatStaysBehindIsOne) {
  SimPair pair;
  pair.establish();
  pair.settle();
  EventIkeEstablished left_behind = pair.b().ike_established.front();
  ++left_behind.initiator_spi.value;
  pair.b().ike_established.push_back(left_behind);
  EXPECT_EQ(check_comes_to_rest(pair.world).size(), 2u) << "two of B, and A does not know it";
}

TEST(Walk, NothingIsFoundWhereSomethingOnceWas) {
  static constexpr uint64_t kSeeds[] = {
      // The peer lost its only child by the DELETE of a duplicate.
      205977, 207318, 210766,
      // Of two children both stayed or both went, because one had been rekeyed.
      217054, 248481, 249614, 207038,
      // An unproven rekey was sent on because another IKE SA left.
      200725,
      // It was removed, or an unproven child sent on, before the peer had our DELETE; child and IKE
      // rekeys refused each other until a lifetime was over.
      215748, 418326, 401265,
      // A child of former settings pushed aside what had its traffic.
      165,
      // A child that the peer did not hold yet stood in for one that left, with other settings on
      // the way.
      438, 1184,
      // Each side closed another one of two new IKE SAs: the last had been begun while the peer
      // lacked our answer to its own.
      3229, 4165, 213032,
      // The peer had rekeyed an IKE SA that we closed before its answer came.
      5239, 7383, 11354,
      // The IKE SA that had its child first was redundant already.
      11551, 201725,
      // An IKE SA was closed while IKE_FOLLOWUP_KE made its child, on which the peer sent already.
      3420, 7851,
      // The DELETE of a duplicate went out on the IKE SA that it had just left.
      206707,
      // A request that was put off came without SA_RESOURCE_INFO, beside a child that the peer had
      // made.
      215525,
      // Under a new name a child seemed to be the first one for its traffic.
      6511, 6595, 8722, 9494, 10516, 10907,
      // The moment of the judgement was within rekeys.
      202526, 204873, 210284, 213621, 202069, 214058,
      // A duplicate, which the peer counted as an additional child, was not made up for.
      302110};
  for (const uint64_t seed : kSeeds) {
    const WalkVerdict verdict = RandomWalk(seed, Picture::None).run();
    EXPECT_EQ(verdict.violations, std::vector<std::string>{}) << "seed " << seed;
  }
}

}  // namespace
}  // namespace twinspan::ike
