/// What passes between data, model and objective: tokenized groups on the way in ([Batch]),
/// likelihoods per unit on the way out ([Likelihood], [Scored]). Nothing here knows how a model
/// computes or what an objective is.
@NullMarked
package io.alidade.batch;

import org.jspecify.annotations.NullMarked;
