#include "io/safetensors.h"

#include <cstring>
#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/io/damage.h"

using namespace tessera;
namespace fs = std::filesystem;

namespace {

const fs::path kFile = fs::temp_directory_path() / "tessera_safetensors_test.safetensors";

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const std::string& bytes) {
  std::ofstream(kFile, std::ios::binary) << bytes;
}

void write_header(const std::string& header, const std::string& data = "") {
  const uint64_t size = header.size();
  write(std::string(reinterpret_cast<const char*>(&size), 8) + header + data);
}

io::Archive example() {
  io::Archive archive;
  archive.tensors["a.weight"] = tensor({1, 2, 3, 4, 5, 6}, {2, 3});
  archive.tensors["b"] = tensor({-1, 0.5}, {2}, bf16);
  archive.tensors["steps"] = tensor({7}, {}, i64);
  archive.tensors["none"] = tensor({}, {0, 4}, f64);
  archive.metadata["note"] = "hello \"there\"";
  return archive;
}

}  // namespace

TEST_SUITE("io/safetensors") {
  TEST_CASE("what is saved is loaded again, with every bit") {
    const io::Archive saved = example();
    io::save_safetensors(saved, kFile);
    const io::Archive loaded = io::load_safetensors(kFile);
    CHECK(loaded.metadata == saved.metadata);
    REQUIRE(loaded.tensors.size() == saved.tensors.size());
    for (const auto& [name, tensor] : saved.tensors) {
      const Tensor& other = loaded.tensors.at(name);
      CHECK(other.shape() == tensor.shape());
      CHECK(other.dtype() == tensor.dtype());
      CHECK(other.to_vector<double>() == tensor.to_vector<double>());
    }
  }

  TEST_CASE("a file written by hand is read") {
    write_header(R"({"x":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}})", std::string("\1\2\3"));
    CHECK(io::load_safetensors(kFile).tensors.at("x").to_vector<int64_t>() ==
          std::vector<int64_t>{1, 2, 3});
  }

  TEST_CASE("types that are not ours become wider ones") {
    write_header(R"({"x":{"dtype":"I16","shape":[2],"data_offsets":[0,4]},
                     "y":{"dtype":"U32","shape":[1],"data_offsets":[4,8]}})",
                 std::string("\1\0\xff\xff\xff\xff\xff\xff", 8));
    const io::Archive archive = io::load_safetensors(kFile);
    CHECK(archive.tensors.at("x").dtype() == i32);
    CHECK(archive.tensors.at("x").to_vector<int64_t>() == std::vector<int64_t>{1, -1});
    CHECK(archive.tensors.at("y").dtype() == i64);
    CHECK(archive.tensors.at("y").item() == 4294967295.);
  }

  TEST_CASE("many tensors over the same bytes are refused") {
    std::string header = "{";
    for (int i = 0; i < 5; ++i) {
      header += (i == 0 ? "\"" : ",\"") + std::string(1, static_cast<char>('a' + i));
      header += R"(":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
    }
    write_header(header + "}", "abcd");
    CHECK_THROWS_WITH_AS(io::load_safetensors(kFile), doctest::Contains("tensors overlap"), Error);
  }

  TEST_CASE("a wrong file is an error that names it") {
    CHECK_THROWS_AS(io::load_safetensors("/no/such/file"), Error);
    for (
        const char* header : {
            R"([1])",
            R"({"x":1})",
            R"({"x":{"dtype":"F32","shape":[1]}})",
            R"({"x":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}})",
            R"({"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})",
            R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})",
            R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
            R"({"x":{"dtype":"F32","shape":[4611686018427387904,4611686018427387904],"data_offsets":[0,4]}})",
            R"({"x":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}})",
        }) {
      write_header(header, "abcd");
      CAPTURE(header);
      CHECK_THROWS_WITH_AS(io::load_safetensors(kFile), doctest::Contains(kFile.string().c_str()),
                           Error);
    }
  }

  TEST_CASE("damaged files never crash") {
    const testing::TemporaryFile file("damaged.safetensors");
    io::save_safetensors(example(), kFile);
    testing::check_survives_damage(bytes_of(kFile), file,
                                   [](const fs::path& path) { io::load_safetensors(path); });
  }

  TEST_CASE("a folder that cannot be written leaves nothing behind") {
    CHECK_THROWS_AS(io::save_safetensors(example(), "/no/such/folder/x.safetensors"), Error);
    CHECK(!fs::exists("/no/such/folder"));
  }
}
