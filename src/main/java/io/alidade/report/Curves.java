package io.alidade.report;

import io.alidade.journal.MetricsLog;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/// The figures of a run, as far as it logged their metrics.
final class Curves {
  private Curves() {}

  static List<Chart> of(MetricsLog log) {
    var charts = new ArrayList<Chart>();
    add(charts, log, "Loss", false, Double.NaN, "loss", "training", "eval_loss", "held-out");
    add(
        charts,
        log,
        "Preference accuracy",
        false,
        0.5,
        "rewards/accuracies",
        "training",
        "eval_rewards/accuracies",
        "held-out",
        "accuracy",
        "training",
        "eval_accuracy",
        "held-out");
    add(
        charts,
        log,
        "Implicit rewards",
        false,
        0,
        "rewards/chosen",
        "chosen",
        "rewards/rejected",
        "rejected",
        "eval_rewards/chosen",
        "chosen, held-out",
        "eval_rewards/rejected",
        "rejected, held-out");
    add(
        charts,
        log,
        "Reward margin, chosen over rejected",
        false,
        0,
        "rewards/margins",
        "training",
        "eval_rewards/margins",
        "held-out",
        "margin",
        "training",
        "eval_margin",
        "held-out");
    add(
        charts,
        log,
        "KL to the reference, nats",
        false,
        0,
        "kl",
        "training",
        "eval_kl",
        "held-out");
    add(
        charts,
        log,
        "Log-likelihood of a completion, nats",
        false,
        Double.NaN,
        "logps/chosen",
        "chosen",
        "logps/rejected",
        "rejected",
        "eval_logps/chosen",
        "chosen, held-out",
        "eval_logps/rejected",
        "rejected, held-out");
    add(
        charts,
        log,
        "Accuracy of the next token",
        false,
        Double.NaN,
        "mean_token_accuracy",
        "training",
        "eval_mean_token_accuracy",
        "held-out");
    add(
        charts,
        log,
        "Entropy of a token, nats",
        false,
        Double.NaN,
        "entropy",
        "training",
        "eval_entropy",
        "held-out");
    add(
        charts,
        log,
        "Gradient norm before clipping",
        true,
        Double.NaN,
        "grad_norm",
        "gradient norm");
    add(charts, log, "Learning rate", false, Double.NaN, "learning_rate", "learning rate");
    return charts;
  }

  /// @param names metric and legend, in turn; evaluations are drawn broken, since they are few
  private static void add(
      List<Chart> charts,
      MetricsLog log,
      String title,
      boolean logarithmic,
      double level,
      String... names) {
    var series = new ArrayList<Series>();
    for (int i = 0; i < names.length; i += 2) {
      var points =
          log.curve(names[i]).stream().map(p -> new Series.Point(p.step(), p.value())).toList();
      if (!points.isEmpty()) {
        boolean held = names[i].startsWith("eval_");
        // Of four, the held-out ones share the colours of those that were trained on.
        var colour = names.length > 6 ? OptionalInt.of(i / 2 % 2) : OptionalInt.empty();
        var style = held ? Series.Style.DOTTED : Series.Style.LINE;
        series.add(new Series(names[i + 1], points, style, colour));
      }
    }
    if (!series.isEmpty()) {
      charts.add(new Chart.Lines(title, "step", "", series, logarithmic, level));
    }
  }
}
