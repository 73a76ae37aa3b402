#include "core/dump.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "autograd/function.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "ops/unary.h"

using namespace tessera;

namespace {

// Lines of user code change with every edit of this file.
std::string without_lines(std::string text) {
  for (size_t at = text.find("\\ndump_test"); at != std::string::npos;
       at = text.find("\\ndump_test")) {
    text.erase(at, text.find('"', at) - at);
  }
  return text;
}

bool graphviz_accepts(const std::string& text) {
  const auto path = std::filesystem::temp_directory_path() / "tessera_dump_test.dot";
  std::ofstream(path) << text;
  const std::string command = "dot -Tplain " + path.string() + " > /dev/null";
  const bool accepted = std::system(command.c_str()) == 0;
  std::filesystem::remove(path);
  return accepted;
}

}  // namespace

TEST_SUITE("core/dump") {
  TEST_CASE("the graph as it was written") {
    const Tensor x = tensor({1, 2}, {2});
    const Tensor y = exp(x) * x;
    CHECK(dump_graph({y}).find("dump_test.cpp:") != std::string::npos);
    CHECK(without_lines(dump_graph({y})) ==
          "digraph tessera {\n"
          "  node [shape=box, fillcolor=lightgrey, fontname=\"monospace\"];\n"
          "  v0 [label=\"data\\nf32 [2]\\n8 B\", style=\"rounded,filled\"];\n"
          "  v1 [label=\"exp\\nf32 [2]\\n8 B\", style=\"rounded\"];\n"
          "  v2 [label=\"mul\\nf32 [2]\\n8 B\", style=\"rounded,bold\"];\n"
          "  v0 -> v1;\n"
          "  v1 -> v2;\n"
          "  v0 -> v2;\n"
          "}\n");
    CHECK_FALSE(y.node()->evaluated());
  }

  TEST_CASE("the steps after fusion") {
    const Tensor x = tensor({1, 2}, {2});
    CHECK(without_lines(dump_groups({exp(x) * x})) ==
          "digraph tessera {\n"
          "  node [shape=box, fillcolor=lightgrey, fontname=\"monospace\"];\n"
          "  subgraph cluster0 {\n"
          "    label=\"exp mul\\lflat over [2]\\l"
          "  r0: f32 = load @0 [0 + 1*i0]\\l  r1: f32 = exp r0\\l  r2: f32 = mul r1 r0\\l"
          "  store r2 @1 f32\\l\\l\"; labeljust=l; fontname=\"monospace\";\n"
          "    v2 [label=\"mul\\nf32 [2]\\n8 B\", style=\"rounded,bold\"];\n"
          "  }\n"
          "  v0 [label=\"data\\nf32 [2]\\n8 B\", style=\"rounded,filled\"];\n"
          "  v0 -> v2;\n"
          "}\n");
  }

  TEST_CASE("inputs that only gradients reach are dotted") {
    const Tensor x = tensor({1, 2}, {2});
    const Tensor y = custom_gradient(
        [](const Tensors& a) { return Tensors{exp(a[0])}; },
        [](const Tensors&, const Tensors&, const Tensors& dy) { return dy; }, {x})[0];
    CHECK(dump_graph({y}).find("[style=dotted]") != std::string::npos);
  }

  TEST_CASE("values in memory need no steps") {
    CHECK(dump_groups({tensor({1}, {1})}).find("cluster") == std::string::npos);
  }

  TEST_CASE("Graphviz accepts both drawings") {
    if (std::system("dot -V > /dev/null 2>&1") != 0) return;  // not installed
    const Tensor x = tensor({1, 2, 3, 4}, {2, 2});
    const Tensor y = sum(exp(x) * 2.0, {0}), z = x / sum(x);
    CHECK(graphviz_accepts(dump_graph({y, z})));
    CHECK(graphviz_accepts(dump_groups({y, z})));
  }
}
