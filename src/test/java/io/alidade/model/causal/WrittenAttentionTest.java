package io.alidade.model.causal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.alidade.tensor.Grad;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Rng;
import io.alidade.tensor.Step;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Against the formula over all pairs of tokens at once, which the library differentiates.
class WrittenAttentionTest {
  private static final int HEADS = 6;
  private static final int GROUPS = 2;
  private static final int SIZE = 8;

  /// A prompt longer than two blocks of queries with two answers that share a product, one with
  /// answers so long that each has its own, and a single sequence.
  private static Layout layout() {
    var builder = new Layout.Builder();
    root(builder, 300, 40, 150);
    root(builder, 20, 170, 140, 100);
    root(builder, 131);
    root(builder, 1, 1);
    return builder.build();
  }

  private static void root(Layout.Builder builder, int length, int... children) {
    int prefix = builder.root(new int[length], length);
    for (int child : children) {
      builder.child(prefix, new int[child], child, length + child);
    }
  }

  /// What layers are asked with.
  private record Inputs(Tensor query, Tensor key, Tensor value, Tensor gradient) {
    static Inputs of(int tokens, ScalarType type) {
      try (var random = new Rng(3)) {
        return new Inputs(
            random.normal(tokens, HEADS, SIZE).to(type),
            random.normal(tokens, GROUPS, SIZE).to(type),
            random.normal(tokens, GROUPS, SIZE).to(type),
            random.normal(tokens, HEADS * SIZE).to(type));
      }
    }

    Inputs part(Stretch stretch) {
      return new Inputs(
          query.narrow(0, stretch.from(), stretch.count()),
          key,
          value,
          gradient.narrow(0, stretch.from(), stretch.count()));
    }
  }

  private static boolean sees(Layout layout, int query, int key, int window) {
    var segments = layout.segments();
    int own = segmentOf(segments, query);
    int other = segmentOf(segments, key);
    boolean before = own == other ? key <= query : segments.get(own).prefix() == other;
    int distance = layout.positions()[query] - layout.positions()[key];
    return before && (window == 0 || distance < window);
  }

  private static int segmentOf(List<Layout.Segment> segments, int token) {
    for (int i = 0; i < segments.size(); i++) {
      if (token < segments.get(i).start() + segments.get(i).length()) {
        return i;
      }
    }
    throw new IllegalArgumentException("no such token");
  }

  /// `[T, heads * d]`, with a graph.
  private static Tensor dense(
      Layout layout, Attention.Settings settings, Tensor query, Tensor key, Tensor value) {
    int tokens = layout.size();
    var mask = new double[tokens * tokens];
    for (int t = 0; t < tokens; t++) {
      for (int k = 0; k < tokens; k++) {
        mask[t * tokens + k] = sees(layout, t, k, settings.window()) ? 0 : -1e300;
      }
    }
    var keys = key.transpose(0, 1).repeat_interleave(HEADS / GROUPS, zero(), new LongOptional());
    var values =
        value.transpose(0, 1).repeat_interleave(HEADS / GROUPS, zero(), new LongOptional());
    var scores = Ops.times(query.transpose(0, 1).bmm(keys.transpose(1, 2)), settings.scale());
    if (settings.softCap() > 0) {
      scores = Ops.times(Ops.times(scores, 1 / settings.softCap()).tanh(), settings.softCap());
    }
    var weights = torch.softmax(scores.add(Ops.doubles(mask, tokens, tokens)), 2);
    return weights.bmm(values).transpose(0, 1).flatten(1, 2);
  }

  private static LongOptional zero() {
    return new LongOptional(0);
  }

  private static void close(Tensor actual, Tensor expected, double tolerance) {
    assertThat(Ops.toDoubles(actual.to(ScalarType.Double)))
        .containsExactly(Ops.toDoubles(expected), within(tolerance));
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "7, 0", "200, 0", "0, 2.5", "100, 1.5"})
  void valuesAndGradientsAreThoseOfTheFormula(int window, double cap) {
    var layout = layout();
    var settings = new Attention.Settings(0.6, window, cap);
    var all = Stretch.of(layout);
    assertThat(new AttentionPlan(layout, all).calls())
        .as("answers that share a product, and such that do not")
        .anyMatch(call -> call.segments().size() == 2)
        .anyMatch(call -> call.prefix() >= 0);
    try (var _ = new Step()) {
      var in = Inputs.of(layout.size(), ScalarType.Double);
      var q = Grad.leaf(in.query);
      var k = Grad.leaf(in.key);
      var v = Grad.leaf(in.value);
      var expected = Grad.on(() -> dense(layout, settings, q, k, v));
      Grad.backward(List.of(expected), List.of(in.gradient));

      var attention = new WrittenAttention(Set.of(settings), layout, all, ScalarType.Double);
      close(attention.attend(0, in.query, in.key, in.value, settings), expected.detach(), 1e-12);
      var back = attention.back(0, in.query, in.key, in.value, in.gradient, settings);
      close(back.query(), Grad.gathered(q), 1e-12);
      close(back.key(), Grad.gathered(k), 1e-12);
      close(back.value(), Grad.gathered(v), 1e-12);
    }
  }

  @ParameterizedTest
  @CsvSource({"Float, 2e-6", "BFloat16, 0.02"})
  void shorterTypesAreCloseToIt(ScalarType type, double tolerance) {
    var layout = layout();
    var settings = new Attention.Settings(0.6, 0, 0);
    try (var _ = new Step()) {
      var exact = Inputs.of(layout.size(), type);
      var in = Inputs.of(layout.size(), ScalarType.Double);
      var rounded =
          new Inputs(
              exact.query.to(ScalarType.Double),
              exact.key.to(ScalarType.Double),
              exact.value.to(ScalarType.Double),
              in.gradient);
      var expected = dense(layout, settings, rounded.query, rounded.key, rounded.value);
      var attention = new WrittenAttention(Set.of(settings), layout, Stretch.of(layout), type);
      var mixed = attention.attend(0, exact.query, exact.key, exact.value, settings);
      assertThat(Ops.type(mixed)).isEqualTo(type);
      close(mixed, expected, tolerance);
      var back = attention.back(0, exact.query, exact.key, exact.value, exact.gradient, settings);
      assertThat(Ops.type(back.key())).isEqualTo(type);
    }
  }

  /// Queries of three shares, whose gradients of keys add up.
  @Test
  void stretchesMakeUpTheWhole() {
    var layout = layout();
    var settings = new Attention.Settings(0.6, 50, 0);
    try (var _ = new Step()) {
      var in = Inputs.of(layout.size(), ScalarType.Double);
      var whole =
          new WrittenAttention(Set.of(settings), layout, Stretch.of(layout), ScalarType.Double);
      var mixed = new ArrayList<Tensor>();
      var toQuery = new ArrayList<Tensor>();
      var toKey = torch.zeros_like(in.key);
      for (var stretch :
          Arrays.asList(new Stretch(0, 200), new Stretch(200, 333), rest(layout, 533))) {
        var own = new WrittenAttention(Set.of(settings), layout, stretch, ScalarType.Double);
        var part = in.part(stretch);
        mixed.add(own.attend(0, part.query, part.key, part.value, settings));
        var back = own.back(0, part.query, part.key, part.value, part.gradient, settings);
        toQuery.add(back.query());
        toKey.add_(back.key());
      }
      var expected = whole.back(0, in.query, in.key, in.value, in.gradient, settings);
      close(
          Ops.concatenate(mixed, 0), whole.attend(0, in.query, in.key, in.value, settings), 1e-12);
      close(Ops.concatenate(toQuery, 0), expected.query(), 1e-12);
      close(toKey, expected.key(), 1e-12);
    }
  }

  private static Stretch rest(Layout layout, int from) {
    return new Stretch(from, layout.size() - from);
  }

  @Test
  void aSequenceHasTheSameBitsInAnyCompany() {
    var layout = layout();
    var settings = new Attention.Settings(0.6, 0, 0);
    try (var _ = new Step()) {
      var in = Inputs.of(layout.size(), ScalarType.Float);
      var together =
          new WrittenAttention(Set.of(settings), layout, Stretch.of(layout), ScalarType.Float)
              .attend(0, in.query, in.key, in.value, settings);
      var alone = Layout.of(new int[131]);
      int from = layout.segments().get(7).start();
      var own = new Stretch(from, 131);
      var apart =
          new WrittenAttention(Set.of(settings), alone, Stretch.of(alone), ScalarType.Float)
              .attend(
                  0,
                  in.query.narrow(0, from, 131),
                  in.key.narrow(0, from, 131),
                  in.value.narrow(0, from, 131),
                  settings);
      assertThat(together.narrow(0, own.from(), own.count()).equal(apart)).isTrue();
    }
  }

  @Test
  void aKindThatNoLayerDeclaresIsAnError() {
    var layout = Layout.of(1, 2, 3);
    var known = new Attention.Settings(1, 0, 0);
    var other = new Attention.Settings(1, 5, 0);
    try (var _ = new Step()) {
      var in = Inputs.of(3, ScalarType.Float);
      var attention =
          new WrittenAttention(Set.of(known), layout, Stretch.of(layout), ScalarType.Float);
      assertThatThrownBy(() -> attention.attend(0, in.query, in.key, in.value, other))
          .isInstanceOf(IllegalStateException.class);
    }
  }
}
