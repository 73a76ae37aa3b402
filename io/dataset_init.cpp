#include "io/dataset_init.h"

#include <fmt/format.h>

#include "core/error.h"
#include "io/csv.h"
#include "io/dataset_split.h"
#include "io/json_file.h"
#include "io/label_names.h"

namespace tessera::io {

namespace fs = std::filesystem;

namespace {

std::string patient_of(const std::string& name, const std::string& until) {
  const size_t at = until.empty() ? std::string::npos : name.rfind(until);
  return at == std::string::npos || at == 0 ? name : name.substr(0, at);
}

void require_free(const fs::path& path, const InitOptions& options) {
  require(options.replace || !is_there(path),
          "dataset: {} is there already; give --force to replace it", path.string());
}

// Names for as many classes as the masks of a set need.
LabelNames labels_for(const Dataset& set, const InitOptions& options) {
  LabelNames labels{options.labels, set.ignore};
  for (int64_t c = std::ssize(labels.names); c < set.classes() && options.labels.empty(); ++c)
    labels.names.push_back(c == 0 ? "background" : fmt::format("class_{}", c));
  return labels;
}

std::vector<fs::path> write_jmedseg_lists(const fs::path& folder, const InitOptions& options) {
  const DatasetLayout layout = recognise_layout(folder);
  std::vector<Mistake> mistakes;
  std::vector<Case> cases = pair_files(layout.images, layout.masks, mistakes);
  if (!mistakes.empty()) fail(mistakes[0].text);
  for (Case& one : cases) one.group = patient_of(one.name, options.patient_until);
  const DatasetOptions shares;
  split_by_group_(cases, shares.val, shares.test, shares.seed);
  std::map<std::string, Json> lists;
  for (const Case& one : cases)
    lists[one.split][one.group]["0"]["list"].push_back(one.mask.filename().string());
  std::vector<fs::path> files;
  for (const auto& [split, list] : lists) {
    files.push_back(folder / (split + "_label.json"));
    save_json(list, files.back());
  }
  return files;
}

fs::path write_patients(const DatasetLayout& layout, const InitOptions& options) {
  fs::path path = layout.folder / "split.csv";
  Csv table{.name = path.string(), .columns = {"stem", "patient"}, .rows = {}, .lines = {}};
  const bool splits = !layout.cases.empty() && !layout.cases[0].split.empty();
  if (splits) table.columns.emplace_back("split");
  for (const Case& one : layout.cases) {
    table.rows.push_back({one.name, patient_of(one.name, options.patient_until)});
    if (splits) table.rows.back().push_back(one.split);
  }
  write_csv(table, path);
  return path;
}

}  // namespace

std::vector<fs::path> init_dataset(const fs::path& folder, const InitOptions& options) {
  const DatasetLayout named = recognise_layout(folder);
  const bool jmedseg = named.kind == LayoutKind::jmedseg;
  std::vector<fs::path> files;
  if (jmedseg && !is_there(folder / "train_label.json"))
    files = write_jmedseg_lists(folder, options);
  const fs::path labels =
      folder / (named.kind == LayoutKind::nnunet ? "dataset.json" : "labels.json");
  if (files.empty() || !options.labels.empty() || !is_there(labels)) {
    require_free(labels, options);
    const Dataset set = open_dataset(folder, {.labels = options.labels});
    files.push_back(write_label_names(find_layout(folder), labels_for(set, options)));
  }
  if (!options.patient_until.empty() && !jmedseg) {
    require_free(folder / "split.csv", options);
    files.push_back(write_patients(find_layout(folder), options));
  }
  return files;
}

}  // namespace tessera::io
