package io.alidade.judge.code;

import io.alidade.judge.code.child.CompileSources;
import io.alidade.judge.code.child.RunTests;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/// How a process of foreign code is started on this machine.
///
/// @param kind what the machine was seen to offer
/// @param lack why it offers no more; empty for the most
record Jail(Kind kind, String lack) {
  /// From the strongest to the weakest.
  enum Kind {
    /// User, mount, process and network namespaces with a root of its own (`unshare` of
    /// util-linux), and resource limits.
    NAMESPACES(EnumSet.allOf(Protection.class)),
    /// Resource limits (`prlimit`) alone.
    LIMITS(
        EnumSet.of(
            Protection.TIME,
            Protection.HEAP,
            Protection.OUTPUT,
            Protection.ENVIRONMENT,
            Protection.PROCESSOR,
            Protection.MEMORY)),
    /// What Java itself offers.
    PLAIN(EnumSet.of(Protection.TIME, Protection.HEAP, Protection.OUTPUT, Protection.ENVIRONMENT));

    private final Set<Protection> protections;

    Kind(Set<Protection> protections) {
      this.protections = Collections.unmodifiableSet(protections);
    }
  }

  private static final String SCRIPT = script();
  private static final long ADDRESSES_BESIDE_HEAP = 1L << 30;
  private static final String PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

  /// What is in force behind it.
  Set<Protection> protections() {
    return kind.protections;
  }

  /// Nobody, for a process that root starts.
  private static List<String> unprivileged() {
    return System.getProperty("user.name").equals("root")
        ? List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
        : List.of();
  }

  /// Starts the runner of tests or the compiler.
  ///
  /// @param folder of its own, with `classes` in it for the runner; files are added to it
  /// @param seconds of processor time, and of wall time if nobody watches any more; 0 for no limit
  Process start(Path folder, boolean compiler, Limits limits, long seconds) throws IOException {
    var work = Files.createDirectories(folder.resolve("work"));
    var root = Files.createDirectories(folder.resolve("root"));
    Files.createDirectories(work.resolve("classes"));
    ChildModule.write(work.resolve("modules"));
    if (kind != Kind.PLAIN) {
      readable(folder, work, root);
    }
    var command = new ArrayList<String>();
    if (kind == Kind.NAMESPACES) {
      command.addAll(unprivileged());
      if (seconds > 0) {
        command.addAll(List.of("timeout", "--signal=KILL", Long.toString(60 + 2 * seconds)));
      }
      command.addAll(
          List.of(
              "unshare",
              "--user",
              "--map-root-user",
              "--net",
              "--mount",
              "--pid",
              "--ipc",
              "--uts",
              "--fork",
              "--kill-child"));
    }
    if (kind != Kind.PLAIN) {
      command.addAll(
          List.of(
              "prlimit",
              "--core=0",
              "--nofile=256",
              "--fsize=" + ((long) limits.fileMegabytes() << 20),
              "--as=" + (((long) limits.heapMegabytes() << 20) + ADDRESSES_BESIDE_HEAP)));
      if (kind == Kind.NAMESPACES) {
        command.add("--nproc=" + limits.threads());
      }
      if (seconds > 0) {
        command.add("--cpu=" + seconds);
      }
    }
    var home = System.getProperty("java.home");
    if (kind == Kind.NAMESPACES) {
      command.addAll(
          List.of(
              "sh",
              "-c",
              SCRIPT,
              "jail",
              root.toString(),
              home,
              work.toString(),
              Integer.toString(limits.fileMegabytes())));
      command.addAll(java("/java", "/work", "/tmp", compiler, limits));
    } else {
      command.addAll(java(home, work.toString(), folder.toString(), compiler, limits));
    }
    var builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.environment().clear();
    builder.environment().put("PATH", PATH);
    return builder.redirectError(folder.resolve("stderr").toFile()).start();
  }

  /// A process that is nobody's must be able to read what it runs; there is no secret in it.
  private static void readable(Path... folders) throws IOException {
    for (var folder : folders) {
      Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
  }

  private static List<String> java(
      String home, String work, String temporary, boolean compiler, Limits limits) {
    var java = new ArrayList<String>();
    java.addAll(
        List.of(
            home + "/bin/java",
            "-Xmx" + limits.heapMegabytes() + "m",
            "-Xshare:auto",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:MaxMetaspaceSize=96m",
            "-XX:CompressedClassSpaceSize=32m",
            "-XX:ReservedCodeCacheSize=48m",
            "-XX:MaxDirectMemorySize=16m",
            "-XX:-UsePerfData",
            "-XX:-UseContainerSupport",
            "-XX:+DisableAttachMechanism",
            "-XX:ErrorFile=/dev/null",
            "-Xlog:disable",
            "-Xlog:all=off",
            "-Dfile.encoding=UTF-8",
            "-Duser.home=" + temporary,
            "-Djava.io.tmpdir=" + temporary,
            "-Djdk.lang.Process.launchMechanism=POSIX_SPAWN",
            "--illegal-native-access=deny"));
    java.addAll(
        compiler
            ? List.of(
                "--limit-modules", "java.base,java.compiler,jdk.compiler,jdk.zipfs",
                "--add-modules", "java.compiler,jdk.compiler")
            : List.of("--limit-modules", "java.base"));
    var main = compiler ? CompileSources.class : RunTests.class;
    java.addAll(
        List.of(
            "--module-path",
            work + "/modules",
            "--module",
            ChildModule.NAME + "/" + main.getName(),
            work + "/classes"));
    return java;
  }

  /// Ends a process and all it started.
  static void end(Process process) {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }

  private static String script() {
    try (InputStream in = Jail.class.getResourceAsStream("jail.sh")) {
      if (in == null) {
        throw new IllegalStateException("jail.sh is not on the class path");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }
}
