#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tessera::io {

struct InitOptions {
  std::vector<std::string> labels = {};  // names of classes; empty: background, class_1, ...
  // The name of a case up to the last such text is its patient: "_" gives p1 for p1_s07. Empty:
  // nothing is known about patients.
  std::string patient_until = {};
  bool replace = false;  // files that are there already
};

// Writes what the layout of a folder lacks, from what it has: the names of the classes
// (labels.json, or dataset.json of nnU-Net, see write_label_names); JMedSeg's lists where there are
// none, with the cases divided as open_dataset does with seed 0; and with `patient_until`,
// split.csv with the patient of each case (and its split, where the folder tells it). Returns the
// files. Throws Error when one is there already, and as open_dataset does.
std::vector<std::filesystem::path> init_dataset(const std::filesystem::path& folder,
                                                const InitOptions& options = {});

}  // namespace tessera::io
