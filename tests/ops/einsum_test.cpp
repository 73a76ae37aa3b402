#include "ops/einsum.h"

#include <string>

#include <doctest/doctest.h>

#include "core/error.h"
#include "core/op.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

static void add_einsum(SampleList& list, const char* equation, const std::vector<Shape>& shapes) {
  Tensors inputs;
  for (const Shape& shape : shapes) inputs.push_back(uniform(shape, -1, 1, inputs.size()));
  list.push_back({equation, [=](const Tensors& x) { return einsum(equation, x); }, inputs});
}

SAMPLES(einsum) {
  add_einsum(list, "ij,jk->ik", {{2, 3}, {3, 2}});
  add_einsum(list, "iij->ji", {{2, 2, 3}});
  add_einsum(list, "b...k,kj->b...j", {{2, 2, 3}, {3, 2}});
  add_einsum(list, "i,ij,j", {{2}, {2, 3}, {3}});
  add_einsum(list, "ij,ij->i", {{2, 3}, {1, 3}});
  add_einsum(list, "ij,k->jk", {{2, 3}, {0}});
  add_einsum(list, "ii->i", {{0, 0}});
}

TEST_SUITE("ops/einsum") {
  TEST_CASE("values worked out by hand") {
    const Tensor a = tensor({1, 2, 3, 4}, {2, 2}), b = tensor({5, 6, 7, 8}, {2, 2});
    check_close(einsum("ij,jk->ki", {a, b}), tensor({19, 43, 22, 50}, {2, 2}), 0);
    check_close(einsum("ii", {a}), tensor({5}, {}), 0);
    check_close(einsum("ii->i", {a}), tensor({1, 4}, {2}), 0);
    check_close(einsum("ba", {a}), tensor({1, 3, 2, 4}, {2, 2}), 0);
    check_close(einsum("ij,ij->", {a, b}), tensor({70}, {}), 0);
    check_close(einsum("i...->...", {a}), tensor({4, 6}, {2}), 0);
    check_close(einsum(",", {tensor({2}, {}), tensor({3}, {})}), tensor({6}, {}), 0);
  }

  TEST_CASE("integers stay integers") {
    const Tensor a = tensor({1, 2, 3, 4}, {2, 2}, i32);
    const Tensor y = einsum("ij,jk,l->l", {a, a, tensor({1, 2}, {2}, i32)});
    CHECK(y.dtype() == i32);
    check_close(y, tensor({54, 108}, {2}, i32), 0);
  }

  TEST_CASE("an axis of extent 1 broadcasts") {
    const Tensor a = tensor({1, 2, 3, 4}, {2, 2}), row = tensor({10, 100}, {1, 2});
    check_close(einsum("ij,ij->i", {a, row}), tensor({210, 430}, {2}), 0);
    check_close(einsum("ij,ij->i", {row, row}), tensor({10100}, {1}), 0);
  }

  TEST_CASE("values and gradients agree with PyTorch") {
    const Oracle oracle("einsum");
    for (const char* equation :
         {"ij,jk->ik", "ij,jk", "ba", "ii->i", "ii", "iji->j", "...ii->...i", "i,j->ij", "i,i->i",
          "bhqd,bhkd->bhqk", "b...d,...dk->bk...", " a b , b c , c d -> d a ", "ijk,jil->kl",
          "ij,kl,jk->l", "i,ij,j", "...,...->...", "ij...->j", "Ab,bA->A", "iij,jkk->ik"})
      oracle.check(equation, [&](const Tensors& x) { return einsum(equation, x); });
  }

  TEST_CASE("what does not fit is an error that names the label") {
    const Tensor a = uniform({2, 3}), b = uniform({4, 5});
    const auto error = [&](const char* equation, const Tensors& operands, const char* text) {
      CHECK_THROWS_WITH_AS(einsum(equation, operands), doctest::Contains(text), Error);
    };
    error("ij,jk->ik", {a, b},
          "einsum: label 'j' of \"ij,jk->ik\" has extent 3 in operand 0 [2, 3], but 4 in operand 1 "
          "[4, 5]");
    error("ii->i", {a}, "label 'i' of \"ii->i\" has extents 2 and 3 in operand 0 [2, 3]");
    error("...,...", {a, b}, "axis -2 of \"...\"");
    error("ij->ik", {a}, "label 'k' of the result of \"ij->ik\" is in no operand");
    error("ij->ii", {a}, "label 'i' occurs twice in the result");
    error("ij,jk", {a}, "has 2 terms for 1 operands");
    error("ijk", {a}, "term 0 of \"ijk\" names 3 axes, but operand 0 has shape [2, 3]");
    error("ijk...", {a}, "names 3 axes besides \"...\"");
    error("i1", {a}, "got '1' at position 1 of \"i1\"");
    error("ij->i->j", {a}, "got '-' at position 5");
    error("ij->i,j", {a}, "got ',' at position 5");
    error("i..", {a}, "got '.' at position 1");
    error("......", {a}, "two");
    error("", {}, "has 1 terms for 0 operands");
    CHECK_THROWS_AS(einsum("ij", {Tensor()}), Error);
    CHECK_THROWS_AS(einsum("ij,jk", {a, cast(uniform({3, 2}), f32)}), Error);
    CHECK_THROWS_AS(einsum("ij", {cast(a, bool_)}), Error);
    CHECK_THROWS_AS(einsum("abcdefgh,ijklmnop->a",
                           {uniform({1, 1, 1, 1, 1, 1, 1, 1}), uniform({1, 1, 1, 1, 1, 1, 1})}),
                    Error);
  }
}
