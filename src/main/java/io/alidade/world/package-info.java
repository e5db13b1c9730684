/// Worlds that studies share: small tasks with a known right answer, and the small models that learn
/// them with the same parts that a run is made of.
@org.jspecify.annotations.NullMarked
package io.alidade.world;
