package io.alidade.judge;

import io.alidade.UserException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/// What a judge was asked on a thread of its own.
final class Asked {
  private Asked() {}

  /// The answer, when it is there.
  ///
  /// @throws UserException if the judge cannot be asked at all
  static <T> T answer(Future<T> future) {
    try {
      return future.get();
    } catch (ExecutionException failure) {
      if (failure.getCause() instanceof UserException user) {
        throw user;
      }
      throw new IllegalStateException(failure.getCause());
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while a judge was asked", interrupted);
    }
  }
}
