package io.alidade.cli;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/// The first line of a command's help: what must be said, and that more can be.
final class Synopsis {
  private static final String HEADING = "Usage: ";

  private Synopsis() {}

  /// Sets it for a command line and all commands below it.
  static void set(CommandLine line) {
    line.getSubcommands().values().forEach(Synopsis::set);
    var spec = line.getCommandSpec();
    var words = new ArrayList<>(List.of(spec.qualifiedName()));
    if (!line.getSubcommands().isEmpty()) {
      words.add("COMMAND");
    }
    for (var parameter : spec.positionalParameters()) {
      var label =
          parameter.paramLabel().replaceAll("[\\[\\]]", "")
              + (parameter.arity().max() > 1 ? "..." : "");
      words.add(parameter.required() ? label : "[" + label + "]");
    }
    spec.options().stream()
        .filter(OptionSpec::required)
        .map(option -> option.longestName() + "=" + option.paramLabel())
        .forEach(words::add);
    words.add("[OPTIONS]");
    spec.usageMessage().customSynopsis(lines(words));
  }

  /// Lines of the terminal's usual width; the further ones begin below the first word.
  private static String[] lines(List<String> words) {
    var lines = new ArrayList<String>();
    var line = new StringBuilder(words.getFirst());
    for (var word : words.subList(1, words.size())) {
      if (HEADING.length() + line.length() + 1 + word.length() > Paragraph.WIDTH) {
        lines.add(line.toString());
        line = new StringBuilder(" ".repeat(HEADING.length() + words.getFirst().length()));
      }
      line.append(' ').append(word);
    }
    lines.add(line.toString());
    return lines.toArray(String[]::new);
  }
}
