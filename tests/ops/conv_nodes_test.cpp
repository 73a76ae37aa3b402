#include "ops/conv_nodes.h"

#include <doctest/doctest.h>

#include "core/op.h"
#include "core/settings.h"
#include "ops/binary.h"
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

  TEST_CASE("halves are summed in f32") {
    const ConvGeometry g = conv_geometry("conv1d", 1, {1, 1, 512}, {1, 1, 512}, {});
    const Tensor ones = cast(uniform({1, 1, 512}, 1, 1), bf16);
    CHECK(conv_forward_node(ones, ones, g).dtype() == bf16);
    CHECK(conv_forward_node(ones, ones, g).item() == 512);  // a sum in bf16 would stop at 256
  }
}
