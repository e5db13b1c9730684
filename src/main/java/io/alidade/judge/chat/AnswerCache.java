package io.alidade.judge.chat;

import io.alidade.UserException;
import io.alidade.store.ContentHash;
import io.alidade.store.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// Answers on disk, one file a question, named by the hash of address and request: another model,
/// template or seed never finds an old answer, and a process that dies loses none.
final class AnswerCache {
  /// An answer that was paid for.
  record Answer(String text, long read, long written) {}

  private final Optional<Path> folder;
  private final Consumer<String> log;

  AnswerCache(Optional<Path> folder, Consumer<String> log) {
    this.folder = folder;
    this.log = log;
  }

  static String key(String address, String request) {
    return ContentHash.of(List.of(address, request));
  }

  private Optional<Path> file(String key) {
    return folder.map(f -> f.resolve(key.substring(0, 2)).resolve(key + ".json"));
  }

  Optional<Answer> find(String key) {
    return file(key)
        .filter(Files::exists)
        .flatMap(file -> {
          try {
            var json = Json.readObject(file);
            return Optional.of(
                new Answer(
                    json.get("answer").stringValue(),
                    json.get("read").longValue(),
                    json.get("written").longValue()));
          } catch (UserException | NullPointerException | tools.jackson.core.JacksonException bad) {
            log.accept(file + ": not a remembered answer; it is asked for again");
            return Optional.empty();
          }
        });
  }

  void keep(String key, String request, Answer answer) {
    file(key)
        .ifPresent(file -> {
          var json = new LinkedHashMap<String, Object>();
          json.put("request", Json.parse("request", request));
          json.put("answer", answer.text);
          json.put("read", answer.read);
          json.put("written", answer.written);
          Json.write(file, json);
        });
  }
}
