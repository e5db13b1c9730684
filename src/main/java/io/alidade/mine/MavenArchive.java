package io.alidade.mine;

import eu.maveniverse.maven.mima.context.Context;
import eu.maveniverse.maven.mima.context.ContextOverrides;
import eu.maveniverse.maven.mima.context.Runtimes;
import io.alidade.UserException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.eclipse.aether.RepositoryException;
import org.eclipse.aether.artifact.DefaultArtifact;
import org.eclipse.aether.repository.RemoteRepository;
import org.eclipse.aether.resolution.ArtifactDescriptorRequest;
import org.eclipse.aether.resolution.ArtifactRequest;
import org.eclipse.aether.resolution.ArtifactResolutionException;
import org.eclipse.aether.resolution.VersionRangeRequest;
import org.eclipse.aether.transfer.ArtifactNotFoundException;
import org.eclipse.aether.transfer.MetadataNotFoundException;
import org.eclipse.aether.transfer.RepositoryOfflineException;

/// Published Java libraries, through Maven's own resolver: the user's settings (mirrors, proxies,
/// credentials) apply, and the local repository is the cache, so nothing is downloaded twice. Safe
/// for several threads.
public final class MavenArchive implements AutoCloseable {
  private final Context context;

  private MavenArchive(Context context) {
    this.context = context;
  }

  /// The user's Maven: settings, local repository and Maven Central.
  public static MavenArchive ofUser(boolean offline) {
    var overrides = ContextOverrides.create().withUserSettings(true);
    return open(offline ? overrides.offline(true) : overrides);
  }

  /// Only the given repositories and local repository, without the user's settings.
  public static MavenArchive of(Path local, List<URI> repositories, boolean offline) {
    var remotes = new ArrayList<RemoteRepository>();
    for (var uri : repositories) {
      remotes.add(
          new RemoteRepository.Builder("mine-" + remotes.size(), "default", uri.toString())
              .build());
    }
    return open(
        ContextOverrides.create()
            .withUserSettings(false)
            .withLocalRepositoryOverride(local)
            .repositories(remotes)
            .addRepositoriesOp(ContextOverrides.AddRepositoriesOp.REPLACE)
            .offline(offline));
  }

  private static MavenArchive open(ContextOverrides.Builder overrides) {
    return new MavenArchive(Runtimes.INSTANCE.getRuntime().create(overrides.build()));
  }

  /// The releases that the repositories list, oldest first; see [Versions].
  List<String> versions(Coordinate library) {
    var request =
        new VersionRangeRequest(
            new DefaultArtifact(library.group(), library.artifact(), "jar", "[0,)"),
            context.remoteRepositories(),
            "");
    List<String> found;
    try {
      var result =
          context
              .repositorySystem()
              .resolveVersionRange(context.repositorySystemSession(), request);
      found = result.getVersions().stream().map(Objects::toString).toList();
      if (found.isEmpty()) {
        for (var problem : result.getExceptions()) {
          if (!(problem instanceof MetadataNotFoundException)) {
            throw unreachable(library.library(), problem);
          }
        }
      }
    } catch (RepositoryException e) {
      throw unreachable(library.library(), e);
    }
    if (found.isEmpty() && isOffline()) {
      throw nothingOf(library.library());
    }
    if (found.isEmpty()) {
      throw new UserException(
          "%s: no such library in %s; check the group and the artifact"
              .formatted(library.library(), repositories()));
    }
    return found;
  }

  /// The source archive of one release, or nothing where none was published (or, offline, where
  /// none was downloaded before).
  Optional<Path> sources(Coordinate library, String version) {
    var artifact =
        new DefaultArtifact(library.group(), library.artifact(), "sources", "jar", version);
    try {
      var result =
          context
              .repositorySystem()
              .resolveArtifact(
                  context.repositorySystemSession(),
                  new ArtifactRequest(artifact, context.remoteRepositories(), ""));
      return Optional.of(result.getArtifact().getFile().toPath());
    } catch (ArtifactResolutionException e) {
      if (e.getResult().getExceptions().stream()
          .allMatch(ArtifactNotFoundException.class::isInstance)) {
        return Optional.empty();
      }
      throw unreachable(library.library() + ":" + version, e);
    }
  }

  /// The licences that the release's POM or its parents state, joined with ` OR `.
  String license(Coordinate library, String version) {
    var request =
        new ArtifactDescriptorRequest(
            new DefaultArtifact(library.group(), library.artifact(), "pom", version),
            context.remoteRepositories(),
            "");
    try {
      var properties =
          context
              .repositorySystem()
              .readArtifactDescriptor(context.repositorySystemSession(), request)
              .getProperties();
      int count = (Integer) properties.getOrDefault("license.count", 0);
      var names = new TreeSet<String>();
      for (int i = 0; i < count; i++) {
        names.add(
            License.spdx(
                Objects.toString(properties.get("license." + i + ".name"), ""),
                Objects.toString(properties.get("license." + i + ".url"), "")));
      }
      return names.isEmpty() ? License.UNKNOWN : String.join(" OR ", names);
    } catch (RepositoryException e) {
      if (isAbsent(e)) {
        return License.UNKNOWN; // published without a POM, or with a parent that was not
      }
      throw unreachable(library.library() + ":" + version, e);
    }
  }

  /// Whether the repositories answered that a file does not exist.
  private static boolean isAbsent(Throwable failure) {
    for (var cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof RepositoryOfflineException) {
        return false;
      }
      if (cause instanceof ArtifactNotFoundException && cause.getCause() == null) {
        return true;
      }
    }
    return false;
  }

  private String repositories() {
    return context.remoteRepositories().stream()
        .map(repository -> repository.getId() + " (" + repository.getUrl() + ")")
        .collect(Collectors.joining(", "));
  }

  private UserException unreachable(String what, Exception cause) {
    if (isOffline()) {
      return nothingOf(what);
    }
    return new UserException(
        "%s: no answer from %s (%s); check the network and run again, or add --offline"
            .formatted(what, repositories(), reason(cause)),
        cause);
  }

  /// The complaint about a library of which nothing is at hand offline.
  UserException nothingOf(String what) {
    return new UserException(
        "%s: Maven works offline, and the local repository %s does not hold it; run once with a"
                .formatted(
                    what, context.repositorySystemSession().getLocalRepository().getBasedir())
            + " network");
  }

  /// The innermost message, on one line.
  private static String reason(Throwable failure) {
    var cause = failure;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return Objects.toString(cause.getMessage(), cause.toString()).lines().findFirst().orElse("");
  }

  /// Whether nothing is downloaded.
  boolean isOffline() {
    return context.repositorySystemSession().isOffline();
  }

  @Override
  public void close() {
    context.close();
  }
}
