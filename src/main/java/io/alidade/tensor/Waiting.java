package io.alidade.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.util.stream.Stream;

/// How the threads of one operation wait for the next.
///
/// libtorch's element-wise operations run on OpenMP's threads and its matrix products on those of
/// OpenBLAS. Each kind waits by spinning, for a fifth of a second and more, and so takes the
/// processors from the other kind at every change between them: a step on two threads took nine
/// times the processor time of one. Both kinds read their settings once, from the environment, when
/// the library is loaded.
final class Waiting {
  private Waiting() {}

  /// Has OpenMP's threads sleep at once and OpenBLAS's after 2^18 cycles (0.1 ms), unless the
  /// environment says how they are to wait. To be called before libtorch is loaded; does nothing
  /// where the environment of a process cannot be changed from within.
  static void briefly() {
    if (Stream.of("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
        .allMatch(name -> System.getenv(name) == null)) {
      set("OMP_WAIT_POLICY", "PASSIVE");
    }
    if (System.getenv("OPENBLAS_THREAD_TIMEOUT") == null) {
      set("OPENBLAS_THREAD_TIMEOUT", "18");
    }
  }

  @SuppressWarnings("restricted") // native access is granted to the jar and by the build
  private static void set(String name, String value) {
    var linker = Linker.nativeLinker();
    var setenv = linker.defaultLookup().find("setenv");
    if (setenv.isEmpty()) {
      return; // Windows
    }
    var call =
        linker.downcallHandle(
            setenv.get(),
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_INT));
    try (var arena = Arena.ofConfined()) {
      int failed =
          (int)
              call.invokeExact(
                  arena.allocateFrom(name), arena.allocateFrom(value), /* overwrite= */ 0);
      if (failed != 0) {
        throw new IllegalStateException("the environment of the process takes no more");
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e); // setenv throws nothing
    }
  }
}
