package io.alidade.data;

import io.alidade.example.Example;
import io.alidade.example.Form;
import io.alidade.example.Signal;
import io.alidade.journal.Journal;
import io.alidade.model.Precision;
import io.alidade.objective.Needs;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/// A data strategy: what is made of the rows of a data set before an objective sees them. A recipe
/// names any number of them, which are applied in their order to the training rows and to the
/// held-out rows apart, so that what one row becomes never stands on both sides.
///
/// A strategy may read models; it opens and closes them itself, before the policy is opened. Equal
/// rows and settings give equal rows.
public interface Strategy {
  /// What rows are after it, told without reading them.
  ///
  /// @throws io.alidade.UserException if it cannot take such rows
  Outline outline(Outline given);

  /// The rows after it; their cells are computed when they are asked for, as those of a file are.
  ///
  /// @param rows of the kind that [#outline(Outline)] took
  Rows apply(Rows rows, Setting setting);

  /// What can be said of rows without reading them all.
  ///
  /// @param source file or name of the data, for messages
  /// @param form of all rows
  /// @param signals that every row carries
  /// @param extras names of further columns that every row carries
  record Outline(String source, Form form, Set<Signal> signals, Set<String> extras) {
    /// Copies the sets.
    public Outline {
      signals = Set.copyOf(signals);
      extras = Set.copyOf(extras);
    }

    /// Rows that are all like this one.
    public static Outline of(String source, Form form, Example row) {
      return new Outline(source, form, row.signals().keySet(), row.extras().keySet());
    }

    /// The same rows in another form.
    public Outline as(Form other) {
      return new Outline(source, other, signals, extras);
    }

    /// What an objective reads of them, if it can learn from rows of this form.
    public Optional<Outline> as(Needs.Feedback wanted) {
      if (extras.stream().anyMatch(Contextual::opposed)) {
        throw Contextual.refused(source);
      }
      return Reshape.between(form, wanted)
          .map(shape ->
              switch (shape) {
                case NONE -> as(form);
                case UNPAIR -> as(shape.form(form)).without(Signal.Scope.UNIT).with(Reshape.LABEL);
                case BEST, EXTREMES -> as(shape.form(form)).without(Signal.Scope.UNIT);
              });
    }

    /// The same with one more signal.
    public Outline with(Signal signal) {
      var all = new LinkedHashSet<>(signals);
      all.add(signal);
      return new Outline(source, form, all, extras);
    }

    /// The same without the signals of a scope, for strategies that cannot carry them along.
    Outline without(Signal.Scope scope) {
      var rest = new LinkedHashSet<>(signals);
      rest.removeIf(signal -> signal.scope() == scope);
      return new Outline(source, form, rest, extras);
    }
  }

  /// What there is to work with.
  ///
  /// @param encoder that the policy's rows are encoded with
  /// @param start folder of the model that training starts from
  /// @param models finds the folder of a model by what a recipe calls it: a folder, or a name on
  ///   the hub
  /// @param precision of weights in memory
  /// @param journal told what is found and how far the work is
  record Setting(
      RowEncoder encoder,
      Path start,
      Function<String, Path> models,
      Precision precision,
      Journal journal) {}
}
