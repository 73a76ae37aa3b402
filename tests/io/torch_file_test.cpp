#include "io/torch_file.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "io/bytes.h"
#include "io/safetensors.h"
#include "io/zip.h"
#include "tests/io/damage.h"

using namespace tessera;
using testing::TemporaryFile;

namespace {

const auto load = [](const std::filesystem::path& path) { io::load_torch(path); };

// Compares with what PyTorch had; i8 and i16, which we do not have, are i32 here.
void check_expected(const io::Archive& archive) {
  const io::Archive expected = io::load_safetensors(testing::fixture("torch_expected.safetensors"));
  REQUIRE(archive.tensors.size() == expected.tensors.size());
  for (const auto& entry : expected.tensors) {
    const std::string& name = entry.first;
    const Tensor& tensor = entry.second;
    CAPTURE(name);
    REQUIRE(archive.tensors.count(name) == 1);
    const Tensor& loaded = archive.tensors.at(name);
    CHECK(loaded.shape() == tensor.shape());
    CHECK(loaded.dtype() == tensor.dtype());
    CHECK(loaded.to_vector<double>() == tensor.to_vector<double>());
  }
}

// A zip like that of torch.save, around another pickle.
std::string checkpoint(const std::string& pickle, const std::string& storage) {
  const TemporaryFile file("made.pth");
  io::ZipWriter zip(file.path());
  zip.add("archive/data.pkl", pickle);
  zip.add("archive/data/0", storage);
  zip.commit();
  return file.read();
}

}  // namespace

TEST_SUITE("io/torch_file") {
  TEST_CASE("checkpoints by PyTorch are read") {
    check_expected(io::load_torch(testing::fixture("torch_zip.pth")));
    check_expected(io::load_torch(testing::fixture("torch_legacy.pth")));
    const io::Archive nested = io::load_torch(testing::fixture("torch_nested.pt"));
    check_expected(nested);
    CHECK(nested.metadata.at("epoch") == "3");
    CHECK(nested.metadata.at("best") == "0.75");
    CHECK(nested.metadata.at("note") == "a");
  }

  TEST_CASE("types that PyTorch stores as bytes") {
    const io::Archive archive = io::load_torch(testing::fixture("torch_unsigned.pth"));
    CHECK(archive.tensors.at("torch.uint16").dtype() == i32);
    CHECK(archive.tensors.at("torch.uint16").to_vector<int64_t>() ==
          std::vector<int64_t>{1, 60000});
    CHECK(archive.tensors.at("torch.uint32").dtype() == i64);
  }

  TEST_CASE("a whole module is refused by the name of its class") {
    CHECK_THROWS_WITH_AS(io::load_torch(testing::fixture("torch_module.pth")),
                         doctest::Contains("torch.nn.modules.linear.Linear"), Error);
  }

  TEST_CASE("a wrong file is an error that says why") {
    const TemporaryFile file("bad.pth");
    const auto refused = [&](const std::string& bytes, const char* reason) {
      testing::check_refused(file, bytes, load, reason);
    };
    refused("", "was not written by torch.save");
    refused(testing::bytes_of_file(testing::fixture("numpy_stored.npz")), "it has no data.pkl");
    refused(checkpoint("\x80\x02"
                       "cos\nsystem\nX\x01",
                       ""),
            "os.system");
    refused(checkpoint("\x80\x02N.", ""), "a checkpoint must be a dict of tensors, got None");
    refused(checkpoint("\x80\x02}.", ""), "no tensors are found; it has no entries");
    const std::string zip = testing::bytes_of_file(testing::fixture("torch_zip.pth"));
    refused(zip.substr(0, zip.size() / 2), "bad.pth");
    const std::string legacy = testing::bytes_of_file(testing::fixture("torch_legacy.pth"));
    refused(legacy.substr(0, legacy.size() - 1), "truncated");
  }

  TEST_CASE("damaged files never crash") {
    const TemporaryFile file("damaged.pth");
    for (const std::string name : {"torch_zip.pth", "torch_legacy.pth", "torch_nested.pt"}) {
      testing::check_survives_damage(testing::bytes_of_file(testing::fixture(name)), file, load,
                                     1500);
    }
  }

  TEST_CASE("damaged pickles in sound zips never crash") {
    const std::string good = testing::bytes_of_file(testing::fixture("torch_zip.pth"));
    const io::ZipReader zip(good, "x");
    const std::string pickle = zip.read("torch_zip/data.pkl"),
                      storage = zip.read("torch_zip/data/0");
    const TemporaryFile inner("data.pkl"), outer("wrapped.pth");
    testing::check_survives_damage(
        pickle, inner,
        [&](const std::filesystem::path& path) {
          outer.write(checkpoint(testing::bytes_of_file(path), storage));
          try {
            io::load_torch(outer.path());
          } catch (const Error& error) {
            CHECK(std::string(error.what()).find(outer.path().string()) != std::string::npos);
          }
        },
        1000);
  }
}
