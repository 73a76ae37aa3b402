#include "io/jittor_file.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "io/safetensors.h"
#include "io/sha1.h"
#include "tests/io/damage.h"

using namespace tessera;
using testing::TemporaryFile;

namespace {

const auto load = [](const std::filesystem::path& path) { io::load_jittor(path); };

void check_expected(const io::Archive& archive) {
  const io::Archive expected = io::load_safetensors(testing::fixture("torch_expected.safetensors"));
  for (const auto& entry : expected.tensors) {
    const std::string& name = entry.first;
    const Tensor& tensor = entry.second;
    if (tensor.dtype() == bf16) continue;  // NumPy has none
    CAPTURE(name);
    REQUIRE(archive.tensors.count(name) == 1);
    const Tensor& loaded = archive.tensors.at(name);
    CHECK(loaded.shape() == tensor.shape());
    CHECK(loaded.dtype() == tensor.dtype());
    CHECK(loaded.to_vector<double>() == tensor.to_vector<double>());
  }
}

}  // namespace

TEST_SUITE("io/jittor_file") {
  TEST_CASE("a checkpoint of Jittor's kind is read") {
    const io::Archive archive = io::load_jittor(testing::fixture("jittor.pkl"));
    CHECK(archive.tensors.size() == 16);
    check_expected(archive);
  }

  TEST_CASE("plain pickles of arrays are read, of protocols 2 to 5") {
    for (const std::string name : {"numpy_2.pkl", "numpy_3.pkl", "numpy_5.pkl"}) {
      CAPTURE(name);
      const io::Archive archive = io::load_jittor(testing::fixture(name));
      check_expected(archive);
      CHECK(archive.tensors.at("scalar").item() == 2.5);
    }
  }

  TEST_CASE("a wrong file is an error that says why") {
    const TemporaryFile file("bad.pkl");
    std::string bytes = testing::bytes_of_file(testing::fixture("jittor.pkl"));
    bytes[bytes.size() / 2] ^= 1;
    testing::check_refused(file, bytes, load, "is damaged: its SHA-1 is wrong");
    testing::check_refused(file, "", load, "is not a pickle");
    testing::check_refused(file, "HCAJSLHD", load, "is not a pickle");
    testing::check_refused(file, std::string(20, '\0') + "HCAJSLHD", load, "its SHA-1 is wrong");
    testing::check_refused(file, io::sha1("") + "HCAJSLHD", load, "is not a pickle");
    testing::check_refused(file,
                           "\x80\x04"
                           "cos\nsystem\nX\x01",
                           load, "os.system");
  }

  TEST_CASE("damaged files never crash") {
    const TemporaryFile file("damaged.pkl");
    const std::string good = testing::bytes_of_file(testing::fixture("jittor.pkl"));
    testing::check_survives_damage(good, file, load, 1000);
    testing::check_survives_damage(good, file, load, 4000, [](std::string& bytes) {
      if (bytes.size() < 28) return;
      bytes.resize(bytes.size() - 28);
      bytes += io::sha1(bytes) + "HCAJSLHD";
    });
  }
}
