#include "infer/model.h"
#include "io/model_file.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "core/random.h"
#include "tests/error_of.h"
#include "tests/train/tiny_set.h"

using namespace tessera;
using testing::error_of;

namespace {

infer::Model small_model() {
  manual_seed(3);
  infer::Model model;
  model.spec = {"unet(width=2)", 1, 3};
  model.network = zoo::make(model.spec);
  model.network->eval();
  model.preprocess = {.channels = 1, .height = 32, .width = 32};
  model.labels = {"air", "head", "brain"};
  return model;
}

}  // namespace

TEST_SUITE("infer/model") {
  TEST_CASE("a model file gives back the model, which predicts the same") {
    const testing::TinySet set("model");
    const infer::Model model = small_model();
    const io::Image image = io::read_image(set.data() / "images" / "disc0.png");
    const io::Image expected = infer::probabilities(model, image);
    CHECK(expected.channels == 3);
    CHECK(expected.height == image.height);
    for (size_t i = 0; i < expected.plane(0).size(); ++i) {
      const float sum = expected.plane(0)[i] + expected.plane(1)[i] + expected.plane(2)[i];
      CHECK(sum == doctest::Approx(1));
    }

    const auto path = set.run("model.tessera");
    io::save_model(infer::to_file(model), path);
    const infer::Model loaded = infer::load_model(path);
    CHECK(loaded.labels == model.labels);
    CHECK(loaded.preprocess == model.preprocess);
    CHECK(infer::probabilities(loaded, image) == expected);
  }

  TEST_CASE("a file whose weights or labels do not fit is refused by name") {
    io::ModelFile file = infer::to_file(small_model());
    file.weights.erase("outc.conv.bias");
    const std::string text = error_of([&] { infer::to_model(file, "m.tessera"); });
    CHECK(text.find("m.tessera: load_state_dict") == 0);
    CHECK(text.find("outc.conv.bias") != std::string::npos);
    file = infer::to_file(small_model());
    file.labels.pop_back();
    CHECK(error_of([&] { infer::to_model(file, "m"); }).find("one label for each of 3 classes") !=
          std::string::npos);
    file.architecture = "nonet";
    CHECK_THROWS_AS(infer::to_model(file, "m"), Error);
  }
}
