package io.alidade.data;

import io.alidade.UserException;
import io.alidade.example.Columns;
import io.alidade.example.Example;
import io.alidade.example.Form;
import io.alidade.example.Text;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The rows of one file. What the first row is, all must be.
final class FileTable implements Table {
  /// Makes cells of a record's bytes.
  interface Parser {
    Map<String, Object> cells(Example.Row row, byte[] record);
  }

  private final Path file;
  private final Slices slices;
  private final Parser parser;
  private final boolean byLine;
  private final Runnable cleanup;
  private final Form form;
  private final boolean chat;
  private final List<String> columns;

  /// @param byLine whether messages number rows by their line in the file, or count them
  /// @param cleanup run after closing
  FileTable(Path file, Slices slices, Parser parser, boolean byLine, Runnable cleanup) {
    this.file = file;
    this.slices = slices;
    this.parser = parser;
    this.byLine = byLine;
    this.cleanup = cleanup;
    if (slices.count() == 0) {
      close();
      throw new UserException(file + ": no rows; the file is empty");
    }
    try {
      var first = firstReadable().orElseGet(() -> cells(0));
      var place = place(0);
      form = Columns.form(place, first);
      chat = chat(first);
      columns = List.copyOf(first.keySet());
    } catch (RuntimeException failure) {
      close();
      throw failure;
    }
  }

  /// The file's form is told by the first row that can be read, so that one broken line does not
  /// hide what the others are.
  private Optional<Map<String, Object>> firstReadable() {
    for (int i = 0; i < Math.min(100, slices.count()); i++) {
      var cells = readable(i);
      if (cells.isPresent()) {
        return cells;
      }
    }
    return Optional.empty();
  }

  private Optional<Map<String, Object>> readable(int index) {
    try {
      var cells = cells(index);
      Columns.form(place(index), cells);
      return Optional.of(cells);
    } catch (UserException unreadable) {
      return Optional.empty();
    }
  }

  private static boolean chat(Map<String, Object> cells) {
    return cells.get("messages") instanceof List
        || cells.get("chosen") instanceof List
        || cells.get("completion") instanceof List
        || cells.get("prompt") instanceof List
        || cells.get("conversations") instanceof List;
  }

  private Map<String, Object> cells(int index) {
    return parser.cells(place(index), slices.bytes(index));
  }

  @Override
  public Map<String, Object> cells(long index) {
    return cells(Math.toIntExact(index));
  }

  @Override
  public long count() {
    return slices.count();
  }

  @Override
  public Example.Row place(long index) {
    return new Example.Row(
        file.toString(), byLine ? slices.line(Math.toIntExact(index)) : index + 1);
  }

  @Override
  public Example row(long index) {
    var place = place(index);
    var cells = cells(Math.toIntExact(index));
    var found = Columns.form(place, cells);
    if (found != form) {
      throw new UserException(
          "%s: %s in a file whose rows are %s; keep one form a file"
              .formatted(place, found.words(), form.words()));
    }
    var example = Columns.read(place, cells);
    boolean isChat =
        example.prompt() instanceof Text.Chat
            || example.candidates().stream().anyMatch(c -> c instanceof Text.Chat);
    if (isChat != chat) {
      throw new UserException(
          "%s: %s in a file of %s; keep one kind a file"
              .formatted(
                  place,
                  isChat ? "a conversation" : "plain text",
                  chat ? "conversations" : "plain text"));
    }
    return example;
  }

  @Override
  public Form form() {
    return form;
  }

  @Override
  public List<String> columns() {
    return columns;
  }

  @Override
  public Optional<String> identity() {
    return Optional.of(Formats.ending(file) + " " + fingerprint());
  }

  @Override
  public String fingerprint() {
    return slices.fingerprint();
  }

  @Override
  public void close() {
    slices.close();
    cleanup.run();
  }
}
