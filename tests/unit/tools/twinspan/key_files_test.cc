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
using State = KeyReading::State;

class KeyFiles : public EstateFolder {
 protected:
  KeyReading read(const std::string& file) { return read_key_of(path("e.yaml"), file); }

  // The verdict on one connection of two estates in two folders.
  Verdict compare(const std::string& key_of_one, const std::string& key_of_other) {
    const auto one = read_model(write("one/e.yaml", half_of(1, 2, key_of_one)));
    const auto other = read_model(write("two/e.yaml", half_of(2, 1, key_of_other)));
    return compare_keys(
        {{*one, one->connections.at("to-far")}, {*other, other->connections.at("to-far")}});
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
  EXPECT_THAT(read("spaces.psk").faults[0].message, testing::Not(HasSubstr("secret")));
}

TEST_F(KeyFiles, WhatTheDaemonRefusesIsRefusedWithItsReason) {
  write("elsewhere/real.psk", "k");
  std::filesystem::create_symlink(path("elsewhere/real.psk"), path("link.psk"));
  std::filesystem::create_symlink(path("elsewhere"), path("sub"));
  std::filesystem::create_symlink("/nowhere/at/all", path("dangling.psk"));
  std::filesystem::create_directory(path("folder.psk"));
  write("long.psk", std::string(129, 'k'));
  write("huge.psk", std::string(100000, 'k'));
  write("empty.psk", "");
  write("newline.psk", "\n");
  for (const char* const file : {"link.psk", "dangling.psk", "folder.psk", "long.psk", "huge.psk",
                                 "empty.psk", "newline.psk"}) {
    EXPECT_EQ(read(file).state, State::Refused) << file;
    EXPECT_THAT(read(file).why, HasSubstr(file));
  }
  EXPECT_THAT(read("link.psk").why, HasSubstr("symbolic link"));
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
  EXPECT_EQ(compare("none.psk", path("one/none.psk")),
            Verdict::Right);  // One file, wherever it is.
}

}  // namespace
}  // namespace twinspan::tools
