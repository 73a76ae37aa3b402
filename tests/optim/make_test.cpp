#include "optim/make.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "optim/adam.h"
#include "optim/sgd.h"
#include "tests/optim/network.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

TEST_SUITE("optim/make") {
  TEST_CASE("every method by name is the one torch has") {
    const std::pair<const char*, const char*> cases[] = {
        {"sgd(lr=0.1, momentum=0.9, weight_decay=1e-6, nesterov=true)", "sgd nesterov"},
        {"sgd(lr=0.1, momentum=0.9, dampening=0.3)", "sgd dampening"},
        {"adam(1, weight_decay=1e-6, amsgrad=true)", "adam amsgrad"},
        {"adam(lr=1e-2, beta1=0.5, beta2=0.8, eps=1e-3)", "adam betas"},
        {"adamw(lr=1e-2)", "adamw"},
        {"adagrad(lr=1, weight_decay=1e-6, lr_decay=1e-3)", "adagrad lr_decay"},
        {"adagrad(lr=0.1, initial_accumulator_value=0.5, eps=1e-4)", "adagrad initial"},
        {"rmsprop(lr=0.1, weight_decay=1e-6, centered=1, momentum=0.9)", "rmsprop momentum"},
        {"rmsprop(lr=1e-2, alpha=0.7, eps=1e-3, momentum=0.5)", "rmsprop alpha"},
    };
    for (const auto& [text, what] : cases) {
      const SmallNetwork network;
      check_trajectory(what, network, *optim::make(text, network.parameters()));
    }
  }

  TEST_CASE("defaults are those of the options") {
    const SmallNetwork a, b;
    const auto made = optim::make("adamw", a.parameters(), {.clip_norm = 0.1});
    optim::AdamW direct(b.parameters(), {}, {.clip_norm = 0.1});
    made->step(a.loss());
    direct.step(b.loss());
    check_close(a.row(), b.row(), 0);
    CHECK(made->grad_norm() == direct.grad_norm());
    CHECK(optim::names().size() == 5);
  }

  TEST_CASE("texts that cannot be read") {
    const Tensors x{variable(tensor({1}, {1}))};
    const auto fails = [&](const char* text, const char* message) {
      CHECK_THROWS_WITH_AS(optim::make(text, x), doctest::Contains(message), Error);
    };
    fails("adm",
          "optimizer: 'adm' is not known (did you mean 'adam'? there are adagrad, adam, adamw, "
          "rmsprop, sgd)");
    fails("sgd(momentun=0.9)", "'sgd' has no argument 'momentun' (did you mean 'momentum'?");
    fails("adam(beta1=1.5)", "'beta1' of 'adam' must be in [0, 1], got 1.5");
    fails("adam+sgd", "expected one name");
    fails("0.5*adam", "expected one name");
    fails("sgd(lr=-1)", "must be >= 0, got -1");
    fails("sgd(nesterov=true)", "nesterov needs momentum > 0");
  }
}
