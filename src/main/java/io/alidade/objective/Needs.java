package io.alidade.objective;

import io.alidade.batch.Readout;
import io.alidade.example.Signal;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// What an objective must be given.
///
/// @param feedback the form of its examples
/// @param reference whether log-likelihoods under a frozen model are needed
/// @param signals quantities of the data, by name and scope
/// @param readouts what the model must report; the log-likelihood unless a reward head stands in
///   its place
public record Needs(
    Feedback feedback, boolean reference, Set<Signal> signals, Set<Readout> readouts) {
  /// The form of the examples that an objective learns from.
  public enum Feedback {
    /// One candidate a group, to be imitated.
    DEMONSTRATIONS,
    /// Two candidates a group, the chosen one first.
    PAIRS,
    /// One candidate a group with a label; a strategy may append further ones.
    LABELLED,
    /// K candidates a group, the best first or with scores as a signal.
    RANKINGS,
    /// K candidates a group that the policy drew, with rewards as a signal.
    ROLLOUTS
  }

  /// Copies the sets.
  public Needs {
    signals = Set.copyOf(signals);
    readouts = Set.copyOf(readouts);
  }

  /// Pairs, the reference and no signals.
  public static Needs pairs() {
    return of(Feedback.PAIRS);
  }

  /// Rankings, the reference and no signals.
  public static Needs rankings() {
    return of(Feedback.RANKINGS);
  }

  /// Labelled examples, the reference and no signals.
  public static Needs labelled() {
    return of(Feedback.LABELLED);
  }

  /// Demonstrations without a reference.
  public static Needs demonstrations() {
    return of(Feedback.DEMONSTRATIONS).withoutReference();
  }

  /// Rollouts, the reference and no signals.
  public static Needs rollouts() {
    return of(Feedback.ROLLOUTS);
  }

  private static Needs of(Feedback feedback) {
    return new Needs(feedback, true, Set.of(), EnumSet.of(Readout.LOG_LIKELIHOOD));
  }

  /// The same without a frozen model.
  public Needs withoutReference() {
    return new Needs(feedback, false, signals, readouts);
  }

  /// The same with further signals.
  public Needs with(Signal... more) {
    var all = new LinkedHashSet<>(signals);
    all.addAll(List.of(more));
    return new Needs(feedback, reference, all, readouts);
  }

  /// The same with further readouts.
  public Needs reading(Readout... more) {
    var all = EnumSet.copyOf(readouts);
    all.addAll(List.of(more));
    return new Needs(feedback, reference, signals, all);
  }

  /// The same with these readouts and no others.
  public Needs readingOnly(Readout... these) {
    return new Needs(feedback, reference, signals, Set.of(these));
  }

  /// What both objectives need, for combinations.
  ///
  /// @throws IllegalArgumentException if they learn from different forms of feedback
  public Needs and(Needs other) {
    if (feedback != other.feedback) {
      throw new IllegalArgumentException(
          "cannot combine objectives over %s and %s".formatted(feedback, other.feedback));
    }
    var allSignals = new LinkedHashSet<>(signals);
    allSignals.addAll(other.signals);
    var allReadouts = EnumSet.copyOf(readouts);
    allReadouts.addAll(other.readouts);
    return new Needs(feedback, reference || other.reference, allSignals, allReadouts);
  }
}
