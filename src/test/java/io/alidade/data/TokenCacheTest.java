package io.alidade.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.batch.Group;
import io.alidade.example.Signal;
import io.alidade.objective.Needs;
import io.alidade.tokenizer.Golden;
import io.alidade.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenCacheTest {
  private static final Encoding ENCODING = Encoding.of(Layout.CONTINUATIONS, 64);

  @TempDir private Path folder;
  private final List<String> said = new ArrayList<>();
  private Path data = Path.of("");
  private Path model = Path.of("");

  private TokenCache cache() {
    return new TokenCache(folder.resolve("cache"), said::add);
  }

  @BeforeEach
  void writeDataAndTokenizer() throws IOException {
    data = folder.resolve("train.jsonl");
    Files.writeString(data, rows(50));
    model = folder.resolve("model");
    Files.createDirectories(model);
    try (var files = Files.list(Golden.path("models").resolve("llama"))) {
      for (var file : files.filter(f -> !f.toString().endsWith(".safetensors")).toList()) {
        Files.copy(file, model.resolve(file.getFileName()));
      }
    }
  }

  private static String rows(int count) {
    var text = new StringBuilder();
    for (int i = 0; i < count; i++) {
      text.append(
          "{\"prompt\": \"what is %d?\", \"chosen\": \"%s\", \"rejected\": \"no %d\", \"margin\": %d.5}%n"
              .formatted(i, "yes ".repeat(i % 40) + i, i, i));
    }
    return text.toString();
  }

  /// The groups of the data, read through the cache.
  private List<Group> groups(Encoding encoding) {
    try (var rows = Rows.open(data);
        var tokenizer = Tokenizer.load(model);
        var groups =
            EncodedGroups.of(
                rows, new RowEncoder(tokenizer, encoding), OptionalInt.empty(), cache())) {
      return IntStream.range(0, groups.count()).mapToObj(groups::group).toList();
    }
  }

  private List<Path> files() {
    try (Stream<Path> files = Files.list(folder.resolve("cache"))) {
      return files.sorted().toList();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static void same(List<Group> found, List<Group> expected) {
    assertThat(found).usingRecursiveComparison().isEqualTo(expected);
  }

  @Test
  void aSecondReadingIsTheFirstAndTokenizesNothing() throws IOException {
    List<Group> plain;
    try (var rows = Rows.open(data);
        var tokenizer = Tokenizer.load(model);
        var groups =
            EncodedGroups.of(rows, new RowEncoder(tokenizer, ENCODING), OptionalInt.empty())) {
      plain = IntStream.range(0, groups.count()).mapToObj(groups::group).toList();
    }
    assertThat(plain.get(3).signals()).containsKey(Signal.perGroup("margin"));
    same(groups(ENCODING), plain);
    assertThat(files()).hasSize(1);
    var written = Files.getLastModifiedTime(files().getFirst());
    same(groups(ENCODING), plain);
    assertThat(files()).hasSize(1);
    assertThat(Files.getLastModifiedTime(files().getFirst())).isEqualTo(written);
    assertThat(said).isEmpty();
    // What is read is the file: other ids there are other ids here.
    try (var rows = Rows.open(data)) {
      TokenWriter.write(
          files().getFirst(),
          sink -> {
            for (int i = 0; i < rows.count(); i++) {
              sink.add(
                  new EncodedRow(
                      rows.place(i),
                      new int[] {i},
                      List.of(io.alidade.batch.Completion.of(7, 8)),
                      java.util.Map.of(),
                      false));
            }
          });
    }
    assertThat(groups(ENCODING).get(9).prompt()).containsExactly(9);
  }

  @Test
  void otherDataMisses() throws IOException {
    groups(ENCODING);
    Files.writeString(data, rows(50).replace("what is 3?", "what is 4?"));
    var changed = groups(ENCODING);
    assertThat(files()).hasSize(2);
    assertThat(changed.get(3).prompt()).isEqualTo(changed.get(4).prompt());
  }

  @Test
  void anotherTemplateMisses() throws IOException {
    groups(ENCODING);
    Files.writeString(model.resolve("chat_template.jinja"), "{{ messages[0].content }}");
    groups(ENCODING);
    assertThat(files()).hasSize(2);
  }

  @Test
  void anotherTokenizerMisses() throws IOException {
    groups(ENCODING);
    var file = model.resolve("tokenizer.json");
    Files.writeString(file, Files.readString(file) + "\n");
    groups(ENCODING);
    assertThat(files()).hasSize(2);
  }

  @Test
  void anotherLimitOrWayToCutOrLayoutMisses() {
    groups(ENCODING);
    var shorter = groups(Encoding.of(Layout.CONTINUATIONS, 16));
    assertThat(shorter)
        .allMatch(group ->
            group.candidates().stream()
                .allMatch(c -> group.prompt().length + c.tokens().length <= 16));
    groups(new Encoding(Layout.CONTINUATIONS, OptionalInt.of(64), Truncation.KEEP_END, false));
    groups(Encoding.of(Layout.WHOLE, 64));
    assertThat(files()).hasSize(4);
  }

  @Test
  void otherRowsOfTheSameFileMiss() {
    try (var rows = Rows.open(data);
        var tokenizer = Tokenizer.load(model)) {
      var encoder = new RowEncoder(tokenizer, ENCODING);
      var split = rows.split(0.2, 1);
      var again = rows.split(0.2, 2);
      for (var some :
          List.of(
              rows,
              split.train(),
              split.heldOut(),
              again.train(),
              rows.as(Needs.Feedback.LABELLED))) {
        try (var groups = EncodedGroups.of(some, encoder, OptionalInt.empty(), cache())) {
          assertThat(groups.count()).isEqualTo(some.count());
          assertThat(groups.group(0).row()).isEqualTo(some.place(0));
        }
      }
      assertThat(files()).hasSize(5);
    }
  }

  @Test
  void rowsThatAStrategyMakesAreNotKept() {
    try (var rows = Rows.open(data);
        var tokenizer = Tokenizer.load(model)) {
      var made = rows.made(rows.form(), "Same", (_, row) -> List.of(row));
      assertThat(cache().file(made, new RowEncoder(tokenizer, ENCODING))).isEmpty();
      assertThat(cache().file(rows, new RowEncoder(tokenizer, ENCODING))).isPresent();
    }
  }

  @Test
  void aTemplateThatWritesTheDateIsNotKept() throws IOException {
    Files.writeString(model.resolve("chat_template.jinja"), "{{ strftime_now('%d') }}");
    groups(ENCODING);
    assertThat(folder.resolve("cache")).doesNotExist();
  }

  @Test
  void aDamagedFileIsSaidToBeAndWrittenAnew() throws IOException {
    var plain = groups(ENCODING);
    var file = files().getFirst();
    byte[] whole = Files.readAllBytes(file);
    for (int at : new int[] {0, 40, whole.length / 2, whole.length - 6, whole.length - 1}) {
      byte[] damaged = whole.clone();
      damaged[at] ^= 1;
      Files.write(file, damaged);
      said.clear();
      same(groups(ENCODING), plain);
      assertThat(said)
          .singleElement()
          .asString()
          .startsWith(file + ": the kept ids are damaged (")
          .endsWith("; the rows are tokenized again");
      assertThat(file).hasBinaryContent(whole);
    }
    for (int length : new int[] {0, 5, 100, whole.length - 1}) {
      Files.write(file, whole);
      try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.truncate(length);
      }
      said.clear();
      same(groups(ENCODING), plain);
      assertThat(said).singleElement().asString().contains("damaged");
      assertThat(file).hasBinaryContent(whole);
    }
  }

  @Test
  void aBadRowIsNamedAndNothingIsKept() throws IOException {
    Files.writeString(
        data,
        rows(20) + "{\"prompt\": \"p\", \"chosen\": \"c\", \"rejected\": \"\", \"margin\": 1}\n");
    assertThatThrownBy(() -> groups(ENCODING))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("train.jsonl:21: column 'rejected' is empty");
    assertThat(files()).isEmpty();
    assertThat(said).isEmpty();
  }

  @Test
  void aFolderThatCannotBeWrittenIsSaidAndTheRowsAreThere() throws IOException {
    var plain = groups(ENCODING);
    Files.writeString(folder.resolve("file"), "");
    try (var rows = Rows.open(data);
        var tokenizer = Tokenizer.load(model);
        var groups =
            EncodedGroups.of(
                rows,
                new RowEncoder(tokenizer, ENCODING),
                OptionalInt.empty(),
                new TokenCache(folder.resolve("file").resolve("below"), said::add))) {
      same(IntStream.range(0, groups.count()).mapToObj(groups::group).toList(), plain);
    }
    assertThat(said).singleElement().asString().startsWith("ids of rows are not kept: ");
  }

  @Test
  void unitSignalsAndUnscoredTokensComeBack() {
    var file = folder.resolve("rows.ids");
    var marks = new boolean[70];
    for (int i = 0; i < marks.length; i++) {
      marks[i] = i % 3 == 0;
    }
    var place = new io.alidade.example.Example.Row("there", 3);
    var row =
        new EncodedRow(
            place,
            new int[] {},
            List.of(
                new io.alidade.batch.Completion(IntStream.range(-1, 69).toArray(), flipped(marks)),
                new io.alidade.batch.Completion(new int[] {}, new boolean[] {})),
            java.util.Map.of(
                Signal.perUnit("Gewicht/ä"), new double[] {1, Double.MIN_VALUE, -0.0},
                Signal.perCandidate("s"), new double[] {}),
            true);
    TokenWriter.write(file, sink -> sink.add(row));
    switch (TokenFile.open(file, 1)) {
      case TokenFile.Found.Whole(var whole) -> {
        assertThat(whole.row(0, place)).usingRecursiveComparison().isEqualTo(row);
        whole.close();
      }
      case TokenFile.Found other -> throw new AssertionError(other);
    }
    assertThat(TokenFile.open(file, 2)).isInstanceOf(TokenFile.Found.Damaged.class);
  }

  private static boolean[] flipped(boolean[] marks) {
    var flipped = marks.clone();
    flipped[0] = false;
    return flipped;
  }
}
