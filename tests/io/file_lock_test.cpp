#include "io/file_lock.h"

#include <optional>

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/io/temporary_set.h"

using namespace tessera;

TEST_SUITE("io/file_lock") {
  TEST_CASE("one at a time") {
    const testing::TemporaryFolder folder("file_lock");
    const auto path = folder / "lock";
    std::optional<io::FileLock> first(std::in_place, path, "train: busy");
    CHECK_THROWS_WITH_AS(io::FileLock(path, "train: busy"), doctest::Contains("train: busy: "),
                         Error);
    const io::FileLock other(folder / "other", "");
    first.reset();
    const io::FileLock again(path, "train: busy");
  }

  TEST_CASE("a file that cannot be made is named") {
    const testing::TemporaryFolder folder("file_lock");
    CHECK_THROWS_WITH_AS(io::FileLock(folder / "none" / "lock", ""),
                         doctest::Contains("none/lock: cannot be opened"), Error);
  }
}
