#include "train/trainer.h"

#include <doctest/doctest.h>

#include "core/settings.h"
#include "infer/model.h"
#include "io/model_file.h"
#include "io/run_log.h"
#include "tests/core/cuda/host_gpu.h"
#include "tests/error_of.h"
#include "tests/text.h"
#include "tests/train/tiny_run.h"

using namespace tessera;
using testing::error_of;
using testing::has;
using testing::state_of;
using testing::TinySet;
using train::TrainConfig;
namespace fs = std::filesystem;

namespace {

TrainConfig tiny_config(const TinySet& set, const std::string& run) {
  TrainConfig config;
  config.data = set.data().string();
  config.out = set.run(run).string();
  config.model = "unet(width=2)";
  config.epochs = 4;
  config.batch = 2;
  config.lr = 0.01;
  config.schedule = "constant";
  config.pictures = 1;
  config.quiet = true;
  return config;
}

train::Outcome run(const TrainConfig& config, const fs::path& stop_file = {}) {
  train::Trainer trainer(config);
  train::StopRequest stop(stop_file);
  return trainer.run(stop);
}

}  // namespace

TEST_SUITE("train/trainer") {
  TEST_CASE("a run learns, and leaves its files") {
    const TinySet set("trainer_files");
    TrainConfig config = tiny_config(set, "run");
    config.epochs = 20;
    config.lr = 0.03;
    config.augment = "none";
    const train::Outcome outcome = run(config);
    CHECK(outcome.stopped.empty());
    CHECK(outcome.epochs == 20);
    CHECK(outcome.best_dice > 0.7);
    const fs::path out = config.out;
    for (const char* name : {"config.json", "log.csv", "best.tessera", "last.tessera", "loss.svg",
                             "dice.svg", "report.html"}) {
      CAPTURE(name);
      CHECK(fs::file_size(out / name) > 100);
    }
    CHECK_FALSE(fs::is_empty(out / "pictures"));
    const io::RunHistory log = io::read_run_log(out / "log.csv");
    CHECK(log.rows() == 20);
    CHECK(log["loss"].back() < log["loss"].front());
    const infer::Model best = infer::load_model(out / "best.tessera");
    CHECK(best.spec.network == "unet(width=2)");
    CHECK_FALSE(best.network->is_training());
  }

  TEST_CASE("the same seed gives the same bits, whatever computes them") {
    const TinySet set("trainer_bits");
    TrainConfig one = tiny_config(set, "one");
    one.threads = 1;
    one.workers = 0;
    TrainConfig two = tiny_config(set, "two");
    two.threads = 2;
    two.workers = 3;
    const int threads = num_threads();
    run(one);
    run(two);
    set_num_threads(threads);
    CHECK(state_of(one.out) == state_of(two.out));
    TrainConfig other = tiny_config(set, "other");
    other.seed = 1;
    run(other);
    CHECK(state_of(one.out) != state_of(other.out));
  }

  TEST_CASE("all of a run is on the device that was asked for") {
    const TinySet set("trainer_device");
    TrainConfig plain = tiny_config(set, "plain"), device = tiny_config(set, "device");
    plain.epochs = device.epochs = 2;
    run(plain);
    const testing::WithHostGpu gpu(
        testing::HostGpuMode::collecting);  // computes by the processor's kernels
    device.device = testing::host_gpu().str();
    run(device);
    CHECK(state_of(device.out) == state_of(plain.out));
    CHECK(gpu->memory().peak > 0);
    CHECK(settings().device == Device::cpu());
  }

  TEST_CASE("a run that was stopped and resumed gives the bits of one that was not") {
    const TinySet set("trainer_resume");
    for (const std::string extra :
         {"plain", "one batch", "ema, clipping, accumulation, momentum"}) {
      CAPTURE(extra);
      TrainConfig whole = tiny_config(set, "whole " + extra);
      if (extra == "one batch") {
        whole.batch = 100;  // so the stop comes in the middle of validation
      } else if (extra != "plain") {
        whole.ema = 0.9;
        whole.clip_norm = 0.5;
        whole.accumulate = 2;
        whole.optimizer = "sgd(momentum=0.9)";
        whole.schedule = "plateau(patience=1, maximize=true)";
      }
      TrainConfig parts = whole;
      parts.out += " in parts";
      run(whole);

      parts.epochs = 2;
      run(parts);
      parts.epochs = 4;
      parts.resume = true;
      // Again stopped at its first chance, in the middle of an epoch.
      const fs::path stop = set.run("stop");
      std::ofstream(stop) << "";
      CHECK(run(parts, stop).stopped == "stop was found");
      CHECK(run(parts).stopped.empty());
      CHECK(state_of(parts.out) == state_of(whole.out));
      CHECK(io::read_run_log(fs::path(parts.out) / "log.csv").rows() == 4);
    }
  }

  TEST_CASE("mixed precision: a run learns, and resumes with the same bits") {
    const TinySet set("trainer_amp");
    for (const char* amp : {"bf16", "f16"}) {
      CAPTURE(amp);
      TrainConfig whole = tiny_config(set, std::string("whole_") + amp);
      whole.amp = amp;
      whole.accumulate = 2;
      run(whole);
      const auto expected = state_of(whole.out);
      CHECK((expected.count("training/scaler.scale") == 1) == (std::string(amp) == "f16"));
      const io::RunHistory log = io::read_run_log(fs::path(whole.out) / "log.csv");
      CHECK(log["loss"].back() < log["loss"].front());
      TrainConfig parts = whole;
      parts.out = set.run(std::string("parts_") + amp).string();
      parts.epochs = 2;
      run(parts);
      parts.resume = true;
      parts.epochs = 4;
      run(parts);
      CHECK(state_of(parts.out) == expected);
    }
    TrainConfig wrong = tiny_config(set, "wrong");
    wrong.amp = "f64";
    CHECK(has(error_of([&] { run(wrong); }), "amp must be bf16, f16 or off, got 'f64'"));
  }

  TEST_CASE("patience ends a run that does not get better") {
    const TinySet set("trainer_patience");
    TrainConfig config = tiny_config(set, "run");
    config.epochs = 50;
    config.lr = 1e-12;
    config.patience = 2;
    const train::Outcome outcome = run(config);
    CHECK(outcome.stopped == "no better Dice in 2 validations");
    CHECK(outcome.epochs < 10);
  }

  TEST_CASE("a loss that is not finite names the pictures, and loses nothing") {
    const TinySet set("trainer_nan");
    TrainConfig config = tiny_config(set, "run");
    config.optimizer = "sgd";
    config.lr = 1e30;
    const std::string text = error_of([&] { run(config); });
    CHECK(has(text, "while training on disc"));
    CHECK(has(text, "--lr"));
    CHECK(io::load_model(fs::path(config.out) / "last.tessera").training.has_value());
  }

  TEST_CASE("runs are not overwritten, and not resumed with what they are not") {
    const TinySet set("trainer_again");
    TrainConfig config = tiny_config(set, "run");
    config.epochs = 1;
    run(config);
    CHECK(has(error_of([&] { run(config); }), "already holds a run; give --resume"));
    config.resume = true;
    config.model = "unet(width=4)";
    CHECK(has(error_of([&] { run(config); }), "it is a unet(width=2)"));
    config.out = set.run("none").string();
    CHECK(has(error_of([&] { run(config); }), "holds no run to resume"));
  }

  TEST_CASE("what cannot be is said before anything is written") {
    const TinySet set("trainer_wrong");
    const auto answer = [&](const std::function<void(TrainConfig&)>& change) {
      TrainConfig config = tiny_config(set, "run");
      change(config);
      const std::string text = error_of([&] { run(config); });
      CHECK_FALSE(fs::exists(config.out));
      return text;
    };
    CHECK(has(answer([](auto& c) { c.data = "no/such/folder"; }), "no/such/folder"));
    CHECK(has(answer([](auto& c) { c.model = "unett"; }), "unet"));
    CHECK(has(answer([](auto& c) { c.loss = "dize"; }), "dice"));
    CHECK(has(answer([](auto& c) { c.optimizer = "adan"; }), "adam"));
    CHECK(has(answer([](auto& c) { c.schedule = "polly"; }), "poly"));
    CHECK(has(answer([](auto& c) { c.augment = "flap"; }), "flip"));
    CHECK(has(answer([](auto& c) { c.normalize = "zcore"; }), "zscore"));
    CHECK(has(answer([](auto& c) { c.size = "12y"; }), "256 or 192x256"));
    CHECK(has(answer([](auto& c) { c.weights = "none.pth"; }), "none.pth"));
    CHECK(has(answer([](auto& c) { c.batch = 0; }), "batch must be from 1"));
  }
}
