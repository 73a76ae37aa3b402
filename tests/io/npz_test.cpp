#include "io/npz.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "core/error.h"
#include "tests/io/damage.h"

using namespace tessera;
using testing::TemporaryFile;

namespace {

const auto load = [](const std::filesystem::path& path) { io::load_npz(path); };

}  // namespace

TEST_SUITE("io/npz") {
  TEST_CASE("arrays of every type and order by NumPy are read") {
    const io::Archive archive = io::load_npz(testing::fixture("numpy_deflated.npz"));
    CHECK(archive.tensors.size() == 46);
    const std::pair<std::string, DType> types[] = {
        {"b1", bool_}, {"i1", i32}, {"u1", u8},  {"i2", i32}, {"u2", i32}, {"i4", i32},
        {"u4", i64},   {"i8", i64}, {"u8", i64}, {"f2", f16}, {"f4", f32}, {"f8", f64}};
    for (const auto& [type, dtype] : types) {
      std::vector<double> expected(24);
      for (int i = 0; i < 24; ++i) {
        expected[static_cast<size_t>(i)] = type[0] == 'b' ? i % 3 == 0 : type[0] == 'u' ? i : i - 2;
      }
      for (const std::string order : {"<", ">", "|"}) {
        for (const std::string layout : {" C", " F"}) {
          const auto found = archive.tensors.find(fmt::format("{}{}{}", order, type, layout));
          if ((type[1] == '1') != (order == "|")) continue;
          REQUIRE(found != archive.tensors.end());
          CAPTURE(found->first);
          CHECK(found->second.shape() == Shape{2, 3, 4});
          CHECK(found->second.dtype() == dtype);
          CHECK(found->second.to_vector<double>() == expected);
        }
      }
    }
    CHECK(archive.tensors.at("scalar").item() == 7);
    CHECK(archive.tensors.at("one").to_vector<double>() == std::vector<double>{-2, -1, 0, 1, 2});
    CHECK(archive.tensors.at("empty").shape() == Shape{0, 3});
    CHECK(archive.tensors.at("folder/deep").to_vector<double>() == std::vector<double>{-2, -1});
  }

  TEST_CASE("what is saved is loaded again") {
    const TemporaryFile file("x.npz");
    io::Archive archive;
    archive.tensors["a.weight"] = tensor({1, 2, 3, 4, 5, 6}, {2, 3});
    archive.tensors["n"] = tensor({7}, {}, i64);
    archive.tensors["zeros"] = tensor(std::span<const float>(std::vector<float>(5000)), {5000});
    for (const bool compressed : {false, true}) {
      io::save_npz(archive, file.path(), compressed);
      const io::Archive loaded = io::load_npz(file.path());
      REQUIRE(loaded.tensors.size() == 3);
      for (const auto& [name, tensor] : archive.tensors) {
        CHECK(loaded.tensors.at(name).shape() == tensor.shape());
        CHECK(loaded.tensors.at(name).to_vector<double>() == tensor.to_vector<double>());
      }
      CHECK((file.read().size() < 2000) == compressed);
    }
  }

  TEST_CASE("a wrong file is an error that says why") {
    const TemporaryFile file("bad.npz");
    testing::check_refused(file, "", load, "is not a whole zip file");
    testing::check_refused(file, "PK\x05\x06", load, "is not a whole zip file");
    io::Archive archive;
    archive.tensors["a"] = tensor({1, 2}, {2});
    io::save_npz(archive, file.path());
    std::string bytes = file.read();
    const size_t value = bytes.find("\x80\x3f");
    REQUIRE(value != std::string::npos);
    bytes[value] = '\x81';
    testing::check_refused(file, bytes, load, "\"a.npy\" is damaged: its checksum is wrong");
  }

  TEST_CASE("damaged files never crash") {
    const TemporaryFile file("damaged.npz");
    testing::check_survives_damage(testing::bytes_of_file(testing::fixture("numpy_stored.npz")),
                                   file, load);
    testing::check_survives_damage(testing::bytes_of_file(testing::fixture("numpy_deflated.npz")),
                                   file, load, 1500);
  }
}
