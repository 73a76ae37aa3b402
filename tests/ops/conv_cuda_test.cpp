#include "ops/conv_cuda.h"

#include <doctest/doctest.h>

#include "core/transfer.h"
#include "ops/conv_nodes.h"
#include "tests/core/cuda/fake_cudnn.h"
#include "tests/core/cuda/host_gpu.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::detail;
using namespace tessera::testing;

TEST_SUITE("ops/conv_cuda") {
  TEST_CASE("cuDNN gets what the processor's kernels get, for every geometry and kind") {
    if (!open_fake_cudnn()) return;
    struct Case {
      Shape x, w;
      ConvOptions options;
    };
    const Case cases[] = {
        {{2, 3, 9}, {4, 3, 3}, {.stride = 2, .padding = 1}},
        {{2, 4, 7, 6}, {6, 2, 3, 2}, {.stride = {2, 1}, .padding = {1, 0}, .groups = 2}},
        {{1, 2, 8, 9}, {3, 2, 3, 3}, {.padding = 2, .dilation = 2}},
        {{1, 4, 5, 6}, {4, 1, 2, 2}, {.stride = 2, .groups = 4}},
        {{1, 2, 4, 5, 6}, {3, 2, 3, 1, 2}, {.padding = {1, 0, 1}}},
    };
    const WithHostGpu gpu;
    for (const Case& c : cases) {
      const int axes = c.x.ndim() - 2;
      const ConvGeometry g = conv_geometry("conv", axes, c.x, c.w, c.options);
      const Tensor x = uniform(g.x_shape()), w = uniform(g.w_shape(), -1, 1, 1),
                   y = uniform(g.y_shape(), -1, 1, 2), b = uniform({g.out_channels}, -1, 1, 3),
                   bx = uniform({g.in_channels}, -1, 1, 4);
      const auto all = [&](Device device) {
        const auto on = [&](const Tensor& t) { return to(t, device); };
        return Tensors{conv_forward_node(on(x), on(w), g),
                       conv_forward_node(on(x), on(w), g, on(b)),
                       conv_backward_data_node(on(y), on(w), g),
                       conv_backward_data_node(on(y), on(w), g, on(bx)),
                       conv_backward_weight_node(on(x), on(y), g)};
      };
      const Tensors there = all(host_gpu()), here = all(Device::cpu());
      for (size_t i = 0; i < here.size(); ++i)
        check_close(to(there[i], Device::cpu()), here[i], 1e-12);
    }
    CHECK(gpu->fallbacks().empty());
  }

  TEST_CASE("nothing is nothing") {
    const WithHostGpu gpu;
    const ConvGeometry g = conv_geometry("conv2d", 2, {0, 2, 4, 4}, {3, 2, 3, 3}, {});
    const Tensor x = to(uniform(g.x_shape()), host_gpu()), w = to(uniform(g.w_shape()), host_gpu()),
                 y = to(uniform(g.y_shape()), host_gpu());
    CHECK(conv_forward_node(x, w, g).to_vector<double>().empty());
    CHECK(conv_backward_weight_node(x, y, g).to_vector<double>() == std::vector<double>(54, 0.0));
  }
}
