package io.alidade.data;

import io.alidade.UserException;
import io.alidade.batch.Shuffle;
import io.alidade.example.Example;
import io.alidade.example.Form;
import io.alidade.example.Signal;
import io.alidade.objective.Needs;
import io.alidade.store.ContentHash;
import io.alidade.store.Hub;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// The rows of a data set, read when they are asked for, in any order, by several threads.
///
/// Views of the same files ([#shuffled], [#limit], [#split], [#as]) are cheap and share them; close
/// the rows that were opened, not the views.
public final class Rows implements AutoCloseable {
  private final Table table;
  private final Optional<int[]> order; // places in the table; absent for all, in order
  private final Reshape reshape;

  private Rows(Table table, Optional<int[]> order, Reshape reshape) {
    this.table = table;
    this.order = order;
    this.reshape = reshape;
  }

  /// Opens a file, or the files of a split in a folder or a hub data set.
  ///
  /// @param location a file, a folder, or `org/name` with an optional `@revision`
  /// @param split which files of a folder: those called `split.*` or `split-*`
  /// @throws UserException if there is no such data, or its first row has an unknown form
  public static Rows open(String location, String split) {
    return open(Hub.ofSystem((file, done, total) -> {}), location, split);
  }

  /// The same, with names looked up on the given hub.
  public static Rows open(Hub hub, String location, String split) {
    return new Rows(Location.open(hub, location, split), Optional.empty(), Reshape.NONE);
  }

  /// Opens one file.
  public static Rows open(Path file) {
    return new Rows(Formats.open(file), Optional.empty(), Reshape.NONE);
  }

  /// Rows that are in memory already.
  public static Rows of(List<Example> examples, Form form) {
    return new Rows(new MemoryTable(List.copyOf(examples), form), Optional.empty(), Reshape.NONE);
  }

  /// How many rows.
  public int count() {
    return Math.multiplyExact(reshape.factor(), places());
  }

  /// A row.
  ///
  /// @param index from 0
  /// @throws UserException that names file, row, column, what is wrong and what to do
  public Example row(int index) {
    return reshape.apply(table.row(at(index)), index % reshape.factor());
  }

  /// The cells of a row by column, as the file has them, those that are no part of the example too:
  /// a right answer, tests, a category. Cells without a value are left out.
  ///
  /// @param index from 0
  public Map<String, Object> cells(int index) {
    var cells = new LinkedHashMap<String, Object>();
    table
        .cells(at(index))
        .forEach((name, cell) -> {
          if (!Objects.isNull(cell)) {
            cells.put(name, cell);
          }
        });
    return cells;
  }

  /// Where a row stands, whether or not it can be read.
  public Example.Row place(int index) {
    return table.place(at(index));
  }

  /// All rows in order.
  public Stream<Example> stream() {
    return IntStream.range(0, count()).mapToObj(this::row);
  }

  /// The form of all rows.
  public Form form() {
    return reshape.form(table.form());
  }

  /// The names of the columns, as the first row has them.
  public List<String> columns() {
    return table.columns();
  }

  /// SHA-256 of the files, in hexadecimal; of whole files, whatever the view.
  public String fingerprint() {
    return table.fingerprint();
  }

  /// Which rows these are, as a hash of their files' content, their places and what is made of
  /// them; absent for rows that are not as files have them.
  Optional<String> identity() {
    return table
        .identity()
        .map(content ->
            ContentHash.of(
                List.of(
                    content,
                    reshape.name(),
                    order
                        .map(places -> ContentHash.of(List.of(Arrays.toString(places))))
                        .orElse(""))));
  }

  /// The same rows in another order, which seed and epoch decide alone.
  Rows shuffled(long seed, int epoch) {
    int[] places = all();
    shuffle(places, new SplittableRandom(seed).split(), epoch);
    return with(places);
  }

  /// The first rows; all, where there are fewer.
  public Rows limit(int most) {
    int places = Math.min(places(), Math.ceilDiv(most, reshape.factor()));
    return with(Arrays.copyOf(all(), places));
  }

  /// Divides the rows into two sets, in file order; which row goes where, seed and fraction decide
  /// alone.
  ///
  /// @param heldOut the part held out, in `(0, 1)`; at least a row, and a row stays
  public Split split(double heldOut, long seed) {
    int count = places();
    if (!(heldOut > 0 && heldOut < 1)) {
      throw new IllegalArgumentException(
          "held-out fraction must be above 0 and below 1, was " + heldOut);
    }
    if (count < 2) {
      throw new UserException(
          "%s: one row cannot be divided into training and held-out rows; add rows, or name held-out"
                  .formatted(place(0))
              + " data of its own");
    }
    int[] shuffled = all();
    shuffle(shuffled, new SplittableRandom(seed), 0);
    int aside = Math.clamp(Math.round(count * heldOut), 1, count - 1);
    int[] held = Arrays.copyOf(shuffled, aside);
    int[] rest = Arrays.copyOfRange(shuffled, aside, count);
    Arrays.sort(held);
    Arrays.sort(rest);
    return new Split(with(rest), with(held));
  }

  /// Rows to train on, and rows held out.
  public record Split(Rows train, Rows heldOut) {}

  /// The rows as an objective wants them: pairs become labelled answers (chosen, then rejected) or
  /// demonstrations (chosen), rankings become pairs (best, worst) or demonstrations (best),
  /// labelled answers that are good become demonstrations only by hand.
  ///
  /// @throws UserException if the rows do not hold what is wanted
  public Rows as(Needs.Feedback wanted) {
    return new Rows(table, order, Reshape.between(place(0), form(), wanted));
  }

  /// Rankings of which at least two answers differ in score (or rank); the others prefer nothing.
  /// Other rows as they are.
  ///
  /// @throws UserException if no row is left
  public Rows decided() {
    return form() == Form.RANKING
        ? new Rows(
            DerivedTable.of(
                this,
                Form.RANKING,
                "leaving out rankings whose answers all have the same score",
                (_, row) -> tied(row) ? List.of() : List.of(row)),
            Optional.empty(),
            Reshape.NONE)
        : this;
  }

  private static boolean tied(Example ranking) {
    var scores = ranking.signals().get(ScoredBy.SCORES);
    var values = scores != null ? scores : ranking.signals().get(Signal.perCandidate("ranks"));
    return values != null && Arrays.stream(values).distinct().count() < 2;
  }

  /// Rows made of these, each of which becomes none, one or several.
  ///
  /// @param strategy what messages call the making
  Rows made(Form form, String strategy, DerivedTable.Making making) {
    return new Rows(
        DerivedTable.of(this, form, "strategy " + strategy, making),
        Optional.empty(),
        Reshape.NONE);
  }

  @Override
  public void close() {
    table.close();
  }

  private Rows with(int[] places) {
    return new Rows(table, Optional.of(places), reshape);
  }

  private int places() {
    return order.map(places -> places.length).orElseGet(() -> Math.toIntExact(table.count()));
  }

  private int at(int index) {
    int place = index / reshape.factor();
    return order.isPresent() ? order.get()[place] : place;
  }

  private int[] all() {
    return order.map(int[]::clone).orElseGet(() -> IntStream.range(0, places()).toArray());
  }

  /// Fisher and Yates, with bounds drawn by multiplication so that the order depends on nothing but
  /// the generator's published sequence.
  private static void shuffle(int[] places, SplittableRandom seeded, int epoch) {
    var random = seeded;
    for (int e = 0; e < epoch; e++) {
      random = random.split();
    }
    var drawn = random;
    Shuffle.of(places, below -> (int) Math.unsignedMultiplyHigh(drawn.nextLong(), (long) below));
  }
}
