// Augments the same image again and again, for bench/compare_augment.py, which compares the time
// with that of other libraries.
//
//   build/augment CHANNELS DEPTH HEIGHT WIDTH   then, line by line: a text of steps
//   build/augment --quick                       one step on a small image: does it still run?
//
// Each line is answered by the seconds of this thread that one augmentation of image and mask took.

#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>

#include "bench/timing.h"
#include "io/augment_text.h"

using namespace tessera;

int main(int argc, char** argv) {
  const bool quick = bench::is_quick(argc, argv);
  if (argc != 5 && !quick) {
    std::cerr << "usage: augment CHANNELS DEPTH HEIGHT WIDTH | --quick\n";
    return 2;
  }
  const io::Extent extent =
      quick ? io::Extent{4, 16, 16}
            : io::Extent{std::atoll(argv[2]), std::atoll(argv[3]), std::atoll(argv[4])};
  io::Image image(quick ? 1 : std::atoll(argv[1]), extent);
  std::istringstream one_step("rotate(10)@1");
  std::istream& steps = quick ? one_step : std::cin;
  io::LabelMap mask(extent);
  io::Draws draws(1, 1);
  for (float& x : image.pixels) x = static_cast<float>(draws.uniform());
  for (int32_t& label : mask.labels) label = static_cast<int32_t>(draws.below(3));
  std::string text;
  for (uint32_t round = 0; std::getline(steps, text); ++round) {
    const io::Augment augment = io::parse_augment(text);
    io::Image changed = image;
    io::LabelMap moved = mask;
    const double begin = bench::seconds_now(true);
    io::augment_(changed, moved, augment, io::Draws(2, 0, round));
    std::cout << bench::seconds_now(true) - begin << std::endl;
    bench::consume(changed.pixels.data());
    bench::consume(moved.labels.data());
  }
}
