#include "tests/oracle.h"

#include <cmath>

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "autograd/grad.h"
#include "core/error.h"
#include "io/safetensors.h"
#include "tests/data.h"

namespace tessera::testing {

Oracle::Oracle(const std::string& name)
    : name_(name), archive_(io::load_safetensors(data_file(name + ".safetensors"))) {}

Tensor Oracle::operator()(const std::string& key) const {
  const auto found = archive_.tensors.find(key);
  REQUIRE_MESSAGE(found != archive_.tensors.end(), name_, ".safetensors has no tensor ", key);
  return found->second;
}

void check_close(const Tensor& actual, const Tensor& expected, double rtol) {
  CHECK_MESSAGE(actual.shape() == expected.shape(),
                fmt::format("shape {}, expected {}", actual.shape(), expected.shape()));
  if (actual.shape() != expected.shape()) return;
  const std::vector<double> a = actual.to_vector<double>(), e = expected.to_vector<double>();
  double scale = 0;
  for (const double v : e) scale = std::max(scale, std::isfinite(v) ? std::abs(v) : 0);
  for (size_t i = 0; i < a.size(); ++i) {
    const bool equal = a[i] == e[i] || (std::isnan(a[i]) && std::isnan(e[i])) ||
                       std::abs(a[i] - e[i]) <= rtol * scale;
    CHECK_MESSAGE(equal, fmt::format("element {} of {}: {:.12g}, expected {:.12g}", i,
                                     actual.shape(), a[i], e[i]));
    if (!equal) return;
  }
}

void Oracle::check(const std::string& what, const std::function<Tensor(const Tensors&)>& f,
                   double rtol) const {
  INFO(name_ << ": " << what);
  const std::string owner = has(what + "/x0") ? what : what.substr(0, what.rfind('/'));
  Tensors x;
  for (int i = 0; has(fmt::format("{}/x{}", owner, i)); ++i)
    x.push_back((*this)(fmt::format("{}/x{}", owner, i)));
  const Tensor y = f(x);
  check_close(y, (*this)(what + "/y"), rtol);
  for (size_t i = 0; i < x.size(); ++i) {
    const std::string key = fmt::format("{}/dx{}", what, i);
    if (has(key)) check_close(grad(y, x[i], {.seed = y}), (*this)(key), rtol);
  }
}

}  // namespace tessera::testing
