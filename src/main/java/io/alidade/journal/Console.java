package io.alidade.journal;

import java.io.PrintStream;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.LongSupplier;

/// Reports to a person: a bar that rewrites itself on a terminal, plain lines elsewhere. Honours
/// `NO_COLOR`. Hand-written rather than a library, since a training bar shows a loss and must share
/// its line with log lines.
public final class Console implements Journal {
  private static final long REDRAW =
      100_000_000L; // ns between redraws, so that a bar costs nothing
  private static final long PLAIN = 10_000_000_000L; // ns between plain lines
  private static final int BAR = 24; // cells

  private final PrintStream out;
  private final boolean terminal;
  private final boolean colour;
  private final LongSupplier clock;
  private String what = "";
  private long begun;
  private long drawn;
  private long first; // units done when the piece of work began here; not 0 after a resume
  private String line = "";

  Console(PrintStream out, boolean terminal, boolean colour, LongSupplier nanoClock) {
    this.out = out;
    this.terminal = terminal;
    this.colour = colour;
    this.clock = nanoClock;
  }

  /// The console of this process: standard error, so that results on standard output stay clean.
  public static Console standard() {
    boolean terminal = isTerminal() && !"dumb".equals(env("TERM"));
    return new Console(System.err, terminal, colour(), System::nanoTime);
  }

  /// Whether output may be coloured: on a terminal, unless `NO_COLOR` is set.
  private static boolean colour() {
    return isTerminal() && env("NO_COLOR").isEmpty();
  }

  /// Java can tell of input and output together only; the launcher knows of standard error alone.
  private static boolean isTerminal() {
    var told = System.getProperty("alidade.terminal");
    return told != null
        ? told.equals("true")
        : Optional.ofNullable(System.console()).map(java.io.Console::isTerminal).orElse(false);
  }

  private static String env(String name) {
    var value = System.getenv(name);
    return value == null ? "" : value;
  }

  @Override
  public void log(long step, double epoch, SequencedMap<String, Double> metrics) {
    print(numbers("step " + step, epoch, metrics));
  }

  @Override
  public void evaluation(long step, double epoch, SequencedMap<String, Double> metrics) {
    print(bold(numbers("evaluation at step " + step, epoch, metrics)));
  }

  @Override
  public void message(String text) {
    print(text);
  }

  private static String numbers(String head, double epoch, SequencedMap<String, Double> metrics) {
    var text = new StringBuilder(head).append(String.format(Locale.ROOT, "  epoch %.2f", epoch));
    metrics.forEach(
        (name, value) -> text.append("  ").append(name).append(' ').append(number(value)));
    return text.toString();
  }

  @Override
  public void progress(
      String what, long done, long total, String unit, SequencedMap<String, Double> shown) {
    long now = clock.getAsLong();
    boolean starts = !what.equals(this.what);
    if (starts) {
      finishLine();
      this.what = what;
      begun = now;
      first = done;
      drawn = now - PLAIN;
    }
    boolean last = total > 0 && done >= total;
    if (!last && now - drawn < (terminal ? REDRAW : PLAIN)) {
      return;
    }
    drawn = now;
    var text = line(done, total, unit, shown, (now - begun) / 1e9);
    if (terminal) {
      out.print("\r" + text + " ".repeat(Math.max(0, line.length() - text.length())));
      out.flush();
      line = text;
    } else {
      out.println(text);
    }
    if (last) {
      finishLine();
      this.what = "";
    }
  }

  private String line(
      long done, long total, String unit, Map<String, Double> shown, double seconds) {
    var text = new StringBuilder(what).append(' ');
    if (total > 0) {
      int full = (int) Math.min(BAR, BAR * done / total);
      if (terminal) {
        text.append("━".repeat(full)).append("╌".repeat(BAR - full)).append(' ');
      }
      text.append("%3d%% %d/%d %s".formatted(100 * done / total, done, total, unit));
    } else {
      text.append("%d %s".formatted(done, unit));
    }
    shown.forEach(
        (name, value) -> text.append("  ").append(name).append(' ').append(number(value)));
    double rate = seconds > 0 ? (done - first) / seconds : 0;
    if (rate > 0) {
      text.append(
          rate >= 1
              ? String.format(Locale.ROOT, "  %.1f %s/s", rate, unit)
              : String.format(Locale.ROOT, "  %.1f s/%s", 1 / rate, singular(unit)));
      if (total > done) {
        text.append("  ").append(duration((total - done) / rate)).append(" left");
      }
    }
    if (total > 0 && done >= total) {
      text.append("  in ").append(duration(seconds));
    }
    return text.toString();
  }

  private static String singular(String unit) {
    return unit.endsWith("s") ? unit.substring(0, unit.length() - 1) : unit;
  }

  /// Four significant digits, as few characters as that takes.
  static String number(double value) {
    double size = Math.abs(value);
    if (value == Math.rint(value) && size < 1e7) {
      return String.format(Locale.ROOT, "%.0f", value);
    }
    return size >= 1e5 || size < 1e-3
        ? String.format(Locale.ROOT, "%.2e", value)
        : String.format(Locale.ROOT, size >= 100 ? "%.1f" : size >= 1 ? "%.3f" : "%.4f", value);
  }

  /// `1 h 02 min`, `3 min 20 s`, `12 s`.
  static String duration(double seconds) {
    long whole = Math.round(seconds);
    if (whole >= 3600) {
      return "%d h %02d min".formatted(whole / 3600, whole / 60 % 60);
    }
    return whole >= 60 ? "%d min %02d s".formatted(whole / 60, whole % 60) : whole + " s";
  }

  private String bold(String text) {
    return colour ? "\u001b[1m" + text + "\u001b[0m" : text;
  }

  /// A line of its own, with the bar drawn again below it at the next occasion.
  private void print(String text) {
    if (!line.isEmpty()) {
      out.print("\r" + " ".repeat(line.length()) + "\r");
      line = "";
      drawn -= REDRAW;
    }
    out.println(text);
  }

  private void finishLine() {
    if (!line.isEmpty()) {
      out.println();
      line = "";
    }
  }

  @Override
  public void close() {
    finishLine();
    out.flush();
  }
}
