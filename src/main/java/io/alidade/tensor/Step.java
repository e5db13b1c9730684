package io.alidade.tensor;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// The step lifetime: every native object that this thread makes after the constructor is freed by
/// [#close()].
///
/// Opened where a unit of work begins (a training step, a scoring pass, one generated token, one
/// probe), always in a try-with-resources. What must outlive it leaves as numbers, as [Owned], or
/// through [#inner(Supplier)].
public final class Step implements AutoCloseable {
  private static final ThreadLocal<@Nullable Step> INNERMOST = new ThreadLocal<>();

  private final @Nullable Step outer = INNERMOST.get();
  private final PointerScope scope;
  private final List<Runnable> closing = new ArrayList<>();

  /// Opens a step on the current thread.
  public Step() {
    Natives.load();
    scope = new PointerScope();
    INNERMOST.set(this);
  }

  /// Has something closed when the innermost step of this thread is, before its objects are freed.
  ///
  /// @throws IllegalStateException if no step is open
  static void closing(Runnable close) {
    var step = INNERMOST.get();
    if (step == null) {
      throw new IllegalStateException("no step is open");
    }
    step.closing.add(close);
  }

  @Override
  public void close() {
    INNERMOST.set(outer);
    try {
      closing.forEach(Runnable::run);
    } finally {
      scope.close();
    }
  }

  /// Runs a piece of work in a step of its own and lets only its result out.
  ///
  /// @return the result, owned by the step that was open before, or by the garbage collector if
  ///   none was
  public static Tensor inner(Supplier<Tensor> work) {
    Tensor result;
    try (var _ = new Step()) {
      result = new Tensor(work.get()); // a fresh owning handle, since the result may be an alias
      result.retainReference();
    }
    var outer = PointerScope.getInnerScope();
    if (outer != null) {
      outer.attach(result);
      result.releaseReference();
    }
    return result;
  }

  /// Runs a piece of work in a step of its own and lets only its results out, as [#inner(Supplier)]
  /// does.
  public static <K> Map<K, Tensor> innerAll(Supplier<Map<K, Tensor>> work) {
    var results = new LinkedHashMap<K, Tensor>();
    try (var _ = new Step()) {
      work.get()
          .forEach((key, tensor) -> {
            var handle = new Tensor(tensor);
            handle.retainReference();
            results.put(key, handle);
          });
    }
    var outer = PointerScope.getInnerScope();
    if (outer != null) {
      results
          .values()
          .forEach(handle -> {
            outer.attach(handle);
            handle.releaseReference();
          });
    }
    return results;
  }

  /// How many native objects JavaCPP holds now; flat over many steps unless something leaks.
  public static long liveObjects() {
    return Pointer.totalCount();
  }

  /// Resident memory of this process, in bytes.
  public static long residentBytes() {
    return Pointer.physicalBytes();
  }
}
