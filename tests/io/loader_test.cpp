#include "io/loader.h"
#include "io/augment_text.h"

#include <algorithm>
#include <set>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "core/error.h"
#include "core/settings.h"
#include "io/image_list.h"
#include "io/nifti.h"
#include "io/volume_slices.h"
#include "tests/core/cuda/host_gpu.h"
#include "tests/io/temporary_set.h"

using namespace tessera;
using namespace tessera::io;
using namespace tessera::testing;

namespace {

// Eleven cases of 8x6 pixels; those with an odd number show the foreground.
struct Fixture {
  TemporaryFolder folder{"loader"};
  Dataset set;
  Fixture() {
    for (int i = 0; i < 11; ++i)
      add_case(folder, fmt::format("c{:02}", i),
               i % 2 == 0 ? LabelMap(8, 6) : counting_labels(8, 6, 3, i));
    set = open_dataset(folder.path());
  }
};

struct Everything {
  std::vector<std::string> names;
  std::vector<std::vector<float>> images;
  std::vector<std::vector<int64_t>> masks;
  bool operator==(const Everything&) const = default;
};

Everything all_of(const Epoch& epoch) {
  Everything all;
  for (const Batch& batch : epoch) {
    for (const std::string& name : batch.names) all.names.push_back(name);
    all.images.push_back(batch.image.to_vector<float>());
    all.masks.push_back(batch.mask.to_vector<int64_t>());
  }
  return all;
}

}  // namespace

TEST_SUITE("io/loader") {
  TEST_CASE("batches hold images and masks in the order of the cases") {
    const Fixture f;
    const Loader loader(f.set, f.set.cases, {.batch_size = 4});
    CHECK(loader.batches() == 3);
    int64_t count = 0;
    for (const Batch& batch : loader.epoch(0)) {
      const int64_t n = count < 2 ? 4 : 3;
      CHECK(batch.image.shape() == Shape{n, 1, 8, 6});
      CHECK(batch.mask.shape() == Shape{n, 8, 6});
      CHECK(batch.mask.dtype() == i64);
      CHECK(batch.number == count);
      for (int64_t i = 0; i < n; ++i) {
        const auto at = static_cast<size_t>(i);
        CHECK(batch.indices[at] == count * 4 + i);
        CHECK(batch.names[at] == fmt::format("c{:02}", count * 4 + i));
      }
      // The pictures show the labels.
      const auto pixels = batch.image.to_vector<float>();
      const auto labels = batch.mask.to_vector<int64_t>();
      for (size_t i = 0; i < pixels.size(); ++i)
        CHECK(pixels[i] == doctest::Approx(static_cast<double>(labels[i]) / 255));
      ++count;
    }
    CHECK(count == 3);
    CHECK(Loader(f.set, f.set.cases, {.batch_size = 4, .drop_last = true}).batches() == 2);
    CHECK(all_of(Loader(f.set, f.set.cases, {.batch_size = 4, .drop_last = true}).epoch(0))
              .names.size() == 8);
  }

  TEST_CASE("shares of a batch are its cases in order, and count for as many as they are") {
    const Fixture f;
    for (const int64_t shares : {2, 3, 4}) {
      CAPTURE(shares);
      std::vector<std::vector<std::string>> names(3);
      std::vector<double> weights(3);
      for (int64_t share = 0; share < shares; ++share) {
        const Loader loader(f.set, f.set.cases,
                            {.batch_size = 4, .shuffle = true, .share = share, .shares = shares});
        for (const Batch& batch : loader.epoch(0)) {
          const auto at = static_cast<size_t>(batch.number);
          CHECK(batch.image.shape(0) == std::ssize(batch.names));
          weights[at] += batch.weight;
          if (batch.weight > 0)
            names[at].insert(names[at].end(), batch.names.begin(), batch.names.end());
        }
      }
      for (const double weight : weights) CHECK(weight == doctest::Approx(double(shares)));
      const Loader whole(f.set, f.set.cases, {.batch_size = 4, .shuffle = true});
      for (const Batch& batch : whole.epoch(0))
        CHECK(names[static_cast<size_t>(batch.number)] == batch.names);
    }
    CHECK_THROWS_AS(Loader(f.set, f.set.cases, {.share = 2, .shares = 2}), Error);
  }

  TEST_CASE("image and mask can be taken apart") {
    const Fixture f;
    Loader loader(f.set, f.set.cases, {.batch_size = 11, .shuffle = true});
    std::vector<std::vector<int64_t>> masks;
    for (int i = 0; i < 2; ++i) {
      for (auto [image, mask] : loader) {
        CHECK(image.shape(0) == 11);
        masks.push_back(mask.to_vector<int64_t>());
      }
    }
    CHECK(masks.size() == 2);
    CHECK(masks[0] != masks[1]);  // epochs 0 and 1
    CHECK(masks[0] == all_of(loader.epoch(0)).masks[0]);
    CHECK(masks[1] == all_of(loader.epoch(1)).masks[0]);
  }

  TEST_CASE("order and content depend on seed and epoch, not on threads or the cache") {
    const Fixture f;
    LoaderOptions options{.batch_size = 3, .shuffle = true, .seed = 7};
    options.augment = parse_augment("standard,vflip,elastic,crop(5,4),mixup,cutmix");
    options.foreground = 0.34;
    const auto run = [&](int threads, int64_t cache_bytes, int64_t epoch) {
      options.threads = threads;
      options.cache_bytes = cache_bytes;
      const Loader loader(f.set, f.set.cases, options);
      all_of(loader.epoch(5));  // what was done before does not matter
      return all_of(loader.epoch(epoch));
    };
    for (const int64_t epoch : {0, 1, 1000}) {
      const Everything expected = run(0, 0, epoch);
      for (const int threads : {1, 2, 4, 9}) CHECK(run(threads, 1 << 20, epoch) == expected);
      CHECK(run(3, 0, epoch) == expected);
      CHECK(run(3, 800, epoch) == expected);
    }
    const Everything first = run(2, 0, 0);
    CHECK(run(2, 0, 1) != first);
    options.seed = 8;
    CHECK(run(2, 0, 0) != first);
  }

  TEST_CASE("volumes that do not fit into memory are read once an epoch") {
    const TemporaryFolder folder("loader_volumes");
    for (const char* name : {"images", "masks"}) {
      std::filesystem::create_directories(folder / name);
      for (uint8_t v = 0; v < 8; ++v) {
        std::vector<uint8_t> voxels(120);
        for (size_t i = 0; i < voxels.size(); ++i) voxels[i] = static_cast<uint8_t>(i / 20 % 2);
        save_nifti({tensor<uint8_t>(voxels, {6, 4, 5}), {}},
                   folder / fmt::format("{}/v{}.nii", name, v));
      }
    }
    // As f32, a volume and its mask take 960 bytes: parts have two of eight.
    const Dataset set = open_dataset(folder.path(), {.volume_bytes = 4000});
    CHECK(set.volumes->reads() == 16);
    const Loader loader(set, set.cases,
                        {.batch_size = 4, .shuffle = true, .threads = 0, .cache_bytes = 0});
    std::vector<std::string> names[2];
    for (int64_t epoch = 0; epoch < 2; ++epoch) {
      const int64_t before = set.volumes->reads();
      for (const Batch& batch : loader.epoch(epoch))
        for (const std::string& name : batch.names) names[epoch].push_back(name);
      CHECK(set.volumes->reads() - before <= 16);
      CHECK(std::set(names[epoch].begin(), names[epoch].end()).size() == 48);
      std::set<std::string> together;
      for (int i = 0; i < 12; ++i) together.insert(names[epoch][i].substr(0, 2));
      CHECK(together.size() == 2);
      CHECK_FALSE(std::is_sorted(names[epoch].begin(), names[epoch].begin() + 12));
    }
    CHECK(names[0] != names[1]);
  }

  TEST_CASE("each case comes once an epoch") {
    const Fixture f;
    const Loader loader(f.set, f.set.cases, {.batch_size = 2, .shuffle = true});
    std::set<std::vector<std::string>> orders;
    for (int64_t e = 0; e < 5; ++e) {
      const std::vector<std::string> names = all_of(loader.epoch(e)).names;
      CHECK(std::set<std::string>(names.begin(), names.end()).size() == 11);
      CHECK(names.size() == 11);
      orders.insert(names);
    }
    CHECK(orders.size() == 5);
  }

  TEST_CASE("an epoch goes on in its middle") {
    const Fixture f;
    LoaderOptions options{.batch_size = 2, .shuffle = true};
    options.augment = parse_augment("standard");
    const Loader loader(f.set, f.set.cases, options);
    const Everything all = all_of(loader.epoch(3)), rest = all_of(loader.epoch(3, 4));
    REQUIRE(rest.images.size() == 2);
    CHECK(rest.images[0] == all.images[4]);
    CHECK(rest.images[1] == all.images[5]);
    CHECK(all_of(loader.epoch(3, 6)).images.empty());
    CHECK(all_of(loader.epoch(3, 60)).images.empty());
  }

  TEST_CASE("batches for a GPU come through pinned memory, the same for any number of threads") {
    const Fixture f;
    const Everything expected = all_of(Loader(f.set, f.set.cases, {.batch_size = 4}).epoch(0));
    for (const int threads : {0, 3}) {
      const WithHostGpu gpu;
      const OnDevice on(host_gpu());
      const Loader loader(f.set, f.set.cases, {.batch_size = 4, .threads = threads});
      const Epoch epoch = loader.epoch(0);
      CHECK(all_of(epoch) == expected);
      CHECK(all_of(loader.epoch(1)) == expected);
      for (const Batch& batch : loader.epoch(0)) {
        CHECK(batch.image.device() == host_gpu());
        break;  // the rest is made in vain
      }
      CHECK(gpu->driver().pinned() >= 3);
      CHECK(gpu->driver().pinned() <= 24);
    }
  }

  TEST_CASE("leaving early, and never starting, are fine") {
    const Fixture f;
    for (const int threads : {0, 1, 4}) {
      LoaderOptions options{.batch_size = 1};
      options.threads = threads;
      Loader loader(f.set, f.set.cases, options);
      for (const Batch& batch : loader.epoch(0)) {
        CHECK(batch.number == 0);
        break;
      }
      for (int i = 0; i < 20; ++i) loader.epoch(i);
      const Epoch outlives = [&] { return Loader(f.set, f.set.cases, options).epoch(0); }();
      CHECK(all_of(outlives).names.size() == 11);
    }
  }

  TEST_CASE("what goes wrong in a thread arrives where the batch is asked for") {
    const Fixture f;
    f.folder.write("images/c05.png", "no picture");
    for (const int threads : {0, 1, 4}) {
      LoaderOptions options{.batch_size = 2};
      options.threads = threads;
      const Loader loader(f.set, f.set.cases, options);
      int64_t before = 0;
      const auto run = [&] {
        for (const Batch& batch : loader.epoch(0)) before += batch.image.shape(0);
      };
      CHECK_THROWS_WITH_AS(run(), doctest::Contains("images/c05.png is not a picture"), Error);
      CHECK(before == 4);

      // Whoever goes on after it is at the end.
      auto batch = loader.epoch(0, 1).begin();
      CHECK_THROWS_AS(++batch, Error);
      ++batch;
      CHECK((batch == std::default_sentinel));
    }
  }

  TEST_CASE("foreground is shown as often as asked for") {
    const Fixture f;
    LoaderOptions options{.batch_size = 4, .shuffle = true};
    options.foreground = 0.5;
    const Loader loader(f.set, f.set.cases, options);
    for (int64_t e = 0; e < 3; ++e) {
      for (const Batch& batch : loader.epoch(e))
        for (size_t i = 2; i < batch.indices.size(); ++i)
          CHECK(loader.cases()[static_cast<size_t>(batch.indices[i])].foreground > 0);
    }
  }

  TEST_CASE("images of several sizes need one") {
    const Fixture f;
    add_case(f.folder, "wide", counting_labels(8, 9, 3));
    const Dataset set = open_dataset(f.folder.path());
    CHECK_THROWS_WITH_AS(all_of(Loader(set, set.cases, {.batch_size = 12}).epoch(0)),
                         doctest::Contains("the images of a batch must have one size, got 8x6 ("),
                         Error);
    LoaderOptions options{.batch_size = 12};
    options.preprocess = {.channels = 3, .height = 4, .width = 4};
    for (const Batch& batch : Loader(set, set.cases, options).epoch(0))
      CHECK(batch.image.shape() == Shape{12, 3, 4, 4});
    options.preprocess = {};
    options.augment = parse_augment("crop(8)");
    for (const Batch& batch : Loader(set, set.cases, options).epoch(0))
      CHECK(batch.mask.shape() == Shape{12, 8, 8});
  }

  TEST_CASE("images without masks are loaded") {
    const Fixture f;
    const Loader loader({}, list_images(f.folder.path()), {.batch_size = 11});
    for (const Batch& batch : loader.epoch(0)) {
      CHECK(batch.image.shape() == Shape{11, 1, 8, 6});
      CHECK(!batch.mask.defined());
    }
  }

  TEST_CASE("options that cannot be are errors") {
    const Fixture f;
    CHECK_THROWS_WITH_AS(Loader(f.set, {}), "loader: there must be a case", Error);
    CHECK_THROWS_WITH_AS(Loader(f.set, f.set.cases, {.batch_size = 0}),
                         "loader: batch_size must be positive, got 0", Error);
    LoaderOptions options;
    options.threads = -1;
    CHECK_THROWS_AS(Loader(f.set, f.set.cases, options), Error);
    options = {};
    options.foreground = 2;
    CHECK_THROWS_AS(Loader(f.set, f.set.cases, options), Error);
    options.foreground = 0.5;
    CHECK_THROWS_WITH_AS(Loader(f.set, {f.set.cases[0]}, options),
                         doctest::Contains("no case shows a class other than 0"), Error);
    const Loader loader(f.set, f.set.cases);
    CHECK_THROWS_AS(loader.epoch(-1), Error);
  }

  TEST_CASE("mixed batches carry both masks and their weight") {
    const Fixture f;
    LoaderOptions options{.batch_size = 4, .augment = parse_augment("mixup(1)@1")};
    const Loader loader(f.set, f.set.cases, options);
    options.augment = {};
    const Loader plain(f.set, f.set.cases, options);
    const Epoch epoch = plain.epoch(0);
    auto expected = epoch.begin();
    for (const Batch& batch : loader.epoch(0)) {
      CHECK(batch.mask.to_vector<int64_t>() == expected->mask.to_vector<int64_t>());
      REQUIRE((batch.other_mask.defined() || batch.image.shape(0) == 1));
      // The pictures show the labels.
      const auto pixels = batch.image.to_vector<float>();
      const auto labels = batch.mask.to_vector<double>(),
                 other = batch.other_mask.to_vector<double>();
      for (size_t i = 0; i < pixels.size(); ++i)
        CHECK(pixels[i] * 255 ==
              doctest::Approx(batch.mask_weight * labels[i] + (1 - batch.mask_weight) * other[i]));
      ++expected;
    }
  }

  TEST_CASE("batches say what was annotated, where not everything was") {
    Fixture fixture;
    for (const Batch& batch : Loader(fixture.set, fixture.set.cases).epoch(0))
      CHECK_FALSE(batch.annotated.defined());
    fixture.set.cases[1].annotated = {"2"};
    const Loader loader(fixture.set, fixture.set.cases,
                        {.batch_size = 4, .augment = parse_augment("mixup@1")});
    const Batch batch = *loader.epoch(0).begin();
    using Rows = std::vector<int64_t>;
    CHECK(batch.annotated.to_vector<int64_t>() == Rows{1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1});
    CHECK(batch.annotated.dtype() == bool_);
    // The case is the partner of one of the four.
    const Rows other = batch.other_annotated.to_vector<int64_t>();
    CHECK(std::count(other.begin(), other.end(), 0) == 1);
  }

  TEST_CASE("steps for normalized values come after it") {
    const Fixture f;
    LoaderOptions options{.batch_size = 1};
    options.preprocess.normalize = Normalize::zscore;
    options.augment = parse_augment("multiply(2)@1");
    const auto largest = [&] {
      const Loader loader(f.set, f.set.cases, options);
      const auto pixels = loader.epoch(0).begin()->image.to_vector<float>();
      return *std::max_element(pixels.begin(), pixels.end());
    };
    const float before = largest();  // undone by the normalization
    options.augment.normalized = true;
    CHECK(largest() == doctest::Approx(2 * before));
  }
}
