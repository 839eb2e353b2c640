#include "tools/twinspand/secret_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace twinspan::tools {
namespace {

using Kind = KeyFileFault::Kind;
using testing::HasSubstr;

class SecretStore : public testing::Test {
 protected:
  SecretStore() : top_(testing::TempDir() + "psk-" + std::to_string(::getpid())) {
    std::filesystem::create_directories(path("estate"));
    std::filesystem::create_directories(path("elsewhere"));
  }
  ~SecretStore() override { std::filesystem::remove_all(top_); }

  std::string path(const std::string& name) const { return top_ + "/" + name; }
  // `name`: below the folder that holds that of the estate.
  std::string write(const std::string& content, mode_t mode = 0600,
                    const std::string& name = "estate/key") {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::ofstream(path(name), std::ios::binary | std::ios::trunc) << content;
    ::chmod(path(name).c_str(), mode);
    return path(name);
  }
  void link(const std::string& to, const std::string& name) {
    std::filesystem::create_symlink(to, path(name));
  }

  auto read(const std::string& name, const policy::KeyForm& form = {}) const {
    return KeyFolder::of_estate(path("estate/e.yaml")).read_psk(name, form);
  }
  auto read_written(const std::string& content, mode_t mode = 0600) {
    return read(write(content, mode));
  }
  static std::string text(const SecretBytes& secret) {
    return {reinterpret_cast<const char*>(secret.data()), secret.size()};
  }

  std::string top_;
};

TEST_F(SecretStore, OneTrailingNewlineIsNotPartOfTheKey) {
  EXPECT_EQ(text(**read_written("correct horse\n")), "correct horse");
  EXPECT_EQ(read_written("correct horse\n\n").error().kind, Kind::Unfit);
  EXPECT_EQ(text(**read_written("correct horse")), "correct horse");
}

TEST_F(SecretStore, OtherBytesThanATextHasNeedAnEncoding) {
  const std::string bytes("\0\xff \t", 4);
  const auto psk = read_written(bytes);
  ASSERT_FALSE(psk.has_value());
  EXPECT_EQ(psk.error().kind, Kind::Unfit);
  EXPECT_THAT(psk.error().text, HasSubstr("byte 1 of 4"));
  EXPECT_EQ(text(**read(write("AP8gCQ==\n"), {.encoding = policy::KeyEncoding::Base64})), bytes);
  EXPECT_EQ(text(**read(write("00ff2009\n"), {.encoding = policy::KeyEncoding::Hex})), bytes);
}

TEST_F(SecretStore, BytesOfAPostQuantumKeyAreLiteral) {
  const std::string bytes("\0\xff \t", 4);
  write(bytes + "\n");
  EXPECT_EQ(text(**KeyFolder::of_estate(path("estate/e.yaml")).read_ppk("key")), bytes);
}

TEST_F(SecretStore, LengthIsOneTo128Bytes) {
  EXPECT_EQ((*read_written(std::string(128, 'k') + "\n"))->size(), 128u);
  for (const std::string& content :
       {std::string(129, 'k'), std::string(5000, 'k'), std::string(), std::string("\n")}) {
    const auto psk = read_written(content);
    ASSERT_FALSE(psk.has_value()) << content.size();
    EXPECT_EQ(psk.error().kind, Kind::Unfit) << content.size();
  }
}

TEST_F(SecretStore, FileThatOthersMayReadIsRefusedWithTheRemedy) {
  for (const mode_t mode : {0640u, 0604u, 0620u, 0666u}) {
    const auto psk = read_written("k", mode);
    ASSERT_FALSE(psk.has_value()) << mode;
    EXPECT_EQ(psk.error().kind, Kind::Exposed);
    EXPECT_THAT(psk.error().text, HasSubstr("chmod 600"));
  }
}

TEST_F(SecretStore, LinksDirectoriesAndFifosAreUnfitAndAbsentFilesMissing) {
  link(write("k"), "estate/link");
  link("/nowhere/at/all", "estate/dangling");
  ASSERT_EQ(::mkfifo(path("estate/fifo").c_str(), 0600), 0);
  EXPECT_THAT(read("link").error().text, HasSubstr("symbolic link"));
  for (const char* const name : {"link", "dangling", "fifo", ".", "key/below"})
    EXPECT_EQ(read(name).error().kind, Kind::Unfit) << name;
  EXPECT_EQ(read("absent").error().kind, Kind::Missing);
  EXPECT_THAT(read("absent").error().text, HasSubstr("No such file"));
  EXPECT_EQ(read("no-folder/absent").error().kind, Kind::Missing);
}

TEST_F(SecretStore, NoLinkLeadsOutOfTheEstatesFolderNorBackIntoIt) {
  write("k", 0600, "elsewhere/key");
  write("k", 0600, "estate/keys/key");
  link(path("elsewhere"), "estate/out");
  link("keys", "estate/in");
  EXPECT_TRUE(read("keys/key").has_value());
  EXPECT_TRUE(read("./keys//key").has_value());
  for (const std::string& name : {std::string("out/key"), std::string("in/key"),
                                  path("estate/out/key"), std::string("keys/../out/key")}) {
    const auto psk = read(name);
    ASSERT_FALSE(psk.has_value()) << name;
    EXPECT_EQ(psk.error().kind, Kind::Unfit) << psk.error().text;
  }
  EXPECT_THAT(read("out/key").error().text, HasSubstr("estate/out: is a symbolic link"));
}

TEST_F(SecretStore, NamesDoNotClimbOutOfTheEstatesFolder) {
  write("k", 0600, "elsewhere/key");
  for (const std::string& name :
       {std::string("../elsewhere/key"), path("estate/../elsewhere/key")}) {
    const auto psk = read(name);
    ASSERT_FALSE(psk.has_value()) << name;
    EXPECT_THAT(psk.error().text, HasSubstr("'..'"));
  }
}

TEST_F(SecretStore, APathFromTheRootOnIsTheOperatorsWord) {
  link(path("elsewhere"), "linked");
  const std::string key = write("k", 0600, "elsewhere/key");
  EXPECT_TRUE(read(key).has_value());
  EXPECT_TRUE(read(path("linked/key")).has_value());
  link(key, "elsewhere/link");
  EXPECT_EQ(read(path("elsewhere/link")).error().kind, Kind::Unfit);
}

TEST_F(SecretStore, PublicFilesMayBeLinksAndReadableByAll) {
  link(write("certificate", 0644, "elsewhere/ca.pem"), "estate/ca.pem");
  const auto folder = KeyFolder::of_estate(path("estate/e.yaml"));
  EXPECT_EQ(text(*folder.read_public("ca.pem", 100)), "certificate");
  EXPECT_EQ(folder.read_public("ca.pem", 3).error().kind, Kind::Unfit);
}

TEST_F(SecretStore, CredentialsDirectoryIsTheSecondPlaceToLook) {
  write("from credentials", 0600, "elsewhere/key");
  link(path("elsewhere/key"), "elsewhere/link");
  ::setenv("CREDENTIALS_DIRECTORY", path("elsewhere").c_str(), 1);
  const auto relative = read("key");
  const auto absolute = read("/nonexistent/key");
  const auto linked = read("link");
  ::unsetenv("CREDENTIALS_DIRECTORY");
  ASSERT_TRUE(relative.has_value());
  EXPECT_EQ(text(**relative), "from credentials");
  EXPECT_TRUE(absolute.has_value());
  EXPECT_EQ(linked.error().kind, Kind::Unfit);
}

}  // namespace
}  // namespace twinspan::tools
