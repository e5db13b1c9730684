package io.alidade.cli;

import io.alidade.UserException;
import io.alidade.generation.LanguageModel;
import io.alidade.generation.Located;
import io.alidade.serve.Limits;
import io.alidade.serve.Server;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Serves models over HTTP until it is told to end.
@Command(
    name = "serve",
    description = "Serve a model and its adapters over HTTP, as OpenAI's interface.",
    footer = {
      "",
      "Example:",
      "  ./alidade serve --model runs/NAME",
      "",
      "POST /v1/chat/completions and /v1/completions, GET /v1/models, /health and "
          + "/metrics. Requests share steps of decoding; a seed gives the same answer whoever "
          + "else asks. docs/serve.md has more."
    })
final class ServeCommand implements Callable<Integer> {
  static final String TOKEN = "ALIDADE_TOKEN";

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--model",
      paramLabel = "MODEL",
      required = true,
      description = "A checkpoint, a run, an adapter's folder, or org/name[@revision] on the hub.")
  private String model = "";

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "What requests call it (default: the last part of MODEL).")
  private @Nullable String name;

  @Option(
      names = "--adapter",
      paramLabel = "NAME=DIR",
      description = "An adapter on top of it, by another name; may be given several times.")
  private Map<String, String> adapters = new LinkedHashMap<>();

  @Option(
      names = "--host",
      paramLabel = "HOST",
      defaultValue = "127.0.0.1",
      description = "Address to listen at (default: ${DEFAULT-VALUE}); others need a token.")
  private String host = "127.0.0.1";

  @Option(
      names = "--port",
      paramLabel = "N",
      defaultValue = "8080",
      description = "0 takes a free one (default: ${DEFAULT-VALUE}).")
  private int port = 8080;

  @Option(
      names = "--token",
      paramLabel = "TOKEN",
      description = "What clients must bear (default: the variable ALIDADE_TOKEN, or nothing).")
  private @Nullable String token;

  @Mixin private PrecisionOption precision = new PrecisionOption();

  @Option(
      names = "--concurrency",
      paramLabel = "N",
      defaultValue = "16",
      description = "Answers drawn together, a model (default: ${DEFAULT-VALUE}).")
  private int rows = 16;

  @Option(
      names = "--queue",
      paramLabel = "N",
      defaultValue = "64",
      description = "Answers that may wait, a model; more get 429 (default: ${DEFAULT-VALUE}).")
  private int queue = 64;

  @Option(
      names = "--max-body",
      paramLabel = "SIZE",
      defaultValue = "1MiB",
      description = "Largest request (default: ${DEFAULT-VALUE}).")
  private String body = "1MiB";

  @Option(
      names = "--max-prompt-tokens",
      paramLabel = "N",
      defaultValue = "2048",
      description = "Longest prompt (default: ${DEFAULT-VALUE}).")
  private int promptTokens = 2048;

  @Option(
      names = "--max-new-tokens",
      paramLabel = "N",
      defaultValue = "1024",
      description = "Longest answer (default: ${DEFAULT-VALUE}).")
  private int newTokens = 1024;

  @Option(
      names = "--timeout",
      paramLabel = "S",
      defaultValue = "600",
      description = "Seconds after which an answer is cut (default: ${DEFAULT-VALUE}).")
  private int timeout = 600;

  @Option(
      names = "--grace",
      paramLabel = "S",
      defaultValue = "20",
      description = "Seconds that running requests get at the end (default: ${DEFAULT-VALUE}).")
  private int grace = 20;

  @Override
  public Integer call() {
    var limits = limits();
    var address = address();
    var bearer =
        Optional.ofNullable(token)
            .or(() -> Optional.ofNullable(System.getenv(TOKEN)))
            .filter(text -> !text.isBlank());
    if (!address.getAddress().isLoopbackAddress() && bearer.isEmpty()) {
      throw new UserException(
          "--host %s is open to others; give a --token or set %s".formatted(host, TOKEN));
    }
    var out = spec.commandLine().getOut();
    var opened = new ArrayList<LanguageModel>();
    try {
      var models = models(opened);
      var server = Server.start(address, models, limits, bearer, line -> log(out, line));
      announce(out, server, models);
      serve(server);
    } finally {
      opened.forEach(LanguageModel::close);
    }
    return Main.OK;
  }

  private Limits limits() {
    if (timeout < 1 || grace < 0 || port < 0 || port > 65_535) {
      throw new ParameterException(
          spec.commandLine(), "--timeout is at least 1, --grace 0, and --port 0 to 65535");
    }
    var usual = Limits.usual();
    return Arguments.checked(() ->
        new Limits(
            Arguments.bytes("--max-body", body),
            promptTokens,
            newTokens,
            rows,
            queue,
            usual.body(),
            Duration.ofSeconds(timeout),
            usual.heartbeat()));
  }

  private InetSocketAddress address() {
    try {
      return new InetSocketAddress(InetAddress.getByName(host), port);
    } catch (UnknownHostException failure) {
      throw new UserException("--host %s: no such address".formatted(host), failure);
    }
  }

  /// @param opened gets what must be closed
  private SequencedMap<String, LanguageModel> models(List<LanguageModel> opened) {
    var models = new LinkedHashMap<String, LanguageModel>();
    var base = LanguageModel.open(Located.find(model, Optional.empty()), precision.of());
    opened.add(base);
    if (base.rewards()) {
      throw new UserException(model + ": a reward model has no words; score with it instead");
    }
    models.put(name == null ? last(model) : name, base);
    adapters.forEach((other, folder) -> {
      if (models.containsKey(other)) {
        throw new UserException("--adapter %s: the model itself has that name".formatted(other));
      }
      var under = base.beside(folder);
      opened.add(under);
      models.put(other, under);
    });
    opened.forEach(each -> each.policy().drawOnly());
    return models;
  }

  private static String last(String location) {
    var path = Path.of(location).toAbsolutePath().normalize().getFileName();
    return path == null ? location : path.toString();
  }

  private static void announce(
      PrintWriter out, Server server, SequencedMap<String, LanguageModel> models) {
    var at = server.address();
    out.printf(
        "serving %s at http://%s:%d/v1%n",
        String.join(", ", models.keySet()), at.getAddress().getHostAddress(), at.getPort());
    out.flush();
  }

  private static void log(PrintWriter out, String line) {
    synchronized (out) {
      out.println(
          LocalDateTime.now(ZoneId.systemDefault()).truncatedTo(ChronoUnit.SECONDS) + " " + line);
      out.flush();
    }
  }

  /// Waits for a signal, then ends in order: the process lives until the hook is through.
  private void serve(Server server) {
    var ended = new CountDownLatch(1);
    var hook =
        Thread.ofPlatform()
            .unstarted(() -> {
              server.stop(Duration.ofSeconds(grace));
              ended.countDown();
            });
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      ended.await();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      Runtime.getRuntime().removeShutdownHook(hook);
      server.close();
    }
  }
}
