package io.alidade.learning;

import io.alidade.tensor.Ops;
import io.alidade.tensor.Owned;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// A moment of a parameter in blocks of numbers that share a scale: codes of eight bits and the
/// largest number of each block, or, for a small parameter, float32 numbers and nothing.
record BlockMoment(Owned numbers, Owned largest, EightBits codes, boolean shortened)
    implements AutoCloseable {
  /// Numbers below which a moment is not shortened.
  private static final long SHORT = 4096;

  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  /// A moment of zeros.
  ///
  /// @param count numbers of the parameter
  /// @param block numbers that share a scale
  static BlockMoment of(long count, int block, EightBits codes) {
    boolean shortened = count >= SHORT;
    var numbers = Ops.zeros(shortened ? ScalarType.Byte : ScalarType.Float, count);
    if (shortened) {
      numbers.fill_(Ops.scalar(codes.code(0) & 0xFF));
    }
    return new BlockMoment(
        Owned.keep(numbers),
        Owned.keep(Ops.zeros(ScalarType.Float, shortened ? Math.ceilDiv(count, block) : 0)),
        codes,
        shortened);
  }

  void put(String name, SequencedMap<String, Tensor> state) {
    state.put(name, numbers.tensor());
    if (shortened) {
      state.put(name + ".absmax", largest.tensor());
    }
  }

  /// Its memory, for one thread.
  ///
  /// @param block numbers that share a scale
  View view(int block) {
    return new View(
        this, block, Ops.memory(numbers.tensor()), Ops.memory(largest.tensor()), new byte[block]);
  }

  /// Reads and writes blocks.
  ///
  /// @param size numbers of a block
  /// @param scratch room for the codes of one
  record View(
      BlockMoment of, int size, MemorySegment numbers, MemorySegment largest, byte[] scratch) {
    /// @param count numbers of this block; fewer than others have at the end
    void read(int block, int count, float[] into) {
      long from = (long) block * size;
      if (of.shortened) {
        MemorySegment.copy(numbers, ValueLayout.JAVA_BYTE, from, scratch, 0, count);
        of.codes.read(scratch, count, largest.getAtIndex(FLOAT, block), into);
      } else {
        MemorySegment.copy(numbers, FLOAT, from * Float.BYTES, into, 0, count);
      }
    }

    void write(int block, int count, float[] values) {
      long from = (long) block * size;
      if (of.shortened) {
        float scale = of.codes.write(values, count, scratch);
        MemorySegment.copy(scratch, 0, numbers, ValueLayout.JAVA_BYTE, from, count);
        largest.setAtIndex(FLOAT, block, scale);
      } else {
        MemorySegment.copy(values, 0, numbers, FLOAT, from * Float.BYTES, count);
      }
    }
  }

  @Override
  public void close() {
    numbers.close();
    largest.close();
  }
}
