#include <cstring>

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "autograd/grad.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/activation.h"
#include "ops/adaptive_pool.h"
#include "ops/axes.h"
#include "ops/binary.h"
#include "ops/interpolate.h"
#include "ops/join.h"
#include "ops/norm.h"
#include "ops/pool.h"
#include "tests/core/cuda/host_gpu.h"
#include "tests/core/cuda/nvrtc.h"
#include "tests/core/cuda/run_samples.h"
#include "tests/ops/close.h"
#include "tests/ops/samples.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

using Bytes = std::vector<std::byte>;

// What an op made of the same values in both formats, in row-major order.
struct Pair {
  std::string op;
  Shape shape;
  DType dtype;
  Bytes row_major, channels_last;
};

// The processor computes everything. Kernel ops that take both formats are computed by a second GPU
// as well: on the same inputs in each. While `asking` that GPU computes nothing, so that all its
// kernels can be compiled together.
class FormatsGpu final : public HostGpu {
 public:
  FormatsGpu() : HostGpu(HostGpuMode::collecting) {}

  void run(const KernelOp& op, std::span<const Array> inputs, const Array& output) override {
    HostGpu::run(op, inputs, output);
    if (op.formats() == KernelOp::Formats::row_major) return;
    device.driver().dry = asking;
    Pair pair{std::string(op.name()), output.shape, output.dtype, {}, {}};
    if (!compute(op, inputs, output, MemoryFormat::row_major, pair.row_major)) return;
    CHECK(compute(op, inputs, output, MemoryFormat::channels_last, pair.channels_last));
    if (!asking) pairs.push_back(std::move(pair));
  }

  HostGpu device{HostGpuMode::whole};
  bool asking = true;
  std::vector<Pair> pairs;

 private:
  bool compute(const KernelOp& op, std::span<const Array> inputs, const Array& output,
               MemoryFormat format, Bytes& result) {
    // Nothing is read or left that was not written.
    const int garbage = format == MemoryFormat::row_major ? 0xff : 0x7f;
    std::vector<Ref<Buffer>> copies;
    const auto copy = [&](const Array& array) {
      const auto bytes = array.numel() * size_of(array.dtype);
      copies.push_back(allocate(bytes));
      std::memset(copies.back()->data, garbage, static_cast<size_t>(bytes));
      const MemoryFormat own = array.shape.ndim() < 3 ? MemoryFormat::row_major : format;
      return Array{copies.back()->data, array.shape, array.dtype, own};
    };
    std::vector<Array> in;
    for (const Array& input : inputs) {
      in.push_back(copy(input));
      copy_elements(input, in.back());
    }
    const Array out = copy(output);
    if (!op.run_cuda(device.stream(), in, out)) return false;
    result.resize(static_cast<size_t>(output.numel() * size_of(output.dtype)));
    copy_elements(out, {result.data(), output.shape, output.dtype});
    return true;
  }
};

// The order of additions differs.
bool adds(const std::string& op) {
  return op == "channel_moments" || op == "channel_norm_sums" || op.starts_with("conv") ||
         op == "avg_pool";
}

void check(const Pair& pair) {
  CAPTURE(pair.op);
  if (!adds(pair.op)) {
    CHECK((pair.row_major == pair.channels_last));
    return;
  }
  const OnDevice on(Device::cpu());
  const DType type = compute_type(pair.dtype);
  const Tensor expected = from_bytes(pair.row_major.data(), pair.shape, pair.dtype),
               result = from_bytes(pair.channels_last.data(), pair.shape, pair.dtype);
  const auto same = [&](const Tensor& a, const Tensor& b) {
    CHECK(difference(cast(a, type), cast(b, type), tolerance_of(pair.dtype)) == "");
  };
  same(result, expected);
  // Variances by themselves, however great the means are.
  if (pair.op == "channel_moments") same(select(result, 0, 1), select(expected, 0, 1));
}

// Calls for_all(f), which calls f for samples and dtypes, and compares what they compute. Returns
// the ops that were compared. All that they launch is compiled by NVRTC as well, if it should be:
// texts that differ in numbers only, such as the width of packs, are the same to registry_test.
enum class Kernels : uint8_t { as_they_are, by_nvrtc };
template <class ForAll>
std::set<std::string> compare_formats(Kernels kernels, ForAll&& for_all) {
  const WithHostGpu number;
  const auto gpu = std::make_shared<FormatsGpu>();
  set_backend(host_gpu(), gpu);
  for_all([](const Sample& sample, DType dtype) { run(sample, dtype); });
  const std::set<std::string> texts = gpu->device.texts();
  const cuda::Compiler* nvrtc = kernels == Kernels::by_nvrtc ? installed_nvrtc() : nullptr;
  if (nvrtc) CHECK(!nvrtc->compile(joined({texts.begin(), texts.end()}), 90).empty());
  HostKernels::instance().compile(texts);
  gpu->asking = false;
  std::set<std::string> ops;
  for_all([&](const Sample& sample, DType dtype) {
    run(sample, dtype);
    INFO(sample.what << " " << name_of(dtype));
    for (const Pair& pair : gpu->pairs) {
      ops.insert(pair.op);
      check(pair);
    }
    gpu->pairs.clear();
  });
  return ops;
}

using Each = std::function<void(const Sample&, DType)>;

// Any function of images of every rank.
struct Case {
  const char* what;
  std::function<Tensor(const Tensor& x, int axes)> f;
  bool whole_planes = false;  // it adds or compares all their elements
};

Tensor max_pool(const Tensor& x, int axes, const PerAxis& kernel, const PoolOptions& options) {
  return (axes == 1 ? max_pool1d : axes == 2 ? max_pool2d : max_pool3d)(x, kernel, options);
}
Tensor avg_pool(const Tensor& x, int axes, const PerAxis& kernel, const AvgPoolOptions& options) {
  return (axes == 1 ? avg_pool1d : axes == 2 ? avg_pool2d : avg_pool3d)(x, kernel, options);
}
Tensor adaptive_max(const Tensor& x, int axes, const PerAxis& size) {
  return (axes == 1   ? adaptive_max_pool1d
          : axes == 2 ? adaptive_max_pool2d
                      : adaptive_max_pool3d)(x, size);
}
Tensor adaptive_avg(const Tensor& x, int axes, const PerAxis& size) {
  return (axes == 1   ? adaptive_avg_pool1d
          : axes == 2 ? adaptive_avg_pool2d
                      : adaptive_avg_pool3d)(x, size);
}
// Numbers from `first` on, in the type of a norm's parameters.
Tensor per_channel(const Tensor& x, double first) {
  return cast(uniform({x.shape(1)}, first, first + 1), compute_type(x.dtype()));
}

const Case cases[] = {
    {"max pool", [](const Tensor& x, int axes) { return max_pool(x, axes, 2, {}); }},
    {"max pool, overlapping",
     [](const Tensor& x, int axes) { return max_pool(x, axes, 3, {.stride = 2, .padding = 1}); }},
    {"at the maxima",
     [](const Tensor& x, int axes) {
       const Tensor y = max_pool(x, axes, 2, {});
       return grad(y, x, {.seed = y * y});
     }},
    {"average pool", [](const Tensor& x, int axes) { return avg_pool(x, axes, 2, {}); }},
    {"average pool, overlapping",
     [](const Tensor& x, int axes) { return avg_pool(x, axes, 3, {.stride = 2, .padding = 1}); }},
    {"greatest", [](const Tensor& x, int axes) { return adaptive_max(x, axes, 1); }, true},
    {"mean", [](const Tensor& x, int axes) { return adaptive_avg(x, axes, 1); }, true},
    {"adaptive", [](const Tensor& x, int axes) { return adaptive_avg(x, axes, 2); }},
    {"cat channels",
     [](const Tensor& x, int) {
       return cat({x, x * 2, x}, 1);
     }},
    {"cat images",
     [](const Tensor& x, int) {
       return cat({x, x * 2}, 0);
     }},
    {"cat pixels",
     [](const Tensor& x, int) {
       return cat({x, x * 2}, 2);
     }},
    {"twice", [](const Tensor& x, int) { return interpolate(x, {.scale_factor = {2.0}}); }},
    {"linear",
     [](const Tensor& x, int axes) {
       const Interpolation modes[] = {Interpolation::linear, Interpolation::bilinear,
                                      Interpolation::trilinear};
       return interpolate(x, {.size = 3, .mode = modes[axes - 1]});
     }},
    {"batch norm",
     [](const Tensor& x, int) {
       const Tensor weight = per_channel(x, 0.5), bias = per_channel(x, -0.2);
       return relu(batch_norm_train(x, {}, {}, weight, bias).output);
     },
     true},
    {"instance norm", [](const Tensor& x, int) { return instance_norm(x); }, true},
    {"group norm",
     [](const Tensor& x, int) {
       return group_norm(x, x.shape(1) % 2 == 0 ? 2 : 1, per_channel(x, -0.5));
     },
     true},
};

// Not windows that are greater than the plane, nor norms of nothing.
bool fits(const Sample& sample, DType dtype) {
  try {
    sample.f({cast(sample.inputs[0], dtype)});
  } catch (const Error&) {
    return false;
  }
  return true;
}

// Few, odd and many channels, a pixel, no image; and planes that are cut into parts.
SampleList shapes_of_all_kinds() {
  SampleList samples;
  const auto add = [&](const Case& each, const Tensor& x) {
    const int axes = x.ndim() - 2;
    samples.push_back({fmt::format("{} {}", each.what, x.shape().str()),
                       [&each, axes](const Tensors& xs) { return each.f(xs[0], axes); },
                       {x}});
  };
  for (const Case& each : cases) {
    for (const int64_t C : {1, 3, 17, 32, 33}) {
      for (const Shape& shape : {Shape{2, C, 1}, Shape{1, C, 300}, Shape{0, C, 4, 4},
                                 Shape{2, C, 1, 1}, Shape{2, C, 5, 6}, Shape{1, C, 3, 2, 5}})
        add(each, distinct(shape));
    }
    if (!each.whole_planes) continue;
    for (const Shape& shape : {Shape{2, 16, 40, 70}, Shape{1, 72, 30, 20}}) {
      for (const double mean : {0.0, 100.0}) add(each, uniform(shape, mean - 1, mean + 1));
    }
  }
  return samples;
}

}  // namespace

TEST_SUITE("core/cuda/formats") {
  TEST_CASE("the samples of all operators are the same in both formats") {
    const auto ops = compare_formats(Kernels::as_they_are, [](const Each& f) {
      for_each_sample(host_gpu(), {},
                      [&](SampleMaker, size_t, const Sample& sample, DType d) { f(sample, d); });
    });
    CHECK(ops.contains("max_pool_indices"));
  }

  TEST_CASE("arrays of all kinds of shapes are the same in both formats") {
    const auto ops = compare_formats(Kernels::by_nvrtc, [](const Each& f) {
      const OnDevice on(host_gpu());
      for (const Sample& sample : shapes_of_all_kinds()) {
        for (const DType dtype : {f64, f32, bf16})
          if (fits(sample, dtype)) f(sample, dtype);
      }
    });
    const std::vector<std::string> expected{
        "max_pool",          "max_pool_backward",     "max_pool_gather",
        "avg_pool",          "avg_pool_backward",     "cat",
        "resample",          "resample_adjoint",      "channel_moments",
        "channel_norm_sums", "channel_norm_backward", "batch_norm_relu"};
    for (const std::string& op : expected) {
      CAPTURE(op);
      CHECK(ops.contains(op));
    }
  }
}
