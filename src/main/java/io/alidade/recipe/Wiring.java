package io.alidade.recipe;

import io.alidade.UserException;
import io.alidade.batch.Readout;
import io.alidade.data.Strategy;
import io.alidade.example.Form;
import io.alidade.example.Signal;
import io.alidade.learning.Drawing;
import io.alidade.model.Head;
import io.alidade.objective.Needs;
import io.alidade.reference.AdaptersOff;
import io.alidade.reference.Cached;
import io.alidade.reference.Reference;
import java.util.EnumSet;
import java.util.Set;
import java.util.TreeSet;

/// Whether the parts of a plan fit together, checked before a byte of weights is read. A part that
/// is there and not needed is an error like one that is needed and not there.
public final class Wiring {
  private Wiring() {}

  /// Checks what can be told from the plan alone: that a reference is there if and only if the
  /// objective needs one, that it can be built, and that one head offers all readouts.
  ///
  /// @throws UserException naming the parts that do not fit
  public static void check(Plan plan) {
    var recipe = plan.recipe();
    var objective = recipe.objective().getClass().getSimpleName();
    var needs = recipe.objective().needs();
    if (needs.reference() && recipe.reference().isEmpty()) {
      throw new UserException(
          "recipe.reference: %s compares with a frozen model and the recipe names none; add"
                  .formatted(objective)
              + " 'reference: Frozen' (with an adapter: 'reference: AdaptersOff')");
    }
    if (!needs.reference() && recipe.reference().isPresent()) {
      throw new UserException(
          "recipe.reference: %s does not compare with a frozen model; remove 'reference'"
              .formatted(objective));
    }
    if (recipe.reference().filter(Wiring::needsAdapter).isPresent()
        && plan.scale().adapter().isEmpty()) {
      throw new UserException(
          "recipe.reference.AdaptersOff: the scale trains no adapter, so there is none to switch"
              + " off; set 'adapter' in the scale, or use 'reference: Frozen'");
    }
    var _ = head(recipe);
    reports(recipe);
    recipe.learning().draws().ifPresent(drawing -> drawing(plan, drawing));
    accompanied(plan);
  }

  /// Checks that fresh answers stand beside pairs if and only if the objective reads them.
  private static void accompanied(Plan plan) {
    var recipe = plan.recipe();
    var needs = recipe.objective().needs();
    var objective = recipe.objective().getClass().getSimpleName();
    var learning = recipe.learning().getClass().getSimpleName();
    int wanted = needs.feedback() == Needs.Feedback.PAIRS ? needs.candidates() - 2 : 0;
    var companions = recipe.learning().accompanied();
    if (companions.isEmpty()) {
      if (wanted > 0) {
        throw new UserException(
            "recipe.learning.%s: %s reads fresh answers beside the pairs, which nobody draws; use learning: Hybrid"
                .formatted(learning, objective));
      }
      return;
    }
    if (wanted == 0) {
      throw new UserException(
          "recipe.learning.%s: %s has no use for fresh answers beside the pairs; use learning: Offline"
              .formatted(learning, objective));
    }
    if (companions.get().samples() < wanted) {
      throw new UserException(
          "recipe.learning.%s.companions: %s needs samples of at least %d, was %d"
              .formatted(learning, objective, wanted, companions.get().samples()));
    }
    if (companions.get().maxNewTokens() >= plan.scale().maxLength()) {
      throw new UserException(
          "recipe.learning.%s.companions: max_new_tokens (%d) must be below max_length (%d), to leave room for a prompt"
              .formatted(learning, companions.get().maxNewTokens(), plan.scale().maxLength()));
    }
    if (plan.scale().adapter().filter(adapter -> adapter.loraDropout() > 0).isPresent()) {
      throw new UserException(
          "recipe.learning.%s: lora_dropout must be 0, since dropout makes the likelihoods of fresh answers noisy"
              .formatted(learning));
    }
  }

  /// Checks a loop that draws: that what comes of its answers is what the objective reads.
  private static void drawing(Plan plan, Drawing drawing) {
    var recipe = plan.recipe();
    var needs = recipe.objective().needs();
    var objective = recipe.objective().getClass().getSimpleName();
    var learning = recipe.learning().getClass().getSimpleName();
    for (var signal : needs.signals()) {
      if (!recipe.learning().yields(needs.feedback()).contains(signal)
          && drawing.advantage().filter(a -> a.signals().contains(signal)).isEmpty()) {
        throw new UserException(
            "recipe.learning.%s: %s reads '%s', which drawn answers do not carry; use another objective"
                .formatted(learning, objective, signal.name()));
      }
    }
    if (head(recipe) != Head.LANGUAGE) {
      throw new UserException(
          "recipe.learning.%s: %s trains a model that cannot draw answers"
              .formatted(learning, objective));
    }
    boolean rollouts = needs.feedback() == Needs.Feedback.ROLLOUTS;
    if (rollouts != drawing.advantage().isPresent()) {
      throw new UserException(
          "recipe.learning.%s.drawing: %s learns from %s, so 'advantage' %s"
              .formatted(
                  learning,
                  objective,
                  words(needs.feedback()),
                  rollouts ? "is needed: GroupRelative or LeaveOneOut" : "has no use; remove it"));
    }
    if (needs.feedback() != Needs.Feedback.DEMONSTRATIONS && drawing.samples() < 2) {
      throw new UserException(
          "recipe.learning.%s.drawing: %s compares answers, so samples must be at least 2, was %d"
              .formatted(learning, objective, drawing.samples()));
    }
    if (!recipe.strategies().stream().allMatch(Wiring::ofPrompts)) {
      throw new UserException(
          "recipe.strategies: %s draws its own answers, so that strategies can make prompts of prompts alone; remove the others"
              .formatted(learning));
    }
    if (drawing.maxNewTokens() >= plan.scale().maxLength()) {
      throw new UserException(
          "recipe.learning.%s.drawing: max_new_tokens (%d) must be below max_length (%d), to leave room for a prompt"
              .formatted(learning, drawing.maxNewTokens(), plan.scale().maxLength()));
    }
  }

  /// Whether a strategy makes prompts of prompts.
  private static boolean ofPrompts(Strategy strategy) {
    try {
      return strategy
              .outline(new Strategy.Outline("prompts", Form.PROMPT, Set.of(), Set.of()))
              .form()
          == Form.PROMPT;
    } catch (UserException _) {
      return false; // it takes other rows
    }
  }

  private static boolean needsAdapter(Reference reference) {
    return switch (reference) {
      case AdaptersOff _ -> true;
      case Cached(var of) -> needsAdapter(of);
      default -> false;
    };
  }

  /// Checks that what a team reports is read, and that what is read is reported.
  private static void reports(Recipe recipe) {
    var read = recipe.objective().needs().readouts();
    var learning = recipe.learning().getClass().getSimpleName();
    var objective = recipe.objective().getClass().getSimpleName();
    var reported = recipe.learning().reports();
    if (!read.containsAll(reported)) {
      throw new UserException(
          "recipe.learning.%s: it trains two models that report %s, which %s does not read; use the objective of this loop, or learning: Offline"
              .formatted(learning, new TreeSet<>(reported), objective));
    }
    if (read.contains(Readout.RIVAL) && !reported.contains(Readout.RIVAL)) {
      throw new UserException(
          "recipe.learning.%s: %s reads the likelihoods of a second model, and this loop has one model; use learning: FastSlow, or for Oreo set learning.SoftBellman.average"
              .formatted(learning, objective));
    }
  }

  /// The head of the policy of a recipe; what a second model reports needs none of its own.
  public static Head head(Recipe recipe) {
    var needs = recipe.objective().needs();
    var own = EnumSet.copyOf(needs.readouts());
    own.removeAll(recipe.learning().reports());
    return head(needs.readingOnly(own.toArray(Readout[]::new)));
  }

  /// The head that a model must wear to report what an objective reads.
  ///
  /// @throws UserException if no head reports all of it
  public static Head head(Needs needs) {
    for (var head : Head.values()) {
      if (offered(head).containsAll(needs.readouts())) {
        return head;
      }
    }
    throw new UserException(
        "recipe.objective: it reads %s, which no single head of a model reports"
            .formatted(new TreeSet<>(needs.readouts())));
  }

  /// What a model with a head reports.
  static Set<Readout> offered(Head head) {
    return switch (head) {
      case LANGUAGE ->
          EnumSet.complementOf(EnumSet.of(Readout.VALUE, Readout.REWARD, Readout.PROMPT));
      case VALUE -> EnumSet.complementOf(EnumSet.of(Readout.REWARD, Readout.PROMPT));
      case REWARD -> EnumSet.of(Readout.REWARD, Readout.PROMPT);
    };
  }

  /// Checks a plan against its data: that each strategy can take the rows as they are by then, that
  /// in the end they are what the objective learns from, and that they carry every signal that it
  /// reads.
  ///
  /// @param data what the rows are before any strategy
  /// @throws UserException naming what is missing and what is there
  public static void check(Plan plan, Strategy.Outline data) {
    var rows = data;
    for (var strategy : plan.recipe().strategies()) {
      rows = strategy.outline(rows);
    }
    var objective = plan.recipe().objective().getClass().getSimpleName();
    var needs = plan.recipe().objective().needs();
    var last = rows;
    var read =
        rows.as(needs.feedback())
            .orElseThrow(() ->
                new UserException(
                    "%s holds %s%s, and %s learns from %s: choose another recipe (./alidade list), or data with %s"
                        .formatted(
                            data.source(),
                            last.form().words(),
                            plan.recipe().strategies().isEmpty() ? "" : " after the strategies",
                            objective,
                            words(needs.feedback()),
                            columns(needs.feedback()))));
    for (Signal signal : needs.signals()) {
      if (!read.signals().contains(signal)) {
        var names = new TreeSet<String>();
        read.signals().forEach(carried -> names.add(carried.name()));
        throw new UserException(
            "%s has no column '%s'%s, which %s reads (one number %s)%s; its number columns: %s"
                .formatted(
                    data.source(),
                    signal.name(),
                    names.contains(signal.name()) ? " of this shape" : "",
                    objective,
                    each(signal.scope()),
                    Nearest.hint(signal.name(), names),
                    names));
      }
    }
  }

  private static String each(Signal.Scope scope) {
    return switch (scope) {
      case GROUP -> "a row";
      case CANDIDATE -> "a candidate";
      case UNIT -> "a token";
    };
  }

  private static String words(Needs.Feedback feedback) {
    return switch (feedback) {
      case DEMONSTRATIONS -> "demonstrations";
      case PAIRS -> "preference pairs";
      case LABELLED -> "labelled answers";
      case RANKINGS -> "rankings";
      case ROLLOUTS -> "rollouts";
    };
  }

  private static String columns(Needs.Feedback feedback) {
    return switch (feedback) {
      case DEMONSTRATIONS -> "'messages', 'text', or 'prompt' and 'completion'";
      case PAIRS -> "'prompt', 'chosen', 'rejected'";
      case LABELLED -> "'prompt', 'completion', 'label'";
      case RANKINGS, ROLLOUTS -> "'prompt' and a list of 'completions'";
    };
  }
}
