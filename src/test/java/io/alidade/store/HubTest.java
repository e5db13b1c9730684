package io.alidade.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.store.Hub.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class HubTest {
  private static final String ID = "org/tiny-llama";
  private static final byte[] WEIGHTS = new byte[300_000];

  static {
    new SplittableRandom(7).nextBytes(WEIGHTS);
  }

  @TempDir Path home;
  private FakeHub server = start();
  private final List<String> progress = new ArrayList<>();

  private static FakeHub start() {
    try {
      return new FakeHub();
    } catch (IOException failure) {
      throw new IllegalStateException(failure);
    }
  }

  @BeforeEach
  void fill() {
    server.add("models/" + ID, "config.json", "{}");
    server.add("models/" + ID, "tokenizer.json", "{\"a\": 1}");
    server.add("models/" + ID, "model.safetensors", WEIGHTS);
    server.add("models/" + ID, "README.md", "# read me");
    server.add("models/" + ID, "onnx/model.onnx", "x");
    server.add("models/" + ID, "consolidated.safetensors", "x");
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private Hub hub(Map<String, String> more) {
    Map<String, String> environment = new HashMap<>(Map.of("HF_ENDPOINT", server.endpoint() + "/"));
    environment.putAll(more);
    return new Hub(
        environment,
        home,
        (file, done, total) -> progress.add(file + " " + done + "/" + total),
        Duration.ofMillis(1));
  }

  private Path repo() {
    return home.resolve(".cache/huggingface/hub/models--org--tiny-llama");
  }

  @Test
  void aFreshDownloadFillsTheStandardCache() throws IOException {
    var folder = hub(Map.of()).resolve(ID, Kind.MODEL);
    assertThat(folder).isEqualTo(repo().resolve("snapshots").resolve(FakeHub.COMMIT));
    assertThat(names(folder)).containsExactly("config.json", "model.safetensors", "tokenizer.json");
    assertThat(folder.resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
    assertThat(repo().resolve("refs/main")).hasContent(FakeHub.COMMIT);
    assertThat(names(repo().resolve("blobs")))
        .containsExactlyInAnyOrder(
            FakeHub.sha("SHA-256", WEIGHTS),
            FakeHub.gitBlob("{}".getBytes(java.nio.charset.StandardCharsets.UTF_8)),
            FakeHub.gitBlob("{\"a\": 1}".getBytes(java.nio.charset.StandardCharsets.UTF_8)));
    assertThat(Files.readSymbolicLink(folder.resolve("config.json")).toString())
        .startsWith("../../blobs/");
    assertThat(progress).last().isEqualTo("model.safetensors 300000/300000");
    assertThat(progress).contains("config.json 2/2", "tokenizer.json 8/8");

    // The second time the network is not asked, so a server that is gone does not matter.
    int requests = server.requests.size();
    server.close();
    assertThat(hub(Map.of()).resolve(ID, Kind.MODEL)).isEqualTo(folder);
    assertThat(hub(Map.of("HF_HUB_OFFLINE", "1")).resolve(ID, Kind.MODEL)).isEqualTo(folder);
    assertThat(hub(Map.of()).resolve(ID + "@" + FakeHub.COMMIT, Kind.MODEL)).isEqualTo(folder);
    assertThat(server.requests).hasSize(requests);
  }

  @Test
  void anInterruptedTransferGoesOnWhereItStopped() throws IOException {
    server.cuts = 2;
    var folder = hub(Map.of()).resolve(ID, Kind.MODEL);
    assertThat(folder.resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
    assertThat(server.ranges).hasSize(2).allMatch(range -> range.matches("bytes=[1-9]\\d*-"));
  }

  @Test
  void aLaterProcessGoesOnWithWhatAnEarlierOneLeft() throws IOException {
    Files.createDirectories(repo().resolve("blobs"));
    var incomplete = repo().resolve("blobs/" + FakeHub.sha("SHA-256", WEIGHTS) + ".incomplete");
    Files.write(incomplete, java.util.Arrays.copyOf(WEIGHTS, 100_000));
    var folder = hub(Map.of()).resolve(ID, Kind.MODEL);
    assertThat(folder.resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
    assertThat(server.ranges).containsExactly("bytes=100000-");
    assertThat(incomplete).doesNotExist();
  }

  @Test
  void aServerWithoutRangesStartsOver() throws IOException {
    server.cuts = 1;
    server.ignoresRanges = true;
    var folder = hub(Map.of()).resolve(ID, Kind.MODEL);
    assertThat(folder.resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
  }

  @Test
  void aWrongChecksumKeepsNothing() throws IOException {
    server.corrupt = true;
    assertThatThrownBy(() -> hub(Map.of()).resolve(ID, Kind.MODEL))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith("org/tiny-llama, file 'model.safetensors': came with checksum ")
        .hasMessageContaining("nothing was kept, try again");
    assertThat(repo().resolve("snapshots")).doesNotExist();
    assertThat(repo().resolve("refs")).doesNotExist();
    assertThat(names(repo().resolve("blobs"))).noneMatch(name -> name.endsWith("incomplete"));
    server.corrupt = false;
    assertThat(hub(Map.of()).resolve(ID, Kind.MODEL).resolve("model.safetensors"))
        .hasBinaryContent(WEIGHTS);
  }

  @Test
  void theTokenGoesToTheHubAndNowhereElse() {
    server.token = "hf_secret";
    assertThatThrownBy(() -> hub(Map.of()).resolve(ID, Kind.MODEL))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("the hub asks for a token (401)")
        .hasMessageContaining("set HF_TOKEN");
    assertThatThrownBy(() -> hub(Map.of("HF_TOKEN", "hf_wrong")).resolve(ID, Kind.MODEL))
        .isInstanceOf(UserException.class)
        .hasMessage(
            "org/tiny-llama: the hub refused HF_TOKEN (401); make a new token with read access");
    assertThat(hub(Map.of("HF_TOKEN", "hf_secret")).resolve(ID, Kind.MODEL)).isDirectory();
    assertThat(server.leaked).isEmpty();
  }

  @Test
  void refusalsHaveTheirOwnLines() {
    assertThatThrownBy(() -> hub(Map.of()).resolve("org/nothing", Kind.MODEL))
        .isInstanceOf(UserException.class)
        .hasMessage(
            "org/nothing: no such model or revision at "
                + server.endpoint()
                + " (404); check the spelling");
    assertThatThrownBy(() -> hub(Map.of()).resolve(ID + "@v9", Kind.MODEL))
        .hasMessageStartingWith("org/tiny-llama@v9: no such model or revision");
    server.status = 403;
    assertThatThrownBy(() -> hub(Map.of()).resolve(ID, Kind.MODEL))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("accept the terms at " + server.endpoint() + "/" + ID);
    server.status = 500;
    assertThatThrownBy(() -> hub(Map.of()).resolve(ID, Kind.MODEL))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("cannot be reached (the hub answered 500)");
    assertThat(server.requests.stream().filter(r -> r.endsWith(ID + "/revision/main"))).hasSize(6);
  }

  @Test
  void aBusyHubIsAskedAgain() {
    server.busy = 2;
    assertThat(hub(Map.of()).resolve(ID, Kind.MODEL)).isDirectory();
  }

  @Test
  void offlineSaysWhatToDo() {
    assertThatThrownBy(() -> hub(Map.of("HF_HUB_OFFLINE", "1")).resolve(ID, Kind.MODEL))
        .isInstanceOf(UserException.class)
        .hasMessage(
            "org/tiny-llama: not a path here and not in the cache "
                + repo()
                + ", and HF_HUB_OFFLINE forbids fetching it; unset HF_HUB_OFFLINE, or copy the"
                + " model's folder (config.json, tokenizer.json, *.safetensors) here and pass its"
                + " path, or set HF_HOME to a folder whose hub/ has it; its folder "
                + Path.of("org").toAbsolutePath()
                + " does not exist either");
    assertThat(server.requests).isEmpty();
    server.close();
    assertThatThrownBy(() -> hub(Map.of()).resolve(ID, Kind.MODEL))
        .isInstanceOf(UserException.class)
        .hasMessageContaining(server.endpoint() + " cannot be reached (Connection refused)")
        .hasMessageContaining("set HF_ENDPOINT to a mirror")
        .hasMessageNotContainingAny("\n");
    assertThat(repo()).doesNotExist();
  }

  @Test
  void aPartOfACachedModelIsCompleted() throws IOException {
    var folder = hub(Map.of()).resolve(ID, Kind.MODEL);
    Files.delete(folder.resolve("tokenizer.json"));
    assertThatThrownBy(() -> hub(Map.of("HF_HUB_OFFLINE", "true")).resolve(ID, Kind.MODEL))
        .hasMessageContaining("the cache " + repo() + " lacks tokenizer.json");
    hub(Map.of()).resolve(ID, Kind.MODEL);
    assertThat(folder.resolve("tokenizer.json")).hasContent("{\"a\": 1}");
  }

  @Test
  void aCachedRevisionIsFoundWithoutTheNetwork() throws IOException {
    var cache = home.resolve("elsewhere");
    var repo = cache.resolve("models--org--cached");
    var snapshot = Files.createDirectories(repo.resolve("snapshots").resolve("a".repeat(40)));
    for (var name : List.of("config.json", "tokenizer.json", "model-1.safetensors")) {
      Files.writeString(snapshot.resolve(name), "{}");
    }
    Files.writeString(
        snapshot.resolve("model.safetensors.index.json"),
        "{\"weight_map\": {\"x\": \"model-1.safetensors\"}}");
    Files.createDirectories(repo.resolve("refs/refs/pr"));
    Files.writeString(repo.resolve("refs/refs/pr/7"), "a".repeat(40) + "\n");
    var offline =
        hub(Map.of("HF_HUB_OFFLINE", "1", "HF_HUB_CACHE", cache.toString(), "HF_HOME", "/nowhere"));
    assertThat(offline.resolve("org/cached@refs/pr/7", Kind.MODEL)).isEqualTo(snapshot);
    assertThat(offline.resolve("org/cached@" + "a".repeat(40), Kind.MODEL)).isEqualTo(snapshot);
    assertThatThrownBy(() -> offline.resolve("org/cached", Kind.MODEL))
        .isInstanceOf(UserException.class);
    Files.delete(snapshot.resolve("model-1.safetensors"));
    assertThatThrownBy(() -> offline.resolve("org/cached@refs/pr/7", Kind.MODEL))
        .hasMessageContaining("lacks model-1.safetensors");
  }

  @Test
  void datasetsAndPullRequests() throws IOException {
    server.add("datasets/org/pairs", "data/train file.jsonl", "{}\n");
    server.add("datasets/org/pairs", "load.py", "evil()");
    var hfHome = home.resolve("hf");
    var folder =
        hub(Map.of("HF_HOME", hfHome.toString())).resolve("org/pairs@refs/pr/1", Kind.DATASET);
    assertThat(folder)
        .isEqualTo(hfHome.resolve("hub/datasets--org--pairs/snapshots/" + FakeHub.COMMIT));
    assertThat(folder.resolve("data/train file.jsonl")).hasContent("{}\n");
    assertThat(folder.resolve("load.py")).doesNotExist();
    assertThat(server.requests)
        .contains(
            "GET /api/datasets/org/pairs/revision/refs%2Fpr%2F1",
            "GET /datasets/org/pairs/resolve/" + FakeHub.COMMIT + "/data/train%20file.jsonl");
  }

  @Test
  void whatCannotBeUsedIsNotFetched() {
    server.add("models/org/pickle", "pytorch_model.bin", "x");
    assertThatThrownBy(() -> hub(Map.of()).resolve("org/pickle", Kind.MODEL))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("without safetensors weights");
    server.add("datasets/org/pics", "a.png", "x");
    assertThatThrownBy(() -> hub(Map.of()).resolve("org/pics", Kind.DATASET))
        .hasMessageContaining("without *.jsonl");
  }

  @ParameterizedTest
  @ValueSource(strings = {"../../evil.json", "/etc/evil.json", "a\\..\\evil.json", "a//evil.json"})
  void aListingThatLeavesItsFolderIsRefused(String file) {
    server.add("models/" + ID, file, "x");
    assertThatThrownBy(() -> hub(Map.of()).resolve(ID, Kind.MODEL))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("which would leave its folder");
    assertThat(repo()).doesNotExist();
  }

  @Test
  void aPathThatExistsWins() throws IOException {
    var folder = Files.createDirectories(home.resolve("mine"));
    assertThat(hub(Map.of()).resolve(folder.toString(), Kind.MODEL)).isEqualTo(folder);
    assertThat(server.requests).isEmpty();
  }

  @Test
  void whatLooksLikeNeitherIsExplained() throws IOException {
    Files.createFile(home.resolve("train.jsonl"));
    var hub = hub(Map.of());
    assertThatThrownBy(() -> hub.resolve(home + "/tran.jsonl", Kind.DATASET))
        .isInstanceOf(UserException.class)
        .hasMessage(
            "'" + home + "/tran.jsonl': no such file or folder; did you mean 'train.jsonl'?");
    assertThatThrownBy(() -> hub.resolve("my model", Kind.MODEL))
        .hasMessage(
            "'my model': no such file or folder; a model on the hub is named"
                + " org/name[@revision]");
    assertThatThrownBy(() -> hub.resolve("", Kind.MODEL)).isInstanceOf(UserException.class);
    assertThat(server.requests).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "org/name, org/name, main",
    "Qwen/Qwen2.5-0.5B@v1.0, Qwen/Qwen2.5-0.5B, v1.0",
    "a/b@refs/pr/3, a/b, refs/pr/3"
  })
  void names(String text, String id, String revision) {
    assertThat(HubName.parse(text)).contains(new HubName(id, revision));
  }

  @ParameterizedTest
  @ValueSource(strings = {"name", "a/b/c", "../b", "a/..", "a/b@", "a/b@../x", "a--b/c", "a b/c"})
  void noNames(String text) {
    assertThat(HubName.parse(text)).isEmpty();
  }

  @Test
  void environmentIsChecked() {
    assertThatThrownBy(() -> hub(Map.of("HF_ENDPOINT", "ftp://x")))
        .isInstanceOf(UserException.class)
        .hasMessage("HF_ENDPOINT: 'ftp://x' is no http or https address");
    assertThatThrownBy(() -> hub(Map.of("HF_TOKEN", "a\nb")))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith("HF_TOKEN: ");
  }

  private static List<String> names(Path folder) throws IOException {
    try (var children = Files.list(folder)) {
      return children.map(child -> child.getFileName().toString()).sorted().toList();
    }
  }
}
