/// Alidade, preference optimization for the JVM. This package holds only what every layer shares.
@NullMarked
package io.alidade;

import org.jspecify.annotations.NullMarked;
