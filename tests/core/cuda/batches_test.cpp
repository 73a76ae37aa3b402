#include "core/cuda/batches.h"

#include <algorithm>
#include <thread>

#include <doctest/doctest.h>

#include "core/evaluator.h"
#include "core/transfer.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/reduce.h"
#include "ops/softmax.h"
#include "ops/unary.h"
#include "optim/adam.h"
#include "optim/sgd.h"
#include "tests/core/cuda/host_gpu.h"
#include "tests/ops/samples.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

int64_t launches(WithHostGpu& host) {
  std::vector<std::string>& calls = host->driver().calls;
  const int64_t launched = count(calls, "launch");
  calls.clear();
  return launched;
}

// What an optimizer makes of parameters of many shapes in some steps, and its state.
template <class Method>
std::vector<std::vector<float>> trained(Device device, int64_t parameters,
                                        std::vector<int64_t>* launched, WithHostGpu* host) {
  const OnDevice on(device);
  Tensors x;
  for (int64_t i = 0; i < parameters; ++i) {
    const Shape shape = i % 2 == 0 ? Shape{4, i + 1} : Shape{i + 2};
    x.push_back(variable(to(cast(uniform(shape, -1, 1, static_cast<uint64_t>(i)), f32), device)));
  }
  eval(x);
  Method method(x, {.lr = 0.1});
  for (int step = 0; step < 3; ++step) {
    Tensors gradients;
    for (const Tensor& each : x) gradients.push_back(square(each) + 1);
    eval(gradients);
    if (host) launches(*host);
    method.step(gradients);
    if (launched) launched->push_back(launches(*host));
  }
  std::vector<std::vector<float>> values;
  for (const Tensor& each : x) values.push_back(each.to_vector<float>());
  for (const auto& [name, value] : method.state_dict())
    if (value.dtype() == f32) values.push_back(value.template to_vector<float>());
  return values;
}

}  // namespace

TEST_SUITE("core/cuda/batches") {
  TEST_CASE("bytes that were added are met") {
    cuda::ByteSet set;
    const auto check = [&](int64_t begin, int64_t end, bool meets) {
      CAPTURE(begin);
      CHECK(set.meets(begin, end) == meets);
    };
    check(0, 100, false);
    set.add(10, 20);
    set.add(30, 40);
    set.add(20, 22);
    check(0, 10, false);
    check(0, 11, true);
    check(15, 16, true);
    check(21, 30, true);
    check(22, 30, false);
    check(39, 50, true);
    check(40, 50, false);
    set.add(5, 100);
    check(25, 26, true);
    check(100, 200, false);
    set.clear();
    check(5, 100, false);
  }

  TEST_CASE("one launch updates many parameters, to the same bits") {
    WithHostGpu host;
    std::vector<int64_t> launched;
    const auto ours = trained<optim::Adam>(host_gpu(), 12, &launched, &host);
    CHECK(ours == trained<optim::Adam>(Device::cpu(), 12, nullptr, nullptr));
    // Sizes that are multiples of four have another kernel than those that are not.
    CHECK(launched.back() == 2);
    launched.clear();
    const auto simple = trained<optim::Sgd>(host_gpu(), 60, &launched, &host);
    CHECK(simple == trained<optim::Sgd>(Device::cpu(), 60, nullptr, nullptr));
    CHECK(launched.back() <= 4);
  }

  TEST_CASE("what depends on each other is not computed together") {
    WithHostGpu host;
    const Tensor x = to(cast(uniform({64}), f32), host_gpu()).eval();
    launches(host);
    const Tensor a = exp(x).eval(), b = exp(a).eval();
    CHECK(launches(host) == 2);
    // Values that are kept in between keep their programs apart.
    const Tensor p = exp(x), q = exp(softmax(p, 0)), r = exp(to(x, host_gpu()) + 1);
    eval({p, q, r});
    CHECK(p.to_vector<float>() == a.to_vector<float>());
    const Tensor w = variable(x), v = variable(x + 1);
    const Tensor old = w * 3;
    w.update(w * 2);
    v.update(w + v);
    eval({w, v, old});
    const std::vector<float> first = x.to_vector<float>();
    for (size_t i = 0; i < first.size(); ++i) {
      CHECK(w.to_vector<float>()[i] == 2 * first[i]);
      CHECK(old.to_vector<float>()[i] == 3 * first[i]);
    }
  }

  TEST_CASE("what waits is computed before its memory goes back to the system") {
    WithHostGpu host;
    const Tensor x = to(cast(uniform({1000}), f32), host_gpu()).eval();
    {
      const Tensor y = (x + 1).eval();
      CHECK(launches(host) == 1);
    }
    host->trim();
    CHECK((x + 1).to_vector<float>()[0] == x.to_vector<float>()[0] + 1);
  }

  TEST_CASE("what another thread copies does not launch what waits") {
    WithHostGpu host;
    const Tensor x = to(cast(uniform({64}), f32), host_gpu()).eval(),
                 other = to(x * 2, host_gpu()).eval();
    launches(host);
    int64_t launched = -1;
    const StepObserver before = set_step_observer([&](const StepRecord&) {
      std::thread([&] { host->write(other.value_node()->value->data, "copy", 4); }).join();
      launched = launches(host);
    });
    const Tensor y = exp(x).eval();
    set_step_observer(before);
    CHECK(launched == 0);
    CHECK(launches(host) == 1);
  }
}
