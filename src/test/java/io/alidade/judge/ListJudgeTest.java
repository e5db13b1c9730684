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
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A language model that gives points to all answers at once, played by a stub.
class ListJudgeTest {
  private static final Pattern SHOWN =
      Pattern.compile("\\[Answer (\\d+)\\]\\n(.*?)\\n\\[End of answer \\d+\\]", Pattern.DOTALL);
  private static final Case FIVE = Case.of("q", "a", "bb", "ccc", "dddd", "eeeee");

  @TempDir Path folder;
  private final List<String> log = Collections.synchronizedList(new ArrayList<>());

  /// The answers as they were shown.
  private static List<String> shown(String question) {
    return SHOWN.matcher(question).results().map(m -> m.group(2)).toList();
  }

  /// As many points as an answer has letters.
  private static StubChat.Behaviour fair(String question) {
    var answers = shown(question);
    var verdict = new StringBuilder("I say [[1: 1]] to begin with.");
    for (int n = 1; n <= answers.size(); n++) {
      verdict.append("\n[[%d: %d]]".formatted(n, answers.get(n - 1).length()));
    }
    return new StubChat.Behaviour.Says(verdict.toString());
  }

  private ListJudge judge(StubChat stub, int readings, long seed) {
    return new ListJudge(
        new Endpoint(stub.url(), "m", "", 64, 0, 20),
        "Q {prompt}\n{answers}",
        1,
        6,
        readings,
        new Patience(2, 0.001, 0.002, 1e6, 3),
        new Price(0, 0, 0),
        Optional.of(folder.toString()),
        seed);
  }

  private Verdict ask(
      BiFunction<String, Integer, StubChat.Behaviour> behaviour, int readings, Case one)
      throws IOException {
    try (var stub = new StubChat(behaviour);
        var sitting = judge(stub, readings, 5).open(log::add)) {
      return sitting.judge(one);
    }
  }

  @Test
  void eachAnswerGetsItsPointsWhereverItStoodInTheList() throws IOException {
    try (var stub = new StubChat((q, _) -> fair(q))) {
      var orders = new HashSet<List<String>>();
      for (long seed = 0; seed < 8; seed++) {
        try (var sitting = judge(stub, 1, seed).open(log::add)) {
          var verdict = sitting.judge(FIVE);
          assertThat(verdict.standing()).containsExactly(1, 2, 3, 4, 5);
          assertThat(verdict.best()).isEqualTo(4);
          orders.add(shown(stub.questions.getLast()));
        }
      }
      assertThat(orders).as("the order is drawn").hasSizeGreaterThan(4);
      int asked = stub.questions.size();
      assertThat(asked).as("one question for all answers").isEqualTo(8);
      try (var sitting = judge(stub, 1, 3).open(log::add)) {
        sitting.judge(FIVE);
      }
      assertThat(stub.questions).as("remembered").hasSize(asked);
    }
  }

  @Test
  void whatGetsNoPointsOrTooManyIsUnknownAndTheOthersStand() throws IOException {
    var verdict =
        ask(
            (q, _) ->
                new StubChat.Behaviour.Says(
                    shown(q).stream()
                        .map(answer ->
                            switch (answer) {
                              case "a" -> "";
                              case "bb" -> "[[%d: 7]]".formatted(shown(q).indexOf("bb") + 1);
                              default -> "[[ %d : 4.5 ]]".formatted(shown(q).indexOf(answer) + 1);
                            })
                        .collect(Collectors.joining("\n", "", " [[9: 3]] [[0: 3]]"))),
            1,
            FIVE);
    assertThat(verdict.standing()).containsExactly(Double.NaN, Double.NaN, 4.5, 4.5, 4.5);
    assertThat(log.getFirst())
        .isEqualTo(
            "case:1: the judge gave no points to 2 of 5 answers, left out (points from 1.0 to 6.0"
                + " were asked for)");
  }

  @Test
  void severalReadingsAreAveragedAndTheirContradictionsTold() throws IOException {
    // three points for whoever stands first, one for all others
    var verdict =
        ask(
            (q, _) ->
                new StubChat.Behaviour.Says("[[1: 3]]" + (shown(q).size() > 1 ? " [[2: 1]]" : "")),
            16,
            Case.of("q", "x", "y"));
    assertThat(verdict.standing()[0] + verdict.standing()[1]).isEqualTo(4);
    assertThat(verdict.standing()).doesNotContain(1, 3);
    assertThat(log.getFirst())
        .startsWith("case:1: the judge contradicts itself by up to 2.0 points");
    log.clear();
    assertThat(ask((q, _) -> fair(q), 3, FIVE).standing()).containsExactly(1, 2, 3, 4, 5);
    assertThat(log).hasSize(1); // what was spent
  }

  @Test
  void equalAnswersAreShownOnceAndEmptyOnesAsSuch() throws IOException {
    try (var stub = new StubChat((q, _) -> fair(q));
        var sitting = judge(stub, 1, 5).open(log::add)) {
      assertThat(sitting.judge(Case.of("q", "xx", "xx", "{answers}")).standing()[1]).isEqualTo(2);
      assertThat(shown(stub.questions.getFirst())).containsExactlyInAnyOrder("xx", "{answers}");
      sitting.judge(Case.of("q", " ", "yy"));
      assertThat(stub.questions.getLast()).contains("(no answer)");
      assertThat(sitting.judge(Case.of("q")).size()).isZero();
    }
  }

  @Test
  void whenItSaysNothingAllAnswersOfTheCaseAreUnknown() throws IOException {
    for (var failure :
        List.of(
            new StubChat.Behaviour.Says("All are fine: [1: 5]."),
            new StubChat.Behaviour.HangsUp(),
            new StubChat.Behaviour.Sends(500, "", Map.of()))) {
      log.clear();
      assertThat(ask((_, _) -> failure, 1, FIVE).unknown()).isEqualTo(5);
      assertThat(log.getFirst())
          .startsWith("case:1: the judge gave no points to 5 of 5 answers, left out (");
    }
    assertThatThrownBy(
            () -> ask((_, _) -> new StubChat.Behaviour.Sends(401, "no key", Map.of()), 1, FIVE))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("refuses with status 401 (no key)");
  }

  @Test
  void aTemplateWithoutItsPlacesOrAnEmptyScaleIsRefused() {
    var endpoint = new Endpoint("http://127.0.0.1:1/v1", "m", "", 8, 0, 1);
    var patience = new Patience(1, 1, 1, 1, 1);
    var price = new Price(0, 0, 0);
    assertThatThrownBy(() ->
            new ListJudge(endpoint, "{prompt}", 1, 6, 1, patience, price, Optional.empty(), 0))
        .hasMessage("template must contain {answers}");
    assertThatThrownBy(() ->
            new ListJudge(
                endpoint, "{prompt} {answers}", 6, 6, 1, patience, price, Optional.empty(), 0))
        .hasMessage("most must be above least 6.0, was 6.0");
  }
}
