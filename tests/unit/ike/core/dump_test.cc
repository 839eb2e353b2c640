// What the byte-identity of an SA is proven by must show each of its members.
#include "ike/core/dump.h"

#include <gtest/gtest.h>

#include <functional>

#include "ike/core/sa_registry.h"
#include "ike/core/supervisor.h"
#include "tests/support/fake_crypto.h"
#include "tests/support/sim_peers.h"

namespace twinspan::ike {
namespace {

constexpr Instant kNow{1s};

std::unique_ptr<IkeSa> plain_sa() {
  auto sa = std::make_unique<IkeSa>(Role::Initiator,
                                    std::make_shared<const PeerConfig>(peer_config(kA)), Log());
  sa->spi_i = IkeSpi{1};
  sa->children.emplace_back();
  sa->queue.push_back({});
  return sa;
}

std::string dump_of(std::unique_ptr<IkeSa> sa) {
  FakeCrypto crypto{1};
  SaRegistry sas;
  sas.add(std::move(sa));
  return dump_endpoint(crypto, sas, Supervisor());
}

const SecretBytes kSecret(as_bytes("secret"));
const Bytes kBytes = {1, 2, 3};

struct Change {
  const char* what;
  std::function<void(IkeSa&)> make;
};

const Change kChanges[] = {
    {"spi_r", [](IkeSa& sa) { sa.spi_r = IkeSpi{2}; }},
    {"candidates", [](IkeSa& sa) { sa.candidates.push_back(sa.peer); }},
    {"local", [](IkeSa& sa) { sa.local.port = 1; }},
    {"remote", [](IkeSa& sa) { sa.remote.port = 1; }},
    {"nat", [](IkeSa& sa) { sa.nat.remote_forces_udp = true; }},
    {"encapsulation", [](IkeSa& sa) { sa.encapsulation = Encapsulation::Esp; }},
    {"fragmentation", [](IkeSa& sa) { sa.has_fragmentation = true; }},
    {"suite", [](IkeSa& sa) { sa.suite.group = DhGroupId::Ecp256; }},
    {"SK_pi", [](IkeSa& sa) { sa.keys.pi = kSecret.copy(); }},
    {"SK_pr", [](IkeSa& sa) { sa.keys.pr = kSecret.copy(); }},
    {"iv_counter", [](IkeSa& sa) { sa.iv_counter = 1; }},
    {"ppk", [](IkeSa& sa) { sa.ppk.unmixed.emplace().pr = kSecret.copy(); }},
    {"init_request", [](IkeSa& sa) { sa.init_request = kBytes; }},
    {"init_response", [](IkeSa& sa) { sa.init_response = kBytes; }},
    {"nonce_i", [](IkeSa& sa) { sa.nonce_i = kBytes; }},
    {"init_repeat_count", [](IkeSa& sa) { sa.init_repeat_count = 1; }},
    {"nonce_r", [](IkeSa& sa) { sa.nonce_r = kBytes; }},
    {"window, ours",
     [](IkeSa& sa) {
       sa.window.begin_request(ExchangeType::Informational, {kBytes}, kRetransmitNormal);
     }},
    {"window, theirs", [](IkeSa& sa) { sa.window.answered(kBytes, {kBytes}); }},
    {"timers", [](IkeSa& sa) { sa.timers.arm(SaTimer::ResponseFragments, kNow); }},
    {"path", [](IkeSa& sa) { sa.path.note_candidate(kNow, {}); }},
    {"path, asked", [](IkeSa& sa) { sa.path.note_asked(); }},
    {"created_at", [](IkeSa& sa) { sa.created_at = kNow; }},
    {"established_at", [](IkeSa& sa) { sa.established_at = kNow; }},
    {"last_inbound", [](IkeSa& sa) { sa.last_inbound = kNow; }},
    {"recovers", [](IkeSa& sa) { sa.recovers = true; }},
    {"is_redundant", [](IkeSa& sa) { sa.is_redundant = true; }},
    {"is_proven", [](IkeSa& sa) { sa.is_proven = true; }},
    {"is_announced", [](IkeSa& sa) { sa.is_announced = true; }},
    {"successor", [](IkeSa& sa) { sa.successor = IkeSpi{3}; }},
    {"predecessor", [](IkeSa& sa) { sa.predecessor = IkeSpi{3}; }},
    {"state", [](IkeSa& sa) { sa.enter(IkeSaState::InitSent); }},
    {"task", [](IkeSa& sa) { sa.queue[0].group = DhGroupId::Ecp256; }},
    {"init, hint",
     [](IkeSa& sa) { sa.active = InitExchange{.hint = NotifyPayload{.value = kBytes}}; }},
    {"auth", [](IkeSa& sa) { sa.active = AuthExchange{Spi{9}}; }},
    {"child, nonce", [](IkeSa& sa) { sa.active = ChildExchange{.nonce = kBytes}; }},
    {"child, crossing",
     [](IkeSa& sa) { sa.active = ChildExchange{.crossing_nonces = {kBytes, kBytes}}; }},
    {"rekey, group", [](IkeSa& sa) { sa.active = RekeyIkeExchange{.group = DhGroupId::Ecp256}; }},
    {"delete", [](IkeSa& sa) { sa.active = DeleteChildExchange{Spi{9}}; }},
    {"liveness", [](IkeSa& sa) { sa.active = LivenessExchange{}; }},
    {"size probes", [](IkeSa& sa) { sa.admits_size_probes = true; }},
    {"size probe", [](IkeSa& sa) { sa.active = SizeProbeExchange{}; }},
    {"size probe, search", [](IkeSa& sa) { sa.queue[0].search = SizeSearch(1500, IpFamily::V4); }},
    {"child transforms", [](IkeSa& sa) { sa.children[0].transforms.esn = false; }},
    {"child origin", [](IkeSa& sa) { sa.children[0].origin.id = ChildId{9}; }},
    {"child origin, ours", [](IkeSa& sa) { sa.children[0].origin.is_ours = true; }},
    {"child lowest nonce", [](IkeSa& sa) { sa.children[0].origin.lowest_nonce = kBytes; }},
    {"child group negotiated", [](IkeSa& sa) { sa.children[0].group_negotiated = true; }},
    {"child duplicate", [](IkeSa& sa) { sa.children[0].has_duplicate = true; }},
    {"child installed at", [](IkeSa& sa) { sa.children[0].installed_at = kNow; }},
    {"child timers", [](IkeSa& sa) { sa.children[0].timers.arm(ChildTimer::Proof, kNow); }},
};

TEST(Dump, ShowsEveryMemberOfAnIkeSa) {
  const std::string plain = dump_of(plain_sa());
  for (const Change& change : kChanges) {
    auto sa = plain_sa();
    change.make(*sa);
    EXPECT_NE(dump_of(std::move(sa)), plain) << change.what;
  }
}

TEST(Dump, TellsDifferentBytesOfOneMemberApart) {
  std::set<std::string> dumps;
  for (uint8_t byte = 0; byte < 10; ++byte) {
    auto sa = plain_sa();
    sa->active = InitExchange{.hint = NotifyPayload{.value = {byte}}};
    dumps.insert(dump_of(std::move(sa)));
  }
  EXPECT_EQ(dumps.size(), 10u);
}

TEST(Dump, HoldsNoSecretInClear) {
  auto sa = plain_sa();
  const SecretBytes secret(Bytes(32, 0xa5));
  sa->keys.d = secret.copy();
  sa->keys.ei = secret.copy();
  EXPECT_EQ(dump_of(std::move(sa)).find("a5a5a5"), std::string::npos);
}

}  // namespace
}  // namespace twinspan::ike
