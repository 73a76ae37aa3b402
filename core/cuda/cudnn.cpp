#include "core/cuda/cudnn.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "core/op.h"

namespace tessera::cuda {

#ifdef TESSERA_CUDNN

namespace {

using Kind = Convolution::Kind;

// What the arrays are called in a plan.
using Name = int64_t;
constexpr Name kX = 1, kW = 2, kY = 3, kBias = 4, kBare = 5;

// Which descriptor and attributes stand for a kind of convolution.
struct Names {
  cudnnBackendDescriptorType_t operation;
  cudnnBackendAttributeName_t x, w, y, convolution, alpha, beta;
};
constexpr std::array<Names, 3> kNames = {{
    {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
     CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
     CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
     CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA},
    {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA},
    {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA},
}};

// cuDNN knows 2 and 3 spatial axes: a single one gets another in front.
Convolution with_two_axes(Convolution c) {
  if (c.input.ndim() > 1) return c;
  for (Shape* shape : {&c.input, &c.kernel, &c.output, &c.stride, &c.dilation})
    *shape = shape->inserted(0, 1);
  c.before = c.before.inserted(0, 0);
  return c;
}

Shape with_channels(int64_t first, int64_t second, const Shape& spatial) {
  return spatial.inserted(0, second).inserted(0, first);
}

// Zeros behind the input, so that the output has its extent.
Shape padding_behind(const Convolution& c) {
  Shape after = c.before;
  for (int i = 0; i < after.ndim(); ++i) {
    const int64_t seen = (c.output[i] - 1) * c.stride[i] + (c.kernel[i] - 1) * c.dilation[i] + 1;
    after[i] = std::max<int64_t>(0, seen - c.input[i] - c.before[i]);
  }
  return after;
}

CudnnObject tensor(const Cudnn& cudnn, Name name, const Shape& shape, MemoryFormat format,
                   DType type, bool in_memory = true) {
  using Place = CudnnArray::Place;
  return cudnn.array({name, shape, strides_of(shape, format), cudnn_type(type),
                      in_memory ? Place::gpu : Place::nowhere});
}

class CudnnConvolutions final : public Convolutions {
 public:
  explicit CudnnConvolutions(const CudnnApi& api) : cudnn_(api) {}

  bool run(Stream& stream, const Convolution& c) override {
    std::string key;
    append_key(key, c.kind, c.type, c.strict, c.format, c.bias != nullptr, c.batch, c.in_channels,
               c.out_channels, c.groups);
    for (const Shape* shape : {&c.input, &c.kernel, &c.output, &c.stride, &c.before, &c.dilation})
      append_key(key, *shape);
    const CudnnPlan* plan = cudnn_.find(stream, key, [&] { return plan_of(cudnn_, c); });
    if (!plan) return false;
    std::vector<Cudnn::Binding> arrays = {{kX, c.x}, {kW, c.w}, {kY, c.y}};
    if (c.bias) arrays.push_back({kBias, c.bias});
    cudnn_.run(stream, *plan, arrays);
    return true;
  }

 private:
  Cudnn cudnn_;
};

}  // namespace

Cudnn::Plan plan_of(const Cudnn& cudnn, const Convolution& given) {
  const Convolution c = with_two_axes(given);
  const DType compute = c.type == f64 ? f64 : f32;
  const Shape x_shape = with_channels(c.batch, c.in_channels, c.input),
              w_shape = with_channels(c.out_channels, c.in_channels / c.groups, c.kernel),
              y_shape = with_channels(c.batch, c.out_channels, c.output);
  const Name result = c.kind == Kind::forward ? kY : c.kind == Kind::backward_data ? kX : kW;
  // With a bias the sum without it is never in memory.
  const auto part = [&](Name name, const Shape& shape) {
    const bool bare = c.bias && name == result;
    return tensor(cudnn, bare ? kBare : name, shape, c.format, bare ? compute : c.type, !bare);
  };
  const CudnnObject x = part(kX, x_shape), w = part(kW, w_shape), y = part(kY, y_shape);

  CudnnObject convolution = cudnn.object(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  convolution.set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, cudnn_type(compute))
      .set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, CUDNN_CROSS_CORRELATION)
      .set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, int64_t{c.input.ndim()})
      .set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, c.before)
      .set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, padding_behind(c))
      .set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, c.stride)
      .set(CUDNN_ATTR_CONVOLUTION_DILATIONS, c.dilation);
  convolution.done();

  const Names& names = kNames[static_cast<size_t>(c.kind)];
  CudnnObject operation = cudnn.object(names.operation);
  operation.set(names.x, x).set(names.w, w).set(names.y, y).set(names.convolution, convolution);
  if (compute == f64) {
    operation.set(names.alpha, CUDNN_TYPE_DOUBLE, 1.0).set(names.beta, CUDNN_TYPE_DOUBLE, 0.0);
  } else {
    operation.set(names.alpha, CUDNN_TYPE_FLOAT, 1.0F).set(names.beta, CUDNN_TYPE_FLOAT, 0.0F);
  }
  if (!operation.finalized()) return nullptr;
  const bool exact = c.strict && c.type == f32;
  if (!c.bias) return cudnn.plan({operation.raw()}, exact);

  const Shape& shape = result == kY ? y_shape : x_shape;
  const CudnnObject bias =
      tensor(cudnn, kBias, Shape::filled(shape.ndim(), 1).with(1, shape[1]), c.format, c.type);
  const CudnnObject sum = tensor(cudnn, result, shape, c.format, c.type);
  CudnnObject add = cudnn.object(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
  add.set(CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, CUDNN_POINTWISE_ADD)
      .set(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, cudnn_type(compute));
  add.done();
  CudnnObject adding = cudnn.object(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
  adding.set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, add)
      .set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, result == kY ? y : x)
      .set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, bias)
      .set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, sum);
  if (!adding.finalized()) return nullptr;
  return cudnn.plan({operation.raw(), adding.raw()}, exact);
}

std::unique_ptr<Convolutions> make_convolutions(const CudnnApi& api) {
  return std::make_unique<CudnnConvolutions>(api);
}

std::unique_ptr<Convolutions> open_cudnn() {
  const CudnnApi api = load_cudnn();
  return api.cudnnCreate ? make_convolutions(api) : nullptr;
}

#else

std::unique_ptr<Convolutions> open_cudnn() {
  return nullptr;
}

#endif

}  // namespace tessera::cuda
