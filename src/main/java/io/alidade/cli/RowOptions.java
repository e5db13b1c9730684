package io.alidade.cli;

import io.alidade.data.Encoding;
import io.alidade.data.Layout;
import io.alidade.data.Rows;
import io.alidade.data.Truncation;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Which rows a command reads, and what of them fits.
final class RowOptions {
  @Mixin private DataOptions data = new DataOptions("train");

  @Option(
      names = "--max-length",
      paramLabel = "N",
      description = "Most tokens of prompt and completion together (default: no limit).")
  private @Nullable Integer maxLength;

  @Option(
      names = "--truncation",
      paramLabel = "SIDE",
      defaultValue = "KEEP_START",
      description =
          "Which side survives the limit: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private Truncation truncation = Truncation.KEEP_START;

  String data() {
    return data.data();
  }

  Rows open() {
    return data.open();
  }

  Encoding encoding(Layout layout, boolean assistantOnlyLoss) {
    return Arguments.checked(() ->
        new Encoding(
            layout,
            maxLength == null ? OptionalInt.empty() : OptionalInt.of(maxLength),
            truncation,
            assistantOnlyLoss));
  }
}
