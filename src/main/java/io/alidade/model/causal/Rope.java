package io.alidade.model.causal;

import io.alidade.tensor.Ops;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Rotary position embedding (Su et al. 2021, arXiv:2104.09864) with the scalings in use.
///
/// The first `width` dimensions of each head form pairs `(i, i + width/2)`, which turn by `position
/// * frequency_i`; the rest of the head stays. Unscaled, `frequency_i = theta^(-2i/width)`.
///
/// Scalings: `linear` (Chen et al. 2023, arXiv:2306.15595), `dynamic` (the base grows with the
/// length of the sequence beyond what was trained), `llama3` (long waves are stretched, short ones
/// kept), `yarn` (Peng et al. 2023, arXiv:2309.00071), `longrope` (Ding et al. 2024,
/// arXiv:2402.13753).
///
/// A frequency that depends on the length of the sequence goes by [Layout.Segment#span], each
/// sequence by its own, so that a row's result does not depend on its neighbours in a batch.
final class Rope {
  private final int width;
  private final double theta;
  private final Scaling scaling;

  private Rope(int width, double theta, Scaling scaling) {
    this.width = width;
    this.theta = theta;
    this.scaling = scaling;
  }

  /// A way to change frequencies.
  private sealed interface Scaling {
    record None() implements Scaling {}

    record Linear(double factor) implements Scaling {}

    record Dynamic(double factor, int trained) implements Scaling {}

    record Llama3(double factor, double low, double high, int trained) implements Scaling {}

    record Yarn(
        double factor, double magnitude, double fast, double slow, boolean truncate, int trained)
        implements Scaling {}

    record LongRope(List<Double> brief, List<Double> extended, double magnitude, int trained)
        implements Scaling {}
  }

  /// As a configuration says, in the layout of transformers 5 (`rope_parameters`, possibly by type
  /// of layer) or the older one (`rope_theta` beside `rope_scaling`). Where both are there, the
  /// older one counts, as in transformers 5: alone, or, in families whose layers differ, key by key
  /// for the layers that see everything.
  ///
  /// @param layerType key inside `rope_parameters`, for families whose layers differ
  /// @param headSize d
  /// @param theta base if none is given
  /// @param part of the head that turns if none is given
  static Rope of(
      ModelConfig config, Optional<String> layerType, int headSize, double theta, double part) {
    var section = section(config, layerType);
    double base = section.flatMap(s -> s.optionalNumber("rope_theta")).orElse(theta);
    double share = section.flatMap(s -> s.optionalNumber("partial_rotary_factor")).orElse(part);
    int width = (int) (headSize * share);
    if (width < 2 || width + width % 2 > headSize) {
      throw config.bad(
          "partial_rotary_factor",
          "gives %d rotated dimensions of %d; at least 2 and an even number must fit"
              .formatted(width, headSize));
    }
    return new Rope(
        width, base, section.map(s -> scaling(config, s, width)).orElse(new Scaling.None()));
  }

  private static Optional<ModelConfig> section(ModelConfig config, Optional<String> layerType) {
    var older = config.filledSection("rope_scaling");
    var newer = config.filledSection("rope_parameters");
    if (layerType.isEmpty()) {
      return older.or(() -> newer);
    }
    var typed = newer.flatMap(all -> all.filledSection(layerType.get()).or(() -> newer));
    return layerType.get().equals("full_attention") && older.isPresent()
        ? Optional.of(typed.map(under -> under.overlaid(older.get())).orElseGet(older::get))
        : typed;
  }

  private static Scaling scaling(ModelConfig config, ModelConfig section, int width) {
    var type = section.text("rope_type", section.text("type", "default"));
    int longest = config.integer("max_position_embeddings", 2048);
    int trained =
        config.integer(
            "original_max_position_embeddings",
            section.integer("original_max_position_embeddings", longest));
    double ratio = (double) longest / trained;
    return switch (type) {
      case "default" -> new Scaling.None();
      case "linear" -> new Scaling.Linear(section.number("factor"));
      case "dynamic" -> new Scaling.Dynamic(section.number("factor"), longest);
      case "llama3" ->
          new Scaling.Llama3(
              section.number("factor"),
              section.number("low_freq_factor"),
              section.number("high_freq_factor"),
              trained);
      case "yarn" -> {
        double factor = section.number("factor", ratio);
        yield new Scaling.Yarn(
            factor,
            section.number("attention_factor", magnitude(section, factor)),
            nonZero(section.number("beta_fast", 32), 32),
            nonZero(section.number("beta_slow", 1), 1),
            section.flag("truncate", true),
            trained);
      }
      case "longrope" -> {
        double factor = section.number("factor", ratio);
        double grown = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(trained));
        yield new Scaling.LongRope(
            factors(section, "short_factor", width),
            factors(section, "long_factor", width),
            section.number("attention_factor", grown),
            trained);
      }
      default ->
          throw section.bad(
              "rope_type",
              "is '%s', which is unknown; known: default, linear, dynamic, llama3, yarn, longrope"
                  .formatted(type));
    };
  }

  private static double nonZero(double value, double otherwise) {
    return value == 0 ? otherwise : value;
  }

  private static double magnitude(ModelConfig section, double factor) {
    double one = section.number("mscale", 0);
    double all = section.number("mscale_all_dim", 0);
    return one != 0 && all != 0
        ? magnitude(factor, one) / magnitude(factor, all)
        : magnitude(factor, 1);
  }

  private static double magnitude(double factor, double scale) {
    return factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1;
  }

  private static List<Double> factors(ModelConfig section, String key, int width) {
    var factors = section.numbers(key);
    if (factors.length != width / 2) {
      throw section.bad(key, "has %d numbers, must have %d".formatted(factors.length, width / 2));
    }
    return Arrays.stream(factors).boxed().toList();
  }

  /// Sequences of the same regime turn alike; prompts can be shared only within one.
  int regime(int span) {
    return switch (scaling) {
      case Scaling.Dynamic dynamic -> Math.max(span, dynamic.trained);
      case Scaling.LongRope both -> span > both.trained ? 1 : 0;
      default -> 0;
    };
  }

  /// Frequency of each pair, radians per position, for a sequence of length `span`.
  double[] frequencies(int span) {
    var frequencies = new double[pairs()];
    for (int i = 0; i < frequencies.length; i++) {
      double plain = Math.pow(theta, -2.0 * i / width);
      frequencies[i] =
          switch (scaling) {
            case Scaling.None _ -> plain;
            case Scaling.Linear(double factor) -> plain / factor;
            case Scaling.Dynamic(double factor, int trained) -> {
              double stretch = factor * Math.max(span, trained) / trained - (factor - 1);
              double base = theta * Math.pow(stretch, width / (width - 2.0));
              yield Math.pow(base, -2.0 * i / width);
            }
            case Scaling.Llama3 llama -> llama3(plain, llama);
            case Scaling.Yarn yarn -> yarn(plain, i, yarn);
            case Scaling.LongRope both ->
                plain / (span > both.trained ? both.extended : both.brief).get(i);
          };
    }
    return frequencies;
  }

  private static double llama3(double plain, Scaling.Llama3 scaling) {
    double wave = 2 * Math.PI / plain;
    if (wave > scaling.trained / scaling.low) {
      return plain / scaling.factor;
    }
    if (wave < scaling.trained / scaling.high) {
      return plain;
    }
    double smooth = (scaling.trained / wave - scaling.low) / (scaling.high - scaling.low);
    return (1 - smooth) * plain / scaling.factor + smooth * plain;
  }

  /// Between the pair that turns `fast` times over the trained length and the one that turns `slow`
  /// times, from unscaled to interpolated.
  private double yarn(double plain, int i, Scaling.Yarn scaling) {
    double low = pairTurning(scaling.fast, scaling.trained);
    double high = pairTurning(scaling.slow, scaling.trained);
    if (scaling.truncate) {
      low = Math.floor(low);
      high = Math.ceil(high);
    }
    low = Math.max(low, 0);
    high = Math.min(high, width - 1);
    if (low == high) {
      high += 0.001;
    }
    double ramp = Math.clamp((i - low) / (high - low), 0, 1);
    return plain / scaling.factor * ramp + plain * (1 - ramp);
  }

  private double pairTurning(double turns, int trained) {
    return width * Math.log(trained / (turns * 2 * Math.PI)) / (2 * Math.log(theta));
  }

  private double magnitude() {
    return switch (scaling) {
      case Scaling.Yarn yarn -> yarn.magnitude;
      case Scaling.LongRope both -> both.magnitude;
      default -> 1;
    };
  }

  /// Cosines and sines for the tokens of a layout.
  Table table(Layout layout, ScalarType type) {
    int half = pairs();
    var cosines = new double[layout.size() * half];
    var sines = new double[layout.size() * half];
    var positions = layout.positions();
    double magnitude = magnitude();
    int regime = -1;
    var frequencies = new double[0];
    for (var segment : layout.segments()) {
      if (regime != regime(segment.span())) {
        regime = regime(segment.span());
        frequencies = frequencies(segment.span());
      }
      for (int t = segment.start(); t < segment.start() + segment.length(); t++) {
        for (int i = 0; i < half; i++) {
          // The reference multiplies in float32, whose rounding grows with the position: so do we.
          double angle =
              type == ScalarType.Double
                  ? positions[t] * frequencies[i]
                  : (float) positions[t] * (float) frequencies[i];
          cosines[t * half + i] = Math.cos(angle) * magnitude;
          sines[t * half + i] = Math.sin(angle) * magnitude;
        }
      }
    }
    return new Table(
        2 * half,
        Ops.doubles(cosines, layout.size(), 1, half).to(type),
        Ops.doubles(sines, layout.size(), 1, half).to(type));
  }

  /// An odd width is filled up by one dimension, as the reference does.
  private int pairs() {
    return (width + 1) / 2;
  }

  /// Cosines and sines, `[T, 1, width/2]`.
  record Table(int width, Tensor cosine, Tensor sine) {
    /// The table for some of the tokens.
    Table map(UnaryOperator<Tensor> chosen) {
      return new Table(width, chosen.apply(cosine), chosen.apply(sine));
    }

    /// The same as [#rotate(Tensor)] without a graph and in fewer passes, or its inverse up to the
    /// magnitude, which is what takes a gradient back.
    Tensor turn(Tensor x, boolean forward) {
      int half = width / 2;
      var turned = torch.empty_like(x);
      var one = x.narrow(2, 0, half);
      var two = x.narrow(2, half, half);
      torch
          .mul_out(turned.narrow(2, 0, half), one, cosine)
          .addcmul_(two, sine, Ops.scalar(forward ? -1 : 1));
      torch
          .mul_out(turned.narrow(2, half, half), two, cosine)
          .addcmul_(one, sine, Ops.scalar(forward ? 1 : -1));
      long rest = x.size(2) - width;
      if (rest > 0) {
        turned.narrow(2, width, rest).copy_(x.narrow(2, width, rest));
      }
      return turned;
    }

    /// Turns the pairs of each head, `[T, heads, d]`.
    Tensor rotate(Tensor x) {
      int half = width / 2;
      var one = x.narrow(2, 0, half);
      var two = x.narrow(2, half, half);
      var turnedOne = one.mul(cosine).sub(two.mul(sine));
      var turnedTwo = two.mul(cosine).add(one.mul(sine));
      long rest = x.size(2) - width;
      return Ops.concatenate(
          rest == 0
              ? List.of(turnedOne, turnedTwo)
              : List.of(turnedOne, turnedTwo, x.narrow(2, width, rest)),
          2);
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Rope that
        && width == that.width
        && theta == that.theta
        && scaling.equals(that.scaling);
  }

  @Override
  public int hashCode() {
    return 31 * Double.hashCode(theta) + scaling.hashCode();
  }
}
