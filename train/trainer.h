#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "train/config.h"
#include "train/stop.h"

namespace tessera::train {

class Ranks;

// How a run ended.
struct Outcome {
  std::string stopped;  // why it ended early; empty: all epochs are done
  int64_t epochs = 0;   // that are complete
  int64_t best_epoch = 0;
  double best_dice = 0;  // mean foreground Dice of the validation cases, in [0, 1]
};

// Trains a network on a dataset, as `config` says. The folder of the run gets
//
//   config.json    what was asked for, complete
//   log.csv        one row an epoch: learning rate, losses, Dice and IoU of the validation cases
//   best.tessera   the model with the best mean foreground Dice so far
//   last.tessera   the newest model, and all that is needed to go on from there
//   loss.svg, dice.svg   the columns of log.csv as curves
//   pictures/      overlays of validation cases, the worst ones
//   report.html    all of it on one page
//
// Files appear whole or not at all: whenever the program is killed, the last complete ones remain.
// The same seed gives the same bits: for any number of threads and workers, and for a run that was
// stopped and resumed, in the middle of an epoch too.
//
// Several Ranks train one network on the shares of each batch: the gradients are averaged, so that
// but for rounding N of them do what one does, as far as the loss is a mean over cases. They differ
// where a layer or a loss looks at a batch as a whole: batch norm has the statistics of each share
// (and keeps those of rank 0), dropout the same numbers in all. Rank 0 validates and writes.
class Trainer {
 public:
  // Opens the data and builds the network; or with config.resume restores them. Throws Error when
  // something does not fit, before anything is written. Where config.device names several, `ranks`
  // must be theirs, and outlive the trainer.
  explicit Trainer(const TrainConfig& config, Ranks* ranks = nullptr);
  ~Trainer();

  // Trains until the last epoch, until patience or time are over, or until `stop` asks. Throws
  // Error when the loss is not finite, naming the pictures, or when files cannot be written.
  Outcome run(StopRequest& stop);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tessera::train
