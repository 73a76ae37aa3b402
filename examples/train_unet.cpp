// Trains a U-Net to tell air, head and brain in MR slices, and measures it on other slices.
//
//   build/train_unet                                             (at the root of the repository)
//   build/train_unet data/open_brain_mr 20 128 unet.safetensors  (dataset, epochs, side, result)
//
// Without arguments it takes seconds: two epochs at 32 x 32 pixels. Expected: the loss falls. Dice
// follows after some epochs, when the running means of batch norm have settled: 0.9 after five.
// `tessera train` does the same with a log, checkpoints and a report.

#include <filesystem>
#include <iostream>

#include "tessera.h"

using namespace tessera;

void run(int argc, char** argv) {
  const std::filesystem::path folder = argc > 1 ? argv[1] : "data/open_brain_mr";
  const int64_t epochs = argc > 2 ? std::stoll(argv[2]) : 2,
                side = argc > 3 ? std::stoll(argv[3]) : 32;

  const io::Dataset set = io::open_dataset(folder);
  const io::Preprocess preprocess = {
      .channels = set.channels, .height = side, .width = side, .normalize = io::Normalize::zscore};
  io::Loader loader(
      set, set.split("train"),
      {.shuffle = true, .preprocess = preprocess, .augment = io::parse_augment("light")});
  io::Loader validation(set, set.split("val"), {.preprocess = preprocess});

  manual_seed(0);
  zoo::UNet model(set.channels, set.classes(), {.width = 8});
  optim::Adam opt(model.parameters(), {.lr = 5e-3});
  const nn::Loss loss_of = nn::loss("0.5*dice + 0.5*ce");
  for (int64_t epoch = 0; epoch < epochs; ++epoch) {
    model.train();
    double total = 0;
    for (auto [image, mask] : loader.epoch(epoch)) {
      const Tensor loss = loss_of(model(image), mask);
      opt.step(loss);
      total += loss.item();
    }
    model.eval();
    const NoGrad no_grad;
    nn::SegmentationScores scores(set.classes());
    for (const io::Batch& batch : validation.epoch(0)) {
      scores.add(batch.names, model(batch.image), batch.mask);
    }
    std::cout << "epoch " << epoch + 1 << ": loss " << total / loader.batches() << ", Dice "
              << scores.dice() << ", of " << set.labels.back() << " "
              << scores.summary(set.classes() - 1).dice << std::endl;
  }
  if (argc > 4) io::save_safetensors({model.state_dict(), {}}, argv[4]);
}

int main(int argc, char** argv) try { run(argc, argv); } catch (const std::exception& error) {
  std::cerr << "train_unet: " << error.what() << "\n"
            << "usage: train_unet [DATASET [EPOCHS [SIDE [OUT.safetensors]]]]\n";
  return 1;
}
