package io.alidade.reference;

import io.alidade.UserException;
import io.alidade.batch.Batch;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Readout;
import io.alidade.model.Fingerprinted;
import io.alidade.model.Scorer;
import io.alidade.model.Scoring;
import io.alidade.tensor.Ops;
import io.alidade.tensor.Step;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// Log-likelihoods of candidates under one frozen model, on disk, for this run and every other,
/// later or at the same time.
///
/// The file is named after the model's content hash, and a key is the hash of the tokens of prompt
/// and candidate. Since the key is made of token ids, a change of weights, template, tokenizer or
/// truncation never finds an old value.
final class LikelihoodCache implements Scorer {
  /// How many batches in a row must have been known before the model is let go of.
  private static final int KNOWN = 8;

  private final Supplier<Scorer> source;
  private final String fingerprint;
  private @Nullable Scorer scorer; // in memory only as long as something is missing
  private int known;
  private final LikelihoodFile file;

  /// Opens the file of a model.
  ///
  /// @param source opens the model; asked again where it was let go of
  LikelihoodCache(Path folder, Supplier<Scorer> source) {
    this.source = source;
    var opened = source.get();
    scorer = opened;
    fingerprint = fingerprint(opened);
    var path = folder.resolve(fingerprint + ".logps");
    try {
      Files.createDirectories(folder);
      file = new LikelihoodFile(path);
    } catch (IOException e) {
      throw new UserException(
          "%s: the cache of reference likelihoods cannot be used (%s); free the disk, make it"
                  .formatted(path, e.getMessage())
              + " writable, or set reference to Frozen",
          e);
    }
  }

  private static String fingerprint(Scorer scorer) {
    if (scorer instanceof Fingerprinted model) {
      return model.fingerprint();
    }
    throw new IllegalStateException("this reference has no content hash to keep a cache under");
  }

  /// The model, read again if it was let go of.
  private Scorer model() {
    var present = scorer;
    if (present == null) {
      present = source.get();
      scorer = present;
      if (!fingerprint(present).equals(fingerprint)) {
        throw new UserException(
            "the weights of the reference have changed while they were in use; start the run again");
      }
    }
    return present;
  }

  @Override
  public void rest() {
    if (scorer != null) {
      scorer.close();
      scorer = null;
    }
  }

  @Override
  public Scoring score(Batch batch, Set<Readout> readouts, boolean differentiable) {
    if (differentiable || !readouts.equals(Set.of(Readout.LOG_LIKELIHOOD))) {
      throw new IllegalStateException("a cache holds log-likelihoods without gradients alone");
    }
    try {
      int units = batch.units();
      var found = found(batch);
      var values = new float[batch.candidates() * units];
      for (int c = 0; c < found.size(); c++) {
        System.arraycopy(found.get(c), 0, values, c * units, found.get(c).length);
      }
      var tensor = Ops.floats(values, batch.candidates(), units);
      return new Known(Map.of(Readout.LOG_LIKELIHOOD, tensor));
    } catch (IOException e) {
      throw new UserException(
          "the cache of reference likelihoods failed (%s); free the disk or set reference to Frozen"
              .formatted(e.getMessage()),
          e);
    }
  }

  private record Known(Map<Readout, Tensor> outputs) implements Scoring {
    @Override
    public void backward(Map<Readout, Tensor> gradients) {
      throw new IllegalStateException("cached likelihoods have no gradient");
    }
  }

  /// The log-likelihoods of each candidate of a batch, known or computed and kept.
  private List<float[]> found(Batch batch) throws IOException {
    fill(batch);
    var found = new ArrayList<float[]>();
    for (var group : batch.groups()) {
      for (var candidate : group.candidates()) {
        var values = file.values(key(group, candidate));
        if (values.isEmpty()) { // damaged since it was found: it is unknown now
          fill(batch);
          values = file.values(key(group, candidate));
        }
        found.add(
            values.orElseThrow(() -> new IOException("what was just written cannot be read")));
      }
    }
    return found;
  }

  /// Computes and appends what is not known of a batch.
  private void fill(Batch batch) throws IOException {
    if (!missing(batch).isEmpty()) {
      file.refresh();
    }
    var missing = missing(batch);
    if (missing.isEmpty()) {
      if (++known == KNOWN) {
        rest();
      }
      return;
    }
    known = 0;
    file.append(computed(new Batch(missing)));
  }

  private List<Group> missing(Batch batch) {
    return batch.groups().stream()
        .filter(group -> !group.candidates().stream().allMatch(c -> file.holds(key(group, c))))
        .toList();
  }

  private Map<ByteBuffer, float[]> computed(Batch batch) {
    var computed = new LinkedHashMap<ByteBuffer, float[]>();
    try (var _ = new Step()) {
      var scored = model().score(batch, Set.of(Readout.LOG_LIKELIHOOD), false);
      var tensor = scored.outputs().get(Readout.LOG_LIKELIHOOD);
      if (tensor == null) {
        throw new IllegalStateException("the reference reported no likelihoods");
      }
      var values = Ops.toFloats(tensor);
      int units = batch.units();
      int at = 0;
      for (var group : batch.groups()) {
        for (var candidate : group.candidates()) {
          computed.putIfAbsent(
              key(group, candidate),
              Arrays.copyOfRange(values, at, at + candidate.tokens().length));
          at += units;
        }
      }
    }
    return computed;
  }

  private static ByteBuffer key(Group group, Completion candidate) {
    try {
      var digest = MessageDigest.getInstance("SHA-256");
      update(digest, group.prompt());
      update(digest, candidate.tokens());
      for (boolean scored : candidate.scored()) {
        digest.update(scored ? (byte) 1 : 0);
      }
      return ByteBuffer.wrap(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every Java platform has SHA-256
    }
  }

  private static void update(MessageDigest digest, int[] tokens) {
    var bytes = ByteBuffer.allocate(Integer.BYTES * (tokens.length + 1)).putInt(tokens.length);
    for (int token : tokens) {
      bytes.putInt(token);
    }
    digest.update(bytes.array());
  }

  @Override
  public void close() {
    try {
      file.close();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    } finally {
      rest();
    }
  }
}
