#include "ops/conv_nodes.h"

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/op.h"
#include "core/settings.h"
#include "ops/binary.h"
#include "ops/conv.h"
#include "ops/conv_algorithm.h"
#include "ops/join.h"
#include "ops/reduce.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::detail;
using namespace tessera::testing;

TEST_SUITE("ops/conv_nodes") {
  TEST_CASE("the gradients are the adjoints of the convolution") {
    const ConvGeometry g = conv_geometry("conv2d", 2, {2, 4, 6, 5}, {6, 2, 3, 2},
                                         {.stride = {2, 1}, .padding = 1, .groups = 2});
    const Tensor x = uniform(g.x_shape()), w = uniform(g.w_shape(), -1, 1, 1);
    const Tensor y = uniform(g.y_shape(), -1, 1, 2);
    const Tensor all = sum(conv_forward_node(x, w, g) * y);
    check_close(sum(conv_backward_data_node(y, w, g) * x), all, 1e-12);
    check_close(sum(conv_backward_weight_node(x, y, g) * w), all, 1e-12);
  }

  TEST_CASE("the number of threads does not change the bits of work that is shared out") {
    const ConvGeometry g =
        conv_geometry("conv2d", 2, {2, 9, 33, 35}, {14, 9, 3, 3}, {.stride = {1, 2}, .padding = 1});
    const auto results = [&](int threads) {
      set_num_threads(threads);
      const Tensor x = cast(uniform(g.x_shape()), f32), w = cast(uniform(g.w_shape()), f32);
      const Tensor y = conv_forward_node(x, w, g);
      return Tensors{y, conv_backward_data_node(y, w, g), conv_backward_weight_node(x, y, g)};
    };
    const int before = num_threads();
    const Tensors expected = results(1);
    eval(expected);
    for (const int threads : {2, 3}) {
      const Tensors actual = results(threads);
      for (size_t i = 0; i < 3; ++i) check_close(actual[i], expected[i], 0);
    }
    set_num_threads(before);
  }

  TEST_CASE("the gradient of the weight takes a concatenation part by part") {
    const Tensor a = variable(uniform({2, 16, 5, 6})), b = variable(uniform({2, 17, 5, 6}));
    const Tensor w = variable(uniform({18, 33, 3, 3})), whole = variable(cat({a, b}, 1).eval());
    const auto gradient = [&](const Tensor& x) {
      const Tensor y = conv2d(x, w, {}, {.padding = 1});
      return grad(sum(y * y), w);
    };
    const Tensor x = cat({a, b}, 1), pending = gradient(x);
    CHECK(pending.node()->op->name() == "cat");
    CHECK(gradient(whole).node()->op->name() == "conv_backward_weight");
    check_close(pending, gradient(whole), 1e-12);
    eval({x});
    check_close(gradient(x), pending, 0);
  }

  TEST_CASE("halves are computed as f32 and rounded once, whatever the algorithm") {
    struct Case {
      Shape x, w;
      ConvOptions options;
    };
    const Case cases[] = {
        {{2, 17, 13, 70}, {19, 17, 3, 3}, {.padding = 1}},                            // winograd
        {{1, 3, 20, 21}, {5, 3, 3, 3}, {.stride = 2, .padding = 1, .dilation = 2}},   // direct
        {{2, 6, 9, 8}, {6, 1, 3, 3}, {.stride = {2, 1}, .padding = 1, .groups = 6}},  // depthwise
        {{2, 6, 33, 9}, {4, 6, 1, 1}, {}},                                            // unfold
        {{3, 5, 4, 4}, {7, 5, 2, 2}, {.stride = 2}},
        {{1, 2, 5, 6, 7}, {3, 2, 3, 3, 3}, {.padding = 1}},
    };
    for (const Case& c : cases) {
      const int axes = c.x.ndim() - 2;
      const ConvGeometry g = conv_geometry("conv", axes, c.x, c.w, c.options);
      CAPTURE(c.x.str());
      for (const DType dtype : {bf16, f16}) {
        const auto rounded = [&](const Shape& shape, uint64_t seed) {
          return cast(uniform(shape, -1, 1, seed), dtype);
        };
        const Tensor x = rounded(g.x_shape(), 0), w = rounded(g.w_shape(), 1),
                     dy = rounded(g.y_shape(), 2), by = rounded({g.out_channels}, 3),
                     bx = rounded({g.in_channels}, 4);
        const auto wide = [](const Tensor& t) { return cast(t, f32); };
        const std::pair<Tensor, Tensor> both[] = {
            {conv_forward_node(x, w, g, by), conv_forward_node(wide(x), wide(w), g, wide(by))},
            {conv_backward_data_node(dy, w, g, bx),
             conv_backward_data_node(wide(dy), wide(w), g, wide(bx))},
            {conv_backward_weight_node(x, dy, g), conv_backward_weight_node(wide(x), wide(dy), g)}};
        for (const auto& [half, full] : both) {
          CHECK(half.dtype() == dtype);
          // Products of pairs are summed in another order.
          const bool pairs = choose_algorithm(g, dtype) == ConvAlgorithm::pairs;
          check_close(half, cast(full, dtype), pairs ? 0.01 : 0);
        }
      }
    }
  }

  TEST_CASE("halves are summed in f32") {
    const ConvGeometry g = conv_geometry("conv1d", 1, {1, 1, 512}, {1, 1, 512}, {});
    const Tensor ones = cast(uniform({1, 1, 512}, 1, 1), bf16);
    CHECK(conv_forward_node(ones, ones, g).dtype() == bf16);
    CHECK(conv_forward_node(ones, ones, g).item() == 512);  // a sum in bf16 would stop at 256
  }
}
