#include "cli/case_flags.h"

#include <filesystem>

#include "cli/command.h"
#include "core/error.h"
#include "train/config.h"
#include "train/setup.h"

namespace tessera::cli {

namespace fs = std::filesystem;

void CaseFlags::complete(const char* verb) {
  const fs::path file = find_model(verb, model);
  model = file.string();
  if (!data.empty()) return;
  const fs::path settings = file.parent_path() / "config.json";
  require(fs::exists(settings), "{}: on which data? give --data DIR", verb);
  train::TrainConfig trained;
  train::load_fields(train::fields_of(trained), settings);
  data = trained.data;
  mask_values = trained.mask_values;
  ignore = trained.ignore;
  fold = trained.fold;
}

io::Dataset CaseFlags::open(const std::vector<std::string>& labels) const {
  train::TrainConfig config;
  config.data = data;
  config.mask_values = mask_values;
  config.ignore = ignore;
  config.fold = fold;
  return train::open_data(config, labels);
}

}  // namespace tessera::cli
