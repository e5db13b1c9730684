package io.alidade.mine;

import static io.alidade.mine.FixtureRepository.method;
import static io.alidade.mine.FixtureRepository.type;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.eclipse.jgit.api.Git;
import org.eclipse.jgit.api.errors.GitAPIException;
import org.eclipse.jgit.lib.PersonIdent;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RepositoryMineTest {
  private static final GitOptions ALL = new GitOptions(Optional.empty(), 10_000);

  @TempDir Path folder;

  @Test
  void changedMethodsOfCommitsArePairs() throws IOException, GitAPIException {
    String first;
    String last;
    try (var git = repository("code")) {
      write("code", "LICENSE", "Apache License\nVersion 2.0, January 2004\n");
      write("code", "src/A.java", type("A", method("f", "return 1;"), method("g", "return 1;")));
      first = commit(git, "2024-01-01T00:00:00Z");
      write("code", "src/A.java", type("A", method("f", "return 2;"), method("g", "return  1;")));
      last = commit(git, "2024-02-01T10:00:00Z");
    }
    var mined = mine(ALL, "code");
    assertThat(mined.train()).hasSize(1);
    assertThat(mined.train().getFirst().row())
        .containsEntry("chosen", "\n    return 2;\n}")
        .containsEntry("rejected", "\n    return 1;\n}")
        .containsEntry("library", "code")
        .containsEntry("from", first)
        .containsEntry("to", last)
        .containsEntry("file", "src/A.java")
        .containsEntry("license", "Apache-2.0")
        .containsEntry("authored", "2024-02-01T10:00:00Z");
    assertThat(mined.train().getFirst().row().toString()).doesNotContain("@example.org");
    assertThat(mined.libraries().getFirst().outcomes()).containsEntry(Outcome.COSMETIC, 1);
    assertThat(mined.trainMethods())
        .extracting(MinedMethod::completion)
        .containsExactly("\n    return 2;\n}", "\n    return  1;\n}");
    // From a folder inside the repository it is still that repository's folder that must be named.
    assertThatThrownBy(() -> mine(ALL, "code/src")).hasMessageContaining("no git repository");
    assertThat(mine(ALL, "code/.git").train()).hasSize(1);
  }

  @Test
  void onlyTheFirstParentLineIsWalked() throws IOException, GitAPIException {
    try (var git = repository("code")) {
      write("code", "A.java", type("A", method("f", "return 1;")));
      commit(git, "2024-01-01T00:00:00Z");
      var main = git.getRepository().getBranch();
      git.checkout().setCreateBranch(true).setName("side").call();
      write("code", "A.java", type("A", method("f", "return 2;")));
      commit(git, "2024-01-02T00:00:00Z");
      write("code", "A.java", type("A", method("f", "return 3;")));
      commit(git, "2024-01-03T00:00:00Z");
      git.checkout().setName(main).call();
      git.merge()
          .include(git.getRepository().resolve("side"))
          .setFastForward(org.eclipse.jgit.api.MergeCommand.FastForwardMode.NO_FF)
          .setMessage("merge")
          .call();
    }
    assertThat(mine(ALL, "code").train())
        .extracting(MethodPair::chosen)
        .containsExactly("\n    return 3;\n}");
  }

  @Test
  void sinceAndMaxCommitsBoundTheWalk() throws IOException, GitAPIException {
    try (var git = repository("code")) {
      for (int i = 1; i <= 4; i++) {
        write("code", "A.java", type("A", method("f", "return %d;".formatted(i))));
        commit(git, "2024-0%d-01T00:00:00Z".formatted(i));
      }
    }
    assertThat(mine(ALL, "code").train()).hasSize(3);
    assertThat(mine(new GitOptions(Optional.empty(), 1), "code").train())
        .extracting(MethodPair::chosen)
        .containsExactly("\n    return 4;\n}");
    var since = Optional.of(Instant.parse("2024-03-01T00:00:00Z"));
    assertThat(mine(new GitOptions(since, 100), "code").train()).hasSize(2);
  }

  @Test
  void repositoriesAreSplitByName() throws IOException, GitAPIException {
    for (var name : List.of("one", "two")) {
      try (var git = repository(name)) {
        for (int i = 1; i <= 2; i++) {
          write(name, "A.java", type("A", method(name, "return %d;".formatted(i))));
          commit(git, "2024-01-01T00:00:00Z");
        }
      }
    }
    var options = MineOptions.of(folder).holdingOut(Set.of("two"));
    var mined =
        Miner.git(
            List.of(folder.resolve("one"), folder.resolve("two")), ALL, options, Progress.SILENT);
    assertThat(mined.train()).extracting(MethodPair::method).containsExactly("A.one(int)");
    assertThat(mined.test()).extracting(MethodPair::method).containsExactly("A.two(int)");
  }

  @Test
  void whatIsNoRepositoryIsOneLine() throws IOException, GitAPIException {
    Files.createDirectories(folder.resolve("plain"));
    assertThatThrownBy(() -> mine(ALL, "plain"))
        .isInstanceOf(UserException.class)
        .hasMessageEndingWith("plain: no git repository; name the folder that holds .git");
    repository("empty").close();
    assertThatThrownBy(() -> mine(ALL, "empty"))
        .isInstanceOf(UserException.class)
        .hasMessageEndingWith("empty: the repository has no commit yet");
  }

  private Mined mine(GitOptions git, String name) {
    return Miner.git(List.of(folder.resolve(name)), git, MineOptions.of(folder), Progress.SILENT);
  }

  private Git repository(String name) throws GitAPIException {
    return Git.init().setDirectory(folder.resolve(name).toFile()).call();
  }

  private void write(String repository, String file, String text) throws IOException {
    var path = folder.resolve(repository).resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }

  private static String commit(Git git, String when) throws GitAPIException {
    var who = new PersonIdent("A", "a@example.org", Instant.parse(when), ZoneOffset.UTC);
    git.add().addFilepattern(".").call();
    return git.commit()
        .setAuthor(who)
        .setCommitter(who)
        .setSign(false)
        .setMessage("change")
        .call()
        .name();
  }
}
