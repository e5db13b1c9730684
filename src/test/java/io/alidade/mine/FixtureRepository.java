package io.alidade.mine;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/// A Maven repository in a folder, with libraries made for the test.
public final class FixtureRepository {
  private final Path folder;
  private final Map<String, List<String>> versions = new LinkedHashMap<>();

  /// A repository without libraries.
  public FixtureRepository(Path folder) {
    this.folder = folder;
  }

  /// Where it is.
  public URI uri() {
    return folder.toUri();
  }

  /// A release with sources: path and text in turns.
  public FixtureRepository release(String library, String version, String... sources)
      throws IOException {
    var zipped = new ByteArrayOutputStream();
    try (var zip = new ZipOutputStream(zipped)) {
      for (int i = 0; i < sources.length; i += 2) {
        zip.putNextEntry(new ZipEntry(sources[i]));
        zip.write(sources[i + 1].getBytes(StandardCharsets.UTF_8));
        zip.closeEntry();
      }
    }
    Files.write(sourcesOf(library, version), zipped.toByteArray());
    return this;
  }

  /// The place of a release's sources; the release is listed, with a POM, from now on.
  Path sourcesOf(String library, String version) throws IOException {
    var artifact = library.split(":")[1];
    var place = listed(library, version);
    return place.resolve(artifact + "-" + version + "-sources.jar");
  }

  /// Lists a release with a POM whose parent states the licence.
  Path listed(String library, String version) throws IOException {
    var group = library.split(":")[0];
    var artifact = library.split(":")[1];
    var all = versions.computeIfAbsent(library, name -> new ArrayList<>());
    if (!all.contains(version)) {
      all.add(version);
    }
    var home = folder.resolve(group.replace('.', '/')).resolve(artifact);
    var place = Files.createDirectories(home.resolve(version));
    Files.writeString(
        home.resolve("maven-metadata.xml"),
        "<metadata><groupId>%s</groupId><artifactId>%s</artifactId><versioning><versions>%s"
                .formatted(
                    group,
                    artifact,
                    all.stream()
                        .map(v -> "<version>" + v + "</version>")
                        .collect(Collectors.joining()))
            + "</versions></versioning></metadata>");
    Files.writeString(
        place.resolve(artifact + "-" + version + ".pom"),
        pom(artifact, version, "<parent>%s</parent>".formatted(PARENT), ""));
    var parent = Files.createDirectories(folder.resolve("org/example/parent/1"));
    Files.writeString(parent.resolve("parent-1.pom"), parentPom("The Apache License, Version 2.0"));
    return place;
  }

  /// Replaces the licence that all libraries inherit.
  FixtureRepository license(String name) throws IOException {
    Files.writeString(folder.resolve("org/example/parent/1/parent-1.pom"), parentPom(name));
    return this;
  }

  private static final String PARENT =
      "<groupId>org.example</groupId><artifactId>parent</artifactId><version>1</version>";

  private static String parentPom(String license) {
    return "<project><modelVersion>4.0.0</modelVersion>"
        + PARENT
        + "<packaging>pom</packaging><licenses><license><name>"
        + license
        + "</name></license></licenses></project>";
  }

  private static String pom(String artifact, String version, String parent, String rest) {
    return "<project><modelVersion>4.0.0</modelVersion>%s<groupId>org.example</groupId>"
            .formatted(parent)
        + "<artifactId>%s</artifactId><version>%s</version>%s</project>"
            .formatted(artifact, version, rest);
  }

  /// A class in `org/example/NAME.java` with the given members.
  static String type(String name, String... members) {
    return "package org.example;\n\npublic class %s {\n%s\n}\n"
        .formatted(name, String.join("\n\n", members));
  }

  /// A documented method, indented as people do.
  static String method(String name, String... statements) {
    return "    /**\n     * Does %s.\n     */\n    public int %s(int x) {\n        %s\n    }"
        .formatted(name, name, String.join("\n        ", statements));
  }
}
