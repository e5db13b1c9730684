/// Small planted worlds, whose truth is known, for studies and tests: a language with a gold reward
/// ([TinyPref]) and the models that learn it ([TinyModels]).
@NullMarked
package io.alidade.world;

import org.jspecify.annotations.NullMarked;
