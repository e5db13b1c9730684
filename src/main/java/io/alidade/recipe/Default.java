package io.alidade.recipe;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// What a component of a record is when the YAML does not name it, written as YAML. For plumbing
/// alone: a scientific parameter has no default, so that a recipe spells it.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Default {
  /// The value as it would stand in the file.
  String value();
}
