#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "io/phantom_scene.h"

namespace tessera::io {

// Pictures that a computer drew, whose masks are exact: for tests, examples and lessons. They look
// like medical pictures from afar, and nothing learned from them is of use on real ones.

struct PhantomOptions {
  SceneSize size = {.depth = 1, .height = 256, .width = 256};
  uint64_t seed = 0;
  double noise = 0.03;  // standard deviation, of brightness in [0, 1]
  double bias = 0.2;    // how much brighter or darker regions of the picture are, in [0, 1)
  int64_t raters = 0;   // how many people drew the mask, each with errors of their own
};

struct Phantom {
  SceneSize size;
  std::vector<float> image;   // [depth, height, width], in [0, 1]
  std::vector<uint8_t> mask;  // classes of the same
  std::vector<std::vector<uint8_t>> raters;
};

// What can be drawn.
struct PhantomKind {
  const char* name;
  const char* title;
  std::vector<std::string> labels;  // of classes 0, 1, ...
  bool is_volume;                   // else the depth is 1
  Scene (*draw)(const SceneSize& size, Draws& draws);
};
const std::vector<PhantomKind>& phantom_kinds();

// Throws Error naming the kinds there are when there is none of that name.
const PhantomKind& find_phantom(const std::string& name);

// Case number `number` of a set: a function of kind, options and number alone. Throws Error for a
// size below 16 x 16 or above what a picture may be, a volume of a flat kind, and options out of
// range.
Phantom make_phantom(const PhantomKind& kind, const PhantomOptions& options, int64_t number);

}  // namespace tessera::io
