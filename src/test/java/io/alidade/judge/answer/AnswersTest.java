package io.alidade.judge.answer;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Answers as people and models write them: which are the same, and, as important, which are not.
class AnswersTest {
  private static final double TOLERANCE = 1e-6;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          42 | 42
          42 | 42.0
          42 | 42.
          42 | +42
          42 | 042
          42 | $42
          42 | \\$42
          42 | $42$
          -3 | −3
          -3 | - 3
          1234 | 1,234
          1234567.5 | 1,234,567.5
          1234 | 1{,}234
          1234 | 1\\,234
          1234 | 1 234
          0.5 | .5
          0.5 | 1/2
          0.5 | \\frac{1}{2}
          0.5 | \\dfrac{1}{2}
          0.5 | \\tfrac12
          0.5 | \\frac12
          0.5 | \\frac1{2}
          0.5 | ½
          0.5 | 2/4
          -0.5 | -\\frac{1}{2}
          -0.5 | \\frac{-1}{2}
          -0.5 | \\frac{1}{-2}
          3.5 | 3 1/2
          3.5 | 3\\frac{1}{2}
          3.5 | 3 \\frac{1}{2}
          -3.5 | -3\\frac{1}{2}
          -3.5 | -3 1/2
          7/2 | 3\\tfrac{1}{2}
          50% | 0.5
          50% | 50
          50\\% | 50 percent
          50\\% | \\frac{1}{2}
          12.5\\% | 12.5%
          5 | 5 cm
          5 | 5\\text{ cm}
          5 | 5 \\mathrm{cm}
          5\\text{ cm} | 5 cm
          5 apples | 5
          5 apple | 5 apples
          12\\text{ square feet} | 12
          12\\text{ cm}^2 | 12 cm^2
          $18 per day | 18
          90^\\circ | 90
          90^{\\circ} | 90°
          90\\text{ degrees} | 90
          10 m | 10
          2\\sqrt{3} | \\sqrt{12}
          2\\sqrt{3} | 2*\\sqrt{3}
          \\sqrt3 | \\sqrt{3}
          \\sqrt[3]{8} | 2
          \\sqrt[3]{-8} | -2
          \\frac{\\sqrt{2}}{2} | \\frac{1}{\\sqrt{2}}
          \\frac{3\\sqrt{5}}{5} | \\frac{3}{\\sqrt{5}}
          2\\pi | 2π
          2\\pi | 2 pi
          2\\pi | \\pi\\cdot2
          \\pi | 3.14159265
          \\frac{\\pi}{4} | 0.7853981634
          1.2e5 | 120000
          1.2\\times10^5 | 120000
          1.2 × 10^5 | 120,000
          1.2\\times 10^{5} | 1.2E+05
          3\\cdot10^{-4} | 0.0003
          2^{10} | 1024
          2^3 | 8
          (1+2)(3) | 9
          100!x | 100!x
          x=5 | 5
          x = -\\frac{1}{2} | -0.5
          x_1 = 3 | 3
          y=2x+3 | 2x+3
          2x+3 | 3+2x
          (x+1)^2 | x^2+2x+1
          x(x+1) | x^2 + x
          \\frac{x}{2} | 0.5x
          a+b | b+a
          3+4i | 4i+3
          \\{1,2,3\\} | \\{3,2,1\\}
          1,2 | 2, 1
          1, 2 | \\{1,2\\}
          1 and 2 | 1,2
          1, 2, and 3 | 3, 1, 2
          x=1 \\text{ or } x=2 | x=1 \\text{ or } x=2
          3 \\pm 2 | 1, 5
          1\\pm\\sqrt{2} | 1-\\sqrt{2}, 1+\\sqrt{2}
          (1,2) | (1, 2)
          (1,2) | \\left(1,2\\right)
          (\\frac{1}{2},2) | (0.5,2)
          (1,234) | (1, 234)
          [0,1) | \\left[0,1\\right)
          (-\\infty,3] | (-∞, 3]
          x\\in[0,1] | [0,1]
          (-\\infty,0)\\cup(1,2] | (-\\infty,0) \\cup (1,2]
          \\emptyset | \\{\\}
          \\varnothing | ∅
          \\begin{pmatrix}1\\\\2\\end{pmatrix} | \\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}
          \\begin{pmatrix}1&0.5\\\\2&3\\end{pmatrix} | \\begin{bmatrix}1&\\frac12\\\\2&3\\end{bmatrix}
          \\text{yes} | Yes
          \\text{(A)} | A
          (A) | A
          \\textbf{(C)} | C
          Monday | \\text{Monday}
          \\text{east} | East.
          `|-3|` | 3
          \\sin(0) | 0
          \\ln(1) | 0
          12345678901234567890 | 12,345,678,901,234,567,890
          \\boxed | \\boxed
          0.333333333 | 1/3
          """)
  void mean(String one, String other) {
    assertThat(Answers.same(one, other, TOLERANCE)).as("%s and %s", one, other).isTrue();
    assertThat(Answers.same(other, one, TOLERANCE)).as("%s and %s", other, one).isTrue();
    assertThat(Answers.same(one, one, 0)).as(one).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          42 | 43
          42 | -42
          42 | 4.2
          42 | 420
          100000001 | 100000000
          12345678901234567890 | 12345678901234567891
          0 | 0.0000001
          0.33 | 1/3
          0.333 | 1/3
          3.14 | \\pi
          1,2 | 12
          1,234 | 1.234
          1234 | 1,2,3,4
          (1,234) | 1234
          (1,2) | (2,1)
          (1,2) | [1,2]
          (1,2) | (1,2]
          [0,1] | \\{0,1\\}
          (1,2) | (1,2,3)
          \\{1,2\\} | \\{1,2,2\\}
          \\{1,2\\} | \\{1,3\\}
          1,2 | 1
          1 | 1,1
          3 \\pm 2 | 3 \\pm 1
          3\\frac{1}{2} | 1.5
          3\\frac{1}{2} | 31/2
          2\\sqrt{3} | 3\\sqrt{2}
          \\sqrt{2} | 2
          \\sqrt{-1} | \\sqrt{-1}x
          1/0 | 1
          1/0 | 5/0
          x^2 | x^3
          x+1 | y+1
          2x | 2
          x^2+1 | x^2+2
          \\frac{1}{2} | \\frac{2}{1}
          2^{10} | 2^{100}
          1.2e5 | 1.2e-5
          10^5 | 10^6
          50% | 5
          50% | 0.05
          50% | 0.5%
          0.5 | 50
          5 cm | 5 m
          5\\text{ cm} | 5\\text{ cm}^2
          5 cm | 6 cm
          yes | no
          A | B
          \\text{(A)} | \\text{(B)}
          east | west
          \\infty | -\\infty
          (-\\infty,3] | (-\\infty,3)
          (0,1)\\cup(1,2) | (1,2)\\cup(0,3)
          \\emptyset | 0
          \\begin{pmatrix}1\\\\2\\end{pmatrix} | \\begin{pmatrix}1&2\\end{pmatrix}
          1011_2 | 1011
          3:2 | 32
          2021-03-04 | 2014
          1.2.3 | 123
          `` | 0
          nothing | 0
          42 apples | forty-two
          """)
  void differ(String one, String other) {
    assertThat(Answers.same(one, other, TOLERANCE)).as("%s and %s", one, other).isFalse();
    assertThat(Answers.same(other, one, TOLERANCE)).as("%s and %s", other, one).isFalse();
  }

  @Test
  void toleranceIsRelativeAndNeverForWholeNumbers() {
    assertThat(Answers.same("0.333", "1/3", 1e-2)).isTrue();
    assertThat(Answers.same("0.333", "1/3", 1e-4)).isFalse();
    assertThat(Answers.same("1000000", "1000001", 0.1)).isFalse();
    assertThat(Answers.same("1000000.5", "1000001.5", 1e-5)).isTrue();
    assertThat(Answers.same("0.1", "0.10", 0)).isTrue();
    assertThat(Answers.same("\\sqrt{2}\\sqrt{2}", "2", 0)).as("roundings do not count").isTrue();
  }

  @Test
  void noTextIsTooStrange() {
    for (var text :
        new String[] {
          "(".repeat(10_000),
          "{".repeat(10_000),
          "-".repeat(10_000),
          "\\frac".repeat(5000),
          "1" + "0".repeat(5000),
          "9^9^9^9^9",
          "2^{999999999}",
          "1e999999999",
          "0^{-1}",
          "\\begin{pmatrix}",
          "\\sqrt[0]{2}",
          "\\text{",
          "\\",
          "_",
          "^",
          "1e",
          ",",
          "()",
          "[]",
          "±",
          "\u0000\ud800",
          "(1,(2,(3,4)))",
          "\\boxed{\\boxed{"
        }) {
      assertThat(Answers.same(text, "17", 0)).as(text).isFalse();
    }
    assertThat(Answers.same("1" + "0".repeat(5000), "1" + "0".repeat(4999), 0)).isFalse();
    assertThat(Answers.same("1" + "0".repeat(5000), "1" + "0".repeat(5000), 0)).isTrue();
    assertThat(Answers.same("1/0", "1/0", 0)).as("no number is no answer").isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          ANY | She has 3 + 4 = <<3+4=7>>7 apples.~#### 7 | 7
          MARKED | a~#### 1~b~#### 1,200 | 1,200
          MARKED | no mark 5 | -
          MARKED | #### | -
          BOXED | so $x=\\boxed{\\frac{1}{2}}$. | \\frac{1}{2}
          BOXED | \\boxed{1} then \\boxed{2^{3}} | 2^{3}
          BOXED | \\boxed{\\text{a}_{b_{c}}} | \\text{a}_{b_{c}}
          BOXED | \\fbox{3} | 3
          BOXED | \\boxed 5 and | 5
          BOXED | \\boxed{\\{1,2\\}} | \\{1,2\\}
          BOXED | \\boxed{4} and \\boxed{5 | 4
          BOXED | \\boxed{} | -
          BOXED | none | -
          SAID | The answer is 12. | 12
          SAID | the answer is: 3.5 | 3.5
          SAID | Answer: $\\frac12$ | $\\frac12$
          SAID | First the answer is 1. No, the answer is 2. | 2
          LAST_NUMBER | 5 of 7 are 71.4% | 71.4%
          LAST_NUMBER | it costs 1,234.50 dollars | 1,234.50
          LAST_NUMBER | about -3e-4 | -3e-4
          LAST_NUMBER | or 3/4 | 3/4
          LAST_NUMBER | none | -
          ANY | We get \\boxed{8}. The answer is 9. | 8
          ANY | The answer is 9, not 8. | 9, not 8
          ANY | So 6 remain | 6
          ANY | none at all | -
          WHOLE | 5 | 5
          """)
  void isFound(FinalAnswer where, String text, String answer) {
    assertThat(where.of(text.replace("~", "\n")).orElse("-")).isEqualTo(answer);
  }
}
