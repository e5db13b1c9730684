/// How far the policy may move: divergences that turn a log-ratio into a reward. Which model serves
/// as reference is a matter of `io.alidade.reference`.
@NullMarked
package io.alidade.constraint;

import org.jspecify.annotations.NullMarked;
