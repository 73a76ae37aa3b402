#include "io/progress.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <iostream>

#include "core/error.h"

namespace tessera::io {

namespace {

constexpr double kRedraw = 0.1;  // seconds between drawings
constexpr double kMemory = 15;   // seconds after which a speed counts 1/e
constexpr int kLeastBar = 8, kLeastRest = 30;

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// A bar of `width` columns; with block characters it is exact to an eighth of a column.
std::string bar(double fraction, int width, bool unicode) {
  static constexpr const char* kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  fraction = std::clamp(fraction, 0.0, 1.0);
  if (!unicode) {
    const int full = static_cast<int>(fraction * (width - 2));
    return fmt::format("[{:.<{}}]", std::string(static_cast<size_t>(full), '#'), width - 2);
  }
  const int eighths = static_cast<int>(fraction * width * 8);
  std::string text;
  for (int i = 0; i < eighths / 8; ++i) text += "█";
  text += kEighths[eighths % 8];
  const int columns = (eighths + 7) / 8;
  return text.append(static_cast<size_t>(width - columns), ' ');
}

}  // namespace

Progress::Progress(const std::string& title, int64_t total, ProgressOptions options)
    : title_(one_line(title)),
      total_(total),
      options_(std::move(options)),
      terminal_(options_.terminal ? *options_.terminal : terminal(2)),
      exceptions_(std::uncaught_exceptions()) {
  require(total >= 0, "Progress: total must be at least 0, got {}", total);
  if (options_.stream == nullptr) options_.stream = &std::cerr;
  if (!options_.clock) options_.clock = steady_seconds;
  start_ = last_draw_ = sample_time_ = options_.clock();
  if (terminal_.redraw) draw(false);
}

Progress::~Progress() {
  try {
    if (std::uncaught_exceptions() > exceptions_) {
      clear();
    } else {
      finish();
    }
  } catch (...) {  // a bar is not worth a crash
  }
}

void Progress::advance(int64_t steps) {
  done_ += steps;
  const double wait = terminal_.redraw ? kRedraw : options_.plain_interval;
  const double now = options_.clock();
  if (now - sample_time_ >= kRedraw) measure(now);
  if (now - last_draw_ >= wait) draw(false);
}

void Progress::note(const std::string& text) {
  note_ = one_line(text);
}

void Progress::print(const std::string& text) {
  if (options_.quiet) return;
  if (!drawn_) return write(text + "\n");
  drawn_ = false;
  write("\r\x1b[K" + text + "\n");
  draw(false);
}

void Progress::finish() {
  if (closed_) return;
  measure(options_.clock());
  draw(true);
  closed_ = true;
}

void Progress::clear() {
  if (drawn_) write("\r\x1b[K");
  drawn_ = false;
  closed_ = true;
}

double Progress::elapsed() const {
  return options_.clock() - start_;
}

double Progress::rate() const {
  return weight_ > 0 ? steps_per_second_ / weight_ : 0;
}

double Progress::remaining() const {
  return total_ > 0 && rate() > 0
             ? static_cast<double>(std::max<int64_t>(total_ - done_, 0)) / rate()
             : NAN;
}

// The speed of a sample counts as much as the sample lasted, and less the older it is.
void Progress::measure(double now) {
  const double seconds = now - sample_time_;
  const auto steps = static_cast<double>(done_ - sample_done_);
  if (seconds <= 0 || steps <= 0) return;
  const double old = std::exp(-seconds / kMemory);
  steps_per_second_ = old * steps_per_second_ + (1 - old) * steps / seconds;
  weight_ = old * weight_ + (1 - old);
  sample_time_ = now;
  sample_done_ = done_;
}

// What there is to say, in the order of importance; parts that do not fit are left out from the
// end, and the bar is the first to shrink.
std::string Progress::line(bool drawn, bool last) {
  // The last column stays free: some terminals move to the next line when it is written.
  const int width = drawn ? std::max(terminal_.width - 1, 1) : 1'000'000;
  const bool unicode = terminal_.unicode, bounded = total_ > 0;
  const double fraction = bounded ? static_cast<double>(done_) / static_cast<double>(total_) : 0;

  const std::string total = fmt::format("{}", total_);
  std::string counts = fmt::format("{:>{}}", done_, drawn && bounded ? total.size() : 0);
  if (bounded) counts += "/" + total;
  if (bounded && !drawn) counts += fmt::format(" ({:.0f} %)", 100 * fraction);
  if (!bounded && !options_.unit.empty()) counts += " " + options_.unit;

  std::string rest = counts;
  if (rate() >= 1) {
    rest += fmt::format("  {:.{}f}{}{}/s", rate(), rate() < 99.95 ? 1 : 0,
                        options_.unit.empty() ? "" : " ", options_.unit);
  } else if (rate() > 0) {
    rest += fmt::format("  {} each", duration_text(1 / rate()));
  }
  const bool going_on = !last && done_ < total_ && rate() > 0;
  rest += going_on ? fmt::format("  {} left", clock_text(remaining()))
                   : fmt::format("  {}", clock_text(elapsed()));
  if (!note_.empty()) rest += "  " + note_;

  std::string text = width < 20 ? "" : shorten(title_, std::max(width / 3, 8), unicode);
  if (!text.empty()) text += "  ";
  int room = width - text_width(text);
  if (drawn && bounded && room - text_width(counts) - 2 >= kLeastBar) {
    const int needed = std::max(text_width(rest), kLeastRest);
    columns_ = std::min(columns_, std::max(room - needed - 2, kLeastBar));
    text += terminal_.color ? "\x1b[36m" : "";
    text += bar(fraction, columns_, unicode);
    text += terminal_.color ? "\x1b[0m  " : "  ";
    room -= columns_ + 2;
  }
  return text + shorten(rest, room, unicode);
}

void Progress::draw(bool last) {
  if (options_.quiet || closed_) return;
  last_draw_ = options_.clock();
  if (!terminal_.redraw) return write(line(false, last) + "\n");
  if (!options_.terminal) terminal_ = terminal(2);  // the window may have another size now
  std::string text = line(true, last);
  if (text != shown_ || !drawn_ || last) {
    // Written over the old line, the rest of which is erased afterwards: nothing flickers.
    write("\r" + text + "\x1b[K" + (last ? "\n" : ""));
    shown_ = std::move(text);
  }
  drawn_ = !last;
}

void Progress::write(const std::string& text) {
  *options_.stream << text << std::flush;
}

}  // namespace tessera::io
