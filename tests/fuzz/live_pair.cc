#include "tests/fuzz/live_pair.h"

#include "base/check.h"
#include "tests/support/test_pki.h"

namespace twinspan::ike {
namespace {

constexpr size_t kSentMax = 64;
constexpr unsigned kStepsMax = 100'000;
// Far above what a gateway with one tunnel needs; growth without bound passes it.
constexpr size_t kDumpSizeMax = 256 * 1024;

IpAddress address(bool of_victim) {
  return *IpAddress::parse(of_victim ? "192.0.2.1" : "192.0.2.2");
}

Authentication certificate_of(bool of_victim) {
  static const TestIdentity root(authority_spec("Root"));
  static const TestIdentity victim({.common_name = "v", .names = "DNS:v"}, root);
  static const TestIdentity peer({.common_name = "p", .names = "DNS:p"}, root);
  return CertificateAuthentication{.own = own_certificate(of_victim ? victim : peer),
                                   .trusted = trust({root.certificate()}),
                                   .peer_common_name = {}};
}

Authentication authentication_of(bool of_victim, Proofs proofs) {
  if (proofs == Proofs::Certificates) return certificate_of(of_victim);
  return PskAuthentication{.secret =
                               std::make_shared<const SecretBytes>(as_bytes(std::string("fuzz")))};
}

PeerConfig config_of(bool of_victim, ConnectionMode mode, Proofs proofs) {
  const auto name = [](bool victim) {
    return Identity{.type = IdType::Fqdn, .value = to_bytes(as_bytes(victim ? "v" : "p"))};
  };
  TrafficSelectors any;
  for (const char* prefix : {"0.0.0.0/0", "::/0"}) {
    any.push_back(TrafficSelector::from_prefix(*IpPrefix::parse(prefix)));
  }
  PeerConfig peer;
  peer.tunnel = kFuzzTunnel;
  peer.name = "fuzz";
  peer.local_address = address(of_victim);
  peer.remote_address = address(!of_victim);
  peer.local_identity = name(of_victim);
  peer.remote_identity = name(!of_victim);
  peer.authentication = authentication_of(of_victim, proofs);
  peer.ike_proposals = {{.encryption = {EncryptionId::AesGcm16, 256}}};
  peer.children = {{.name = peer.name,
                    .local = any,
                    .remote = any,
                    .proposals = {{.encryption = {EncryptionId::AesGcm16, 256}}}}};
  peer.mode = mode;
  peer.dpd_interval = 15s;
  return peer;
}

Datagram turned(Datagram datagram) {
  std::swap(datagram.local, datagram.remote);
  return datagram;
}

}  // namespace

LivePair::LivePair(Role victim_role, Proofs proofs)
    : victim_role_(victim_role), victim_("V", address(true), 1), peer_("P", address(false), 2) {
  peer_.options.export_keys = true;
  peer_.restart(2);
  const bool initiates = victim_role == Role::Initiator;
  const auto mode = [](bool initiator) {
    return initiator ? ConnectionMode::Default : ConnectionMode::ResponderOnly;
  };
  for (SimHost* host : {&peer_, &victim_})
    host->endpoint().handle_command(now_, CommandWallTime{kTestNow});
  peer_.endpoint().handle_command(now_, CommandAddPeer{config_of(false, mode(!initiates), proofs)});
  victim_.endpoint().handle_command(now_, CommandAddPeer{config_of(true, mode(initiates), proofs)});
  // A gateway does not begin in the instant in which it is configured.
  IkeEndpoint& first = initiates ? victim_.endpoint() : peer_.endpoint();
  const auto start = first.poll_timeout();
  CHECK(start.has_value());
  now_ = *start;
  first.handle_timeout(now_);
}

void LivePair::reach_auth() {
  // One round trip: the answer to IKE_SA_INIT is in the initiator's hands, its IKE_AUTH not sent
  // on.
  SimHost& first = victim_role_ == Role::Initiator ? victim_ : peer_;
  SimHost& second = victim_role_ == Role::Initiator ? peer_ : victim_;
  const auto request = first.endpoint().poll_datagram();
  CHECK(request.has_value());
  second.endpoint().handle_datagram(now_, turned(*request));
  const auto answer = second.endpoint().poll_datagram();
  CHECK(answer.has_value());
  first.endpoint().handle_datagram(now_, turned(*answer));
  while (auto event = peer_.endpoint().poll_event()) peer_.carry_out(*std::move(event));
  peer_is_fuzzer_ = true;
  drain_victim();
}

void LivePair::establish() {
  shuttle();
  CHECK(victim_.tunnel_state[kFuzzTunnel] == TunnelState::Established);
  for (const auto& [spi, pair] : peer_.inbound) peer_spis_.push_back(spi);
  // An initiator has asked for IKE_SA_INIT, IKE_AUTH and the first child.
  next_request_ = MessageId{victim_role_ == Role::Responder ? 3u : 0u};
  peer_is_fuzzer_ = true;
}

void LivePair::shuttle() {
  for (bool any = true; any;) {
    any = false;
    while (auto datagram = victim_.endpoint().poll_datagram()) {
      peer_.endpoint().handle_datagram(now_, turned(*std::move(datagram)));
      any = true;
    }
    while (auto datagram = peer_.endpoint().poll_datagram()) {
      victim_.endpoint().handle_datagram(now_, turned(*std::move(datagram)));
      any = true;
    }
    while (auto event = victim_.endpoint().poll_event()) victim_.carry_out(*std::move(event));
    while (auto event = peer_.endpoint().poll_event()) peer_.carry_out(*std::move(event));
  }
}

SkKeys LivePair::keys() const {
  CHECK(!peer_.session_keys.empty());
  const EventIkeKeys& event = peer_.session_keys.back();
  const bool first = victim_role_ == Role::Responder;  // The fuzzer is the initiator.
  return {event.suite.encryption, event.suite.integrity,
          (first ? event.keys.ei : event.keys.er).view(),
          (first ? event.keys.ai : event.keys.ar).view()};
}

Bytes LivePair::seal(const Sealed& message) {
  const EventIkeKeys& session = peer_.session_keys.back();
  const SkKeys sealing = keys();
  Header header;
  header.initiator_spi = session.initiator_spi;
  header.responder_spi = session.responder_spi;
  header.exchange = message.exchange;
  header.is_response = message.is_response;
  header.from_initiator = victim_role_ == Role::Responder;
  header.message_id = message.id;
  const size_t body_size = sk_body_size(sealing, message.chain.size());
  Bytes bytes = write_encrypted_prefix(header, {.first_inner_payload = message.first_payload,
                                                .body_length = body_size,
                                                .fragment_number = message.fragment_number,
                                                .fragment_total = message.fragment_total});
  const Bytes body = seal_sk(attacker_crypto_, sealing, iv_counter_++, bytes, message.chain);
  bytes.insert(bytes.end(), body.begin(), body.end());
  return bytes;
}

void LivePair::send(const Sealed& message) {
  Bytes bytes = seal(message);
  if (!message.is_response && message.id == next_request_) ++next_request_.value;
  if (message.is_response && open_request_ && open_request_->message_id == message.id) {
    open_request_.reset();
  }
  send_raw(std::move(bytes));
}

void LivePair::send_raw(Bytes datagram) {
  if (sent_.size() < kSentMax) sent_.push_back(datagram);
  const uint16_t port = 4500;
  victim_.endpoint().handle_datagram(now_, {.local = {address(true), port},
                                            .remote = {address(false), port},
                                            .bytes = std::move(datagram)});
  drain_victim();
}

void LivePair::command(Command command) {
  victim_.endpoint().handle_command(now_, std::move(command));
  drain_victim();
}

void LivePair::run_for(Duration span) {
  const Instant end = now_ + span;
  for (unsigned step = 0; step < kStepsMax; ++step) {
    const auto next = victim_.endpoint().poll_timeout();
    if (!next || *next > end) break;
    now_ = std::max(now_, *next);
    victim_.endpoint().handle_timeout(now_);
    drain_victim();
  }
  now_ = end;
}

void LivePair::drain_victim() {
  while (auto event = victim_.endpoint().poll_event()) victim_.carry_out(*std::move(event));
  while (const auto datagram = victim_.endpoint().poll_datagram()) note(*datagram);
}

// What the victim asks is remembered, so that the fuzzer can answer it.
void LivePair::note(const Datagram& datagram) {
  const auto header = parse_header(datagram.bytes);
  if (header && !header->is_response && header->responder_spi.value != 0) open_request_ = *header;
}

std::vector<Spi> LivePair::victim_spis() const {
  std::vector<Spi> spis;
  for (const auto& [spi, pair] : victim_.inbound) spis.push_back(spi);
  return spis;
}

void LivePair::settle_and_check() {
  run_for(300s);
  CHECK(victim_.violations.empty());
  CHECK(victim_.endpoint().dump_state().size() < kDumpSizeMax);
}

}  // namespace twinspan::ike
