#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "io/dataset_layout.h"

namespace tessera::io {

// What a folder says about the classes of its masks.
struct LabelNames {
  std::vector<std::string> names;  // of classes 0, 1, ...; empty when nobody named them
  std::optional<int32_t> ignore;   // the value that belongs to no class
};

// Reads `labels.json`, ["background", "brain"] or {"background": 0, "brain": 1}, or else "labels"
// in nnU-Net's `dataset.json`, in which "ignore" is the name of the value to ignore and names of
// regions (lists of values) are passed over. Objects may be the other way round, {"0":
// "background"}. Throws Error naming the file when the values are not 0, 1, 2, ...
LabelNames read_label_names(const std::filesystem::path& folder);

// Writes labels.json, or for nnU-Net's layout dataset.json: channel_names, labels, numTraining and
// file_ending (nnunetv2's documentation, dataset_format.md), from what the layout has; other
// entries of a dataset.json that is there already stay, also names of as many channels as there
// are. Returns the file, which appears whole or not at all.
std::filesystem::path write_label_names(const DatasetLayout& layout, const LabelNames& labels);

}  // namespace tessera::io
