package io.alidade.objective;

import io.alidade.batch.Readout;
import io.alidade.example.Signal;
import java.util.HashSet;
import java.util.Set;

/// What an objective must be given.
///
/// @param feedback the form of its examples
/// @param candidates the least number of candidates a group must have
/// @param signals quantities of the data, by name and scope
/// @param readouts what the model must report; the log-likelihood unless a reward head stands in
///   its place
/// @param referenceReadouts what a frozen model must report; empty if none is needed
/// @param mean over what its loss is a mean
/// @param outputs of a reward head, at least 1
public record Needs(
    Feedback feedback,
    int candidates,
    Set<Signal> signals,
    Set<Readout> readouts,
    Set<Readout> referenceReadouts,
    Mean mean,
    int outputs) {
  /// The same for a reward head of one output.
  public Needs(
      Feedback feedback,
      int candidates,
      Set<Signal> signals,
      Set<Readout> readouts,
      Set<Readout> referenceReadouts,
      Mean mean) {
    this(feedback, candidates, signals, readouts, referenceReadouts, mean, 1);
  }

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

  /// Whether a frozen model is needed.
  public boolean reference() {
    return !referenceReadouts.isEmpty();
  }

  /// Whether a batch must not be split into pieces that are computed apart.
  public boolean coupled() {
    return mean == Mean.BATCH;
  }

  /// Whether every group is a pair and nothing else, so that it can be turned round.
  public boolean onlyPairs() {
    return feedback == Feedback.PAIRS && candidates == 2;
  }

  /// Copies the sets.
  public Needs {
    signals = Set.copyOf(signals);
    readouts = Set.copyOf(readouts);
    referenceReadouts = Set.copyOf(referenceReadouts);
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
    var likelihood = Set.of(Readout.LOG_LIKELIHOOD);
    return new Needs(feedback, candidates, Set.of(), likelihood, likelihood, Mean.GROUPS);
  }

  /// The same with at least so many candidates a group, the further ones appended by a strategy;
  /// those of pairs are drawn by the policy.
  public Needs candidates(int least) {
    return new Needs(feedback, least, signals, readouts, referenceReadouts, mean, outputs);
  }

  /// The same without a frozen model.
  public Needs withoutReference() {
    return referenceReading();
  }

  /// The same with log-likelihoods under a frozen model.
  public Needs withReference() {
    return referenceReading(Readout.LOG_LIKELIHOOD);
  }

  /// The same with these readouts of a frozen model and no others.
  public Needs referenceReading(Readout... these) {
    return new Needs(feedback, candidates, signals, readouts, Set.of(these), mean, outputs);
  }

  /// The same with further signals.
  public Needs with(Signal... more) {
    return new Needs(
        feedback,
        candidates,
        union(signals, Set.of(more)),
        readouts,
        referenceReadouts,
        mean,
        outputs);
  }

  /// The same with further readouts.
  public Needs reading(Readout... more) {
    return new Needs(
        feedback,
        candidates,
        signals,
        union(readouts, Set.of(more)),
        referenceReadouts,
        mean,
        outputs);
  }

  /// The same with these readouts and no others.
  public Needs readingOnly(Readout... these) {
    return new Needs(
        feedback, candidates, signals, Set.of(these), referenceReadouts, mean, outputs);
  }

  /// The same with a reward head of several outputs.
  public Needs outputs(int count) {
    return new Needs(feedback, candidates, signals, readouts, referenceReadouts, mean, count);
  }

  /// The same for a mean over tokens.
  public Needs overTokens() {
    return new Needs(
        feedback, candidates, signals, readouts, referenceReadouts, Mean.TOKENS, outputs);
  }

  /// The same for an objective whose groups act on each other.
  public Needs wholeBatch() {
    return new Needs(
        feedback, candidates, signals, readouts, referenceReadouts, Mean.BATCH, outputs);
  }

  /// What both objectives need, for combinations.
  ///
  /// @throws IllegalArgumentException if they learn from different forms of feedback, or one from
  ///   pairs alone and the other from pairs with drawn answers behind them, which the first would
  ///   take for answers of the data, or from reward heads of different widths
  public Needs and(Needs other) {
    if (feedback != other.feedback) {
      throw new IllegalArgumentException(
          "cannot combine objectives over %s and %s".formatted(feedback, other.feedback));
    }
    if (onlyPairs() != other.onlyPairs()) {
      throw new IllegalArgumentException(
          "cannot combine objectives over pairs of the data and over pairs with drawn answers");
    }
    if (outputs != other.outputs && rewards() && other.rewards()) {
      throw new IllegalArgumentException(
          "cannot combine objectives over a reward head of %d outputs and over one of %d"
              .formatted(outputs, other.outputs));
    }
    return new Needs(
        feedback,
        Math.max(candidates, other.candidates),
        union(signals, other.signals),
        union(readouts, other.readouts),
        union(referenceReadouts, other.referenceReadouts),
        mean.compareTo(other.mean) > 0 ? mean : other.mean,
        Math.max(outputs, other.outputs));
  }

  private boolean rewards() {
    return readouts.contains(Readout.REWARD);
  }

  private static <T> Set<T> union(Set<T> one, Set<T> two) {
    var all = new HashSet<>(one);
    all.addAll(two);
    return all;
  }
}
