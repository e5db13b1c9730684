package io.alidade.recipe;

import io.alidade.UserException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeSet;

/// A recipe on a scale: everything that a run will do, before anything is read but YAML.
///
/// @param name of the recipe, for folders and tables
/// @param recipe what the paper says
/// @param scale what the machine affords
/// @param overrides what was set beyond the files, by path
public record Plan(
    String name, Recipe recipe, Scale scale, SequencedMap<String, String> overrides) {
  /// Reads, overrides and binds.
  ///
  /// @param recipe path of a file, or a bare name such as `dpo`, found in the folder `recipes` of
  ///   the working directory or in this program; a run's `resolved.yaml` is a recipe with its scale
  /// @param scale likewise, in `scales`; ignored for a `resolved.yaml`
  /// @param overrides paths into recipe or scale with their values, such as `objective.Dpo.beta`
  /// @throws UserException naming path, value and place
  public static Plan load(String recipe, String scale, SequencedMap<String, String> overrides) {
    var one = find("recipe", recipe);
    var root = one.node().mapping(one.name());
    boolean resolved = root.entries().keySet().equals(java.util.Set.of("recipe", "scale"));
    var recipeTree = resolved ? child(root, "recipe") : root;
    var scaleTree = resolved ? child(root, "scale") : find("scale", scale).node().mapping("scale");
    for (var entry : overrides.entrySet()) {
      var head = entry.getKey().split("\\.", 2)[0];
      if (Components.of(Recipe.class).containsKey(head)) {
        recipeTree =
            Overrides.set(Recipe.class, "recipe", recipeTree, entry.getKey(), entry.getValue());
      } else if (Components.of(Scale.class).containsKey(head)) {
        scaleTree =
            Overrides.set(Scale.class, "scale", scaleTree, entry.getKey(), entry.getValue());
      } else {
        throw unknown(head, recipeTree);
      }
    }
    return new Plan(
        one.name(),
        Binder.bind(Recipe.class, recipeTree, "recipe"),
        Binder.bind(Scale.class, scaleTree, "scale"),
        new LinkedHashMap<>(overrides));
  }

  private static Node.Mapping child(Node.Mapping root, String key) {
    var child = root.entries().get(key);
    if (child == null) {
      throw new IllegalStateException(key);
    }
    return child.mapping(key);
  }

  private static UserException unknown(String head, Node.Mapping recipe) {
    var known = new ArrayList<>(Components.of(Recipe.class).keySet());
    known.addAll(Components.of(Scale.class).keySet());
    var below = new LinkedHashMap<String, String>();
    paths("", recipe, below);
    var meant =
        Optional.ofNullable(below.get(head))
            .or(() -> Nearest.of(head, known))
            .or(() -> Nearest.of(head, below.keySet()).map(below::get));
    return new UserException(
        "--set: neither recipe nor scale has '%s'; %s"
            .formatted(
                head,
                meant
                    .map("did you mean '%s'?"::formatted)
                    .orElseGet(() ->
                        "recipe: %s; scale: %s"
                            .formatted(
                                Components.of(Recipe.class).keySet(),
                                Components.of(Scale.class).keySet()))));
  }

  /// Where each key of a tree stands, the first of those that are called alike.
  private static void paths(String before, Node.Mapping tree, SequencedMap<String, String> paths) {
    tree.entries()
        .forEach((key, value) -> {
          paths.putIfAbsent(key, before + key);
          if (value instanceof Node.Mapping below) {
            paths(before + key + ".", below, paths);
          }
        });
  }

  /// All of it as YAML with every default spelled out, overrides applied.
  public String yaml() {
    var entries = new LinkedHashMap<String, Node>();
    entries.put("recipe", Resolved.of(recipe));
    entries.put("scale", Resolved.of(scale));
    return Yaml.write(new Node.Mapping(entries, "resolved"));
  }

  /// What a recipe says of its paper, without binding the rest.
  public static Recipe.Paper paper(String recipe) {
    var found = find("recipe", recipe);
    var paper = found.node().mapping("recipe").entries().get("paper");
    if (paper == null) {
      throw new UserException("recipe %s: missing 'paper'".formatted(found.name()));
    }
    return Binder.bind(Recipe.Paper.class, paper, "recipe.paper");
  }

  /// Names of the recipes at hand: those of the working directory and those of this program.
  public static List<String> recipes() {
    return names("recipe");
  }

  /// Names of the scales at hand.
  public static List<String> scales() {
    return names("scale");
  }

  private record Found(String name, Node node) {}

  private static Found find(String kind, String given) {
    if (given.endsWith(".yaml") || given.endsWith(".yml") || given.indexOf('/') >= 0) {
      var file = Path.of(given);
      if (!Files.isRegularFile(file)) {
        throw new UserException("there is no %s file %s".formatted(kind, given));
      }
      return new Found(bare(file.getFileName().toString()), Yaml.read(file));
    }
    var inFolder = Path.of(kind + "s", given + ".yaml");
    if (Files.isRegularFile(inFolder)) {
      return new Found(given, Yaml.read(inFolder));
    }
    var inProgram = kind + "s/" + given + ".yaml";
    return ClassPath.text(inProgram)
        .map(text -> new Found(given, Yaml.parse(inProgram, text)))
        .orElseThrow(() ->
            new UserException(
                "no %s '%s'%s, or give the path of a .yaml file"
                    .formatted(kind, given, Nearest.instead(given, names(kind)))));
  }

  private static List<String> names(String kind) {
    var names = new TreeSet<String>();
    for (var file : ClassPath.list(kind + "s")) {
      if (file.endsWith(".yaml")) {
        names.add(bare(file));
      }
    }
    var files = Path.of(kind + "s").toFile().list();
    for (var file : files == null ? new String[0] : files) {
      if (file.endsWith(".yaml")) {
        names.add(bare(file));
      }
    }
    return List.copyOf(names);
  }

  private static String bare(String file) {
    return file.replaceFirst("\\.ya?ml$", "");
  }
}
