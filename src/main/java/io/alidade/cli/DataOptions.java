package io.alidade.cli;

import io.alidade.data.Rows;
import picocli.CommandLine.Option;

/// Which rows a command reads.
final class DataOptions {
  @Option(
      names = "--data",
      paramLabel = "DATA",
      required = true,
      description = "Rows: a file, a folder, or org/name on the hub.")
  private String data = "";

  @Option(
      names = "--split",
      paramLabel = "NAME",
      description = "Which files of a folder (default: ${DEFAULT-VALUE}).")
  private String split;

  /// @param split read where nothing is said
  DataOptions(String split) {
    this.split = split;
  }

  String data() {
    return data;
  }

  String split() {
    return split;
  }

  Rows open() {
    return Rows.open(data, split);
  }
}
