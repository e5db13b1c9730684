package io.alidade.learning;

import io.alidade.batch.Batch;
import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.example.Signal;
import io.alidade.objective.Loss;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/// Signals of rows that the objective writes anew as training goes on ([Loss#labels()]): what it
/// wrote last stands in the place of what the data says.
final class Labels {
  private final Map<Signal, Map<String, double[]>> values = new HashMap<>(); // by row

  /// Takes over what the loss of a batch wrote.
  void keep(Batch batch, Loss loss) {
    loss.labels()
        .forEach((signal, written) -> {
          int at = 0;
          var rows = values.computeIfAbsent(signal, _ -> new HashMap<>());
          for (var group : batch.groups()) {
            int length =
                switch (signal.scope()) {
                  case GROUP -> 1;
                  case CANDIDATE -> group.candidates().size();
                  case UNIT -> throw new IllegalStateException("unit signals cannot be relabelled");
                };
            rows.put(group.row().toString(), Arrays.copyOfRange(written, at, at + length));
            at += length;
          }
        });
  }

  /// Groups under the labels as they are when a group is read.
  Groups over(Groups groups) {
    return new Groups() {
      @Override
      public int count() {
        return groups.count();
      }

      @Override
      public void ahead(int... indices) {
        groups.ahead(indices);
      }

      @Override
      public Group group(int index) {
        var group = groups.group(index);
        if (values.isEmpty()) {
          return group;
        }
        var signals = new HashMap<>(group.signals());
        values.forEach((signal, rows) -> {
          var label = rows.get(group.row().toString());
          if (label != null) {
            signals.put(signal, label);
          }
        });
        return new Group(group.row(), group.prompt(), group.candidates(), signals);
      }
    };
  }

  Map<Signal, Map<String, double[]>> state() {
    return values;
  }

  void restore(Map<Signal, Map<String, double[]>> state) {
    values.putAll(state);
  }
}
