#pragma once

#include <functional>
#include <string>

#include "io/archive.h"

namespace tessera::testing {

// Values recorded from another implementation by scripts/oracles/<name>.py, kept in
// tests/data/<name>.safetensors. A case "stride 2" has tensors "stride 2/x0", "stride 2/x1", ...
// (inputs), "stride 2/y" (output) and "stride 2/dx0", ... (gradients of sum(y * y) / 2 with respect
// to the inputs that have one). Cases "plane/a" and "plane/b" may share inputs, "plane/x0", ....
class Oracle {
 public:
  explicit Oracle(const std::string& name);

  // A recorded tensor; fails the test when there is none.
  Tensor operator()(const std::string& key) const;
  bool has(const std::string& key) const { return archive_.tensors.count(key) > 0; }

  // Checks f(x0, x1, ...) and its gradients against the record of `what`, relative to the largest
  // element.
  void check(const std::string& what, const std::function<Tensor(const Tensors&)>& f,
             double rtol = 1e-9) const;

 private:
  std::string name_;
  io::Archive archive_;
};

// Fails the test unless shapes are equal and every element differs by at most rtol times the
// largest absolute value of `expected` (NaN equals NaN).
void check_close(const Tensor& actual, const Tensor& expected, double rtol);

}  // namespace tessera::testing
