#include "tools/twinspan/key_files.h"

#include <gmock/gmock.h>

#include "tests/unit/tools/twinspan/estate_folder.h"
#include "tools/twinspand/estate_file.h"

namespace twinspan::tools {
namespace {

using policy::KeyReading;
using policy::Severity;
using policy::Verdict;
using testing::HasSubstr;
using testing::Not;
using State = KeyReading::State;

class KeyFiles : public EstateFolder {
 protected:
  KeyReading read(const std::string& file, const policy::KeyForm& form = {}) {
    return read_key_of(path("e.yaml"), {file, policy::KeyFileKind::SharedKey, form});
  }

  // The verdict on one connection of two estates in two folders.
  policy::KeyComparison compared(const std::string& key_of_one, const std::string& key_of_other) {
    const auto one = read_model(write("one/e.yaml", half_of(1, 2, key_of_one)));
    const auto other = read_model(write("two/e.yaml", half_of(2, 1, key_of_other)));
    return compare_keys(
        {{*one, one->connections.at("to-far")}, {*other, other->connections.at("to-far")}});
  }
  Verdict compare(const std::string& key_of_one, const std::string& key_of_other) {
    return compared(key_of_one, key_of_other).verdict;
  }
};

TEST_F(KeyFiles, AGoodKeyHasNoFault) {
  write("good.psk", "Correct!Horse\n");
  EXPECT_EQ(read("good.psk").state, State::Read);
  EXPECT_TRUE(read("good.psk").faults.empty());
}

TEST_F(KeyFiles, AMissingFileIsMissing) {
  EXPECT_EQ(read("none.psk").state, State::Missing);
  EXPECT_THAT(read("none.psk").why, HasSubstr("none.psk"));
}

TEST_F(KeyFiles, IllegalCharactersAreAFaultThatShowsNoByteOfTheKey) {
  write("spaces.psk", "my secret words");
  ASSERT_EQ(read("spaces.psk").faults.size(), 1u);
  EXPECT_EQ(read("spaces.psk").faults[0].severity, Severity::Warning);
  EXPECT_THAT(read("spaces.psk").faults[0].message, Not(HasSubstr("secret")));
  write("line.psk", "my!secret\r\n");
  for (const auto& reading :
       {read("spaces.psk", {.characters = policy::KeyCharacters::OfTheCloud}), read("line.psk")}) {
    EXPECT_EQ(reading.state, State::Refused);
    EXPECT_THAT(reading.why, Not(HasSubstr("secret")));
    EXPECT_THAT(reading.why, HasSubstr(".psk: "));
  }
}

TEST_F(KeyFiles, AKeyInAnEncodingIsReadByIt) {
  write("key", "AP8=\n");
  EXPECT_EQ(read("key", {.encoding = policy::KeyEncoding::Base64}).state, State::Read);
  EXPECT_EQ(read("key", {.encoding = policy::KeyEncoding::Hex}).state, State::Refused);
  EXPECT_THAT(read("key", {.encoding = policy::KeyEncoding::Hex}).why, HasSubstr("no key in hex"));
}

TEST_F(KeyFiles, APostQuantumKeyHasAnyBytes) {
  write("key", std::string("\0\r\xff\n", 4));
  EXPECT_EQ(read_key_of(path("e.yaml"), {"key", policy::KeyFileKind::PostQuantumKey}).state,
            State::Read);
}

TEST_F(KeyFiles, CertificatesMayBeReadableByAllAndTheirKeysNot) {
  using enum policy::KeyFileKind;
  const auto state = [&](const char* file, policy::KeyFileKind kind) {
    return read_key_of(path("e.yaml"), {file, kind}).state;
  };
  write("own.pem", "certificate", 0644);
  std::filesystem::create_symlink(path("own.pem"), path("link.pem"));
  EXPECT_EQ(state("own.pem", Public), State::Read);
  EXPECT_EQ(state("link.pem", Public), State::Read);
  EXPECT_EQ(state("own.pem", PrivateKey), State::Exposed);
  EXPECT_EQ(state("link.pem", PrivateKey), State::Refused);
  EXPECT_EQ(state("none.pem", Public), State::Missing);
  write("empty.pem", "");
  EXPECT_EQ(state("empty.pem", Public), State::Refused);
}

TEST_F(KeyFiles, WhatTheDaemonRefusesIsRefusedWithItsReason) {
  write("elsewhere/real.psk", "k");
  std::filesystem::create_symlink(path("elsewhere/real.psk"), path("link.psk"));
  std::filesystem::create_symlink(path("elsewhere"), path("sub"));
  std::filesystem::create_symlink("/nowhere/at/all", path("dangling.psk"));
  std::filesystem::create_directory(path("folder.psk"));
  write("long.psk", std::string(129, 'k'));
  write("huge.psk", std::string(5000000, 'k'));
  write("empty.psk", "");
  write("newline.psk", "\n");
  for (const char* const file : {"link.psk", "dangling.psk", "folder.psk", "long.psk", "huge.psk",
                                 "empty.psk", "newline.psk"}) {
    EXPECT_EQ(read(file).state, State::Refused) << file;
    EXPECT_THAT(read(file).why, HasSubstr(file));
  }
  EXPECT_THAT(read("link.psk").why, HasSubstr("symbolic link"));
  for (const char* const file : {"long.psk", "huge.psk"})
    EXPECT_THAT(read(file).why, HasSubstr("longer than 128 bytes"));
  EXPECT_EQ(read("sub/real.psk").state, State::Refused);
  EXPECT_EQ(read("elsewhere/../elsewhere/real.psk").state, State::Refused);
}

TEST_F(KeyFiles, AKeyThatOthersMayReadIsExposed) {
  write("open.psk", "k", 0644);
  EXPECT_EQ(read("open.psk").state, State::Exposed);
  EXPECT_THAT(read("open.psk").why, HasSubstr("chmod 600"));
}

TEST_F(KeyFiles, EqualKeysAreRightOthersWrongAndUnreadableOnesUnknown) {
  write("one/a.psk", "same\n");
  write("two/a.psk", "same");
  EXPECT_EQ(compare("a.psk", "a.psk"), Verdict::Right);
  write("two/a.psk", "other");
  EXPECT_EQ(compare("a.psk", "a.psk"), Verdict::Wrong);
  EXPECT_EQ(compare("a.psk", "none.psk"), Verdict::Unknown);
  EXPECT_EQ(compared("a.psk", "none.psk").obstacle,
            "there is no key file " + path("two/none.psk") + " here");
  EXPECT_EQ(compare("none.psk", path("one/none.psk")),
            Verdict::Right);  // One file, wherever it is.
}

TEST_F(KeyFiles, KeysAreComparedAsTheyAreDecoded) {
  const auto other = [&](const std::string& encoding) {
    const auto one = read_model(write("one/e.yaml", half_of(1, 2)));
    std::string text = half_of(2, 1);
    const std::string plain = "file: a.psk";
    text.insert(text.find(plain) + plain.size(), ", encoding: " + encoding);
    const auto two = read_model(write("two/e.yaml", text));
    return compare_keys(
               {{*one, one->connections.at("to-far")}, {*two, two->connections.at("to-far")}})
        .verdict;
  };
  write("one/a.psk", "same\n");
  write("two/a.psk", "c2FtZQ==\n");
  EXPECT_EQ(other("base64"), Verdict::Right);
  EXPECT_EQ(other("text"), Verdict::Wrong);
  EXPECT_EQ(other("hex"), Verdict::Unknown);
  write("two/a.psk", "73 61 6d 65\n");
  EXPECT_EQ(other("hex"), Verdict::Right);
}

}  // namespace
}  // namespace twinspan::tools
