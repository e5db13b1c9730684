package io.alidade.tensor;

import io.alidade.UserException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import java.util.function.Supplier;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.openblas.presets.openblas_nolapack;
import org.bytedeco.pytorch.global.torch;

/// Loading and process-wide settings of the native library, and its errors in one line.
public final class Natives {
  private static volatile boolean loaded;
  private static int products; // threads of a matrix product; 0 as long as nobody has said
  private static int apart; // how many groups of shares are at work

  private Natives() {}

  /// Loads libtorch once, before anything else of this package; idempotent.
  ///
  /// @throws UserException if the natives for this platform are not on the class path
  public static void load() {
    if (!loaded) {
      synchronized (Natives.class) {
        if (!loaded) {
          // JavaCPP warns on the console that one of its libraries is of another release; the build
          // pins it so on purpose.
          System.setProperty("org.bytedeco.javacpp.logger", "slf4j");
          Waiting.briefly();
          // With a limit JavaCPP reads the memory of the process at every object that it makes,
          // some thousands a drawn token; steps free what they made, whatever the limit.
          for (var limit : new String[] {"maxBytes", "maxPhysicalBytes"}) {
            var name = "org.bytedeco.javacpp." + limit;
            System.setProperty(name, System.getProperty(name, "0"));
          }
          try {
            Loader.load(torch.class);
          } catch (UnsatisfiedLinkError | NoClassDefFoundError e) {
            throw new UserException(
                "the native tensor library did not load ("
                    + firstLine(
                        String.valueOf((e.getCause() == null ? e : e.getCause()).getMessage()))
                    + "); build with the profile of this platform: "
                    + Loader.getPlatform(),
                e);
          }
          loaded = true;
        }
      }
    }
  }

  /// Sets how many threads may be used: by one operation, or by as many [Shares].
  public static void threads(int count) {
    load();
    torch.set_num_threads(count);
    synchronized (Natives.class) {
      products = count;
      ofProducts();
    }
  }

  private static void ofProducts() {
    try (var _ = new PointerScope()) { // it looks its function up each time
      openblas_nolapack.blas_set_num_threads(apart > 0 ? 1 : products);
    }
  }

  /// Gives matrix products a single thread while there are shares that work side by side, since the
  /// threads of products are the process's and not the caller's.
  static void apart(boolean begins) {
    synchronized (Natives.class) {
      apart += begins ? 1 : -1;
      if (products > 0) {
        ofProducts();
      }
    }
  }

  /// Runs a piece of work whose operations use this thread alone. Others are not asked for: waking
  /// them costs more than an operation of a tenth of a millisecond. What threads that come to be
  /// meanwhile will use is not touched, as it would be by libtorch's own setting.
  static void alone(Runnable work) {
    int before = threads();
    if (before == 1 || OpenMp.THREADS.isEmpty()) {
      work.run();
      return;
    }
    OpenMp.threads(1);
    try {
      work.run();
    } finally {
      OpenMp.threads(before);
    }
  }

  /// The setting of the calling thread.
  private static final class OpenMp {
    static final Optional<MethodHandle> THREADS = find();

    @SuppressWarnings("restricted") // of the library that libtorch has loaded
    private static Optional<MethodHandle> find() {
      try {
        return SymbolLookup.libraryLookup("libgomp.so.1", Arena.global())
            .find("omp_set_num_threads")
            .map(function ->
                Linker.nativeLinker()
                    .downcallHandle(function, FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT)));
      } catch (IllegalArgumentException _) {
        return Optional.empty(); // OpenMP is another's here
      }
    }

    static void threads(int count) {
      try {
        THREADS.orElseThrow().invokeExact(count);
      } catch (RuntimeException | Error e) {
        throw e;
      } catch (Throwable e) {
        throw new IllegalStateException(e); // a function of C throws nothing
      }
    }
  }

  /// How many threads may be used.
  public static int threads() {
    load();
    return torch.get_num_threads();
  }

  /// Runs native work; its errors carry pages of C++ frames and come back as one line, with the
  /// cause kept.
  public static <T> T call(Supplier<T> work) {
    try {
      return work.get();
    } catch (UserException | IllegalStateException | IllegalArgumentException e) {
      throw e;
    } catch (OutOfMemoryError e) {
      if (NativeMemory.heap(e)) {
        throw e;
      }
      throw new UserException(NativeMemory.exhausted(Optional.empty()), e);
    } catch (RuntimeException e) {
      // JavaCPP maps std::exception to plain RuntimeException; anything more specific is ours.
      if (e.getClass() != RuntimeException.class) {
        throw e;
      }
      var exhausted = NativeMemory.exhausted(e);
      if (exhausted.isPresent()) {
        throw new UserException(exhausted.get(), e);
      }
      throw new IllegalStateException(
          "native tensor library: " + firstLine(String.valueOf(e.getMessage())), e);
    }
  }

  static String firstLine(String message) {
    int end = message.indexOf('\n');
    return end < 0 ? message : message.substring(0, end);
  }
}
