package io.alidade.data;

import io.alidade.Check;
import io.alidade.Default;
import io.alidade.UserException;
import io.alidade.example.Example;
import io.alidade.example.Form;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/// Leaves out pairs until the chosen answer is the longer one as often as the shorter one, so that
/// length alone tells nothing about which answer is preferred. Objectives that sum likelihoods over
/// tokens learn such a bias first (Park et al. 2024, arXiv:2403.19159), and it need not hold for
/// other data.
///
/// Of the more frequent kind, pairs are kept at even distances through the data; all of the rarer
/// kind are kept, and all whose answers have as many tokens.
///
/// @param ratio pairs of the more frequent kind that are kept for each of the rarer one, from 1 to
///   1000
public record LengthBalance(@Default("1.0") double ratio) implements Strategy {
  /// Checks the range.
  public LengthBalance {
    Check.between("ratio", 1, 1000, ratio);
  }

  @Override
  public Outline outline(Outline given) {
    if (given.form() != Form.PAIR) {
      throw new UserException(
          "%s: strategy LengthBalance compares the answers of pairs, these rows are %s; make pairs first (RankedPairs)"
              .formatted(given.source(), given.form().words()));
    }
    return given;
  }

  @Override
  public Rows apply(Rows rows, Setting setting) {
    int[] longer = // by how many tokens the chosen answer is
        IntStream.range(0, rows.count())
            .parallel()
            .map(i -> difference(rows.row(i), setting.encoder()))
            .toArray();
    boolean[] kept = kept(longer, ratio);
    setting.journal().message(told(longer, kept));
    return rows.made(
        Form.PAIR, "LengthBalance", (index, pair) -> kept[index] ? List.of(pair) : List.of());
  }

  private static int difference(Example pair, RowEncoder encoder) {
    var answers = encoder.encode(pair).candidates();
    return answers.getFirst().tokens().length - answers.getLast().tokens().length;
  }

  /// Which of some pairs are kept, by how much longer their chosen answer is.
  static boolean[] kept(int[] longer, double ratio) {
    int above = 0;
    int below = 0;
    for (int by : longer) {
      above += by > 0 ? 1 : 0;
      below += by < 0 ? 1 : 0;
    }
    long all = Math.max(above, below);
    long left = Math.min(all, (long) (ratio * Math.min(above, below)));
    int frequent = above > below ? 1 : -1;
    var kept = new boolean[longer.length];
    long seen = 0;
    for (int i = 0; i < longer.length; i++) {
      if (Integer.signum(longer[i]) != frequent) {
        kept[i] = true;
      } else {
        kept[i] = (seen + 1) * left / all > seen * left / all;
        seen++;
      }
    }
    return kept;
  }

  /// One line about pairs and which of them are kept.
  static String told(int[] longer, boolean[] kept) {
    int[] left =
        IntStream.range(0, longer.length).filter(i -> kept[i]).map(i -> longer[i]).toArray();
    return String.format(
        Locale.ROOT,
        "LengthBalance: the longer answer is the chosen one in %.1f %% of %,d pairs, now in %.1f %% of %,d",
        100 * share(longer),
        longer.length,
        100 * share(left),
        left.length);
  }

  /// Of those whose answers differ in length.
  private static double share(int[] longer) {
    return IntStream.of(longer).filter(by -> by != 0).map(by -> by > 0 ? 1 : 0).average().orElse(0);
  }
}
