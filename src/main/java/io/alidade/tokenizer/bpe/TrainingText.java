package io.alidade.tokenizer.bpe;

import io.alidade.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.function.Consumer;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Texts of a file: the prompt with its completion (or chosen answer) of each row of a `.jsonl`
/// file, a line with its end of any other file.
public final class TrainingText {
  private final Path file;

  private TrainingText(Path file) {
    this.file = file;
  }

  /// A file in UTF-8.
  public static TrainingText of(Path file) {
    return new TrainingText(file);
  }

  /// Streams the texts, never holding the file.
  ///
  /// @throws UserException where the file is missing or a row is broken
  public void forEach(Consumer<String> text) {
    boolean rows = file.toString().endsWith(".jsonl");
    int number = 0;
    try (var in = Files.newBufferedReader(file)) {
      for (var line = in.readLine(); line != null; line = in.readLine()) {
        number++;
        text.accept(rows ? row(line, number) : line + "\n");
      }
    } catch (NoSuchFileException e) {
      throw new UserException("%s: no such file".formatted(file), e);
    } catch (IOException e) {
      throw new UserException("%s: cannot be read as UTF-8 text (%s)".formatted(file, e), e);
    }
  }

  private String row(String line, int number) {
    JsonNode row;
    try {
      row = JsonMapper.shared().readTree(line);
    } catch (JacksonException e) {
      throw new UserException(
          "%s line %d: broken JSON (%s)".formatted(file, number, e.getOriginalMessage()), e);
    }
    var completion = row.has("completion") ? row.path("completion") : row.path("chosen");
    if (!row.path("prompt").isString() || !completion.isString()) {
      throw new UserException(
          "%s line %d: needs the texts prompt and completion (or chosen)".formatted(file, number));
    }
    return row.path("prompt").asString() + completion.asString();
  }
}
