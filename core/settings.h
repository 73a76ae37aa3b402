#pragma once

#include "core/device.h"

namespace tessera {

// The rules of evaluation, each of which can be switched off. Values are the same bits in every
// setting, but for the last: that changes the order of additions on a GPU.
struct Fusion {
  bool inline_single = true;  // a value with one consumer is computed inside it
  bool recompute = true;      // a cheap value with several consumers is computed inside each
  bool siblings = true;       // programs over the same space that share loads run as one
  bool rows = true;           // reductions along rows and their consumers run in one pass
  bool epilogues = true;      // what takes a kernel's result element by element runs with it
  bool channels_last = true;  // convolutions and what surrounds them; on a GPU only
};

// Switches of the current thread.
struct Settings {
  bool grad = true;    // gradients are recorded
  bool eager = false;  // every node is evaluated when it is made
  Device device;       // where tensors are made that are not made from others
  Fusion fusion;
};
Settings& settings();

// Sets a value for the current scope and restores it at the end.
template <class T>
class Scoped {
 public:
  Scoped(T& place, T value) : place_(place), saved_(place) { place = value; }
  ~Scoped() { place_ = saved_; }
  Scoped(const Scoped&) = delete;
  Scoped& operator=(const Scoped&) = delete;

 private:
  T& place_;
  T saved_;
};

// While alive, new tensors remember no history: `NoGrad no_grad;`.
class NoGrad : Scoped<bool> {
 public:
  NoGrad() : Scoped(settings().grad, false) {}
};

// While alive, gradients are recorded again inside a NoGrad.
class EnableGrad : Scoped<bool> {
 public:
  EnableGrad() : Scoped(settings().grad, true) {}
};

// While alive, every operation is computed at once, one by one: for debugging and teaching. Same
// bits as lazy evaluation.
class Eager : Scoped<bool> {
 public:
  Eager() : Scoped(settings().eager, true) {}
};

// While alive, new tensors are made on `device`: `const OnDevice on_gpu(Device::cuda());`.
class OnDevice : Scoped<Device> {
 public:
  explicit OnDevice(Device device) : Scoped(settings().device, device) {}
};

class FusionRules : Scoped<Fusion> {
 public:
  explicit FusionRules(const Fusion& rules) : Scoped(settings().fusion, rules) {}
};

// Number of threads kernels use; results do not depend on it. Initially OMP_NUM_THREADS or the
// number of processors.
int num_threads();
void set_num_threads(int count);

}  // namespace tessera
