package io.alidade.batch;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.stream.Collectors;

/// Groups of which those that are asked for next ([#ahead(int[])]) are fetched meanwhile, on a
/// virtual thread. They are the same groups; what goes wrong with one is thrown when it is asked
/// for.
///
/// For one thread; the groups below must bear a second one that reads.
public final class Prefetched implements Groups {
  private record Coming(Set<Integer> indices, FutureTask<Map<Integer, Group>> task) {}

  private final Groups groups;
  private Coming coming = new Coming(Set.of(), new FutureTask<>(Map::of));

  /// @param groups stay the caller's to close, after this
  public Prefetched(Groups groups) {
    this.groups = groups;
  }

  @Override
  public int count() {
    return groups.count();
  }

  @Override
  public void ahead(int... indices) {
    settle();
    var task =
        new FutureTask<Map<Integer, Group>>(() -> {
          var fetched = new HashMap<Integer, Group>();
          for (int index : indices) {
            fetched.put(index, groups.group(index));
          }
          return fetched;
        });
    coming =
        new Coming(Arrays.stream(indices).boxed().collect(Collectors.toUnmodifiableSet()), task);
    Thread.ofVirtual().name("alidade-next-groups").start(task);
  }

  @Override
  public Group group(int index) {
    if (!coming.indices.contains(index)) {
      return groups.group(index);
    }
    try {
      var fetched = coming.task.get().get(index);
      if (fetched == null) {
        throw new IllegalStateException("a group was not fetched");
      }
      return fetched;
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return groups.group(index);
    } catch (ExecutionException _) {
      return groups.group(index); // fails here as it did there, or is another one
    }
  }

  /// Waits for what is under way, so that the groups below may be closed.
  private void settle() {
    if (coming.indices.isEmpty()) {
      return;
    }
    boolean interrupted = false;
    while (!coming.task.isDone()) {
      try {
        coming.task.get();
      } catch (InterruptedException _) {
        interrupted = true; // reading a few rows takes no time worth leaving them for
      } catch (ExecutionException _) {
        break; // told when the group is asked for
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    settle();
  }
}
