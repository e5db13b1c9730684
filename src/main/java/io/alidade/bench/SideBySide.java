package io.alidade.bench;

import io.alidade.store.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Two kinds of the same work, measured in turns (A B A B …), so that what else the machine does
/// falls on both.
///
/// @param other what ours is compared with
/// @param ours one report a turn
/// @param others likewise
public record SideBySide(String other, List<JsonNode> ours, List<JsonNode> others) {
  /// What is compared: higher or lower is better.
  private record Quantity(String key, String name, boolean rate, int digits) {}

  private static final List<Quantity> QUANTITIES =
      List.of(
          new Quantity("pairs_per_s", "pairs a second", true, 3),
          new Quantity("cpu_s_per_pair", "processor s a pair", false, 3),
          new Quantity("tokens_per_second", "new tokens a second", true, 1),
          new Quantity("step_ms", "ms a token of all rows", false, 1),
          new Quantity("cpu_ms_per_step", "processor ms for it", false, 1),
          new Quantity("read_ms_per_prompt", "ms a prompt", false, 1),
          new Quantity("peak_resident_mib", "peak resident, MiB", false, 0));

  /// Measures in turns.
  ///
  /// @param turns of each, at least 1
  /// @param run one turn, of ours if true, in a process of its own
  public static SideBySide of(String other, int turns, Function<Boolean, JsonNode> run) {
    var ours = new ArrayList<JsonNode>();
    var others = new ArrayList<JsonNode>();
    for (int turn = 0; turn < turns; turn++) {
      ours.add(run.apply(true));
      others.add(run.apply(false));
    }
    return new SideBySide(other, List.copyOf(ours), List.copyOf(others));
  }

  private static List<Double> values(List<JsonNode> reports, String key) {
    return reports.stream()
        .filter(report -> report.has(key))
        .map(report -> report.get(key).asDouble())
        .toList();
  }

  /// Ours over the other's, of medians.
  double ratio(String key) {
    return Machine.median(values(ours, key)) / Machine.median(values(others, key));
  }

  /// Largest difference between losses of the same step, relative; 0 where there are none.
  double lossDifference() {
    double worst = 0;
    for (int turn = 0; turn < ours.size(); turn++) {
      var one = ours.get(turn).path("loss");
      var two = others.get(turn).path("loss");
      for (int step = 0; step < Math.min(one.size(), two.size()); step++) {
        double expected = two.get(step).asDouble();
        worst = Math.max(worst, Math.abs(one.get(step).asDouble() - expected) / expected);
      }
    }
    return worst;
  }

  /// For a program: medians, ratios, and the reports of all turns.
  public ObjectNode json() {
    var json = Json.mapper().createObjectNode();
    json.put("against", other).put("turns", ours.size());
    for (var quantity : QUANTITIES) {
      if (!values(ours, quantity.key).isEmpty() && !values(others, quantity.key).isEmpty()) {
        json.putObject(quantity.key)
            .put("ours", Machine.median(values(ours, quantity.key)))
            .put("other", Machine.median(values(others, quantity.key)))
            .put("ratio", ratio(quantity.key));
      }
    }
    if (ours.getFirst().has("loss") && others.getFirst().has("loss")) {
      json.put("loss_difference", lossDifference());
    }
    ours.forEach(json.putArray("our_turns")::add);
    others.forEach(json.putArray("other_turns")::add);
    return json;
  }

  /// For a reader.
  public String text() {
    var text = new StringBuilder();
    line(text, "", "ours", other, "ratio, and by turns");
    for (var quantity : QUANTITIES) {
      var mine = values(ours, quantity.key);
      var theirs = values(others, quantity.key);
      if (mine.isEmpty() || theirs.isEmpty()) {
        continue;
      }
      var number = "%." + quantity.digits + "f";
      var byTurn = new StringBuilder();
      for (int turn = 0; turn < Math.min(mine.size(), theirs.size()); turn++) {
        byTurn.append(String.format(Locale.ROOT, " %.2f", mine.get(turn) / theirs.get(turn)));
      }
      line(
          text,
          quantity.name,
          String.format(Locale.ROOT, number, Machine.median(mine)),
          String.format(Locale.ROOT, number, Machine.median(theirs)),
          String.format(
              Locale.ROOT, "%.2f ×  (%s)", ratio(quantity.key), byTurn.toString().strip()));
    }
    if (ours.getFirst().has("loss") && others.getFirst().has("loss")) {
      text.append(
          String.format(
              Locale.ROOT,
              "  losses of %d steps differ by at most %.1e of their value%n",
              ours.getFirst().get("loss").size(),
              lossDifference()));
    }
    line(text, "products, GFLOP/s", products(ours), products(others), "before and after, medians");
    var machine = ours.getFirst().path("machine").asString();
    var theirs = others.getFirst().path("machine").asString();
    text.append("  machine: ").append(machine).append('\n');
    if (!theirs.equals(machine)) {
      text.append("  ").append(other).append(": ").append(theirs).append('\n');
    }
    return text.toString();
  }

  private static String products(List<JsonNode> reports) {
    var rates = new ArrayList<Double>();
    reports.forEach(
        report -> report.path("gemm_gflops_before_after").forEach(r -> rates.add(r.asDouble())));
    return rates.isEmpty() ? "–" : String.format(Locale.ROOT, "%.0f", Machine.median(rates));
  }

  private static void line(StringBuilder text, String name, String one, String two, String three) {
    text.append(String.format(Locale.ROOT, "  %-24s%10s%10s   %s%n", name, one, two, three));
  }
}
