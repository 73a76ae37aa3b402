// Reads, writes and resamples volumes as it is told, one command a line on standard input:
//
//   read FILE
//   write FILE ENDING                     (the file is read before the clock starts)
//   image FILE RULE D H W                 RULE nnunet or monai, the new spacing in mm
//   labels FILE RULE D H W
//   like FILE REFERENCE                   linear, on the grid of another one
//
// and answers each with the seconds of processor time that it took. bench/compare_volumes.py
// interleaves this with the same in Python.

#include <filesystem>
#include <iostream>
#include <sstream>

#include "bench/timing.h"
#include "core/settings.h"
#include "io/resample_grid.h"
#include "io/resample_volume.h"

using namespace tessera;

namespace {

double seconds_of(const std::function<void()>& work) {
  const double begin = bench::seconds_now(true);
  work();
  return bench::seconds_now(true) - begin;
}

double run(const std::string& line) {
  std::istringstream words(line);
  std::string what, file, second;
  words >> what >> file;
  if (what == "read")
    return seconds_of([&] { bench::consume(io::load_volume(file).voxels.node()); });
  words >> second;
  const io::Volume volume = io::load_volume(file);
  if (what == "write") {
    const auto to = std::filesystem::temp_directory_path() / ("tessera_bench." + second);
    const double seconds = seconds_of([&] { io::save_volume(volume, to); });
    std::filesystem::remove(to);
    return seconds;
  }
  if (what == "like") {
    const io::Grid grid = io::grid_of(io::load_volume(second));
    return seconds_of([&] { bench::consume(resample_image(volume, grid).voxels.node()); });
  }
  io::Vector3 spacing = {};
  words >> spacing[0] >> spacing[1] >> spacing[2];
  const io::SpacingOptions options{second == "monai" ? io::SpacingRule::monai
                                                     : io::SpacingRule::nnunet};
  return seconds_of([&] {
    const io::Volume result = what == "labels" ? resample_labels(volume, spacing, options)
                                               : resample_image(volume, spacing, options);
    bench::consume(result.voxels.node());
  });
}

}  // namespace

int main() {
  set_num_threads(1);
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << run(line) << std::endl;  // the other side waits for it
  }
}
