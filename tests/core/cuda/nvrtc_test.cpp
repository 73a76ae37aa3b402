#include <algorithm>

#include <doctest/doctest.h>

#include "core/cuda/compiler.h"
#include "tests/core/cuda/nvrtc.h"
#include "tests/error_of.h"

using namespace tessera;
using namespace tessera::testing;

TEST_SUITE("core/cuda/nvrtc") {
  TEST_CASE("the headers that kernels include are in the library") {
    for (const std::string name :
         {"core/cuda/kernel.h", "ops/unary_functions.h", "core/scalar.h"}) {
      CHECK(std::ranges::any_of(cuda::kernel_sources(), [&](const cuda::Source& source) {
        return source.name == name && std::string(source.text).find("namespace tessera") > 0;
      }));
    }
  }

  TEST_CASE("text becomes code for each architecture, and mistakes an error with its line") {
    const cuda::Compiler* nvrtc = installed_nvrtc();
    if (!nvrtc) return;
    CHECK(nvrtc->version().starts_with("nvrtc 1"));
    const std::string text = R"(#include "core/cuda/kernel.h"
#include "ops/activation_functions.h"
using namespace tessera;
using A = Args<2, 1>;
TESSERA_KERNEL(tessera_program, A) {
  TESSERA_THREADS {
    const auto x = static_cast<float>(static_cast<BFloat16*>(a.slot[0])[thread]);
    static_cast<Half*>(a.slot[1])[thread] = Half(activation::Gelu::f(x));
  }
}
)";
    for (const int architecture : {80, 90, 100})
      CHECK(nvrtc->compile(text, architecture).substr(1, 3) == "ELF");
    const std::string error = error_of([&] { nvrtc->compile(text + "int x = y;\n", 90); });
    CHECK(error.find("program.cu(11): error: identifier \"y\" is undefined") != std::string::npos);
  }
}
