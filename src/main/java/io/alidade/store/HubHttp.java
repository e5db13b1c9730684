package io.alidade.store;

import java.io.IOException;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;

/// HTTP as the hub needs it. Redirects are followed here and not by the JDK, since the token must
/// not travel to another host.
///
/// @param token sent as a bearer token to the host first asked, and to no other
record HubHttp(Optional<String> token) {
  private static final int REDIRECTS = 10;
  private static final int TIMEOUT_MS = 30_000;

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

  /// An answer whose body is read at most once.
  record Response(HttpURLConnection connection, int status) implements AutoCloseable {
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
  Response request(String method, String url, long start, boolean stay) throws Unreachable {
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
}
