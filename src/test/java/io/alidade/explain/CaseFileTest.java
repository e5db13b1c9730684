package io.alidade.explain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.store.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class CaseFileTest {
  private static JsonNode evaluate(String name, String parameters, String json) {
    var sets = new LinkedHashMap<String, String>();
    for (var set : parameters.isEmpty() ? new String[0] : parameters.split(" ")) {
      sets.put(set.split("=", 2)[0], set.split("=", 2)[1]);
    }
    var out = CaseFile.evaluate(Subject.of(name, sets), "at.json", Json.parse("at.json", json));
    return Json.parse("out", Json.pretty(out));
  }

  private static final String CASE_A =
      """
      {"policy": {"chosen": [-12], "rejected": [-15]},
       "reference": {"chosen": [-13], "rejected": [-14]},
       "tokens": {"chosen": [6], "rejected": [8]}}
      """;
  private static final String CASE_B =
      """
      {"policy": {"chosen": [-20], "rejected": [-9]},
       "reference": {"chosen": [-18.5], "rejected": [-10.25]}}
      """;
  private static final String ALONE = CASE_A.replaceFirst("\"reference.*\n", "");

  private static double loss(String name, String parameters, String json) {
    return evaluate(name, parameters, json).get("loss").doubleValue();
  }

  private static Offset<Double> sixDigits() {
    return Offset.offset(5.1e-7);
  }

  @Test
  void numbersWorkedOutByHand() {
    var a = "beta=0.1 divergence=ReverseKl";
    assertThat(loss("Dpo", a, CASE_A)).isCloseTo(0.598139, sixDigits());
    assertThat(loss("Cdpo", a + " label_smoothing=0.1", CASE_A)).isCloseTo(0.618139, sixDigits());
    assertThat(loss("Hinge", a, CASE_A)).isCloseTo(0.8, sixDigits());
    assertThat(loss("Ipo", a + " length_normalised=false", CASE_A)).isCloseTo(9, sixDigits());
    assertThat(loss("Ipo", a + " length_normalised=true", CASE_A))
        .isCloseTo(22.168403, sixDigits());
    assertThat(loss("SigmoidNorm", a, CASE_A)).isCloseTo(0.678670, sixDigits());
    assertThat(loss("RobustDpo", a + " label_smoothing=0.1", CASE_A))
        .isCloseTo(0.573139, sixDigits());
    assertThat(loss("Cpo", "beta=0.1 label_smoothing=0 cpo_alpha=0", ALONE))
        .isCloseTo(0.554355, sixDigits());
    assertThat(evaluate("Dpo", a, CASE_A).at("/grad/chosen/0").doubleValue())
        .isCloseTo(-0.045017, sixDigits());
    var b = "beta=0.5 divergence=ReverseKl";
    assertThat(loss("Dpo", b, CASE_B)).isCloseTo(1.600413, sixDigits());
    assertThat(loss("Cdpo", b + " label_smoothing=0.2", CASE_B)).isCloseTo(1.325413, sixDigits());
    assertThat(loss("Hinge", b, CASE_B)).isCloseTo(2.375, sixDigits());
    assertThat(loss("Ipo", b + " length_normalised=false", CASE_B)).isCloseTo(14.0625, sixDigits());
    assertThat(loss("RobustDpo", b + " label_smoothing=0.2", CASE_B))
        .isCloseTo(2.058746, sixDigits());
  }

  @Test
  void aSingleRowMayStandWithoutItsList() {
    var bare = CASE_A.replaceAll("\\[(-?[0-9.]+)\\]", "$1");
    assertThat(bare).doesNotContain("[");
    var parameters = "beta=0.1 length_normalised=true divergence=ReverseKl";
    assertThat(evaluate("Ipo", parameters, bare)).isEqualTo(evaluate("Ipo", parameters, CASE_A));
  }

  @Test
  void labelledAnswers() {
    var json =
        """
        {"policy": {"completion": [1, 2, -1, 0.5], "kl": [0.3, 0.3, 0.3, 0.3]},
         "reference": {"completion": [0, 0, 0, 0], "kl": [0, 0, 0, 0]},
         "signals": {"label": [true, true, false, 0]}}
        """;
    var out = evaluate("Kto", "beta=0.1 desirable_weight=1 undesirable_weight=1", json);
    assertThat(out.get("loss").doubleValue()).isCloseTo(0.478164, sixDigits());
    assertThat(doubles(out.get("losses")))
        .containsExactly(new double[] {0.482507, 0.457602, 0.467546, 0.505000}, sixDigits());
    assertThat(doubles(out.at("/grad/kl"))).containsOnly(0);
    assertThat(out.at("/metrics/kl").doubleValue()).isCloseTo(0.3, Offset.offset(1e-12));
    assertThat(loss("Kto", "beta=0.1 desirable_weight=1 undesirable_weight=1.33", json))
        .isCloseTo(0.558399, sixDigits());
  }

  @Test
  void listsOfTokensGiveTheirOwnGradients() {
    var json =
        """
        {"policy": {"chosen": [[-0.1, -0.9]], "rejected": [[-1, -1, -1.6]]},
         "tokens": {"chosen": [2], "rejected": [3]}}
        """;
    var out = evaluate("SimPo", "beta=2 gamma=1 label_smoothing=0", json);
    double margin = 2 * (-0.5 + 1.2) - 1;
    double pull = -2 / (1 + Math.exp(margin));
    assertThat(out.get("loss").doubleValue())
        .isCloseTo(Math.log1p(Math.exp(-margin)), Offset.offset(1e-12));
    assertThat(doubles(out.at("/grad/chosen/0")))
        .containsExactly(new double[] {pull / 2, pull / 2}, Offset.offset(1e-12));
    assertThat(doubles(out.at("/grad/rejected/0")))
        .containsExactly(new double[] {-pull / 3, -pull / 3, -pull / 3}, Offset.offset(1e-12));
  }

  @Test
  void rankingsDemonstrationsAndRewards() {
    var ranking =
        """
        {"policy": {"candidates": [[-1, -2, -3], [-1, -2]]},
         "reference": {"candidates": [[-1, -2, -3], [-1, -2]]}}
        """;
    var listed = evaluate("PlackettLuce", "beta=0.1 divergence=ReverseKl", ranking);
    assertThat(doubles(listed.get("losses")))
        .containsExactly(new double[] {Math.log(6), Math.log(2)}, Offset.offset(1e-12));
    assertThat(listed.at("/grad/candidates/0")).hasSize(3);
    var sft = evaluate("Sft", "", "{\"policy\": {\"completion\": [[-1, -2], [-6]]}}");
    assertThat(sft.get("loss").doubleValue()).isEqualTo(3);
    assertThat(doubles(sft.get("losses"))).containsExactly(1.5, 6);
    var rewards = "{\"rewards\": {\"chosen\": [1, 0], \"rejected\": [0, 0]}}";
    var trained = evaluate("BradleyTerry", "margin=false center_rewards_coefficient=0", rewards);
    assertThat(doubles(trained.get("losses")))
        .containsExactly(
            new double[] {Math.log1p(Math.exp(-1)), Math.log(2)}, Offset.offset(1e-12));
    assertThat(trained.at("/grad/chosen/1").doubleValue()).isEqualTo(-0.25);
  }

  @Test
  void everyRecordedLossOfPairs() throws IOException {
    var file = golden();
    int found = 0;
    for (var known : file.get("cases")) {
      var in = file.get("inputs").get(known.get("set").stringValue());
      var json = new LinkedHashMap<String, Object>();
      json.put("policy", sides(in, "policy_chosen_logps", "policy_rejected_logps"));
      json.put("reference", sides(in, "ref_chosen_logps", "ref_rejected_logps"));
      json.put("tokens", sides(in, "chosen_lengths", "rejected_lengths"));
      var type = known.get("loss_type").stringValue();
      if (type.equals("sft")) {
        json.remove("reference");
      }
      var params = known.get("params");
      var out = evaluate(name(type), parameters(type, params), Json.pretty(json));
      double tolerance = known.get("computed_in").stringValue().equals("float64") ? 1e-7 : 1e-5;
      var id = known.get("id").stringValue();
      close(id, out.get("loss").doubleValue(), known.get("loss").doubleValue(), tolerance);
      close(id, out.at("/grad/chosen"), known.get("grad_policy_chosen_logps"), tolerance);
      close(id, out.at("/grad/rejected"), known.get("grad_policy_rejected_logps"), tolerance);
      if (!type.equals("sft")) {
        close(id, out.get("losses"), known.get("per_pair_loss"), tolerance);
      }
      found++;
    }
    assertThat(found).isGreaterThanOrEqualTo(82);
  }

  private static JsonNode golden() throws IOException {
    try (var in =
        Objects.requireNonNull(
            CaseFileTest.class.getResourceAsStream("/golden/losses/dpo_vectors.json"))) {
      return Json.parse("golden", new String(in.readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  private static SequencedMap<String, Object> sides(JsonNode in, String chosen, String rejected) {
    var sides = new LinkedHashMap<String, Object>();
    sides.put("chosen", in.get(chosen));
    sides.put("rejected", in.get(rejected));
    return sides;
  }

  private static final Map<String, String> NAMES =
      Map.ofEntries(
          Map.entry("sigmoid", "Dpo"),
          Map.entry("hinge", "Hinge"),
          Map.entry("ipo", "Ipo"),
          Map.entry("exo_pair", "ExoPair"),
          Map.entry("nca_pair", "NcaPair"),
          Map.entry("robust", "RobustDpo"),
          Map.entry("bco_pair", "BcoPair"),
          Map.entry("sppo_hard", "SppoHard"),
          Map.entry("aot", "Aot"),
          Map.entry("aot_unpaired", "AotUnpaired"),
          Map.entry("apo_zero", "ApoZero"),
          Map.entry("apo_down", "ApoDown"),
          Map.entry("discopop", "DiscoPop"),
          Map.entry("sigmoid_norm", "SigmoidNorm"),
          Map.entry("sft", "ChosenSft"));

  private static String name(String type) {
    return Objects.requireNonNull(NAMES.get(type), type);
  }

  private static String parameters(String type, JsonNode params) {
    if (type.equals("sft")) {
      return "";
    }
    var sets = new StringBuilder("beta=" + params.get("beta").asString());
    if (List.of("exo_pair", "robust", "aot", "aot_unpaired").contains(type)) {
      sets.append(" label_smoothing=").append(params.get("label_smoothing").asString());
    }
    if (type.equals("discopop")) {
      sets.append(" tau=").append(params.get("discopop_tau").asString());
    }
    if (type.equals("ipo")) {
      sets.append(" length_normalised=true");
    }
    if (List.of("sigmoid", "hinge", "ipo", "exo_pair", "robust", "discopop", "sigmoid_norm")
        .contains(type)) {
      double alpha = 1 - params.get("f_alpha_divergence_coef").doubleValue();
      sets.append(" divergence=")
          .append(
              switch (params.get("f_divergence_type").stringValue()) {
                case "reverse_kl" -> "ReverseKl";
                case "forward_kl" -> "ForwardKl";
                case "js_divergence" -> "JensenShannon";
                default -> "{AlphaDivergence:\t{alpha:\t" + alpha + "}}";
              });
    }
    return sets.toString();
  }

  private static void close(String what, JsonNode found, JsonNode known, double tolerance) {
    var one = doubles(found);
    var two = doubles(known);
    assertThat(one).as(what).hasSameSizeAs(two);
    IntStream.range(0, one.length).forEach(i -> close(what + " " + i, one[i], two[i], tolerance));
  }

  private static void close(String what, double found, double known, double tolerance) {
    double allowed = Math.max(tolerance * Math.abs(known), Math.min(tolerance * 1e-3, 1e-8));
    assertThat(found).as(what).isCloseTo(known, Offset.offset(allowed));
  }

  private static double[] doubles(JsonNode list) {
    return list.values().stream()
        .mapToDouble(v -> v.isString() ? Double.parseDouble(v.stringValue()) : v.doubleValue())
        .toArray();
  }

  @Test
  void badInputIsNamedInOneLine() {
    refused("Dpo", "{\"policy\": {\"chosen\": [-1]}}", "policy: expected the sides");
    refused("Dpo", CASE_A.replace("-15", "\"x\""), "policy.rejected, row 1: expected a number");
    refused("Dpo", CASE_A.replace("[-14]", "[-14, -13]"), "reference.rejected: expected 1 rows");
    refused(
        "Dpo", CASE_A.replace("[8]", "[8.5]"), "tokens.rejected, row 1: expected a whole number");
    refused("Dpo", CASE_A.replace("[8]", "[0]"), "expected 0, the sum over no tokens");
    refused("Dpo", CASE_A.replace("-12", "[-6, -6]"), "policy.chosen, row 1: expected 6 numbers");
    refused("Dpo", ALONE, "reference is missing: Dpo compares with a frozen model");
    refused("SimPo", CASE_A, "reference: SimPo does not compare with a frozen model; remove it");
    refused("Dpo", CASE_A.replace("tokens", "tokns"), "unknown key 'tokns'");
    refused(
        "Dpo",
        CASE_A.replace("\"tokens", "\"signals\": {\"margin\": [1]}, \"tokens"),
        "signals.margin: Dpo reads no such signal");
    refused("RobustDpoByRow", CASE_A, "signals.flip_rate is missing: RobustDpoByRow reads it");
    refused(
        "RobustDpoByRow",
        CASE_A.replace("\"tokens", "\"signals\": {\"flip_rate\": [0.7]}, \"tokens"),
        "flip_rate must be at least 0.0 and below 0.5, was 0.7");
    refused("Dpo", "[]", "expected a JSON object");
    refused("BradleyTerry", ALONE, "rewards is missing");
  }

  private static void refused(String name, String json, String message) {
    assertThatThrownBy(() -> evaluate(name, "", json))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith("at.json: ")
        .hasMessageContaining(message)
        .hasMessageNotContaining("\n");
  }
}
