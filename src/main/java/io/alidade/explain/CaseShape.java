package io.alidade.explain;

import io.alidade.objective.Needs;
import io.alidade.store.Json;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;

/// How many rows, answers and tokens a case file has, told by the entry that every case must have,
/// and the entries under any key in that shape.
final class CaseShape {
  /// One entry with the place it stands at.
  record Cell(String where, JsonNode value) {}

  private final CaseJson json;
  private final Needs needs;
  private final List<String> sides;
  private final int[] sizes;
  private final int[] tokens;
  private final List<Cell> main;

  /// @param key of the entry, `policy` or `rewards`
  CaseShape(CaseJson json, Needs needs, String key, JsonNode node) {
    this.json = json;
    this.needs = needs;
    sides = sides(key, node);
    sizes = sizes(key, node);
    main = cells(key, node);
    tokens = counts();
  }

  /// Names of the parts of an entry, such as `chosen`.
  List<String> sides() {
    return sides;
  }

  /// Answers of each row.
  int[] sizes() {
    return sizes;
  }

  /// Tokens of each answer, row by row.
  int[] tokens() {
    return tokens;
  }

  /// The entry that told the shape, answer by answer.
  List<Cell> main() {
    return main;
  }

  /// Whether a row is a list of answers.
  boolean ranked() {
    return sides.equals(List.of("candidates"));
  }

  private List<String> sides(String key, JsonNode node) {
    Json.object(json.file() + ": " + key, node);
    var named =
        switch (needs.feedback()) {
          case PAIRS -> List.of("chosen", "rejected");
          case DEMONSTRATIONS -> List.of("completion");
          case LABELLED ->
              needs.candidates() > 1 ? List.of("completion", "kl") : List.of("completion");
          case RANKINGS, ROLLOUTS ->
              node.has("chosen") ? List.of("chosen", "rejected") : List.of("candidates");
        };
    return named;
  }

  private int[] sizes(String key, JsonNode node) {
    var first =
        json.column(key + "." + sides.getFirst(), json.side(key, node, sides, sides.getFirst()));
    if (first.isEmpty()) {
      throw json.bad(key + "." + sides.getFirst(), "at least one row, found none");
    }
    if (!ranked()) {
      var all = new int[first.size()];
      Arrays.fill(all, sides.size());
      return all;
    }
    return IntStream.range(0, first.size())
        .map(g -> {
          var where = CaseJson.row(key + ".candidates", g);
          int size = json.list(where, first.get(g)).size();
          if (size < needs.candidates()) {
            throw json.bad(
                where,
                "a list of at least %d answers, found %d".formatted(needs.candidates(), size));
          }
          return size;
        })
        .toArray();
  }

  /// The entries under a key, candidate by candidate.
  List<Cell> cells(String key, JsonNode node) {
    json.known(key + ".", node, sides);
    var columns = new ArrayList<List<JsonNode>>();
    for (var side : sides) {
      var column = json.column(key + "." + side, json.side(key, node, sides, side));
      if (column.size() != sizes.length) {
        throw json.bad(
            key + "." + side, "%d rows, found %d".formatted(sizes.length, column.size()));
      }
      columns.add(column);
    }
    var cells = new ArrayList<Cell>();
    for (int g = 0; g < sizes.length; g++) {
      for (int s = 0; s < sides.size(); s++) {
        var where = CaseJson.row(key + "." + sides.get(s), g);
        var value = columns.get(s).get(g);
        if (!ranked()) {
          cells.add(new Cell(where, value));
          continue;
        }
        var answers = json.list(where, value);
        if (answers.size() != sizes[g]) {
          throw json.bad(where, "%d answers, found %d".formatted(sizes[g], answers.size()));
        }
        for (int k = 0; k < sizes[g]; k++) {
          cells.add(new Cell(where + ", answer " + (k + 1), answers.get(k)));
        }
      }
    }
    return cells;
  }

  private int[] counts() {
    var counts = new int[main.size()];
    var given =
        json.root().has("tokens") ? cells("tokens", json.root().path("tokens")) : List.<Cell>of();
    var reference =
        needs.reference() && json.root().path("reference").isObject()
            ? cells("reference", json.root().path("reference"))
            : List.<Cell>of();
    for (int n = 0; n < counts.length; n++) {
      if (!given.isEmpty()) {
        var cell = given.get(n);
        if (!cell.value.isInt() || cell.value.intValue() < 0) {
          throw json.bad(cell.where, "a whole number of tokens, found " + cell.value);
        }
        counts[n] = cell.value.intValue();
      } else if (main.get(n).value.isArray()) {
        counts[n] = main.get(n).value.size();
      } else if (!reference.isEmpty() && reference.get(n).value.isArray()) {
        counts[n] = reference.get(n).value.size();
      } else {
        counts[n] = 1;
      }
    }
    return counts;
  }
}
