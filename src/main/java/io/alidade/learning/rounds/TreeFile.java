package io.alidade.learning.rounds;

import io.alidade.UserException;
import io.alidade.generation.tree.Node;
import io.alidade.generation.tree.Puct;
import io.alidade.generation.tree.StepTree;
import io.alidade.store.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;

/// A search tree as a line of a round's file: every state that was seen, with its numbers.
///
/// @param number of the prompt in the data
/// @param tree what the search knows
/// @param right whether the committed answer is right
record TreeFile(int number, StepTree tree, boolean right) {
  /// As a line of JSON.
  ///
  /// @param cells what the line begins with, for a reader
  /// @param text of a state's step
  String line(Map<String, Object> cells, Function<Node, String> text) {
    var nodes = tree.nodes();
    var numbers = new IdentityHashMap<Node, Integer>();
    var kept = new ArrayList<Map<String, Object>>();
    for (var node : nodes) {
      numbers.put(node, numbers.size());
      var one = new LinkedHashMap<String, Object>();
      one.put("parent", node.parent().map(numbers::get).orElse(-1));
      one.put("step", text.apply(node));
      one.put("ids", node.tokens());
      one.put("logps", node.logps());
      one.put("terminal", node.terminal());
      one.put("R", node.value());
      one.put("r", node.reward());
      one.put("N", node.visits());
      one.put("V", node.v());
      one.put("Q", node.q());
      kept.add(one);
    }
    var line = new LinkedHashMap<String, Object>(cells);
    line.put("number", number);
    line.put("right", right);
    line.put("exhausted", tree.exhausted());
    line.put("drawn", tree.drawn());
    line.put("committed", tree.committed().stream().map(numbers::get).toList());
    line.put("nodes", kept);
    return Json.line(line);
  }

  /// Reads a line back.
  static TreeFile of(Path file, int place, String line, Puct settings) {
    var json = Json.parse("%s:%d".formatted(file, place), line);
    var nodes = new ArrayList<StepTree.Kept>();
    for (var node : json.path("nodes")) {
      nodes.add(
          new StepTree.Kept(
              node.path("parent").asInt(),
              node.path("ids").valueStream().mapToInt(JsonNode::asInt).toArray(),
              floats(node.path("logps")),
              node.path("terminal").asBoolean(),
              node.path("R").asDouble(),
              node.path("Q").asDouble(),
              node.path("V").asDouble(),
              node.path("N").asInt()));
    }
    if (nodes.isEmpty()) {
      throw new UserException(
          "%s:%d holds no tree; remove the file to have it searched anew".formatted(file, place));
    }
    List<Integer> committed = json.path("committed").valueStream().map(JsonNode::asInt).toList();
    return new TreeFile(
        json.path("number").asInt(),
        StepTree.restored(
            settings,
            nodes,
            committed,
            json.path("drawn").asInt(),
            json.path("exhausted").asBoolean()),
        json.path("right").asBoolean());
  }

  private static float[] floats(JsonNode values) {
    var numbers = new float[values.size()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = (float) values.get(i).asDouble();
    }
    return numbers;
  }
}
