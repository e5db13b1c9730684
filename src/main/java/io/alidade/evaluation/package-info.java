/// What is measured of a finished model: scores of the rows of a data set, and how far likelihoods
/// drift when a checkpoint is written in another form. No command line.
@NullMarked
package io.alidade.evaluation;

import org.jspecify.annotations.NullMarked;
