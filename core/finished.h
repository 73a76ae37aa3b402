#pragma once

#include <cstdint>

namespace tessera {

// Told by a kernel, from any of its threads, that elements [begin, begin + n) of its result, in
// row-major order, are final: what follows is computed while they are in the cache. A kernel tells
// of every element once.
class Finished {
 public:
  Finished() = default;  // nobody listens
  // Calls listener(begin, n), which must outlive this.
  template <class F>
  explicit Finished(const F& listener)
      : listener_(&listener), call_([](const void* opaque, int64_t begin, int64_t n) {
          (*static_cast<const F*>(opaque))(begin, n);
        }) {}

  explicit operator bool() const { return call_ != nullptr; }

  // What follows is relu in place and nothing else. A kernel that takes it over while it has the
  // results in registers tells nothing.
  static Finished with_relu(const Finished& listener) {
    Finished result = listener;
    result.is_relu_ = true;
    return result;
  }
  bool is_relu() const { return is_relu_; }
  void operator()(int64_t begin, int64_t n) const {
    if (call_ && n > 0) call_(listener_, offset_ + begin, n);
  }
  // For a kernel that computes the elements from `offset` on.
  Finished from(int64_t offset) const {
    Finished part = *this;
    part.offset_ += offset;
    return part;
  }

 private:
  const void* listener_ = nullptr;
  void (*call_)(const void* listener, int64_t begin, int64_t n) = nullptr;
  int64_t offset_ = 0;
  bool is_relu_ = false;
};

}  // namespace tessera
