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
/// @param candidates the least number of candidates a group must have
/// @param reference whether log-likelihoods under a frozen model are needed
/// @param signals quantities of the data, by name and scope
/// @param readouts what the model must report; the log-likelihood unless a reward head stands in
///   its place
/// @param mean over what its loss is a mean
public record Needs(
    Feedback feedback,
    int candidates,
    boolean reference,
    Set<Signal> signals,
    Set<Readout> readouts,
    Mean mean) {
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

  /// Over what a loss is a mean, from the most to the least divisible.
  public enum Mean {
    /// Over groups, each with a loss of its own, which may be weighted.
    GROUPS,
    /// Over tokens, at least in part: groups count by their length.
    TOKENS,
    /// Over groups that act on each other, through a sort or a mean over the batch: a batch must
    /// not be split into pieces that are computed apart.
    BATCH
  }

  /// Whether a batch must not be split into pieces that are computed apart.
  public boolean coupled() {
    return mean == Mean.BATCH;
  }

  /// Copies the sets.
  public Needs {
    signals = Set.copyOf(signals);
    readouts = Set.copyOf(readouts);
  }

  /// Pairs, the reference and no signals.
  public static Needs pairs() {
    return of(Feedback.PAIRS, 2);
  }

  /// Rankings, the reference and no signals.
  public static Needs rankings() {
    return of(Feedback.RANKINGS, 2);
  }

  /// Labelled examples, the reference and no signals.
  public static Needs labelled() {
    return of(Feedback.LABELLED, 1);
  }

  /// Demonstrations without a reference.
  public static Needs demonstrations() {
    return of(Feedback.DEMONSTRATIONS, 1).withoutReference();
  }

  /// Rollouts, the reference and no signals.
  public static Needs rollouts() {
    return of(Feedback.ROLLOUTS, 2);
  }

  private static Needs of(Feedback feedback, int candidates) {
    return new Needs(
        feedback, candidates, true, Set.of(), EnumSet.of(Readout.LOG_LIKELIHOOD), Mean.GROUPS);
  }

  /// The same with at least so many candidates a group, the further ones appended by a strategy.
  public Needs candidates(int least) {
    return new Needs(feedback, least, reference, signals, readouts, mean);
  }

  /// The same without a frozen model.
  public Needs withoutReference() {
    return new Needs(feedback, candidates, false, signals, readouts, mean);
  }

  /// The same with a frozen model.
  public Needs withReference() {
    return new Needs(feedback, candidates, true, signals, readouts, mean);
  }

  /// The same with further signals.
  public Needs with(Signal... more) {
    var all = new LinkedHashSet<>(signals);
    all.addAll(List.of(more));
    return new Needs(feedback, candidates, reference, all, readouts, mean);
  }

  /// The same with further readouts.
  public Needs reading(Readout... more) {
    var all = EnumSet.copyOf(readouts);
    all.addAll(List.of(more));
    return new Needs(feedback, candidates, reference, signals, all, mean);
  }

  /// The same with these readouts and no others.
  public Needs readingOnly(Readout... these) {
    return new Needs(feedback, candidates, reference, signals, Set.of(these), mean);
  }

  /// The same for a mean over tokens.
  public Needs overTokens() {
    return new Needs(feedback, candidates, reference, signals, readouts, Mean.TOKENS);
  }

  /// The same for an objective whose groups act on each other.
  public Needs wholeBatch() {
    return new Needs(feedback, candidates, reference, signals, readouts, Mean.BATCH);
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
    return new Needs(
        feedback,
        Math.max(candidates, other.candidates),
        reference || other.reference,
        allSignals,
        allReadouts,
        mean.compareTo(other.mean) > 0 ? mean : other.mean);
  }
}
