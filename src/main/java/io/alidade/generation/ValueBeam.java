package io.alidade.generation;

import io.alidade.Check;
import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.example.Example;
import io.alidade.model.Drawn;
import io.alidade.model.Generator;
import io.alidade.model.Policy;
import io.alidade.model.Sampling;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Search for an answer with a model of values (Wang et al. 2024, arXiv:2412.16145, section 3.4):
/// step-level beam search. The beam holds `width` beginnings; each is continued by as many sampled
/// steps, and those of highest value at their last token are kept. What is finished leaves the
/// beam; the finished answer of highest value is given. With a `width` of 1 and several samples it
/// is what the paper does for agents: the best of `K` actions at each step.
///
/// @param width beginnings kept, at least 1
/// @param samples steps sampled from each, at least 1
/// @param steps of an answer at most, at least 1: the budget. Where it is used up before an answer
///   is finished, the beginning of highest value is given, and [Found#finished()] says so
/// @param step how one step is sampled
/// @param separators tokens that end a step; a step also ends at its largest number of tokens
/// @param ends tokens that end an answer
public record ValueBeam(
    int width, int samples, int steps, Sampling step, Set<Integer> separators, Set<Integer> ends) {
  private static final int BATCH = 64;

  /// Checks the ranges.
  public ValueBeam {
    Check.atLeast("width", 1, width);
    Check.atLeast("samples", 1, samples);
    Check.atLeast("steps", 1, steps);
    separators = Set.copyOf(separators);
    ends = Set.copyOf(ends);
  }

  /// As many samples as beginnings: the paper's for reasoning.
  public ValueBeam(
      int width, int steps, Sampling step, Set<Integer> separators, Set<Integer> ends) {
    this(width, width, steps, step, separators, ends);
  }

  /// What a search gave.
  ///
  /// @param tokens of the answer
  /// @param logps log-likelihood of each, nats
  /// @param entropies of the distribution that each was drawn from, nats
  /// @param value that the critic gives it, reward units
  /// @param finished whether it ended before the budget did
  public record Found(
      int[] tokens, float[] logps, float[] entropies, double value, boolean finished) {}

  private record Beginning(
      int prompt, int[] tokens, float[] logps, float[] entropies, double value, boolean finished) {
    static Beginning of(int prompt) {
      return new Beginning(prompt, new int[0], new float[0], new float[0], 0, false);
    }

    Beginning with(Drawn step, boolean finished) {
      return new Beginning(
          prompt,
          joined(tokens, step.tokens()),
          joined(logps, step.logps()),
          joined(entropies, step.entropies()),
          0,
          finished);
    }

    Beginning worth(double value) {
      return new Beginning(prompt, tokens, logps, entropies, value, finished);
    }
  }

  /// An answer to each prompt, in their order.
  ///
  /// @param critic a model with a value head
  /// @param first number of the first prompt in a longer list, which with the seed decides the
  ///   draws
  public List<Found> search(Policy policy, Policy critic, List<int[]> prompts, int first) {
    var beams = new ArrayList<List<Beginning>>();
    var done = new ArrayList<List<Beginning>>();
    for (int p = 0; p < prompts.size(); p++) {
      beams.add(List.of(Beginning.of(p)));
      done.add(new ArrayList<>());
    }
    var stops = new HashSet<>(separators);
    stops.addAll(ends);
    for (int depth = 0; depth < steps; depth++) {
      var open = beams.stream().flatMap(List::stream).toList();
      if (open.isEmpty()) {
        break;
      }
      var grown = grown(policy, prompts, open, stops, first, depth);
      var valued = valued(critic, prompts, grown);
      for (int p = 0; p < prompts.size(); p++) {
        int prompt = p;
        var best =
            valued.stream()
                .filter(one -> one.prompt == prompt)
                .sorted(Comparator.comparingDouble((Beginning one) -> -one.value))
                .limit(width)
                .toList();
        best.stream().filter(Beginning::finished).forEach(done.get(p)::add);
        beams.set(p, best.stream().filter(one -> !one.finished).toList());
      }
    }
    var found = new ArrayList<Found>();
    for (int p = 0; p < prompts.size(); p++) {
      var among = done.get(p).isEmpty() ? beams.get(p) : done.get(p);
      var best = among.stream().max(Comparator.comparingDouble(Beginning::value)).orElseThrow();
      found.add(new Found(best.tokens, best.logps, best.entropies, best.value, best.finished));
    }
    return found;
  }

  /// Each beginning with its sampled steps; equal ones of a prompt are there once.
  private List<Beginning> grown(
      Policy policy,
      List<int[]> prompts,
      List<Beginning> open,
      Set<Integer> stops,
      int first,
      int depth) {
    var texts = open.stream().map(one -> joined(prompts.get(one.prompt), one.tokens)).toList();
    var drawn = new Drawn[open.size()][samples];
    // A stream of random numbers for each prompt, place in the beam and depth.
    for (int i = 0; i < open.size(); ) {
      int prompt = open.get(i).prompt;
      int end = i;
      while (end < open.size() && open.get(end).prompt == prompt) {
        end++;
      }
      int from = i;
      long seed =
          step.seed() * 0x9E3779B97F4A7C15L + (first + prompt) * 0x5851F42D4C957F2DL + depth;
      new Generator(policy, step.seeded(seed), stops)
          .sample(
              texts.subList(i, end),
              samples,
              0,
              sample -> drawn[from + sample.prompt()][sample.number()] = sample.drawn());
      i = end;
    }
    var grown = new ArrayList<Beginning>();
    var seen = new HashSet<List<Integer>>();
    for (int i = 0; i < open.size(); i++) {
      for (var one : drawn[i]) {
        var tokens = joined(open.get(i).tokens, one.tokens());
        var key = new ArrayList<Integer>();
        key.add(open.get(i).prompt);
        Arrays.stream(tokens).forEach(key::add);
        if (seen.add(key)) {
          boolean finished = tokens.length > 0 && ends.contains(tokens[tokens.length - 1]);
          grown.add(open.get(i).with(one, finished));
        }
      }
    }
    return grown;
  }

  private static int[] joined(int[] one, int[] two) {
    var both = Arrays.copyOf(one, one.length + two.length);
    System.arraycopy(two, 0, both, one.length, two.length);
    return both;
  }

  private static float[] joined(float[] one, float[] two) {
    var both = Arrays.copyOf(one, one.length + two.length);
    System.arraycopy(two, 0, both, one.length, two.length);
    return both;
  }

  private static List<Beginning> valued(
      Policy critic, List<int[]> prompts, List<Beginning> beginnings) {
    var texts =
        beginnings.stream().map(one -> joined(prompts.get(one.prompt), one.tokens)).toList();
    var values = values(critic, texts);
    var valued = new ArrayList<Beginning>();
    for (int i = 0; i < values.length; i++) {
      valued.add(beginnings.get(i).worth(values[i]));
    }
    return valued;
  }

  /// The value of the state after each text, reward units.
  public static double[] values(Policy critic, List<int[]> texts) {
    var values = new double[texts.size()];
    for (int from = 0; from < values.length; from += BATCH) {
      var groups = new ArrayList<Group>();
      for (int i = from; i < Math.min(values.length, from + BATCH); i++) {
        // The value is read where the next token would be predicted, whichever it is.
        groups.add(
            new Group(
                new Example.Row("beam", i + 1L),
                texts.get(i),
                List.of(Completion.of(0)),
                Map.of()));
      }
      try (var _ = new Step()) {
        var output =
            critic
                .score(new Batch(groups), Set.of(Readout.VALUE), false)
                .outputs()
                .get(Readout.VALUE);
        var numbers = Ops.toDoubles(java.util.Objects.requireNonNull(output)); // [N, 1]
        System.arraycopy(numbers, 0, values, from, numbers.length);
      }
    }
    return values;
  }
}
