package io.alidade.judge;

import io.alidade.Check;
import io.alidade.UserException;
import io.alidade.data.ContextTemplate;
import io.alidade.data.Rows;
import io.alidade.example.Form;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/// Any judge in the light of the profile that a user's own choices fit best (Pitis et al. 2024,
/// arXiv:2407.14916): of some candidate profiles, `z* = argmax_z sum_i log p(label_i | x_i, z)`
/// over a few labelled pairs.
///
/// @param judge that is asked
/// @param profiles candidates, at least one; of equals the first
/// @param examples a file or folder of pairs that the user labelled
/// @param most how many of them are read, at least 1
/// @param template how a profile stands before the prompt, with `{context}` in it
public record Profile(
    Judge judge, List<String> profiles, String examples, int most, String template)
    implements Judge {
  /// Checks the ranges.
  public Profile {
    Check.atLeast("most", 1, most);
    var _ = new ContextTemplate(template);
    if (profiles.isEmpty()) {
      throw new IllegalArgumentException("profiles must name at least one");
    }
    profiles = List.copyOf(profiles);
  }

  @Override
  public Sitting open(Consumer<String> log) {
    var sitting = judge.open(log);
    boolean complete = false;
    String chosen;
    try {
      chosen = chosen(sitting, log);
      complete = true;
    } finally {
      if (!complete) {
        sitting.close();
      }
    }
    return new Sitting() {
      @Override
      public List<Verdict> judge(List<Case> cases) {
        return sitting.judge(cases.stream().map(one -> in(chosen, one)).toList());
      }

      @Override
      public void close() {
        sitting.close();
      }
    };
  }

  private Case in(String profile, Case one) {
    return new Case(
        one.row(),
        new ContextTemplate(template).before(profile, one.prompt()),
        one.answers(),
        one.columns());
  }

  private String chosen(Sitting sitting, Consumer<String> log) {
    List<Case> pairs;
    try (var rows = Rows.open(examples, "train")) {
      if (rows.form() != Form.PAIR) {
        throw new UserException(
            "%s: a profile is found from pairs that a user labelled, these rows are %s"
                .formatted(examples, rows.form().words()));
      }
      var some = rows.limit(most);
      pairs =
          some.stream()
              .map(row -> new Case(row.row(), row.prompt(), row.candidates(), java.util.Map.of()))
              .toList();
    }
    double[] fits = fits(sitting, pairs);
    int best = best(fits);
    log.accept(
        String.format(
            Locale.ROOT,
            "profile '%s' fits %d labelled pairs best, %.3f nats a pair",
            profiles.get(best),
            pairs.size(),
            fits[best] / pairs.size()));
    return profiles.get(best);
  }

  /// The log-likelihood of the labels of some pairs under each profile, nats; the chosen answer
  /// first. Pairs without a verdict do not count.
  double[] fits(Sitting sitting, List<Case> pairs) {
    var asked = new ArrayList<Case>();
    for (var profile : profiles) {
      pairs.forEach(pair -> asked.add(in(profile, pair)));
    }
    var verdicts = sitting.judge(asked);
    var fits = new double[profiles.size()];
    for (int v = 0; v < verdicts.size(); v++) {
      double chance = verdicts.get(v).preference()[0][1];
      fits[v / pairs.size()] += Double.isNaN(chance) ? 0 : Math.log(chance);
    }
    return fits;
  }

  /// The place of the largest, the first among equals.
  public static int best(double... fits) {
    return IntStream.range(0, fits.length).reduce((a, b) -> fits[b] > fits[a] ? b : a).orElse(-1);
  }
}
