/// Models: how they are read from disk, how they score candidates and draw new ones, and how they
/// are written back. What they are trained for is not known here.
@NullMarked
package io.alidade.model;

import org.jspecify.annotations.NullMarked;
