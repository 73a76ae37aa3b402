#include "io/zip.h"

#include <cstring>

#include <doctest/doctest.h>

#include "core/error.h"
#include "io/bytes.h"
#include "tests/io/damage.h"

using namespace tessera;
using testing::TemporaryFile;

namespace {

// Reads every member.
void read_all(const std::filesystem::path& path) {
  const std::string bytes = io::read_file(path);
  const io::ZipReader zip(bytes, path.string());
  for (const auto& entry : zip.members()) zip.read(entry.first);
}

std::string poem() {
  std::string text;
  for (int i = 0; i < 5; ++i) text += "so much depends upon a red wheel barrow ";
  return text;
}

std::string packed(const std::vector<std::pair<std::string, std::string>>& members, bool deflated) {
  const TemporaryFile file("packed.zip");
  io::ZipWriter zip(file.path());
  for (const auto& [name, content] : members) zip.add(name, content, deflated);
  zip.commit();
  return file.read();
}

// `bytes` with the number at `at` bytes behind the n-th `mark` replaced.
template <class T>
std::string patched(std::string bytes, const char* mark, size_t at, T number, int n = 0) {
  size_t found = bytes.find(mark);
  for (; n > 0; --n) found = bytes.find(mark, found + 1);
  REQUIRE(found != std::string::npos);
  std::memcpy(&bytes.at(found + at), &number, sizeof number);
  return bytes;
}

constexpr const char* kLocal = "PK\3\4";
constexpr const char* kCentral = "PK\1\2";

}  // namespace

TEST_SUITE("io/zip") {
  TEST_CASE("files by Python are read: data descriptors, zip64, a comment") {
    const std::string streamed = io::read_file(testing::fixture("zip_streamed.zip"));
    const io::ZipReader zip(streamed, "x");
    CHECK(zip.members().size() == 2);
    CHECK(zip.read("a.txt") == poem());
    CHECK(zip.contains("folder/empty"));
    CHECK(zip.read("folder/empty").empty());
    CHECK_THROWS_WITH_AS(zip.read("b"), "x has no \"b\"", Error);
    CHECK(io::is_zip(streamed));

    const std::string large = io::read_file(testing::fixture("zip64.zip"));
    CHECK(io::ZipReader(large, "x").read("a.txt") == poem());
  }

  TEST_CASE("what is written is read again") {
    for (const bool deflated : {false, true}) {
      const std::string bytes = packed({{"a", poem()}, {"", "no name"}, {"../b", ""}}, deflated);
      const io::ZipReader zip(bytes, "x");
      CHECK(zip.members().size() == 3);
      CHECK(zip.read("a") == poem());
      CHECK(zip.read("").size() == 7);
      CHECK(zip.read("../b").empty());
    }
    CHECK(io::ZipReader(packed({}, false), "x").members().empty());
  }

  TEST_CASE("a wrong file is an error that says why") {
    const TemporaryFile file("bad.zip");
    const auto refused = [&](const std::string& bytes, const char* reason) {
      testing::check_refused(file, bytes, read_all, reason);
    };
    const std::string good = packed({{"a", poem()}, {"b", poem()}}, true);
    refused("", "its directory is missing");
    refused(good.substr(0, good.size() / 2), "its directory is missing");
    refused("PK\5\6" + std::string(16, '\xff') + std::string(2, '\0'), "in several pieces");
    refused(io::read_file(testing::fixture("zip_bzip2.zip")), "is packed by method 12");
    refused(patched(good, kCentral, 8, uint16_t{1}), "\"a\" is encrypted");
    refused(patched(good, kCentral, 16, uint32_t{7}), "\"a\" is damaged: its checksum is wrong");
    refused(patched(good, kLocal, 0, uint32_t{7}), "its local header is damaged");
    refused(patched(good, kLocal, 30, 'b'), "its local header has another name");
    refused(patched(patched(good, kLocal, 30, 'a', 1), kCentral, 46, 'a', 1),
            "\"a\" is there twice");
    refused(patched(good, "PK\6\6", 32, ~0ull), "in several pieces");
    refused(patched(good, "PK\6\6", 48, ~0ull), "the directory of the zip is damaged");
    refused(patched(good, "PK\6\7", 8, ~0ull), "truncated");
  }

  TEST_CASE("bombs are refused before they are unpacked") {
    const TemporaryFile file("bomb.zip");
    const std::string good = packed({{"a", poem()}, {"b", poem()}}, true);
    // In the zip64 field of the directory: size at 46 + 1 + 4, packed size 8 on, position 16 on.
    std::string liar = patched(good, kCentral, 51, uint64_t{1} << 40);
    testing::check_refused(file, liar, read_all,
                           "1099511627776 bytes cannot have been packed into");
    liar = patched(good, kCentral, 51, uint64_t{5000});
    testing::check_refused(file, liar, read_all, "its checksum is wrong");

    // Two members of different names over the same data.
    std::string overlapping = packed({{"a", poem()}, {"b", ""}}, false);
    overlapping = patched(overlapping, kCentral, 51, uint64_t{poem().size() + 40});
    overlapping = patched(overlapping, kCentral, 59, uint64_t{poem().size() + 40});
    testing::check_refused(file, overlapping, read_all, "members of the zip overlap");

    const std::string zeros = packed({{"a", std::string(1 << 20, '\0')}}, true);
    CHECK(zeros.size() < 2000);
    CHECK(io::ZipReader(zeros, "x", 1 << 20).read("a").size() == 1 << 20);
    CHECK_THROWS_WITH_AS(io::ZipReader(zeros, "x", (1 << 20) - 1),
                         "x: the members are larger than 1048575 bytes in all", Error);
  }

  TEST_CASE("damaged files never crash") {
    const TemporaryFile file("damaged.zip");
    for (const std::string name : {"zip_streamed.zip", "zip64.zip"}) {
      testing::check_survives_damage(io::read_file(testing::fixture(name)), file, read_all);
    }
    testing::check_survives_damage(packed({{"a", poem()}, {"b", poem()}}, true), file, read_all);
  }
}
