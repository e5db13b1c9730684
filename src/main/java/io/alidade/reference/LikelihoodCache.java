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
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.zip.CRC32C;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// Log-likelihoods of candidates under one frozen model, on disk.
///
/// The file is named after the model's content hash. A record is the hash of the tokens of prompt
/// and candidate, the number of tokens, their log-likelihoods as float32, and a checksum; records
/// are only appended, so a process that dies leaves at most a torn last record, which the next one
/// cuts off. Since the key is made of token ids, a change of weights, template, tokenizer or
/// truncation never finds an old value.
final class LikelihoodCache implements Scorer {
  private static final int KEY = 32;

  /// How many batches in a row must have been known before the model is let go of.
  private static final int KNOWN = 8;

  private final Supplier<Scorer> source;
  private final String fingerprint;
  private @Nullable Scorer scorer; // in memory only as long as something is missing
  private int known;
  private final FileChannel file;
  private final FileLock lock;
  private final Map<ByteBuffer, Long> index = new HashMap<>();

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
      file =
          FileChannel.open(
              path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
      lock = file.lock(); // two runs with the same reference take turns rather than interleave
      load();
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

  private void load() throws IOException {
    long at = 0;
    var head = ByteBuffer.allocate(KEY + Integer.BYTES);
    while (at + head.capacity() <= file.size()) {
      read(head.clear(), at);
      var key = new byte[KEY];
      head.flip().get(key);
      int count = head.getInt();
      long end = at + head.capacity() + 4L * count + Integer.BYTES;
      if (count < 0 || end > file.size()) {
        break;
      }
      if (!intact(at, end)) {
        break;
      }
      index.put(ByteBuffer.wrap(key), at);
      at = end;
    }
    file.truncate(at);
  }

  private boolean intact(long at, long end) throws IOException {
    var all = ByteBuffer.allocate((int) (end - at));
    read(all, at);
    all.flip();
    return all.getInt(all.capacity() - Integer.BYTES) == checksum(all);
  }

  private static int checksum(ByteBuffer all) {
    var crc = new CRC32C();
    crc.update(all.duplicate().position(0).limit(all.capacity() - Integer.BYTES));
    return (int) crc.getValue();
  }

  private void read(ByteBuffer into, long at) throws IOException {
    while (into.hasRemaining()) {
      if (file.read(into, at + into.position()) < 0) {
        throw new IOException("the file ends within a record");
      }
    }
  }

  @Override
  public Scoring score(Batch batch, Set<Readout> readouts, boolean differentiable) {
    if (differentiable || !readouts.equals(Set.of(Readout.LOG_LIKELIHOOD))) {
      throw new IllegalStateException("a cache holds log-likelihoods without gradients alone");
    }
    try {
      fill(batch);
      int units = batch.units();
      var values = new float[batch.candidates() * units];
      int at = 0;
      for (var group : batch.groups()) {
        for (var candidate : group.candidates()) {
          var known = value(key(group, candidate));
          System.arraycopy(known, 0, values, at, known.length);
          at += units;
        }
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

  /// Computes and appends what the cache does not hold of a batch.
  private void fill(Batch batch) throws IOException {
    var missing = new ArrayList<Group>();
    for (var group : batch.groups()) {
      if (!group.candidates().stream().allMatch(c -> index.containsKey(key(group, c)))) {
        missing.add(group);
      }
    }
    if (missing.isEmpty()) {
      if (++known == KNOWN) {
        rest();
      }
      return;
    }
    known = 0;
    var part = new Batch(List.copyOf(missing));
    try (var _ = new Step()) {
      var scored = model().score(part, Set.of(Readout.LOG_LIKELIHOOD), false);
      var tensor = scored.outputs().get(Readout.LOG_LIKELIHOOD);
      if (tensor == null) {
        throw new IllegalStateException("the reference reported no likelihoods");
      }
      var values = Ops.toFloats(tensor);
      int units = part.units();
      int at = 0;
      for (var group : missing) {
        for (var candidate : group.candidates()) {
          var key = key(group, candidate);
          if (!index.containsKey(key)) {
            append(key, values, at, candidate.tokens().length);
          }
          at += units;
        }
      }
    }
  }

  private void append(ByteBuffer key, float[] values, int from, int count) throws IOException {
    var all = ByteBuffer.allocate(KEY + Integer.BYTES + 4 * count + Integer.BYTES);
    all.put(key.duplicate()).putInt(count);
    for (int i = 0; i < count; i++) {
      all.putFloat(values[from + i]);
    }
    all.putInt(checksum(all)).flip();
    long at = file.size();
    long start = at;
    while (all.hasRemaining()) {
      at += file.write(all, at);
    }
    index.put(key, start);
  }

  private float[] value(ByteBuffer key) throws IOException {
    var at = index.get(key);
    if (at == null) {
      throw new IllegalStateException("a likelihood was not computed");
    }
    var head = ByteBuffer.allocate(Integer.BYTES);
    read(head, at + KEY);
    var body = ByteBuffer.allocate(4 * head.flip().getInt());
    read(body, at + KEY + Integer.BYTES);
    var values = new float[body.capacity() / 4];
    body.flip().asFloatBuffer().get(values);
    return values;
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
      lock.release();
      file.close();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    } finally {
      rest();
    }
  }
}
