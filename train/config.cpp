#include "train/config.h"

#include <cmath>

#include "core/amp.h"
#include "core/device.h"
#include "core/error.h"
#include "train/setup.h"

namespace tessera::train {

void TrainConfig::check() const {
  require(!data.empty(), "train: which folder has the pictures? give --data DIR");
  require(!out.empty(), "train: where should the run be kept? give --out DIR");
  const auto within = [](const char* name, double value, double least, double most) {
    require(value >= least && value <= most, "train: {} must be from {} to {}, got {}", name, least,
            most, value);
  };
  constexpr double kMany = 1e6;
  within("epochs", static_cast<double>(epochs), 1, kMany);
  within("batch", static_cast<double>(batch), 1, kMany);
  within("accumulate", static_cast<double>(accumulate), 1, kMany);
  within("workers", static_cast<double>(workers), 0, 1024);
  within("threads", static_cast<double>(threads), 0, 1024);
  within("cache_mb", static_cast<double>(cache_mb), 0, 1e9);
  within("channels", static_cast<double>(channels), 0, 4096);
  within("val_every", static_cast<double>(val_every), 1, kMany);
  within("patience", static_cast<double>(patience), 0, kMany);
  within("pictures", static_cast<double>(pictures), 0, kMany);
  within("seed", static_cast<double>(seed), 0, 1e15);
  within("fold", static_cast<double>(fold), -1, kMany);
  within("ignore", static_cast<double>(ignore), -1, 65535);
  within("clip_norm", clip_norm, 0, 1e30);
  within("max_minutes", max_minutes, 0, 1e9);
  require(lr > 0 && std::isfinite(lr), "train: lr must be above 0 and finite, got {}", lr);
  require(ema >= 0 && ema < 1, "train: ema must be in [0, 1), got {}", ema);
  amp_of_name(amp);
  for (const std::string& name : split_list(device)) device_of_name(name);
  require(!device.empty(), "train: device must be cpu or cuda, got ''");
}

}  // namespace tessera::train
