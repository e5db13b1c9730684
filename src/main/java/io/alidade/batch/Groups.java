package io.alidade.batch;

/// Tokenized groups with random access, so that a data set may be larger than memory.
public interface Groups extends AutoCloseable {
  /// How many there are.
  int count();

  /// One of them; reading it again gives the same.
  ///
  /// @param index from 0 to below [#count()]
  Group group(int index);

  /// Says which of them are asked for next, so that they may be fetched meanwhile.
  default void ahead(int... indices) {}

  @Override
  default void close() {}

  /// Groups held in memory.
  static Groups of(java.util.List<Group> groups) {
    var copy = java.util.List.copyOf(groups);
    return new Groups() {
      @Override
      public int count() {
        return copy.size();
      }

      @Override
      public Group group(int index) {
        return copy.get(index);
      }
    };
  }
}
