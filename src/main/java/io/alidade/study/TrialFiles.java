package io.alidade.study;

import io.alidade.UserException;
import io.alidade.store.AtomicFiles;
import io.alidade.store.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// Finished trials on disk, one file each, so that an interrupted study goes on where it stopped.
///
/// @param folder of the files; may not exist yet
/// @param study its name
/// @param version of what computes; a trial of another version is not taken
/// @param reduced which form of the study
record TrialFiles(Path folder, String study, String version, boolean reduced) {
  /// A trial and what it cost.
  ///
  /// @param seconds that it took
  record Kept(Trial trial, double seconds) {}

  /// The trial of a seed, if one of this study, version and form was kept.
  ///
  /// @throws UserException if the file cannot be read
  Optional<Kept> read(long seed) {
    var file = file(seed);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    var json = Json.readObject(file);
    boolean same =
        json.path("study").asString("").equals(study)
            && json.path("version").asString("").equals(version)
            && json.path("reduced").asBoolean(!reduced) == reduced
            && json.path("seed").asLong(-1) == seed;
    if (!same) {
      return Optional.empty();
    }
    var trial = Trial.of(seed);
    for (var arm : json.path("arms").properties()) {
      for (var measure : arm.getValue().properties()) {
        trial.note(arm.getKey(), measure.getKey(), number(file, measure.getValue()));
      }
    }
    for (var curve : json.path("curves").properties()) {
      for (var point : curve.getValue()) {
        trial.point(curve.getKey(), number(file, point.path(0)), number(file, point.path(1)));
      }
    }
    return Optional.of(new Kept(trial, number(file, json.path("seconds"))));
  }

  /// Keeps a trial.
  void write(Kept kept) {
    var trial = kept.trial();
    var json = new LinkedHashMap<String, Object>();
    json.put("study", study);
    json.put("version", version);
    json.put("reduced", reduced);
    json.put("seed", trial.seed());
    json.put("seconds", kept.seconds());
    json.put("arms", trial.arms());
    var curves = new LinkedHashMap<String, List<List<Double>>>();
    for (Map.Entry<String, List<double[]>> curve : trial.curves().entrySet()) {
      var points = new ArrayList<List<Double>>();
      curve.getValue().forEach(point -> points.add(List.of(point[0], point[1])));
      curves.put(curve.getKey(), points);
    }
    json.put("curves", curves);
    AtomicFiles.text(file(trial.seed()), Json.line(json) + "\n");
  }

  private Path file(long seed) {
    return folder.resolve("%sseed-%d.json".formatted(reduced ? "reduced-" : "", seed));
  }

  private static double number(Path file, JsonNode node) {
    return Json.number(file.toString(), node);
  }
}
