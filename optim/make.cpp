#include "optim/make.h"

#include <limits>

#include "core/error.h"
#include "core/nearest.h"
#include "core/terms.h"
#include "optim/adagrad.h"
#include "optim/adam.h"
#include "optim/rmsprop.h"
#include "optim/sgd.h"

namespace tessera::optim {

namespace {

using OptimizerMaker = std::unique_ptr<Optimizer> (*)(Term&, const Tensors&, const StepOptions&);

double positive(Term& term, const char* option, double otherwise) {
  return term.number(option, otherwise, 0, std::numeric_limits<double>::infinity());
}

std::unique_ptr<Optimizer> sgd(Term& term, const Tensors& parameters, const StepOptions& step) {
  SgdOptions o;
  o.lr = positive(term, "lr", o.lr);
  o.momentum = positive(term, "momentum", o.momentum);
  o.dampening = term.number("dampening", o.dampening, 0, 1);
  o.weight_decay = positive(term, "weight_decay", o.weight_decay);
  o.nesterov = term.flag("nesterov", o.nesterov);
  term.finish();
  return std::make_unique<Sgd>(parameters, o, step);
}

template <class Method, class Options>
std::unique_ptr<Optimizer> adam(Term& term, const Tensors& parameters, const StepOptions& step) {
  Options o;
  o.lr = positive(term, "lr", o.lr);
  o.betas[0] = term.number("beta1", o.betas[0], 0, 1);
  o.betas[1] = term.number("beta2", o.betas[1], 0, 1);
  o.eps = positive(term, "eps", o.eps);
  o.weight_decay = positive(term, "weight_decay", o.weight_decay);
  o.amsgrad = term.flag("amsgrad", o.amsgrad);
  term.finish();
  return std::make_unique<Method>(parameters, o, step);
}

std::unique_ptr<Optimizer> adagrad(Term& term, const Tensors& parameters, const StepOptions& step) {
  AdagradOptions o;
  o.lr = positive(term, "lr", o.lr);
  o.lr_decay = positive(term, "lr_decay", o.lr_decay);
  o.weight_decay = positive(term, "weight_decay", o.weight_decay);
  o.initial_accumulator_value =
      positive(term, "initial_accumulator_value", o.initial_accumulator_value);
  o.eps = positive(term, "eps", o.eps);
  term.finish();
  return std::make_unique<Adagrad>(parameters, o, step);
}

std::unique_ptr<Optimizer> rmsprop(Term& term, const Tensors& parameters, const StepOptions& step) {
  RmsPropOptions o;
  o.lr = positive(term, "lr", o.lr);
  o.alpha = term.number("alpha", o.alpha, 0, 1);
  o.eps = positive(term, "eps", o.eps);
  o.weight_decay = positive(term, "weight_decay", o.weight_decay);
  o.momentum = positive(term, "momentum", o.momentum);
  o.centered = term.flag("centered", o.centered);
  term.finish();
  return std::make_unique<RmsProp>(parameters, o, step);
}

const std::map<std::string, OptimizerMaker>& optimizer_makers() {
  static const std::map<std::string, OptimizerMaker> all = {
      {"adagrad", adagrad},
      {"adam", adam<Adam, AdamOptions>},
      {"adamw", adam<AdamW, AdamWOptions>},
      {"rmsprop", rmsprop},
      {"sgd", sgd},
  };
  return all;
}

}  // namespace

std::unique_ptr<Optimizer> make(const std::string& text, const Tensors& parameters,
                                const StepOptions& step_options) {
  std::vector<Term> terms = parse_terms(text, "optimizer");
  Term& term = terms[0];
  if (terms.size() > 1 || term.factor || !term.variant.empty())
    term.fail("expected one name, such as adam(lr=1e-3),");
  const auto maker = optimizer_makers().find(term.name);
  if (maker == optimizer_makers().end())
    term.fail(fmt::format("'{}' is not known ({})", term.name, suggest(term.name, names())));
  return maker->second(term, parameters, step_options);
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const auto& entry : optimizer_makers()) all.push_back(entry.first);
  return all;
}

}  // namespace tessera::optim
