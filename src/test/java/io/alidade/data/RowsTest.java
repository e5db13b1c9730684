package io.alidade.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.example.Example;
import io.alidade.example.Form;
import io.alidade.example.Signal;
import io.alidade.example.Text;
import io.alidade.objective.Needs;
import io.alidade.store.Hub;
import io.alidade.tokenizer.Golden;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RowsTest {
  private static final String A = "{\"prompt\": \"a\", \"chosen\": \"b\", \"rejected\": \"c\"}";
  private static final String B = "{\"prompt\": \"d\", \"chosen\": \"e\", \"rejected\": \"f\"}";

  @TempDir Path folder;

  private Path file(String name, String content) throws IOException {
    var path = folder.resolve(name);
    Files.createDirectories(path.getParent());
    return Files.writeString(path, content);
  }

  private static List<String> prompts(Rows rows) {
    return rows.stream().map(e -> ((Text.Plain) e.prompt()).text()).toList();
  }

  @Test
  void readsLinesWithMarksBlanksAndForeignLineEnds() throws IOException {
    var path = file("a.jsonl", "\uFEFF" + A + "\r\n\r\n  \n" + B);
    try (var rows = Rows.open(path)) {
      assertThat(rows.count()).isEqualTo(2);
      assertThat(prompts(rows)).containsExactly("a", "d");
      assertThat(rows.place(1)).isEqualTo(new Example.Row(path.toString(), 4));
      assertThat(rows.form()).isEqualTo(Form.PAIR);
      assertThat(rows.columns()).containsExactly("prompt", "chosen", "rejected");
      assertThat(rows.fingerprint()).isEqualTo(io.alidade.store.ContentHash.of(path));
    }
  }

  @Test
  void readsArraysObjectsAndTables() throws IOException {
    var files =
        List.of(
            file("array.json", "\uFEFF[\n" + A + ",\n" + B + "]\n"),
            file("data.json", "{\"version\": {\"data\": [1]}, \"data\": [" + A + "," + B + "]}"),
            file("lines.json", A + "\n" + B + "\n"),
            file("lines.ndjson", A + "\n" + B + "\n"),
            file("table.csv", "prompt,chosen,rejected\na,b,c\n\"d\",e,f\n"));
    for (var path : files) {
      try (var rows = Rows.open(path)) {
        assertThat(prompts(rows)).as(path.toString()).containsExactly("a", "d");
        assertThat(rows.row(1).candidates())
            .containsExactly(new Text.Plain("e"), new Text.Plain("f"));
      }
    }
  }

  @Test
  void readsQuotedTables() throws IOException {
    var path =
        file(
            "quoted.csv",
            "prompt,completion,label,margin,id\r\n"
                + "\"two\r\nlines, and \"\"quotes\"\"\",007,true,0.5,x1\r\nq,r,FALSE,,x2\r\n");
    try (var rows = Rows.open(path)) {
      assertThat(rows.form()).isEqualTo(Form.LABELLED);
      var first = rows.row(0);
      assertThat(first.prompt()).isEqualTo(new Text.Plain("two\r\nlines, and \"quotes\""));
      assertThat(first.candidates()).containsExactly(new Text.Plain("007"));
      assertThat(first.signals().get(Signal.perGroup("label"))).containsExactly(1);
      assertThat(first.signals().get(Signal.perGroup("margin"))).containsExactly(0.5);
      assertThat(rows.row(1).signals()).doesNotContainKey(Signal.perGroup("margin"));
      assertThat(rows.place(1).number()).isEqualTo(4);
    }
    assertBad(
        file("short.csv", "prompt,chosen,rejected\na,b,c\nd,e\n"),
        1,
        ":3: 2 cells under 3 column names");
  }

  @Test
  void readsColumnarFilesAsItReadsLines() throws IOException {
    try (var parquet = Rows.open(Golden.path("data/conversational.parquet"));
        var lines = Rows.open(Golden.path("training/data/preference_conversational.jsonl"))) {
      assertThat(parquet.count()).isEqualTo(20);
      for (int i = 19; i >= 0; i--) {
        assertThat(parquet.row(i).prompt()).isEqualTo(lines.row(i).prompt());
        assertThat(parquet.row(i).candidates()).isEqualTo(lines.row(i).candidates());
      }
      assertThat(parquet.place(7).toString()).endsWith("conversational.parquet:8");
    }
    try (var plain = Rows.open(Golden.path("data/plain.parquet"))) {
      var row = plain.row(3);
      assertThat(row.signals().get(Signal.perGroup("margin"))).containsExactly(0.75);
      assertThat(row.signals().get(Signal.perCandidate("scores"))).containsExactly(2, 1);
    }
  }

  @Test
  void findsTheFilesOfASplit() throws IOException {
    file("set/train-00000-of-00002.jsonl", A + "\n");
    file("set/train-00001-of-00002.jsonl", B + "\n");
    file("set/test.jsonl", B + "\n");
    file("set/README.md", "words");
    try (var rows = Rows.open(folder.resolve("set").toString(), "train")) {
      assertThat(prompts(rows)).containsExactly("a", "d");
      assertThat(rows.place(1).toString()).endsWith("train-00001-of-00002.jsonl:1");
    }
    try (var rows = Rows.open(folder.resolve("set").toString(), "test")) {
      assertThat(prompts(rows)).containsExactly("d");
    }
    assertThatThrownBy(() -> Rows.open(folder.resolve("set").toString(), "dev"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("no files of split 'dev', only [test.jsonl, train-00000");
    file("nested/data/train-1.jsonl", A + "\n");
    try (var rows = Rows.open(folder.resolve("nested").toString(), "train")) {
      assertThat(rows.count()).isEqualTo(1);
    }
    Files.createDirectory(folder.resolve("empty"));
    assertThatThrownBy(() -> Rows.open(folder.resolve("empty").toString(), "train"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("no data files");
    file("mixed/train-1.jsonl", A + "\n");
    file("mixed/train-2.jsonl", "{\"text\": \"x\"}\n");
    assertThatThrownBy(() -> Rows.open(folder.resolve("mixed").toString(), "train"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("train-2.jsonl:1: a demonstration")
        .hasMessageContaining("keep one form a split");
  }

  @Test
  void shufflesTheSameWayForTheSameSeed() {
    var rows = numbered(100);
    assertThat(prompts(rows.shuffled(1, 0))).isEqualTo(prompts(rows.shuffled(1, 0)));
    assertThat(prompts(rows.shuffled(1, 0))).isNotEqualTo(prompts(rows.shuffled(1, 1)));
    assertThat(prompts(rows.shuffled(1, 0))).isNotEqualTo(prompts(rows.shuffled(2, 0)));
    assertThat(prompts(rows.shuffled(5, 3))).containsExactlyInAnyOrderElementsOf(prompts(rows));
    assertThat(prompts(rows.limit(3))).containsExactly("0", "1", "2");
    assertThat(rows.shuffled(1, 0).limit(3).count()).isEqualTo(3);

    var split = rows.split(0.2, 7);
    assertThat(split.heldOut().count()).isEqualTo(20);
    var all = new HashSet<>(prompts(split.train()));
    all.addAll(prompts(split.heldOut()));
    assertThat(all).hasSize(100);
    assertThat(prompts(split.heldOut())).isEqualTo(prompts(rows.split(0.2, 7).heldOut()));
    assertThatThrownBy(() -> numbered(1).split(0.5, 1)).isInstanceOf(UserException.class);
  }

  private static Rows numbered(int count) {
    return Rows.of(
        IntStream.range(0, count)
            .mapToObj(i ->
                new Example(
                    new Example.Row("n", i + 1),
                    new Text.Plain(String.valueOf(i)),
                    List.of(new Text.Plain("x"), new Text.Plain("y")),
                    Map.of(),
                    Map.of()))
            .toList(),
        Form.PAIR);
  }

  @Test
  void turnsRowsIntoWhatAnObjectiveLearnsFrom() {
    var pairs = numbered(2);
    var labelled = pairs.as(Needs.Feedback.LABELLED);
    assertThat(labelled.count()).isEqualTo(4);
    assertThat(labelled.form()).isEqualTo(Form.LABELLED);
    assertThat(labelled.row(3).candidates()).containsExactly(new Text.Plain("y"));
    assertThat(labelled.row(3).signals().get(Signal.perGroup("label"))).containsExactly(0);
    assertThat(labelled.row(2).signals().get(Signal.perGroup("label"))).containsExactly(1);
    assertThat(labelled.shuffled(3, 0).stream().map(Example::row).collect(Collectors.toSet()))
        .hasSize(2);
    assertThat(pairs.as(Needs.Feedback.DEMONSTRATIONS).row(1).candidates())
        .containsExactly(new Text.Plain("x"));
    var prompts =
        Rows.of(
            List.of(
                new Example(
                    new Example.Row("p", 1), new Text.Plain("q"), List.of(), Map.of(), Map.of())),
            Form.PROMPT);
    assertThatThrownBy(() -> prompts.as(Needs.Feedback.PAIRS))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("the rows are a bare prompt")
        .hasMessageContaining("learns from a pair");
  }

  @Test
  void readsRowsLongerThanItsBuffers() throws IOException {
    var big = "x".repeat(25_000_000);
    var path =
        file("big.jsonl", A + "\n" + A.replace("\"c\"", "\"" + big + "\"") + "\n" + B + "\n");
    try (var rows = Rows.open(path)) {
      assertThat(rows.count()).isEqualTo(3);
      assertThat(((Text.Plain) rows.row(1).candidates().get(1)).text()).hasSize(25_000_000);
      assertThat(prompts(rows)).containsExactly("a", "a", "d");
    }
  }

  @Test
  void namesTheLineThatIsBroken() throws IOException {
    assertBad(
        file("cut.jsonl", A + "\n{\"prompt\": \"a\", \"cho\n"), 1, ":2: not a JSON object at");
    assertBad(file("list.jsonl", A + "\n[1, 2]\n"), 1, ":2: not a JSON object");
    assertBad(file("two.jsonl", A + "\n" + A + " " + B + "\n"), 1, ":2: not a JSON object");
    assertBad(
        file("twice.jsonl", A + "\n{\"prompt\": \"a\", \"prompt\": \"b\", \"chosen\": \"c\"}\n"),
        1,
        ":2: not a JSON object at column");
    assertBad(
        file("nan.jsonl", A + "\n" + A.replace("}", ", \"margin\": NaN}") + "\n"),
        1,
        "NaN and Infinity are not JSON");
    assertBad(
        file("missing.jsonl", A + "\n{\"prompt\": \"a\", \"chosen\": \"c\"}\n"), 1, "'rejected'");
    assertBad(file("empty.jsonl", A + "\n" + A.replace("\"c\"", "\"\"") + "\n"), 1, "is empty");
    assertBad(file("type.jsonl", A + "\n" + A.replace("\"c\"", "7") + "\n"), 1, "'rejected' is 7");
    assertBad(file("forms.jsonl", A + "\n{\"text\": \"x\"}\n"), 1, "keep one form a file");
    assertBad(
        file(
            "kinds.jsonl",
            A
                + "\n{\"chosen\": [{\"role\": \"user\", \"content\": \"a\"}], \"rejected\":"
                + " [{\"role\": \"user\", \"content\": \"b\"}]}\n"),
        1,
        "a conversation in a file of plain text");
    var latin = folder.resolve("latin.jsonl");
    Files.write(
        latin,
        (A + "\n" + A.replace("\"c\"", "\"caf\u00e9\"")).getBytes(StandardCharsets.ISO_8859_1));
    assertBad(latin, 1, ":2: not a JSON object at column");
  }

  private static void assertBad(Path file, int index, String message) {
    try (var rows = Rows.open(file)) {
      assertThat(rows.row(0)).isNotNull();
      assertThatThrownBy(() -> rows.row(index))
          .isInstanceOf(UserException.class)
          .hasMessageStartingWith(file + ":")
          .hasMessageContaining(message)
          .message()
          .doesNotContain("\n");
    }
  }

  @Test
  void refusesFilesThatAreNoData() throws IOException {
    assertNoData(file("none.jsonl", "\n\n"), "no rows; the file is empty");
    assertNoData(file("empty.json", "[]"), "no rows; the file is empty");
    assertNoData(file("bare.csv", "prompt,chosen,rejected\n"), "CSV needs a header line");
    assertNoData(file("data.xlsx", "x"), "must end in one of .jsonl");
    assertNoData(file("data.jsonl.gz", "x"), "decompress it first");
    assertNoData(file("fake.parquet", "x"), "not a Parquet file that can be read");
    assertNoData(file("cut.json", "[" + A + ", {\"prompt\": "), "not a JSON object");
    assertNoData(file("other.jsonl", "{\"question\": \"q\"}\n"), ":1: columns [question] are no");
    assertNoData(folder.resolve("absent.jsonl"), "no such file");
    var wide = folder.resolve("wide.jsonl");
    Files.write(wide, A.getBytes(StandardCharsets.UTF_16));
    assertNoData(wide, "UTF-16 text; save it as UTF-8");
  }

  private static void assertNoData(Path file, String message) {
    assertThatThrownBy(() -> Rows.open(file))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith(file.toString())
        .hasMessageContaining(message)
        .message()
        .doesNotContain("\n");
  }

  @Test
  void readsDataSetsOfTheHubFromItsCache() throws IOException {
    var commit = "0123456789abcdef0123456789abcdef01234567";
    var repo = "hub/datasets--org--prefs/";
    file(repo + "refs/main", commit);
    file(repo + "snapshots/" + commit + "/data/train-00000-of-00001.jsonl", A + "\n");
    var environment =
        Map.of("HF_HOME", folder.toString(), "HF_HUB_OFFLINE", "1", "HF_ENDPOINT", "");
    var hub = new Hub(environment, folder, (name, done, total) -> {});
    try (var rows = Rows.open(hub, "org/prefs", "train")) {
      assertThat(prompts(rows)).containsExactly("a");
    }
    assertThatThrownBy(() -> Rows.open(hub, "org/other", "train"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("org/other");
  }

  @Test
  void reportsTheFirstBadRowBeforeAnythingIsTrained() throws IOException {
    var text = new StringBuilder();
    for (int i = 0; i < 3000; i++) {
      text.append(i % 500 == 499 ? A.replace("\"c\"", "\"\"") : A).append('\n');
    }
    try (var rows = Rows.open(file("late.jsonl", text.toString()));
        var tokenizer = Golden.tokenizer("llama")) {
      var encoder = new RowEncoder(tokenizer, Encoding.of(Layout.CONTINUATIONS, 64));
      assertThatThrownBy(() -> EncodedGroups.of(rows, encoder, OptionalInt.empty()))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("late.jsonl:500: column 'rejected' is empty");
      var good = EncodedGroups.of(rows.limit(499), encoder, OptionalInt.empty());
      assertThat(good.count()).isEqualTo(499);
      assertThat(good.summary().tokens()).isEqualTo(499L * good.group(0).tokens());
    }
  }
}
