package io.alidade.explain;

import io.alidade.batch.Readout;
import io.alidade.example.Signal;
import io.alidade.objective.Needs;
import io.alidade.recipe.Slots;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.stream.Collectors;

/// What an objective wants, in words: data and readouts for its needs, names for its parameters.
final class Wants {
  private static final int FEW = 12; // names that a reader takes in

  private Wants() {}

  /// What must be there for it, by what it is.
  static SequencedMap<String, String> of(Needs needs) {
    var facts = new LinkedHashMap<String, String>();
    facts.put("feedback", feedback(needs));
    facts.put("reference", needs.reference() ? "a frozen model" + also(needs) : "none");
    facts.put("signals", signals(needs));
    facts.put(
        "policy gives",
        needs.readouts().stream().sorted().map(Wants::words).collect(Collectors.joining(", ")));
    facts.put(
        "mean over",
        switch (needs.mean()) {
          case GROUPS -> "rows";
          case TOKENS -> "tokens, at least in part";
          case BATCH -> "rows that act on each other, so a batch is not split";
        });
    return facts;
  }

  /// `; one of a, b, c` after the meaning of a parameter that is chosen by name, else nothing.
  static String choices(Class<?> objective, String key) {
    return Arrays.stream(objective.getRecordComponents())
        .filter(component -> Subject.key(component.getName()).equals(key))
        .map(component -> choices(component.getType()))
        .findFirst()
        .orElse("");
  }

  private static String choices(Class<?> type) {
    if (type.isEnum()) {
      return "; one of "
          + Arrays.stream(type.getEnumConstants())
              .map(constant -> ((Enum<?>) constant).name().toLowerCase(Locale.ROOT))
              .collect(Collectors.joining(", "));
    }
    if (!type.isInterface() || !type.getName().startsWith("io.alidade.")) {
      return "";
    }
    var names = Slots.names(type);
    return names.size() <= FEW
        ? "; one of " + String.join(", ", names)
        : "; one of %d that './alidade list' names".formatted(names.size());
  }

  private static String also(Needs needs) {
    var more =
        needs.referenceReadouts().stream()
            .filter(readout -> readout != Readout.LOG_LIKELIHOOD)
            .map(Wants::words)
            .toList();
    return more.isEmpty() ? "" : ", with its " + String.join(", ", more);
  }

  private static String words(Readout readout) {
    return switch (readout) {
      case LOG_LIKELIHOOD -> "log-likelihood of each token";
      case ENTROPY -> "entropy of each prediction";
      case COLLISION -> "log of the sum of squared probabilities";
      case LOG_NORMALIZER -> "log-normaliser of the logits";
      case MEAN_LOGIT -> "mean logit";
      case TOP_ONE -> "whether a token is the likeliest";
      case LIKELIEST -> "log-probabilities of the likeliest tokens";
      case LIKELIEST_UNITS -> "which tokens are the likeliest";
      case RIVAL -> "log-likelihood under the model trained beside it";
      case DIVERGENCE -> "divergence of each prediction from the reference's";
      case VALUE -> "value of each state";
      case HIDDEN -> "hidden states";
      case REWARD -> "output of a reward head";
      case PROMPT -> "output of the reward head at the end of the prompt";
    };
  }

  private static String feedback(Needs needs) {
    return switch (needs.feedback()) {
      case DEMONSTRATIONS -> "demonstrations";
      case PAIRS -> "preference pairs";
      case LABELLED ->
          "labelled answers" + (needs.candidates() > 1 ? ", each with a mismatched one" : "");
      case RANKINGS -> "lists of answers, the best first or with scores";
      case ROLLOUTS -> "answers that the policy drew";
    };
  }

  private static String signals(Needs needs) {
    return needs.signals().isEmpty()
        ? "none"
        : needs.signals().stream()
            .sorted(Comparator.comparing(Signal::name))
            .map(signal ->
                "%s (one number %s)"
                    .formatted(
                        signal.name(),
                        switch (signal.scope()) {
                          case GROUP -> "a row";
                          case CANDIDATE -> "an answer";
                          case UNIT -> "a token";
                        }))
            .collect(Collectors.joining(", "));
  }
}
