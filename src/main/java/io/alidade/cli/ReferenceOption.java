package io.alidade.cli;

import io.alidade.UserException;
import io.alidade.generation.LanguageModel;
import io.alidade.generation.Located;
import io.alidade.model.Head;
import io.alidade.model.Policy;
import io.alidade.model.PolicySpec;
import io.alidade.model.Precision;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// The model that others are compared with.
final class ReferenceOption {
  @Option(
      names = "--reference",
      paramLabel = "MODEL",
      description = "A model to compare with: gives rewards and divergences.")
  private @Nullable String reference;

  /// The model, if one was named, while it is in use.
  record Opened(Optional<Policy> policy) implements AutoCloseable {
    @Override
    public void close() {
      policy.ifPresent(Policy::close);
    }
  }

  /// @param beside the model whose tokens it reads
  /// @throws UserException if it is no language model of the same vocabulary
  Opened open(LanguageModel beside, Precision precision) {
    return new Opened(
        Optional.ofNullable(reference).map(location -> open(location, beside, precision)));
  }

  private static Policy open(String location, LanguageModel beside, Precision precision) {
    var located = Located.find(location, Optional.empty());
    if (located.head() == Head.REWARD) {
      throw new UserException(location + ": a reward model is no reference");
    }
    var spec = PolicySpec.frozen(precision);
    var policy =
        Policy.open(located.folder(), located.adapter().map(spec::withAdapter).orElse(spec));
    boolean fits = false;
    try {
      LanguageModel.fit(beside.tokenizer(), policy.config().vocabSize(), located.folder());
      fits = true;
    } finally {
      if (!fits) {
        policy.close();
      }
    }
    return policy;
  }
}
