#include "core/tensor.h"

#include <chrono>
#include <future>
#include <thread>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/error.h"
#include "core/evaluator.h"
#include "ops/binary.h"

using namespace tessera;

TEST_SUITE("core/tensor") {
  TEST_CASE("made from values, and read back") {
    const Tensor x = tensor({1, 2, 3, 4, 5, 6}, {2, 3});
    CHECK(x.shape() == Shape{2, 3});
    CHECK(x.dtype() == f32);
    CHECK(x.shape(-1) == 3);
    CHECK(x.data<float>()[4] == 5);
    const std::vector<int32_t> values{7, 8};
    CHECK(tensor<int32_t>(values, {2}).to_vector<int64_t>() == std::vector<int64_t>{7, 8});
    CHECK(tensor({2.5}, {}).item() == 2.5);
  }

  TEST_CASE("data is read while another thread evaluates") {
    const Tensor x = tensor({1, 2}, {2}), data = tensor({7}, {1});
    std::promise<double> read;
    std::thread reader;
    bool waited = true;
    const StepObserver before = set_step_observer([&](const StepRecord&) {
      if (reader.joinable()) return;
      reader = std::thread([&] { read.set_value(data.item()); });
      waited = read.get_future().wait_for(std::chrono::seconds(10)) != std::future_status::ready;
    });
    (x + x).eval();
    set_step_observer(before);
    REQUIRE(reader.joinable());
    reader.join();
    CHECK(!waited);
  }

  TEST_CASE("misuse is an error that says what to do") {
    const Tensor x = tensor({1, 2}, {2});
    CHECK_THROWS_WITH_AS(tensor({1, 2}, {3}), doctest::Contains("shape [3] needs 3 values, got 2"),
                         Error);
    CHECK_THROWS_WITH_AS(x.data<double>(), doctest::Contains("holds f32, not f64"), Error);
    CHECK_THROWS_WITH_AS(x.item(), doctest::Contains("exactly one element, got shape [2]"), Error);
    CHECK_THROWS_AS(x.shape(2), Error);
    CHECK_THROWS_AS(Tensor().shape(), Error);
    CHECK_THROWS_AS(Tensor().eval(), Error);
    CHECK_THROWS_WITH_AS(x.update(x), doctest::Contains("only variables can be updated"), Error);
    CHECK_THROWS_AS(variable(Tensor()), Error);
    CHECK_THROWS_AS(variable(x).update(tensor({1}, {1})), Error);
    CHECK_THROWS_AS(variable(x).update(tensor({1, 2}, {2}, f64)), Error);
  }

  TEST_CASE("a variable changes for all its handles, and computed values keep the old one") {
    const Tensor w = variable(tensor({1, 2}, {2}));
    const Tensors copies{w};
    const Tensor doubled = w * 2;
    w.update(tensor({10, 20}, {2}));
    CHECK(copies[0].to_vector<double>() == std::vector<double>{10, 20});
    CHECK(doubled.to_vector<double>() == std::vector<double>{2, 4});
    CHECK(is_variable(copies[0]));
    CHECK(!is_variable(doubled));
  }

  TEST_CASE("numbers do not widen tensors, but a higher kind does") {
    const Tensor x = tensor({1, 2}, {2}, bf16), n = tensor({1, 2}, {2}, i32);
    CHECK((x * 2.0).dtype() == bf16);
    CHECK((n * 2).dtype() == i32);
    CHECK((n * 2.0).dtype() == f32);
    CHECK((tensor({1}, {1}, f64) * 0.1).to_vector<double>()[0] == 0.1);  // not rounded through f32
    CHECK((tensor({0}, {1}, i64) + (int64_t{1} << 60)).to_vector<int64_t>()[0] == int64_t{1} << 60);
  }

  TEST_CASE("several targets are computed together") {
    const Tensor x = tensor({1, 2}, {2});
    const Tensor a = x + 1, b = x + 2;
    eval({a, b});
    CHECK(a.node()->evaluated());
    CHECK(b.node()->evaluated());
  }
}
