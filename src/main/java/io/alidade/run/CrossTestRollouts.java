package io.alidade.run;

import io.alidade.UserException;
import io.alidade.batch.Groups;
import io.alidade.data.EncodedGroups;
import io.alidade.data.RowEncoder;
import io.alidade.data.Rows;
import io.alidade.example.Columns;
import io.alidade.example.Example;
import io.alidade.example.Form;
import io.alidade.example.Text;
import io.alidade.generation.TextGenerator;
import io.alidade.journal.Journal;
import io.alidade.judge.Case;
import io.alidade.judge.CodeRunner;
import io.alidade.judge.code.JavaSandbox;
import io.alidade.judge.code.Outcome;
import io.alidade.judge.code.PassMatrix;
import io.alidade.judge.code.Protection;
import io.alidade.learning.Collector;
import io.alidade.learning.CrossTesting;
import io.alidade.model.Generator;
import io.alidade.model.Policy;
import io.alidade.store.AtomicFiles;
import io.alidade.store.Json;
import io.alidade.tokenizer.Tokenizer;
import java.io.IOException;
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
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// Rounds of a run that writes programs and tests itself: each program of an instruction is run
/// against each of its tests, and the pair that is believed most is learned from.
///
/// `rounds/round-N.jsonl` holds all programs and tests with what passed, `round-N-learned.jsonl`
/// the pairs. An instruction's line is kept when it was run, and is read rather than drawn again.
final class CrossTestRollouts implements Collector {
  private final CrossTesting settings;
  private final Rollouts plain;
  private final Turns turns;
  private final Policy policy;
  private final Tokenizer tokenizer;
  private final Set<Integer> ends;
  private final Rollouts.Asked asked;
  private final RowEncoder encoder;
  private final Path folder;
  private final long seed;
  private final Journal journal;

  /// @param plain rounds of whole answers, for evaluations
  /// @param turns which prompts come when
  /// @param encoder of the pairs that come out
  CrossTestRollouts(
      CrossTesting settings,
      Rollouts plain,
      Turns turns,
      Policy policy,
      Tokenizer tokenizer,
      Set<Integer> ends,
      Rollouts.Asked asked,
      RowEncoder encoder,
      Path folder,
      long seed,
      Journal journal) {
    this.settings = settings;
    this.plain = plain;
    this.turns = turns;
    this.policy = policy;
    this.tokenizer = tokenizer;
    this.ends = ends;
    this.asked = asked;
    this.encoder = encoder;
    this.folder = folder;
    this.seed = seed;
    this.journal = journal;
  }

  @Override
  public int prompts() {
    return plain.prompts();
  }

  /// Rewards of held-out prompts, where the data bring tests of their own.
  @Override
  public SequencedMap<String, Double> measure() {
    var runner = (CodeRunner) settings.drawing().judge();
    boolean tested = asked.rows().cells(asked.kept()[0]).containsKey(runner.column());
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
    var file = folder.resolve("round-%05d.jsonl".formatted(round));
    if (!Files.exists(file)) {
      write(round, prompts, file);
    }
    var written = text(file).lines().map(line -> read(file, line)).toList();
    var learned = folder.resolve("round-%05d-learned.jsonl".formatted(round));
    var lines = new StringBuilder();
    int pairs = 0;
    for (var one : written) {
      var selected = one.matrix().select(settings.chosenTest(), settings.gap());
      if (selected.isPresent()) {
        lines.append(Json.line(pair(one, selected.get()))).append('\n');
        pairs++;
      }
    }
    if (!Files.exists(learned)) {
      AtomicFiles.text(learned, lines.toString());
    }
    long silent = written.stream().filter(one -> !one.anyPass()).count();
    if (silent > 0) {
      journal.message(
          "round %d: of %,d of %,d instructions no program passed any test (do both name the same method?); nothing is learned from them"
              .formatted(round + 1, silent, written.size()));
    }
    var metrics = new LinkedHashMap<String, Double>();
    metrics.put("cross/pairs", (double) pairs / written.size());
    metrics.put("cross/passed", share(written));
    metrics.put("cross/silent", (double) silent / written.size());
    return new Collected(pairs == 0 ? Groups.of(List.of()) : groups(learned), metrics);
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
    return EncodedGroups.of(Rows.open(learned.toString(), "train"), encoder, OptionalInt.empty());
  }

  private void write(int round, int prompts, Path file) {
    var parts = folder.resolve("round-%05d-parts".formatted(round));
    long first = (long) round * prompts;
    var chosen = turns.at(first, prompts);
    var runner = (CodeRunner) settings.drawing().judge();
    var required = EnumSet.allOf(Protection.class);
    runner.unprotected().forEach(required::remove);
    var lines = new StringBuilder();
    try (var sandbox = JavaSandbox.open(runner.limits(), required)) {
      for (int i = 0; i < prompts; i++) {
        var part = parts.resolve("prompt-%06d.jsonl".formatted(i));
        if (!Files.exists(part)) {
          AtomicFiles.text(part, written(chosen[i], first + i, sandbox) + "\n");
          journal.progress("run", i + 1, prompts, "prompts", new LinkedHashMap<>());
        }
        lines.append(text(part));
      }
    }
    AtomicFiles.text(file, lines.toString());
    try {
      AtomicFiles.delete(parts);
    } catch (IOException e) {
      throw new UserException("cannot remove %s: %s".formatted(parts, e.getMessage()), e);
    }
  }

  private String written(int number, long place, JavaSandbox sandbox) {
    var example = asked.rows().row(asked.kept()[number]);
    var question = TextGenerator.asked(example);
    var programs = drawn(question, settings.drawing().samples(), 2 * place);
    var tests =
        drawn(asking(question), settings.tests(), 2 * place + 1).stream()
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
    var prompt = Rollouts.encoder(tokenizer).encode(bare).prompt();
    var codes = new String[count];
    new Generator(policy, settings.drawing().sampling(seed), ends)
        .sample(
            List.of(prompt),
            count,
            Math.toIntExact(place),
            sample ->
                codes[sample.number()] =
                    CodeRunner.code(tokenizer.decode(sample.drawn().tokens(), true)).strip());
    var distinct = new LinkedHashSet<>(Arrays.asList(codes));
    distinct.remove("");
    return List.copyOf(distinct);
  }

  private Text asking(Text question) {
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
    var example = asked.rows().row(asked.kept()[one.number]);
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

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UserException("cannot read %s: %s".formatted(file, e.getMessage()), e);
    }
  }
}
