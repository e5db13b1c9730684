package io.alidade.explain;

import io.alidade.UserException;
import io.alidade.recipe.Nearest;
import io.alidade.store.Json;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;

/// The values of a case file, with messages that name where they stand.
///
/// @param file for messages
/// @param root the whole of it
record CaseJson(String file, JsonNode root) {
  double number(String where, JsonNode node) {
    if (node.isBoolean()) {
      return node.booleanValue() ? 1 : 0;
    }
    if (!node.isNumber()) {
      throw bad(where, "a number, found " + node);
    }
    return node.doubleValue();
  }

  static String row(String where, int group) {
    return where + ", row " + (group + 1);
  }

  /// One value a row; that of a single row may stand without its list.
  List<JsonNode> column(String where, JsonNode node) {
    return node.isNumber() ? List.of(node) : list(where, node);
  }

  List<JsonNode> list(String where, JsonNode node) {
    if (!node.isArray()) {
      throw bad(where, "a list, found " + node);
    }
    return node.values().stream().toList();
  }

  JsonNode side(String key, JsonNode node, List<String> sides, String side) {
    Json.object(file + ": " + key, node);
    if (!node.has(side)) {
      throw new UserException(
          "%s: %s: expected the sides %s, '%s' is missing".formatted(file, key, sides, side));
    }
    return node.path(side);
  }

  JsonNode present(String key, JsonNode node, String what) {
    if (node.isMissingNode() || node.isNull()) {
      throw new UserException("%s: %s is missing: %s".formatted(file, key, what));
    }
    return node;
  }

  void refuse(String key, String why) {
    if (root.has(key)) {
      throw new UserException("%s: %s: %s; remove it".formatted(file, key, why));
    }
  }

  void known(String prefix, JsonNode node, Collection<String> names) {
    for (var given : node.propertyNames()) {
      if (!names.contains(given)) {
        throw new UserException(
            "%s: unknown key '%s%s'; known here: %s%s"
                .formatted(file, prefix, given, new TreeSet<>(names), Nearest.hint(given, names)));
      }
    }
  }

  UserException bad(String where, String expected) {
    return new UserException("%s: %s: expected %s".formatted(file, where, expected));
  }
}
