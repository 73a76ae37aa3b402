// From a folder of pictures to predictions, as a user does it.

#include <doctest/doctest.h>

#include "core/settings.h"
#include "infer/model.h"
#include "io/image.h"
#include "io/json_file.h"
#include "io/model_file.h"
#include "io/npy.h"
#include "io/npz.h"
#include "io/safetensors.h"
#include "io/weights.h"
#include "tests/cli/program.h"
#include "tests/data.h"
#include "tests/io/temporary_set.h"
#include "tests/oracle.h"
#include "tests/text.h"
#include "tests/train/tiny_set.h"

using namespace tessera;
using testing::Ended;
using testing::has;
using testing::run_program;
using testing::TinySet;
namespace fs = std::filesystem;

namespace {

const fs::path kFixtures = testing::data_file("cli");

// Trains well enough to find the discs.
Ended train_discs(const TinySet& set) {
  return run_program({"train", "--data", set.data().string(), "--out", set.run("run").string(),
                      "--model", "unet(width=2)", "--epochs", "20", "--batch", "2", "--lr", "0.03",
                      "--augment", "none", "--labels", "background,disc"});
}

Tensor forward(const TinySet& set, std::vector<std::string> arguments) {
  const fs::path y = set.run("y.npy");
  fs::remove(y);
  arguments.insert(arguments.begin(), "forward");
  arguments.insert(arguments.end(), {"--output", y.string()});
  const Ended ended = run_program(arguments);
  CAPTURE(ended.err);
  REQUIRE(ended.status == 0);
  return io::load_npy(y);
}

}  // namespace

TEST_SUITE("cli/pipeline") {
  TEST_CASE("train, test, predict, info") {
    const TinySet set("cli_pipeline");
    const fs::path run = set.run("run");
    const Ended trained = train_discs(set);
    CAPTURE(trained.err);
    REQUIRE(trained.status == 0);
    CHECK(has(trained.out, "6 cases for training, 2 for validation; 16x16 pixels, 1 channel"));
    CHECK(has(trained.out, "unet(width=2), 17286 parameters"));
    CHECK(has(trained.out, "epoch 20/20"));
    CHECK(has(trained.out, "report.html"));

    const Ended tested = run_program({"test", run.string()});
    REQUIRE(tested.status == 0);
    CHECK(has(tested.out, "2 cases of 'test'"));
    CHECK(has(tested.out, "disc"));
    const io::Json metrics = io::load_json(run / "test" / "metrics.json");
    CHECK(metrics["mean"]["dice"].get<double>() > 0.6);
    CHECK(metrics["classes"]["disc"]["found"] == 2);
    CHECK(metrics["cases"].size() == 2);
    CHECK(metrics["cases"]["disc4"]["classes"]["disc"]["dice"] ==
          metrics["cases"]["disc4"]["dice"]);
    CHECK(fs::file_size(run / "test" / "report.html") > 1000);
    CHECK(fs::file_size(run / "test" / "cases.csv") > 50);

    const fs::path all = set.run("predicted");
    REQUIRE(run_program({"predict", "--model", run.string(), "--input", set.data().string(),
                         "--out", all.string(), "--overlays", "--probabilities"})
                .status == 0);
    CHECK(std::distance(fs::directory_iterator(all), {}) == 30);
    const infer::Model model = infer::load_model(run / "best.tessera");
    const io::Image image = io::read_image(set.data() / "images" / "disc4.png");
    const io::Image expected = infer::probabilities(model, image);
    CHECK(io::read_labels(all / "disc4.png").labels == io::best_class(expected).labels);
    CHECK(io::read_image(all / "disc4_overlay.png").channels == 3);
    const Tensor scores = io::load_npy(all / "disc4.npy");
    CHECK(scores.shape() == Shape{2, 16, 16});
    testing::check_close(scores, tensor<float>(expected.pixels, {2, 16, 16}), 1e-6);

    const fs::path halves = set.run("halves");
    REQUIRE(run_program({"predict", "--model", run.string(), "--input", set.data().string(),
                         "--out", halves.string(), "--probabilities", "--amp", "bf16"})
                .status == 0);
    const Tensor rough = io::load_npy(halves / "disc4.npy");
    CHECK(rough.dtype() == f32);
    testing::check_close(rough, scores, 0.05);
    CHECK(rough.to_vector<float>() != scores.to_vector<float>());
    CHECK(has(run_program({"test", run.string(), "--amp", "f64"}).err, "amp must be bf16, f16"));

    // One picture, with the model file alone.
    const fs::path moved = set.run("moved.tessera");
    fs::rename(run / "best.tessera", moved);
    const fs::path one = set.run("one");
    REQUIRE(run_program({"predict", "--model", moved.string(), "--input",
                         (set.data() / "images" / "disc4.png").string(), "--out", one.string()})
                .status == 0);
    CHECK(std::distance(fs::directory_iterator(one), {}) == 1);
    CHECK(io::read_labels(one / "disc4.png").labels == io::read_labels(all / "disc4.png").labels);

    const Ended about = run_program({"info", moved.string()});
    CHECK(has(about.out, "unet(width=2)"));
    CHECK(has(about.out, "background, disc"));
  }

  TEST_CASE("the weights of PyTorch and Jittor give PyTorch's output") {
    const TinySet set("cli_forward");
    const Tensor expected = io::load_npy(kFixtures / "y.npy");
    const std::string x = (kFixtures / "x.npy").string();
    const io::Archive weights = io::load_weights(kFixtures / "unet.pth");
    io::save_npz(weights, set.run("unet.npz"));
    io::save_safetensors(weights, set.run("unet.safetensors"));
    for (const fs::path& file : {kFixtures / "unet.pth", kFixtures / "unet.pkl",
                                 set.run("unet.npz"), set.run("unet.safetensors")}) {
      CAPTURE(file.string());
      const Tensor y =
          forward(set, {"--model", "unet(width=1)", "--weights", file.string(), "--input", x});
      CHECK(y.shape() == Shape{2, 2, 32, 48});
      testing::check_close(y, expected, 1e-5);
    }

    // A model file knows its network, and the program gives what the library gives.
    infer::Model model;
    model.spec = {"unet(width=1)", 1, 2};
    model.labels = {"background", "disc"};
    model.network = zoo::make(model.spec);
    infer::load_weights(*model.network, kFixtures / "unet.pth", false);
    model.network->eval();
    io::save_model(infer::to_file(model), set.run("unet.tessera"));
    const Tensor y = forward(set, {"--weights", set.run("unet.tessera").string(), "--input", x});
    const NoGrad no_grad;
    const infer::Model loaded = infer::load_model(set.run("unet.tessera"));
    const Tensor from_library = (*loaded.network)(io::load_npy(x));
    CHECK(y.to_vector<float>() == from_library.to_vector<float>());
  }

  TEST_CASE("info knows every kind of file") {
    const TinySet set("cli_info");
    const auto about = [](const fs::path& file) {
      const Ended ended = run_program({"info", file.string()});
      CAPTURE(ended.err);
      CHECK(ended.status == 0);
      return ended.out;
    };
    const fs::path io = testing::data_file("io");
    CHECK(has(about(set.data()), "10 cases, 1 channels, 2 classes"));
    CHECK(has(about(set.data() / "images" / "disc0.png"), "[1, 16, 16]"));
    CHECK(has(about(kFixtures / "x.npy"), "f32 [2, 1, 32, 48]"));
    CHECK(has(about(kFixtures / "unet.pth"), "outc.conv.weight"));
    CHECK(has(about(kFixtures / "unet.pkl"), "outc.conv.weight"));
    CHECK(has(about(io / "numpy_stored.npz"), "tensors"));
    CHECK(has(about(io / "torch_expected.safetensors"), "conv.weight"));
    CHECK(has(about(io / "nifti_f4.nii.gz"), "spacing 3 x 2 x 1.5 mm"));
  }

  TEST_CASE("data") {
    const testing::TemporaryFolder folder("cli_data");
    CHECK(has(run_program({"data"}).out, "vertebra, disc, canal"));
    const std::string out = (folder.path() / "set").string();
    const std::vector<std::string> cells = {"data", "cells",  "--out", out,        "--cases",
                                            "4",    "--size", "32x48", "--raters", "1"};
    CHECK(has(run_program(cells).out, "4 pictures in "));
    CHECK(has(run_program({"info", out}).out, "nucleus"));
    CHECK(has(run_program(cells).err, "holds a dataset already"));
    CHECK(has(run_program({"data", "cell", "--out", out}).err, "did you mean 'cells'?"));
    CHECK(has(run_program({"data", "cells"}).err, "give --out DIR"));
  }

  TEST_CASE("zoo, losses and gradcheck") {
    const Ended list = run_program({"zoo", "--size", "64"});
    CHECK(list.status == 0);
    CHECK(has(list.out, "17267458"));
    const Ended one = run_program({"zoo", "unet(width=2)", "--channels", "1", "--size", "32"});
    CHECK(one.status == 0);
    CHECK(has(one.out, "bilinear"));
    const Ended wrong = run_program({"zoo", "unett"});
    CHECK(wrong.status == 1);
    CHECK(has(wrong.err, "did you mean 'unet'?"));

    const Ended losses = run_program({"losses"});
    CHECK(losses.status == 0);
    CHECK(has(losses.out, "focal_tversky"));
    const Ended dice = run_program({"losses", "dice"});
    CHECK(has(dice.out, "dice:jmedseg"));
    CHECK(has(dice.out, "all=true, smooth=1"));
    CHECK(has(run_program({"losses", "dise"}).err, "did you mean 'dice'?"));

    const std::vector<std::string> small = {"gradcheck", "--model", "unet(width=1)", "--size",
                                            "16"};
    const Ended right = run_program(small);
    CAPTURE(right.out);
    CHECK(right.status == 0);
    std::vector<std::string> strict = small;
    strict.insert(strict.end(), {"--tolerance", "0"});
    CHECK(run_program(strict).status == 1);
  }
}
