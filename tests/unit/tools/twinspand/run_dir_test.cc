#include "tools/twinspand/run_dir.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace twinspan::tools {
namespace {

class RunDirTest : public testing::Test {
 protected:
  ~RunDirTest() override { std::filesystem::remove_all(path_); }

  void make(mode_t mode) {
    std::filesystem::create_directories(path_);
    ASSERT_EQ(::chmod(path_.c_str(), mode), 0);
  }
  mode_t mode() const {
    struct stat status{};
    EXPECT_EQ(::stat(path_.c_str(), &status), 0);
    return status.st_mode & 07777;
  }

  std::string path_ = testing::TempDir() + "run-dir-" + std::to_string(::getpid());
};

TEST_F(RunDirTest, NewDirectoryIsPrivate) {
  ASSERT_TRUE(lock_run_dir(path_));
  EXPECT_EQ(mode(), 0700u);
}

TEST_F(RunDirTest, DirectoryThatIsThereKeepsItsMode) {
  make(0755);
  ASSERT_TRUE(lock_run_dir(path_));
  EXPECT_EQ(mode(), 0755u);
}

TEST_F(RunDirTest, DirectoryOfEverybodyIsRefusedAndLeftAlone) {
  make(01777);
  const auto lock = lock_run_dir(path_);
  ASSERT_FALSE(lock);
  EXPECT_FALSE(lock.error().is_busy);
  EXPECT_NE(lock.error().text.find("everybody may write"), std::string::npos);
  EXPECT_EQ(mode(), 01777u);
}

TEST_F(RunDirTest, SecondLockIsBusyUntilTheFirstIsGone) {
  {
    const auto first = lock_run_dir(path_);
    ASSERT_TRUE(first);
    const auto second = lock_run_dir(path_);
    ASSERT_FALSE(second);
    EXPECT_TRUE(second.error().is_busy);
  }
  EXPECT_TRUE(lock_run_dir(path_));
}

}  // namespace
}  // namespace twinspan::tools
