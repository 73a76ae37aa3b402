#include "ops/random.h"

#include "core/cpu/isa.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/sort.h"
#include "ops/unary.h"

TESSERA_FOR_EACH_ISA(extern const TileFn random_tiles[])

namespace tessera {

namespace {

// What a random op computes, in the order of random_tiles.
enum class Kind : uint8_t { bits, uniform_f32, uniform_f64, normal_f32, normal_f64, below };

class RandomOp final : public MapOp {
 public:
  RandomOp(const char* name, Kind kind) : name_(name), kind_(kind) {}
  std::string_view name() const override { return name_; }
  TileFn tile(DType) const override {
    return TESSERA_SELECT(random_tiles)[static_cast<size_t>(kind_)];
  }
  ScalarFunction function() const override {
    static constexpr const char* names[] = {
        "random::Drawn<random::Bits>",       "random::Drawn<random::UniformF32>",
        "random::Drawn<random::UniformF64>", "random::Drawn<random::NormalF32>",
        "random::Drawn<random::NormalF64>",  "random::Below"};
    return {names[static_cast<size_t>(kind_)], "ops/random_functions.h"};
  }
  bool differentiable() const override { return false; }
  bool cheap() const override { return false; }

 private:
  const char* name_;
  Kind kind_;
};

// A random tensor of its own number. The seed and the number are inputs and no attributes, so that
// the plan of a training step is used again.
Tensor draw(const RandomOp& op, const Shape& shape, DType dtype) {
  const RandomState state = next_random();
  const Tensor seed = scalar(static_cast<int64_t>(state.seed), i64);
  const Tensor number = scalar(static_cast<int64_t>(state.next), i64);
  return make_node(static_op(op), {seed, number, iota(shape)}, shape, dtype);
}

Tensor uniform(const Shape& shape, DType dtype) {
  static const RandomOp in_f32("rand", Kind::uniform_f32), in_f64("rand f64", Kind::uniform_f64);
  if (dtype == f64) return draw(in_f64, shape, f64);
  Tensor u = draw(in_f32, shape, f32);
  if (dtype == f32) return u;
  // As many bits as the half has: rounding could give 1.
  const double steps = dtype == bf16 ? 0x1p8 : 0x1p11;
  return cast(floor(u * steps) / steps, dtype);
}

// 64 random bits each.
Tensor bits(const Shape& shape) {
  static const RandomOp op("random bits", Kind::bits);
  return draw(op, shape, i64);
}

// Whether every whole number in [low, high) is one of `dtype`.
bool holds(DType dtype, int64_t low, int64_t high) {
  switch (dtype) {
    case bool_:
      return low >= 0 && high <= 2;
    case u8:
      return low >= 0 && high <= 256;
    case i32:
      return low >= -(int64_t{1} << 31) && high <= int64_t{1} << 31;
    default:
      return true;
  }
}

}  // namespace

Tensor rand(const Shape& shape, DType dtype, const std::source_location& where) {
  const Call call("rand", where);
  require(is_floating(dtype), "rand: dtype must be floating, got {}", dtype);
  return fresh_leaf(uniform(shape, dtype));
}

Tensor randn(const Shape& shape, DType dtype, const std::source_location& where) {
  const Call call("randn", where);
  require(is_floating(dtype), "randn: dtype must be floating, got {}", dtype);
  static const RandomOp in_f32("randn", Kind::normal_f32), in_f64("randn f64", Kind::normal_f64);
  const bool wide = dtype == f64;
  return fresh_leaf(cast(draw(wide ? in_f64 : in_f32, shape, wide ? f64 : f32), dtype));
}

Tensor randint(int64_t low, int64_t high, const Shape& shape, DType dtype,
               const std::source_location& where) {
  const Call call("randint", where);
  require(low < high, "randint: low must be below high, got {} and {}", low, high);
  require(holds(dtype, low, high), "randint: {} does not hold all of [{}, {})", dtype, low, high);
  static const RandomOp below("random below", Kind::below);
  const auto count = static_cast<int64_t>(static_cast<uint64_t>(high) - static_cast<uint64_t>(low));
  const Tensor y = make_node(static_op(below), {bits(shape), scalar(count, i64)}, shape, i64);
  return cast(y + low, dtype);
}

Tensor randperm(int64_t n, DType dtype, const std::source_location& where) {
  const Call call("randperm", where);
  require(n >= 0, "randperm: n must not be negative, got {}", n);
  require(is_floating(dtype) || holds(dtype, 0, n), "randperm: {} does not hold all of [0, {})",
          dtype, n);
  return cast(argsort(bits({n})), dtype);
}

Tensor bernoulli(const Operand& p) {
  const Call call("bernoulli", p.where);
  require(is_floating(p.dtype()), "bernoulli: p must be floating, got {}", p.dtype());
  return cast(uniform(p.shape(), p.dtype() == f64 ? f64 : f32) < p, p.dtype());
}

}  // namespace tessera
