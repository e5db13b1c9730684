package io.alidade.generation.tree;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// A state of reasoning: the steps so far, with what the search knows of it. The edge to its parent
/// is its action.
public final class Node {
  private final Optional<Node> parent;
  private final int[] tokens;
  private final float[] logps;
  private final boolean terminal;
  private final List<Node> children = new ArrayList<>();
  private double value; // R, of the state
  private double reward; // r, of the action: R minus the parent's
  private double v; // V, what comes after
  private double q;
  private int visits;
  private boolean stepped; // whether steps were drawn from here, rather than whole rests alone

  private Node(Optional<Node> parent, int[] tokens, float[] logps, boolean terminal) {
    this.parent = parent;
    this.tokens = tokens.clone();
    this.logps = logps.clone();
    this.terminal = terminal;
  }

  /// The state before any step. Its own value is its reward.
  static Node root(double value) {
    var root = new Node(Optional.empty(), new int[0], new float[0], false);
    root.value = value;
    root.reward = value;
    root.q = value;
    return root;
  }

  /// Adds a child that was not visited: `N = 0`, `V = 0`, `Q = V(parent) + r`.
  ///
  /// @param value of its state, `R`
  Node add(int[] step, float[] logps, boolean terminal, double value) {
    var child = new Node(Optional.of(this), step, logps, terminal);
    child.value = value;
    child.reward = value - this.value;
    child.q = v + child.reward;
    children.add(child);
    return child;
  }

  /// Numbers that a file kept.
  void restore(double q, double v, int visits) {
    this.q = q;
    this.v = v;
    this.visits = visits;
  }

  /// Takes in what its children say, or as a leaf what it is worth itself: `V = sum_c max(1, N_c)
  /// Q_c / sum_c max(1, N_c)`, `Q = r + gamma V`, `N + 1`.
  void backUp(double discount) {
    if (!children.isEmpty()) {
      double sum = 0;
      double weight = 0;
      for (var child : children) {
        int count = Math.max(1, child.visits);
        sum += count * child.q;
        weight += count;
      }
      v = sum / weight;
    }
    q = reward + discount * v;
    visits++;
  }

  /// Notes that steps were drawn from here.
  void step() {
    stepped = true;
  }

  /// Whether steps were drawn from here, rather than whole rests alone.
  boolean stepped() {
    return stepped;
  }

  /// What it follows.
  public Optional<Node> parent() {
    return parent;
  }

  /// Tokens of its step.
  public int[] tokens() {
    return tokens.clone();
  }

  /// Log-likelihoods of them under the policy that drew them, nats.
  public float[] logps() {
    return logps.clone();
  }

  /// Whether the answer ends here.
  public boolean terminal() {
    return terminal;
  }

  /// The states after it, in the order in which they were found.
  public List<Node> children() {
    return List.copyOf(children);
  }

  /// `R`: the value of the state.
  public double value() {
    return value;
  }

  /// `r`: the reward of its step.
  public double reward() {
    return reward;
  }

  /// `V`: what comes after.
  public double v() {
    return v;
  }

  /// `Q`: reward and what comes after.
  public double q() {
    return q;
  }

  /// `N`: simulations that came through.
  public int visits() {
    return visits;
  }

  /// Steps from the beginning.
  public int depth() {
    return parent.map(Node::depth).orElse(-1) + 1;
  }

  /// All tokens from the beginning to here.
  public int[] path() {
    if (parent.isEmpty()) {
      return tokens();
    }
    var before = parent.get().path();
    var path = Arrays.copyOf(before, before.length + tokens.length);
    System.arraycopy(tokens, 0, path, before.length, tokens.length);
    return path;
  }

  /// The step with what follows it without a choice: a chain of only children is one step.
  int[] chain() {
    var all = tokens();
    var last = this;
    while (last.children.size() == 1) {
      last = last.children.getFirst();
      int before = all.length;
      all = Arrays.copyOf(all, before + last.tokens.length);
      System.arraycopy(last.tokens, 0, all, before, last.tokens.length);
    }
    return all;
  }

  /// The difference between the two largest numbers of visits among its children, over all of them.
  private double gap() {
    if (children.size() < 2) {
      return 0;
    }
    var counts = children.stream().mapToInt(Node::visits).sorted().toArray();
    int sum = Arrays.stream(counts).sum();
    return sum == 0 ? 0 : (double) (counts[counts.length - 1] - counts[counts.length - 2]) / sum;
  }

  /// The child that a search commits to: the largest `N (1 + visit gap among its children)`, of
  /// equal ones that of largest `Q`, then `V`, then the first.
  Node best() {
    return children.stream()
        .sorted(
            Comparator.comparingDouble((Node child) -> -child.visits * (1 + child.gap()))
                .thenComparingDouble(child -> -child.q)
                .thenComparingDouble(child -> -child.v))
        .findFirst()
        .orElseThrow();
  }
}
