package io.alidade.store;

import io.alidade.UserException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// The hub's HTTP interface: what a repository holds, what a file's checksum is, and its bytes.
///
/// Redirects are followed here and not by the JDK, since the token must not travel to another host.
///
/// @param endpoint `https://huggingface.co` or a mirror, without a slash at its end
/// @param token sent as a bearer token to the endpoint's host only
/// @param pause wait before the first new attempt; doubles with each
record HubClient(String endpoint, Optional<String> token, Duration pause) {
  private static final int ATTEMPTS = 5;
  private static final int REDIRECTS = 10;
  private static final int TIMEOUT_MS = 30_000;

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

  /// The network failed; every other [IOException] is the disk's.
  static final class Unreachable extends IOException {
    private static final long serialVersionUID = 1L;

    Unreachable(String message) {
      super(message);
    }

    Unreachable(IOException cause) {
      super(Shown.firstLine(cause), cause);
    }

    /// There is no network, or no such host: trying again at once is of no use.
    boolean lasting() {
      return getCause() instanceof UnknownHostException || getCause() instanceof ConnectException;
    }
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
          try (var response = request("GET", url, 0, false)) {
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
      try (var response = request("HEAD", url, 0, true)) {
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
    try (var response = request("GET", url, have, false)) {
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

  private void check(Response response, Hub.Kind kind, HubName name, Optional<String> file)
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
                  token.isPresent()
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

  /// An answer whose body is read at most once.
  private record Response(HttpURLConnection connection, int status) implements AutoCloseable {
    Optional<String> header(String name) {
      return Optional.ofNullable(connection.getHeaderField(name));
    }

    int read(byte[] buffer) throws Unreachable {
      try {
        return connection.getInputStream().read(buffer);
      } catch (IOException failure) {
        throw new Unreachable(failure);
      }
    }

    String text() throws Unreachable {
      try (var in = connection.getInputStream()) {
        return new String(in.readAllBytes(), StandardCharsets.UTF_8);
      } catch (IOException failure) {
        throw new Unreachable(failure);
      }
    }

    @Override
    public void close() {
      connection.disconnect();
    }
  }

  /// Sends a request, from byte `start` on, and follows redirects; with `stay` only on this host.
  private Response request(String method, String url, long start, boolean stay) throws Unreachable {
    var home = URI.create(url);
    var at = home;
    for (int hop = 0; hop < REDIRECTS; hop++) {
      var response = send(method, at, start, sameHost(home, at));
      var location = response.header("Location");
      if (response.status() < 300 || response.status() >= 400 || location.isEmpty()) {
        return response;
      }
      URI next;
      try {
        next = at.resolve(new URI(location.get()));
      } catch (URISyntaxException | IllegalArgumentException failure) {
        throw new Unreachable("the hub redirects to no address");
      }
      if (stay && (!sameHost(home, next) || response.header("X-Linked-Etag").isPresent())) {
        return response;
      }
      boolean web = "http".equals(next.getScheme()) || "https".equals(next.getScheme());
      if (!web || ("https".equals(at.getScheme()) && "http".equals(next.getScheme()))) {
        throw new Unreachable("the hub redirects to an unsafe address");
      }
      response.close();
      at = next;
    }
    throw new Unreachable("more than " + REDIRECTS + " redirects");
  }

  private Response send(String method, URI at, long start, boolean trusted) throws Unreachable {
    try {
      var connection = (HttpURLConnection) at.toURL().openConnection();
      connection.setRequestMethod(method);
      connection.setInstanceFollowRedirects(false);
      connection.setConnectTimeout(TIMEOUT_MS);
      connection.setReadTimeout(TIMEOUT_MS);
      connection.setRequestProperty("User-Agent", "alidade");
      connection.setRequestProperty("Accept-Encoding", "identity");
      if (start > 0) {
        connection.setRequestProperty("Range", "bytes=" + start + "-");
      }
      if (token.isPresent() && trusted) {
        connection.setRequestProperty("Authorization", "Bearer " + token.get());
      }
      return new Response(connection, connection.getResponseCode());
    } catch (IOException failure) {
      throw new Unreachable(failure);
    }
  }

  private static boolean sameHost(URI a, URI b) {
    return a.getScheme().equals(b.getScheme())
        && a.getAuthority()
            .toLowerCase(Locale.ROOT)
            .equals(String.valueOf(b.getAuthority()).toLowerCase(Locale.ROOT));
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
