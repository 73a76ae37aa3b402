#include "train/setup.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/amp.h"
#include "core/error.h"
#include "core/random.h"
#include "core/settings.h"
#include "io/augment_text.h"
#include "optim/make.h"
#include "train/ranks.h"

namespace tessera::train {

namespace {

template <class T>
std::optional<T> parse_whole(std::string_view text) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

io::Preprocess preprocess_of(const TrainConfig& config, int64_t channels) {
  io::Preprocess preprocess{.channels = config.channels > 0 ? config.channels : channels};
  parse_size(config.size, preprocess.height, preprocess.width);
  preprocess.normalize = io::parse_normalize(config.normalize);
  return preprocess;
}

// Without a common size a batch needs pictures that have one already.
void require_common_size(const TrainConfig& config, const std::vector<io::Case>& cases,
                         const io::Augment& augment) {
  if (!config.size.empty() || augment.height > 0 || config.batch == 1) return;
  const auto differs = [&](const io::Case& one) {
    return one.size.height != cases[0].size.height || one.size.width != cases[0].size.width;
  };
  const auto other = std::ranges::find_if(cases, differs);
  require(other == cases.end(),
          "train: pictures in a batch must have one size, but {} is {}x{} and {} is {}x{}; give "
          "--size, such as 256, or a crop in --augment, or --batch 1",
          cases[0].name, cases[0].size.height, cases[0].size.width, other->name, other->size.height,
          other->size.width);
}

}  // namespace

io::Dataset open_data(const TrainConfig& config, std::vector<std::string> labels) {
  if (labels.empty()) labels = split_list(config.labels);
  io::DatasetOptions options{
      .labels = std::move(labels), .seed = static_cast<uint64_t>(config.seed), .fold = config.fold};
  for (const std::string& word : split_list(config.mask_values)) {
    const auto value = parse_whole<int32_t>(word);
    require(value.has_value(), "train: mask_values must be whole numbers such as 0,255, got '{}'",
            config.mask_values);
    options.mask_values.push_back(*value);
  }
  if (config.ignore >= 0) options.ignore = static_cast<int32_t>(config.ignore);
  return io::open_dataset(config.data, options);
}

void parse_size(const std::string& text, int64_t& height, int64_t& width) {
  if (text.empty()) return;
  constexpr int64_t kLargest = 1 << 14;
  const size_t cross = text.find('x');
  const auto first = parse_whole<int64_t>(std::string_view(text).substr(0, cross));
  const auto second = cross == std::string::npos
                          ? first
                          : parse_whole<int64_t>(std::string_view(text).substr(cross + 1));
  require(
      first && second && *first >= 1 && *second >= 1 && *first <= kLargest && *second <= kLargest,
      "size: it must be pixels as in 256 or 192x256 (height x width), up to {}, got '{}'", kLargest,
      text);
  height = *first;
  width = *second;
}

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> words;
  if (text.empty()) return words;
  size_t begin = 0;
  while (begin <= text.size()) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const size_t first = std::min(text.find_first_not_of(' ', begin), end);
    const size_t last = end > first ? text.find_last_not_of(' ', end - 1) + 1 : first;
    words.push_back(text.substr(first, last - first));
    begin = end + 1;
  }
  return words;
}

Setup::Setup(const TrainConfig& config, Ranks* ranks) : data((config.check(), open_data(config))) {
  if (config.threads > 0) set_num_threads(static_cast<int>(config.threads));
  manual_seed(static_cast<uint64_t>(config.seed));
  train = data.split("train");
  val = data.split("val");

  model.labels = data.labels;
  model.preprocess = preprocess_of(config, data.channels);
  model.spec = {config.model, model.preprocess.channels, data.classes()};
  model.network = zoo::make(model.spec);
  if (!config.weights.empty()) {
    infer::load_weights(*model.network, config.weights, config.partial_weights);
  }

  const io::Augment augment = io::parse_augment(config.augment);
  require_common_size(config, train, augment);
  loader =
      std::make_unique<io::Loader>(data, train,
                                   io::LoaderOptions{.batch_size = config.batch,
                                                     .shuffle = true,
                                                     .share = ranks ? ranks->rank() : 0,
                                                     .shares = ranks ? ranks->size() : 1,
                                                     .seed = static_cast<uint64_t>(config.seed),
                                                     .preprocess = model.preprocess,
                                                     .augment = augment,
                                                     .threads = static_cast<int>(config.workers),
                                                     .cache_bytes = config.cache_mb << 20});

  loss = nn::loss(config.loss, data.ignore.value_or(-100));
  supervision = nn::parse_supervision_weights(config.supervision);
  optim::StepOptions step{.clip_norm = config.clip_norm};
  if (ranks) step.combine = [ranks](const Tensors& gradients) { return ranks->mean(gradients); };
  optimizer = optim::make(config.optimizer, model.network->parameters(), step);
  amp = amp_of_name(config.amp);
  if (amp == f16) scaler.emplace();
  updates_per_epoch = (loader->batches() + config.accumulate - 1) / config.accumulate;
  schedule = optim::schedule(config.schedule, config.epochs * updates_per_epoch);
  if (config.ema > 0) {
    Tensors averaged = model.network->parameters();
    for (const auto& entry : model.network->named_buffers()) averaged.push_back(entry.second);
    ema = std::make_unique<optim::Ema>(averaged,
                                       optim::EmaOptions{.decay = config.ema, .warmup = true});
  }
}

std::string introduction(const TrainConfig& config, const Setup& setup, int64_t epochs_done) {
  const io::Dataset& data = setup.data;
  const auto area = [](const io::Case& one) { return one.size.height * one.size.width; };
  const auto [small, large] = std::ranges::minmax(data.cases, {}, area);
  std::string size = fmt::format("{}x{}", small.size.height, small.size.width);
  if (area(small) != area(large)) {
    size += fmt::format(" to {}x{}", large.size.height, large.size.width);
  }
  if (!config.size.empty()) size += ", resized to " + config.size;
  std::string text = fmt::format(
      "data      {}: {} cases for training, {} for validation; {} pixels, {} channel{}\n"
      "classes   {}\n"
      "network   {}, {} parameters\n"
      "augment   {}\n"
      "training  {} epochs of {} steps, batch {}, {}, loss {}, learning rate {} ({})\n"
      "run       {}; Ctrl-C or a file {} saves and stops\n",
      config.data, setup.train.size(), setup.val.size(), size, data.channels,
      data.channels == 1 ? "" : "s", fmt::join(data.labels, ", "), config.model,
      setup.model.network->parameter_count(), io::to_text(setup.loader->options().augment),
      config.epochs, setup.updates_per_epoch, config.batch, config.optimizer, config.loss,
      config.lr, config.schedule, config.out,
      (std::filesystem::path(config.out) / "stop").string());
  if (epochs_done > 0) text += fmt::format("          goes on after epoch {}\n", epochs_done);
  for (const std::string& note : data.notes) text += "note: " + note + "\n";
  return text + "\n";
}

}  // namespace tessera::train
