#include "io/mix.h"

#include <cmath>

#include <doctest/doctest.h>

#include "io/augment_text.h"

using namespace tessera::io;

namespace {

// Images n, all of whose pixels and labels are n.
BatchArrays numbered(int64_t count, Extent extent) {
  BatchArrays batch{.count = count, .channels = 2, .extent = extent};
  for (int64_t n = 0; n < count; ++n) {
    batch.pixels.insert(batch.pixels.end(), static_cast<size_t>(2 * extent.count()),
                        static_cast<float>(n));
    batch.labels.insert(batch.labels.end(), static_cast<size_t>(extent.count()), n);
  }
  return batch;
}

}  // namespace

TEST_SUITE("io/mix") {
  TEST_CASE("mixup adds shares, and says which") {
    const Augment augment = parse_augment("mixup(0.4)@1");
    for (uint32_t trial = 0; trial < 20; ++trial) {
      BatchArrays batch = numbered(5, {1, 3, 4});
      const Mixing mixing = mix_(batch, augment, Draws(1, 2, trial));
      REQUIRE(mixing.partner.size() == 5);
      CHECK(batch.labels == numbered(5, {1, 3, 4}).labels);
      for (size_t n = 0; n < 5; ++n) {
        const double expected = mixing.weight * static_cast<double>(n) +
                                (1 - mixing.weight) * static_cast<double>(mixing.partner[n]);
        CHECK(batch.pixels[n * 24] == doctest::Approx(expected));
        CHECK(batch.pixels[n * 24 + 23] == batch.pixels[n * 24]);
      }
    }
  }

  TEST_CASE("cutmix pastes a box of image and mask alike") {
    for (const Extent extent : {Extent{1, 20, 30}, Extent{10, 12, 14}}) {
      double share = 0;
      for (uint32_t trial = 0; trial < 200; ++trial) {
        BatchArrays batch = numbered(3, extent);
        const Mixing mixing = mix_(batch, parse_augment("cutmix@1"), Draws(3, 2, trial));
        CHECK(mixing.weight == 1);
        CHECK(mixing.partner.empty());
        const auto count = static_cast<size_t>(extent.count());
        bool registered = true;
        for (size_t n = 0; n < 3; ++n) {
          for (size_t i = 0; i < count; ++i) {
            const auto label = static_cast<float>(batch.labels[n * count + i]);
            registered = registered && batch.pixels[2 * n * count + i] == label &&
                         batch.pixels[(2 * n + 1) * count + i] == label;
            share += label != static_cast<float>(n) ? 1.0 / static_cast<double>(3 * count) : 0;
          }
        }
        CHECK(registered);
      }
      // Half of the image on average, and a third of the images meet themselves.
      CHECK(share / 200 == doctest::Approx(1.0 / 3).epsilon(0.15));
    }
  }

  TEST_CASE("copypaste brings the objects of another image") {
    for (const double share : {1.0, 0.0}) {
      for (uint32_t trial = 0; trial < 20; ++trial) {
        BatchArrays batch = numbered(3, {1, 4, 4});
        for (size_t i = 0; i < batch.labels.size(); ++i)
          batch.labels[i] = i % 3 == 0 ? batch.labels[i] + 1 : 0;  // class n + 1, and background
        const BatchArrays before = batch;
        const Augment augment = parse_augment("copypaste(" + std::to_string(share) + ")@1");
        CHECK(mix_(batch, augment, Draws(1, 2, trial)).partner.empty());
        bool right = true;
        for (size_t n = 0; n < 3; ++n)
          for (size_t i = 0; i < 16; ++i) {
            const int64_t label = batch.labels[n * 16 + i];
            const bool own = label == before.labels[n * 16 + i];
            // A pixel that changed shows the image that its class is of.
            const float shown = own ? static_cast<float>(n) : static_cast<float>(label - 1);
            right = right && (own || share > 0) &&
                    (batch.pixels[n * 32 + i] == shown || label == static_cast<int64_t>(n) + 1);
          }
        CHECK(right);
      }
    }
  }

  TEST_CASE("classes are annotated in a pasted image that are so in both") {
    for (uint32_t trial = 0; trial < 20; ++trial) {
      BatchArrays batch = numbered(3, {1, 4, 4});
      batch.annotated = {1, 1, 0, 1, 0, 1, 1, 1, 1};
      const auto before = batch.annotated;
      const Mixing mixing = mix_(batch, parse_augment("mixup(1)@1"), Draws(1, 2, trial));
      CHECK(batch.annotated == before);  // there each mask has its own
      mix_(batch, parse_augment("cutmix(1)@1"), Draws(1, 2, trial));
      for (size_t n = 0; n < 3; ++n) {  // the same draws, so the same partners
        const auto other = static_cast<size_t>(mixing.partner[n]);
        for (size_t c = 0; c < 3; ++c)
          CHECK(batch.annotated[3 * n + c] == (before[3 * n + c] & before[3 * other + c]));
      }
    }
  }

  TEST_CASE("probabilities, single images and other steps") {
    int mixed = 0;
    for (uint32_t trial = 0; trial < 1000; ++trial) {
      BatchArrays batch = numbered(2, {1, 1, 1});
      const Augment augment = parse_augment("flip,mixup@0.3,blur");
      mixed += mix_(batch, augment, Draws(5, 1, trial)).partner.empty() ? 0 : 1;
    }
    CHECK(mixed > 250);
    CHECK(mixed < 350);
    BatchArrays one = numbered(1, {1, 2, 2});
    CHECK(mix_(one, parse_augment("mixup@1"), Draws(1, 1)).partner.empty());
  }

  TEST_CASE("weights are distributed as Beta") {
    for (const double alpha : {0.2, 1.0, 4.0}) {
      Draws draws(1, 9);
      double mean = 0, variance = 0;
      for (int i = 0; i < 20'000; ++i) {
        const double w = draw_beta(alpha, draws);
        CHECK_FALSE((w < 0 || w > 1));
        mean += w / 20e3;
        variance += (w - 0.5) * (w - 0.5) / 20e3;
      }
      CHECK(mean == doctest::Approx(0.5).epsilon(0.02));
      CHECK(variance == doctest::Approx(1 / (4 * (2 * alpha + 1))).epsilon(0.03));
    }
  }
}
