package io.alidade.learning.rounds;

import io.alidade.UserException;
import io.alidade.batch.Completion;
import io.alidade.batch.Group;
import io.alidade.batch.Groups;
import io.alidade.journal.Journal;
import io.alidade.learning.Collector;
import io.alidade.learning.Companions;
import io.alidade.model.Drawn;
import io.alidade.model.Generator;
import io.alidade.store.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import tools.jackson.databind.JsonNode;

/// Groups of the data in turn, each with fresh answers of the policy behind its candidates.
///
/// What was drawn is kept in the run's folder `rounds/`: `round-N.jsonl` holds the answers of step
/// N with their ids, and is read rather than drawn again by a run that goes on.
public final class Accompanied implements Collector {
  private final Site site;
  private final Groups groups;
  private final Companions companions;
  private final int every;
  private final Turns turns;

  /// What was drawn to a prompt.
  ///
  /// @param ended whether each answer came to its end
  private record Answers(List<int[]> tokens, boolean[] ended) {}

  /// @param groups of the data; they leave room for an answer
  /// @param companions how answers are drawn
  /// @param every steps from one drawing to the next, at least 1; between them groups are as the
  ///   data have them
  public Accompanied(Site site, Groups groups, Companions companions, int every) {
    this.site = site;
    this.groups = groups;
    this.companions = companions;
    this.every = every;
    turns = site.turns(groups.count());
  }

  /// The groups whose prompts leave room for an answer.
  ///
  /// @param longest tokens of a prompt at most
  /// @throws UserException if there is none
  public static Groups withRoom(Groups groups, int longest, Journal journal) {
    var kept = new ArrayList<Integer>();
    for (int i = 0; i < groups.count(); i++) {
      var prompt = groups.group(i).prompt();
      if (prompt.length > 0 && prompt.length <= longest) {
        kept.add(i);
      }
    }
    if (kept.isEmpty()) {
      throw new UserException(
          "no prompt of %d leaves room for an answer: max_length less max_new_tokens is %d; raise max_length"
              .formatted(groups.count(), longest));
    }
    if (kept.size() == groups.count()) {
      return groups;
    }
    journal.message(
        "left out %,d rows whose prompt is empty or longer than max_length less max_new_tokens"
            .formatted(groups.count() - kept.size()));
    return new Groups() {
      @Override
      public int count() {
        return kept.size();
      }

      @Override
      public Group group(int index) {
        return groups.group(kept.get(index));
      }

      @Override
      public void ahead(int... indices) {
        groups.ahead(Arrays.stream(indices).map(kept::get).toArray());
      }

      @Override
      public void close() {
        groups.close();
      }
    };
  }

  @Override
  public int prompts() {
    return groups.count();
  }

  @Override
  public Collected round(int round, int prompts) {
    long first = (long) round * prompts;
    var chosen = new ArrayList<Group>();
    for (int index : turns.at(first, prompts)) {
      chosen.add(groups.group(index));
    }
    // The last of so many steps draws: at the first one the policy is its reference.
    if ((round + 1) % every != 0) {
      return new Collected(Groups.of(chosen), new LinkedHashMap<>());
    }
    var file = site.round(round);
    var lines = file.lines("draw", prompts, prompts, (_, _) -> drawn(chosen, first));
    var answers = read(file.path(), lines, chosen.size());
    var joined = new ArrayList<Group>();
    for (int g = 0; g < chosen.size(); g++) {
      joined.add(joined(chosen.get(g), answers.get(g)));
    }
    return new Collected(Groups.of(joined), metrics(answers));
  }

  private String drawn(List<Group> chosen, long first) {
    var drawn = new Drawn[chosen.size()][companions.samples()];
    new Generator(site.policy(), companions.sampling(site.seed()), site.ends())
        .sample(
            chosen.stream().map(Group::prompt).toList(),
            companions.samples(),
            Math.toIntExact(first),
            sample -> drawn[sample.prompt()][sample.number()] = sample.drawn());
    var lines = new StringBuilder();
    for (int g = 0; g < drawn.length; g++) {
      var cells = new LinkedHashMap<String, Object>();
      var texts = new ArrayList<String>();
      var ids = new ArrayList<int[]>();
      var ended = new boolean[companions.samples()];
      for (int s = 0; s < ended.length; s++) {
        texts.add(site.tokenizer().decode(drawn[g][s].tokens(), true));
        ids.add(drawn[g][s].tokens());
        ended[s] = drawn[g][s].stop() != Drawn.Stop.LENGTH;
      }
      cells.put("row", chosen.get(g).row().toString());
      cells.put("completions", texts);
      cells.put("completion_ids", ids);
      cells.put("ended", ended);
      lines.append(Json.line(cells)).append('\n');
    }
    return lines.toString();
  }

  private static List<Answers> read(Path file, List<String> lines, int count) {
    var answers = new ArrayList<Answers>();
    for (var line : lines) {
      var where = "%s:%d".formatted(file, answers.size() + 1);
      var json = Json.object(where, Json.parse(where, line));
      var tokens = new ArrayList<int[]>();
      for (var ids : json.path("completion_ids")) {
        tokens.add(ids(where, ids));
      }
      var ended = new boolean[tokens.size()];
      for (int s = 0; s < ended.length; s++) {
        ended[s] = json.path("ended").path(s).asBoolean();
      }
      answers.add(new Answers(tokens, ended));
    }
    if (answers.size() != count) {
      throw new UserException(
          "%s: %d lines where a step has %d prompts; the file was changed: remove it, and --resume draws it anew"
              .formatted(file, answers.size(), count));
    }
    return answers;
  }

  private static int[] ids(String where, JsonNode node) {
    var ids = new int[node.size()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = (int) Json.number(where, node.path(i));
    }
    return ids;
  }

  private static Group joined(Group group, Answers answers) {
    var candidates = new ArrayList<>(group.candidates());
    answers.tokens.forEach(tokens -> candidates.add(Completion.of(tokens)));
    return new Group(group.row(), group.prompt(), candidates, group.signals());
  }

  private static SequencedMap<String, Double> metrics(List<Answers> answers) {
    long tokens = 0;
    int all = 0;
    int clipped = 0;
    for (var one : answers) {
      for (int s = 0; s < one.ended.length; s++) {
        tokens += one.tokens.get(s).length;
        clipped += one.ended[s] ? 0 : 1;
        all++;
      }
    }
    var metrics = new LinkedHashMap<String, Double>();
    metrics.put("completions/mean_length", (double) tokens / all);
    metrics.put("completions/clipped_ratio", (double) clipped / all);
    return metrics;
  }

  @Override
  public SequencedMap<String, Double> measure() {
    return new LinkedHashMap<>(); // held-out pairs are measured as those of other runs
  }
}
