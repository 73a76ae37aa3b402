#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "io/dataset_layout.h"
#include "io/doctor.h"
#include "io/doctor_examine.h"
#include "io/label_names.h"

namespace tessera::io {

// What the copy has in place of a file that is placed on another grid.
enum class Placing : uint8_t {
  keep,
  scale,     // the mask gets the size of the image: its nearest pixel
  header,    // the geometry of the image is taken, voxels stay
  resample,  // each voxel of the image gets the nearest voxel of the mask, by both geometries
};

// A case with what was found in its files and what the copy does about it.
struct ExaminedCase {
  Case found;
  ImageFacts image = {};
  std::vector<ImageFacts> further = {};
  MaskFacts mask = {};

  bool leave_out = false;
  bool rewrite_image = false;  // values that are not finite are replaced
  bool rewrite_mask = false;   // by the values of its codes
  // Codes are taken as the nearest of these first; none: as they are.
  std::vector<float> levels = {};
  Placing placing = Placing::keep;  // of the mask
  bool further_headers = false;     // further channels get the geometry of the first
  std::string mask_stem = {};       // the new one, where it must change
};

// All that the doctor knows about a set. Checks read it, write down what they find, and decide what
// the copy gets.
struct Chart {
  DatasetLayout layout;
  std::vector<ExaminedCase> cases;
  std::optional<int32_t> ignore;
  LabelNames labels;
  bool new_labels = false;     // the copy gets `labels` in its file
  bool broken_labels = false;  // that file cannot be read
  bool new_splits = false;     // the copy gets the splits of `cases` in its lists
  struct Fold {
    std::vector<std::string> train, val;
  };
  std::vector<Fold> folds;                     // of splits_final.json, as the copy gets them
  bool new_folds = false;                      // they are not those of the file
  std::vector<std::filesystem::path> dropped;  // files that belong to no case
  std::vector<Finding> findings;
  std::string check;  // whose turn it is

  void add(const std::filesystem::path& file, const std::string& problem,
           const std::string& remedy);
  void note(const std::filesystem::path& file, const std::string& problem);
  // Writes down what is wrong with a file of the case, and that it stays out of the copy.
  void leave_out(ExaminedCase& one, const std::filesystem::path& file, const std::string& problem);
};

// One check: a row of the table.
struct Check {
  const char* name;
  const char* looks_for;
  void (*run)(Chart& chart);
};

// Reads all files of the layout, with a progress bar unless `quiet`, and runs all checks.
Chart examine(const std::filesystem::path& folder, const DoctorOptions& options);

// What masks store, as classes; see doctor_levels.cpp and doctor_masks.cpp.
void check_lossy_masks(Chart& chart);
void check_coloured_masks(Chart& chart);
void check_float_masks(Chart& chart);
void check_mask_values(Chart& chart);
void check_label_names(Chart& chart);

// Which files there are and how they fit together; see doctor_files.cpp.
void check_names(Chart& chart);
void check_pairs(Chart& chart);
void check_channels(Chart& chart);
void check_split_files(Chart& chart);
void check_readable(Chart& chart);
void check_intensities(Chart& chart);
void check_sizes(Chart& chart);
void check_geometry(Chart& chart);
void check_duplicates(Chart& chart);
void check_near_duplicates(Chart& chart);
void check_patients(Chart& chart);

// What lists beside the files say about them; see doctor_lists.cpp.
void check_dataset_json(Chart& chart);
void check_folds(Chart& chart);

// Writes the copy that a chart asks for into `out`, which must not exist.
void write_copy(const Chart& chart, const std::filesystem::path& out);

}  // namespace tessera::io
