package io.alidade.store;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.alidade.UserException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class AtomicFilesTest {
  @TempDir Path folder;

  @Test
  void writesAndReplacesAFileAndMakesItsFolder() throws IOException {
    var file = folder.resolve("a/b/c.txt");
    AtomicFiles.text(file, "one");
    AtomicFiles.text(file, "zwei ü");
    assertThat(file).hasContent("zwei ü");
    assertThat(children(folder.resolve("a/b"))).containsExactly("c.txt");
  }

  @Test
  void aFailureInTheMiddleLeavesTheOldFileAndNothingElse() throws IOException {
    var file = folder.resolve("c.txt");
    AtomicFiles.text(file, "old");
    assertThatThrownBy(() ->
            AtomicFiles.write(
                file,
                out -> {
                  out.write("ne".getBytes(StandardCharsets.UTF_8));
                  throw new IllegalStateException("bug");
                }))
        .isInstanceOf(IllegalStateException.class);
    assertThat(file).hasContent("old");
    assertThat(children(folder)).containsExactly("c.txt");
  }

  @Test
  void aFullDiskIsOneLineAndTheLastFolderSurvives() throws IOException {
    assumeTrue(Files.isWritable(Path.of("/dev/full")), "needs /dev/full");
    var target = folder.resolve("checkpoint");
    AtomicFiles.folder(target, dir -> Files.writeString(dir.resolve("w"), "good"));
    assertThatThrownBy(() ->
            AtomicFiles.folder(
                target,
                dir -> {
                  Files.writeString(dir.resolve("w"), "half");
                  try (var full = new FileOutputStream("/dev/full")) {
                    full.write(1);
                  }
                }))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith("cannot write " + target + ": the disk is full (")
        .hasMessageNotContainingAny("\n");
    assertThat(target.resolve("w")).hasContent("good");
    assertThat(children(folder)).containsExactly("checkpoint");
  }

  @Test
  void anUnwritablePlaceIsOneLine() throws IOException {
    var file = Files.writeString(folder.resolve("file"), "x");
    assertThatThrownBy(() -> AtomicFiles.text(file.resolve("below.txt"), "y"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("a file stands where a folder is needed");
    assertThat(AtomicFiles.failed(file, new AccessDeniedException("x")))
        .hasMessage(
            "cannot write "
                + file
                + ": permission denied; make the folder writable or"
                + " choose another one");
  }

  @Test
  void aFolderIsReplacedWhole() throws IOException {
    var target = folder.resolve("checkpoint");
    AtomicFiles.folder(target, dir -> Files.writeString(dir.resolve("old"), "1"));
    AtomicFiles.folder(
        target,
        dir -> {
          Files.createDirectories(dir.resolve("sub"));
          Files.writeString(dir.resolve("sub/new"), "2");
        });
    assertThat(children(target)).containsExactly("sub");
    assertThat(target.resolve("sub/new")).hasContent("2");
    assertThat(children(folder)).containsExactly("checkpoint");
  }

  @Test
  void sweepRemovesWhatTheDeadLeftAndSparesTheLiving() throws IOException, InterruptedException {
    var dead = new ProcessBuilder("true").start();
    dead.waitFor();
    var living = Leftover.name("model", Leftover.PARTIAL);
    var self = requireNonNull(Leftover.parse(living));
    var tail = "-" + self.host() + "-" + dead.pid() + "-1-1";
    var reused = "-" + self.host() + "-" + self.pid() + "-1-1"; // our pid, another start
    Files.createDirectories(folder.resolve("step-2.partial" + tail).resolve("x"));
    Files.writeString(folder.resolve("metrics.partial" + reused), "half");
    Files.writeString(folder.resolve(living), "in work");
    Files.writeString(folder.resolve("far.partial-elsewhere-1-1-1"), "another machine");
    Files.writeString(folder.resolve("notes.partial-draft"), "not ours");

    assertThat(AtomicFiles.sweep(folder)).isEqualTo(2);
    assertThat(children(folder))
        .containsExactlyInAnyOrder(living, "far.partial-elsewhere-1-1-1", "notes.partial-draft");
  }

  @Test
  void sweepPutsBackAFolderWhoseReplacementDied() throws IOException {
    var self = requireNonNull(Leftover.parse(Leftover.name("x", Leftover.REPLACED)));
    var aside = folder.resolve("best.replaced-" + self.host() + "-" + self.pid() + "-1-1");
    Files.createDirectories(aside);
    Files.writeString(aside.resolve("w"), "last good");
    assertThat(AtomicFiles.sweep(folder)).isEqualTo(1);
    assertThat(folder.resolve("best/w")).hasContent("last good");
    assertThat(AtomicFiles.sweep(folder.resolve("absent"))).isZero();
  }

  private static List<String> children(Path folder) throws IOException {
    try (var children = Files.list(folder)) {
      return children.map(child -> child.getFileName().toString()).toList();
    }
  }
}
