#include "optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>

#include "core/error.h"
#include "core/nearest.h"
#include "core/op.h"
#include "core/terms.h"
#include "optim/state_reader.h"

namespace tessera::optim {

namespace {

// A schedule that depends on the iteration alone.
class PureSchedule final : public Schedule {
 public:
  explicit PureSchedule(std::function<double(double)> f) : f_(std::move(f)) {}
  double factor(int64_t iteration) const override {
    require(iteration >= 0, "schedule: the iteration must not be negative, got {}", iteration);
    return f_(static_cast<double>(iteration));
  }

 private:
  std::function<double(double)> f_;
};

SchedulePtr pure(std::function<double(double)> f) {
  return std::make_unique<PureSchedule>(std::move(f));
}

double positive(const char* name, const char* length, int64_t value) {
  require(value >= 1, "{}: {} must be at least 1 iteration, got {}", name, length, value);
  return static_cast<double>(value);
}

void check_factor(const char* name, const char* factor, double value) {
  require(value >= 0 && std::isfinite(value), "{}: {} must be a finite number >= 0, got {}", name,
          factor, value);
}

// From `from` to `to` along half a wave, for x in [0, 1].
double along_cosine(double from, double to, double x) {
  return to + (from - to) * (1 + std::cos(std::numbers::pi * x)) / 2;
}

class Plateau final : public Schedule {
 public:
  explicit Plateau(const PlateauOptions& options) : options_(options) {
    require(options.factor >= 0 && options.factor < 1, "plateau: factor must lie in [0, 1), got {}",
            options.factor);
    require(options.patience >= 0 && options.cooldown >= 0,
            "plateau: patience and cooldown must not be negative, got {} and {}", options.patience,
            options.cooldown);
    check_factor("plateau", "threshold", options.threshold);
    check_factor("plateau", "lowest", options.lowest);
  }

  double factor(int64_t /*iteration*/) const override { return factor_; }

  void observe(double score) override {
    if (is_better(score)) {
      best_ = score;
      seen_ = true;
      bad_ = 0;
    } else {
      ++bad_;
    }
    if (cooling_ > 0) {
      --cooling_;
      bad_ = 0;
    }
    if (bad_ > options_.patience) {
      factor_ = std::max(factor_ * options_.factor, std::min(options_.lowest, factor_));
      cooling_ = options_.cooldown;
      bad_ = 0;
    }
  }

  std::map<std::string, Tensor> state_dict() const override {
    return {{"factor", scalar(factor_, f64)},
            {"best", scalar(best_, f64)},
            {"seen", scalar(int64_t{seen_}, i64)},
            {"bad", scalar(bad_, i64)},
            {"cooling", scalar(cooling_, i64)}};
  }

  void load_state_dict(const std::map<std::string, Tensor>& state) override {
    StateReader reader(state);
    const double factor = reader.number("factor", f64);
    const Tensor best = reader.tensor("best", {}, f64);
    const double seen = reader.number("seen", i64), bad = reader.number("bad", i64);
    const double cooling = reader.number("cooling", i64);
    reader.finish("plateau", "the state must be that of this schedule");
    factor_ = factor;
    best_ = best.item();
    seen_ = seen != 0;
    bad_ = static_cast<int64_t>(bad);
    cooling_ = static_cast<int64_t>(cooling);
  }

 private:
  bool is_better(double score) const {
    if (std::isnan(score)) return false;
    if (!seen_) return true;
    return options_.maximize ? score > best_ * (1 + options_.threshold)
                             : score < best_ * (1 - options_.threshold);
  }

  PlateauOptions options_;
  double factor_ = 1, best_ = 0;
  bool seen_ = false;
  int64_t bad_ = 0, cooling_ = 0;
};

// Reads the arguments of one term, for a schedule of `total` iterations.
class ScheduleReader {
 public:
  ScheduleReader(Term& term, int64_t total) : term_(term), total_(total) {}

  double at_least(const char* argument, double otherwise, double low) {
    return term_.number(argument, otherwise, low, std::numeric_limits<double>::infinity());
  }
  double factor(const char* argument, double otherwise) { return at_least(argument, otherwise, 0); }
  int64_t count(const char* argument, int64_t otherwise, int64_t low) {
    return term_.integer(argument, otherwise, low, kMost);
  }
  bool flag(const char* argument, bool otherwise) { return term_.flag(argument, otherwise); }

  // A length in iterations, or, below 1, as a share of the total.
  int64_t length(const char* argument) {
    const double value = term_.number(argument, NAN, 0, static_cast<double>(kMost));
    if (std::isnan(value)) term_.fail(fmt::format("'{}' needs '{}'", term_.name, argument));
    return iterations(argument, value);
  }
  std::vector<int64_t> lengths(const char* argument) {
    std::vector<int64_t> all;
    for (const double value : term_.numbers(argument, {}))
      all.push_back(iterations(argument, value));
    if (all.empty()) term_.fail(fmt::format("'{}' needs '{}'", term_.name, argument));
    return all;
  }

  int64_t total() const { return total_; }

 private:
  static constexpr int64_t kMost = int64_t{1} << 53;

  int64_t iterations(const char* argument, double value) const {
    if (value > 0 && value < 1)
      return std::max<int64_t>(std::llround(value * static_cast<double>(total_)), 1);
    if (value != std::floor(value) || value < 1 || value > static_cast<double>(kMost)) {
      term_.fail(
          fmt::format("'{}' of '{}' must be a number of iterations, or a share of them "
                      "between 0 and 1, got {}",
                      argument, term_.name, value));
    }
    return static_cast<int64_t>(value);
  }

  Term& term_;
  int64_t total_;
};

using ScheduleMaker = SchedulePtr (*)(ScheduleReader&);

const std::map<std::string, ScheduleMaker>& schedule_makers() {
  static const std::map<std::string, ScheduleMaker> all = {
      {"constant", [](ScheduleReader&) { return constant(); }},
      {"poly", [](ScheduleReader& r) { return poly(r.total(), r.factor("power", 0.9)); }},
      {"cosine", [](ScheduleReader& r) { return cosine(r.total(), r.factor("lowest", 0)); }},
      {"cosine_restarts",
       [](ScheduleReader& r) {
         const int64_t first = r.length("first"), multiply = r.count("multiply", 1, 1);
         return cosine_restarts(first, multiply, r.factor("lowest", 0));
       }},
      {"step",
       [](ScheduleReader& r) {
         const int64_t size = r.length("size");
         return step(size, r.factor("gamma", 0.1));
       }},
      {"multi_step",
       [](ScheduleReader& r) {
         const std::vector<int64_t> milestones = r.lengths("milestones");
         return multi_step(milestones, r.factor("gamma", 0.1));
       }},
      {"exponential", [](ScheduleReader& r) { return exponential(r.factor("gamma", 1)); }},
      {"one_cycle",
       [](ScheduleReader& r) {
         OneCycleOptions o;
         o.rise = r.factor("rise", o.rise);
         o.div = r.at_least("div", o.div, 1);
         o.final_div = r.factor("final_div", o.final_div);
         return one_cycle(r.total(), o);
       }},
      {"plateau",
       [](ScheduleReader& r) {
         PlateauOptions o;
         o.factor = r.factor("factor", o.factor);
         o.patience = r.count("patience", o.patience, 0);
         o.maximize = r.flag("maximize", o.maximize);
         o.threshold = r.factor("threshold", o.threshold);
         o.cooldown = r.count("cooldown", o.cooldown, 0);
         o.lowest = r.factor("lowest", o.lowest);
         return plateau(o);
       }},
  };
  return all;
}

class Warmup final : public Schedule {
 public:
  Warmup(int64_t length, SchedulePtr next, double start)
      : length_(length), next_(std::move(next)), start_(start) {
    positive("warmup", "length", length);
    check_factor("warmup", "start", start);
    require(next_ != nullptr, "warmup: there must be a schedule to follow");
  }

  double factor(int64_t iteration) const override {
    require(iteration >= 0, "schedule: the iteration must not be negative, got {}", iteration);
    if (iteration >= length_) return next_->factor(iteration - length_);
    return start_ + (1 - start_) * static_cast<double>(iteration) / static_cast<double>(length_);
  }
  void observe(double score) override { next_->observe(score); }
  std::map<std::string, Tensor> state_dict() const override { return next_->state_dict(); }
  void load_state_dict(const std::map<std::string, Tensor>& state) override {
    next_->load_state_dict(state);
  }

 private:
  int64_t length_;
  SchedulePtr next_;
  double start_;
};

}  // namespace

void Schedule::load_state_dict(const std::map<std::string, Tensor>& state) {
  StateReader(state).finish("schedule", "this one has no state");
}

SchedulePtr constant() {
  return pure([](double) { return 1.0; });
}

SchedulePtr poly(int64_t total, double power) {
  const double end = positive("poly", "total", total);
  check_factor("poly", "power", power);
  return pure([=](double i) { return std::pow(1 - std::min(i / end, 1.0), power); });
}

SchedulePtr cosine(int64_t total, double lowest) {
  const double end = positive("cosine", "total", total);
  check_factor("cosine", "lowest", lowest);
  return pure([=](double i) { return along_cosine(1, lowest, std::min(i / end, 1.0)); });
}

SchedulePtr cosine_restarts(int64_t first, int64_t multiply, double lowest) {
  const double length = positive("cosine_restarts", "first", first);
  require(multiply >= 1, "cosine_restarts: multiply must be at least 1, got {}", multiply);
  check_factor("cosine_restarts", "lowest", lowest);
  return pure([=](double i) {
    if (multiply == 1) return along_cosine(1, lowest, std::fmod(i, length) / length);
    double begin = 0, now = length;
    for (; i >= begin + now; now *= static_cast<double>(multiply)) begin += now;
    return along_cosine(1, lowest, (i - begin) / now);
  });
}

SchedulePtr step(int64_t size, double gamma) {
  const double length = positive("step", "size", size);
  check_factor("step", "gamma", gamma);
  return pure([=](double i) { return std::pow(gamma, std::floor(i / length)); });
}

SchedulePtr multi_step(const std::vector<int64_t>& milestones, double gamma) {
  check_factor("multi_step", "gamma", gamma);
  require(!milestones.empty(), "multi_step: there must be milestones");
  for (const int64_t milestone : milestones) positive("multi_step", "milestones", milestone);
  return pure([=](double i) {
    const auto passed = std::count_if(milestones.begin(), milestones.end(),
                                      [&](int64_t m) { return static_cast<double>(m) <= i; });
    return std::pow(gamma, static_cast<double>(passed));
  });
}

SchedulePtr exponential(double gamma) {
  check_factor("exponential", "gamma", gamma);
  return pure([=](double i) { return std::pow(gamma, i); });
}

SchedulePtr one_cycle(int64_t total, const OneCycleOptions& o) {
  const double end = positive("one_cycle", "total", total) - 1;
  require(o.rise >= 0 && o.rise <= 1, "one_cycle: rise must lie in [0, 1], got {}", o.rise);
  require(o.div >= 1 && o.final_div > 0,
          "one_cycle: div must be at least 1 and final_div "
          "positive, got {} and {}",
          o.div, o.final_div);
  const double top = o.rise * (end + 1) - 1;
  const double first = 1 / o.div, last = first / o.final_div;
  return pure([=](double i) {
    if (i <= top) return along_cosine(first, 1, top > 0 ? i / top : 1);
    return along_cosine(1, last, end > top ? std::min((i - top) / (end - top), 1.0) : 1);
  });
}

SchedulePtr plateau(const PlateauOptions& options) {
  return std::make_unique<Plateau>(options);
}

SchedulePtr warmup(int64_t length, SchedulePtr next, double start) {
  return std::make_unique<Warmup>(length, std::move(next), start);
}

SchedulePtr schedule(const std::string& text, int64_t total) {
  positive("schedule", "the run", total);
  std::vector<Term> terms = parse_terms(text, "schedule");
  for (const Term& term : terms) {
    if (term.factor || !term.variant.empty())
      term.fail("expected a name, such as poly or warmup(500) + cosine,");
  }
  const bool warms_up = terms[0].name == "warmup";
  if (terms.size() > (warms_up ? 2U : 1U))
    terms.back().fail(
        "expected one schedule, with a warmup in front or without, but there is more");
  if (terms.size() < 2 && warms_up)
    terms[0].fail("expected a schedule after the warmup, such as warmup(500) + constant,");

  int64_t length = 0;
  double start = 0;
  if (warms_up) {
    ScheduleReader reader(terms[0], total);
    length = reader.length("length");
    start = reader.factor("start", 1e-3);
    terms[0].finish();
    if (length >= total) {
      terms[0].fail(fmt::format("the warmup of {} iterations leaves none of {}", length, total));
    }
  }
  Term& term = terms.back();
  const auto maker = schedule_makers().find(term.name);
  if (maker == schedule_makers().end()) {
    std::vector<std::string> known{"warmup"};
    for (const auto& entry : schedule_makers()) known.push_back(entry.first);
    term.fail(fmt::format("'{}' is not known ({})", term.name, suggest(term.name, known)));
  }
  ScheduleReader reader(term, total - length);
  SchedulePtr main = maker->second(reader);
  term.finish();
  return warms_up ? warmup(length, std::move(main), start) : std::move(main);
}

}  // namespace tessera::optim
