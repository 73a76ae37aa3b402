#pragma once

#include <span>
#include <string>

#include "tests/onnx/runner.h"

namespace tessera::onnx {

// A row for each operator with its passed, failed and skipped tests, and below it the failed tests
// and the reasons of the skipped ones. `verbose` lists every test.
std::string table(std::span<const Result> results, bool verbose);

// "N passed, N failed, N skipped"
std::string summary(std::span<const Result> results);

}  // namespace tessera::onnx
