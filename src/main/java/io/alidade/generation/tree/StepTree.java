package io.alidade.generation.tree;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/// The search for an answer to one prompt, told step by step: it says which state it wants grown,
/// and is given steps with the values of the states that they lead to. So the trees of many prompts
/// can be grown together.
public final class StepTree {
  /// A step that was drawn.
  ///
  /// @param tokens of it
  /// @param logps log-likelihoods of them, nats
  /// @param terminal whether the answer ends with it
  /// @param value of the state that it leads to, `R`
  /// @param given whether it is of a given solution, and was not drawn
  public record Step(int[] tokens, float[] logps, boolean terminal, double value, boolean given) {
    /// A step that was drawn.
    public Step(int[] tokens, float[] logps, boolean terminal, double value) {
      this(tokens, logps, terminal, value, /* given= */ false);
    }
  }

  private final Puct settings;
  private final long seed; // of commitments, where they are drawn
  private final Node origin;
  private final List<Node> committed = new ArrayList<>();
  private Node root;
  private Node at; // where the present simulation stands
  private int simulated; // from the present root
  private int drawn; // tokens
  private boolean exhausted;

  /// A tree that knows nothing but its beginning.
  ///
  /// @param value of the state before any step, `R`
  /// @param seed of commitments, where they are drawn
  public StepTree(Puct settings, double value, long seed) {
    this.settings = settings;
    this.seed = seed;
    origin = Node.root(value);
    root = origin;
    at = root;
  }

  /// The state before any step.
  public Node origin() {
    return origin;
  }

  /// The steps that the search has committed to, from the first.
  public List<Node> committed() {
    return List.copyOf(committed);
  }

  /// Whether the budget of tokens was used up before the search had committed to an end.
  public boolean exhausted() {
    return exhausted;
  }

  /// Tokens that were drawn for it, repetitions that were dropped included.
  public int drawn() {
    return drawn;
  }

  /// Whether the search is over.
  public boolean done() {
    return exhausted || root.terminal();
  }

  /// The state to be grown next.
  ///
  /// @throws IllegalStateException if the search is over
  Node wants() {
    if (done()) {
      throw new IllegalStateException("the search is over");
    }
    return at;
  }

  /// Whether the state is to be grown by the whole rest of an answer, in place of a step.
  boolean wantsAll() {
    return at.depth() - root.depth() >= settings.depth() - 1;
  }

  /// How many steps are to be drawn for it.
  public int count() {
    if (wantsAll()) {
      return settings.multipleChoice() ? 2 : 1;
    }
    return at == origin ? settings.firstActions() : settings.actions();
  }

  /// Takes what was drawn, and goes on until another state is to be grown or the search is over.
  /// Repetitions are dropped, and what is more than the breadth.
  ///
  /// @param steps at least one
  void grown(List<Step> steps) {
    if (!wantsAll()) {
      at.step();
    }
    for (var step : steps) {
      drawn += step.given ? 0 : step.tokens.length;
      if (at.children().size() < settings.breadth() && fresh(step.tokens)) {
        at.add(step.tokens, step.logps, step.terminal, step.value);
      }
    }
    at = selected(at);
    advance();
  }

  private boolean fresh(int[] tokens) {
    return at.children().stream()
        .allMatch(sibling ->
            !Arrays.equals(sibling.tokens(), tokens)
                && overlap(sibling.tokens(), tokens) <= settings.overlap());
  }

  /// F of two bags of neighbouring tokens, so that order counts: twice what they share over what
  /// they hold.
  static double overlap(int[] one, int[] two) {
    Map<Long, Integer> counts = new HashMap<>();
    neighbours(one).forEach(pair -> counts.merge(pair, 1, Integer::sum));
    int shared = 0;
    for (long pair : neighbours(two)) {
      if (counts.merge(pair, -1, Integer::sum) >= 0) {
        shared++;
      }
    }
    return one.length + two.length == 0 ? 1 : 2.0 * shared / (one.length + two.length);
  }

  private static List<Long> neighbours(int[] tokens) {
    var pairs = new ArrayList<Long>();
    for (int i = 0; i < tokens.length; i++) {
      pairs.add((i == 0 ? -1L : tokens[i - 1]) << 32 | tokens[i]);
    }
    return pairs;
  }

  private Node selected(Node node) {
    Node best = node.children().getFirst();
    double most = settings.score(best);
    for (var child : node.children()) {
      double score = settings.score(child);
      if (score > most) {
        most = score;
        best = child;
      }
    }
    return best;
  }

  /// Descends, backs up and commits until there is something to be grown.
  private void advance() {
    while (!done()) {
      if (at.terminal()) {
        finishSimulation();
      } else if (at.children().isEmpty() || !(at.stepped() || wantsAll())) {
        // A state that was looked at from afar by one whole rest is grown by steps when it is near.
        if (drawn >= settings.budget()) {
          exhausted = true;
        }
        return;
      } else {
        at = selected(at);
      }
    }
  }

  private void finishSimulation() {
    for (Optional<Node> node = Optional.of(at); node.isPresent(); node = node.get().parent()) {
      node.get().backUp(settings.discount());
      if (node.get() == root) {
        break;
      }
    }
    simulated++;
    if (simulated >= (root == origin ? 4 * settings.simulations() : settings.simulations())) {
      root = next();
      committed.add(root);
      simulated = 0;
    }
    at = root;
  }

  /// The child of the root that the search commits to.
  private Node next() {
    if (settings.temperature() == 0) {
      return root.best();
    }
    var children = root.children();
    double most = children.stream().mapToDouble(this::favour).max().orElseThrow();
    var weights = children.stream().mapToDouble(child -> Math.exp(favour(child) - most)).toArray();
    double rest =
        new SplittableRandom(seed * 0x9E3779B97F4A7C15L + Arrays.hashCode(root.path())).nextDouble()
            * Arrays.stream(weights).sum();
    int chosen = 0;
    while (chosen < weights.length - 1 && rest >= weights[chosen]) {
      rest -= weights[chosen++];
    }
    return children.get(chosen);
  }

  /// `log (e^Q (children + 1))^(1 / T)`.
  private double favour(Node child) {
    return (child.q() + Math.log(child.children().size() + 1.0)) / settings.temperature();
  }

  /// Which siblings make a pair with the chosen one.
  public enum Rejected {
    /// The one of least `Q`.
    WORST,
    /// The one next to the chosen one.
    SECOND,
    /// Any other, a function of the place alone.
    RANDOM
  }

  /// A preference between two steps after the same beginning.
  ///
  /// @param before tokens of the answer before them
  /// @param chosen tokens of the better step, from the first in which they differ
  /// @param rejected tokens of the worse one
  /// @param epsilon chance that the label is wrong, from visits: `min(N_l / (N_l + max(1, N_w)),
  ///   0.5)`
  public record Pair(int[] before, int[] chosen, int[] rejected, double epsilon) {}

  /// The pairs along the path that the search has committed to: at each state with several children
  /// the best against another. States whose two have equal `Q` give none.
  ///
  /// @param most pairs, the first ones
  public List<Pair> pairs(Rejected rejected, int most) {
    var pairs = new ArrayList<Pair>();
    var state = origin;
    for (var next : committed) {
      var ranked = ranked(state);
      if (ranked.size() > 1 && pairs.size() < most) {
        var chosen = ranked.getFirst();
        var other =
            switch (rejected) {
              case WORST -> ranked.getLast();
              case SECOND -> ranked.get(1);
              case RANDOM ->
                  ranked.get(1 + Math.floorMod(Arrays.hashCode(state.path()), ranked.size() - 1));
            };
        pair(state, chosen, other).ifPresent(pairs::add);
      }
      state = next;
    }
    return pairs;
  }

  private List<Node> ranked(Node state) {
    return state.children().stream()
        .sorted(
            java.util.Comparator.comparingDouble((Node child) -> -child.q())
                .thenComparingDouble(child -> -settings.prior(child.logps()))
                .thenComparingDouble(child -> -child.reward())
                .thenComparingDouble(child -> -child.value())
                .thenComparingInt(child -> -child.visits()))
        .toList();
  }

  private static Optional<Pair> pair(Node state, Node chosen, Node rejected) {
    if (chosen.q() == rejected.q()) {
      return Optional.empty();
    }
    int[] won = chosen.chain();
    int[] lost = rejected.chain();
    int same = Arrays.mismatch(won, lost);
    if (same < 0 || same == won.length || same == lost.length) {
      return Optional.empty(); // one goes on where the other ends: they do not differ in a token
    }
    var path = state.path();
    var before = Arrays.copyOf(path, path.length + same);
    System.arraycopy(won, 0, before, path.length, same);
    return Optional.of(
        new Pair(
            before,
            Arrays.copyOfRange(won, same, won.length),
            Arrays.copyOfRange(lost, same, lost.length),
            epsilon(chosen.visits(), rejected.visits())));
  }

  /// The chance that visits give a wrong label.
  static double epsilon(int won, int lost) {
    return Math.min((double) lost / (lost + Math.max(1, won)), 0.5);
  }

  /// All nodes, each after its parent.
  public List<Node> nodes() {
    var nodes = new ArrayList<Node>();
    nodes.add(origin);
    for (int i = 0; i < nodes.size(); i++) {
      nodes.addAll(nodes.get(i).children());
    }
    return nodes;
  }

  /// A tree as a file kept it.
  ///
  /// @param nodes with the numbers of their parents, each after its parent; the first is the
  ///   beginning
  /// @param committed numbers of the committed nodes
  /// @param drawn tokens that were drawn for it
  public static StepTree restored(
      Puct settings, List<Kept> nodes, List<Integer> committed, int drawn, boolean exhausted) {
    var tree = new StepTree(settings, nodes.getFirst().value, 0); // commits to nothing more
    var all = new ArrayList<Node>();
    all.add(tree.origin);
    tree.origin.restore(nodes.getFirst().q, nodes.getFirst().v, nodes.getFirst().visits);
    for (var kept : nodes.subList(1, nodes.size())) {
      var node = all.get(kept.parent).add(kept.tokens, kept.logps, kept.terminal, kept.value);
      node.restore(kept.q, kept.v, kept.visits);
      all.add(node);
    }
    committed.forEach(number -> tree.committed.add(all.get(number)));
    tree.root = tree.committed.isEmpty() ? tree.origin : tree.committed.getLast();
    tree.drawn = drawn;
    tree.exhausted = exhausted;
    return tree;
  }

  /// What is kept of a node.
  ///
  /// @param parent its number; -1 for the beginning
  public record Kept(
      int parent,
      int[] tokens,
      float[] logps,
      boolean terminal,
      double value,
      double q,
      double v,
      int visits) {}
}
