#include "policy/shared_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/unit/policy/estate.h"

namespace twinspan::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr KeyForm kText;
constexpr KeyForm kCloudText{KeyEncoding::Text, KeyCharacters::OfTheCloud};

std::vector<Severity> severities(const std::string& key, const KeyForm& form = kText) {
  std::vector<Severity> found;
  for (const KeyFault& fault : faults_of_key(as_bytes(key), form)) found.push_back(fault.severity);
  return found;
}

std::string decoded(const std::string& file, KeyEncoding encoding) {
  const auto key = decode_key(as_bytes(file), {.encoding = encoding});
  if (!key) return "error: " + key.error();
  return {reinterpret_cast<const char*>(key->data()), key->size()};
}

TEST(SharedKeys, OneTo128BytesOfPrintableAsciiAreGood) {
  for (const KeyForm& form : {kText, kCloudText}) {
    EXPECT_THAT(severities("k", form), IsEmpty());
    EXPECT_THAT(severities("Correct!Horse_Battery}Staple", form), IsEmpty());
    EXPECT_THAT(severities(std::string(128, 'k'), form), IsEmpty());
  }
}

TEST(SharedKeys, WhatTheCloudDoesNotTakeIsAWarningAndWithItsSkuAnError) {
  for (const char* const key : {"two words", "a-b", "a~b"}) {
    EXPECT_THAT(severities(key), ElementsAre(Severity::Warning)) << key;
    EXPECT_THAT(severities(key, kCloudText), ElementsAre(Severity::Error)) << key;
  }
}

TEST(SharedKeys, ATextOfOtherBytesThanPrintableAsciiIsAnErrorThatNamesTheSlip) {
  const std::string bom = "\xEF\xBB\xBFkey", nul("a\0b", 3);
  for (const auto& [key, word] : {std::pair<std::string, std::string>(bom, "byte order mark"),
                                  {"key\r", "byte 4 is a carriage"},
                                  {"a\nb", "more than one line"},
                                  {"tab\there", "byte 4 of 8"},
                                  {nul, "byte 2 of 3"},
                                  {"\x7f", "byte 1 of 1"},
                                  {"\xC3\xA4", "byte 1 of 2"}}) {
    for (const KeyForm& form : {kText, kCloudText}) {
      const auto faults = faults_of_key(as_bytes(key), form);
      ASSERT_EQ(faults.size(), 1u) << word;
      EXPECT_EQ(faults[0].severity, Severity::Error);
      EXPECT_THAT(faults[0].message, HasSubstr(word));
      EXPECT_THAT(faults[0].remedy, HasSubstr("base64 or hex"));
    }
    EXPECT_THAT(decoded(key, KeyEncoding::Text), HasSubstr("error: ")) << word;
  }
}

TEST(SharedKeys, AnEncodedKeyMayHaveAnyBytesButForTheCloud) {
  for (const KeyEncoding encoding : {KeyEncoding::Base64, KeyEncoding::Hex}) {
    EXPECT_THAT(severities("\x01 \xff", {.encoding = encoding}), IsEmpty());
    EXPECT_THAT(severities("\x01", {encoding, KeyCharacters::OfTheCloud}),
                ElementsAre(Severity::Error));
    EXPECT_THAT(severities("fine", {encoding, KeyCharacters::OfTheCloud}), IsEmpty());
  }
}

TEST(SharedKeys, KeysAreDecoded) {
  EXPECT_EQ(decoded("correct horse\n", KeyEncoding::Text), "correct horse");
  EXPECT_EQ(decoded("correct horse", KeyEncoding::Text), "correct horse");
  EXPECT_EQ(decoded("YWL/AA==\n", KeyEncoding::Base64), std::string("ab\xff\0", 4));
  EXPECT_EQ(decoded("6162\r\nFf00\n", KeyEncoding::Hex), std::string("ab\xff\0", 4));
}

TEST(SharedKeys, WhatIsNoKeyInItsEncodingSaysSo) {
  for (const char* const file : {"not base64!", "YWJ", "Y", "=", "YWJj=", "\n"})
    EXPECT_THAT(decoded(file, KeyEncoding::Base64), HasSubstr("error: holds no key in base64"));
  for (const char* const file : {"0x61", "616", "6g", "\n"})
    EXPECT_THAT(decoded(file, KeyEncoding::Hex), HasSubstr("error: holds no key in hex"));
  EXPECT_THAT(decoded("\n", KeyEncoding::Text), HasSubstr("empty"));
}

TEST(SharedKeys, TheLengthIsThatOfTheDecodedKey) {
  const std::string longest(128, 'k');
  for (const KeyEncoding encoding : {KeyEncoding::Text, KeyEncoding::Base64, KeyEncoding::Hex}) {
    const auto file = [&](const std::string& key) {
      const SecretBytes made = encode_key(as_bytes(key), encoding);
      return std::string(reinterpret_cast<const char*>(made.data()), made.size());
    };
    EXPECT_EQ(decoded(file(longest), encoding), longest);
    EXPECT_LE(file(longest).size(), kSharedKeyFileMax);
    EXPECT_THAT(decoded(file(longest + "k"), encoding), HasSubstr("longer than 128 bytes"));
  }
}

TEST(SharedKeys, EveryKeyHasAnEncodingThatTakesIt) {
  for (const std::string& key :
       {std::string("plain text"), std::string("\0\xff\n", 3), std::string("line\n"),
        std::string("\xC3\xA4"), std::string("a")}) {
    const KeyEncoding encoding = encoding_for(as_bytes(key));
    const SecretBytes file = encode_key(as_bytes(key), encoding);
    EXPECT_EQ(decoded({reinterpret_cast<const char*>(file.data()), file.size()}, encoding), key);
  }
  EXPECT_EQ(encoding_for(as_bytes("plain text")), KeyEncoding::Text);
}

TEST(SharedKeys, TheFormOfAKeyIsThatOfItsConnectionAndGateway) {
  const auto form = [](const Model& model) {
    return key_form(model, model.connections.at("a-to-branch"));
  };
  EXPECT_EQ(form(model_of(kGoodEstate)), kText);
  EXPECT_EQ(form(model_of(estate_with(
                {{"sku: Native", "sku: VpnGw1"},
                 {"{ file: a-branch.psk }", "{ file: a-branch.psk, encoding: hex }"}}))),
            (KeyForm{KeyEncoding::Hex, KeyCharacters::OfTheCloud}));
}

Findings checked(const KeyReading& reading, std::multiset<std::string>* read = nullptr) {
  return check_credential_files(model_of(kGoodEstate), [&](const KeyFile& file) {
    if (read != nullptr) read->insert(file.name);
    return reading;
  });
}

TEST(SharedKeys, EachFileIsReadOnceAndNamesItsUsers) {
  std::multiset<std::string> read;
  const Findings findings = checked({.state = KeyReading::State::Missing, .why = "gone"}, &read);
  EXPECT_THAT(read, ElementsAre("a-b.psk", "a-branch.psk"));
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_THAT(findings[0].objects, ElementsAre("connections.a-to-b", "connections.b-to-a"));
  EXPECT_EQ(findings[0].severity, Severity::Info);
  EXPECT_EQ(findings[0].id, kSharedKeyRule);
}

TEST(SharedKeys, WhatNobodyCanUseIsAnErrorAndWhatAModeOrAUserMendsAWarning) {
  using State = KeyReading::State;
  for (const auto& [state, severity] :
       {std::pair(State::Refused, Severity::Error), std::pair(State::Exposed, Severity::Warning),
        std::pair(State::Forbidden, Severity::Warning)}) {
    const Findings findings = checked({.state = state, .why = "reason"});
    ASSERT_EQ(findings.size(), 2u);
    EXPECT_EQ(findings[0].severity, severity);
    EXPECT_EQ(findings[0].message, "reason");
    EXPECT_FALSE(findings[0].remedy.empty());
  }
}

TEST(SharedKeys, FaultsOfAKeyAreFindingsAndAGoodKeyIsNone) {
  EXPECT_THAT(checked({}), IsEmpty());
  const Findings findings = checked({.faults = faults_of_key(as_bytes("a b"), kText)});
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_THAT(findings[1].message, HasSubstr("'a-branch.psk': it has characters"));
}

TEST(SharedKeys, AFileThatIsReadInTwoWaysIsReadTwice) {
  const Model model = model_of(estate_with(
      {{"shared_key: { file: a-b.psk },", "shared_key: { file: a-b.psk, encoding: hex },"}}));
  std::vector<KeyEncoding> read;
  (void)check_credential_files(model, [&](const KeyFile& file) {
    if (file.name == "a-b.psk") read.push_back(file.form.encoding);
    return KeyReading{};
  });
  EXPECT_THAT(read, ElementsAre(KeyEncoding::Text, KeyEncoding::Hex));
}

TEST(SharedKeys, APostQuantumKeyIsReadTooAndMayHaveAnyBytes) {
  const Model model = model_of(estate_with(
      {{"    encapsulation: esp\n", "    encapsulation: esp\n    ppk: { id: k, file: p.ppk }\n"}}));
  const Findings findings = check_credential_files(model, [&](const KeyFile& file) {
    return file.kind == KeyFileKind::SharedKey
               ? KeyReading{}
               : KeyReading{.state = KeyReading::State::Refused, .why = "empty"};
  });
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_THAT(findings[0].objects, ElementsAre("connections.a-to-branch"));
  EXPECT_TRUE(decode_ppk(as_bytes("\x01\xff\r\n"))->equals(as_bytes("\x01\xff\r")));
  EXPECT_FALSE(decode_ppk(as_bytes("\n")).has_value());
  EXPECT_FALSE(decode_ppk(as_bytes(std::string(129, 'k'))).has_value());
}

// How its files are read, by name.
std::map<std::string, KeyFileKind> kinds_with(const std::string& authentication) {
  std::map<std::string, KeyFileKind> kinds;
  const Model model = model_of(
      estate_with({{"    shared_key: { file: a-branch.psk }\n", "    " + authentication + "\n"}}));
  (void)check_credential_files(model, [&](const KeyFile& file) {
    kinds[file.name] = file.kind;
    return KeyReading{};
  });
  return kinds;
}

TEST(SharedKeys, FilesOfCertificatesAndRawKeysAreReadAsWhatTheyAre) {
  using testing::Pair;
  using enum KeyFileKind;
  EXPECT_THAT(kinds_with("authentication_type: certificate\n    certificate_authentication: { "
                         "outbound_auth_certificate: own.pem, outbound_auth_private_key: own.key, "
                         "inbound_auth_certificate_chain: [root.pem, ../ca.pem], "
                         "certificate_revocation_lists: [root.crl] }"),
              ElementsAre(Pair("../ca.pem", Public), Pair("a-b.psk", SharedKey),
                          Pair("own.key", PrivateKey), Pair("own.pem", Public),
                          Pair("root.crl", Public), Pair("root.pem", Public)));
  EXPECT_THAT(kinds_with("authentication_type: raw-public-key\n    raw_public_key_authentication: "
                         "{ private_key: own.key, peer_public_key: peer.pub }"),
              ElementsAre(Pair("a-b.psk", SharedKey), Pair("own.key", PrivateKey),
                          Pair("peer.pub", Public)));
}

TEST(SharedKeys, WhatIsWrongWithThemIsOfARuleOfItsOwn) {
  const Model model = model_of(estate_with({{"    shared_key: { file: a-branch.psk }\n",
                                             "    authentication_type: raw-public-key\n    "
                                             "raw_public_key_authentication: { private_key: "
                                             "own.key, peer_public_key: peer.pub }\n"}}));
  const Findings findings = check_credential_files(model, [&](const KeyFile& file) {
    if (file.name == "own.key") return KeyReading{KeyReading::State::Exposed, "open", {}};
    if (file.name == "peer.pub") return KeyReading{KeyReading::State::Missing, "gone", {}};
    return KeyReading{};
  });
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].id, kCredentialFileRule);
  EXPECT_EQ(findings[0].severity, Severity::Warning);
  EXPECT_EQ(findings[1].severity, Severity::Info);
}

// connection.key-file refuses it without the file.
TEST(SharedKeys, AKeyWhoseNameGoesUpIsNotReadToo) {
  std::vector<std::string> read;
  for (const std::string name : {"../a.psk", "/etc/../a.psk"}) {
    (void)check_credential_files(model_of(estate_with({{"file: a-branch.psk", "file: " + name}})),
                                 [&](const KeyFile& file) {
                                   read.push_back(file.name);
                                   return KeyReading{};
                                 });
  }
  EXPECT_THAT(read, ElementsAre("a-b.psk", "a-b.psk"));
  EXPECT_TRUE(goes_up(".."));
  EXPECT_FALSE(goes_up("a..b/..c"));
}

TEST(SharedKeys, APostQuantumKeyOfFewerThan32BytesIsAWarning) {
  EXPECT_THAT(faults_of_ppk(32), IsEmpty());
  EXPECT_THAT(faults_of_ppk(128), IsEmpty());
  const Model model = model_of(estate_with(
      {{"    encapsulation: esp\n", "    encapsulation: esp\n    ppk: { id: k, file: p.ppk }\n"}}));
  const Findings findings = check_credential_files(model, [](const KeyFile& file) {
    return file.kind == KeyFileKind::PostQuantumKey ? KeyReading{.faults = faults_of_ppk(31)}
                                                    : KeyReading{};
  });
  ASSERT_EQ(findings.size(), 1u) << "pre-shared keys may be shorter";
  EXPECT_EQ(findings[0].id, "connection.ppk");
  EXPECT_EQ(findings[0].severity, Severity::Warning);
  EXPECT_THAT(findings[0].message, HasSubstr("the key in 'p.ppk': 31 bytes are too few"));
  EXPECT_THAT(findings[0].remedy, HasSubstr("32"));
}

}  // namespace
}  // namespace twinspan::policy
