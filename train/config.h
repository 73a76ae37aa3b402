#pragma once

#include <cstdint>
#include <string>

namespace tessera::train {

// All that a training run is asked to do. Each field is a flag of `tessera train` (max_minutes is
// --max-minutes) and a key of its JSON file; `fields` is the one list of them; see
// train/fields.h.
struct TrainConfig {
  std::string data, out;
  std::string model = "unet";
  std::string weights;
  bool partial_weights = false;

  int64_t epochs = 50, batch = 8, accumulate = 1;
  double lr = 3e-4, clip_norm = 0, ema = 0;
  std::string amp = "off";
  std::string optimizer = "adam", schedule = "poly", loss = "0.5*dice+0.5*ce";
  std::string supervision = "nnunet";

  int64_t channels = 0;
  std::string size, normalize = "zscore", augment = "standard";
  std::string labels, mask_values;
  int64_t ignore = -1, fold = -1;

  int64_t seed = 0, threads = 0, workers = 2, cache_mb = 1024;
  std::string device = "cpu";

  int64_t val_every = 1, patience = 0, pictures = 8;
  double max_minutes = 0;
  bool resume = false, quiet = false;

  // Calls f(name, field, help) for each field of a config, const or not.
  template <class Config, class F>
  static void fields(Config& c, F f) {
    f("data", c.data, "folder with images/ and masks/, or of JMedSeg or nnU-Net");
    f("out", c.out, "folder of the run: model files, log, curves, pictures, report.html");
    f("model", c.model, "network of `tessera zoo`, with options: unet(width=16)");
    f("weights", c.weights, "start from these: .tessera, .safetensors, .npz, .pth, .pkl");
    f("partial_weights", c.partial_weights, "take over what fits of --weights, and say what not");
    f("epochs", c.epochs, "passes over the training cases");
    f("batch", c.batch, "pictures a step");
    f("accumulate", c.accumulate, "batches whose gradients are added up before an update");
    f("lr", c.lr, "learning rate");
    f("clip_norm", c.clip_norm, "largest norm of all gradients together; 0: no limit");
    f("ema", c.ema, "validate and save a running mean of the weights, such as 0.999; 0: none");
    f("amp", c.amp, "mixed precision: bf16, f16 (with loss scaling) or off");
    f("optimizer", c.optimizer,
      "sgd(momentum=0.9), adam, adamw(weight_decay=0.05), adagrad, rmsprop");
    f("schedule", c.schedule, "of the learning rate: constant, poly, cosine, one_cycle, ...");
    f("loss", c.loss, "sum of losses, such as 0.5*dice+0.5*ce; `tessera losses` lists them");
    f("supervision", c.supervision,
      "weights of the heads of a network such as unet(heads=3): nnunet, exp, two or same");
    f("channels", c.channels, "of the network's input; 0: as many as the pictures have");
    f("size", c.size, "what pictures are resized to, 256 or 192x256 (HxW); empty: as they are");
    f("normalize", c.normalize, "none (0 to 1), zscore, minmax, percentile or imagenet");
    f("augment", c.augment,
      "standard, nnunet, ... or flip,rotate(15),gamma,...: see tessera augment list");
    f("labels", c.labels, "names of the classes, separated by commas");
    f("mask_values", c.mask_values, "what masks store for class 0, 1, ..., such as 0,255");
    f("ignore", c.ignore, "a value in masks that belongs to no class; -1: there is none");
    f("fold", c.fold, "of `tessera dataset split` for train and val; -1: as the folder says");
    f("seed", c.seed, "of weights, order and augmentation; the same seed gives the same bits");
    f("threads", c.threads, "that compute; 0: all processors. The result does not depend on it");
    f("workers", c.workers, "threads that read and augment pictures");
    f("cache_mb", c.cache_mb, "memory for decoded pictures, in MB");
    f("device", c.device,
      "cpu, cuda (an NVIDIA GPU) or cuda:1 (the second); several share each batch: cuda:0,cuda:1");
    f("val_every", c.val_every, "epochs between validations");
    f("patience", c.patience, "stop after so many validations without a better one; 0: never");
    f("pictures", c.pictures, "overlays of validation cases in the report, worst first");
    f("max_minutes", c.max_minutes, "stop and save when this time is over; 0: no limit");
    f("resume", c.resume, "go on where the run in --out stopped");
    f("quiet", c.quiet, "print only the result");
  }

  // Throws Error naming the first field with a value that is not possible.
  void check() const;
};

}  // namespace tessera::train
