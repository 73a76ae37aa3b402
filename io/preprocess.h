#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "io/image.h"

namespace tessera::io {

// How the values of an image become those of a network's input.
//
//   none        as they are: [0, 1] for pictures
//   zscore      (x - mean) / std of each channel of the image
//   minmax      (x - min) / (max - min) of each channel of the image
//   percentile  the same with two percentiles in place of min and max, what is beyond them clipped
//   imagenet    (x - mean) / std with the mean and std that ImageNet has
enum class Normalize : uint8_t { none, zscore, minmax, percentile, imagenet };

// How an image gets another size: `stretch` gives it that size whatever its shape is; `pad` keeps
// its shape and adds an equal border of zeros on two sides.
enum class Fit : uint8_t { stretch, pad };

// What turns a picture into the input of a network, and the network's output back into a picture of
// the old size. A model file carries it, so that predictions repeat what training did.
struct Preprocess {
  int64_t channels = 1;           // 1 to 3: grey is repeated; 3 to 1: 0.299 R + 0.587 G + 0.114 B
  int64_t height = 0, width = 0;  // 0: as the image is
  Fit fit = Fit::stretch;
  Normalize normalize = Normalize::none;
  double low = 0.5, high = 99.5;  // percentiles

  bool operator==(const Preprocess&) const = default;
};

// One line of JSON, and back. Throws Error, beginning with `name`, for what is no Preprocess.
std::string to_json(const Preprocess& preprocess);
Preprocess preprocess_from_json(std::string_view json, const std::string& name = "preprocess");

// Names as in the JSON, for command lines. Throws Error that lists them all.
Normalize parse_normalize(std::string_view name);
Fit parse_fit(std::string_view name);

// Channels and size as the network takes them: bilinear, averaging when it shrinks. Throws Error
// when the channels cannot be converted.
Image resize_input(const Image& image, const Preprocess& preprocess);
// The same for a mask: the nearest label.
LabelMap resize_input(const LabelMap& mask, const Preprocess& preprocess);

// Applies `normalize` in place. A channel without contrast becomes 0.
void normalize_(Image& image, const Preprocess& preprocess);

// resize_input, then normalize_: what a network is given to predict.
Image prepare(const Image& image, const Preprocess& preprocess);

// Scores or probabilities [classes, height, width] of a prepared image as they are at the original
// size, from which the labels are then taken: removes the border, resizes bilinearly.
Image restore(const Image& scores, int64_t height, int64_t width, const Preprocess& preprocess);

// The class of the largest score of each pixel; the first of equal ones.
LabelMap best_class(const Image& scores);

}  // namespace tessera::io
