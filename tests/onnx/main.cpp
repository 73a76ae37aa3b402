#include <algorithm>
#include <exception>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>

#include "core/settings.h"
#include "tests/onnx/registry.h"
#include "tests/onnx/table.h"

namespace {

namespace fs = std::filesystem;
using namespace tessera;

constexpr const char* kHelp =
    R"(usage: onnx_conformance [options] DIR...

Runs ONNX's operator tests (folders with a model.onnx and test_data_set_N) found in DIR and below,
and prints a table of what passed. Exit status: 0 nothing failed, 1 something failed, 2 wrong usage.

  --filter TEXT  only tests whose name contains TEXT; several: any of them
  --verbose      list every test
  --list         print the names of the tests and run nothing
  --ops          print the operators that are covered and run nothing
  --eager        evaluate each operator at once instead of the graph as a whole
  --help         this text
)";

constexpr int kFailed = 1, kUsage = 2;

struct Options {
  std::vector<fs::path> roots;
  std::vector<std::string> filters;
  bool verbose = false, list = false, ops = false, eager = false, help = false;
};

int usage(const std::string& message) {
  fmt::print(stderr, "onnx_conformance: {}\n\n{}", message, kHelp);
  return kUsage;
}

// Empty, or what is wrong.
std::string parse(const std::vector<std::string>& arguments, Options& options) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--verbose") {
      options.verbose = true;
    } else if (argument == "--list") {
      options.list = true;
    } else if (argument == "--ops") {
      options.ops = true;
    } else if (argument == "--eager") {
      options.eager = true;
    } else if (argument == "--help" || argument == "-h") {
      options.help = true;
    } else if (argument == "--filter") {
      if (++i == arguments.size()) return "--filter needs a TEXT";
      options.filters.push_back(arguments[i]);
    } else if (argument.starts_with("-")) {
      return "there is no option " + argument;
    } else if (!fs::is_directory(argument)) {
      return "there is no folder " + argument;
    } else {
      options.roots.emplace_back(argument);
    }
  }
  const bool needs_root = !options.help && !options.ops;
  return needs_root && options.roots.empty() ? "at least one DIR is needed" : "";
}

bool matches(const std::string& name, const std::vector<std::string>& filters) {
  return filters.empty() || std::any_of(filters.begin(), filters.end(), [&](const auto& filter) {
           return name.find(filter) != std::string::npos;
         });
}

int run(const Options& options) {
  if (options.help) {
    fmt::print("{}", kHelp);
    return 0;
  }
  if (options.ops) {
    std::vector<std::string_view> names;
    for (const auto& [name, mapping] : onnx::registry()) names.push_back(name);
    std::sort(names.begin(), names.end());
    for (const std::string_view name : names) fmt::print("{}\n", name);
    return 0;
  }
  const NoGrad no_grad;
  const Scoped<bool> eager(settings().eager, options.eager);
  std::vector<onnx::Result> results;
  for (const fs::path& root : options.roots) {
    for (const fs::path& test : onnx::find_tests(root)) {
      if (!matches(test.filename().string(), options.filters)) continue;
      if (options.list) {
        fmt::print("{}\n", test.string());
      } else {
        results.push_back(onnx::run_test(test));
      }
    }
  }
  if (options.list) return 0;
  fmt::print("{}\n{}\n", onnx::table(results, options.verbose), onnx::summary(results));
  return std::any_of(results.begin(), results.end(),
                     [](const auto& r) { return r.outcome == onnx::Outcome::failed; })
             ? kFailed
             : 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    Options options;
    const std::string mistake = parse({argv + 1, argv + argc}, options);
    return mistake.empty() ? run(options) : usage(mistake);
  } catch (const std::exception& error) {
    fmt::print(stderr, "onnx_conformance: {}\n", error.what());
    return kFailed;
  }
}
