/// Small planted worlds, whose truth is known, for studies and tests: policies over a handful of
/// answers ([TabularPolicy], [FeaturePolicy]) and how they are trained ([Lesson]), a language with
/// a gold reward ([TinyPref]) and the models that learn it ([TinyModels]).
@NullMarked
package io.alidade.world;

import org.jspecify.annotations.NullMarked;
