#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "io/model_file.h"
#include "tests/train/tiny_set.h"

namespace tessera::testing {

// The words after `tessera` that train a tiny network on the set.
inline std::vector<std::string> train_words(const TinySet& set, const std::string& run, int epochs,
                                            int batch = 2) {
  return {"train",
          "--data",
          set.data().string(),
          "--out",
          set.run(run).string(),
          "--model",
          "unet(width=1)",
          "--epochs",
          std::to_string(epochs),
          "--batch",
          std::to_string(batch),
          "--schedule",
          "constant",
          "--pictures",
          "1"};
}

// All numbers of a run's weights and of the state of its training.
inline std::map<std::string, std::vector<double>> state_of(const std::filesystem::path& run) {
  const io::ModelFile file = io::load_model(run / "last.tessera");
  std::map<std::string, std::vector<double>> state;
  for (const auto& entry : file.weights) state[entry.first] = entry.second.to_vector<double>();
  for (const auto& entry : file.training->tensors)
    state["training/" + entry.first] = entry.second.to_vector<double>();
  return state;
}

}  // namespace tessera::testing
