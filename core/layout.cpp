#include "core/layout.h"

#include "core/index.h"
#include "core/node.h"
#include "core/op.h"

namespace tessera {

namespace {

using detail::at;
using Formats = KernelOp::Formats;

// Whether it is a view whose channels are not those of its source, so that the format of one is as
// good as any for the other.
bool loses_channels(const Vertex& vertex) {
  const auto* op = dynamic_cast<const AccessOp*>(vertex.node->op.get());
  if (!op) return false;
  const Access access = op->access(*vertex.node);
  if (access.array.ndim() < 3 || access.array.ndim() != access.space.ndim()) return true;
  for (int j = 0; j < access.array.ndim(); ++j) {
    const Linear& form = access.axis[at(j)];
    for (int k = 0; k < access.space.ndim(); ++k) {
      if (form.coef[at(k)] != 0 && (j == 1) != (k == 1)) return true;
    }
  }
  return false;
}

class Choosing {
 public:
  Choosing(Graph& graph, const std::vector<Fate>& fates)
      : graph_(graph), may_(graph.vertices.size(), 0), users_(graph.vertices.size()) {
    find_candidates(fates);
  }

  void run() {
    const auto count = static_cast<int>(graph_.vertices.size());
    for (int v = 0; v < count; ++v) set_channels_last(v, may_[at(v)] && follows(v));
    for (int v = count - 1; v >= 0; --v) {
      const Users& users = users_[at(v)];
      // A gradient of weights, for one, goes from a convolution to a row-major sum.
      set_channels_last(v, may_[at(v)] && users.like && (is_channels_last(v) || !users.dislike));
      ask(v);
    }
  }

 private:
  struct Users {
    bool like = false, dislike = false;  // some of them like the value channels-last, or do not
  };

  const Node& node(int v) const { return *graph_.vertices[at(v)].node; }
  bool is_channels_last(int v) const {
    return graph_.vertices[at(v)].format == MemoryFormat::channels_last;
  }
  void set_channels_last(int v, bool last) {
    graph_.vertices[at(v)].format = last ? MemoryFormat::channels_last : MemoryFormat::row_major;
  }

  void find_candidates(const std::vector<Fate>& fates) {
    const std::vector<char> dies =
        dying_values(graph_, fates, [&](int v) { return graph_.vertices[at(v)].wanted; });
    for (int v = 0; v < static_cast<int>(graph_.vertices.size()); ++v) {
      const Vertex& vertex = graph_.vertices[at(v)];
      if (!vertex.pending) continue;
      const Op* op = vertex.node->op.get();
      const auto* kernel = dynamic_cast<const KernelOp*>(op);
      const bool reshape = dynamic_cast<const ReshapeOp*>(op);
      const bool needs_row_major = reshape || (kernel && kernel->formats() == Formats::row_major);
      may_[at(v)] = dies[at(v)] && !needs_row_major && !dynamic_cast<const ReduceOp*>(op) &&
                    !same_in_both_formats(vertex.node->shape) && vertex.node->numel() > 0;
      if (!needs_row_major) continue;
      for (const int input : vertex.inputs) may_[at(input)] = 0;  // they come first
    }
  }

  // Whether a value is better channels-last for what it is computed from, or by.
  bool follows(int v) const {
    const Vertex& vertex = graph_.vertices[at(v)];
    const Op* op = vertex.node->op.get();
    if (const auto* kernel = dynamic_cast<const KernelOp*>(op);
        kernel && kernel->formats() == Formats::channels_last)
      return true;
    if (loses_channels(vertex)) return false;
    for (const int input : vertex.inputs) {
      if (is_channels_last(input) && node(input).shape.ndim() == vertex.node->shape.ndim())
        return true;
    }
    return false;
  }

  // Notes whether v likes its inputs channels-last.
  void ask(int v) {
    const Vertex& vertex = graph_.vertices[at(v)];
    if (!vertex.pending) return;
    const Op* op = vertex.node->op.get();
    const auto* kernel = dynamic_cast<const KernelOp*>(op);
    const bool prefers = kernel && kernel->formats() == Formats::channels_last;
    // These take what comes.
    if (dynamic_cast<const ReduceOp*>(op) || loses_channels(vertex)) return;
    if (kernel && !prefers && same_in_both_formats(vertex.node->shape)) return;
    const bool likes = prefers || is_channels_last(v);
    for (const int input : vertex.inputs)
      (likes ? users_[at(input)].like : users_[at(input)].dislike) = true;
  }

  Graph& graph_;
  std::vector<char> may_;  // die within the run, and nothing needs them row-major
  std::vector<Users> users_;
};

}  // namespace

void choose_formats(Graph& graph, const std::vector<Fate>& fates) {
  Choosing(graph, fates).run();
}

}  // namespace tessera
