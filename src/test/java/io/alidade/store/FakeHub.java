package io.alidade.store;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// A server with the hub's URL layout: the listing, `resolve` with checksum headers, small files
/// served directly, large ones by a redirect to a second host.
final class FakeHub implements AutoCloseable {
  static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

  private final HttpServer hub;
  private final HttpServer storage;

  /// Repository path (`models/org/name`) to its files.
  final Map<String, Map<String, byte[]>> repositories = new HashMap<>();

  /// Every request as `METHOD path`, in order.
  final List<String> requests = Collections.synchronizedList(new ArrayList<>());

  /// Authorization headers seen by the storage host.
  final List<String> leaked = Collections.synchronizedList(new ArrayList<>());

  /// Range headers seen by the storage host.
  final List<String> ranges = Collections.synchronizedList(new ArrayList<>());

  /// The token the hub demands; empty for none.
  String token = "";

  /// Answers every listing with this status if not 0.
  int status = 0;

  /// How many listings to fail with 503 first.
  int busy = 0;

  /// The storage host cuts this many transfers in the middle.
  int cuts = 0;

  /// The storage host sends other bytes than were announced.
  boolean corrupt = false;

  /// The storage host ignores ranges and sends everything.
  boolean ignoresRanges = false;

  FakeHub() throws IOException {
    hub = server();
    storage = server();
    hub.createContext("/", this::answer);
    storage.createContext("/", this::store);
    hub.start();
    storage.start();
  }

  private static HttpServer server() throws IOException {
    return HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
  }

  String endpoint() {
    return "http://127.0.0.1:" + hub.getAddress().getPort();
  }

  void add(String repository, String file, byte[] content) {
    repositories.computeIfAbsent(repository, _ -> new LinkedHashMap<>()).put(file, content);
  }

  void add(String repository, String file, String content) {
    add(repository, file, content.getBytes(StandardCharsets.UTF_8));
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      var path = exchange.getRequestURI().getRawPath();
      requests.add(exchange.getRequestMethod() + " " + path);
      var authorization = exchange.getRequestHeaders().getFirst("Authorization");
      if (!token.isEmpty() && !("Bearer " + token).equals(authorization)) {
        send(exchange, 401, "no".getBytes(StandardCharsets.UTF_8));
      } else if (path.startsWith("/api/")) {
        list(exchange, path);
      } else {
        resolve(exchange, exchange.getRequestURI().getPath());
      }
    }
  }

  private void list(HttpExchange exchange, String path) throws IOException {
    if (busy > 0) {
      busy--;
      send(exchange, 503, new byte[0]);
      return;
    }
    if (status != 0) {
      send(exchange, status, new byte[0]);
      return;
    }
    var parts = path.substring("/api/".length()).split("/revision/");
    var files = repositories.get(parts[0]);
    if (files == null || !List.of("main", COMMIT, "refs%2Fpr%2F1").contains(parts[1])) {
      send(exchange, 404, new byte[0]);
      return;
    }
    var siblings =
        files.keySet().stream()
            .map(name -> "{\"rfilename\":" + Json.line(name) + "}")
            .collect(Collectors.joining(","));
    send(
        exchange,
        200,
        ("{\"sha\":\"" + COMMIT + "\",\"siblings\":[" + siblings + "]}")
            .getBytes(StandardCharsets.UTF_8));
  }

  private void resolve(HttpExchange exchange, String path) throws IOException {
    var kind = path.startsWith("/datasets/") ? "datasets" : "models";
    var parts = path.replaceFirst("^/(datasets/)?", "").split("/resolve/" + COMMIT + "/");
    var content = repositories.getOrDefault(kind + "/" + parts[0], Map.of()).get(parts[1]);
    if (content == null) {
      send(exchange, 404, new byte[0]);
      return;
    }
    var headers = exchange.getResponseHeaders();
    if (!parts[1].endsWith(".safetensors")) {
      headers.set("ETag", "\"" + gitBlob(content) + "\"");
      send(exchange, 200, content);
      return;
    }
    headers.set("X-Linked-Etag", "\"" + sha("SHA-256", content) + "\"");
    headers.set("X-Linked-Size", Integer.toString(content.length));
    headers.set("ETag", "\"not-the-content\"");
    headers.set(
        "Location",
        "http://127.0.0.1:"
            + storage.getAddress().getPort()
            + "/"
            + kind
            + "/"
            + parts[0]
            + "/"
            + parts[1]);
    send(exchange, 302, new byte[0]);
  }

  private void store(HttpExchange exchange) throws IOException {
    try (exchange) {
      var authorization = exchange.getRequestHeaders().getFirst("Authorization");
      if (authorization != null) {
        leaked.add(authorization);
      }
      var path = exchange.getRequestURI().getPath().substring(1);
      int split = path.indexOf('/', path.indexOf('/', path.indexOf('/') + 1) + 1);
      var content =
          repositories
              .getOrDefault(path.substring(0, split), Map.of())
              .getOrDefault(path.substring(split + 1), new byte[0])
              .clone();
      if (corrupt) {
        content[content.length / 2] ^= 1;
      }
      int start = 0;
      var range = exchange.getRequestHeaders().getFirst("Range");
      if (range != null) {
        ranges.add(range);
      }
      if (range != null && !ignoresRanges) {
        start = Integer.parseInt(range.replaceAll("\\D", ""));
        exchange
            .getResponseHeaders()
            .set(
                "Content-Range",
                "bytes %d-%d/%d".formatted(start, content.length - 1, content.length));
      }
      var body = Arrays.copyOfRange(content, start, content.length);
      exchange.sendResponseHeaders(start > 0 ? 206 : 200, body.length);
      if (cuts > 0) {
        cuts--;
        exchange.getResponseBody().write(body, 0, body.length / 2);
        exchange.getResponseBody().flush();
        throw new IOException("the connection is cut here");
      }
      exchange.getResponseBody().write(body);
    }
  }

  private static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", Integer.toString(body.length));
      exchange.sendResponseHeaders(status, -1);
    } else {
      exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
      exchange.getResponseBody().write(body);
    }
  }

  static String gitBlob(byte[] content) {
    var prefix = ("blob " + content.length + "\0").getBytes(StandardCharsets.US_ASCII);
    var whole = Arrays.copyOf(prefix, prefix.length + content.length);
    System.arraycopy(content, 0, whole, prefix.length, content.length);
    return sha("SHA-1", whole);
  }

  static String sha(String algorithm, byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(content));
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  @Override
  public void close() {
    hub.stop(0);
    storage.stop(0);
  }
}
