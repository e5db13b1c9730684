package io.alidade.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.alidade.UserException;
import java.time.Clock;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChatTemplateTest {
  private static final String PLAIN =
      """
      {% for m in messages %}<{{ m.role }}>{{ m.content }}</>
      {% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}
      """;
  private static final String MARKED =
      """
      {% for m in messages %}<{{ m.role }}>
      {%- if m.role == 'assistant' %}{% generation %}{{ m.content }}</>{% endgeneration %}
      {% else %}{{ m.content }}</>
      {% endif %}{% endfor %}
      """;
  private static final List<Map<String, ?>> CHAT =
      List.of(
          Map.of("role", "user", "content", "Hi 🙂"),
          Map.of("role", "assistant", "content", "Hello"),
          Map.of("role", "user", "content", "Why?"),
          Map.of("role", "assistant", "content", "So"));

  private static List<String> parts(String text, List<Span> spans) {
    return spans.stream().map(span -> text.substring(span.start(), span.end())).toList();
  }

  @Test
  void templateSyntaxInMessagesStaysText() {
    var message = Map.of("role", "user", "content", "{{ 7 * 7 }} {% raise %} {# x #}");
    var text = ChatTemplate.parse(PLAIN).conversation(List.of(message), null, true, Map.of());
    assertThat(text.text()).isEqualTo("<user>{{ 7 * 7 }} {% raise %} {# x #}</>\n<assistant>");
  }

  @Test
  void extraVariablesReachTheTemplateAndToolsAndDocumentsAreNoneByDefault() {
    var template = ChatTemplate.parse("{{ bos_token }}{{ tools }}{{ documents }}{{ eos_token }}");
    assertThat(template.conversation(CHAT, null, false, Map.of("bos_token", "<s>")).text())
        .isEqualTo("<s>NoneNone");
  }

  @Test
  void generationBlocksGiveSpans() {
    var template = ChatTemplate.parse(MARKED);
    var rendering = template.conversation(CHAT, null, false, Map.of());
    assertThat(template.hasGenerationMarks()).isTrue();
    assertThat(parts(rendering.text(), rendering.generations()))
        .containsExactly("Hello</>", "So</>");
    assertThat(template.assistantSpans(CHAT, null, Map.of())).isEqualTo(rendering.generations());
  }

  @Test
  void generationBlocksInMacrosAreFoundWhereTheirTextIsPrinted() {
    var template =
        ChatTemplate.parse(
            "{% macro m(x) %}[{% generation %}{{ x }}{% endgeneration %}]{% endmacro %}"
                + "ab{{ m('one') }}{% set t = m('two') %}c{{ t }}");
    var rendering = template.render(Map.of());
    assertThat(rendering.text()).isEqualTo("ab[one]c[two]");
    assertThat(parts(rendering.text(), rendering.generations())).containsExactly("one", "two");
  }

  @Test
  void generationBlocksWhoseTextWasChangedHaveNoPlace() {
    var template =
        ChatTemplate.parse(
            "{% set t %}{% generation %}x{% endgeneration %}{% endset %}a{{ t | upper }}");
    assertThat(template.render(Map.of())).isEqualTo(new Rendering("aX", List.of()));
    assertThatThrownBy(() -> template.assistantSpans(CHAT, null, Map.of()))
        .isInstanceOf(TemplateException.class);
  }

  @Test
  void withoutMarksSpansComeFromPrefixes() {
    var template = ChatTemplate.parse(PLAIN);
    var text = template.conversation(CHAT, null, false, Map.of()).text();
    assertThat(template.hasGenerationMarks()).isFalse();
    assertThat(parts(text, template.assistantSpans(CHAT, null, Map.of())))
        .containsExactly("Hello</>\n", "So</>\n");
  }

  @Test
  void spansOfATemplateThatDropsEarlierTextAreRefused() {
    var template =
        ChatTemplate.parse(
            "{% for m in messages %}<{{ m.role }}>{% if loop.last or m.role == 'user' %}"
                + "{{ m.content }}{% endif %}{% endfor %}"
                + "{% if add_generation_prompt %}<assistant>{% endif %}");
    assertThatThrownBy(() -> template.assistantSpans(CHAT, null, Map.of()))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining("message 2");
  }

  @Test
  void spansThatAreEmptyOrCoverEverythingAreRefused() {
    var template = ChatTemplate.parse(PLAIN);
    assertThatThrownBy(() -> template.assistantSpans(CHAT.subList(0, 1), null, Map.of()))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining("nothing");
    var all = ChatTemplate.parse("{% generation %}x{% endgeneration %}");
    assertThatThrownBy(() -> all.assistantSpans(CHAT, null, Map.of()))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining("whole");
  }

  @Test
  void aLastMessageCanBeContinued() {
    assertThat(ChatTemplate.parse(PLAIN).continued(CHAT, null, Map.of()))
        .endsWith("Why?</>\n<assistant>So");
    var trimming =
        ChatTemplate.parse("{% for m in messages %}[{{ m.content | trim }}]{% endfor %}");
    List<Map<String, ?>> open = List.of(Map.of("role", "assistant", "content", " and "));
    assertThat(trimming.continued(open, null, Map.of())).isEqualTo("[and");
    var silent = ChatTemplate.parse("x");
    assertThatThrownBy(() -> silent.continued(CHAT, null, Map.of()))
        .isInstanceOf(TemplateException.class);
  }

  @Test
  void failuresNameTheLineAndKeepTheTemplatesWords() {
    var template =
        ChatTemplate.parse("a\n{% if true %}\n{{ raise_exception('no system') }}{% endif %}");
    assertThatThrownBy(() -> template.render(Map.of()))
        .isInstanceOfSatisfying(
            TemplateException.class,
            failure -> {
              assertThat(failure.reason()).isEqualTo("no system");
              assertThat(failure.line()).isEqualTo(3);
              assertThat(failure).hasMessage("chat template, line 3: no system");
            });
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      textBlock =
          """
          {% if x %}            ; line 1: expected '{% endif %}', found the end of the template
          {{ x y }}             ; line 1: expected '}}', found 'y'
          {{ x                  ; line 1: expected '}}', found the end of the template
          {{ (x }}              ; line 1: expected no '}' here
          {% bogus %}           ; found 'bogus'
          {{ x | bogus }}       ; no filter named 'bogus'
          {{ x is bogus }}      ; no test named 'bogus'
          {% break %}           ; only inside a loop
          {{ }}                 ; expected an expression, found '}}'
          """)
  void syntaxErrorsNameTheLineAndWhatWasExpected(String source, String message) {
    assertThatThrownBy(() -> ChatTemplate.parse(source))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith("chat template, line 1: ")
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      textBlock =
          """
          {% for i in range(99) %}{% for j in range(99) %}{% endfor %}{% endfor %}       ; iterations
          {% for i in range(50) %}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{% endfor %}           ; characters
          {{ 'a' * 2000 }}                                                               ; characters
          {{ 'x'.center(2000) }}                                                         ; characters
          {{ [1] * 2000 }}                                                               ; characters
          {% macro m() %}{{ m() }}{% endmacro %}{{ m() }}                                ; depth
          {{ ((((((((((((((((((((((((((((((((((((((((((1)))))))))))))))))))))))))))))))))))))))))) }} ; depth
          {{ [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1] }} ; nodes
          {{ 10 ** 99999 }}                                                              ; bits
          """)
  void workIsBounded(String source, String limit) {
    var limits = new Limits(1000, 1000, 40, 40);
    var clock = Clock.system(ZoneOffset.UTC);
    assertThatThrownBy(() -> ChatTemplate.parse(source, clock, limits).render(Map.of()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("limit '" + limit);
  }

  @Test
  void valuesThatHoldThemselvesManyTimesAreNotPrinted() {
    var template =
        ChatTemplate.parse(
            "{% set ns = namespace(x=1) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}"
                + "{% endfor %}{{ ns.x }}");
    assertThatThrownBy(() -> template.render(Map.of())).isInstanceOf(UserException.class);
  }

  @Test
  void oneTemplateServesManyThreads() {
    var template = ChatTemplate.parse(MARKED);
    var expected = template.conversation(CHAT, null, false, Map.of());
    assertThat(
            IntStream.range(0, 500)
                .parallel()
                .mapToObj(i -> template.conversation(CHAT, null, false, Map.of()))
                .distinct())
        .containsExactly(expected);
  }

  @Test
  void variablesOfForeignTypesAreRefused() {
    assertThatThrownBy(() -> ChatTemplate.parse("{{ x }}").render(Map.of("x", new Object())))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining("java.lang.Object");
  }
}
