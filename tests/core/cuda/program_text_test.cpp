#include "core/cuda/program_text.h"

#include <doctest/doctest.h>

#include "core/evaluator.h"
#include "ops/axes.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/unary.h"

using namespace tessera;

namespace {

// Of the only program that computes y.
cuda::ProgramText text_of(const Tensor& y) {
  std::vector<Group> groups = fuse(pending_graph({{y}}), Fusion());
  std::erase_if(groups, [](const Group& group) { return group.kind == Group::Kind::alias; });
  REQUIRE(groups.size() == 1);
  return cuda::ProgramText(groups[0].program);
}

Tensor values(const Shape& shape, DType dtype = f32) {
  return zeros(shape, dtype).eval();
}

// What is between the first line, which includes, and the end.
std::string body_of(cuda::ProgramText& text) {
  const std::string all = text.finished().text;
  return all.substr(all.find("using A = "));
}

}  // namespace

TEST_SUITE("core/cuda/program_text") {
  TEST_CASE("extents and strides are parameters, in the order in which they are asked for") {
    cuda::ProgramText text = text_of(exp(transpose(values({4, 6}), 0, 1)));
    CHECK(text.split() == 2);
    CHECK(text.number(42) == "I(a.n[0])");
    text.decode(1, "first", 0, 2);
    const Linear& form = text.program().code[0].form;
    text.line(1, "const I f = " + text.with_offset(text.terms(form, 0, 2), form) + ";");
    CHECK(text.printed.numbers == std::vector<int64_t>{42, 4, 6});
    CHECK(body_of(text) ==
          "using A = Args<3, 3>;\n"
          "  const I i1 = (first) % I(a.n[1]);\n"
          "  const I q1 = (first) / I(a.n[1]);\n"
          "  const I i0 = q1;\n"
          "  const I f = i0 + I(a.n[2]) * i1;\n");
  }

  TEST_CASE("each instruction is a line, of the functions of its header") {
    cuda::ProgramText text = text_of(exp(values({5}, bf16)));
    for (int c = 0; c < static_cast<int>(text.program().code.size()); ++c) text.define(0, c, "f");
    const std::string all = text.finished().text;
    CHECK(all.find("#include \"core/cuda/kernel.h\"\n#include \"ops/unary_functions.h\"\n") == 0);
    CHECK(all.find("const float r0 = static_cast<float>(static_cast<BFloat16*>(a.slot[0])[f]);") !=
          std::string::npos);
    CHECK(all.find("::f(r0);") != std::string::npos);
    CHECK(text.stored().size() == 1);
    CHECK(text.sources(text.stored()[0]).size() == 1);
  }

  TEST_CASE("indices have 64 bits where 32 are too few") {
    CHECK(text_of(exp(values({5}))).finished().text.find("using I = int32_t;") !=
          std::string::npos);
    const Tensor wide = expand(values({1}), {int64_t{1} << 32});
    CHECK(text_of(exp(wide)).finished().text.find("using I = int64_t;") != std::string::npos);
  }

  TEST_CASE("rows begin behind the kept axes, columns in front of them") {
    CHECK(text_of(sum(values({3, 8}), {0})).split() == 1);
    CHECK(text_of(sum(values({3, 5, 20000}), {2})).split() == 1);
  }
}
