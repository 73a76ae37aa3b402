#include "train/setup.h"
#include "io/model_file.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/train/tiny_set.h"

using namespace tessera;

TEST_SUITE("train/setup") {
  TEST_CASE("sizes") {
    int64_t height = 0, width = 0;
    train::parse_size("", height, width);
    CHECK(height == 0);
    train::parse_size("192x256", height, width);
    CHECK(height == 192);
    CHECK(width == 256);
    train::parse_size("64", height, width);
    CHECK(height == 64);
    CHECK(width == 64);
    for (const char* text : {"0", "x", "12x", "x12", "-3", "1e3", "99999999", "12x12x12", " 12"}) {
      CHECK_THROWS_AS(train::parse_size(text, height, width), Error);
    }
  }

  TEST_CASE("lists") {
    CHECK(train::split_list("").empty());
    CHECK(train::split_list("a") == std::vector<std::string>{"a"});
    CHECK(train::split_list(" a , b c,,") == std::vector<std::string>{"a", "b c", "", ""});
  }

  TEST_CASE("a config becomes what it names") {
    const testing::TinySet set("setup");
    train::TrainConfig config;
    config.data = set.data().string();
    config.out = set.run("run").string();
    config.model = "unet(width=2)";
    config.labels = "ground,disc";
    config.batch = 4;
    config.accumulate = 2;
    config.epochs = 3;
    const train::Setup setup(config);
    CHECK(setup.train.size() == 6);
    CHECK(setup.val.size() == 2);
    CHECK(setup.loader->batches() == 2);
    CHECK(setup.updates_per_epoch == 1);
    CHECK(setup.model.labels == std::vector<std::string>{"ground", "disc"});
    CHECK(setup.model.spec.channels == 1);
    CHECK(setup.ema == nullptr);
    CHECK_FALSE(std::filesystem::exists(config.out));
  }

  TEST_CASE("weights that do not fit are refused, or taken in part") {
    const testing::TinySet set("setup_weights");
    train::TrainConfig config;
    config.data = set.data().string();
    config.out = set.run("run").string();
    config.model = "unet(width=2)";
    const train::Setup first(config);
    const auto path = set.run("other.tessera");
    io::save_model(infer::to_file(first.model), path);
    config.weights = path.string();
    config.seed = 7;
    const train::Setup second(config);
    CHECK(second.model.network->state_dict().at("outc.conv.bias").to_vector<float>() ==
          first.model.network->state_dict().at("outc.conv.bias").to_vector<float>());
    config.model = "unet(width=3)";
    CHECK_THROWS_AS(train::Setup{config}, Error);
    config.partial_weights = true;
    CHECK_NOTHROW(train::Setup{config});
  }
}
