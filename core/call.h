#pragma once

#include <cstdint>
#include <source_location>

namespace tessera {

// Where the user is: the outermost public function that is running on this thread, and the line
// it was called from. Nodes and errors take it from here, so that what a composition builds inside
// the library is attributed to the line the user wrote.
struct CallSite {
  const char* function = "";
  const char* file = "";
  uint_least32_t line = 0;
};

// The current call site of this thread.
const CallSite& call_site();

// Marks the body of a public function: `const Call call("silu", where);`. Only the outermost one
// on a thread counts.
class Call {
 public:
  Call(const char* function, const std::source_location& where);
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

 private:
  bool outermost_;
};

// Runs work later on behalf of an earlier call site (evaluation errors, checkpoints).
class CallAt {
 public:
  explicit CallAt(const CallSite& site);
  ~CallAt();
  CallAt(const CallAt&) = delete;
  CallAt& operator=(const CallAt&) = delete;

 private:
  CallSite saved_;
};

}  // namespace tessera
