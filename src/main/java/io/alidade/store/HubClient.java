package io.alidade.store;

import io.alidade.UserException;
import io.alidade.store.HubHttp.Unreachable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// The hub's interface: what a repository holds, what a file's checksum is, and its bytes.
///
/// @param endpoint `https://huggingface.co` or a mirror, without a slash at its end
/// @param http sends the requests, with the user's token
/// @param pause wait before the first new attempt; doubles with each
record HubClient(String endpoint, HubHttp http, Duration pause) {
  private static final int ATTEMPTS = 5;

  /// What a revision holds.
  ///
  /// @param commit 40 hexadecimal digits
  /// @param files paths inside the repository, checked to stay inside it
  record Listing(String commit, List<String> files) {}

  /// A file before it is fetched.
  ///
  /// @param checksum SHA-256 (64 digits) or git's blob SHA-1 (40 digits)
  /// @param size bytes
  record Remote(String checksum, long size) {}

  /// Told how far a file is.
  interface Meter {
    void bytes(long done);
  }

  Listing list(Hub.Kind kind, HubName name) throws Unreachable {
    var url =
        endpoint
            + "/api/"
            + kind.folder()
            + "/"
            + name.id()
            + "/revision/"
            + encoded(name.revision(), "");
    var text =
        retried(() -> {
          try (var response = http.request("GET", url, 0, false)) {
            check(response, kind, name, Optional.empty());
            return response.text();
          }
        });
    var json = Json.object(url, Json.parse(url, text));
    var commit = json.path("sha").asString("");
    if (!HubCache.isCommit(commit)) {
      throw new UserException(url + ": the answer names no commit; is HF_ENDPOINT a hub?");
    }
    List<String> files = new ArrayList<>();
    for (var sibling : json.path("siblings").values()) {
      files.add(safe(url, sibling.path("rfilename").asString("")));
    }
    return new Listing(commit, files);
  }

  private static String safe(String url, String file) {
    boolean inside =
        !file.isEmpty()
            && !file.startsWith("/")
            && file.chars().noneMatch(c -> c == '\\' || c == ':' || Character.isISOControl(c))
            && List.of(file.split("/", -1)).stream()
                .noneMatch(part -> part.isEmpty() || part.equals(".") || part.equals(".."));
    if (!inside) {
      throw new UserException(
          url
              + ": lists the file "
              + Shown.quoted(file)
              + ", which would leave its folder; not fetched");
    }
    return file;
  }

  String url(Hub.Kind kind, HubName name, String commit, String file) {
    return endpoint
        + (kind == Hub.Kind.DATASET ? "/datasets/" : "/")
        + name.id()
        + "/resolve/"
        + commit
        + "/"
        + encoded(file, "/");
  }

  /// Asks for checksum and size. The hub states them on its own answer, before it redirects to the
  /// storage host, so redirects are followed only while they stay on the hub.
  Remote describe(Hub.Kind kind, HubName name, String url, String file) throws Unreachable {
    return retried(() -> {
      try (var response = http.request("HEAD", url, 0, true)) {
        check(response, kind, name, Optional.of(file));
        var tag =
            response
                .header("X-Linked-Etag")
                .or(() -> response.header("ETag"))
                .map(value -> value.replaceFirst("^W/", "").replace("\"", ""))
                .orElse("none");
        if (!tag.matches("[0-9a-f]{40}|[0-9a-f]{64}")) {
          throw new UserException(
              url + ": the answer's ETag " + Shown.quoted(tag) + " is no checksum; not fetched");
        }
        var size = response.header("X-Linked-Size").or(() -> response.header("Content-Length"));
        try {
          return new Remote(tag, Long.parseLong(size.orElse("none")));
        } catch (NumberFormatException unknown) {
          throw new UserException(url + ": the answer states no size; not fetched", unknown);
        }
      }
    });
  }

  /// Appends to `channel` what is missing of the file's bytes. Goes on where a lost connection
  /// stopped, as long as each attempt brings something or few fail in a row.
  void fetch(String url, Remote remote, FileChannel channel, Meter meter) throws IOException {
    int failures = 0;
    while (true) {
      long before = channel.size();
      if (before > remote.size()) {
        channel.truncate(0);
        before = 0;
      }
      if (before == remote.size()) {
        return;
      }
      try {
        transfer(url, before, channel, meter);
        if (channel.size() < remote.size()) {
          throw new Unreachable(
              "the connection ended after %d of %d bytes".formatted(channel.size(), remote.size()));
        }
      } catch (Unreachable failure) {
        failures = channel.size() > before ? 1 : failures + 1;
        if (failures >= ATTEMPTS) {
          throw failure;
        }
        sleep(failures);
      }
    }
  }

  private void transfer(String url, long have, FileChannel channel, Meter meter)
      throws IOException {
    try (var response = http.request("GET", url, have, false)) {
      boolean continues =
          response.status() == 206
              && response.header("Content-Range").orElse("").startsWith("bytes " + have + "-");
      if (response.status() == 416 || (response.status() == 206 && !continues)) {
        channel.truncate(0);
        throw new Unreachable("the hub cannot continue at byte " + have);
      }
      if (response.status() != 200 && !continues) {
        throw new Unreachable("the hub answered " + response.status());
      }
      long at = continues ? have : 0;
      channel.truncate(at).position(at);
      var buffer = new byte[1 << 16];
      for (int read = response.read(buffer); read >= 0; read = response.read(buffer)) {
        var bytes = ByteBuffer.wrap(buffer, 0, read);
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        at += read;
        meter.bytes(at);
      }
    }
  }

  private interface Attempt<T> {
    T run() throws Unreachable;
  }

  private <T> T retried(Attempt<T> attempt) throws Unreachable {
    for (int failures = 1; ; failures++) {
      try {
        return attempt.run();
      } catch (Unreachable failure) {
        if (failures >= ATTEMPTS || failure.lasting()) {
          throw failure;
        }
        sleep(failures);
      }
    }
  }

  private void sleep(int failures) throws Unreachable {
    try {
      Thread.sleep(pause.multipliedBy(1L << (failures - 1)));
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw new Unreachable("interrupted");
    }
  }

  private void check(HubHttp.Response response, Hub.Kind kind, HubName name, Optional<String> file)
      throws Unreachable {
    int status = response.status();
    if (status < 400) {
      return;
    }
    if (status == 429 || status >= 500) {
      throw new Unreachable("the hub answered " + status);
    }
    var page = endpoint + (kind == Hub.Kind.DATASET ? "/datasets/" : "/") + name.id();
    var what = name + file.map(f -> ", file " + Shown.quoted(f)).orElse("");
    throw new UserException(
        what
            + ": "
            + switch (status) {
              case 401 ->
                  http.token().isPresent()
                      ? "the hub refused HF_TOKEN (401); make a new token with read access"
                      : "the hub asks for a token (401): the name is wrong, or the "
                          + kind.word()
                          + " is private or gated; check "
                          + page
                          + ", accept its terms and set HF_TOKEN";
              case 403 ->
                  "HF_TOKEN may not read it (403); accept the terms at "
                      + page
                      + " or use a token with access";
              case 404 ->
                  "no such "
                      + (file.isPresent() ? "file" : kind.word() + " or revision")
                      + " at "
                      + endpoint
                      + " (404); check the spelling";
              default -> "the hub answered " + status;
            });
  }

  /// Percent-encodes UTF-8, leaving letters, digits, `-._~` and the characters of `kept`.
  private static String encoded(String text, String kept) {
    var out = new StringBuilder();
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xff);
      boolean plain =
          (c < 128 && Character.isLetterOrDigit(c))
              || "-._~".indexOf(c) >= 0
              || kept.indexOf(c) >= 0;
      if (plain) {
        out.append(c);
      } else {
        out.append(String.format(Locale.ROOT, "%%%02X", (int) c));
      }
    }
    return out.toString();
  }
}
