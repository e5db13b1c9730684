package io.alidade.mine;

import io.alidade.UserException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.eclipse.jgit.diff.DiffEntry;
import org.eclipse.jgit.errors.LargeObjectException;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.revwalk.RevCommit;
import org.eclipse.jgit.revwalk.RevSort;
import org.eclipse.jgit.revwalk.RevWalk;
import org.eclipse.jgit.storage.file.FileRepositoryBuilder;
import org.eclipse.jgit.treewalk.TreeWalk;
import org.eclipse.jgit.treewalk.filter.AndTreeFilter;
import org.eclipse.jgit.treewalk.filter.PathSuffixFilter;
import org.eclipse.jgit.treewalk.filter.TreeFilter;

/// The first-parent history of one repository, read and never written.
final class RepositoryMine {
  private static final Pattern LICENSE =
      Pattern.compile("(?i)(un)?licen[sc]e(\\.(md|txt|rst))?|copying(\\.txt)?");
  private static final int REMEMBERED = 4000;

  private final Path folder;
  private final GitOptions git;
  private final MineOptions options;
  private final Progress progress;
  private final MethodReader reader = new MethodReader();
  private int files;
  private int failures;
  private int skipped;

  /// A file's methods by its content: what a commit leaves is what the next one starts from.
  private final Map<ObjectId, List<SourceMethod>> parsed =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<ObjectId, List<SourceMethod>> eldest) {
          return size() > REMEMBERED;
        }
      };

  RepositoryMine(Path folder, GitOptions git, MineOptions options, Progress progress) {
    this.folder = folder.toAbsolutePath().normalize();
    this.git = git;
    this.options = options;
    this.progress = progress;
  }

  /// The folder's name, which is all that rows say of the place.
  String name() {
    var name = folder.getFileName();
    return name == null ? "repository" : name.toString().replaceFirst("(?<=.)\\.git$", "");
  }

  Miner.Ore dig() {
    var builder = new FileRepositoryBuilder();
    var above = folder.getParent();
    if (above != null) {
      builder.addCeilingDirectory(above.toFile()); // the named folder, not one around it
    }
    builder.findGitDir(folder.toFile());
    if (builder.getGitDir() == null) {
      if (!folder.resolve("HEAD").toFile().isFile()) {
        throw new UserException(
            "%s: no git repository; name the folder that holds .git".formatted(folder));
      }
      builder.setGitDir(folder.toFile()); // a bare repository
    }
    try (var repository = builder.setMustExist(true).build()) {
      return dig(repository);
    } catch (IOException e) {
      throw new UserException(
          "%s: the repository cannot be read (%s); run git fsck there"
              .formatted(folder, e.getMessage()),
          e);
    }
  }

  private Miner.Ore dig(Repository repository) throws IOException {
    var head = repository.resolve(Constants.HEAD);
    if (head == null) {
      throw new UserException("%s: the repository has no commit yet".formatted(folder));
    }
    var tally = new Tally();
    var joiner = new Joiner(options.maxChars(), tally);
    try (var walk = new RevWalk(repository)) {
      walk.setFirstParent(true);
      walk.sort(RevSort.NONE);
      walk.setRetainBody(true);
      var newest = walk.parseCommit(head);
      var license = license(repository, newest);
      var commits = options.onlyMethods() ? List.<RevCommit>of() : commits(walk, newest);
      int done = 0;
      for (var commit : commits.reversed()) {
        var parent = walk.parseCommit(commit.getParent(0));
        join(repository, parent, commit, license, joiner);
        progress.step(name(), "read " + commit.abbreviate(10).name(), ++done, commits.size());
      }
      var methods = methods(repository, newest, license);
      var release =
          new LibraryReport.Release(
              newest.name(), newest.name(), license, files, failures, skipped, methods.size());
      return new Miner.Ore(
          name(), license, List.of(release), List.of(), tally, joiner.pairs(), methods);
    }
  }

  /// Commits with a parent, newest first.
  private List<RevCommit> commits(RevWalk walk, RevCommit newest) throws IOException {
    var commits = new ArrayList<RevCommit>();
    walk.markStart(newest);
    for (var commit : walk) {
      if (commits.size() == git.maxCommits()) {
        break;
      }
      var authored = commit.getAuthorIdent().getWhenAsInstant();
      if (commit.getParentCount() > 0
          && (git.since().isEmpty() || !authored.isBefore(git.since().get()))) {
        commits.add(commit);
      }
    }
    return commits;
  }

  private void join(
      Repository repository, RevCommit parent, RevCommit commit, String license, Joiner joiner)
      throws IOException {
    var origin =
        new Origin.Commit(
            name(),
            parent.name(),
            commit.name(),
            license,
            commit.getAuthorIdent().getWhenAsInstant().toString());
    try (var tree = new TreeWalk(repository)) {
      tree.addTree(parent.getTree());
      tree.addTree(commit.getTree());
      tree.setRecursive(true);
      tree.setFilter(AndTreeFilter.create(TreeFilter.ANY_DIFF, PathSuffixFilter.create(".java")));
      for (var change : DiffEntry.scan(tree)) {
        if (change.getChangeType() == DiffEntry.ChangeType.MODIFY) {
          var path = change.getNewPath();
          var before = methods(repository, change.getOldId().toObjectId(), path);
          var after = methods(repository, change.getNewId().toObjectId(), path);
          joiner.join(origin, Joiner.byKey(before), after);
        }
      }
    }
  }

  private List<MinedMethod> methods(Repository repository, RevCommit commit, String license)
      throws IOException {
    var all = new ArrayList<SourceMethod>();
    try (var tree = new TreeWalk(repository)) {
      tree.addTree(commit.getTree());
      tree.setRecursive(true);
      tree.setFilter(PathSuffixFilter.create(".java"));
      while (tree.next()) {
        all.addAll(methods(repository, tree.getObjectId(0), tree.getPathString()));
      }
    }
    return Miner.documented(all, options)
        .map(method ->
            new MinedMethod(
                name(),
                commit.name(),
                license,
                commit.name(),
                method.file(),
                method.method(),
                method.prompt(),
                method.body()))
        .toList();
  }

  private Collection<SourceMethod> methods(Repository repository, ObjectId blob, String path)
      throws IOException {
    var known = parsed.get(blob);
    if (known == null) {
      known = parse(repository, blob, path);
      parsed.put(blob, known);
    }
    // The same content may stand under several paths.
    return known.stream()
        .map(method -> method.at(path))
        .filter(method -> options.takes(name(), method))
        .toList();
  }

  private List<SourceMethod> parse(Repository repository, ObjectId blob, String path)
      throws IOException {
    if (!repository.getObjectDatabase().has(blob)) {
      skipped++; // a submodule, or a partial clone
      return List.of();
    }
    try {
      var bytes = repository.open(blob, Constants.OBJ_BLOB).getCachedBytes(SourceArchive.MAX_FILE);
      files++;
      Optional<List<SourceMethod>> read = reader.read(path, SourceArchive.text(bytes));
      if (read.isEmpty()) {
        failures++;
      }
      return read.orElse(List.of());
    } catch (LargeObjectException e) {
      skipped++;
      return List.of();
    }
  }

  private static String license(Repository repository, RevCommit commit) throws IOException {
    try (var tree = new TreeWalk(repository)) {
      tree.addTree(commit.getTree());
      tree.setRecursive(false);
      while (tree.next()) {
        if (!tree.isSubtree() && LICENSE.matcher(tree.getPathString()).matches()) {
          var bytes =
              repository
                  .open(tree.getObjectId(0), Constants.OBJ_BLOB)
                  .getCachedBytes(SourceArchive.MAX_FILE);
          return License.ofText(SourceArchive.text(bytes));
        }
      }
    }
    return License.UNKNOWN;
  }
}
