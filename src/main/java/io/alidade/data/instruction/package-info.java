/// Instructions that a program can check: what an answer must look like, in words, with a test for
/// it. Nothing here knows of rows or models.
@NullMarked
package io.alidade.data.instruction;

import org.jspecify.annotations.NullMarked;
