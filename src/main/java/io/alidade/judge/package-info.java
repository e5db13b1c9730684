/// Who says which answer is better: functions of Java, checks of exact answers, tests that code
/// must pass, reward models and language models. What belongs here answers "how good is this?" for
/// texts; drawing texts and learning from the answers do not.
@NullMarked
package io.alidade.judge;

import org.jspecify.annotations.NullMarked;
