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
import io.alidade.learning.Drawing;
import io.alidade.model.Generator;
import io.alidade.objective.Needs;
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
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

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

  @Override
  public Collected round(int round, int prompts) {
    var file = site.round(round);
    var written =
        lines(file, round, prompts).stream()
            .map(line -> CrossTested.read(file.path(), line))
            .toList();
    boolean labelled = asking.needs().feedback() == Needs.Feedback.LABELLED;
    var lines = new StringBuilder();
    var worse = new StringBuilder(); // rejected answers, where each is a row of its own
    int pairs = 0;
    for (var one : written) {
      var selected = selected(round, one);
      if (selected.isPresent()) {
        var answers = answers(one, selected.get());
        if (labelled) {
          lines.append(Json.line(cells(one, answers.subList(0, 1), true))).append('\n');
          worse.append(Json.line(cells(one, answers.subList(1, 2), false))).append('\n');
        } else {
          lines.append(Json.line(cells(one, answers, true))).append('\n');
        }
        pairs++;
      }
    }
    lines.append(worse);
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

  private static double share(List<CrossTested> written) {
    double passed = 0;
    double all = 0;
    for (var one : written) {
      passed += Arrays.stream(one.matrix().scores()).sum();
      all += (double) one.programs().size() * one.tests().size();
    }
    return all == 0 ? 0 : passed / all;
  }

  private Optional<PassMatrix.Selected> selected(int round, CrossTested one) {
    return switch (settings.selection()) {
      case MINIMAX -> one.matrix().select(settings.chosenTest(), settings.gap());
      case RANDOM ->
          one.matrix()
              .random(
                  new SplittableRandom(
                      (site.seed() * 0x9E3779B97F4A7C15L + round) * 0x5851F42D4C957F2DL
                          + one.number()));
    };
  }

  private Groups groups(Path learned) {
    var rows = Rows.open(learned.toString(), "train");
    // Chosen answers stand before all rejected ones, so that the next row has another prompt.
    boolean lends = asking.needs().feedback() == Needs.Feedback.LABELLED;
    boolean lent = lends && asking.needs().candidates() > 1;
    return EncodedGroups.of(
        rows, asking.encoder(), lent ? OptionalInt.of(rows.count()) : OptionalInt.empty());
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
    var programs =
        drawn(question, settings.drawing().samples(), 2 * place).stream()
            .filter(sandbox::compiles)
            .toList();
    var tests =
        telling(drawn(asked(settings.ask(), question), settings.tests(), 2 * place + 1), sandbox);
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

  /// The tests that assert something and do not pass without any program at all.
  static List<String> telling(List<String> tests, JavaSandbox sandbox) {
    var asserting = tests.stream().filter(test -> test.contains("assert")).toList();
    if (asserting.isEmpty()) {
      return asserting;
    }
    var outcomes = sandbox.run("", asserting);
    return IntStream.range(0, asserting.size())
        .filter(j -> !outcomes.get(j).passed())
        .mapToObj(asserting::get)
        .toList();
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

  private static Text asked(String ask, Text question) {
    var words = ask.replace("{prompt}", Case.words(question));
    return question instanceof Text.Chat
        ? new Text.Chat(List.of(TextGenerator.message("user", words)))
        : new Text.Plain(words);
  }

  /// The chosen answer and the rejected one.
  private List<Text> answers(CrossTested one, PassMatrix.Selected selected) {
    var question = TextGenerator.asked(asking.train().example(one.number()));
    return List.of(
        answer(
            question,
            one.programs().get(selected.chosen()),
            one.tests().get(selected.chosenTest())),
        answer(
            question,
            one.programs().get(selected.rejected()),
            one.tests().get(selected.rejectedTest())));
  }

  /// A pair, or one answer with its label.
  private Map<String, Object> cells(CrossTested one, List<Text> answers, boolean good) {
    var example = asking.train().example(one.number());
    boolean pair = answers.size() > 1;
    var question = TextGenerator.asked(example);
    var asked =
        settings.joint().filter(_ -> settings.concat()).map(words -> asked(words, question));
    var cells =
        new LinkedHashMap<>(
            Columns.write(
                new Example(example.row(), asked.orElse(question), answers, Map.of(), Map.of()),
                pair ? Form.PAIR : Form.LABELLED));
    if (!pair) {
      cells.put(Drawing.LABEL.name(), good);
    }
    return cells;
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
