#include "io/bytes.h"

#include <sys/resource.h>

#include <algorithm>

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/io/damage.h"

using namespace tessera;

TEST_SUITE("io/bytes") {
  TEST_CASE("numbers in both orders") {
    const char bytes[] = {1, 2, 3, 4};
    CHECK(io::number_at<uint32_t>(bytes) == 0x04030201);
    CHECK(io::number_at<uint32_t>(bytes, true) == 0x01020304);
    CHECK(io::number_at<float>("\x3f\x80\0\0", true) == 1);
    CHECK(io::bytes_of(uint16_t{0x4142}) == "BA");
  }

  TEST_CASE("a reader stops at the end") {
    io::ByteReader reader("ab\ncdefgh", "x");
    CHECK(reader.take_line() == "ab");
    CHECK(reader.number<uint8_t>() == 'c');
    CHECK(reader.position() == 4);
    CHECK(reader.left() == 5);
    CHECK_THROWS_WITH_AS(reader.number<uint64_t>(), doctest::Contains("x is truncated"), Error);
    CHECK_THROWS_AS(reader.take(~0ull), Error);
    CHECK_THROWS_AS(reader.take_line(), Error);
    CHECK_THROWS_AS(reader.seek(10), Error);
    reader.seek(9);
    CHECK(reader.take(0).empty());
  }

  TEST_CASE("only files are read") {
    const testing::TemporaryFile file("bytes_test");
    file.write(std::string("a\0b", 3));
    CHECK(io::read_file(file.path()) == std::string("a\0b", 3));
    CHECK(io::read_file(file.path(), 2) == std::string("a\0", 2));
    file.write("");
    CHECK(io::read_file(file.path()).empty());
    CHECK_THROWS_WITH_AS(io::read_file("/no/such/file"), doctest::Contains("/no/such/file"), Error);
    CHECK_THROWS_AS(io::read_file(file.path().parent_path()), Error);
    CHECK_THROWS_AS(io::read_file("/dev/zero"), Error);
  }

  TEST_CASE("a file that does not fit into the memory is an error") {
    const testing::TemporaryFile file("large");
    file.write("");
    std::error_code error;
    std::filesystem::resize_file(file.path(), uint64_t{8} << 40, error);  // takes no space
    if (error || testing::sanitized()) return;
    rlimit old{};
    REQUIRE(getrlimit(RLIMIT_AS, &old) == 0);
    const rlimit less{std::min(old.rlim_cur, rlim_t{4} << 40),
                      old.rlim_max};  // whatever the system would promise
    REQUIRE(setrlimit(RLIMIT_AS, &less) == 0);
    CHECK_THROWS_WITH_AS(io::read_file(file.path()), doctest::Contains("too large for the memory"),
                         Error);
    CHECK(setrlimit(RLIMIT_AS, &old) == 0);
  }
}
