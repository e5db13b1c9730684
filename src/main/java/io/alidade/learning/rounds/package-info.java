/// What a loop learns from that draws for itself, round by round: prompts in turn, answers, what
/// judges say of them, and the files that keep all of it. How answers are drawn and judged belongs
/// to other packages, and when a round begins to the loops.
@NullMarked
package io.alidade.learning.rounds;

import org.jspecify.annotations.NullMarked;
