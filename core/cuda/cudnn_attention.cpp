#include <algorithm>
#include <array>
#include <deque>
#include <limits>
#include <string>
#include <vector>

#include "core/cuda/cudnn.h"
#include "core/cuda/stream.h"
#include "core/error.h"
#include "core/op.h"

namespace tessera::cuda {

#ifdef TESSERA_CUDNN

namespace {

using Kind = Attention::Kind;
using Place = CudnnArray::Place;

// What the arrays are called in a plan, and the numbers, which are read from the processor's
// memory. Intermediate results have names from kFirstFree on.
using Name = int64_t;
constexpr Name kQ = 1, kK = 2, kV = 3, kY = 4, kLogSums = 5, kDy = 6, kDq = 7, kDk = 8, kDv = 9,
               kMeans = 10, kScale = 11, kOne = 12, kNever = 13, kFirstFree = 14;

Shape transposed(const Shape& shape) {
  return shape.with(2, shape[3]).with(3, shape[2]);
}

// Writes a graph, operation by operation. Scores and what follows from them are f32 and nowhere in
// memory; [1, heads, queries, keys], and what is reduced of them [1, heads, queries, 1].
class Graph {
 public:
  explicit Graph(const Cudnn& cudnn) : cudnn_(cudnn) {}

  struct Value {
    const CudnnObject* object;
    Shape shape, strides;
  };

  Value add(const CudnnArray& array) {
    arrays_.push_back(cudnn_.array(array));
    return {&arrays_.back(), array.shape, array.strides};
  }
  // [1, heads, rows, columns], or its transpose, which has the same elements.
  Value matrix(Name name, DType type, int64_t heads, int64_t rows, int64_t columns,
               bool transpose = false) {
    const Shape shape = {1, heads, rows, columns}, strides = row_major_strides(shape);
    return transpose ? add({name, transposed(shape), transposed(strides), cudnn_type(type)})
                     : add({name, shape, strides, cudnn_type(type)});
  }
  Value number(Name name) {
    return add({name, {1, 1, 1, 1}, {1, 1, 1, 1}, CUDNN_DATA_FLOAT, Place::host});
  }

  Value between(const Shape& shape, cudnnDataType_t type = CUDNN_DATA_FLOAT) {
    return add({next_++, shape, row_major_strides(shape), type, Place::nowhere});
  }

  // to = f(a), f(a, b) or, of a selection, where ? a : b.
  void apply(cudnnPointwiseMode_t mode, const Value& to, const Value& a, const Value* b = nullptr,
             const Value* where = nullptr, cudnnDataType_t compute = CUDNN_DATA_FLOAT,
             int64_t axis = -1) {
    CudnnObject& kind = begin(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
    kind.set(CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, mode)
        .set(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, compute);
    if (axis >= 0) kind.set(CUDNN_ATTR_POINTWISE_AXIS, CUDNN_TYPE_INT64, axis);
    kind.done();
    CudnnObject& operation = begin(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    operation.set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, kind)
        .set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, *a.object)
        .set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, *to.object);
    if (b) operation.set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, *b->object);
    if (where) operation.set(CUDNN_ATTR_OPERATION_POINTWISE_TDESC, *where->object);
    finish(operation);
  }
  Value of(cudnnPointwiseMode_t mode, const Value& a, const Value* b = nullptr) {
    const Value to = between(a.shape);
    apply(mode, to, a, b);
    return to;
  }

  // Of each row.
  Value reduced(cudnnReduceTensorOp_t mode, const Value& a) {
    const Value to = between(a.shape.with(3, 1));
    CudnnObject& kind = begin(CUDNN_BACKEND_REDUCTION_DESCRIPTOR);
    kind.set(CUDNN_ATTR_REDUCTION_OPERATOR, CUDNN_TYPE_REDUCTION_OPERATOR_TYPE, mode)
        .set(CUDNN_ATTR_REDUCTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT);
    kind.done();
    CudnnObject& operation = begin(CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR);
    operation.set(CUDNN_ATTR_OPERATION_REDUCTION_DESC, kind)
        .set(CUDNN_ATTR_OPERATION_REDUCTION_XDESC, *a.object)
        .set(CUDNN_ATTR_OPERATION_REDUCTION_YDESC, *to.object);
    finish(operation);
    return to;
  }

  void multiply(const Value& to, const Value& a, const Value& b) {
    CudnnObject& kind = begin(CUDNN_BACKEND_MATMUL_DESCRIPTOR);
    kind.set(CUDNN_ATTR_MATMUL_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT);
    kind.done();
    CudnnObject& operation = begin(CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR);
    operation.set(CUDNN_ATTR_OPERATION_MATMUL_DESC, kind)
        .set(CUDNN_ATTR_OPERATION_MATMUL_ADESC, *a.object)
        .set(CUDNN_ATTR_OPERATION_MATMUL_BDESC, *b.object)
        .set(CUDNN_ATTR_OPERATION_MATMUL_CDESC, *to.object);
    finish(operation);
  }

  // As a product takes the transpose of `a`: the same elements, of this type.
  Value transpose(const Value& a, DType type) {
    const Value to = add(
        {next_++, transposed(a.shape), transposed(a.strides), cudnn_type(type), Place::nowhere});
    CudnnObject& operation = begin(CUDNN_BACKEND_OPERATION_RESHAPE_DESCRIPTOR);
    operation.set(CUDNN_ATTR_OPERATION_RESHAPE_XDESC, *a.object)
        .set(CUDNN_ATTR_OPERATION_RESHAPE_YDESC, *to.object);
    finish(operation);
    return to;
  }

  // The scores of later keys become -inf.
  Value causal(const Value& scores) {
    const Value query = between(scores.shape, CUDNN_DATA_INT32),
                key = between(scores.shape, CUDNN_DATA_INT32),
                seen = between(scores.shape, CUDNN_DATA_BOOLEAN), to = between(scores.shape),
                never = number(kNever);
    apply(CUDNN_POINTWISE_GEN_INDEX, query, scores, nullptr, nullptr, CUDNN_DATA_FLOAT, 2);
    apply(CUDNN_POINTWISE_GEN_INDEX, key, scores, nullptr, nullptr, CUDNN_DATA_FLOAT, 3);
    apply(CUDNN_POINTWISE_CMP_GE, seen, query, &key, nullptr, CUDNN_DATA_BOOLEAN);
    apply(CUDNN_POINTWISE_BINARY_SELECT, to, scores, &never, &seen);
    return to;
  }

  Cudnn::Plan plan() const { return cudnn_.plan(operations_, false); }

 private:
  CudnnObject& begin(cudnnBackendDescriptorType_t type) {
    objects_.push_back(cudnn_.object(type));
    return objects_.back();
  }
  void finish(CudnnObject& operation) {
    operation.done();
    operations_.push_back(operation.raw());
  }

  const Cudnn& cudnn_;
  Name next_ = kFirstFree;
  std::deque<CudnnObject> arrays_, objects_;
  std::vector<cudnnBackendDescriptor_t> operations_;
};

// cuDNN knows attention by its parts: it looks for just these operations.
Cudnn::Plan plan_forward(const Cudnn& cudnn, const Attention& a) {
  Graph graph(cudnn);
  const Shape scores = {1, a.heads, a.queries, a.keys};
  const auto q = graph.matrix(kQ, a.type, a.heads, a.queries, a.width),
             k = graph.matrix(kK, a.type, a.heads, a.keys, a.width, true),
             v = graph.matrix(kV, a.type, a.heads, a.keys, a.value_width),
             y = graph.matrix(kY, a.type, a.heads, a.queries, a.value_width),
             log_sums = graph.matrix(kLogSums, f32, a.heads, a.queries, 1),
             scale = graph.number(kScale), products = graph.between(scores),
             weights = graph.between(scores, cudnn_type(a.type));
  graph.multiply(products, q, k);
  auto score = graph.of(CUDNN_POINTWISE_MUL, products, &scale);
  if (a.causal) score = graph.causal(score);
  const auto greatest = graph.reduced(CUDNN_REDUCE_TENSOR_MAX, score),
             below = graph.of(CUDNN_POINTWISE_SUB, score, &greatest),
             powers = graph.of(CUDNN_POINTWISE_EXP, below),
             total = graph.reduced(CUDNN_REDUCE_TENSOR_ADD, powers),
             log_total = graph.of(CUDNN_POINTWISE_LOG, total);
  graph.apply(CUDNN_POINTWISE_ADD, log_sums, greatest, &log_total);
  graph.apply(CUDNN_POINTWISE_DIV, weights, powers, &total);
  graph.multiply(y, weights, v);
  return graph.plan();
}

// With P = softmax(scores) and dS = scale P (dy v^T - sum(y dy)): dv = P^T dy, dk = dS^T q and
// dq = dS k. That dq is the result of its product, not of sums in memory, is what makes it the same
// in every run.
Cudnn::Plan plan_backward(const Cudnn& cudnn, const Attention& a) {
  Graph graph(cudnn);
  const Shape scores = {1, a.heads, a.queries, a.keys};
  const auto q = graph.matrix(kQ, a.type, a.heads, a.queries, a.width),
             k = graph.matrix(kK, a.type, a.heads, a.keys, a.width, true),
             v = graph.matrix(kV, a.type, a.heads, a.keys, a.value_width, true),
             y = graph.matrix(kY, a.type, a.heads, a.queries, a.value_width),
             dy = graph.matrix(kDy, a.type, a.heads, a.queries, a.value_width),
             log_sums = graph.matrix(kLogSums, f32, a.heads, a.queries, 1),
             means = graph.matrix(kMeans, f32, a.heads, a.queries, 1),
             dq = graph.matrix(kDq, a.type, a.heads, a.queries, a.width),
             dk = graph.matrix(kDk, a.type, a.heads, a.keys, a.width),
             dv = graph.matrix(kDv, a.type, a.heads, a.keys, a.value_width),
             scale = graph.number(kScale), one = graph.number(kOne),
             products = graph.between(scores), slopes = graph.between(scores);
  const auto mean = graph.reduced(CUDNN_REDUCE_TENSOR_ADD, graph.of(CUDNN_POINTWISE_MUL, dy, &y));
  graph.apply(CUDNN_POINTWISE_MUL, means, mean, &one);

  graph.multiply(products, q, k);
  const auto score = graph.of(CUDNN_POINTWISE_MUL, products, &scale);
  auto below = graph.of(CUDNN_POINTWISE_SUB, score, &log_sums);
  if (a.causal) below = graph.causal(below);
  const auto weights = graph.of(CUDNN_POINTWISE_EXP, below);
  graph.multiply(dv, graph.transpose(weights, a.type), dy);

  graph.multiply(slopes, dy, v);
  const auto above = graph.of(CUDNN_POINTWISE_SUB, slopes, &means),
             weighted = graph.of(CUDNN_POINTWISE_MUL, above, &weights),
             scaled = graph.of(CUDNN_POINTWISE_MUL, weighted, &scale);
  graph.multiply(dk, graph.transpose(scaled, a.type), q);
  graph.multiply(dq, scaled, graph.transpose(k, a.type));
  return graph.plan();
}

// Whether cuDNN of this version computes it, and right.
bool supported(const Attention& a, int64_t version) {
  constexpr int64_t kWidest = 128;
  const auto fits = [](int64_t width) { return width > 0 && width <= kWidest && width % 8 == 0; };
  if ((a.type != f16 && a.type != bf16) || !fits(a.width) || !fits(a.value_width)) return false;
  if (a.queries < 2 || a.keys < 2 || a.heads < 1) return false;
  if (version < 90000 || version == 91000 || version == 91001) return false;
  // Until then the last keys need a mask of their own, unless they fill a block.
  if (a.kind == Kind::backward && version <= 91500 && a.keys % 128 != 0) return false;
  const std::array<const std::byte*, 9> all = {a.q,  a.k,  a.v,  a.y, a.log_sums,
                                               a.dy, a.dq, a.dk, a.dv};
  return std::ranges::all_of(all, [](const std::byte* array) {
    return reinterpret_cast<uintptr_t>(array) % kCudnnAlignment == 0;
  });
}

// How many heads a plan may have, 0 for none. That of the gradients needs 2 bytes of memory for
// each score, as dq is the product of a matrix that is there as a whole.
int64_t most_heads(const Attention& a) {
  constexpr int64_t kMostHeads = 65532, kMostBytes = int64_t{1} << 28;
  const auto padded = [](int64_t n) { return (n + 127) / 128 * 128; };
  const int64_t bytes = 2 * padded(a.queries) * padded(a.keys);
  int64_t most =
      a.kind == Kind::forward ? kMostHeads : std::clamp<int64_t>(kMostBytes / bytes, 1, kMostHeads);
  // Where the second plan begins, log_sums are aligned, too.
  constexpr auto step = kCudnnAlignment / static_cast<int64_t>(sizeof(float));
  if (most < a.heads && a.queries % step != 0) most = most / step * step;
  return most;
}

// `count` heads from the `first` on.
Attention part(const Attention& a, int64_t first, int64_t count) {
  Attention some = a;
  some.heads = count;
  const auto move = [&](auto*& array, int64_t elements, DType type) {
    if (array) array += first * elements * size_of(type);
  };
  move(some.q, a.queries * a.width, a.type);
  move(some.dq, a.queries * a.width, a.type);
  move(some.k, a.keys * a.width, a.type);
  move(some.dk, a.keys * a.width, a.type);
  move(some.v, a.keys * a.value_width, a.type);
  move(some.dv, a.keys * a.value_width, a.type);
  move(some.y, a.queries * a.value_width, a.type);
  move(some.dy, a.queries * a.value_width, a.type);
  move(some.log_sums, a.queries, f32);
  return some;
}

class CudnnAttentions final : public Attentions {
 public:
  explicit CudnnAttentions(const CudnnApi& api) : cudnn_(api) {}

  // What cuDNN refuses is no error: there are kernels of our own.
  bool run(Stream& stream, const Attention& a) override {
    const int64_t most = most_heads(a);
    if (most == 0 || !supported(a, cudnn_.version())) return false;
    for (int64_t first = 0; first < a.heads; first += most) {
      const Attention some = part(a, first, std::min(most, a.heads - first));
      try {
        const CudnnPlan* plan = find(stream, some);
        if (!plan) return false;
        run(stream, some, *plan);
      } catch (const CudnnRefusal&) {
        return false;
      }
    }
    return true;
  }

 private:
  const CudnnPlan* find(Stream& stream, const Attention& a) {
    std::string key;
    append_key(key, a.kind, a.type, a.causal, a.heads, a.queries, a.keys, a.width, a.value_width);
    return cudnn_.find(stream, key, [&]() -> Cudnn::Plan {
      try {
        return plan_of(cudnn_, a);
      } catch (const CudnnRefusal&) {
        return nullptr;
      }
    });
  }

  void run(Stream& stream, const Attention& a, const CudnnPlan& plan) {
    const auto scale = static_cast<float>(a.scale), one = 1.0F;
    // Older ones make NaN of infinities.
    const float never = cudnn_.version() < 91000 ? std::numeric_limits<float>::lowest()
                                                 : -std::numeric_limits<float>::infinity();
    std::vector<Cudnn::Binding> arrays = {
        {kQ, a.q}, {kK, a.k}, {kV, a.v}, {kY, a.y}, {kLogSums, a.log_sums}, {kScale, &scale}};
    if (a.causal) arrays.push_back({kNever, &never});
    if (a.kind == Kind::forward) return cudnn_.run(stream, plan, arrays);
    const auto means = stream.scratch(a.heads * a.queries * size_of(f32));
    const std::array<Cudnn::Binding, 6> more = {
        {{kDy, a.dy}, {kDq, a.dq}, {kDk, a.dk}, {kDv, a.dv}, {kMeans, means.data()}, {kOne, &one}}};
    arrays.insert(arrays.end(), more.begin(), more.end());
    cudnn_.run(stream, plan, arrays);
  }

  Cudnn cudnn_;
};

}  // namespace

Cudnn::Plan plan_of(const Cudnn& cudnn, const Attention& a) {
  return a.kind == Kind::forward ? plan_forward(cudnn, a) : plan_backward(cudnn, a);
}

std::unique_ptr<Attentions> make_attentions(const CudnnApi& api) {
  return std::make_unique<CudnnAttentions>(api);
}

std::unique_ptr<Attentions> open_cudnn_attention() {
  const CudnnApi api = load_cudnn();
  return api.cudnnCreate ? make_attentions(api) : nullptr;
}

#else

std::unique_ptr<Attentions> open_cudnn_attention() {
  return nullptr;
}

#endif

}  // namespace tessera::cuda
