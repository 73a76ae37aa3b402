#include "core/dump.h"

#include <vector>

#include <fmt/core.h>

#include "core/evaluator.h"
#include "core/memory_report.h"
#include "core/op.h"
#include "core/settings.h"
#include "core/step_text.h"

namespace tessera {

namespace {

// Text inside a quoted Graphviz string; lines end as `newline` says, "\n" centred or "\l" left.
std::string escaped(const std::string& text, const char* newline) {
  std::string result;
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (c == '\n') {
      result += newline;
    } else {
      result += c;
    }
  }
  return result;
}

std::string label_of(const Node& node) {
  std::string label = fmt::format("{}\n{} {}\n{}", node.op->name(), name_of(node.dtype),
                                  node.shape.str(), bytes_text(node.bytes()));
  if (const std::string line = line_of(node.site); !line.empty())
    label += fmt::format("\n{}", line);
  return label;
}

std::string vertex_text(const Graph& graph, int v) {
  const Vertex& vertex = graph.vertices[static_cast<size_t>(v)];
  std::string style = "rounded";
  if (!vertex.pending) style += ",filled";
  if (vertex.wanted) style += ",bold";
  return fmt::format("v{} [label=\"{}\", style=\"{}\"];\n", v,
                     escaped(label_of(*vertex.node), "\\n"), style);
}

std::string begin_text() {
  return "digraph tessera {\n"
         "  node [shape=box, fillcolor=lightgrey, fontname=\"monospace\"];\n";
}

}  // namespace

std::string dump_graph(std::span<const Tensor> targets) {
  const Graph graph = pending_graph(targets);
  const int count = static_cast<int>(graph.vertices.size());
  std::string text = begin_text();
  for (int v = 0; v < count; ++v) text += fmt::format("  {}", vertex_text(graph, v));
  for (int v = 0; v < count; ++v) {
    const Vertex& vertex = graph.vertices[static_cast<size_t>(v)];
    for (const int input : vertex.inputs) text += fmt::format("  v{} -> v{};\n", input, v);
    for (const int origin : vertex.origins)
      text += fmt::format("  v{} -> v{} [style=dotted];\n", origin, v);
  }
  return text + "}\n";
}

std::string dump_groups(std::span<const Tensor> targets) {
  const Graph graph = pending_graph(targets);
  const std::vector<Group> groups = fuse(graph, settings().fusion);
  std::vector<const Node*> nodes;
  for (const Vertex& vertex : graph.vertices) nodes.push_back(vertex.node);
  std::vector<char> drawn(graph.vertices.size(), 0);
  std::string text = begin_text(), arrows;
  for (size_t g = 0; g < groups.size(); ++g) {
    const Group& group = groups[g];
    std::string label = name_of_step(group, nodes);
    if (group.kind == Group::Kind::alias) label += " (no copy)";
    if (group.kind == Group::Kind::program) label += fmt::format("\n{}", group.program.str());
    text += fmt::format(
        "  subgraph cluster{} {{\n    label=\"{}\"; labeljust=l; fontname=\"monospace\";\n", g,
        escaped(label + "\n", "\\l"));
    for (const int v : group.outputs) {
      text += fmt::format("    {}", vertex_text(graph, v));
      drawn[static_cast<size_t>(v)] = 1;
      for (const int input : group.inputs) arrows += fmt::format("  v{} -> v{};\n", input, v);
    }
    text += "  }\n";
  }
  // What the steps read and none of them computes.
  for (const Group& group : groups) {
    for (const int v : group.inputs) {
      if (drawn[static_cast<size_t>(v)]) continue;
      drawn[static_cast<size_t>(v)] = 1;
      text += fmt::format("  {}", vertex_text(graph, v));
    }
  }
  return text + arrows + "}\n";
}

}  // namespace tessera
