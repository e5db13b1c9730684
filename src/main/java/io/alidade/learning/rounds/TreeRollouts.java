package io.alidade.learning.rounds;

import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.example.Columns;
import io.alidade.example.Example;
import io.alidade.example.Form;
import io.alidade.example.Text;
import io.alidade.generation.Guidance;
import io.alidade.generation.TextGenerator;
import io.alidade.generation.tree.Node;
import io.alidade.generation.tree.StepTree;
import io.alidade.generation.tree.TreeSearch;
import io.alidade.judge.Case;
import io.alidade.judge.Sitting;
import io.alidade.learning.Collector;
import io.alidade.learning.StepSearch;
import io.alidade.objective.MctsDpo;
import io.alidade.store.Json;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.IntStream;

/// Rounds of a run that searches: prompts in turn, a tree of steps for each, and the pairs of
/// siblings that the trees give.
///
/// As [Rollouts] it keeps all of it in `rounds/`: `round-N.jsonl` holds every tree with all its
/// states, `round-N-learned.jsonl` the pairs, and parts that were searched are read rather than
/// searched again.
public final class TreeRollouts implements Collector {
  /// Prompts of a part.
  private static final int PART = 8; // a tree costs what many answers cost

  private final StepSearch settings;
  private final Rollouts plain; // of evaluations
  private final Asking asking;
  private final Site site;
  private final Turns turns;
  private final Set<Integer> separators;
  private final Optional<Answered> solutions;

  /// @param settings of the search
  public TreeRollouts(Asking asking, StepSearch settings) {
    this.settings = settings;
    this.asking = asking;
    this.site = asking.site();
    plain = new Rollouts(asking, settings.drawing());
    turns = site.turns(asking.train().count());
    separators =
        Guidance.stepEnds(
            site.tokenizer(), site.policy().config().vocabSize(), settings.tree().separator());
    solutions =
        settings.inject()
            ? Optional.of(
                Answered.of(
                    asking.train(),
                    site.tokenizer(),
                    "and so no solution: give rows with 'prompt' and 'completion', or set learning.StepSearch.inject=false"))
            : Optional.empty();
  }

  @Override
  public int prompts() {
    return plain.prompts();
  }

  @Override
  public SequencedMap<String, Double> measure() {
    return plain.measure();
  }

  @Override
  public Collected round(int round, int prompts) {
    var file = site.round(round);
    var trees = new ArrayList<TreeFile>();
    for (var line :
        file.lines(
            "search",
            prompts,
            PART,
            (from, until) -> {
              long first = (long) round * prompts + from;
              return searched(turns.at(first, until - from), first);
            })) {
      trees.add(TreeFile.of(file.path(), trees.size() + 1, line, settings.tree()));
    }
    long out = trees.stream().filter(tree -> tree.tree().exhausted()).count();
    if (out > 0) {
      file.say(
          "%,d of %,d searches ran out of their budget of %,d tokens; what they had committed to is learned from"
              .formatted(out, trees.size(), settings.tree().budget()));
    }
    var groups = new ArrayList<Group>();
    var lines = new StringBuilder();
    for (var tree : trees) {
      if (tree.right() || !settings.onlyRight()) {
        for (var pair : tree.tree().pairs(settings.rejected(), settings.pairs())) {
          groups.add(group(tree.number(), pair));
          lines.append(Json.line(cells(tree.number(), pair))).append('\n');
        }
      }
    }
    file.learned(lines::toString);
    if (groups.isEmpty()) {
      file.say(
          "no search found steps that differ in worth, so nothing is learned from them (%s)"
              .formatted(file.path()));
    }
    return new Collected(Groups.of(groups), metrics(trees, groups.size()));
  }

  private static SequencedMap<String, Double> metrics(List<TreeFile> trees, int pairs) {
    double right = 0;
    double out = 0;
    double nodes = 0;
    double tokens = 0;
    for (var tree : trees) {
      right += tree.right() ? 1 : 0;
      out += tree.tree().exhausted() ? 1 : 0;
      nodes += tree.tree().nodes().size();
      tokens += tree.tree().drawn();
    }
    var metrics = new LinkedHashMap<String, Double>();
    metrics.put("tree/right", right / trees.size());
    metrics.put("tree/exhausted", out / trees.size());
    metrics.put("tree/nodes", nodes / trees.size());
    metrics.put("tree/pairs", (double) pairs / trees.size());
    metrics.put("tree/tokens", tokens / trees.size());
    return metrics;
  }

  private String searched(int[] chosen, long first) {
    var prompts = Arrays.stream(chosen).mapToObj(asking.train().ids()::get).toList();
    var process = settings.process().map(judge -> judge.open(site.journal()::message));
    try {
      return searched(
          chosen, first, prompts, new TreeEvaluator(asking, settings, plain, chosen, process));
    } finally {
      process.ifPresent(Sitting::close);
    }
  }

  private String searched(int[] chosen, long first, List<int[]> prompts, TreeEvaluator judged) {
    var trees =
        new TreeSearch(
                settings.tree(),
                site.policy(),
                settings.drawing().sampling(site.seed()),
                separators,
                site.ends())
            .search(
                prompts,
                Arrays.stream(chosen)
                    .mapToObj(number -> solutions.map(given -> given.tokens(number)))
                    .toList(),
                first,
                judged);
    var committed =
        trees.stream()
            .map(
                tree -> tree.committed().isEmpty() ? new int[0] : tree.committed().getLast().path())
            .toList();
    var right = judged.right(IntStream.range(0, chosen.length).toArray(), committed);
    var lines = new StringBuilder();
    for (int i = 0; i < chosen.length; i++) {
      var example = asking.train().example(chosen[i]);
      var cells = new LinkedHashMap<String, Object>();
      cells.put("row", example.row().toString());
      cells.put("prompt", Case.words(TextGenerator.asked(example)));
      lines
          .append(new TreeFile(chosen[i], trees.get(i), right[i]).line(cells, this::words))
          .append('\n');
    }
    return lines.toString();
  }

  private String words(Node node) {
    return site.tokenizer().decode(node.tokens(), true);
  }

  private Group group(int number, StepTree.Pair pair) {
    return new Group(
        asking.train().example(number).row(),
        TreeEvaluator.joined(asking.train().ids().get(number), pair.before()),
        List.of(Completion.of(pair.chosen()), Completion.of(pair.rejected())),
        Map.of(MctsDpo.EPSILON, new double[] {pair.epsilon()}));
  }

  /// The pair as text; the common beginning of its answers stands in both.
  private Map<String, Object> cells(int number, StepTree.Pair pair) {
    var example = asking.train().example(number);
    var question = TextGenerator.asked(example);
    var ids = asking.train().ids().get(number);
    List<Text> answers =
        List.of(
            plain.answer(question, ids, TreeEvaluator.joined(pair.before(), pair.chosen())),
            plain.answer(question, ids, TreeEvaluator.joined(pair.before(), pair.rejected())));
    var cells =
        new LinkedHashMap<>(
            Columns.write(
                new Example(example.row(), question, answers, Map.of(), Map.of()), Form.PAIR));
    cells.put(MctsDpo.EPSILON.name(), pair.epsilon());
    return cells;
  }
}
