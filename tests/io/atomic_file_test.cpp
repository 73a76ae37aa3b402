#include "io/atomic_file.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "core/error.h"

using namespace tessera;
namespace fs = std::filesystem;

TEST_SUITE("io/atomic_file") {
  TEST_CASE("the file changes on commit only") {
    const fs::path folder = fs::temp_directory_path() / "tessera_atomic_file_test";
    fs::create_directories(folder);
    const fs::path path = folder / "x";
    std::ofstream(path) << "old";
    const auto text = [&] {
      std::ifstream file(path);
      return std::string(std::istreambuf_iterator<char>(file), {});
    };
    {
      io::AtomicFile file(path);
      file.write(std::as_bytes(std::span("lost", 4)));
    }
    CHECK(text() == "old");
    io::AtomicFile file(path);
    file.write(std::as_bytes(std::span("new", 3)));
    CHECK(text() == "old");
    file.commit();
    CHECK(text() == "new");
    CHECK(std::distance(fs::directory_iterator(folder), {}) == 1);
    io::write_file(path, "whole");
    CHECK(text() == "whole");
    fs::remove_all(folder);
  }

  TEST_CASE("a folder that does not exist is an error that names the file") {
    CHECK_THROWS_WITH_AS(io::AtomicFile("/no/such/x"), doctest::Contains("/no/such/x"), Error);
  }

  TEST_CASE("what is no file is not replaced by one") {
    const fs::path folder = fs::temp_directory_path() / "tessera_atomic_other_test";
    fs::remove_all(folder);
    fs::create_directories(folder / "folder");
    REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);  // stands for any device
    for (const char* name : {"folder", "pipe"}) {
      CHECK_THROWS_WITH_AS(io::write_file(folder / name, "text"), doctest::Contains(name), Error);
    }
    CHECK(fs::is_fifo(folder / "pipe"));
    CHECK(fs::is_directory(folder / "folder"));
    CHECK(std::distance(fs::directory_iterator(folder), {}) == 2);
    fs::remove_all(folder);
  }
}
