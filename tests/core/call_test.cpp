#include "core/call.h"

#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "core/error.h"
#include "ops/binary.h"

using namespace tessera;

namespace {

std::source_location here(const std::source_location& at = std::source_location::current()) {
  return at;
}

std::string message_of_failure() {
  try {
    fail("f: it must hold");
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

TEST_SUITE("core/call") {
  TEST_CASE("the outermost call counts") {
    CHECK(call_site().line == 0);
    const std::source_location first = here();
    {
      const Call outer("outer", first);
      CHECK(std::string_view(call_site().function) == "outer");
      CHECK(call_site().line == first.line());
      {
        const Call inner("inner", here());
        CHECK(std::string_view(call_site().function) == "outer");
        CHECK(call_site().line == first.line());
      }
      CHECK(call_site().line == first.line());
    }
    CHECK(call_site().line == 0);
  }

  TEST_CASE("an error tells the line of the user") {
    CHECK(message_of_failure() == "f: it must hold");
    const std::source_location at = here();
    const Call call("f", at);
    CHECK(message_of_failure() ==
          "f: it must hold\n  at " + std::string(at.file_name()) + ":" + std::to_string(at.line()));
  }

  TEST_CASE("a call ends when an exception leaves it") {
    const auto failing = [] {
      const Call call("f", here());
      fail("f: wrong");
    };
    CHECK_THROWS_AS(failing(), Error);
    CHECK(call_site().line == 0);
  }

  TEST_CASE("later work runs in the name of an earlier call") {
    const CallSite site{"earlier", "model.cpp", 12};
    {
      const CallAt at(site);
      CHECK(message_of_failure() == "f: it must hold\n  at model.cpp:12");
      const Call call("g", here());
      CHECK(call_site().line == 12);
    }
    CHECK(call_site().line == 0);
  }

  TEST_CASE("operators take the line they are used on") {
    const Tensor x = tensor({1, 2}, {2});
    const std::source_location before = here();
    const Tensor y = x + x;
    CHECK(y.node()->site.line == before.line() + 1);
    CHECK(std::string_view(y.node()->site.function) == "add");
  }
}
