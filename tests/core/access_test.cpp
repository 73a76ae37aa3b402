#include "core/access.h"

#include <random>
#include <vector>

#include <doctest/doctest.h>

using namespace tessera;

namespace {

using Index = std::vector<int64_t>;

int64_t value_at(const Linear& form, const Index& index) {
  int64_t value = form.offset;
  for (size_t k = 0; k < index.size(); ++k) value += form.coef[k] * index[k];
  return value;
}

Index image(const Access& access, const Index& index) {
  Index result;
  for (int j = 0; j < access.array.ndim(); ++j)
    result.push_back(value_at(access.axis[static_cast<size_t>(j)], index));
  return result;
}

int64_t position(const Shape& shape, const Index& index) {
  int64_t flat = 0;
  for (int j = 0; j < shape.ndim(); ++j) flat = flat * shape[j] + index[static_cast<size_t>(j)];
  return flat;
}

bool inside(const Shape& shape, const Index& index) {
  for (int j = 0; j < shape.ndim(); ++j) {
    if (index[static_cast<size_t>(j)] < 0 || index[static_cast<size_t>(j)] >= shape[j])
      return false;
  }
  return true;
}

std::vector<Index> all_indices(const Shape& shape) {
  std::vector<Index> all{{}};
  for (const int64_t extent : shape) {
    std::vector<Index> longer;
    for (const Index& index : all) {
      for (int64_t i = 0; i < extent; ++i) {
        longer.push_back(index);
        longer.back().push_back(i);
      }
    }
    all = std::move(longer);
  }
  return all;
}

class Random {
 public:
  int64_t in(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(engine_);
  }
  Shape shape(int most_axes) {
    Shape shape;
    for (int64_t n = in(0, most_axes); n > 0; --n) shape.push_back(in(1, 4));
    return shape;
  }
  // Any affine map from `space`; unless `loose`, the array is just large enough.
  Access access(const Shape& space, bool loose) {
    Access access{space, {}, {}};
    for (int64_t j = in(0, 4); j > 0; --j) {
      Linear form;
      for (int k = 0; k < space.ndim(); ++k) {
        if (space[k] != 1 && in(0, 2) > 0) form.coef[static_cast<size_t>(k)] = in(-2, 3);
      }
      form.offset = -range_of(form, space).low + (loose ? in(-2, 2) : in(0, 1));
      access.axis[static_cast<size_t>(access.array.ndim())] = form;
      access.array.push_back(std::max<int64_t>(1, range_of(form, space).high + 1 + in(0, 1)));
    }
    return access;
  }
  // Another way to cut the elements of `shape` into axes, with extents of 1 here and there.
  Shape refactored(const Shape& shape) {
    Shape result;
    int64_t rest = shape.numel();
    while (rest > 1 && result.ndim() < 5) {
      int64_t factor = in(1, rest);
      while (rest % factor != 0) --factor;
      result.push_back(factor);
      rest /= factor;
    }
    if (rest > 1 || in(0, 3) == 0) result.push_back(rest);
    return result;
  }

 private:
  std::mt19937 engine_{1};
};

}  // namespace

TEST_SUITE("core/access") {
  TEST_CASE("broadcasting reads stretched axes at 0") {
    const Access access = Access::broadcast({2, 3, 4}, {3, 1});
    CHECK(image(access, {1, 2, 3}) == Index{2, 0});
    CHECK_FALSE(access.is_identity());
    CHECK(Access::identity({2, 1, 3}).is_identity());
    CHECK(Access::identity({}).is_identity());
  }

  TEST_CASE("a transposed read merges and splits only where it stays affine") {
    Access transposed{{3, 2}, {2, 3}, {}};
    transposed.axis[0].coef[1] = 1;
    transposed.axis[1].coef[0] = 1;
    CHECK(transposed.flat().coef[0] == 1);
    CHECK(transposed.flat().coef[1] == 3);
    CHECK(transposed.reshaped({6}).has_value());
    CHECK(transposed.reshaped({2, 3, 1}).has_value());
    CHECK_FALSE(transposed.reshaped({3, 2}).has_value());
  }

  TEST_CASE("what was merged into one axis can be split again") {
    Random random;
    for (int round = 0; round < 500; ++round) {
      const Shape array = random.shape(4);
      const Access access = Access::identity(array);
      const auto merged = access.reshaped({array.numel()});
      REQUIRE(merged.has_value());
      const auto back = merged->reshaped(array);
      REQUIRE(back.has_value());
      CHECK(back->is_identity());
    }
  }

  TEST_CASE("compositions map like one after the other") {
    Random random;
    for (int round = 0; round < 2000; ++round) {
      const Access first = random.access(random.shape(3), round % 2 == 0);
      const Access second = random.access(first.array, round % 3 == 0);
      const Access both = first.then(second);
      CHECK(both.space == first.space);
      CHECK(both.array == second.array);
      bool same = true;
      for (const Index& index : all_indices(first.space))
        same = same && image(both, index) == image(second, image(first, index));
      CHECK(same);
    }
  }

  TEST_CASE("flat positions are row-major") {
    Random random;
    for (int round = 0; round < 2000; ++round) {
      const Access access = random.access(random.shape(4), round % 2 == 0);
      bool same = true;
      for (const Index& index : all_indices(access.space)) {
        same =
            same && value_at(access.flat(), index) == position(access.array, image(access, index));
      }
      CHECK(same);
    }
  }

  TEST_CASE("reshaped reads name the same elements") {
    Random random;
    int found = 0;
    for (int round = 0; round < 20000; ++round) {
      const Access access = random.access(random.shape(3), round % 2 == 0);
      const Shape target = random.refactored(access.array);
      const std::optional<Access> reshaped = access.reshaped(target);
      if (!reshaped) continue;
      ++found;
      CHECK(reshaped->array == target);
      bool same = true;
      for (const Index& index : all_indices(access.space)) {
        const Index from = image(access, index);
        if (!inside(access.array, from)) continue;  // guarded: never read
        const Index to = image(*reshaped, index);
        same = same && inside(target, to) && position(access.array, from) == position(target, to);
      }
      CHECK(same);
    }
    CHECK(found > 5000);
  }

  TEST_CASE("the range of a form is reached") {
    Random random;
    for (int round = 0; round < 500; ++round) {
      const Shape space = random.shape(3);
      const Access access = random.access(space, true);
      for (int j = 0; j < access.array.ndim(); ++j) {
        const Linear& form = access.axis[static_cast<size_t>(j)];
        Range seen{INT64_MAX, INT64_MIN};
        for (const Index& index : all_indices(space)) {
          seen.low = std::min(seen.low, value_at(form, index));
          seen.high = std::max(seen.high, value_at(form, index));
        }
        CHECK(range_of(form, space).low == seen.low);
        CHECK(range_of(form, space).high == seen.high);
      }
    }
  }

  TEST_CASE("nothing is read through a reshape of empty arrays") {
    CHECK(Access::identity({2, 0}).reshaped({2, 0}).has_value());
    CHECK_FALSE(Access::identity({2, 0}).reshaped({0, 3}).has_value());
  }
}
