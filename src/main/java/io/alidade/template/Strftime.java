package io.alidade.template;

import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoField;
import java.time.temporal.IsoFields;
import java.util.Locale;

/// Dates as C's `strftime` writes them in the C locale; `%-d` drops the padding.
final class Strftime {
  private Strftime() {}

  static String format(String pattern, ZonedDateTime time) {
    var out = new StringBuilder();
    for (int i = 0; i < pattern.length(); i++) {
      char c = pattern.charAt(i);
      if (c != '%' || i + 1 == pattern.length()) {
        out.append(c);
        continue;
      }
      char directive = pattern.charAt(++i);
      boolean bare = directive == '-' && i + 1 < pattern.length();
      var text = directive(bare ? pattern.charAt(++i) : directive, time);
      out.append(bare && text.length() > 1 ? text.replaceFirst("^[0 ]+(?=.)", "") : text);
    }
    return out.toString();
  }

  private static String directive(char directive, ZonedDateTime time) {
    return switch (directive) {
      case 'a' -> named(time, "EEE");
      case 'A' -> named(time, "EEEE");
      case 'b', 'h' -> named(time, "MMM");
      case 'B' -> named(time, "MMMM");
      case 'c' -> format("%a %b %e %H:%M:%S %Y", time);
      case 'd' -> digits(2, time.getDayOfMonth());
      case 'D', 'x' -> format("%m/%d/%y", time);
      case 'e' -> String.format(Locale.ROOT, "%2d", time.getDayOfMonth());
      case 'f' -> digits(6, time.getNano() / 1000);
      case 'F' -> format("%Y-%m-%d", time);
      case 'G' -> String.valueOf(time.get(IsoFields.WEEK_BASED_YEAR));
      case 'H' -> digits(2, time.getHour());
      case 'I' -> digits(2, time.get(ChronoField.CLOCK_HOUR_OF_AMPM));
      case 'j' -> digits(3, time.getDayOfYear());
      case 'm' -> digits(2, time.getMonthValue());
      case 'M' -> digits(2, time.getMinute());
      case 'n' -> "\n";
      case 'p' -> time.getHour() < 12 ? "AM" : "PM";
      case 'r' -> format("%I:%M:%S %p", time);
      case 'R' -> format("%H:%M", time);
      case 's' -> String.valueOf(time.toEpochSecond());
      case 'S' -> digits(2, time.getSecond());
      case 't' -> "\t";
      case 'T', 'X' -> format("%H:%M:%S", time);
      case 'u' -> String.valueOf(time.getDayOfWeek().getValue());
      case 'U' -> digits(2, (time.getDayOfYear() + 6 - time.getDayOfWeek().getValue() % 7) / 7);
      case 'V' -> digits(2, time.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR));
      case 'w' -> String.valueOf(time.getDayOfWeek().getValue() % 7);
      case 'W' -> digits(2, (time.getDayOfYear() + 7 - time.getDayOfWeek().getValue()) / 7);
      case 'y' -> digits(2, time.getYear() % 100);
      case 'Y' -> String.valueOf(time.getYear());
      case 'z', 'Z' -> ""; // the reference's time has no zone
      case '%' -> "%";
      default -> "%" + directive;
    };
  }

  private static String named(ZonedDateTime time, String pattern) {
    return DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH).format(time);
  }

  private static String digits(int width, int value) {
    return String.format(Locale.ROOT, "%0" + width + "d", value);
  }
}
