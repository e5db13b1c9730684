package io.alidade.learning.rounds;

import io.alidade.batch.Groups;
import io.alidade.example.Example;
import io.alidade.example.Text;
import io.alidade.generation.TextGenerator;
import io.alidade.judge.Case;
import io.alidade.judge.Verdict;
import io.alidade.learning.Collector;
import io.alidade.learning.Drawing;
import io.alidade.model.Drawn;
import io.alidade.model.Generator;
import io.alidade.objective.Needs;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/// Rounds of a run: prompts in turn, answers of the policy, what the judge says of them.
///
/// Everything that was drawn is kept in the run's folder `rounds/`: `round-N.jsonl` holds all
/// answers with their scores, `round-N-learned.jsonl` what was learned from, in the format that a
/// later run reads. A round is drawn in parts, each kept when it is judged, and what is kept is
/// read rather than drawn again, so that a run which is killed while it draws loses a part at most.
public final class Rollouts implements Collector {
  /// Prompts of a part.
  static final int PART = 32;

  /// Held-out prompts that are measured.
  private static final int MEASURED = 64;

  private final Asking asking;
  private final Site site;
  private final Drawing drawing;
  private final Turns turns;

  /// @param drawing how answers are drawn
  public Rollouts(Asking asking, Drawing drawing) {
    this.asking = asking;
    this.site = asking.site();
    this.drawing = drawing;
    this.turns = site.turns(asking.train().count());
  }

  @Override
  public int prompts() {
    return asking.train().count();
  }

  @Override
  public Collected round(int round, int prompts) {
    var file = site.round(round);
    var rollouts = rollouts(file, round, prompts);
    var needs = asking.needs();
    var own = Feedback.of(rollouts, needs.feedback(), drawing);
    boolean lent = needs.feedback() == Needs.Feedback.LABELLED && needs.candidates() > 1;
    var lessons = lent ? Feedback.lent(own) : own;
    file.learned(() -> Feedback.lines(lessons));
    nothing(rollouts, lessons).ifPresent(why -> file.say("%s (%s)".formatted(why, file.path())));
    return new Collected(
        Groups.of(lessons.stream().map(Feedback.Lesson::group).toList()), metrics(rollouts));
  }

  /// The answers of a round with what the judge says of them, drawn as far as they are not kept.
  List<Rollout> rollouts(RoundFile file, int round, int prompts) {
    return rollouts(file, round, prompts, _ -> Optional.empty());
  }

  /// The same with a guest's answer behind the policy's; see [#drawn].
  List<Rollout> rollouts(
      RoundFile file, int round, int prompts, IntFunction<Optional<int[]>> guest) {
    return read(
        file.path(),
        file.lines(
            "draw",
            prompts,
            PART,
            (from, until) -> {
              long first = (long) round * prompts + from;
              return drawn(
                  asking.train(), turns.at(first, until - from), first, site.seed(), guest);
            }));
  }

  /// Why nothing is learned from a round, if so, in a line.
  private static Optional<String> nothing(List<Rollout> rollouts, List<Feedback.Lesson> lessons) {
    if (lessons.stream().anyMatch(Feedback.Lesson::moves)) {
      return Optional.empty();
    }
    var answers = rollouts.stream().flatMap(one -> one.example().candidates().stream()).toList();
    var reason =
        rollouts.stream().allMatch(one -> one.ranked().isEmpty())
            ? "no answer could be judged"
            : answers.stream().allMatch(answer -> Case.words(answer).isBlank())
                ? "all answers are empty"
                : rollouts.stream().allMatch(Rollout::identical)
                    ? "all answers to a prompt are the same"
                    : "no prompt's answers differ in worth";
    return Optional.of(reason + ", so nothing is learned from them");
  }

  /// Answers to some prompts with their verdicts, a line a prompt.
  ///
  /// @param first place of the first prompt in the run, which with the seed decides the draws
  /// @param guest ids of an answer that somebody else gives to a prompt, by the prompt's number; it
  ///   is judged with the others and stands behind them
  String drawn(
      Prompts asked, int[] chosen, long first, long seed, IntFunction<Optional<int[]>> guest) {
    var prompts = Arrays.stream(chosen).mapToObj(asked.ids()::get).toList();
    var drawn = new Drawn[chosen.length][drawing.samples()];
    new Generator(site.policy(), drawing.sampling(seed), site.ends())
        .sample(
            prompts,
            drawing.samples(),
            Math.toIntExact(first),
            sample -> drawn[sample.prompt()][sample.number()] = sample.drawn());
    var all = new ArrayList<List<Drawn>>();
    var cases = new ArrayList<Case>();
    for (int i = 0; i < chosen.length; i++) {
      var own = new ArrayList<>(List.of(drawn[i]));
      guest.apply(chosen[i]).map(Rollouts::given).ifPresent(own::add);
      all.add(own);
      var example = asked.example(chosen[i]);
      var question = TextGenerator.asked(example);
      int[] ids = prompts.get(i);
      var answers = own.stream().map(d -> answer(question, ids, d.tokens())).toList();
      cases.add(new Case(example.row(), question, answers, asked.cells(chosen[i])));
    }
    var verdicts = asking.sitting().judge(cases);
    var lines = new StringBuilder();
    for (int i = 0; i < chosen.length; i++) {
      var one = cases.get(i);
      lines
          .append(rollout(one, prompts.get(i), all.get(i), verdicts.get(i)).line(verdicts.get(i)))
          .append('\n');
    }
    return lines.toString();
  }

  /// An answer that nobody drew, so that nothing is known of its likelihood.
  private static Drawn given(int[] tokens) {
    return new Drawn(tokens, new float[0], new float[0], Drawn.Stop.END);
  }

  private static Rollout rollout(Case one, int[] prompt, List<Drawn> drawn, Verdict verdict) {
    var ended = new boolean[drawn.size()];
    for (int s = 0; s < ended.length; s++) {
      ended[s] = drawn.get(s).stop() != Drawn.Stop.LENGTH;
    }
    return new Rollout(
        new Example(one.row(), one.prompt(), one.answers(), Map.of(), Map.of()),
        prompt,
        drawn.stream().map(Drawn::tokens).toList(),
        drawn.stream().map(d -> doubles(d.logps())).toList(),
        ended,
        verdict.standing(),
        verdict.preference(),
        Rollout.classes(verdict, one.answers()));
  }

  private static double[] doubles(float[] values) {
    var wide = new double[values.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = values[i];
    }
    return wide;
  }

  /// An answer as text: what it adds to the prompt's.
  Text answer(Text question, int[] prompt, int[] tokens) {
    var alone = site.tokenizer().decode(tokens, true);
    if (question instanceof Text.Chat) {
      return new Text.Chat(List.of(TextGenerator.message("assistant", alone)));
    }
    var before = site.tokenizer().decode(prompt, true);
    var both = Arrays.copyOf(prompt, prompt.length + tokens.length);
    System.arraycopy(tokens, 0, both, prompt.length, tokens.length);
    var together = site.tokenizer().decode(both, true);
    return new Text.Plain(
        together.startsWith(before) ? together.substring(before.length()) : alone);
  }

  static List<Rollout> read(Path file, List<String> lines) {
    var rollouts = new ArrayList<Rollout>();
    for (var line : lines) {
      rollouts.add(Rollout.of(file, rollouts.size() + 1, line));
    }
    return rollouts;
  }

  /// Sums up the answers of the policy; those of guests stand behind them.
  SequencedMap<String, Double> metrics(List<Rollout> rollouts) {
    int samples = drawing.samples();
    double reward = 0;
    int known = 0;
    int answers = 0;
    double deviation = 0;
    int indifferent = 0;
    long tokens = 0;
    int clipped = 0;
    for (var rollout : rollouts) {
      var judged =
          Arrays.stream(rollout.standing(), 0, samples).filter(v -> !Double.isNaN(v)).toArray();
      double mean = Arrays.stream(judged).average().orElse(0);
      reward += Arrays.stream(judged).sum();
      known += judged.length;
      answers += samples;
      deviation +=
          judged.length < 2
              ? 0
              : Math.sqrt(
                  Arrays.stream(judged).map(v -> (v - mean) * (v - mean)).sum()
                      / (judged.length - 1));
      indifferent += rollout.indifferent() ? 1 : 0;
      for (int s = 0; s < samples; s++) {
        tokens += rollout.answers().get(s).length;
        clipped += rollout.ended()[s] ? 0 : 1;
      }
    }
    var metrics = new LinkedHashMap<String, Double>();
    metrics.put("reward", known == 0 ? Double.NaN : reward / known);
    metrics.put("reward_std", deviation / rollouts.size());
    metrics.put("frac_reward_zero_std", (double) indifferent / rollouts.size());
    metrics.put("rewards/unjudged", (double) (answers - known) / answers);
    metrics.put("completions/mean_length", (double) tokens / answers);
    metrics.put("completions/clipped_ratio", (double) clipped / answers);
    return metrics;
  }

  @Override
  public SequencedMap<String, Double> measure() {
    var measured = new LinkedHashMap<String, Double>();
    var held = asking.held();
    if (held.isEmpty()) {
      return measured;
    }
    int count = Math.min(MEASURED, held.get().count());
    var chosen = IntStream.range(0, count).toArray();
    var lines =
        drawn(held.get(), chosen, 0, site.seed() + 1, _ -> Optional.empty()).lines().toList();
    metrics(read(Path.of("held-out"), lines))
        .forEach((name, value) -> measured.put("eval_" + name, value));
    return measured;
  }
}
