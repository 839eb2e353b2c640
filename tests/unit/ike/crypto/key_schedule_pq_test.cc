// What RFC 8784 adds to the key schedule, against an independent calculation (reference.py).
#include <gtest/gtest.h>

#include "ike/crypto/key_schedule.h"
#include "tests/support/vector_file.h"

namespace twinspan::ike {
namespace {

PrfId prf_of(const VectorCase& test) {
  return static_cast<PrfId>(test.number("prf"));
}

TEST(KeySchedulePq, ThePpkChangesTheThreeKeysOfRfc8784) {
  const auto provider = make_system_provider();
  const auto cases = read_vectors("ike_pq.vec");
  ASSERT_EQ(cases.size(), 3u);
  for (const VectorCase& test : cases) {
    SCOPED_TRACE(test.name());
    IkeKeys keys;
    keys.d = SecretBytes(test.bytes("k2_d"));
    keys.pi = SecretBytes(test.bytes("k2_pi"));
    keys.pr = SecretBytes(test.bytes("k2_pr"));
    const PpkSubkeys mixed = derive_ppk_keys(*provider, prf_of(test), test.bytes("ppk"), keys);
    EXPECT_EQ(to_hex(mixed.d.view()), to_hex(test.bytes("ppk_d")));
    EXPECT_EQ(to_hex(mixed.pi.view()), to_hex(test.bytes("ppk_pi")));
    EXPECT_EQ(to_hex(mixed.pr.view()), to_hex(test.bytes("ppk_pr")));
  }
}

}  // namespace
}  // namespace twinspan::ike
