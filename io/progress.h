#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

#include "io/terminal.h"

namespace tessera::io {

struct ProgressOptions {
  bool quiet = false;                     // writes nothing at all
  std::string unit = "";                  // what is counted: "images" gives "12.3 images/s"
  std::ostream* stream = nullptr;         // null: standard error
  std::optional<Terminal> terminal = {};  // none: asks standard error
  std::function<double()> clock = {};     // seconds; none: the steady clock
  double plain_interval = 30;             // seconds between lines where nothing can be redrawn
};

// How far a loop has come, in one line that is redrawn at most ten times a second:
//
//   epoch 3/20  ███████▌         45/120  12.3/s  0:06 left  loss 0.312  Dice 0.871
//
// Where the stream is not a terminal, a plain line is written now and then. A line is written with
// one call and leaves the terminal as it was, so that the program may be interrupted at any moment.
// The time left follows the speed of the last half minute or so. For one thread at a time.
class Progress {
 public:
  // `total` is the number of steps; 0 when it is not known. Throws Error when it is negative.
  Progress(const std::string& title, int64_t total, ProgressOptions options = {});
  // As clear(), when an exception passes through; else as finish().
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // More steps are done.
  void advance(int64_t steps = 1);
  // Text behind the bar, from the next drawing on: the loss, the file at hand.
  void note(const std::string& text);
  // A line of its own, above the bar.
  void print(const std::string& line);

  // Draws the last state and ends the line. Nothing is drawn from then on.
  void finish();
  // Removes the bar instead.
  void clear();

  int64_t done() const { return done_; }
  double elapsed() const;    // seconds since the start
  double rate() const;       // steps a second lately; 0 while unknown
  double remaining() const;  // seconds; NaN while unknown

 private:
  void draw(bool last);
  void measure(double now);
  std::string line(bool drawn, bool last);
  void write(const std::string& text);

  std::string title_, note_;
  int64_t total_, done_ = 0;
  ProgressOptions options_;
  Terminal terminal_;
  int exceptions_;            // in flight when this was made
  double start_, last_draw_;  // by the clock
  bool drawn_ = false;        // there is a line that begins with the bar
  bool closed_ = false;
  int columns_ = 24;   // of the bar; it only gets shorter, so that it does not jump
  std::string shown_;  // the text of that line

  double sample_time_;                        // when the speed was last measured,
  int64_t sample_done_ = 0;                   // and what was done by then
  double steps_per_second_ = 0, weight_ = 0;  // running mean and how much of it is known
};

}  // namespace tessera::io
