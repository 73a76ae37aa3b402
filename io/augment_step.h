#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/draws.h"
#include "io/elastic.h"
#include "io/image.h"

namespace tessera::io {

struct AugmentStep;

// Where the pixels of an augmented image come from, about the middle of both. Steps of geometry add
// to it.
struct Warp {
  Extent image;   // before
  Extent window;  // after
  Affine turn = {};
  std::vector<Elastic> bends = {};

  // Whether the slices of a volume are so far apart, or so few, that it should be turned and bent
  // within them only: 3 times fewer than pixels along the longer other axis. A picture is thin.
  bool thin() const;
};

// A number of a step. It is drawn from [low, high], uniformly, each time the step is done.
struct Parameter {
  enum class Kind : uint8_t { range, whole, flag };
  std::string name;
  double low = 0, high = 0;    // when nothing is said; NaN: as the first one of the step
  double least = 0, most = 0;  // that may be asked for
  Kind kind = Kind::range;
};

// What a step can be: a row of the table that help, documents, parser and augmentation share.
struct StepKind {
  std::string name;
  std::string family;  // geometry, values, filters, artifacts, local, batches
  std::string doc;     // one line: the formula, with f for the first number
  std::vector<Parameter> parameters = {};
  bool symmetric = false;  // a single number a means from -a to a
  double probability = 0.5;

  // One of these; neither for steps that choose or mix.
  void (*move)(const AugmentStep&, Draws&, Warp&) = nullptr;
  void (*change)(const AugmentStep&, Draws&, Image&) = nullptr;
};

// All kinds of steps, by family.
const std::vector<StepKind>& augment_steps();
// The kind of that name; nullptr when there is none.
const StepKind* find_step(const std::string& name);

// The families.
std::vector<StepKind> spatial_steps();
std::vector<StepKind> intensity_steps();
std::vector<StepKind> filter_steps();
std::vector<StepKind> artifact_steps();
std::vector<StepKind> local_steps();

struct ParameterRange {
  double low = 0, high = 0;
  bool operator==(const ParameterRange&) const = default;
};

// A step with its numbers.
struct AugmentStep {
  const StepKind* kind = nullptr;
  std::vector<ParameterRange> ranges = {};  // of kind->parameters
  double probability = 0.5;
  double each = 0;  // above 0: each channel on its own, with numbers of its own, by this chance
  std::vector<AugmentStep> choices = {};  // of oneof, whose probabilities are their shares

  // Parameter i, drawn: uniformly; with equal chance below and above 1 (where the range has both).
  double draw(size_t i, Draws& draws) const;
  double draw_balanced(size_t i, Draws& draws) const;
  int64_t draw_whole(size_t i, Draws& draws) const;
  bool flag(size_t i) const { return ranges[i].low > 0; }
};
bool operator==(const AugmentStep& a, const AugmentStep& b);

}  // namespace tessera::io
