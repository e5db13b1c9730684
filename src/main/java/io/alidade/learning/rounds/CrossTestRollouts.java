package io.alidade.learning.rounds;

import io.alidade.batch.Groups;
import io.alidade.data.EncodedGroups;
import io.alidade.data.Rows;
import io.alidade.example.Columns;
import io.alidade.example.Example;
import io.alidade.example.Form;
import io.alidade.example.Text;
import io.alidade.generation.TextGenerator;
import io.alidade.judge.Case;
import io.alidade.judge.CodeRunner;
import io.alidade.judge.code.JavaSandbox;
import io.alidade.judge.code.Outcome;
import io.alidade.judge.code.PassMatrix;
import io.alidade.judge.code.Protection;
import io.alidade.learning.Collector;
import io.alidade.learning.CrossTesting;
import io.alidade.model.Generator;
import io.alidade.store.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SequencedMap;
import tools.jackson.databind.JsonNode;

/// Rounds of a run that writes programs and tests itself: each program of an instruction is run
/// against each of its tests, and the pair that is believed most is learned from.
///
/// `rounds/round-N.jsonl` holds all programs and tests with what passed, `round-N-learned.jsonl`
/// the pairs. An instruction's line is kept when it was run, and is read rather than drawn again.
public final class CrossTestRollouts implements Collector {
  private final CrossTesting settings;
  private final Rollouts plain; // of evaluations
  private final Asking asking;
  private final Site site;
  private final Turns turns;

  /// @param settings of the loop
  public CrossTestRollouts(Asking asking, CrossTesting settings) {
    this.settings = settings;
    this.asking = asking;
    this.site = asking.site();
    plain = new Rollouts(asking, settings.drawing());
    turns = site.turns(asking.train().count());
  }

  @Override
  public int prompts() {
    return plain.prompts();
  }

  /// Rewards of held-out prompts, where the data bring tests of their own.
  @Override
  public SequencedMap<String, Double> measure() {
    var runner = (CodeRunner) settings.drawing().judge();
    boolean tested = asking.train().cells(0).containsKey(runner.column());
    return tested ? plain.measure() : new LinkedHashMap<>();
  }

  /// What was written for an instruction and what passed.
  private record Written(
      int number, List<String> programs, List<String> tests, boolean[][] passes) {
    PassMatrix matrix() {
      return new PassMatrix(
          passes,
          programs.stream().mapToInt(String::length).toArray(),
          tests.stream().mapToInt(Written::assertions).toArray());
    }

    private static int assertions(String test) {
      return test.split("\\bassert\\b", -1).length - 1;
    }

    boolean anyPass() {
      for (var row : passes) {
        for (boolean one : row) {
          if (one) {
            return true;
          }
        }
      }
      return false;
    }
  }

  @Override
  public Collected round(int round, int prompts) {
    var file = site.round(round);
    var written =
        lines(file, round, prompts).stream().map(line -> read(file.path(), line)).toList();
    var lines = new StringBuilder();
    int pairs = 0;
    for (var one : written) {
      var selected = one.matrix().select(settings.chosenTest(), settings.gap());
      if (selected.isPresent()) {
        lines.append(Json.line(pair(one, selected.get()))).append('\n');
        pairs++;
      }
    }
    file.learned(lines::toString);
    long silent = written.stream().filter(one -> !one.anyPass()).count();
    if (silent > 0) {
      file.say(
          "of %,d of %,d instructions no program passed any test (do both name the same method?); nothing is learned from them"
              .formatted(silent, written.size()));
    }
    var metrics = new LinkedHashMap<String, Double>();
    metrics.put("cross/pairs", (double) pairs / written.size());
    metrics.put("cross/passed", share(written));
    metrics.put("cross/silent", (double) silent / written.size());
    return new Collected(pairs == 0 ? Groups.of(List.of()) : groups(file.learned()), metrics);
  }

  private static double share(List<Written> written) {
    double passed = 0;
    double all = 0;
    for (var one : written) {
      passed += Arrays.stream(one.matrix().scores()).sum();
      all += (double) one.programs.size() * one.tests.size();
    }
    return all == 0 ? 0 : passed / all;
  }

  private Groups groups(Path learned) {
    return EncodedGroups.of(
        Rows.open(learned.toString(), "train"), asking.encoder(), OptionalInt.empty());
  }

  private List<String> lines(RoundFile file, int round, int prompts) {
    if (Files.exists(file.path())) { // no sandbox is needed to read
      return file.lines("run", prompts, 1, (_, _) -> "");
    }
    long first = (long) round * prompts;
    var chosen = turns.at(first, prompts);
    var runner = (CodeRunner) settings.drawing().judge();
    var required = EnumSet.allOf(Protection.class);
    runner.unprotected().forEach(required::remove);
    try (var sandbox = JavaSandbox.open(runner.limits(), required)) {
      return file.lines(
          "run", prompts, 1, (from, _) -> written(chosen[from], first + from, sandbox) + "\n");
    }
  }

  private String written(int number, long place, JavaSandbox sandbox) {
    var example = asking.train().example(number);
    var question = TextGenerator.asked(example);
    var programs = drawn(question, settings.drawing().samples(), 2 * place);
    var tests =
        drawn(test(question), settings.tests(), 2 * place + 1).stream()
            .filter(test -> test.contains("assert"))
            .toList();
    var passes = new ArrayList<boolean[]>();
    for (var program : programs) {
      var outcomes = tests.isEmpty() ? List.<Outcome>of() : sandbox.run(program, tests);
      var row = new boolean[tests.size()];
      for (int j = 0; j < row.length; j++) {
        row[j] = outcomes.get(j).passed();
      }
      passes.add(row);
    }
    var cells = new LinkedHashMap<String, Object>();
    cells.put("row", example.row().toString());
    cells.put("prompt", Case.words(question));
    cells.put("number", number);
    cells.put("programs", programs);
    cells.put("tests", tests);
    cells.put("passes", passes);
    return Json.line(cells);
  }

  /// The code of answers to a question, each once.
  private List<String> drawn(Text question, int count, long place) {
    var bare =
        new Example(new Example.Row("tests", place + 1), question, List.of(), Map.of(), Map.of());
    var prompt = Prompts.encoder(site.tokenizer()).encode(bare).prompt();
    var codes = new String[count];
    new Generator(site.policy(), settings.drawing().sampling(site.seed()), site.ends())
        .sample(
            List.of(prompt),
            count,
            Math.toIntExact(place),
            sample ->
                codes[sample.number()] =
                    CodeRunner.code(site.tokenizer().decode(sample.drawn().tokens(), true))
                        .strip());
    var distinct = new LinkedHashSet<>(Arrays.asList(codes));
    distinct.remove("");
    return List.copyOf(distinct);
  }

  private Text test(Text question) {
    var words = settings.ask().replace("{prompt}", Case.words(question));
    return question instanceof Text.Chat
        ? new Text.Chat(List.of(TextGenerator.message("user", words)))
        : new Text.Plain(words);
  }

  private static Written read(Path file, String line) {
    var json = Json.parse(file.toString(), line);
    var passes =
        json.path("passes")
            .valueStream()
            .map(row -> {
              var values = new boolean[row.size()];
              for (int j = 0; j < values.length; j++) {
                values[j] = row.get(j).asBoolean();
              }
              return values;
            })
            .toArray(boolean[][]::new);
    return new Written(
        json.path("number").asInt(),
        json.path("programs").valueStream().map(JsonNode::asString).toList(),
        json.path("tests").valueStream().map(JsonNode::asString).toList(),
        passes);
  }

  private Map<String, Object> pair(Written one, PassMatrix.Selected selected) {
    var example = asking.train().example(one.number);
    var question = TextGenerator.asked(example);
    var answers =
        List.of(
            answer(
                question,
                one.programs.get(selected.chosen()),
                one.tests.get(selected.chosenTest())),
            answer(
                question,
                one.programs.get(selected.rejected()),
                one.tests.get(selected.rejectedTest())));
    return Columns.write(
        new Example(example.row(), question, answers, Map.of(), Map.of()), Form.PAIR);
  }

  /// Program and test in one fenced block, as they were run; the program alone without tests.
  private Text answer(Text question, String program, String test) {
    var code = settings.concat() ? program + "\n\n" + test : program;
    var words = "```java\n" + code + "\n```";
    return question instanceof Text.Chat
        ? new Text.Chat(List.of(TextGenerator.message("assistant", words)))
        : new Text.Plain("\n" + words);
  }
}
