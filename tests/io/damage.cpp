#include "tests/io/damage.h"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <random>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "core/error.h"
#include "tests/data.h"

namespace fs = std::filesystem;

namespace tessera::testing {

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
constexpr bool kSanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool kSanitized = false;
#endif

int64_t peak_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

using Random = std::mt19937;

size_t below(Random& random, size_t bound) {
  return bound == 0 ? 0 : random() % bound;
}

// Overwrites a number of 1 to 8 bytes with an extreme or random one.
void set_number(std::string& bytes, Random& random) {
  const size_t size = size_t{1} << below(random, 4);
  if (bytes.size() < size) return;
  const size_t at = below(random, bytes.size() - size + 1);
  constexpr uint64_t extremes[] = {0,          1,          0x7f,       0xff,
                                   0x7fff,     0xffff,     0x7fffffff, 0xffffffff,
                                   0x80000000, ~0ull >> 1, ~0ull,      0x8000000000000000,
                                   1ull << 40, 0x10000000, 0xfffffff0, 0xfffffffffffffff0};
  const uint64_t number = extremes[below(random, std::size(extremes))];
  for (size_t i = 0; i < size; ++i) bytes[at + i] = static_cast<char>(number >> (8 * i));
}

void damage(std::string& bytes, Random& random) {
  if (bytes.empty()) return;
  const size_t at = below(random, bytes.size());
  const size_t length = std::min(bytes.size() - at, 1 + below(random, 24));
  switch (below(random, 7)) {
    case 0:
      bytes.resize(at);
      break;
    case 1:
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(random, 8)));
      break;
    case 2:
      bytes[at] = static_cast<char>(random());
      break;
    case 3:
      set_number(bytes, random);
      break;
    case 4:
      bytes.erase(at, length);
      break;
    case 5:
      bytes.insert(at, bytes.substr(below(random, bytes.size()), length));
      break;
    default:
      // Digits of a text header.
      if (bytes[at] >= '0' && bytes[at] <= '9') bytes.insert(at, std::string(length, '9'));
      break;
  }
}

}  // namespace

TemporaryFile::TemporaryFile(const std::string& name)
    : path_(fs::temp_directory_path() / fmt::format("tessera_{}_{}", ::getpid(), name)) {}

TemporaryFile::~TemporaryFile() {
  std::error_code error;
  fs::remove(path_, error);
}

void TemporaryFile::write(const std::string& bytes) const {
  fs::remove(path_);  // some file systems go to the disk when a file is replaced
  std::ofstream(path_, std::ios::binary) << bytes;
}

std::string TemporaryFile::read() const {
  return bytes_of_file(path_);
}

bool sanitized() {
  return kSanitized;
}

fs::path fixture(const std::string& name) {
  return data_file("io") / name;
}

std::string bytes_of_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE_MESSAGE(file.good(), path.string(), " is missing");
  return {std::istreambuf_iterator<char>(file), {}};
}

void check_refused(const TemporaryFile& file, const std::string& bytes,
                   const std::function<void(const fs::path&)>& read, const std::string& reason) {
  file.write(bytes);
  CAPTURE(reason);
  try {
    read(file.path());
    FAIL_CHECK("nothing was thrown");
  } catch (const Error& error) {
    const std::string text = error.what();
    CHECK_MESSAGE(text.find(file.path().string()) != std::string::npos, text);
    CHECK_MESSAGE(text.find(reason) != std::string::npos, text);
  }
}

void check_survives_damage(const std::string& good, const TemporaryFile& file,
                           const std::function<void(const fs::path&)>& read, int trials,
                           const std::function<void(std::string&)>& repair) {
  Random random(20210614);
  file.write(good);
  read(file.path());
  const int64_t before = peak_kib();
  for (int trial = 0; trial < trials; ++trial) {
    std::string bad = good;
    for (size_t times = 1 + below(random, 3); times > 0; --times) damage(bad, random);
    if (repair) repair(bad);
    file.write(bad);
    try {
      read(file.path());
    } catch (const Error& error) {
      const bool named = std::string(error.what()).find(file.path().string()) != std::string::npos;
      CHECK_MESSAGE(named, "trial ", trial, ": ", error.what());
    }
  }
  if (!kSanitized) CHECK((peak_kib() - before) / 1024 < 64);
}

}  // namespace tessera::testing
