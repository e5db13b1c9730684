package io.alidade.recipe;

import java.lang.reflect.Type;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// Everything that a recipe can name, with the first sentence of its Javadoc and its papers. Slots
/// are found by following the components of [Recipe] and of what fills it; the sentences come from
/// the sources, which travel in the jar.
public final class Catalogue {
  private static final Pattern ARXIV = Pattern.compile("arXiv:\\d{4}\\.\\d{4,5}");

  private Catalogue() {}

  /// A place in a recipe that is filled by name.
  ///
  /// @param name of the interface
  /// @param summary first sentence of its Javadoc
  /// @param components that fill it, by name
  public record Slot(String name, String summary, List<Component> components) {}

  /// Something with a name that fills a slot.
  ///
  /// @param parameters keys, in order
  /// @param summary first sentence of its Javadoc, citations left out
  /// @param papers identifiers on arXiv, in order of mention in the first paragraph
  public record Component(
      String name, List<String> parameters, String summary, List<String> papers) {}

  /// All slots that can be reached from a recipe.
  public static List<Slot> slots() {
    var slots = new ArrayList<Slot>();
    for (var slot : reachable()) {
      var components = new ArrayList<Component>();
      for (var type : Slots.of(slot)) {
        var paragraph = paragraph(type);
        components.add(
            new Component(
                type.getSimpleName(),
                List.copyOf(Components.of(type).keySet()),
                uncited(sentence(paragraph)),
                ARXIV
                    .matcher(paragraph)
                    .results()
                    .map(match -> match.group())
                    .distinct()
                    .toList()));
      }
      slots.add(
          new Slot(
              slot.getSimpleName(), uncited(sentence(paragraph(slot))), List.copyOf(components)));
    }
    return slots;
  }

  private static List<Class<?>> reachable() {
    var slots = new LinkedHashSet<Class<?>>();
    var parts = new LinkedHashSet<Class<?>>();
    var queue = new ArrayDeque<Class<?>>(List.of(Recipe.class));
    while (!queue.isEmpty()) {
      for (var component : Components.of(queue.remove()).values()) {
        var type = plain(component.getGenericType());
        if (type instanceof Class<?> slot && Components.isSlot(slot) && slots.add(slot)) {
          queue.addAll(Slots.of(slot));
        } else if (type instanceof Class<?> part
            && part.isRecord()
            && part.getName().startsWith("io.alidade.")
            && parts.add(part)) {
          queue.add(part); // such as what a loop draws, which names a judge
        }
      }
    }
    return List.copyOf(slots);
  }

  private static Type plain(Type type) {
    return Components.argument(type, Optional.class)
        .or(() -> Components.argument(type, List.class))
        .or(() -> Components.argument(type, Map.class))
        .map(Catalogue::plain)
        .orElse(type);
  }

  private static String paragraph(Class<?> type) {
    return Javadoc.of(type).paragraphs().getFirst();
  }

  /// Up to the first full stop or colon outside of parentheses that ends a clause.
  static String sentence(String paragraph) {
    int depth = 0;
    for (int i = 0; i < paragraph.length(); i++) {
      char c = paragraph.charAt(i);
      depth += c == '(' ? 1 : c == ')' ? -1 : 0;
      boolean ends = i + 1 == paragraph.length() || paragraph.charAt(i + 1) == ' ';
      if (depth == 0 && ends && c == '.') {
        return paragraph.substring(0, i + 1);
      }
    }
    return paragraph;
  }

  /// Without the parentheses that cite a paper, and without Markdown's brackets and backticks.
  static String uncited(String sentence) {
    return sentence
        .replaceAll(" ?\\([^()]*(arXiv:|\\b(19|20)\\d\\d\\b)[^()]*\\)", "")
        .replaceAll("\\[#?([^\\]]*)\\]", "$1")
        .replace("`", "");
  }
}
