#include "core/cpu/interpreter.h"

#include <cmath>
#include <numeric>

#include <doctest/doctest.h>

#include "core/op.h"
#include "core/program.h"
#include "core/settings.h"
#include "ops/axes.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "ops/shape.h"

using namespace tessera;

namespace {

// A program that sums one f32 array over rows or columns.
Program summing(Walk walk, const Shape& space, int64_t row, int64_t outputs) {
  Program program;
  program.walk = walk;
  program.space = space;
  program.row = row;
  program.outputs = outputs;
  Instruction load, reduce;
  load.kind = Instruction::Kind::load;
  load.slot = 0;
  const Shape strides = row_major_strides(space);
  for (int k = 0; k < space.ndim(); ++k)
    load.form.coef[static_cast<size_t>(k)] = space[k] == 1 ? 0 : strides[k];
  reduce.kind = Instruction::Kind::reduce;
  reduce.per_row = walk == Walk::rows;
  reduce.src[0] = 0;
  reduce.sources = 1;
  reduce.dst = 1;
  program.code = {load, reduce};
  program.stores = {{1, 1, f32, reduce.per_row}};
  program.registers = 2;
  program.slots = 2;
  return program;
}

std::vector<float> run_sum(const Program& program, std::vector<float> input, size_t outputs) {
  std::vector<float> result(outputs, -1);
  std::byte* const slots[] = {reinterpret_cast<std::byte*>(input.data()),
                              reinterpret_cast<std::byte*>(result.data())};
  cpu::run(program, slots);
  return result;
}

// Small whole numbers, whose sums are exact in any order.
std::vector<float> whole_numbers(int64_t n) {
  std::vector<float> values;
  for (int64_t i = 0; i < n; ++i) values.push_back(static_cast<float>(i * 7 % 13 - 5));
  return values;
}

struct Case {
  Shape shape, order;
};

const Case cases[] = {
    {{65, 70}, {1, 0}},       {{130, 257}, {1, 0}},           {{3, 67, 66}, {0, 2, 1}},
    {{70, 5, 68}, {2, 1, 0}}, {{66, 37, 2}, {2, 1, 0}},       {{17, 65, 31}, {1, 2, 0}},
    {{97, 3, 71}, {2, 0, 1}}, {{2, 33, 5, 64}, {0, 3, 2, 1}}, {{131, 1, 64}, {2, 1, 0}},
};

// x with its axes in that order, from the definition.
std::vector<double> reordered(const Tensor& x, const Shape& order) {
  const std::vector<double> values = x.to_vector<double>();
  const Shape strides = row_major_strides(x.shape());
  std::vector<double> result;
  for (int64_t i = 0; i < x.numel(); ++i) {
    int64_t rest = i, from = 0;
    for (int axis = order.ndim() - 1; axis >= 0; --axis) {
      const int of = static_cast<int>(order[axis]);
      from += rest % x.shape(of) * strides[of];
      rest /= x.shape(of);
    }
    result.push_back(values[static_cast<size_t>(from)]);
  }
  return result;
}

Tensor numbers(const Shape& shape, DType dtype) {
  return cast(remainder(iota(shape) * 7919, 251), dtype).eval();
}

}  // namespace

TEST_SUITE("core/cpu/interpreter") {
  TEST_CASE("rows of every length") {
    for (const int64_t row : {1, 2, 7, 16, 100, 511, 512, 513, 8192, 16384, 16385, 40000}) {
      const int64_t rows = row < 1000 ? 300 : 3;
      CAPTURE(row);
      const std::vector<float> x = whole_numbers(rows * row);
      std::vector<float> expected;
      for (int64_t r = 0; r < rows; ++r)
        expected.push_back(std::accumulate(x.begin() + r * row, x.begin() + (r + 1) * row, 0.0F));
      const auto count = static_cast<size_t>(rows);
      CHECK(run_sum(summing(Walk::long_rows, {rows, row}, row, rows), x, count) == expected);
      if (row <= kMaxRow)
        CHECK(run_sum(summing(Walk::rows, {rows, row}, row, 0), x, count) == expected);
    }
  }

  TEST_CASE("columns of every width and height") {
    for (const int64_t columns : {1, 3, 100, 511, 512, 1500, 17000}) {
      for (const int64_t rows : {1, 2, 50, 1024, 1025, 5000}) {
        if (rows * columns > 2000000) continue;
        CAPTURE(columns);
        CAPTURE(rows);
        const std::vector<float> x = whole_numbers(rows * columns);
        std::vector<float> expected(static_cast<size_t>(columns), 0);
        for (size_t i = 0; i < x.size(); ++i) expected[i % expected.size()] += x[i];
        CHECK(run_sum(summing(Walk::columns, {rows, columns}, rows, columns), x, expected.size()) ==
              expected);
      }
    }
  }

  TEST_CASE("no elements") {
    CHECK(run_sum(summing(Walk::long_rows, {2, 0}, 0, 2), {}, 2) == std::vector<float>{0, 0});
    CHECK(run_sum(summing(Walk::columns, {0, 2}, 0, 2), {}, 2) == std::vector<float>{0, 0});
    CHECK(run_sum(summing(Walk::rows, {0, 3}, 3, 0), {}, 0).empty());
    CHECK(run_sum(summing(Walk::columns, {3, 0}, 3, 0), {}, 0).empty());
  }

  TEST_CASE("one value per row is read for rows of any shape") {
    for (const Shape& shape : {Shape{5, 3}, Shape{2, 3, 4}, Shape{3, 4, 1}, Shape{700, 1, 2}}) {
      CAPTURE(shape.str());
      const Tensor x = tensor<float>(whole_numbers(shape.numel()), shape).eval();
      const Shape per_row = shape.with(shape.ndim() - 1, 1);
      const Tensor scale = tensor<float>(whole_numbers(per_row.numel()), per_row);
      const Tensor index = iota(per_row);
      const Tensor y = sum(x * scale + cast(index, f32), {-1}, true);
      const auto v = x.data<float>(), s = scale.data<float>(), result = y.data<float>();
      const auto row = static_cast<size_t>(shape.back());
      for (size_t r = 0; r < result.size(); ++r) {
        float expected = 0;
        for (size_t k = 0; k < row; ++k) expected += v[r * row + k] * s[r] + static_cast<float>(r);
        CHECK(result[r] == expected);
      }
    }
  }

  TEST_CASE("the bits do not depend on the number of threads or on views") {
    std::vector<float> values(3 * 40001);
    for (size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<float>(i));
    const Tensor x = tensor<float>(values, {3, 40001});
    const Tensor turned = permute(x, {1, 0}).eval();
    const int threads = num_threads();
    for (const int count : {1, 2, 3}) {
      set_num_threads(count);
      CHECK(sum(x * 1.0, {1}).to_vector<float>() == sum(x + 0.0, {1}).to_vector<float>());
      CHECK(sum(permute(turned, {1, 0}), {1}).to_vector<float>() == sum(x, {1}).to_vector<float>());
    }
    set_num_threads(threads);
  }

  TEST_CASE("long sums are accurate") {
    const Tensor x = expand(tensor({0.1}, {1}), {100000000});
    CHECK(std::abs(sum(x).item() / (1e8 * static_cast<double>(0.1F)) - 1) < 1e-6);
  }

  TEST_CASE("transposes of every dtype, also as part of an expression") {
    for (const auto& each : cases) {
      const Shape &shape = each.shape, &order = each.order;
      for (const DType dtype : {f32, f64, bf16, i64, u8}) {
        INFO(shape.str(), " in the order ", order.str(), " of ", name_of(dtype));
        const Tensor x = numbers(shape, dtype);
        const Tensor turned = permute(x, order);
        const std::vector<double> expected = reordered(x, order);
        CHECK(turned.to_vector<double>() == expected);
        const Tensor other = cast(numbers(turned.shape(), i64), f64);
        std::vector<double> sums = other.to_vector<double>();
        for (size_t i = 0; i < sums.size(); ++i) sums[i] += 2 * expected[i];
        CHECK((other + 2 * cast(permute(x, order), f64)).to_vector<double>() == sums);
      }
    }
  }

  TEST_CASE("what is read backwards or padded as well") {
    for (const auto& each : cases) {
      const Shape &shape = each.shape, &order = each.order;
      const Tensor x = numbers(shape, f32),
                   plain = tensor<double>(reordered(x, order), permute(x, order).shape());
      for (int axis = 0; axis < shape.ndim(); ++axis) {
        INFO(shape.str(), " in the order ", order.str(), ", axis ", axis);
        CHECK(flip(permute(x, order), {axis}).to_vector<double>() ==
              flip(plain, {axis}).to_vector<double>());
        CHECK(narrow(permute(x, order), axis, 1, plain.shape(axis) - 1).to_vector<double>() ==
              narrow(plain, axis, 1, plain.shape(axis) - 1).to_vector<double>());
      }
      Shape before = plain.shape();
      for (int axis = 0; axis < before.ndim(); ++axis) before[axis] = axis + 1;
      CHECK(pad_zeros(permute(x, order), before, before).to_vector<double>() ==
            pad_zeros(plain, before, before).to_vector<double>());
    }
  }

  TEST_CASE("the same with every number of threads") {
    const Tensor x = numbers({301, 700}, f32);
    const std::vector<double> expected = reordered(x, {1, 0});
    const int threads = num_threads();
    for (const int count : {1, 2, 5}) {
      set_num_threads(count);
      CHECK((permute(x, {1, 0}) * 1.0).to_vector<double>() == expected);
      CHECK(permute(x, {1, 0}).to_vector<double>() == expected);
    }
    set_num_threads(threads);
  }
}
