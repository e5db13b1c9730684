package io.alidade.tensor;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// A copy of a weight matrix in the order in which OpenBLAS's kernel reads it.
///
/// The general product of that library brings both operands into such an order and then calls this
/// kernel. For few rows the first takes longer than the second, and the weights are always the
/// same.
final class Panels implements Reordered {
  /// Rows of a call of the kernel, filled up with nothing: it sums in another order for four.
  private static final int TILE = 8;

  /// Outputs of a block are a multiple of this, and so of the kernel's own height.
  private static final int STEP = 16;

  /// Bytes of a block of weights: what the cache of a core holds beside all else.
  private static final long BLOCK_BYTES = 128 << 10;

  /// Functions of the library, for the processor that it has found.
  ///
  /// @param kernel `(m, n, k, alpha, a, b, c, ldc)`: `c += alpha a b`, `c` by columns
  /// @param weights `(k, m, source, lds, into)`: the order of `a`
  /// @param rows `(k, n, source, lds, into)`: the order of `b`
  private record Library(MethodHandle kernel, MethodHandle weights, MethodHandle rows) {
    private static final Optional<Library> HERE = find();

    @SuppressWarnings("restricted") // functions of a library that this class path brings along
    private static Optional<Library> find() {
      Natives.load();
      var symbols = SymbolLookup.loaderLookup();
      var name = symbols.find("openblas_get_corename");
      if (name.isEmpty()) {
        return Optional.empty();
      }
      var linker = Linker.nativeLinker();
      var core =
          text(linker.downcallHandle(name.get(), FunctionDescriptor.of(ValueLayout.ADDRESS)));
      var kernel = symbols.find("sgemm_kernel_" + core);
      var weights = symbols.find("sgemm_incopy_" + core);
      var rows = symbols.find("sgemm_oncopy_" + core);
      if (kernel.isEmpty() || weights.isEmpty() || rows.isEmpty()) {
        return Optional.empty();
      }
      var integer = ValueLayout.JAVA_LONG; // an address is one, too
      var number = ValueLayout.JAVA_FLOAT;
      var product =
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT,
              integer,
              integer,
              integer,
              number,
              integer,
              integer,
              integer,
              integer);
      var copy =
          FunctionDescriptor.of(ValueLayout.JAVA_INT, integer, integer, integer, integer, integer);
      return Optional.of(
          new Library(
              linker.downcallHandle(kernel.get(), product),
              linker.downcallHandle(weights.get(), copy),
              linker.downcallHandle(rows.get(), copy)));
    }

    @SuppressWarnings("restricted")
    private static String text(MethodHandle function) {
      try {
        var text = (MemorySegment) function.invokeExact();
        return text.reinterpret(64).getString(0).toUpperCase(Locale.ROOT);
      } catch (RuntimeException | Error e) {
        throw e;
      } catch (Throwable e) {
        throw new IllegalStateException(e); // a function of C throws nothing
      }
    }
  }

  /// Constants, so that calls are compiled in line.
  private static final class Call {
    static final MethodHandle KERNEL = library().kernel();
    static final MethodHandle WEIGHTS = library().weights();
    static final MethodHandle ROWS = library().rows();

    private static Library library() {
      return Library.HERE.orElseThrow();
    }
  }

  private final Owned blocks; // [block, in] each, one after the other
  private final int out;
  private final int in;
  private final int block; // outputs in one

  private Panels(Owned blocks, int out, int in, int block) {
    this.blocks = blocks;
    this.out = out;
    this.in = in;
    this.block = block;
  }

  /// Whether the library is loaded and has these functions.
  static boolean here() {
    return Library.HERE.isPresent();
  }

  static Reordered of(Tensor weight) {
    try (var _ = new Step()) {
      var plain = weight.detach().contiguous();
      int out = (int) plain.size(0);
      int in = (int) plain.size(1);
      int block = Math.max(STEP, (int) (BLOCK_BYTES / (4L * in)) / STEP * STEP);
      var blocks = Ops.empty(ScalarType.Float, (long) out * in);
      long from = Ops.memory(plain).address();
      long into = Ops.memory(blocks).address();
      for (int first = 0; first < out; first += block) {
        long offset = 4L * first * in;
        copy(Call.WEIGHTS, in, Math.min(block, out - first), from + offset, into + offset);
      }
      return new Panels(Owned.keep(blocks), out, in, block);
    }
  }

  @Override
  public Tensor times(Tensor x) {
    int rows = (int) x.size(0);
    int filled = (rows + TILE - 1) / TILE * TILE;
    var plain = x.contiguous();
    if (filled > rows) {
      plain = Ops.zeros(ScalarType.Float, filled, in);
      plain.narrow(0, 0, rows).copy_(x);
    }
    var ordered = Ops.empty(ScalarType.Float, filled, in);
    var product = Ops.zeros(ScalarType.Float, filled, out);
    long from = Ops.memory(plain).address();
    long b = Ops.memory(ordered).address();
    for (int row = 0; row < filled; row += TILE) {
      long offset = 4L * row * in;
      copy(Call.ROWS, in, TILE, from + offset, b + offset);
    }
    long a = Ops.memory(blocks.tensor()).address();
    long c = Ops.memory(product).address();
    Crew.each((out + block - 1) / block, part -> multiply(part * block, a, b, c, filled));
    return filled > rows ? product.narrow(0, 0, rows) : product;
  }

  private void multiply(int first, long a, long b, long c, int rows) {
    int outputs = Math.min(block, out - first);
    long weights = a + 4L * first * in;
    for (int row = 0; row < rows; row += TILE) {
      long tile = b + 4L * row * in;
      long into = c + 4L * ((long) row * out + first);
      multiply(outputs, weights, tile, into);
    }
  }

  private void multiply(long outputs, long weights, long tile, long into) {
    try {
      int _ =
          (int)
              Call.KERNEL.invokeExact(
                  outputs, (long) TILE, (long) in, 1f, weights, tile, into, (long) out);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e); // a function of C throws nothing
    }
  }

  private static void copy(MethodHandle order, long in, long count, long from, long into) {
    try {
      int _ = (int) order.invokeExact(in, count, from, in, into);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e); // a function of C throws nothing
    }
  }

  @Override
  public long bytes() {
    return 4L * out * in;
  }

  @Override
  public void close() {
    blocks.close();
  }
}
