package io.alidade.bench;

import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.example.Example;
import io.alidade.store.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

/// Groups of given lengths with arbitrary tokens, each completion with an end.
///
/// @param lengths of each group: the prompt, then each candidate
record Workload(List<int[]> lengths) {
  /// The token that ends a completion; those below it are not drawn either.
  static final int END = 2;

  /// How long prompts and completions are.
  enum Layout {
    /// Prompts of about 192 tokens and completions of about 64.
    BASE,
    /// Prompts of about 512 tokens and completions of about 32.
    LONG,
    /// Prompts of 192 tokens and completions of 64, without spread.
    FIXED,
    /// Eight candidates of 32 tokens to a prompt of 512.
    LIST
  }

  /// The first groups of a layout; the lengths begin anew where the layout has no more.
  static Workload of(Layout layout, int groups) {
    var lengths = new ArrayList<int[]>();
    var known = layout == Layout.LIST ? List.of(list()) : known(layout);
    for (int i = 0; i < groups; i++) {
      lengths.add(known.get(i % known.size()));
    }
    return new Workload(List.copyOf(lengths));
  }

  private static int[] list() {
    var lengths = new int[9];
    java.util.Arrays.fill(lengths, 32);
    lengths[0] = 512;
    return lengths;
  }

  private static List<int[]> known(Layout layout) {
    try (var file = Workload.class.getResourceAsStream("lengths.json")) {
      if (file == null) {
        throw new IllegalStateException("the lengths are not on the class path");
      }
      var text = new String(file.readAllBytes(), StandardCharsets.UTF_8);
      var lengths = new ArrayList<int[]>();
      Json.parse("lengths.json", text)
          .get(layout.name().toLowerCase(Locale.ROOT))
          .forEach(row -> lengths.add(Json.mapper().convertValue(row, int[].class)));
      return lengths;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// The groups, all tokens of completions scored.
  Groups groups(int vocabulary, long seed) {
    var random = new Random(seed);
    var groups = new ArrayList<Group>();
    for (var row : lengths) {
      var candidates = new ArrayList<Completion>();
      var prompt = random.ints(row[0], END + 1, vocabulary).toArray();
      for (int c = 1; c < row.length; c++) {
        var tokens = random.ints(row[c], END + 1, vocabulary).toArray();
        tokens[row[c] - 1] = END;
        candidates.add(Completion.of(tokens));
      }
      groups.add(
          new Group(new Example.Row("bench", groups.size() + 1), prompt, candidates, Map.of()));
    }
    return Groups.of(groups);
  }

  /// Tokens with the prompt once a candidate, as a system without sharing processes them.
  long realTokens(int from, int to) {
    long all = 0;
    for (var row : lengths.subList(from, to)) {
      for (int c = 1; c < row.length; c++) {
        all += row[0] + row[c];
      }
    }
    return all;
  }

  /// Tokens that must be read where a prompt is read once a group.
  long neededTokens(int from, int to) {
    long all = 0;
    for (var row : lengths.subList(from, to)) {
      all += row[0];
      for (int c = 1; c < row.length; c++) {
        all += row[c] - 1; // the last one predicts nothing
      }
    }
    return all;
  }

  /// Floating-point operations that forward and backward need at least: each product once forward
  /// and, where weights are trained, twice backward; the prompt once a group; no token after the
  /// last that predicts one; the vocabulary only where a token is predicted. Element-wise work and
  /// whatever is computed again are not counted.
  ///
  /// @param rank of an adapter on all linear modules, 0 for none
  double operations(Shape shape, int rank, int from, int to) {
    double sum = 0;
    for (var row : lengths.subList(from, to)) {
      double scored = 0;
      for (int c = 1; c < row.length; c++) {
        scored += row[c];
      }
      sum += prompt(shape, rank, row) + completions(shape, rank, row);
      sum += times(rank) * 2 * scored * shape.hidden * shape.vocabulary;
    }
    return sum;
  }

  /// The share of the layers' operations that prompts take; the rest is of completions.
  double promptShare(Shape shape, int rank, int from, int to) {
    double prompts = 0;
    double all = 0;
    for (var row : lengths.subList(from, to)) {
      double prompt = prompt(shape, rank, row);
      prompts += prompt;
      all += prompt + completions(shape, rank, row);
    }
    return prompts / all;
  }

  private static double prompt(Shape shape, int rank, int[] row) {
    double tokens = row[0];
    return layers(shape, rank, tokens, tokens * (tokens + 1) / 2);
  }

  private static double completions(Shape shape, int rank, int[] row) {
    double tokens = 0;
    double visible = 0;
    for (int c = 1; c < row.length; c++) {
      double read = row[c] - 1.0;
      tokens += read;
      visible += read * row[0] + read * (read + 1) / 2;
    }
    return layers(shape, rank, tokens, visible);
  }

  /// @param visible tokens that each one attends to, itself included, summed
  private static double layers(Shape shape, int rank, double tokens, double visible) {
    return times(rank) * 2 * tokens * shape.linear()
        + 3 * 2 * tokens * shape.adapted() * rank
        + 3 * 4 * visible * shape.hidden * shape.layers;
  }

  /// Products with a weight, forward and backward: below an adapter the weights have no gradient,
  /// so the backward pass is one product of two.
  private static double times(int rank) {
    return rank > 0 ? 2 : 3;
  }
}
