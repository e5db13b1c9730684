package io.alidade.judge;

import io.alidade.UserException;
import io.alidade.judge.chat.ChatClient;
import io.alidade.store.ContentHash;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/// A language model at work as judge of pairs.
final class ChatSitting implements Sitting {
  private static final Pattern VERDICT = Pattern.compile("\\[\\[([ABC])\\]\\]");

  private final ChatJudge judge;
  private final ChatClient client;
  private final Consumer<String> log;
  private final Semaphore atATime;

  ChatSitting(ChatJudge judge, ChatClient client, Consumer<String> log) {
    this.judge = judge;
    this.client = client;
    this.log = log;
    this.atATime = new Semaphore(judge.patience().concurrency());
  }

  /// What was heard of one pair: P(first beats second), and what went wrong.
  private record Heard(double chance, boolean contradicted, String failure) {}

  /// A pair of answers of a case.
  private record Pair(int first, int second, Future<Heard> heard) {}

  @Override
  public List<Verdict> judge(List<Case> cases) {
    var all = new ArrayList<List<Pair>>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (var one : cases) {
        var pairs = new ArrayList<Pair>();
        for (int i = 0; i < one.answers().size(); i++) {
          for (int j = i + 1; j < one.answers().size(); j++) {
            int first = i;
            int second = j;
            pairs.add(new Pair(i, j, threads.submit(() -> heard(one, first, second))));
          }
        }
        all.add(pairs);
      }
      var verdicts = new ArrayList<Verdict>();
      try {
        for (int c = 0; c < cases.size(); c++) {
          verdicts.add(verdict(cases.get(c), all.get(c)));
        }
      } catch (UserException refused) {
        threads.shutdownNow(); // the others would be refused as well
        throw refused;
      }
      return List.copyOf(verdicts);
    }
  }

  private Verdict verdict(Case one, List<Pair> pairs) {
    int size = one.answers().size();
    var table = new double[size][size];
    for (int i = 0; i < size; i++) {
      table[i][i] = 0.5;
    }
    int failed = 0;
    int contradicted = 0;
    var why = "";
    for (var pair : pairs) {
      var heard = Asked.answer(pair.heard);
      table[pair.first][pair.second] = heard.chance;
      table[pair.second][pair.first] = 1 - heard.chance;
      contradicted += heard.contradicted ? 1 : 0;
      if (!heard.failure.isEmpty()) {
        failed++;
        why = heard.failure;
      }
    }
    if (failed > 0) {
      log.accept(
          "%s: the judge gave no verdict on %d of %d pairs, left out (%s)"
              .formatted(one.row(), failed, pairs.size(), why));
    }
    if (contradicted > 0) {
      log.accept(
          "%s: the judge contradicts itself on %d of %d pairs when they are turned round, %s"
              .formatted(
                  one.row(),
                  contradicted,
                  pairs.size(),
                  switch (judge.disagreement()) {
                    case TIE -> "counted as ties";
                    case UNKNOWN -> "left out";
                  }));
    }
    return new Verdict.Chances(table);
  }

  private Heard heard(Case one, int first, int second) throws InterruptedException {
    var a = one.answer(first);
    var b = one.answer(second);
    if (a.equals(b)) {
      return new Heard(0.5, false, ""); // nothing to ask
    }
    atATime.acquire();
    try {
      var forth = said(one, a, b);
      if (!forth.failure.isEmpty() || !judge.swap()) {
        return forth;
      }
      var back = said(one, b, a);
      if (!back.failure.isEmpty()) {
        return back;
      }
      if (forth.chance == 1 - back.chance) {
        return forth;
      }
      return new Heard(
          judge.disagreement() == ChatJudge.Disagreement.TIE ? 0.5 : Double.NaN, true, "");
    } finally {
      atATime.release();
    }
  }

  /// P(a beats b) as one reading says: 1, 0, or 1/2.
  private Heard said(Case one, String a, String b) {
    var question = question(Case.words(one.prompt()), a, b);
    long seed =
        judge.seed() ^ Long.parseLong(ContentHash.of(List.of(question)).substring(0, 15), 16);
    return switch (client.ask(question, seed, text -> last(text).isPresent())) {
      case ChatClient.Reply.Accepted(var text) -> new Heard(chance(last(text)), false, "");
      case ChatClient.Reply.Failed(var why) -> new Heard(Double.NaN, false, why);
    };
  }

  private static double chance(Optional<String> letter) {
    return switch (letter.orElse("")) {
      case "A" -> 1;
      case "B" -> 0;
      default -> 0.5;
    };
  }

  private static Optional<String> last(String text) {
    return VERDICT.matcher(text).results().reduce((_, y) -> y).map(match -> match.group(1));
  }

  private String question(String prompt, String a, String b) {
    return Templates.filled(
        judge.template(), Map.of("prompt", prompt, "a", shown(a), "b", shown(b)));
  }

  private static String shown(String answer) {
    return answer.isBlank() ? "(no answer)" : answer;
  }

  /// What was asked and paid so far.
  io.alidade.judge.chat.Spent spent() {
    return client.spent();
  }

  @Override
  public void close() {
    client.close();
    log.accept("judge %s: %s".formatted(judge.endpoint().model(), client.spent()));
  }
}
