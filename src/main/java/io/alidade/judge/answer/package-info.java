/// Final answers of mathematical texts: where they stand, what they mean, and which mean the same.
@NullMarked
package io.alidade.judge.answer;

import org.jspecify.annotations.NullMarked;
