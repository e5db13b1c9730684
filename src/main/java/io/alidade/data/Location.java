package io.alidade.data;

import io.alidade.UserException;
import io.alidade.store.Hub;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Finds the files that a name stands for.
final class Location {
  private Location() {}

  static Table open(Hub hub, String location, String split) {
    var path = hub.resolve(location, Hub.Kind.DATASET);
    return Files.isDirectory(path) ? folder(path, split) : Formats.open(path);
  }

  /// The files of one split: `split.jsonl`, `split-00000-of-00002.parquet`, in the folder or its
  /// `data` folder; or the one data file there is.
  static Table folder(Path folder, String split) {
    var found = new ArrayList<Path>();
    for (var place : List.of(folder, folder.resolve("data"))) {
      found.addAll(files(place));
    }
    var name = Pattern.compile(Pattern.quote(split) + "([-_.].*)?\\.[a-z]+");
    var wanted =
        found.stream().filter(f -> name.matcher(f.getFileName().toString()).matches()).toList();
    if (wanted.isEmpty() && found.size() == 1 && split.equals("train")) {
      wanted = found;
    }
    if (wanted.isEmpty()) {
      throw new UserException(
          found.isEmpty()
              ? "%s: no data files; the folder must hold files that end in one of %s"
                  .formatted(folder, String.join(" ", Formats.ENDINGS))
              : "%s: no files of split '%s', only %s; name a file, or another split"
                  .formatted(folder, split, found.stream().map(Path::getFileName).toList()));
    }
    var tables = new ArrayList<Table>();
    try {
      wanted.forEach(file -> tables.add(Formats.open(file)));
      return tables.size() == 1 ? tables.getFirst() : new JoinedTable(tables);
    } catch (RuntimeException failure) {
      tables.forEach(Table::close);
      throw failure;
    }
  }

  private static List<Path> files(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(folder)) {
      return entries
          .filter(Files::isRegularFile)
          .filter(file -> Formats.ENDINGS.contains(Formats.ending(file)))
          .filter(file -> !file.getFileName().toString().equals("dataset_infos.json"))
          .sorted()
          .toList();
    } catch (IOException failure) {
      throw Cells.unreadable(folder, failure);
    }
  }
}
