#include "train/config.h"

#include "core/error.h"

namespace tessera::train {

void TrainConfig::check() const {
  require(!data.empty(), "train: which folder has the pictures? give --data DIR");
  require(!out.empty(), "train: where should the run be kept? give --out DIR");
  const auto at_least = [](const char* name, double value, double least) {
    require(value >= least, "train: {} must be at least {}, got {}", name, least, value);
  };
  at_least("epochs", static_cast<double>(epochs), 1);
  at_least("batch", static_cast<double>(batch), 1);
  at_least("accumulate", static_cast<double>(accumulate), 1);
  at_least("workers", static_cast<double>(workers), 0);
  at_least("threads", static_cast<double>(threads), 0);
  at_least("cache_mb", static_cast<double>(cache_mb), 0);
  at_least("channels", static_cast<double>(channels), 0);
  at_least("val_every", static_cast<double>(val_every), 1);
  at_least("patience", static_cast<double>(patience), 0);
  at_least("pictures", static_cast<double>(pictures), 0);
  at_least("seed", static_cast<double>(seed), 0);
  at_least("ignore", static_cast<double>(ignore), -1);
  at_least("clip_norm", clip_norm, 0);
  at_least("max_minutes", max_minutes, 0);
  require(lr > 0, "train: lr must be above 0, got {}", lr);
  require(ema >= 0 && ema < 1, "train: ema must be in [0, 1), got {}", ema);
  require(device == "cpu", "train: device must be cpu, got '{}'", device);
}

}  // namespace tessera::train
