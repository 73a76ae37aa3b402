#include "core/amp.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "core/op.h"
#include "core/settings.h"

namespace tessera {

namespace {

// A variable that is read several times in a step is cast once.
struct CastVariable {
  uint64_t value = 0;  // the node of which `cast` was made
  Tensor cast;
};

struct AmpState {
  std::optional<DType> dtype;
  std::unordered_map<uint64_t, CastVariable> casts;  // by variable, while any Amp is on
};

AmpState& amp_state() {
  static thread_local AmpState state;
  return state;
}

// Whether gradients reach the variable through its cast wherever they should: a cast made without
// them, or whose history an evaluation has dropped, is of no more use than to those who want none.
bool serves(const CastVariable& entry, const Node* value, DType dtype) {
  const Node* const node = entry.cast.node();
  return node != nullptr && entry.value == value->id && node->dtype == dtype &&
         (node->inputs() > 0 || !settings().grad);
}

Tensor cast_variable(const Tensor& x, DType dtype) {
  CastVariable& entry = amp_state().casts[x.node()->id];
  const Node* const value = x.value_node();
  if (!serves(entry, value, dtype)) entry = {value->id, cast(x, dtype)};
  return entry.cast;
}

bool may_change(const Tensor& x) {
  return amp_state().dtype && x.defined() && is_floating(x.dtype()) && x.dtype() != f64;
}

}  // namespace

Amp::Amp(std::optional<DType> dtype) : saved_(amp_state().dtype) {
  require(!dtype || is_half(*dtype), "Amp: the dtype must be bf16 or f16, got {}",
          dtype.value_or(f32));
  amp_state().dtype = dtype;
}

Amp::~Amp() {
  amp_state().dtype = saved_;
  if (!saved_) amp_state().casts.clear();
}

std::optional<DType> amp_of_name(std::string_view name) {
  if (name == "bf16") return bf16;
  if (name == "f16") return f16;
  require(name == "off", "amp must be bf16, f16 or off, got '{}'", name);
  return std::nullopt;
}

std::optional<DType> amp_dtype() {
  return amp_state().dtype;
}

namespace detail {

Tensor amp_low(const Tensor& x) {
  if (!may_change(x)) return x;
  const DType dtype = *amp_state().dtype;
  if (x.dtype() == dtype) return x;
  return is_variable(x) ? cast_variable(x, dtype) : cast(x, dtype);
}

Tensor amp_full(const Tensor& x) {
  return may_change(x) && is_half(x.dtype()) ? cast(x, f32) : x;
}

bool amp_wants_full(std::string_view op) {
  static constexpr std::string_view kOps[] = {"acos",  "asin",       "cosh",  "exp",   "exp2",
                                              "expm1", "log",        "log10", "log1p", "log2",
                                              "pow",   "reciprocal", "rsqrt", "sinh",  "tan"};
  return std::find(std::begin(kOps), std::end(kOps), op) != std::end(kOps);
}

}  // namespace detail

}  // namespace tessera
