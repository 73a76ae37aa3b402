#include <algorithm>
#include <random>

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "autograd/grad.h"
#include "core/error.h"
#include "core/op.h"
#include "core/settings.h"
#include "ops/activation.h"
#include "ops/binary.h"
#include "ops/conv.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/unary.h"
#include "tests/environment.h"

using namespace tessera;

namespace {

using Random = std::mt19937_64;

int64_t pick(Random& random, int64_t low, int64_t high) {  // low <= result <= high
  return std::uniform_int_distribution<int64_t>(low, high)(random);
}

Shape random_shape(Random& random, int64_t most_elements) {
  Shape shape;
  int64_t numel = 1;
  for (int64_t i = pick(random, 0, 4); i > 0; --i) {
    const int64_t extent = std::min(pick(random, 1, 9), most_elements / numel);
    shape.push_back(pick(random, 0, 60) == 0 ? 0 : extent);
    numel *= std::max<int64_t>(1, shape.back());
  }
  // Now and then an axis longer than a tile, a row or a chunk.
  if (!shape.empty() && pick(random, 0, 9) == 0) {
    const int axis = static_cast<int>(pick(random, 0, shape.ndim() - 1));
    shape[axis] = std::max<int64_t>(
        1, std::min(pick(random, 400, 20000), most_elements / std::max<int64_t>(1, numel)));
  }
  return shape;
}

Tensor random_data(Random& random, const Shape& shape, DType dtype) {
  std::vector<double> values(static_cast<size_t>(shape.numel()));
  for (double& value : values)
    value = std::round(std::uniform_real_distribution<double>(-40, 40)(random)) / 8;
  return cast(tensor<double>(values, shape), dtype).eval();
}

// Everything one graph is made from, so that it can be built several times.
struct Recipe {
  uint64_t seed;
  int64_t most_elements;
  Tensors data;
};

Recipe random_recipe(uint64_t seed) {
  Random random(seed);
  Recipe recipe{seed, seed % 13 == 0 ? int64_t{60000} : int64_t{600}, {}};
  constexpr DType types[] = {f32, f32, f32, f64, bf16, f16, i32, i64, u8, bool_};
  const Shape shape = random_shape(random, recipe.most_elements);
  for (int64_t i = pick(random, 1, 4); i > 0; --i) {
    const bool same = pick(random, 0, 2) > 0;
    recipe.data.push_back(random_data(random,
                                      same ? shape : random_shape(random, recipe.most_elements),
                                      types[pick(random, 0, std::size(types) - 1)]));
  }
  return recipe;
}

// The same values for all graphs.
Tensor fixed(const Shape& shape, DType dtype) {
  return cast(cast(remainder(iota(shape), 5), dtype) * 0.25 - 0.5, dtype);
}

// One random operation on values made before; undefined when it does not fit them.
Tensor random_operation(Random& random, const Tensors& values, int64_t most_elements) {
  const auto any = [&] {
    return values[static_cast<size_t>(pick(random, 0, static_cast<int64_t>(values.size()) - 1))];
  };
  const Tensor x = any();
  const int ndim = x.ndim();
  switch (pick(random, 0, 15)) {
    case 0:
      return exp(cast(x, is_floating(x.dtype()) ? x.dtype() : f32) * 0.1);
    case 1:
      return sqrt(x * x + 1.0);
    case 2:
      return x.dtype() == bool_ ? cast(x, f32) : pick(random, 0, 1) ? neg(x) : square(x);
    case 3:
      return x * 0.5 + any();
    case 4:
      return x - cast(any(), f32);
    case 5:
      return pick(random, 0, 1) ? maximum(x, any()) : relu(minimum(any(), x));
    case 6:
      return where(any() < x, x, any());
    case 7:
      return x / (x * x + 2);
    case 8: {
      Shape axes;
      for (int i = 0; i < ndim; ++i) axes.push_back(i);
      for (int i = ndim - 1; i > 0; --i)
        std::swap(axes[i], axes[static_cast<int>(pick(random, 0, i))]);
      return permute(x, axes);
    }
    case 9: {
      if (ndim == 0) return {};
      SliceOptions o;
      if (pick(random, 0, 1)) o.start = pick(random, -9, 9);
      if (pick(random, 0, 1)) o.stop = pick(random, -9, 9);
      constexpr int64_t steps[] = {1, 2, 3, -1, -2};
      o.step = steps[pick(random, 0, 4)];
      return slice(x, pick(random, 0, ndim - 1), o);
    }
    case 10: {
      Shape before, after;
      for (int i = 0; i < ndim; ++i) {
        const int64_t low = x.shape(i) > 2 ? -1 : 0;
        before.push_back(pick(random, low, 2));
        after.push_back(pick(random, low, 2));
      }
      return x.numel() * 20 < most_elements * 20 ? pad_zeros(x, before, after) : Tensor();
    }
    case 11: {  // merge or split axes
      if (ndim == 0) return reshape(x, {1, 1});
      const int axis = static_cast<int>(pick(random, 0, ndim - 1));
      if (axis + 1 < ndim)
        return reshape(x,
                       x.shape().without(axis + 1).with(axis, x.shape(axis) * x.shape(axis + 1)));
      for (const int64_t factor : {2, 3, 5}) {
        if (ndim < 6 && x.shape(axis) % factor == 0) {
          return reshape(x,
                         x.shape().with(axis, x.shape(axis) / factor).inserted(axis + 1, factor));
        }
      }
      return reshape(x, {x.numel()});
    }
    case 12: {
      if (ndim > 5 || x.numel() * 3 > most_elements) return {};
      return expand(reshape(x, x.shape().inserted(0, 1)), x.shape().inserted(0, 3));
    }
    case 13:
    case 14: {
      if (ndim == 0) return sum(x);
      Shape axes;
      const bool last = pick(random, 0, 1) == 1;
      for (int i = 0; i < ndim; ++i) {
        if (last ? i == ndim - 1 : pick(random, 0, 1) == 1) axes.push_back(i);
      }
      const Tensor s = sum(x, axes, true);
      return pick(random, 0, 1) ? s : x - s;  // a reduction and its consumer
    }
    case 15: {  // kernels, and what follows them
      if (ndim == 0 || x.shape(-1) == 0) return {};
      const Tensor left = cast(x, pick(random, 0, 3) ? f32 : f64) * 0.25;
      if (pick(random, 0, 1))
        return matmul(reshape(left, {x.numel() / x.shape(-1), x.shape(-1)}),
                      fixed({pick(random, 1, 70), x.shape(-1)}, left.dtype()),
                      {.transpose_b = true});
      const int64_t channels = pick(random, 1, 3), extent = x.numel() / channels;
      if (extent == 0 || extent * channels != x.numel()) return {};
      return conv1d(reshape(left, {1, channels, extent}), fixed({4, channels, 3}, left.dtype()), {},
                    {.stride = pick(random, 1, 2), .padding = 1});
    }
    default:
      return {};
  }
}

// Builds the graph and evaluates some of its values together.
Tensors build(const Recipe& recipe, bool release) {
  Random random(recipe.seed + 1);
  Tensors values = recipe.data;
  const int64_t operations = pick(random, 1, 24);
  for (int64_t i = 0; i < operations; ++i) {
    try {
      const Tensor y = random_operation(random, values, recipe.most_elements);
      if (y.defined() && y.numel() <= recipe.most_elements) values.push_back(y);
    } catch (const Error&) {  // shapes that do not broadcast, booleans that do not subtract
    }
  }
  Tensors targets;
  for (size_t i = recipe.data.size(); i < values.size(); ++i) {
    if (i + 1 == values.size() || pick(random, 0, 4) == 0) targets.push_back(values[i]);
  }
  if (targets.empty()) return {};
  const Tensor y = targets.back();
  if (pick(random, 0, 1) && is_floating(y.dtype())) {
    for (const Tensor& x : recipe.data) {
      if (is_floating(x.dtype())) targets.push_back(grad(y, x, {.allow_unused = true}));
    }
  }
  if (pick(random, 0, 3) > 0) values.clear();  // otherwise every value in between stays held
  if (pick(random, 0, 3) == 0) targets[0].eval();
  release ? eval_and_release(targets) : eval(targets);
  return targets;
}

bool same_bits(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape() || a.dtype() != b.dtype()) return false;
  return dispatch(a.dtype(), [&]<class T>(T) {
    const auto x = a.data<T>(), y = b.data<T>();
    for (size_t i = 0; i < x.size(); ++i) {
      // NaNs are equal whatever their payload: which operand's survives is the processor's choice.
      if constexpr (!std::is_integral_v<T>) {
        const auto u = static_cast<float>(x[i]), v = static_cast<float>(y[i]);
        if (u != u && v != v) continue;
      }
      const auto a_bits = std::as_bytes(x.subspan(i, 1)), b_bits = std::as_bytes(y.subspan(i, 1));
      if (!std::equal(a_bits.begin(), a_bits.end(), b_bits.begin())) return false;
    }
    return true;
  });
}

void check(const Tensors& actual, const Tensors& expected, uint64_t seed,
           const std::string& setting) {
  REQUIRE(actual.size() == expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    const bool same = same_bits(actual[i], expected[i]);
    CHECK_MESSAGE(same, fmt::format("graph {}, {}: result {} of shape {} {}", seed, setting, i,
                                    actual[i].dtype(), actual[i].shape()));
  }
}

}  // namespace

TEST_SUITE("core/fusion_fuzz") {
  TEST_CASE("random graphs give the same bits eager, lazy, under all rules and on 1 to 3 threads") {
    // TESSERA_FUZZ=20000 tries more graphs, TESSERA_FUZZ_FIRST starts elsewhere.
    const uint64_t first = from_environment("TESSERA_FUZZ_FIRST", 1),
                   count = from_environment("TESSERA_FUZZ", 2000);
    const int threads = num_threads();
    for (uint64_t seed = first; seed < first + count; ++seed) {
      const Recipe recipe = random_recipe(seed);
      Tensors expected;
      {
        const Eager eager;
        set_num_threads(1);
        expected = build(recipe, false);
      }
      for (int rules = 0; rules < 32; ++rules) {
        const FusionRules setting({(rules & 1) != 0, (rules & 2) != 0, (rules & 4) != 0,
                                   (rules & 8) != 0, (rules & 16) != 0});
        set_num_threads(1 + rules % 3);
        check(build(recipe, rules % 2 == 1), expected, seed, fmt::format("rules {}", rules));
      }
      set_num_threads(3);
      check(build(recipe, false), expected, seed, "all rules, 3 threads");
    }
    set_num_threads(threads);
  }
}
