/// The demonstration: the main job on data that nobody wrote for it, from published libraries to a
/// report.
@NullMarked
package io.alidade.demo;

import org.jspecify.annotations.NullMarked;
