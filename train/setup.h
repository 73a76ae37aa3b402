#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "infer/model.h"
#include "io/dataset.h"
#include "io/loader.h"
#include "nn/loss/deep_supervision.h"
#include "optim/ema.h"
#include "optim/loss_scaler.h"
#include "optim/optimizer.h"
#include "optim/schedule.h"
#include "train/config.h"

namespace tessera::train {

class Ranks;

// What the words of a config mean.
struct Setup {
  // Opens the data and builds the network with its first weights; sets the seed and the number of
  // threads. With `ranks` it is for one of several that train together. Throws Error naming what
  // does not fit.
  explicit Setup(const TrainConfig& config, Ranks* ranks = nullptr);

  io::Dataset data;
  std::vector<io::Case> train, val;
  infer::Model model;
  std::unique_ptr<io::Loader> loader;  // of the training cases
  nn::Loss loss;
  nn::SupervisionWeights supervision;
  std::unique_ptr<optim::Optimizer> optimizer;
  int64_t updates_per_epoch = 0;            // of the optimizer
  optim::SchedulePtr schedule;              // over all updates
  std::unique_ptr<optim::Ema> ema;          // null: not asked for
  std::optional<DType> amp;                 // of mixed precision
  std::optional<optim::LossScaler> scaler;  // of f16
};

// What a run is about to do, in a few lines for people: data, network, settings, where it goes and
// how to stop it. `epochs_done`: by the run that is resumed.
std::string introduction(const TrainConfig& config, const Setup& setup, int64_t epochs_done);

// Opens config.data with its mask_values and ignore; empty `labels`: config.labels.
io::Dataset open_data(const TrainConfig& config, std::vector<std::string> labels = {});

// Reads "256" or "192x256" (height x width); empty text leaves both as they are.
void parse_size(const std::string& text, int64_t& height, int64_t& width);

// The parts of a text between commas, without spaces around them; none for an empty text.
std::vector<std::string> split_list(const std::string& text);

}  // namespace tessera::train
