#include "tests/ops/samples.h"

#include <algorithm>
#include <random>

namespace tessera::testing {

std::map<std::string, SampleMaker>& sample_registry() {
  static std::map<std::string, SampleMaker> registry;
  return registry;
}

Tensor uniform(const Shape& shape, double low, double high, uint64_t seed) {
  std::mt19937_64 random(seed + 1);
  std::uniform_real_distribution<double> distribution(low, high);
  std::vector<double> values(static_cast<size_t>(shape.numel()));
  for (double& value : values) value = distribution(random);
  return tensor<double>(values, shape);
}

Tensor integers(const Shape& shape, int64_t low, int64_t high, uint64_t seed) {
  std::mt19937_64 random(seed + 1);
  std::uniform_int_distribution<int64_t> distribution(low, high - 1);
  std::vector<int64_t> values(static_cast<size_t>(shape.numel()));
  for (int64_t& value : values) value = distribution(random);
  return tensor<int64_t>(values, shape);
}

Tensor distinct(const Shape& shape, uint64_t seed) {
  std::vector<double> values(static_cast<size_t>(shape.numel()));
  const size_t half = values.size() / 2;
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = 0.1 * (static_cast<double>(i) - static_cast<double>(half)) + 0.05;
  }
  std::mt19937_64 random(seed + 1);
  std::shuffle(values.begin(), values.end(), random);
  return tensor<double>(values, shape);
}

}  // namespace tessera::testing
