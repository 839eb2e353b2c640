#include "ike/crypto/certificate.h"

#include <gtest/gtest.h>

#include "tests/support/test_pki.h"

namespace twinspan::ike {
namespace {

using Kind = CertificateFault::Kind;
using std::chrono::hours;

constexpr const char* kNames =
    "DNS:gw-b.example.net,DNS:*.wild.example.net,email:ops@example.net,IP:192.0.2.2,IP:2001:db8::2";

CertificateSpec gateway(const std::string& names = kNames) {
  return {.common_name = "gw-b", .names = names};
}

const TestIdentity& root() {
  static const TestIdentity made(authority_spec("Root"));
  return made;
}

std::string describe(const CertificateFault& fault) {
  return std::to_string(static_cast<int>(fault.kind)) + ": " + fault.detail;
}

struct Verdict {
  std::optional<Kind> kind;  // None: believed.
  std::string detail;
};

Verdict check(const std::shared_ptr<const TrustStore>& store, const std::vector<Bytes>& chain,
              WallTime now = kTestNow) {
  const std::vector<ByteView> views(chain.begin(), chain.end());
  const auto checked = store->check(views, now);
  if (checked) return {};
  return {checked.error().kind, describe(checked.error())};
}

Verdict check_one(const CertificateSpec& spec, WallTime now = kTestNow) {
  return check(trust({root().certificate()}), {TestIdentity(spec, root()).der()}, now);
}

void expect_fault(const Verdict& verdict, Kind kind, const std::string& words) {
  EXPECT_EQ(verdict.kind, kind) << verdict.detail;
  EXPECT_NE(verdict.detail.find(words), std::string::npos) << verdict.detail;
}

std::unique_ptr<const Certificate> believed(const CertificateSpec& spec) {
  const TestIdentity own(spec, root());
  auto checked = trust({root().certificate()})->check({own.der()}, kTestNow);
  EXPECT_TRUE(checked.has_value()) << (checked ? "" : describe(checked.error()));
  return std::move(checked).value_or(nullptr);
}

// --- Trust ---

TEST(TrustStore, BelievesWhatItsCaIssuedWithEveryKindOfKey) {
  for (const TestKey key : kAdmittedKeys) {
    CertificateSpec spec = gateway();
    spec.key = key;
    EXPECT_EQ(check_one(spec).kind, std::nullopt) << static_cast<int>(key);
  }
}

TEST(TrustStore, NamesTheIssuerThatIsMissing) {
  const TestIdentity other(authority_spec("Somebody Else"));
  expect_fault(check(trust({root().certificate()}), {TestIdentity(gateway(), other).der()}),
               Kind::UntrustedIssuer, "issued by CN=Somebody Else");
  // Its root beside it proves nothing.
  expect_fault(
      check(trust({root().certificate()}), {TestIdentity(gateway(), other).der(), other.der()}),
      Kind::UntrustedIssuer, "Somebody Else");
}

TEST(TrustStore, ACaOfTheSameNameIsAnotherOne) {
  const TestIdentity impostor(authority_spec("Root"));
  EXPECT_TRUE(check(trust({root().certificate()}), {TestIdentity(gateway(), impostor).der()}).kind);
}

TEST(TrustStore, ASelfSignedCertificateIsNotBelieved) {
  expect_fault(check(trust({root().certificate()}), {TestIdentity(gateway()).der()}),
               Kind::UntrustedIssuer, "gw-b");
}

TEST(TrustStore, FindsTheWayThroughIntermediatesInAnyOrder) {
  const TestIdentity first(authority_spec("First"), root());
  const TestIdentity second(authority_spec("Second"), first);
  const TestIdentity own(gateway(), second);
  const auto store = trust({root().certificate()});
  EXPECT_EQ(check(store, {own.der(), second.der(), first.der()}).kind, std::nullopt);
  EXPECT_EQ(check(store, {own.der(), first.der(), second.der(), root().der()}).kind, std::nullopt);
  expect_fault(check(store, {own.der(), second.der()}), Kind::UntrustedIssuer, "CN=First");
  // Intermediates of our own help as well.
  const auto with_first = trust({root().certificate() + first.certificate()});
  EXPECT_EQ(check(with_first, {own.der(), second.der()}).kind, std::nullopt);
}

TEST(TrustStore, BoundsTheChain) {
  std::vector<TestIdentity> authorities;
  authorities.emplace_back(authority_spec("CA 0"), root());
  for (int i = 1; i <= kIntermediatesMax; ++i)
    authorities.emplace_back(authority_spec("CA " + std::to_string(i)), authorities.back());
  const auto chain_of = [&](size_t intermediates) {
    std::vector<Bytes> chain = {TestIdentity(gateway(), authorities[intermediates - 1]).der()};
    for (size_t i = 0; i < intermediates; ++i) chain.push_back(authorities[i].der());
    return chain;
  };
  const auto store = trust({root().certificate()});
  EXPECT_EQ(check(store, chain_of(kIntermediatesMax)).kind, std::nullopt);
  EXPECT_TRUE(check(store, chain_of(kIntermediatesMax + 1)).kind);
}

TEST(TrustStore, BoundsTheNumberAndTheSizeOfCertificates) {
  const auto store = trust({root().certificate()});
  const Bytes own = TestIdentity(gateway(), root()).der();
  std::vector<Bytes> chain(kCertificatesMax, root().der());
  chain.front() = own;
  EXPECT_EQ(check(store, chain).kind, std::nullopt);
  chain.push_back(root().der());
  expect_fault(check(store, chain), Kind::Malformed, "more than");
  expect_fault(check(store, {}), Kind::Malformed, "none");
  expect_fault(check(store, {Bytes(kCertificateSizeMax + 1, 0x30)}), Kind::Malformed, "first");
}

TEST(TrustStore, WhatIsNoCertificateIsNoFaultOfOurs) {
  const auto store = trust({root().certificate()});
  const Bytes own = TestIdentity(gateway(), root()).der();
  for (const Bytes& junk : {Bytes{}, Bytes{0x30}, Bytes(20, 0xff), Bytes{0x30, 0x80, 0, 0}}) {
    expect_fault(check(store, {junk}), Kind::Malformed, "first");
    expect_fault(check(store, {own, junk}), Kind::Malformed, "number 2");
  }
  for (size_t size = 0; size < own.size(); size += 7)
    EXPECT_TRUE(check(store, {Bytes(own.begin(), own.begin() + static_cast<long>(size))}).kind);
  Bytes longer = own;
  longer.push_back(0);
  expect_fault(check(store, {longer}), Kind::Malformed, "first");
}

TEST(TrustStore, NoChangedByteIsBelieved) {
  const auto store = trust({root().certificate()});
  const Bytes own = TestIdentity(gateway(), root()).der();
  for (size_t i = 0; i < own.size(); ++i) {
    Bytes changed = own;
    changed[i] ^= static_cast<uint8_t>(1 << (i % 8));
    EXPECT_TRUE(check(store, {changed}).kind) << "byte " << i;
  }
}

TEST(TrustStore, JudgesDatesByTheTimeThatIsGiven) {
  const CertificateSpec spec = gateway();
  EXPECT_EQ(check_one(spec, spec.not_after - std::chrono::seconds(1)).kind, std::nullopt);
  expect_fault(check_one(spec, spec.not_after + std::chrono::seconds(1)), Kind::Expired,
               "CN=gw-b expired on 2027-05-2");
  expect_fault(check_one(spec, spec.not_before - std::chrono::seconds(1)), Kind::NotYetValid,
               "CN=gw-b is valid from 2025-05-2");
  // Without a clock nothing is valid.
  expect_fault(check_one(spec, WallTime{}), Kind::NotYetValid, "is valid from");
}

TEST(TrustStore, AnExpiredCaInvalidatesWhatItIssued) {
  CertificateSpec spec = authority_spec("Old");
  spec.not_after = kTestNow - hours(1);
  const TestIdentity old(spec);
  expect_fault(check(trust({old.certificate()}), {TestIdentity(gateway(), old).der()}),
               Kind::Expired, "CN=Old expired");
}

TEST(TrustStore, WhoeverIsNoCaMayNotIssue) {
  CertificateSpec leaf = gateway();
  leaf.common_name = "another gateway";
  leaf.key_usage = "digitalSignature,keyCertSign";
  const TestIdentity plain(leaf, root());
  leaf.basic_constraints = "";
  const TestIdentity silent(leaf, root());
  const auto store = trust({root().certificate()});
  for (const TestIdentity* issuer : {&plain, &silent})
    EXPECT_EQ(check(store, {TestIdentity(gateway(), *issuer).der(), issuer->der()}).kind,
              Kind::Unfit);
}

TEST(TrustStore, HonoursPathLengthAndCertSign) {
  CertificateSpec spec = authority_spec("Last");
  spec.basic_constraints = "critical,CA:TRUE,pathlen:0";
  const TestIdentity last(spec, root());
  const TestIdentity below(authority_spec("Below"), last);
  const auto store = trust({root().certificate()});
  EXPECT_EQ(check(store, {TestIdentity(gateway(), last).der(), last.der()}).kind, std::nullopt);
  EXPECT_EQ(check(store, {TestIdentity(gateway(), below).der(), below.der(), last.der()}).kind,
            Kind::Unfit);
  spec = authority_spec("No Signer");
  spec.key_usage = "critical,cRLSign";
  const TestIdentity mute(spec, root());
  EXPECT_TRUE(check(store, {TestIdentity(gateway(), mute).der(), mute.der()}).kind);
}

TEST(TrustStore, TheCertificateOfAGatewayHasToBeMadeForIt) {
  CertificateSpec spec = gateway();
  for (const char* usage : {"", "clientAuth", "serverAuth", "1.3.6.1.5.5.7.3.17",
                            "anyExtendedKeyUsage", "codeSigning,ipsecIKE", "1.3.6.1.5.5.8.2.2"}) {
    spec.extended_key_usage = usage;
    EXPECT_EQ(check_one(spec).kind, std::nullopt) << usage;
  }
  for (const char* usage : {"codeSigning", "OCSPSigning,timeStamping"}) {
    spec.extended_key_usage = usage;
    expect_fault(check_one(spec), Kind::Unfit, "extendedKeyUsage");
  }
  spec = gateway();
  spec.key_usage = "keyEncipherment";
  expect_fault(check_one(spec), Kind::Unfit, "keyUsage");
  spec.key_usage = "";
  EXPECT_EQ(check_one(spec).kind, std::nullopt);
  spec = authority_spec("A CA");
  spec.key_usage = "digitalSignature,keyCertSign";
  expect_fault(check_one(spec), Kind::Unfit, "it is a CA's");
}

TEST(TrustStore, WeakAlgorithmsAreNotBelieved) {
  CertificateSpec spec = gateway();
  spec.key = TestKey::Rsa1024;
  expect_fault(check_one(spec), Kind::Unfit, "1024 bits");
  CertificateSpec authority = authority_spec("RSA Root");
  authority.key = TestKey::Rsa2048;
  const TestIdentity rsa(authority);
  spec = gateway();
  spec.digest = "SHA1";
  EXPECT_EQ(check(trust({rsa.certificate()}), {TestIdentity(spec, rsa).der()}).kind, Kind::Unfit);
  authority.key = TestKey::Rsa1024;
  const TestIdentity weak(authority);
  EXPECT_EQ(check(trust({weak.certificate()}), {TestIdentity(gateway(), weak).der()}).kind,
            Kind::Unfit);
}

// --- Revocation ---

TEST(Revocation, WhatIsOnTheListIsNotBelieved) {
  const TestIdentity own(gateway(), root()), other(gateway(), root());
  const auto store =
      trust({root().certificate()}, {root().crl({.revoked = {other.certificate()}})});
  EXPECT_EQ(check(store, {own.der()}).kind, std::nullopt);
  expect_fault(check(store, {other.der()}), Kind::Revoked,
               "CN=gw-b was revoked by CN=Root on 2026-05-2");
}

TEST(Revocation, EachCaNeedsAListThatIsCurrent) {
  const TestIdentity between(authority_spec("Between"), root());
  const TestIdentity own(gateway(), between);
  const std::vector<Bytes> chain = {own.der(), between.der()};
  const std::string of_root = root().crl({}), of_between = between.crl({});
  EXPECT_EQ(check(trust({root().certificate()}, {of_root, of_between}), chain).kind, std::nullopt);
  EXPECT_EQ(check(trust({root().certificate()}, {of_root}), chain).kind, Kind::RevocationUnknown);
  EXPECT_EQ(check(trust({root().certificate()}, {of_between}), chain).kind,
            Kind::RevocationUnknown);
  const auto store = trust({root().certificate()}, {of_root + of_between});
  EXPECT_EQ(check(store, chain, CrlSpec{}.next_update + hours(1)).kind, Kind::RevocationUnknown);
  EXPECT_EQ(check(trust({root().certificate()},
                        {root().crl({.revoked = {between.certificate()}}), of_between}),
                  chain)
                .kind,
            Kind::Revoked);
}

TEST(Revocation, AListOfSomebodyElseCountsForNothing) {
  const TestIdentity impostor(authority_spec("Root"));
  const TestIdentity own(gateway(), root());
  EXPECT_EQ(check(trust({root().certificate()}, {impostor.crl({})}), {own.der()}).kind,
            Kind::RevocationUnknown);
}

// --- Whom it names ---

bool names(const Certificate& certificate, IdType type, const std::string& value) {
  return certificate.names(type, as_bytes(value));
}

TEST(CertificateNames, ExactlyItsSubjectAltNames) {
  const auto own = believed(gateway());
  EXPECT_TRUE(names(*own, IdType::Fqdn, "gw-b.example.net"));
  EXPECT_TRUE(names(*own, IdType::Fqdn, "GW-B.Example.NET"));
  EXPECT_TRUE(names(*own, IdType::Rfc822Address, "ops@example.net"));
  EXPECT_TRUE(own->names(IdType::Ipv4Address, Bytes{192, 0, 2, 2}));
  EXPECT_TRUE(own->names(IdType::Ipv6Address, IpAddress::parse("2001:db8::2")->bytes()));
  for (const char* name : {"gw-a.example.net", "example.net", "b.example.net", ".example.net",
                           "gw-b.example.net.", "gw-b.example.ne", "x.wild.example.net", "gw-b"})
    EXPECT_FALSE(names(*own, IdType::Fqdn, name)) << name;
  EXPECT_FALSE(names(*own, IdType::Rfc822Address, "root@example.net"));
  EXPECT_FALSE(own->names(IdType::Ipv4Address, Bytes{192, 0, 2, 1}));
  EXPECT_FALSE(own->names(IdType::Ipv4Address, Bytes{192, 0, 2}));
  EXPECT_EQ(own->names_text(),
            "gw-b.example.net, *.wild.example.net, ops@example.net, 192.0.2.2, 2001:db8::2");
}

TEST(CertificateNames, OneKindOfNameIsNotAnother) {
  const auto own = believed(gateway("DNS:192.0.2.2,email:gw-b.example.net@x"));
  EXPECT_FALSE(own->names(IdType::Ipv4Address, Bytes{192, 0, 2, 2}));
  EXPECT_FALSE(names(*own, IdType::Fqdn, "gw-b.example.net@x"));
  EXPECT_FALSE(names(*own, IdType::KeyId, "192.0.2.2"));
  EXPECT_FALSE(names(*own, IdType{200}, "192.0.2.2"));
}

TEST(CertificateNames, NeverAnEmptyIdentity) {
  const auto own = believed(gateway());
  const auto nameless = believed(gateway(""));
  for (unsigned type = 0; type < 256; ++type) {
    EXPECT_FALSE(own->names(IdType{static_cast<uint8_t>(type)}, {}));
    EXPECT_FALSE(nameless->names(IdType{static_cast<uint8_t>(type)}, {}));
  }
}

TEST(CertificateNames, TheCommonNameIsNoIdentity) {
  const auto own = believed({.common_name = "gw-b.example.net"});
  EXPECT_FALSE(names(*own, IdType::Fqdn, "gw-b.example.net"));
  EXPECT_EQ(own->common_name(), "gw-b.example.net");
  EXPECT_EQ(own->names_text(), "no name but its subject CN=gw-b.example.net");
}

TEST(CertificateNames, TheSubjectIsOneWhereItIsAskedForAsSuch) {
  const auto own = believed(gateway());
  // SEQUENCE { SET { SEQUENCE { 2.5.4.3, UTF8String "gw-b" } } }, and the same as PrintableString.
  const Bytes subject = {0x30, 0x0f, 0x31, 0x0d, 0x30, 0x0b, 0x06, 0x03, 0x55,
                         0x04, 0x03, 0x0c, 0x04, 'g',  'w',  '-',  'b'};
  Bytes printable = subject, other = subject, longer = subject;
  printable[11] = 0x13;
  other.back() = 'a';
  longer.push_back(0);
  EXPECT_TRUE(own->names(IdType::DerDn, subject));
  EXPECT_TRUE(own->names(IdType::DerDn, printable));
  EXPECT_FALSE(own->names(IdType::DerDn, other));
  EXPECT_FALSE(own->names(IdType::DerDn, longer));
  EXPECT_FALSE(own->names(IdType::DerDn, Bytes{0x30, 0x00}));
  EXPECT_FALSE(own->names(IdType::DerDn, Bytes(3, 0xff)));
}

// --- Files ---

TEST(TrustStoreFile, SaysWhatIsWrongWithIt) {
  const auto refusal = [](const std::string& text) {
    const auto loader = make_trust_store_loader();
    const auto added = loader->add_authorities(as_bytes(text));
    if (!added) return added.error();
    const auto made = loader->finish();
    return made ? "accepted" : made.error();
  };
  EXPECT_EQ(refusal(root().certificate()), "accepted");
  EXPECT_EQ(refusal(std::string(root().der().begin(), root().der().end())), "accepted");
  EXPECT_NE(refusal("").find("no certificate"), std::string::npos);
  EXPECT_NE(refusal(root().key()).find("no certificate"), std::string::npos);
  std::string broken = root().certificate();
  broken[100] = '!';
  EXPECT_NE(refusal(root().certificate() + broken).find("broken"), std::string::npos);
  EXPECT_NE(refusal(TestIdentity(gateway(), root()).certificate()).find("not marked as a CA"),
            std::string::npos);
  EXPECT_NE(refusal(TestIdentity(authority_spec("Between"), root()).certificate())
                .find("no self-signed CA"),
            std::string::npos);
}

TEST(TrustStoreFile, RefusesAListThatIsNone) {
  const auto loader = make_trust_store_loader();
  for (const std::string& text : {std::string(), root().certificate(), std::string("x")})
    EXPECT_NE(loader->add_revocations(as_bytes(text)).error().find("no CRL"), std::string::npos);
}

TEST(TrustStoreFile, ListsWhatExpires) {
  const auto store = trust({root().certificate()}, {root().crl({})});
  ASSERT_EQ(store->validities().size(), 2u);
  EXPECT_EQ(store->validities()[0].what, "CA CN=Root");
  EXPECT_EQ(store->validities()[0].not_after, kTestNow + 10 * kTestYear);
  EXPECT_EQ(store->validities()[1].what, "CRL of CN=Root");
  EXPECT_TRUE(store->validities()[1].is_revocation_list);
  EXPECT_EQ(store->authorities().size(), kAuthorityHashSize);
}

TEST(OwnCertificateFile, BeginsWithTheCertificateOfTheKeyAndLeavesTheRootOut) {
  const TestIdentity between(authority_spec("Between"), root());
  const TestIdentity own(gateway(), between);
  const auto loaded = own_certificate(own, between.certificate() + root().certificate());
  EXPECT_EQ(loaded->chain, (std::vector<Bytes>{own.der(), between.der()}));
  EXPECT_EQ(loaded->validities.size(), 2u);
  EXPECT_TRUE(loaded->leaf->names(IdType::Ipv4Address, Bytes{192, 0, 2, 2}));
}

TEST(OwnCertificateFile, SaysWhatIsWrongWithIt) {
  const TestIdentity own(gateway(), root()), other(gateway(), root());
  const auto refusal = [&](const std::string& text) {
    const auto loaded = load_own_certificate(as_bytes(text), private_key(own));
    return loaded ? "accepted" : loaded.error();
  };
  EXPECT_EQ(refusal(own.certificate()), "accepted");
  EXPECT_NE(refusal(other.certificate()).find("is not for the private key"), std::string::npos);
  EXPECT_NE(refusal(root().certificate() + own.certificate()).find("put the gateway's own first"),
            std::string::npos);
  EXPECT_NE(refusal(own.key()).find("no certificate"), std::string::npos);
  std::string many = own.certificate();
  for (size_t i = 0; i < kCertificatesMax; ++i) many += other.certificate();
  EXPECT_NE(refusal(many).find("more than"), std::string::npos);
}

}  // namespace
}  // namespace twinspan::ike
