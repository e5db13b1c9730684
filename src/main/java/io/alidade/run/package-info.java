/// A recipe carried out from files to files: the one place where data, model, reference, loop and
/// journal are put together. What any of them does is written elsewhere.
@NullMarked
package io.alidade.run;

import org.jspecify.annotations.NullMarked;
