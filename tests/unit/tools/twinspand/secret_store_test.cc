#include "tools/twinspand/secret_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace twinspan::tools {
namespace {

class SecretStore : public testing::Test {
 protected:
  SecretStore() : directory_(testing::TempDir() + "psk-" + std::to_string(::getpid())) {
    std::filesystem::create_directories(directory_);
  }
  ~SecretStore() override { std::filesystem::remove_all(directory_); }

  std::string write(const std::string& content, mode_t mode = 0600) {
    const std::string path = directory_ + "/key";
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
    ::chmod(path.c_str(), mode);
    return path;
  }
  static std::string text(const SecretBytes& secret) {
    return {reinterpret_cast<const char*>(secret.data()), secret.size()};
  }

  std::string directory_;
};

TEST_F(SecretStore, OneTrailingNewlineIsNotPartOfTheKey) {
  EXPECT_EQ(text(**read_psk(write("correct horse\n"))), "correct horse");
  EXPECT_EQ(text(**read_psk(write("correct horse\n\n"))), "correct horse\n");
  EXPECT_EQ(text(**read_psk(write("correct horse"))), "correct horse");
}

TEST_F(SecretStore, BytesAreLiteral) {
  const std::string bytes("\0\xff \t", 4);
  EXPECT_EQ(text(**read_psk(write(bytes))), bytes);
}

TEST_F(SecretStore, LengthIsOneTo128Bytes) {
  EXPECT_EQ((*read_psk(write(std::string(128, 'k') + "\n")))->size(), 128u);
  EXPECT_FALSE(read_psk(write(std::string(129, 'k'))).has_value());
  EXPECT_FALSE(read_psk(write(std::string(5000, 'k'))).has_value());
  EXPECT_FALSE(read_psk(write("")).has_value());
  EXPECT_FALSE(read_psk(write("\n")).has_value());
}

TEST_F(SecretStore, FileThatOthersMayReadIsRefusedWithTheRemedy) {
  for (const mode_t mode : {0640u, 0604u, 0620u, 0666u}) {
    const auto psk = read_psk(write("k", mode));
    ASSERT_FALSE(psk.has_value()) << mode;
    EXPECT_NE(psk.error().find("chmod 600"), std::string::npos);
  }
}

TEST_F(SecretStore, LinksDirectoriesAndAbsentFilesAreRefused) {
  const std::string target = write("k");
  const std::string link = directory_ + "/link";
  std::filesystem::create_symlink(target, link);
  EXPECT_NE(read_psk(link).error().find("symbolic link"), std::string::npos);
  EXPECT_FALSE(read_psk(directory_).has_value());
  EXPECT_NE(read_psk(directory_ + "/absent").error().find("No such file"), std::string::npos);
}

TEST_F(SecretStore, CredentialsDirectoryIsTheSecondPlaceToLook) {
  write("from credentials");
  ::setenv("CREDENTIALS_DIRECTORY", directory_.c_str(), 1);
  const auto psk = read_psk("/nonexistent/key");
  ::unsetenv("CREDENTIALS_DIRECTORY");
  ASSERT_TRUE(psk.has_value());
  EXPECT_EQ(text(**psk), "from credentials");
}

}  // namespace
}  // namespace twinspan::tools
