#include "core/transfer.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/settings.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/reduce.h"
#include "ops/unary.h"
#include "tests/core/cuda/host_gpu.h"
#include "tests/error_of.h"

using namespace tessera;
using namespace tessera::testing;

TEST_SUITE("core/transfer") {
  TEST_CASE("values go to another device and back") {
    const WithHostGpu host;
    const Tensor x = tensor({1, -2, 3.5}, {3}), y = to(x * 2, host_gpu());
    CHECK(x.device() == Device::cpu());
    CHECK(y.device() == host_gpu());
    CHECK(to(y, host_gpu()).node() == y.node());
    CHECK((y + 1).device() == host_gpu());
    CHECK(to(y, Device::cpu()).to_vector<double>() == std::vector<double>{2, -4, 7});
    CHECK(to(y + 1, Device::cpu()).to_vector<double>() == std::vector<double>{3, -3, 8});
    CHECK(to(zeros({0}), host_gpu()).numel() == 0);
  }

  TEST_CASE("values elsewhere can be read like any other, and are copied once") {
    const WithHostGpu host;
    const Tensor y = to(tensor({1, 2, 3}, {3}), host_gpu()) * 2;
    CHECK(y.to_vector<float>() == std::vector<float>{2, 4, 6});
    const auto copies = [&] { return std::ranges::count(host->driver().calls, "copy_out 12"); };
    CHECK(copies() == 1);
    CHECK(y.data<float>()[1] == 4);
    CHECK(y.str() == tensor({2, 4, 6}, {3}).str());
    CHECK(copies() == 1);
    CHECK(sum(y).item() == 12);
  }

  TEST_CASE("values that were staged arrive without waiting") {
    const WithHostGpu host;
    for (const Device device : {host_gpu(), Device::cpu()}) {
      std::vector<float> values{1, 2, 3, 4, 5, 6};
      Staged staged(values.data(), {2, 3}, f32, device);
      std::ranges::fill(values, 0.0F);
      CHECK(staged.defined());
      host->driver().calls.clear();
      const Tensor x = staged.arrive();
      CHECK(std::ranges::count(host->driver().calls, "wait") == 0);
      CHECK(!staged.defined());
      CHECK(x.device() == device);
      CHECK(x.shape() == Shape{2, 3});
      CHECK((x + 1).to_vector<float>() == std::vector<float>{2, 3, 4, 5, 6, 7});
      CHECK(error_of([&] { staged.arrive(); }).starts_with("arrive: "));
      CHECK(Staged(nullptr, {0, 3}, f32, device).arrive().numel() == 0);
    }
  }

  TEST_CASE("gradients flow back to where a value came from") {
    const WithHostGpu host;
    const Tensor x = fresh_leaf(tensor({1, 2, 3}, {3}));
    const Tensor y = sum(square(to(x, host_gpu())));
    const Tensor dx = grad(y, x);
    CHECK(dx.device() == Device::cpu());
    CHECK(dx.to_vector<double>() == std::vector<double>{2, 4, 6});
    CHECK(error_of([&] {
            const NoGrad no_grad;
            grad(sum(to(x, host_gpu())), x);
          }).find("grad: ") == 0);
  }

  TEST_CASE("new tensors are made on the device of the scope, numbers fit everywhere") {
    const WithHostGpu host;
    const Tensor x = tensor({1, 2}, {2});
    {
      const OnDevice on(host_gpu());
      CHECK(ones({2}).device() == host_gpu());
      CHECK(tensor({1, 2}, {2}).device() == host_gpu());
      CHECK(arange(3).device() == host_gpu());
      CHECK(scalar(2.0, f32).node()->device == Device::cpu());
      CHECK((x + 1).device() == Device::cpu());
      CHECK((ones({2}) * 3 + 1).to_vector<double>() == std::vector<double>{4, 4});
      CHECK(variable(ones({2})).device() == host_gpu());
    }
    CHECK(ones({2}).device() == Device::cpu());
  }

  TEST_CASE("tensors of two devices are not mixed") {
    const WithHostGpu host;
    const Tensor x = tensor({1, 2}, {2}), y = to(x, host_gpu());
    CHECK(error_of([&] { x + y; })
              .starts_with("add: tensors must be on one device, got cpu and " + host_gpu().str() +
                           "; use to(x"));
    CHECK(error_of([&] { to(x, Device::cuda(255)); }).starts_with("device: cuda:255 must be"));
    eval({x + 1, y + 1});  // but can be computed together
    CHECK((x + 1).to_vector<float>() == (y + 1).to_vector<float>());
  }

  TEST_CASE("a variable can move, and is updated where it is") {
    const WithHostGpu host;
    const Tensor w = variable(tensor({1, 2}, {2}));
    w.update(to(w, host_gpu()));
    CHECK(w.device() == host_gpu());
    for (int step = 0; step < 3; ++step) {
      const Tensor loss = sum(square(w));
      w.update(w - 0.25 * grad(loss, w));
      eval_and_release({loss});
    }
    CHECK(w.to_vector<double>() == std::vector<double>{0.125, 0.25});
  }
}
