#include "train/trainer.h"

#include <iostream>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/amp.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/random.h"
#include "core/settings.h"
#include "io/model_file.h"
#include "io/progress.h"
#include "ops/binary.h"
#include "train/case_report.h"
#include "train/evaluate.h"
#include "train/ranks.h"
#include "train/run_folder.h"
#include "train/setup.h"

namespace tessera::train {

namespace {

// Where a run stands between two batches.
struct Position {
  int64_t epoch = 0, batch = 0, updates = 0;  // that are done; batch: of this epoch
  double loss_sum = 0, seconds = 0;           // of this epoch so far
  int64_t best_epoch = 0, without_better = 0, without_foreground = 0;
  double best_dice = -1;

  template <class Self, class F>
  static void fields(Self& p, F f) {
    f("epoch", p.epoch);
    f("batch", p.batch);
    f("updates", p.updates);
    f("loss_sum", p.loss_sum);
    f("seconds", p.seconds);
    f("best_epoch", p.best_epoch);
    f("without_better", p.without_better);
    f("without_foreground", p.without_foreground);
    f("best_dice", p.best_dice);
  }
};

// Puts tensors into one map under "<prefix><name>", and takes them out again.
using NamedTensors = std::map<std::string, Tensor>;
void put(const std::string& prefix, const NamedTensors& from, NamedTensors& to) {
  for (const auto& entry : from) to[prefix + entry.first] = entry.second;
}
NamedTensors take(const std::string& prefix, const NamedTensors& from) {
  NamedTensors out;
  for (const auto& entry : from) {
    if (entry.first.starts_with(prefix)) out[entry.first.substr(prefix.size())] = entry.second;
  }
  return out;
}

// The loss of a batch, also of one whose images were mixed.
Tensor batch_loss(const Setup& setup, const io::Batch& batch) {
  const Amp precision(setup.amp);
  const Tensors outputs = setup.model.network->outputs(batch.image);
  const auto against = [&](const Tensor& mask, const Tensor& annotated) {
    return outputs.size() == 1
               ? setup.loss(outputs[0], mask, annotated)
               : nn::deep_supervision(setup.loss, outputs, mask, setup.supervision, annotated);
  };
  Tensor value = against(batch.mask, batch.annotated);
  if (!batch.other_mask.defined()) return value;
  return batch.mask_weight * value +
         (1 - batch.mask_weight) * against(batch.other_mask, batch.other_annotated);
}

}  // namespace

struct Trainer::State {
  State(const TrainConfig& c, Ranks* r);

  Outcome run(StopRequest& stop);
  bool train_epoch(StopRequest& stop);  // false: stopped before its end
  void train_batch(const io::Batch& batch);
  void read_loss();  // of the last batch, if that was not done
  template <class F>
  void telling(const std::vector<std::string>& names, F&& f) const;
  // While it lives, the network has the averages of --ema, if there are any.
  std::unique_ptr<optim::Ema::Swap> averaged_weights();
  // What is to be known of a validation.
  struct Verdict {
    double dice = 0;
    bool foreground = false;  // whether the network finds anything at all
  };
  Verdict verdict(const Evaluation& evaluation) const;
  void judge(const Verdict& verdict);
  bool first() const { return !ranks || ranks->first(); }
  template <class T>
  T from_first(const T& value) const {  // what rank 0 has
    return ranks ? ranks->from_first(value) : value;
  }
  void write_epoch(const Evaluation* evaluation);  // to the folder and for people
  void save_last();
  void save_best();
  void restore();
  void write_report();

  TrainConfig config;
  Ranks* ranks;  // null: this process alone
  Setup setup;
  std::optional<RunFolder> folder;  // of rank 0
  Position at;

  // A batch whose loss nobody has looked at yet: a GPU is busy with it while the processor records
  // the next one.
  struct Trained {
    Tensor loss;
    double parts = 1;  // in how many the step is cut
    std::vector<std::string> names;
  };
  std::optional<Trained> unread;
};

Trainer::State::State(const TrainConfig& c, Ranks* r) : config(c), ranks(r), setup(config, ranks) {
  if (first()) folder.emplace(config, setup.data.labels);
  if (config.resume) restore();
  if (!first()) return;
  folder->open_log(at.epoch);
  if (!config.quiet) std::cout << introduction(config, setup, at.epoch) << std::flush;
  if (!config.resume) save_last();  // a stop in the first epoch can be resumed, too
}

void Trainer::State::restore() {
  const std::string name = (std::filesystem::path(config.out) / "last.tessera").string();
  io::ModelFile file = io::load_model(name);
  require(file.training.has_value(), "{}: it has no state of training to resume", name);
  require(file.architecture == config.model && file.labels == setup.model.labels,
          "{}: it is a {} for the classes {}, but the settings ask for a {} for {}", name,
          file.architecture, fmt::join(file.labels, ", "), config.model,
          fmt::join(setup.model.labels, ", "));
  setup.model.network->load_state_dict(file.weights);
  const NamedTensors& tensors = file.training->tensors;
  setup.optimizer->load_state_dict(take("optimizer.", tensors));
  setup.schedule->load_state_dict(take("schedule.", tensors));
  if (setup.ema) setup.ema->load_state_dict(take("ema.", tensors));
  if (setup.scaler) setup.scaler->load_state_dict(take("scaler.", tensors));
  const io::Json& progress = file.training->progress;
  Position::fields(at, [&](const char* key, auto& value) {
    value = io::field<std::remove_reference_t<decltype(value)>>(progress, key, name);
  });
  // Other batches than before: the epoch begins again when it has fewer than were done. One that
  // has as many waits for its validation.
  if (at.batch > setup.loader->batches()) {
    at.batch = 0;
    at.loss_sum = at.seconds = 0;
  }
  set_random_state({static_cast<uint64_t>(io::field<int64_t>(progress, "random_seed", name)),
                    static_cast<uint64_t>(io::field<int64_t>(progress, "random_next", name))});
}

void Trainer::State::save_last() {
  if (!first()) return;
  io::ModelFile file = infer::to_file(setup.model);
  io::TrainingState state;
  put("optimizer.", setup.optimizer->state_dict(), state.tensors);
  put("schedule.", setup.schedule->state_dict(), state.tensors);
  if (setup.ema) put("ema.", setup.ema->state_dict(), state.tensors);
  if (setup.scaler) put("scaler.", setup.scaler->state_dict(), state.tensors);
  Position::fields(at, [&](const char* key, const auto& value) { state.progress[key] = value; });
  const RandomState random = random_state();
  state.progress["random_seed"] = random.seed;
  state.progress["random_next"] = random.next;
  file.training = std::move(state);
  file.history = folder->history_json();
  io::save_model(file, folder->last());
}

std::unique_ptr<optim::Ema::Swap> Trainer::State::averaged_weights() {
  return setup.ema ? std::make_unique<optim::Ema::Swap>(*setup.ema) : nullptr;
}

void Trainer::State::save_best() {
  io::ModelFile file = infer::to_file(setup.model);
  file.history = folder->history_json();
  io::save_model(file, folder->best());
}

// Calls f; its errors say which cases it was about.
template <class F>
void Trainer::State::telling(const std::vector<std::string>& names, F&& f) const {
  try {
    f();
  } catch (const Error& error) {
    const std::string text = error.what();
    const bool diverged = text.find("must be finite") != std::string::npos;
    throw Error(fmt::format("{}\n  while training on {} in epoch {}{}", text,
                            fmt::join(names, ", "), at.epoch + 1,
                            diverged ? "; a smaller --lr or --clip-norm 1 helps" : ""));
  }
}

void Trainer::State::train_batch(const io::Batch& batch) {
  const int64_t batches = setup.loader->batches();
  // The last batches of an epoch may be fewer than asked for.
  const int64_t begun = batch.number / config.accumulate * config.accumulate;
  const int64_t together = std::min(config.accumulate, batches - begun);
  Tensor loss;
  telling(batch.names, [&] {
    loss = batch_loss(setup, batch) / static_cast<double>(together);
    if (batch.weight != 1) loss = loss * batch.weight;
  });
  read_loss();
  telling(batch.names, [&] {
    if (batch.number + 1 < begun + together) {
      setup.scaler ? setup.scaler->backward(*setup.optimizer, loss)
                   : setup.optimizer->backward(loss);
    } else {
      setup.optimizer->set_lr(config.lr * setup.schedule->factor(at.updates));
      setup.scaler ? static_cast<void>(setup.scaler->step(*setup.optimizer, loss))
                   : setup.optimizer->step(loss);
      ++at.updates;
      if (setup.ema) setup.ema->update();
    }
  });
  ++at.batch;
  unread = {loss, static_cast<double>(together), batch.names};
  if (loss.device() == Device::cpu()) read_loss();
}

void Trainer::State::read_loss() {
  if (!unread) return;
  const Trained last = *std::exchange(unread, std::nullopt);
  telling(last.names, [&] {
    setup.optimizer->check();
    const double own = last.loss.item() * last.parts;
    at.loss_sum += ranks ? ranks->sum(own) / ranks->size() : own;
  });
}

Trainer::State::Verdict Trainer::State::verdict(const Evaluation& evaluation) const {
  Verdict verdict{.dice = evaluation.scores.dice()};
  for (int64_t c = 1; c < setup.data.classes(); ++c) {
    const nn::ClassSummary summary = evaluation.scores.summary(c);
    verdict.foreground = verdict.foreground || summary.found + summary.invented > 0;
  }
  return verdict;
}

// Is this the best epoch?
void Trainer::State::judge(const Verdict& verdict) {
  setup.schedule->observe(verdict.dice);
  ++at.without_better;
  // NaN, where no foreground was to be found or was found, is as good as nothing.
  if (verdict.dice > at.best_dice || at.best_epoch == 0) {
    at.best_dice = std::max(verdict.dice, 0.0);
    at.best_epoch = at.epoch;
    at.without_better = 0;
  }
  at.without_foreground = verdict.foreground ? 0 : at.without_foreground + 1;
}

bool Trainer::State::train_epoch(StopRequest& stop) {
  setup.model.network->train();
  io::Progress progress(fmt::format("epoch {}/{}", at.epoch + 1, config.epochs),
                        setup.loader->batches() + static_cast<int64_t>(setup.val.size()),
                        {.quiet = config.quiet});
  progress.advance(at.batch);
  const double began = now() - at.seconds;
  for (const io::Batch& batch : setup.loader->epoch(at.epoch, at.batch)) {
    train_batch(batch);
    at.seconds = now() - began;
    if (const int64_t known = at.batch - (unread ? 1 : 0); known > 0)
      progress.note(fmt::format("loss {:.4f}", at.loss_sum / static_cast<double>(known)));
    progress.advance();
    if (at.batch < setup.loader->batches() && from_first(!stop.reason().empty())) {
      read_loss();
      progress.clear();
      return false;
    }
  }
  read_loss();
  std::optional<Evaluation> evaluation;
  const bool judged = (at.epoch + 1) % config.val_every == 0 || at.epoch + 1 == config.epochs;
  if (judged && first()) {
    const auto swap = averaged_weights();
    evaluation = evaluate(setup.model, setup.data, setup.val,
                          {.loss = &setup.loss, .progress = &progress, .stop = &stop});
    at.seconds = now() - began;
  }
  progress.clear();
  if (!from_first(!evaluation || evaluation->complete)) return false;
  ++at.epoch;
  if (judged) judge(from_first(evaluation ? verdict(*evaluation) : Verdict()));
  if (first()) write_epoch(evaluation ? &*evaluation : nullptr);
  at.batch = 0;
  at.loss_sum = at.seconds = 0;
  save_last();
  return true;
}

void Trainer::State::write_epoch(const Evaluation* evaluation) {
  folder->add({.number = at.epoch,
               .lr = setup.optimizer->lr(),
               .loss = at.loss_sum / static_cast<double>(at.batch),
               .seconds = at.seconds,
               .evaluation = evaluation});
  if (at.best_epoch == at.epoch) {
    const auto swap = averaged_weights();
    save_best();
  }
  if (!config.quiet) {
    std::cout << folder->last_line(config.epochs, at.best_epoch == at.epoch) << std::endl;
  }
  constexpr int64_t kPatience = 3;
  if (!config.quiet && evaluation && at.without_foreground == kPatience) {
    std::cerr
        << "warning: " << kPatience
        << " validations in a row found nothing but background. Often it is only early; if it "
           "stays so,\n  try --loss dice, another --lr, or see with `tessera info "
        << config.data << "` how rare the classes are" << std::endl;
  }
}

Outcome Trainer::State::run(StopRequest& stop) {
  std::string reason;
  while (at.epoch < config.epochs && reason.empty()) {
    if (!train_epoch(stop)) save_last();
    reason = stop.reason();
    const bool stopped = from_first(!reason.empty());
    if (stopped != !reason.empty()) reason = stopped ? "rank 0 was asked to stop" : "";
    if (config.patience > 0 && at.without_better >= config.patience) {
      reason = fmt::format("no better Dice in {} validations", at.without_better);
    }
  }
  if (at.epoch == config.epochs) reason.clear();
  if (at.best_epoch > 0 && first()) write_report();
  return {reason, at.epoch, at.best_epoch, std::max(at.best_dice, 0.0)};
}

void Trainer::State::write_report() {
  const infer::Model best = infer::load_model(folder->best());
  io::Progress progress("report", static_cast<int64_t>(setup.val.size()), {.quiet = config.quiet});
  const Evaluation evaluation = evaluate(best, setup.data, setup.val, {.progress = &progress});
  progress.clear();
  if (!config.quiet) {
    std::cout << "\nValidation cases, best model (epoch " << at.best_epoch << "):\n"
              << score_table(evaluation, best.labels);
  }
  folder->write_report(best, setup.data, setup.val, evaluation);
}

static std::string device_of(const TrainConfig& config, const Ranks* ranks) {
  return ranks ? ranks->device() : config.device;
}

Trainer::Trainer(const TrainConfig& config, Ranks* ranks) {
  const OnDevice on(device_of_name(device_of(config, ranks)));
  state_ = std::make_unique<State>(config, ranks);
}
Trainer::~Trainer() = default;

Outcome Trainer::run(StopRequest& stop) {
  const OnDevice on(device_of_name(device_of(state_->config, state_->ranks)));
  return state_->run(stop);
}

}  // namespace tessera::train
