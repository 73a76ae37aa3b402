#include "io/weights.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "io/model_file.h"
#include "io/npz.h"
#include "io/safetensors.h"
#include "tests/io/damage.h"

using namespace tessera;
using testing::TemporaryFile;

namespace {

const auto load = [](const std::filesystem::path& path) { io::load_weights(path); };

}  // namespace

TEST_SUITE("io/weights") {
  TEST_CASE("every format, whatever the file is called") {
    const std::string names[] = {"torch_zip.pth", "torch_legacy.pth", "torch_nested.pt",
                                 "jittor.pkl",    "numpy_5.pkl",      "torch_expected.safetensors"};
    for (const std::string& name : names) {
      CAPTURE(name);
      CHECK(io::load_weights(testing::fixture(name)).tensors.at("conv.bias").to_vector<double>() ==
            std::vector<double>{0.5, -0.5});
    }
  }

  TEST_CASE("files of our own") {
    io::ModelFile model;
    model.weights["a"] = tensor({1, 2}, {2});
    const TemporaryFile tessera("w.tessera"), npz("w.npz"), safetensors("w.safetensors");
    io::save_model(model, tessera.path());
    io::save_npz({model.weights, {}}, npz.path());
    io::save_safetensors({model.weights, {}}, safetensors.path());
    for (const TemporaryFile* file : {&tessera, &npz, &safetensors}) {
      CHECK(io::load_weights(file->path()).tensors.at("a").to_vector<double>() ==
            std::vector<double>{1, 2});
    }
  }

  TEST_CASE("a wrong file is an error that says why") {
    const TemporaryFile file("bad.weights");
    testing::check_refused(file, "", load, ".safetensors, .npz, .pth, .pt, .pkl and .tessera");
    testing::check_refused(file, "hello", load, "holds no weights of a known format");
    testing::check_refused(file, "PK\3\4", load, "is not a whole zip file");
    CHECK_THROWS_WITH_AS(io::load_weights("/no/such/file"), doctest::Contains("/no/such/file"),
                         Error);
  }

  TEST_CASE("damaged files never crash") {
    const TemporaryFile file("damaged.weights");
    for (const std::string name :
         {"torch_zip.pth", "numpy_stored.npz", "torch_expected.safetensors"}) {
      testing::check_survives_damage(testing::bytes_of_file(testing::fixture(name)), file, load,
                                     700);
    }
  }
}
