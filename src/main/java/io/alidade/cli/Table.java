package io.alidade.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/// Rows with columns of equal width, for the terminal.
final class Table {
  private final List<List<String>> rows = new ArrayList<>();

  Table(String... headings) {
    rows.add(List.of(headings));
  }

  void row(String... cells) {
    if (cells.length != rows.getFirst().size()) {
      throw new IllegalArgumentException(
          "%d cells for %s".formatted(cells.length, rows.getFirst()));
    }
    rows.add(List.of(cells));
  }

  /// Cells that are numbers all the way down stand to the right, others to the left.
  void print(PrintWriter out) {
    int columns = rows.getFirst().size();
    for (var row : rows) {
      var line = new StringBuilder();
      for (int c = 0; c < columns; c++) {
        var cell = row.get(c);
        var padding = " ".repeat(width(c) - length(cell));
        line.append(c == 0 ? "" : "  ").append(isNumeric(c) ? padding + cell : cell + padding);
      }
      out.println(line.toString().stripTrailing());
    }
    out.flush();
  }

  private int width(int column) {
    return rows.stream().mapToInt(row -> length(row.get(column))).max().orElse(0);
  }

  private static int length(String cell) {
    return cell.codePointCount(0, cell.length());
  }

  private boolean isNumeric(int column) {
    return rows.stream()
        .skip(1)
        .allMatch(row -> row.get(column).matches("[-+]?[0-9.]*(e[-+]?\\d+)?%?|-|NaN"));
  }
}
