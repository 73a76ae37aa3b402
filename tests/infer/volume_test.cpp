#include "infer/volume.h"

#include <doctest/doctest.h>

#include "ops/binary.h"
#include "ops/join.h"

using namespace tessera;

namespace {

// Says 1 where the picture is above one half.
struct Threshold : zoo::Network {
  Threshold() : Network(1, 2, 1) {}
  Tensor logits(const Tensor& x) override { return 20 * cat({0.5 - x, x - 0.5}, 1); }
};

infer::Model threshold() {
  infer::Model model;
  model.spec = {"threshold", 1, 2};
  model.network = std::make_unique<Threshold>();
  model.network->eval();
  model.labels = {"ground", "bright"};
  return model;
}

}  // namespace

TEST_SUITE("infer/volume") {
  TEST_CASE("slices across each axis come back to where they were") {
    std::vector<float> values(24);
    std::vector<uint8_t> expected(24);
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = i % 5 == 0 || i > 20 ? 1.F : 0.F;
      expected[i] = values[i] > 0.5F ? 1 : 0;
    }
    std::vector<infer::Model> models;
    models.push_back(threshold());
    for (size_t axis = 0; axis < 3; ++axis) {
      CAPTURE(axis);
      io::Volume volume{tensor<float>(values, {2, 3, 4}), {}};
      volume.geometry.spacing[axis] = 5;
      int64_t slices = 0;
      const io::Volume labels = infer::segment_volume(models, volume, {}, "v", [&] { ++slices; });
      CHECK(slices == volume.voxels.shape(static_cast<int64_t>(axis)));
      CHECK(labels.voxels.dtype() == u8);
      CHECK(labels.voxels.to_vector<uint8_t>() == expected);
      CHECK(labels.geometry == volume.geometry);
      const auto cut = static_cast<int>(axis);
      const int64_t slice = 24 / volume.voxels.shape(cut);
      // Volume, labels twice, scores twice, and the network, which has no weights.
      CHECK(infer::memory_bound(models, volume, {}) >= 24 * 12 + slice * 2 * 2 * 4);
    }
  }

  TEST_CASE("post-processing sees the volume, not its slices") {
    // One part through two slices, and one voxel elsewhere.
    const io::Volume volume{
        tensor<float>(std::vector<float>{1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1}, {2, 2, 3}), {}};
    std::vector<infer::Model> models;
    models.push_back(threshold());
    models[0].postprocess = infer::parse_postprocess("largest");
    const io::Volume labels = infer::segment_volume(models, volume, {}, "v");
    CHECK(labels.voxels.to_vector<uint8_t>() ==
          std::vector<uint8_t>{1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0});
  }
}
