/// Search in a tree of reasoning steps. What a tree knows is numbers and token ids; who draws steps
/// and who judges them is given.
@NullMarked
package io.alidade.generation.tree;

import org.jspecify.annotations.NullMarked;
