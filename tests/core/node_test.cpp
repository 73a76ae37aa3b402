#include "core/node.h"

#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "core/op.h"

using namespace tessera;

namespace {

Ref<Node> make() {
  return Ref<Node>(new Node(scalar(0.0, f32).node()->op, Shape{}, f32));
}

}  // namespace

TEST_SUITE("core/node") {
  TEST_CASE("handles and uses are counted apart") {
    const Ref<Node> node = make();
    CHECK(node->uses() == 1);
    CHECK(node->handles() == 0);
    {
      const Tensor handle(node.get());
      Tensor copy = handle;
      CHECK(node->handles() == 2);
      const Tensor moved = std::move(copy);
      CHECK(node->handles() == 2);
    }
    CHECK(node->handles() == 0);
    CHECK(node->uses() == 1);
  }

  TEST_CASE("a node owns its inputs, however many") {
    const int64_t before = live_nodes();
    for (const int count : {0, 1, 3, 4, 20}) {
      Ref<Node> node = make();
      std::vector<Ref<Node>> inputs(static_cast<size_t>(count));
      for (Ref<Node>& input : inputs) input = make();
      node->set_inputs(inputs.data(), count);
      CHECK(node->inputs() == count);
      for (int i = 0; i < count; ++i) {
        CHECK(node->input(i) == inputs[static_cast<size_t>(i)].get());
        CHECK(node->input(i)->uses() == 2);
      }
      inputs.clear();
      CHECK(live_nodes() == before + 1 + count);
      node->drop_inputs();
      CHECK(node->inputs() == 0);
      CHECK(live_nodes() == before + 1);
    }
    CHECK(live_nodes() == before);
  }

  TEST_CASE("a history of a million nodes is freed without recursion") {
    const int64_t before = live_nodes();
    Ref<Node> last = make();
    for (int i = 0; i < 1'000'000; ++i) {
      const Ref<Node> next = make();
      next->set_inputs(&last, 1);
      last = next;
    }
    CHECK(live_nodes() == before + 1'000'001);
    last = Ref<Node>();
    CHECK(live_nodes() == before);
  }

  TEST_CASE("ids grow in the order of creation") {
    const Ref<Node> first = make(), second = make();
    CHECK(first->id < second->id);
  }

  TEST_CASE("threads may share and drop nodes") {
    const int64_t before = live_nodes();
    {
      const Ref<Node> shared = make();
      std::vector<std::thread> threads(4);
      for (std::thread& thread : threads) {
        thread = std::thread([shared] {
          for (int i = 0; i < 10000; ++i) {
            const Ref<Node> user = make();
            user->set_inputs(&shared, 1);
            const Tensor handle(user.get());
          }
        });
      }
      for (std::thread& thread : threads) thread.join();
      threads.clear();
      CHECK(shared->uses() == 1);
    }
    CHECK(live_nodes() == before);
  }
}
