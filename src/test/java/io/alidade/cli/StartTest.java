package io.alidade.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What a start costs, seen from outside: a process of its own.
class StartTest {
  @Test
  void answersWithoutTheTensorLibraryAndTheTokenizers() throws Exception {
    for (var arguments :
        List.of(List.of("list"), List.of("check"), List.of("study"), List.of("--help"))) {
      var command =
          new java.util.ArrayList<>(
              List.of(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-Xlog:class+load:stdout",
                  "-cp",
                  System.getProperty("java.class.path"),
                  Main.class.getName()));
      command.addAll(arguments);
      var process = new ProcessBuilder(command).redirectErrorStream(true).start();
      var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor()).as(output).isZero();
      assertThat(output).contains(" io.alidade.cli.Main ");
      // Interfaces name Tensor in their signatures, and looking at those loads no native code.
      assertThat(output)
          .doesNotContain(
              " org.bytedeco.javacpp.Loader ",
              " org.bytedeco.pytorch.global.torch ",
              " ai.djl.huggingface.tokenizers.HuggingFaceTokenizer ");
    }
  }
}
