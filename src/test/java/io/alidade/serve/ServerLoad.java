package io.alidade.serve;

import io.alidade.generation.LanguageModel;
import io.alidade.store.Json;
import io.alidade.tensor.Step;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

/// How a server bears many clients: a program, not a test. Arguments: a model, new tokens of a
/// request, requests of a client, and numbers of clients, for example `MODEL 32 4 1 8 16`.
final class ServerLoad {
  private ServerLoad() {}

  public static void main(String[] args) throws Exception {
    try (var model = LanguageModel.open(args[0])) {
      var models = new LinkedHashMap<String, LanguageModel>();
      models.put("model", model);
      var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
      try (var server = Server.start(address, models, Limits.usual(), Optional.empty(), _ -> {});
          var client = HttpClient.newHttpClient()) {
        var uri =
            URI.create("http://127.0.0.1:%d/v1/completions".formatted(server.address().getPort()));
        int tokens = Integer.parseInt(args[1]);
        int requests = Integer.parseInt(args[2]);
        clients(client, uri, tokens, 2, 2); // warms up
        for (int i = 3; i < args.length; i++) {
          System.out.println(clients(client, uri, tokens, requests, Integer.parseInt(args[i])));
        }
      }
    }
  }

  private static String clients(HttpClient client, URI uri, int tokens, int requests, int clients)
      throws Exception {
    long start = System.nanoTime();
    var times = new ArrayList<Double>();
    int drawn = 0;
    int refused = 0;
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var asked = new ArrayList<Future<List<double[]>>>();
      for (int c = 0; c < clients; c++) {
        int seed = c;
        Callable<List<double[]>> call =
            () ->
                IntStream.range(0, requests)
                    .mapToObj(r -> ask(client, uri, tokens, 100 * seed + r))
                    .toList();
        asked.add(threads.submit(call));
      }
      for (var one : asked) {
        for (var answer : one.get()) {
          times.add(answer[0]);
          drawn += (int) answer[1];
          refused += answer[2] == 200 ? 0 : 1;
        }
      }
    }
    double took = (System.nanoTime() - start) / 1e9;
    times.sort(null);
    return String.format(
        Locale.ROOT,
        "%d clients, %d requests, %d refused: %.1f tokens/s, %.2f requests/s, latency median %.2f s,"
            + " worst %.2f s, resident %d MiB",
        clients,
        times.size(),
        refused,
        drawn / took,
        times.size() / took,
        times.get(times.size() / 2),
        times.getLast(),
        Step.residentBytes() >> 20);
  }

  private static double[] ask(HttpClient client, URI uri, int tokens, int seed) {
    var body =
        "{\"model\": \"model\", \"prompt\": \"%s\", \"max_tokens\": %d, \"seed\": %d}"
            .formatted("public static int ".repeat(1 + seed % 5), tokens, seed);
    var request =
        HttpRequest.newBuilder(uri)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
    long start = System.nanoTime();
    try {
      var response = client.send(request, HttpResponse.BodyHandlers.ofString());
      var usage = Json.parse("response", response.body()).path("usage");
      return new double[] {
        (System.nanoTime() - start) / 1e9,
        usage.path("completion_tokens").asInt(0),
        response.statusCode()
      };
    } catch (java.io.IOException | InterruptedException failure) {
      throw new IllegalStateException(failure);
    }
  }
}
