package io.alidade.judge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import io.alidade.judge.chat.Endpoint;
import io.alidade.judge.chat.Patience;
import io.alidade.judge.chat.Price;
import io.alidade.judge.chat.StubChat;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A language model as judge, played by a stub.
class ChatJudgeTest {
  @TempDir Path folder;
  private final List<String> log = Collections.synchronizedList(new ArrayList<>());

  private static final String TEMPLATE = "Q {prompt} A {a} B {b}";

  /// Prefers the longer answer.
  private static StubChat.Behaviour fair(String question) {
    var a = question.replaceFirst("(?s).* A (.*) B .*", "$1");
    var b = question.replaceFirst("(?s).* B (.*)", "$1");
    return says(a.length() > b.length() ? "A" : a.length() < b.length() ? "B" : "C");
  }

  private static StubChat.Behaviour says(String letter) {
    return new StubChat.Behaviour.Says("First [[C]], on reflection [[%s]].".formatted(letter));
  }

  private ChatJudge judge(StubChat stub, boolean swap, ChatJudge.Disagreement disagreement) {
    return judge(stub, 20, swap, disagreement);
  }

  private ChatJudge judge(
      StubChat stub, double timeout, boolean swap, ChatJudge.Disagreement disagreement) {
    return new ChatJudge(
        new Endpoint(stub.url(), "m", "", 64, 0, timeout),
        TEMPLATE,
        swap,
        disagreement,
        new Patience(2, 0.001, 0.002, 1e6, 3),
        new Price(1, 1, 100),
        Optional.of(folder.toString()),
        5);
  }

  private Verdict ask(
      BiFunction<String, Integer, StubChat.Behaviour> behaviour,
      ChatJudge.Disagreement disagreement,
      Case one)
      throws IOException {
    try (var stub = new StubChat(behaviour);
        var sitting = judge(stub, true, disagreement).open(log::add)) {
      return sitting.judge(one);
    }
  }

  @Test
  void pairsAreShownInBothOrders() throws IOException {
    try (var stub = new StubChat((q, _) -> fair(q));
        var sitting = judge(stub, true, ChatJudge.Disagreement.TIE).open(log::add)) {
      var verdict = sitting.judge(Case.of("q", "longest", "mid", "s"));
      assertThat(verdict.preference())
          .isDeepEqualTo(new double[][] {{0.5, 1, 1}, {0, 0.5, 1}, {0, 0, 0.5}});
      assertThat(verdict.best()).isZero();
      assertThat(verdict.worst()).isEqualTo(2);
      assertThat(stub.questions).hasSize(6).contains("Q q A longest B mid", "Q q A mid B longest");
    }
    assertThat(log)
        .containsExactly(
            "judge m: 6 answered, 0 failed, 0 remembered; 60 tokens read, 12 written, cost 0.0001");
    log.clear();
    try (var stub = new StubChat((q, _) -> fair(q));
        var sitting = judge(stub, true, ChatJudge.Disagreement.TIE).open(log::add)) {
      sitting.judge(Case.of("q", "longest", "mid", "s"));
      assertThat(stub.questions).as("another address, another judge").hasSize(6);
      sitting.judge(Case.of("q", "longest", "mid", "s"));
      assertThat(stub.questions).as("remembered").hasSize(6);
    }
  }

  @Test
  void aJudgeThatFavoursTheFirstAnswerSaysNothing() throws IOException {
    var one = Case.of("q", "x", "y");
    assertThat(ask((_, _) -> says("A"), ChatJudge.Disagreement.TIE, one).preference())
        .isDeepEqualTo(new double[][] {{0.5, 0.5}, {0.5, 0.5}});
    assertThat(ask((_, _) -> says("A"), ChatJudge.Disagreement.UNKNOWN, one).preference()[0])
        .containsExactly(0.5, Double.NaN);
    assertThat(log)
        .contains(
            "case:1: the judge contradicts itself on 1 of 1 pairs when they are turned round,"
                + " counted as ties",
            "case:1: the judge contradicts itself on 1 of 1 pairs when they are turned round, left"
                + " out");
    try (var stub = new StubChat((_, _) -> says("A"));
        var sitting = judge(stub, false, ChatJudge.Disagreement.TIE).open(log::add)) {
      assertThat(sitting.judge(one).preference()[0][1]).as("unless nobody turns it").isEqualTo(1);
    }
  }

  @Test
  void ofAPairThatGetsNoVerdictNothingIsKnownAndTheOthersStand() throws IOException {
    for (var failure :
        List.of(
            new StubChat.Behaviour.Says("I would rather not."),
            new StubChat.Behaviour.Stalls(),
            new StubChat.Behaviour.HangsUp())) {
      log.clear();
      Verdict verdict;
      try (var stub = new StubChat((q, _) -> q.contains("bad") ? failure : fair(q));
          var sitting =
              judge(
                      stub,
                      failure instanceof StubChat.Behaviour.Stalls ? 1 : 20,
                      true,
                      ChatJudge.Disagreement.TIE)
                  .open(log::add)) {
        verdict = sitting.judge(Case.of("q", "long", "x", "bad"));
      }
      assertThat(verdict.preference()[0]).containsExactly(0.5, 1, Double.NaN);
      assertThat(verdict.standing()).containsExactly(0.75, 0.25, Double.NaN);
      assertThat(verdict.unknown()).isEqualTo(1);
      assertThat(verdict.best()).isZero();
      assertThat(verdict.worst()).isEqualTo(1);
      assertThat(log.getFirst())
          .startsWith("case:1: the judge gave no verdict on 2 of 3 pairs, left out (");
    }
  }

  @Test
  void equalAnswersTieWithoutAQuestionAndEmptyOnesAreShownAsSuch() throws IOException {
    try (var stub = new StubChat((q, _) -> fair(q));
        var sitting = judge(stub, true, ChatJudge.Disagreement.TIE).open(log::add)) {
      assertThat(sitting.judge(Case.of("q", "same", "same")).indifferent()).isTrue();
      assertThat(stub.questions).isEmpty();
      sitting.judge(Case.of("q", "", "{prompt} {b}"));
      assertThat(stub.questions)
          .contains("Q q A (no answer) B {prompt} {b}", "Q q A {prompt} {b} B (no answer)");
      assertThat(sitting.judge(Case.of("q", "alone")).standing()).containsExactly(0.5);
      assertThat(sitting.judge(Case.of("q")).size()).isZero();
    }
  }

  @Test
  void aRefusalEndsTheSitting() throws IOException {
    assertThatThrownBy(() ->
            ask(
                (_, _) -> new StubChat.Behaviour.Sends(401, "no key", java.util.Map.of()),
                ChatJudge.Disagreement.TIE,
                Case.of("q", "a", "b", "c")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("refuses with status 401 (no key)");
  }

  @Test
  void aTemplateWithoutItsPlacesIsRefused() {
    var endpoint = new Endpoint("http://127.0.0.1:1/v1", "m", "", 8, 0, 1);
    assertThat(ChatJudge.usualTemplate()).contains("{prompt}", "{a}", "{b}", "[[C]]");
    assertThatThrownBy(() ->
            new ChatJudge(
                endpoint,
                "{prompt} {a}",
                true,
                ChatJudge.Disagreement.TIE,
                new Patience(1, 1, 1, 1, 1),
                new Price(0, 0, 0),
                Optional.empty(),
                0))
        .hasMessage("template must contain {b}");
  }
}
